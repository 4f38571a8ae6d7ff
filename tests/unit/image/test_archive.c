#include "../layer/make.h"

#include "image/archive.h"
#include "image/contents.h"
#include "image/load.h"

static struct image_archive *index_of(const struct buf *tar)
{
    struct image_archive *a;
    struct err err;

    assert_ok(image_archive_index(memory_file(tar->p, tar->len), (int64_t)tar->len, &a, &err));
    return a;
}

static void expect(struct image_archive *a, const char *name, const char *text)
{
    _cleanup_buf_ struct buf b = BUF_INIT_MAX(64);
    struct err err;

    assert_ok(image_archive_read(a, name, &b, &err));
    assert_string_equal(buf_str(&b), text);
}

static void test_names(void **state)
{
    _cleanup_(image_archive_free_cleanup) struct image_archive *a = NULL;
    _cleanup_buf_ struct buf tar = BUF_INIT, b = BUF_INIT_MAX(3);
    char longer[300];
    struct image_archive_file f;
    struct err err;

    (void)state;
    memset(longer, 'n', sizeof(longer));
    longer[90] = '/';
    longer[299] = 0;
    tar_dir(&tar, "./blobs/");
    tar_file(&tar, "./blobs/one", "one");
    tar_file(&tar, "/absolute//two", "two");
    tar_file(&tar, "../outside", "no");
    tar_special(&tar, 'L', longer, sizeof(longer));
    tar_file(&tar, "x", "no");
    tar_add(&tar, .name = "fifo", .type = '6');
    tar_file(&tar, "four", "four");
    tar_end(&tar);
    a = index_of(&tar);
    expect(a, "blobs/one", "one");
    expect(a, "./blobs//one", "one");
    expect(a, "absolute/two", "two");
    assert_fails(image_archive_find(a, "outside", &f, &err), ERR_NOT_FOUND, "outside is not in the archive");
    assert_fails(image_archive_find(a, longer, &f, &err), ERR_NOT_FOUND, "not in the archive");
    assert_fails(image_archive_find(a, "fifo", &f, &err), ERR_NOT_FOUND, "not in the archive");
    assert_fails(image_archive_find(a, "../four", &f, &err), ERR_CORRUPT, "");
    assert_fails(image_archive_read(a, "four", &b, &err), ERR_LIMIT, "four has 4 bytes; at most 3");
    assert_true(image_archive_has(a, "four"));
    assert_false(image_archive_has(a, "five"));
}

static void test_links(void **state)
{
    _cleanup_(image_archive_free_cleanup) struct image_archive *a = NULL;
    _cleanup_buf_ struct buf tar = BUF_INIT;
    struct image_archive_file f;
    struct err err;

    (void)state;
    tar_file(&tar, "id/layer.tar", "layer");
    tar_add(&tar, .name = "other/layer.tar", .type = '2', .link = "../id/layer.tar");
    tar_add(&tar, .name = "hard", .type = '1', .link = "id/layer.tar");
    tar_add(&tar, .name = "twice", .type = '2', .link = "other/layer.tar");
    tar_add(&tar, .name = "out", .type = '2', .link = "../../etc/passwd");
    tar_add(&tar, .name = "root", .type = '2', .link = "/id/layer.tar");
    tar_add(&tar, .name = "gone", .type = '2', .link = "nothing");
    tar_add(&tar, .name = "a", .type = '2', .link = "b");
    tar_add(&tar, .name = "b", .type = '2', .link = "a");
    tar_add(&tar, .name = "self", .type = '1', .link = "self");
    tar_end(&tar);
    a = index_of(&tar);
    expect(a, "other/layer.tar", "layer");
    expect(a, "hard", "layer");
    expect(a, "twice", "layer");
    expect(a, "root", "layer");
    assert_fails(image_archive_find(a, "out", &f, &err), ERR_CORRUPT, "out is a link that leads out of the archive");
    assert_fails(image_archive_find(a, "gone", &f, &err), ERR_CORRUPT, "nothing is where a link leads, and not there");
    assert_fails(image_archive_find(a, "a", &f, &err), ERR_CORRUPT, "a is a link that goes in circles");
    assert_fails(image_archive_find(a, "self", &f, &err), ERR_CORRUPT, "circles");
}

static void test_twice(void **state)
{
    _cleanup_(image_archive_free_cleanup) struct image_archive *a = NULL;
    _cleanup_buf_ struct buf tar = BUF_INIT;
    struct image_archive_file f;
    struct err err;

    (void)state;
    tar_file(&tar, "x", "1");
    tar_file(&tar, "manifest.json", "[]");
    tar_file(&tar, "./manifest.json", "[]");
    tar_add(&tar, .name = "link", .type = '2', .link = "manifest.json");
    tar_end(&tar);
    a = index_of(&tar);
    expect(a, "x", "1");
    assert_true(image_archive_has(a, "manifest.json"));
    assert_fails(image_archive_find(a, "manifest.json", &f, &err), ERR_CORRUPT,
                 "manifest.json stands in the archive twice");
    assert_fails(image_archive_find(a, "link", &f, &err), ERR_CORRUPT, "twice");
}

/* ---- contents ---- */

#define LAYER "0000000000000000000000000000000000000000000000000000000000000001"

static const char config[] =
    "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\","
    "\"diff_ids\":[\"sha256:" LAYER "\"]}}";

static int read_docker(const char *manifest, struct image_contents *ret, struct err *err)
{
    _cleanup_(image_archive_free_cleanup) struct image_archive *a = NULL;
    const struct image_load_options options = {0};
    _cleanup_buf_ struct buf tar = BUF_INIT;

    tar_file(&tar, "c.json", config);
    tar_file(&tar, LAYER ".json", config);
    tar_file(&tar, "l.tar", "layer");
    tar_file(&tar, "manifest.json", manifest);
    tar_end(&tar);
    a = index_of(&tar);
    return image_contents_read(a, &options, ret, err);
}

static void test_docker(void **state)
{
    static const struct {
        const char *manifest;
        int kind;
        const char *says;
    } refused[] = {
        {"[]", ERR_INVALID, "no image"},
        {"{}", ERR_INVALID, "manifest.json"},
        {"[{}],\"x\":1", ERR_INVALID, "manifest.json"},
        {"[{\"Layers\":[\"l.tar\"]}]", ERR_INVALID, "Config"},
        {"[{\"Config\":\"c.json\",\"Layers\":[]}]", ERR_CORRUPT, "lists 0 layers and the config 1"},
        {"[{\"Config\":\"c.json\",\"Layers\":[\"m.tar\"]}]", ERR_NOT_FOUND, "m.tar is not in the archive"},
        {"[{\"Config\":\"" LAYER ".json\",\"Layers\":[\"l.tar\"]}]", ERR_CORRUPT, "has the digest"},
        {"[{\"Config\":\"c.json\",\"RepoTags\":[\"A:b\"],\"Layers\":[\"l.tar\"]}]", ERR_INVALID, "invalid tag \"A:b\""},
    };
    struct image_contents c;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        assert_fails(read_docker(refused[i].manifest, &c, &err), refused[i].kind, refused[i].says);
        image_contents_release(&c);
    }
    assert_ok(read_docker("[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"h.example/b:2\"],\"Layers\":[\"l.tar\"]},"
                          "{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"a:3\"],\"Layers\":[\"./l.tar\"]}]",
                          &c, &err));
    assert_int_equal(c.images.n, 1); /* the same image under more names */
    assert_int_equal(strv_len(c.images.v[0].names), 3);
    assert_string_equal(c.images.v[0].names[0], "docker.io/library/a:1");
    assert_string_equal(c.images.v[0].names[2], "docker.io/library/a:3");
    assert_string_equal(c.images.v[0].layers.v[0].digest.hex, LAYER);
    assert_string_equal(c.images.v[0].documents.parsed_manifest.layers.v[0].media_type, OCI_MEDIA_LAYER);
    assert_int_equal(c.images.v[0].documents.parsed_manifest.layers.v[0].size, 5);
    image_contents_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_docker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

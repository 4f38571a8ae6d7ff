#include "output_fixture.h"

#include "build/output_image.h"
#include "image/tree_blob.h"
#include "store/blob.h"
#include "store/gc.h"

enum { MADE_MAX = 4 };

/* A stage with one step a layer, and one that made none at its end. */
struct stage {
    struct build_stage stage;
    struct build_layer made[MADE_MAX];
    struct build_finished finished;
    struct build_image base;
};

static void add_history(struct stage *st, const char *created_by, bool empty)
{
    *VEC_PUSH(&st->stage.config.history) =
        (struct oci_history){.created_by = str_dup(created_by), .empty_layer = empty};
}

static void add_layer(struct stage *st, struct build_layer made)
{
    st->made[st->finished.n_made++] = made;
    *VEC_PUSH(&st->finished.layers) = made.diff_id;
    add_history(st, "RUN make", false);
}

static void stage_init(struct stage *st)
{
    *st = (struct stage){.stage = {.epoch = 86400, .scratch = true}};
    oci_platform_host(&st->stage.config.platform);
    st->finished.stage = &st->stage;
    st->finished.made = st->made;
    strv_add(&st->stage.config.config.cmd, "/bin/true");
}

static void stage_release(struct stage *st)
{
    oci_image_config_release(&st->stage.config);
    oci_image_config_release(&st->base.config);
    free(st->finished.layers.v);
}

/* From what is in the store under a name. */
static void set_base(struct store *s, struct stage *st, const char *name)
{
    struct image image;
    struct err err;

    assert_ok(image_open(s, name, &image, &err));
    st->base.name = (char *)"base";
    st->base.manifest = image.tag.manifest;
    st->base.config = image.config;
    image.config = (struct oci_image_config){0};
    image_release(&image);
    for (size_t i = 0; i < oci_image_config_layers(&st->base.config); i++)
        oci_image_config_diff_id(&st->base.config, i, VEC_PUSH(&st->finished.layers));
    VEC_FOREACH (h, &st->base.config.history)
        *VEC_PUSH(&st->stage.config.history) = (struct oci_history){
            .created = str_dup(h->created), .created_by = str_dup(h->created_by), .empty_layer = h->empty_layer};
    st->finished.base = &st->base;
}

static int try_output(struct store *s, const struct build_request *q, struct stage *st, struct build_result *ret,
                      struct err *err)
{
    const build_finished_all all = {.v = &st->finished, .n = 1};

    *ret = (struct build_result){0};
    return build_output_image(s, q, &all, ret, err);
}

static struct build_result output(struct store *s, struct stage *st, char *const *tags)
{
    const struct build_request q = {.tags = tags};
    struct build_result ret;
    struct err err;

    assert_ok(try_output(s, &q, st, &ret, &err));
    return ret;
}

static char *read_blob(struct store *s, const struct digest *d)
{
    struct buf text = BUF_INIT_MAX(1 << 20);
    struct err err;

    assert_ok(store_blob_read(s, d, &text, &err));
    buf_str(&text);
    return text.p;
}

#define TAGS(...) ((char *[]){__VA_ARGS__, NULL})

static void assert_named(struct store *s, const char *name, const struct digest *id)
{
    _cleanup_(store_tag_release) struct store_tag t = {0};
    struct err err;

    assert_ok(image_find(s, name, &t, &err));
    assert_string_equal(t.id.hex, id->hex);
}

static size_t count_names(struct store *s)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    struct err err;

    assert_ok(store_tag_list(s, &tags, &err));
    return tags.n;
}

static void test_documents(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(stage_release) struct stage st;
    struct build_layer one = build_layer(s, "one", "1");
    _cleanup_free_ char *config = NULL, *manifest = NULL, *wanted = NULL;
    char text[DIGEST_TEXT_MAX];
    struct build_result got;

    (void)state;
    stage_init(&st);
    add_layer(&st, one);
    add_history(&st, "CMD [\"/bin/true\"]", true);
    got = output(s, &st, TAGS((char *)"app"));
    config = read_blob(s, &got.id);
    wanted =
        str_printf("\"config\":{\"Cmd\":[\"/bin/true\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]},"
                   "\"history\":[{\"created\":\"1970-01-02T00:00:00Z\",\"created_by\":\"RUN make\",\"comment\":\"cbox."
                   "dockerfile.v0\"},"
                   "{\"created\":\"1970-01-02T00:00:00Z\",\"created_by\":\"CMD "
                   "[\\\"/bin/true\\\"]\",\"comment\":\"cbox.dockerfile."
                   "v0\",\"empty_layer\":true}]}",
                   digest_format(&one.diff_id, text));
    assert_non_null(strstr(config, "\"created\":\"1970-01-02T00:00:00Z\",\"architecture\":"));
    assert_non_null(strstr(config, wanted));
    manifest = read_blob(s, &got.manifest);
    assert_int_equal(strlen(manifest), got.manifest_size);
    str_replace(&wanted,
                str_printf("\"layers\":[{\"mediaType\":\"" OCI_MEDIA_LAYER "\",\"digest\":\"%s\",\"size\":%lld}]}",
                           text, (long long)one.tar_size));
    assert_non_null(strstr(manifest, wanted));
    assert_named(s, "app", &got.id);
    assert_named(s, got.id.hex, &got.id);
}

static void test_same_bytes(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(stage_release) struct stage a, b;
    struct build_result first, second;

    (void)state;
    stage_init(&a);
    stage_init(&b);
    add_layer(&a, build_layer(s, "one", "1"));
    add_layer(&b, build_layer(s, "one", "1"));
    first = output(s, &a, NULL);
    second = output(s, &b, TAGS((char *)"app"));
    assert_string_equal(first.id.hex, second.id.hex);
    assert_string_equal(first.manifest.hex, second.manifest.hex);
    b.stage.epoch++;
    second = output(s, &b, NULL);
    assert_string_not_equal(first.id.hex, second.id.hex);
}

static void test_names(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(stage_release) struct stage st;
    const struct build_request bad = {.tags = TAGS((char *)"no good")};
    struct build_result one, two;
    struct err err = ERR_INIT;

    (void)state;
    stage_init(&st);
    add_layer(&st, build_layer(s, "one", "1"));
    one = output(s, &st, NULL);
    assert_int_equal(count_names(s), 1);
    assert_named(s, one.id.hex, &one.id);
    /* With names it is not nameless; built again without one it keeps them. */
    output(s, &st, TAGS((char *)"app:1", (char *)"host:5000/app", (char *)"app:1"));
    assert_int_equal(count_names(s), 2);
    output(s, &st, NULL);
    assert_int_equal(count_names(s), 2);
    assert_named(s, "app:1", &one.id);
    assert_named(s, "host:5000/app:latest", &one.id);
    /* Another image under both names: the old one is kept without a name, once. */
    add_history(&st, "ENV a=b", true);
    two = output(s, &st, TAGS((char *)"app:1", (char *)"host:5000/app"));
    assert_int_equal(count_names(s), 3);
    assert_named(s, "app:1", &two.id);
    assert_named(s, one.id.hex, &one.id);
    assert_fails(try_output(s, &bad, &st, &one, &err), ERR_INVALID,
                 "invalid tag \"no good\": invalid reference format");
}

/* The base's layers stay what they are in its manifest. */
static void test_base(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(stage_release) struct stage st;
    struct made base = make_image(s, "base:1", LAYERS("below"));
    _cleanup_free_ char *manifest = NULL, *below = NULL;
    const char *layers, *entry;
    struct build_result got;

    (void)state;
    stage_init(&st);
    set_base(s, &st, "base:1");
    add_layer(&st, build_layer(s, "one", "1"));
    got = output(s, &st, TAGS((char *)"app"));
    manifest = read_blob(s, &got.manifest);
    below = read_blob(s, &base.manifest);
    layers = strstr(below, "\"layers\":[");
    assert_non_null(layers);
    entry = strstr(manifest, "\"layers\":[");
    assert_memory_equal(entry, layers, strlen(layers) - strlen("]}"));
    assert_int_equal(entry[strlen(layers) - strlen("]}")], ',');
}

/* What is here as a tree alone is not missing, not collected, and can be opened. */
static void test_tree_blob(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(stage_release) struct stage st;
    struct build_layer one = build_layer(s, "one", "1");
    struct oci_descriptor blob = {(char *)OCI_MEDIA_LAYER, one.diff_id, one.tar_size, NULL, NULL, NULL, NULL};
    const struct store_gc_options gc = {0};
    _cleanup_free_ char *path = NULL;
    struct err err = ERR_INIT;
    int fd;

    (void)state;
    stage_init(&st);
    add_layer(&st, one);
    output(s, &st, TAGS((char *)"app"));
    assert_ok(store_gc(s, &gc, &err));
    assert_true(image_blob_can_be_had(s, &blob));
    assert_ok(image_blob_open(s, &blob, NULL, &fd, &err));
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
    assert_int_equal(lseek(fd, 0, SEEK_END), one.tar_size);
    close(fd);
    /* Packed it would be another blob. */
    blob.media_type = (char *)OCI_MEDIA_LAYER_GZIP;
    assert_false(image_blob_can_be_had(s, &blob));
    assert_int_equal(image_blob_open(s, &blob, NULL, &fd, &err), ERR_NOT_FOUND);
    blob.media_type = (char *)OCI_MEDIA_LAYER;
    path = str_printf("root/layers/sha256/%s/tree/etc/one", one.diff_id.hex);
    assert_int_equal(truncate(path, 0), 0);
    err = ERR_INIT;
    assert_int_equal(image_blob_open(s, &blob, NULL, &fd, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.text, one.diff_id.hex));
    assert_non_null(strstr(err.hint, "build it again"));
}

/* No layer at all: FROM scratch and a label. */
static void test_empty(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(stage_release) struct stage st;
    struct build_result got;
    struct image image;
    struct err err;

    (void)state;
    stage_init(&st);
    add_history(&st, "LABEL a=b", true);
    got = output(s, &st, TAGS((char *)"app"));
    assert_ok(image_open(s, "app", &image, &err));
    assert_int_equal(image.n_layers, 0);
    assert_string_equal(image.tag.id.hex, got.id.hex);
    image_release(&image);
}

/* Whether the layout has the blob, and of this size. */
static bool has_blob(const struct digest *d, int64_t size)
{
    char path[200];
    struct stat st;

    snprintf(path, sizeof(path), "oci/blobs/sha256/%s", d->hex);
    return stat(path, &st) == 0 && (size < 0 || st.st_size == size);
}

/* An output that is no image leaves none in the store, and has the same digests. */
static void test_layout(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(stage_release) struct stage st;
    struct build_output outputs[] = {
        {.type = BUILD_OUTPUT_OCI, .dest = (char *)"oci", .directory = true},
        {.type = BUILD_OUTPUT_DOCKER, .dest = (char *)"docker.tar", .name = (char *)"a:1,b"},
    };
    const build_finished_all all = {.v = &st.finished, .n = 1};
    struct build_request q = {.tags = TAGS((char *)"app")};
    _cleanup_free_ char *wanted = NULL;
    struct build_result got;
    struct err err;
    char text[DIGEST_TEXT_MAX];

    (void)state;
    stage_init(&st);
    add_layer(&st, build_layer(s, "one", "1"));
    q.outputs.v = outputs;
    q.outputs.n = ARRAY_SIZE(outputs);
    assert_ok(try_output(s, &q, &st, &got, &err));
    assert_int_equal(count_names(s), 0);
    assert_false(store_blob_has(s, &got.id));
    for (size_t i = 0; i < ARRAY_SIZE(outputs); i++)
        assert_ok(build_output_write(s, &q, &outputs[i], &all, &err));
    assert_true(has_blob(&got.manifest, got.manifest_size));
    assert_true(has_blob(&got.id, -1));
    assert_true(has_blob(&st.made[0].diff_id, st.made[0].tar_size));
    wanted = str_printf("\"digest\":\"%s\",\"size\":%lld,", digest_format(&got.manifest, text),
                        (long long)got.manifest_size);
    {
        char chunk[4096] = "";
        int fd = open("oci/index.json", O_RDONLY);

        assert_true(read(fd, chunk, sizeof(chunk) - 1) > 0);
        close(fd);
        assert_non_null(strstr(chunk, wanted));
        assert_non_null(strstr(chunk, "docker.io/library/app:latest"));
    }
    assert_int_equal(
        system("tar xOf docker.tar manifest.json | grep -q '\"RepoTags\":.\"app:latest\",\"a:1\",\"b:latest\"'"), 0);
    assert_int_equal(count_names(s), 0);
}

/* The name means this machine's, and leads to both; what was built for the other stays, and can be built upon. */
static void test_platforms(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct oci_platform other = {.os = (char *)"linux", .architecture = (char *)"s390x"};
    const struct build_request q = {.tags = TAGS((char *)"app")};
    _cleanup_free_ char *index = NULL, *wanted = NULL;
    struct build_finished both[2];
    const build_finished_all all = {.v = both, .n = 2};
    struct build_layer one = build_layer(s, "one", "1"), two = build_layer(s, "two", "2");
    struct stage there, here;
    struct build_result got = {0};
    struct image image = {0};
    struct err err;

    (void)state;
    stage_init(&there);
    stage_init(&here);
    str_replace(&there.stage.config.platform.architecture, str_dup("s390x"));
    add_layer(&there, one);
    add_layer(&here, two);
    both[0] = there.finished;
    both[0].platform = &other;
    both[1] = here.finished;
    both[1].platform = &here.stage.config.platform;
    assert_ok(build_output_image(s, &q, &all, &got, &err));
    assert_true(got.index);
    index = read_blob(s, &got.manifest);
    assert_int_equal(strlen(index), got.manifest_size);
    wanted = str_printf("\"platform\":{\"architecture\":\"s390x\",\"os\":\"linux\"}},{");
    assert_non_null(strstr(index, wanted));
    assert_ok(store_gc(s, &(struct store_gc_options){0}, &err));
    assert_ok(image_open(s, "app", &image, &err));
    assert_true(image.tag.complete);
    assert_string_equal(image.tag.target.hex, got.manifest.hex);
    assert_string_equal(image.layers[0].hex, two.diff_id.hex);
    image_release(&image);
    assert_ok(image_open_platform(s, "app", &other, &image, &err));
    assert_string_equal(image.layers[0].hex, one.diff_id.hex);
    image_release(&image);
    other.architecture = (char *)"riscv64";
    assert_fails(image_open_platform(s, "app", &other, &image, &err), ERR_NOT_FOUND,
                 "image with reference app was found but does not provide the specified platform (linux/riscv64)");
    stage_release(&there);
    stage_release(&here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_platforms), scratch_test(test_documents), scratch_test(test_same_bytes),
        scratch_test(test_names),     scratch_test(test_base),      scratch_test(test_tree_blob),
        scratch_test(test_empty),     scratch_test(test_layout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

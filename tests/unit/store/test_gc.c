#include "store_fixture.h"

#include "base/buf.h"
#include "oci/manifest.h"
#include "store/gc.h"
#include "store/tag.h"

#include <sys/time.h>

struct made {
    struct digest manifest, config, blob, layer;
};

/* Puts an image of one layer into the store, without a name. */
static struct made make_image(struct store *s, const char *content)
{
    struct store_transaction *t = store_transaction_new(s);
    _cleanup_buf_ struct buf config = BUF_INIT, manifest = BUF_INIT;
    _cleanup_free_ char *packed = str_printf("packed %s", content);
    char layer[DIGEST_TEXT_MAX], config_digest[DIGEST_TEXT_MAX], blob[DIGEST_TEXT_MAX];
    struct made m;

    m.layer = bring_layer(s, t, content);
    m.blob = bring_blob(s, t, packed);
    buf_addf(&config,
             "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
             "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
             digest_format(&m.layer, layer));
    m.config = bring_blob(s, t, buf_str(&config));
    buf_addf(&manifest,
             "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_MANIFEST
             "\",\"config\":{\"mediaType\":\"" OCI_MEDIA_CONFIG
             "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":\"" OCI_MEDIA_LAYER_GZIP
             "\",\"digest\":\"%s\",\"size\":%zu}]}",
             digest_format(&m.config, config_digest), config.len, digest_format(&m.blob, blob), strlen(packed));
    m.manifest = bring_blob(s, t, buf_str(&manifest));
    finish(t);
    store_transaction_free(t);
    return m;
}

static void name_image(struct store *s, const struct made *m, const char *name)
{
    _cleanup_(store_tag_release) struct store_tag t = {.target = m->manifest, .manifest = m->manifest, .id = m->config};
    struct err err;

    assert_ok(oci_reference_parse(name, &t.name, &err));
    assert_ok(store_tag_set(s, &t, &err));
}

static void unname_image(struct store *s, const char *name)
{
    _cleanup_reference_ struct oci_reference ref = {0};
    struct err err;

    assert_ok(oci_reference_parse(name, &ref, &err));
    assert_ok(store_tag_remove(s, &ref, &err));
}

static bool whole(struct store *s, const struct made *m)
{
    return store_blob_has(s, &m->manifest) && store_blob_has(s, &m->config) && store_blob_has(s, &m->blob) &&
           store_layer_has(s, &m->layer);
}

static bool gone(struct store *s, const struct made *m)
{
    return !store_blob_has(s, &m->manifest) && !store_blob_has(s, &m->config) && !store_blob_has(s, &m->blob) &&
           !store_layer_has(s, &m->layer);
}

static void count_removed(enum store_dir kind, const struct digest *d, void *data)
{
    int *n = data;

    (void)d;
    n[kind == STORE_LAYERS]++;
}

static void collect(struct store *s)
{
    struct store_gc_options options = {0};
    struct err err;

    assert_ok(store_gc(s, &options, &err));
    assert_true(count_entries("root/tmp/trash") <= 0);
}

static void test_reachable_stays(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made a = make_image(s, "a"), b = make_image(s, "b");
    int n[2] = {0};
    struct store_gc_options options = {.removed = count_removed, .data = n};
    struct err err;

    (void)state;
    name_image(s, &a, "one:1");
    name_image(s, &a, "two:1");
    name_image(s, &b, "three:1");
    collect(s);
    assert_true(whole(s, &a) && whole(s, &b));
    unname_image(s, "one:1");
    unname_image(s, "three:1");
    assert_ok(store_gc(s, &options, &err));
    assert_true(whole(s, &a));
    assert_true(gone(s, &b));
    assert_int_equal(n[0], 3);
    assert_int_equal(n[1], 1);
    assert_int_equal(count_entries("root/tags/docker.io/library"), 1); /* empty directories go too */
}

/* An index of all platforms keeps what it names for others than the one that was chosen, as blobs. */
static void test_complete_index(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made here = make_image(s, "here"), there = make_image(s, "there"), other = make_image(s, "other");
    _cleanup_(store_tag_release) struct store_tag t = {.manifest = here.manifest, .id = here.config, .complete = true};
    struct store_transaction *tr = store_transaction_new(s);
    _cleanup_buf_ struct buf index = BUF_INIT, manifest = BUF_INIT;
    const struct digest *entries[] = {&here.manifest, &there.manifest};
    char text[DIGEST_TEXT_MAX];
    struct err err;

    (void)state;
    buf_adds(&index, "{\"schemaVersion\":2,\"manifests\":[");
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        manifest.max = OCI_MANIFEST_MAX;
        buf_clear(&manifest);
        assert_ok(store_blob_read(s, entries[i], &manifest, &err));
        buf_addf(&index, "%s{\"mediaType\":\"" OCI_MEDIA_MANIFEST "\",\"digest\":\"%s\",\"size\":%zu}", i ? "," : "",
                 digest_format(entries[i], text), manifest.len);
    }
    buf_adds(&index, "]}");
    t.target = bring_blob(s, tr, buf_str(&index));
    finish(tr);
    store_transaction_free(tr);
    assert_ok(oci_reference_parse("many:1", &t.name, &err));
    assert_ok(store_tag_set(s, &t, &err));
    collect(s);
    assert_true(whole(s, &here) && gone(s, &other));
    assert_true(store_blob_has(s, &there.manifest) && store_blob_has(s, &there.config) &&
                store_blob_has(s, &there.blob) && !store_layer_has(s, &there.layer));
    /* A pull of one platform does not promise that much. */
    t.complete = false;
    assert_ok(store_tag_set(s, &t, &err));
    collect(s);
    assert_true(whole(s, &here) && gone(s, &there));
}

static void write_record(const char *id, const char *text)
{
    _cleanup_free_ char *dir = str_printf("root/containers/%s", id), *file = str_printf("%s/record.json", dir);
    FILE *f;

    mkdir("root/containers", 0700);
    mkdir(dir, 0700);
    f = fopen(file, "w");
    fputs(text, f);
    fclose(f);
}

static void test_containers_keep_their_image(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made a = make_image(s, "a"), b = make_image(s, "b");
    char digest[DIGEST_TEXT_MAX];
    _cleanup_free_ char *record =
        str_printf("{\"id\":\"c1\",\"manifest\":\"%s\",\"pid\":7}", digest_format(&a.manifest, digest));
    struct store_gc_options options = {0};
    struct err err;

    (void)state;
    write_record("c1", record);
    assert_int_equal(mkdir("root/containers/being-made", 0700), 0);
    collect(s);
    assert_true(whole(s, &a));
    assert_true(gone(s, &b));
    write_record("c2", "{\"manifest\":");
    assert_fails(store_gc(s, &options, &err), ERR_INVALID, "c2");
    assert_true(whole(s, &a));
}

static void test_unreadable_image_keeps_everything(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made a = make_image(s, "a"), b = make_image(s, "b");
    _cleanup_free_ char *config = str_printf("root/blobs/sha256/%s", a.config.hex);
    struct store_gc_options options = {0};
    struct err err;

    (void)state;
    name_image(s, &a, "one:1");
    assert_int_equal(unlink(config), 0);
    assert_fails(store_gc(s, &options, &err), ERR_CORRUPT, a.manifest.hex);
    assert_true(err.hint[0]);
    assert_true(whole(s, &b));
    unname_image(s, "one:1");
    collect(s);
    assert_true(gone(s, &b));
}

static void test_leases(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made a = make_image(s, "a");
    struct digest blobs[] = {a.manifest, a.config, a.blob};
    struct store_lease *lease;
    struct err err;
    int status;
    pid_t pid;

    (void)state;
    assert_ok(store_lease_take(s, blobs, 3, &a.layer, 1, &lease, &err));
    collect(s);
    assert_true(whole(s, &a));
    store_lease_free(lease);
    pid = fork();
    if (pid == 0) {
        if (store_lease_take(open_store(), blobs, 3, &a.layer, 1, &lease, &err) < 0)
            _exit(1);
        kill(getpid(), 9);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    collect(s);
    assert_true(gone(s, &a));
}

static void test_unknown_lease(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct made a = make_image(s, "a");
    struct store_gc_options options = {0};
    struct err err;

    (void)state;
    assert_int_equal(symlink("elsewhere", "root/tmp/lease-1"), 0); /* no lock can be taken on it */
    assert_int_not_equal(store_gc(s, &options, &err), 0);
    assert_int_equal(faccessat(AT_FDCWD, "root/tmp/lease-1", F_OK, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(whole(s, &a));
}

static void test_unfinished_things(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    struct digest_computed kept = digest_of("kept", 4), old = digest_of("old", 3), busy = digest_of("busy", 4);
    struct digest_computed stage = digest_of("stage", 5);
    _cleanup_free_ char *old_path = str_printf("root/tmp/blob-sha256-%s", old.digest.hex);
    struct timeval long_ago[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    struct store_ingest *in, *mine;
    struct store_stage *st;
    struct err err;
    int tmp, lock;

    (void)state;
    assert_ok(store_ingest_begin(s, &kept.digest, kept.size, LOCK_TRY, &in, &err));
    assert_ok(store_ingest_write(in, "ke", 2, &err));
    store_ingest_free(in);
    assert_ok(store_ingest_begin(s, &old.digest, old.size, LOCK_TRY, &in, &err));
    assert_ok(store_ingest_write(in, "ol", 2, &err));
    store_ingest_free(in);
    assert_int_equal(utimes(old_path, long_ago), 0);
    assert_ok(store_ingest_begin(s, &busy.digest, busy.size, LOCK_TRY, &mine, &err)); /* empty, but locked */
    assert_ok(store_stage_begin(s, &stage.digest, LOCK_TRY, &st, &err));
    close(open("root/tmp/document-1", O_CREAT | O_WRONLY, 0600));
    assert_int_equal(mkdir("root/tmp/layers/sha256-00", 0700), 0);
    assert_int_equal(mkdir("root/tmp/layers/sha256-00/tree", 0700), 0);
    assert_int_equal(mkdir("root/tmp/container-00", 0700), 0);
    assert_int_equal(mkdir("root/tmp/skeleton-00", 0700), 0);
    close(open("root/tmp/skeleton-00/file", O_CREAT | O_WRONLY, 0600));
    assert_ok(store_dir(s, STORE_TMP, &tmp, &err));
    assert_ok(lock_make_dir(tmp, "container-11", 0700, &lock, &err));
    collect(s);
    assert_int_equal(count_entries("root/tmp"), 5); /* kept, busy, container-11/, layers/, trash/ */
    assert_int_equal(access("root/tmp/container-11", F_OK), 0);
    close(lock);
    collect(s);
    assert_int_equal(count_entries("root/tmp"), 4);
    assert_int_equal(access(old_path, F_OK), -1);
    assert_int_equal(count_entries("root/tmp/layers"), 2); /* the living one and its lock */
    assert_ok(store_ingest_begin(s, &kept.digest, kept.size, LOCK_TRY, &in, &err));
    assert_int_equal(store_ingest_offset(in), 2);
    store_ingest_free(in);
    store_ingest_free(mine);
    store_stage_free(st);
}

/* A save of many images holds a long lease, and others collect meanwhile. */
static void test_long_lease(void **state)
{
    enum { MANY = 20000, TOO_MANY = 300000 };
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL, *none = NULL;
    _cleanup_free_ struct digest *d = mem_zalloc(TOO_MANY, sizeof(*d));
    const struct store_gc_options options = {0};
    struct made m = make_image(s, "kept");
    struct err err;

    (void)state;
    for (size_t i = 0; i < TOO_MANY; i++)
        d[i] = m.manifest;
    d[MANY - 1] = m.config;
    assert_ok(store_lease_take(s, d, MANY, NULL, 0, &lease, &err));
    assert_ok(store_gc(s, &options, &err));
    assert_true(store_blob_has(s, &m.config));
    assert_false(store_blob_has(s, &m.blob));
    assert_fails(store_lease_take(s, d, TOO_MANY, NULL, 0, &none, &err), ERR_LIMIT, "too many");
    assert_ok(store_gc(s, &options, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_reachable_stays),
        scratch_test(test_complete_index),
        scratch_test(test_containers_keep_their_image),
        scratch_test(test_unreadable_image_keeps_everything),
        scratch_test(test_leases),
        scratch_test(test_unknown_lease),
        scratch_test(test_long_lease),
        scratch_test(test_unfinished_things),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What becomes of documents when layers are compressed for a push. */
#include "image_fixture.h"

#include "image/push_internal.h"

static struct digest repeated(char digit)
{
    struct digest d = {.algorithm = DIGEST_SHA256};

    memset(d.hex, digit, 64);
    return d;
}

static struct oci_descriptor descriptor(const char *media_type, char digit)
{
    return (struct oci_descriptor){.media_type = str_dup(media_type), .digest = repeated(digit), .size = 1};
}

static struct push_blob *add_blob(struct push *p, const char *media_type, char digit)
{
    struct push_blob *b = VEC_PUSH(&p->blobs);

    b->push = p;
    b->fd = -1;
    b->as = descriptor(media_type, digit);
    b->sent = descriptor(media_type, digit);
    return b;
}

/* What was made of it. */
static void becomes(struct push_blob *b, const char *media_type, char digit)
{
    oci_descriptor_release(&b->sent);
    b->sent = descriptor(media_type, digit);
}

static struct push_document *add_document(struct push *p, const char *media_type, char digit)
{
    struct push_document *d = VEC_PUSH(&p->documents);

    d->as = descriptor(media_type, digit);
    d->now = (struct digest_computed){repeated(digit), 1};
    buf_adds(&d->bytes, "as it was");
    return d;
}

static struct push_document *add_manifest(struct push *p, bool docker, char digit, const char *layer_type, char layer)
{
    struct push_document *d = add_document(p, docker ? OCI_MEDIA_DOCKER_MANIFEST : OCI_MEDIA_MANIFEST, digit);

    d->manifest.schema_version = 2;
    d->manifest.media_type = str_dup(d->as.media_type);
    d->manifest.config = descriptor(docker ? OCI_MEDIA_DOCKER_CONFIG : OCI_MEDIA_CONFIG, 'c');
    *VEC_PUSH(&d->manifest.layers) = descriptor(layer_type, layer);
    return d;
}

static void add_entry(struct push_document *index, const char *media_type, char digit, const char *annotation)
{
    struct oci_descriptor *e = VEC_PUSH(&index->index.manifests);

    *e = descriptor(media_type, digit);
    if (annotation)
        strv_add(&e->annotations, annotation);
}

static struct push_document *add_index(struct push *p, bool docker)
{
    struct push_document *d = add_document(p, docker ? OCI_MEDIA_DOCKER_INDEX : OCI_MEDIA_INDEX, 'f');

    d->is_index = true;
    d->index.schema_version = 2;
    d->index.media_type = str_dup(d->as.media_type);
    return d;
}

static void test_nothing_changes(void **state)
{
    _cleanup_(push_release) struct push p = {0};
    struct err err;

    (void)state;
    add_blob(&p, OCI_MEDIA_LAYER_GZIP, '1');
    add_manifest(&p, false, '2', OCI_MEDIA_LAYER_GZIP, '1');
    add_entry(add_index(&p, false), OCI_MEDIA_MANIFEST, '2', NULL);
    assert_ok(push_rewrite(&p, &err));
    for (size_t i = 0; i < p.documents.n; i++) {
        assert_false(p.documents.v[i].changed);
        assert_string_equal(buf_str(&p.documents.v[i].bytes), "as it was");
        assert_true(digest_equal(&p.documents.v[i].now.digest, &p.documents.v[i].as.digest));
    }
}

/* The index and an attestation's note follow the manifest; what has not changed stays. */
static void test_index_follows(void **state)
{
    _cleanup_(push_release) struct push p = {0};
    _cleanup_free_ char *about = NULL, *now = NULL;
    char text[DIGEST_TEXT_MAX];
    struct digest old = repeated('2');
    struct digest_computed computed;
    struct push_document *manifest, *index;
    struct err err;

    (void)state;
    about = str_printf("vnd.docker.reference.digest=%s", digest_format(&old, text));
    becomes(add_blob(&p, OCI_MEDIA_LAYER, '1'), OCI_MEDIA_LAYER_GZIP, '9');
    add_blob(&p, "application/vnd.in-toto+json", '3');
    add_manifest(&p, false, '2', OCI_MEDIA_LAYER, '1');
    add_manifest(&p, false, '4', "application/vnd.in-toto+json", '3');
    index = add_index(&p, false);
    add_entry(index, OCI_MEDIA_MANIFEST, '2', NULL);
    add_entry(index, OCI_MEDIA_MANIFEST, '4', about);
    assert_ok(push_rewrite(&p, &err));
    manifest = &p.documents.v[0];
    index = &p.documents.v[2];
    assert_true(manifest->changed && index->changed && !p.documents.v[1].changed);
    assert_string_equal(manifest->manifest.layers.v[0].media_type, OCI_MEDIA_LAYER_GZIP);
    assert_non_null(strstr(buf_str(&manifest->bytes), "9999"));
    assert_ok(digest_compute(DIGEST_SHA256, manifest->bytes.p, manifest->bytes.len, &computed, &err));
    assert_true(digest_equal(&computed.digest, &manifest->now.digest));
    assert_true(digest_equal(&index->index.manifests.v[0].digest, &manifest->now.digest));
    assert_int_equal(index->index.manifests.v[0].size, manifest->now.size);
    assert_true(digest_equal(&index->index.manifests.v[1].digest, &p.documents.v[1].as.digest));
    now = str_dup(digest_format(&manifest->now.digest, text));
    assert_string_equal(strv_env_get(index->index.manifests.v[1].annotations, "vnd.docker.reference.digest"), now);
    assert_string_equal(push_media_type(index), OCI_MEDIA_INDEX);
}

static void test_families(void **state)
{
    _cleanup_(push_release) struct push gzip = {0}, zstd = {0};
    struct err err;

    (void)state;
    becomes(add_blob(&gzip, "application/vnd.docker.image.rootfs.diff.tar", '1'), OCI_MEDIA_DOCKER_LAYER, '9');
    add_manifest(&gzip, true, '2', "application/vnd.docker.image.rootfs.diff.tar", '1');
    assert_ok(push_rewrite(&gzip, &err));
    assert_string_equal(push_media_type(&gzip.documents.v[0]), OCI_MEDIA_DOCKER_MANIFEST);
    assert_string_equal(gzip.documents.v[0].manifest.config.media_type, OCI_MEDIA_DOCKER_CONFIG);

    becomes(add_blob(&zstd, OCI_MEDIA_DOCKER_LAYER, '1'), "application/vnd.docker.image.rootfs.diff.tar.zstd", '9');
    add_manifest(&zstd, true, '2', OCI_MEDIA_DOCKER_LAYER, '1');
    add_entry(add_index(&zstd, true), OCI_MEDIA_DOCKER_MANIFEST, '2', NULL);
    assert_ok(push_rewrite(&zstd, &err));
    assert_string_equal(push_media_type(&zstd.documents.v[0]), OCI_MEDIA_MANIFEST);
    assert_string_equal(zstd.documents.v[0].manifest.config.media_type, OCI_MEDIA_CONFIG);
    assert_string_equal(zstd.documents.v[0].manifest.layers.v[0].media_type, OCI_MEDIA_LAYER_ZSTD);
    assert_string_equal(zstd.documents.v[1].index.manifests.v[0].media_type, OCI_MEDIA_MANIFEST);
    assert_string_equal(push_media_type(&zstd.documents.v[1]), OCI_MEDIA_INDEX);
}

/* A push of what was loaded, up to the moment when the registry has everything. */
static void push_all(struct push *p, struct store *s, struct oci_reference *name, const struct image_push_options *o)
{
    struct err err;

    *p = (struct push){.store = s, .name = name, .options = o};
    assert_ok(push_plan(p, &err));
    assert_true(p->tag.local);
    assert_ok(push_rewrite(p, &err));
}

static void make_local(struct store *s, struct oci_reference *name, struct store_tag *ret)
{
    struct err err;

    make_image(s, "a.example/app:1", LAYERS("base"));
    assert_ok(oci_reference_parse("a.example/app:1", name, &err));
    assert_ok(store_tag_get(s, name, ret, &err));
    ret->local = true;
    assert_ok(store_tag_set(s, ret, &err));
}

/* What others do to the name while the push runs is not undone at its end. */
static void test_name_meanwhile(void **state)
{
    static const struct image_push_options options = {.compression = OCI_COMPRESSION_NONE};
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_(push_release) struct push kept = {0}, removed = {0}, moved = {0};
    _cleanup_(store_tag_release) struct store_tag tag = {0}, now = {0}, other = {0};
    _cleanup_reference_ struct oci_reference name = {0};
    struct made m;
    struct err err;

    (void)state;
    make_local(s, &name, &tag);
    push_all(&kept, s, &name, &options);
    push_all(&removed, s, &name, &options);
    push_all(&moved, s, &name, &options);
    assert_ok(push_keep(&kept, &err));
    assert_ok(store_tag_get(s, &name, &now, &err));
    assert_false(now.local);

    assert_ok(store_tag_remove(s, &name, &err));
    assert_ok(push_keep(&removed, &err));
    assert_fails(store_tag_get(s, &name, &other, &err), ERR_NOT_FOUND, "no such image");

    m = make_image(s, "a.example/app:1", LAYERS("another"));
    assert_ok(push_keep(&moved, &err));
    assert_ok(store_tag_get(s, &name, &other, &err));
    assert_true(digest_equal(&other.id, &m.config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_changes),
        cmocka_unit_test(test_index_follows),
        cmocka_unit_test(test_families),
        cmocka_unit_test_setup_teardown(test_name_meanwhile, scratch_setup, scratch_teardown),
    };

    return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}

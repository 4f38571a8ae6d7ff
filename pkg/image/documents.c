#include "image/documents.h"

static void document_release(struct image_document *d)
{
    buf_free(&d->bytes);
}

void image_documents_release(struct image_documents *d)
{
    document_release(&d->index);
    document_release(&d->manifest);
    document_release(&d->config);
    oci_manifest_release(&d->parsed_manifest);
    oci_image_config_release(&d->parsed_config);
}

const struct digest *image_documents_target(const struct image_documents *d)
{
    return d->index.digest.digest.algorithm != DIGEST_NONE ? &d->index.digest.digest : &d->manifest.digest.digest;
}

/* Takes the bytes out of what was fetched. */
static void take(struct registry_manifest *fetched, struct image_document *ret)
{
    ret->bytes = fetched->bytes;
    ret->digest = fetched->digest;
    fetched->bytes = BUF_INIT;
}

/* From the store, where it has the document undamaged. */
static bool read_stored(struct store *s, const struct oci_descriptor *d, size_t max, struct image_document *ret)
{
    struct buf bytes = BUF_INIT_MAX(max);

    if (store_blob_has(s, &d->digest) && store_blob_read(s, &d->digest, &bytes, NULL) == 0 &&
        digest_compute(d->digest.algorithm, buf_str(&bytes), bytes.len, &ret->digest, NULL) == 0 &&
        digest_verify(&d->digest, d->size, &ret->digest, NULL) == 0) {
        ret->bytes = bytes;
        return true;
    }
    ret->digest = (struct digest_computed){0};
    buf_free(&bytes);
    return false;
}

static int fetch_selected(struct store *s, struct registry *registry, const struct oci_reference *name,
                          const struct oci_descriptor *d, struct image_document *ret, struct err *err)
{
    _cleanup_registry_manifest_ struct registry_manifest fetched = {0};
    int r;

    if (read_stored(s, d, OCI_MANIFEST_MAX, ret))
        return 0;
    r = registry_fetch_manifest(registry, name, &d->digest, &fetched, err);
    if (r == 0)
        r = digest_verify(&d->digest, d->size, &fetched.digest, err);
    if (r == 0)
        take(&fetched, ret);
    return r;
}

static int select_platform(const struct image_document *index, const char *platform, struct oci_descriptor *ret,
                           struct err *err)
{
    _cleanup_platform_ struct oci_platform wanted = {0};
    _cleanup_index_ struct oci_index parsed = {0};
    const struct oci_descriptor *selected;
    int r = 0;

    if (platform)
        r = oci_platform_parse(platform, &wanted, err);
    else
        oci_platform_host(&wanted);
    if (r == 0)
        r = oci_index_parse(buf_str(&index->bytes), index->bytes.len, &parsed, err);
    if (r == 0)
        r = oci_index_select(&parsed, &wanted, &selected, err);
    if (r == 0)
        oci_descriptor_copy(selected, ret);
    return r;
}

/* The manifest, through the index where there is one. */
static int fetch_manifest(struct store *s, struct registry *registry, const struct oci_reference *name,
                          const char *platform, struct image_documents *ret, struct err *err)
{
    _cleanup_registry_manifest_ struct registry_manifest fetched = {0};
    _cleanup_descriptor_ struct oci_descriptor selected = {0};
    enum oci_document what;
    int r = registry_fetch_manifest(registry, name, NULL, &fetched, err);

    if (r == 0)
        r = oci_document_identify(fetched.media_type, buf_str(&fetched.bytes), fetched.bytes.len, &what, err);
    if (r < 0)
        return r;
    if (what == OCI_DOCUMENT_MANIFEST) {
        take(&fetched, &ret->manifest);
        return 0;
    }
    take(&fetched, &ret->index);
    r = select_platform(&ret->index, platform, &selected, err);
    return r < 0 ? r : fetch_selected(s, registry, name, &selected, &ret->manifest, err);
}

static int fetch_config(struct store *s, struct registry *registry, const struct oci_reference *name,
                        const struct oci_descriptor *d, struct image_document *ret, struct err *err)
{
    int r;

    if (d->size > OCI_CONFIG_MAX)
        return err_set(err, ERR_LIMIT, "an image config of %lld bytes is too large", (long long)d->size);
    if (read_stored(s, d, OCI_CONFIG_MAX, ret))
        return 0;
    ret->bytes = BUF_INIT_MAX(OCI_CONFIG_MAX);
    r = registry_fetch_blob(registry, name, d, &ret->bytes, err);
    if (r == 0)
        r = digest_compute(d->digest.algorithm, buf_str(&ret->bytes), ret->bytes.len, &ret->digest, err);
    return r < 0 ? r : digest_verify(&d->digest, d->size, &ret->digest, err);
}

/* A name without an index has one platform; who asked for another one by name does not want it. */
static int check_platform(const struct image_documents *d, const char *platform, struct err *err)
{
    _cleanup_platform_ struct oci_platform wanted = {0};
    _cleanup_free_ char *has = NULL;
    int r;

    if (!platform)
        return 0;
    r = oci_platform_parse(platform, &wanted, err);
    if (r < 0 || oci_platform_distance(&wanted, &d->parsed_config.platform) >= 0)
        return r;
    has = oci_platform_format(&d->parsed_config.platform);
    return err_set(err, ERR_NOT_FOUND, "the image was found but is not for the platform %s: it is for %s", platform,
                   has);
}

int image_documents_check(const struct image_documents *d, const char *platform, struct err *err)
{
    size_t layers = d->parsed_manifest.layers.n, diff_ids = oci_image_config_layers(&d->parsed_config);
    int r = check_platform(d, platform, err);

    if (r == 0 && layers != diff_ids)
        r = err_set(err, ERR_CORRUPT, "the manifest has %zu layers and the config names %zu", layers, diff_ids);
    return r;
}

int image_documents_fetch(struct store *s, struct registry *registry, const struct oci_reference *name,
                          const char *platform, struct image_documents *ret, struct err *err)
{
    const struct oci_descriptor *config = &ret->parsed_manifest.config;
    int r;

    *ret = (struct image_documents){0};
    r = fetch_manifest(s, registry, name, platform, ret, err);
    if (r == 0)
        r = oci_manifest_parse(buf_str(&ret->manifest.bytes), ret->manifest.bytes.len, &ret->parsed_manifest, err);
    if (r == 0)
        r = fetch_config(s, registry, name, config, &ret->config, err);
    if (r == 0)
        r = oci_image_config_parse(buf_str(&ret->config.bytes), ret->config.bytes.len, &ret->parsed_config, err);
    return r < 0 ? r : image_documents_check(ret, platform, err);
}

static int put(const struct image_document *d, struct store_transaction *t, struct err *err)
{
    if (d->digest.digest.algorithm == DIGEST_NONE)
        return 0;
    return store_transaction_put(t, buf_str(&d->bytes), d->bytes.len, &d->digest, err);
}

int image_documents_put(const struct image_documents *d, struct store_transaction *t, struct err *err)
{
    int r = put(&d->config, t, err);

    if (r == 0)
        r = put(&d->manifest, t, err);
    return r < 0 ? r : put(&d->index, t, err);
}

#include "image/documents.h"

enum {
    DEPTH_MAX = 4,        /* indexes inside each other */
    DOCUMENTS_MAX = 1024, /* of one name */
    BLOBS_MAX = 1 << 13,  /* that they name: a lease lists them all (store/gc.h) */
};

/* One name being resolved. */
struct resolving {
    struct store *store;
    struct registry *registry;
    const struct oci_reference *name;
    struct oci_platform platform;
    struct image_documents *documents;
};

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
    VEC_FOREACH (other, &d->others)
        document_release(other);
    free(d->others.v);
    VEC_FOREACH (blob, &d->blobs)
        oci_descriptor_release(blob);
    free(d->blobs.v);
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

static int not_here(const struct oci_descriptor *d, struct err *err)
{
    char text[DIGEST_TEXT_MAX];

    return err_set(err, ERR_NOT_FOUND, "%s is not in the store, and there is no registry to ask for it",
                   digest_format(&d->digest, text));
}

static int fetch_document(const struct resolving *rs, const struct oci_descriptor *d, struct image_document *ret,
                          struct err *err)
{
    _cleanup_registry_manifest_ struct registry_manifest fetched = {0};
    int r;

    if (read_stored(rs->store, d, OCI_MANIFEST_MAX, ret))
        return 0;
    if (!rs->registry)
        return not_here(d, err);
    r = registry_fetch_manifest(rs->registry, rs->name, &d->digest, &fetched, err);
    if (r == 0)
        r = digest_verify(&d->digest, d->size, &fetched.digest, err);
    if (r == 0)
        take(&fetched, ret);
    return r;
}

static int identify(const struct image_document *document, const char *media_type, enum oci_document *ret,
                    struct err *err)
{
    return oci_document_identify(media_type, buf_str(&document->bytes), document->bytes.len, ret, err);
}

static int select_below(struct resolving *rs, const struct image_document *index, unsigned depth, struct err *err);

/* Looks for the platform in the indexes that the index names. */
static int select_nested(struct resolving *rs, const struct oci_index *index, unsigned depth, struct err *err)
{
    VEC_FOREACH (entry, &index->manifests) {
        _cleanup_(document_release) struct image_document nested = {0};
        struct err why = ERR_INIT;
        int r;

        if (!oci_media_is_index(entry->media_type))
            continue;
        r = fetch_document(rs, entry, &nested, err);
        if (r < 0)
            return r;
        r = select_below(rs, &nested, depth + 1, &why);
        if (r == ERR_NOT_FOUND)
            continue;
        if (r < 0)
            *err = why;
        return r;
    }
    return ERR_NOT_FOUND;
}

/* The manifest for the platform, by an index. */
static int select_below(struct resolving *rs, const struct image_document *index, unsigned depth, struct err *err)
{
    _cleanup_index_ struct oci_index parsed = {0};
    const struct oci_descriptor *selected;
    struct err why = ERR_INIT;
    int r = oci_index_parse(buf_str(&index->bytes), index->bytes.len, &parsed, err);

    if (r < 0)
        return r;
    r = oci_index_select(&parsed, &rs->platform, &selected, &why);
    if (r == 0)
        return fetch_document(rs, selected, &rs->documents->manifest, err);
    if (r == ERR_NOT_FOUND && depth < DEPTH_MAX)
        r = select_nested(rs, &parsed, depth, err);
    if (r == ERR_NOT_FOUND)
        *err = why;
    return r;
}

/* ---- all platforms ---- */

static int add_blob(struct image_documents *d, const struct oci_descriptor *blob, struct err *err)
{
    VEC_FOREACH (known, &d->blobs)
        if (digest_equal(&known->digest, &blob->digest))
            return 0;
    if (d->blobs.n >= BLOBS_MAX)
        return err_set(err, ERR_LIMIT, "an image of more than %d blobs", BLOBS_MAX);
    oci_descriptor_copy(blob, VEC_PUSH(&d->blobs));
    return 0;
}

static int add_content(struct image_documents *d, const struct image_document *document, struct err *err)
{
    _cleanup_manifest_ struct oci_manifest m = {0};
    int r = oci_manifest_parse_any(buf_str(&document->bytes), document->bytes.len, &m, err);

    if (r == 0)
        r = add_blob(d, &m.config, err);
    VEC_FOREACH (layer, &m.layers)
        r = r < 0 ? r : add_blob(d, layer, err);
    return r;
}

bool image_documents_have_other(const struct image_documents *d, const struct digest *digest)
{
    VEC_FOREACH (other, &d->others)
        if (digest_equal(&other->digest.digest, digest))
            return true;
    return false;
}

int image_documents_add_other(struct image_documents *d, struct image_document other, const char *media_type,
                              bool *ret_index, struct err *err)
{
    enum oci_document what;
    size_t bytes = 0;
    int r;

    *VEC_PUSH(&d->others) = other;
    VEC_FOREACH (each, &d->others)
        bytes += each->bytes.len;
    if (d->others.n > DOCUMENTS_MAX || bytes > IMAGE_DOCUMENTS_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "an image of more than %d manifests, or more than %d MiB of them", DOCUMENTS_MAX,
                       IMAGE_DOCUMENTS_BYTES_MAX >> 20);
    r = identify(&other, media_type, &what, err);
    *ret_index = r == 0 && what == OCI_DOCUMENT_INDEX;
    return r < 0 || *ret_index ? r : add_content(d, &other, err);
}

/* Everything that an index leads to: what is found to be an index is looked into in its turn. */
static int fetch_others(struct resolving *rs, const struct image_document *index, unsigned depth, struct err *err)
{
    struct image_documents *d = rs->documents;
    _cleanup_index_ struct oci_index parsed = {0};
    int r = oci_index_parse(buf_str(&index->bytes), index->bytes.len, &parsed, err);

    if (r == 0 && depth > DEPTH_MAX)
        r = err_set(err, ERR_LIMIT, "indexes inside each other; at most %d are supported", DEPTH_MAX);
    for (size_t i = 0; r == 0 && i < parsed.manifests.n; i++) {
        const struct oci_descriptor *entry = &parsed.manifests.v[i];
        struct image_document other = {0};
        bool is_index;

        if (image_documents_have_other(d, &entry->digest))
            continue;
        r = fetch_document(rs, entry, &other, err);
        if (r == 0)
            r = image_documents_add_other(d, other, entry->media_type, &is_index, err);
        if (r == 0 && is_index)
            r = fetch_others(rs, &other, depth + 1, err);
    }
    return r;
}

/* The documents of a record, as it names them. */
static int fetch_stored(struct resolving *rs, const struct store_tag *t, struct err *err)
{
    struct oci_descriptor target = {.digest = t->target, .size = -1}, manifest = {.digest = t->manifest, .size = -1};
    struct image_documents *d = rs->documents;
    int r = 0;

    if (!digest_equal(&t->target, &t->manifest))
        r = fetch_document(rs, &target, &d->index, err);
    if (r == 0)
        r = fetch_document(rs, &manifest, &d->manifest, err);
    return r < 0 || !t->complete ? r : fetch_others(rs, &d->index, 1, err);
}

/* The manifest, through the index where there is one. */
static int fetch_manifest(struct resolving *rs, bool all_platforms, struct err *err)
{
    _cleanup_registry_manifest_ struct registry_manifest fetched = {0};
    struct image_documents *d = rs->documents;
    enum oci_document what;
    int r = registry_fetch_manifest(rs->registry, rs->name, NULL, &fetched, err);

    if (r == 0)
        r = oci_document_identify(fetched.media_type, buf_str(&fetched.bytes), fetched.bytes.len, &what, err);
    if (r < 0)
        return r;
    if (what == OCI_DOCUMENT_MANIFEST) {
        take(&fetched, &d->manifest);
        return 0;
    }
    take(&fetched, &d->index);
    r = select_below(rs, &d->index, 1, err);
    return r < 0 || !all_platforms ? r : fetch_others(rs, &d->index, 1, err);
}

static int parse_manifest(const struct resolving *rs, struct err *err)
{
    struct image_documents *d = rs->documents;
    _cleanup_free_ char *name = NULL;
    int r = oci_manifest_parse(buf_str(&d->manifest.bytes), d->manifest.bytes.len, &d->parsed_manifest, err);

    if (r == 0)
        return 0;
    name = oci_reference_familiar(rs->name);
    return err_wrap(err, "%s", name);
}

static int fetch_config(const struct resolving *rs, struct err *err)
{
    const struct oci_descriptor *d = &rs->documents->parsed_manifest.config;
    struct image_document *ret = &rs->documents->config;
    int r;

    if (d->size > OCI_CONFIG_MAX)
        return err_set(err, ERR_LIMIT, "an image config of %lld bytes is too large", (long long)d->size);
    if (read_stored(rs->store, d, OCI_CONFIG_MAX, ret))
        return 0;
    if (!rs->registry)
        return not_here(d, err);
    ret->bytes = BUF_INIT_MAX(OCI_CONFIG_MAX);
    r = registry_fetch_blob(rs->registry, rs->name, d, &ret->bytes, err);
    if (r == 0)
        r = digest_compute(d->digest.algorithm, buf_str(&ret->bytes), ret->bytes.len, &ret->digest, err);
    return r < 0 ? r : digest_verify(&d->digest, d->size, &ret->digest, err);
}

/* A name without an index has one platform; who asked for another one by name does not want it. */
static int check_platform(const struct oci_platform *is, const char *platform, struct err *err)
{
    _cleanup_platform_ struct oci_platform wanted = {0};
    _cleanup_free_ char *has = NULL;
    int r = platform ? oci_platform_parse(platform, &wanted, err) : 0;

    if (!platform || r < 0 || oci_platform_distance(&wanted, is) >= 0)
        return r;
    has = oci_platform_format(is);
    return err_set(err, ERR_NOT_FOUND, "the image was found but is not for the platform %s: it is for %s", platform,
                   has);
}

int image_documents_check(const struct image_documents *d, const char *platform, struct err *err)
{
    size_t layers = d->parsed_manifest.layers.n, diff_ids = oci_image_config_layers(&d->parsed_config);
    int r = check_platform(&d->parsed_config.platform, platform, err);

    if (r == 0 && layers != diff_ids)
        r = err_set(err, ERR_CORRUPT, "the manifest has %zu layers and the config names %zu", layers, diff_ids);
    return r;
}

static void resolving_release(struct resolving *rs)
{
    oci_platform_release(&rs->platform);
}

int image_documents_fetch(struct store *s, struct registry *registry, const struct oci_reference *name,
                          const struct image_wanted *wanted, struct image_documents *ret, struct err *err)
{
    _cleanup_(resolving_release) struct resolving rs = {
        .store = s, .registry = registry, .name = name, .documents = ret};
    int r = 0;

    *ret = (struct image_documents){0};
    if (wanted->platform)
        r = oci_platform_parse(wanted->platform, &rs.platform, err);
    else
        oci_platform_host(&rs.platform);
    if (r == 0)
        r = wanted->stored ? fetch_stored(&rs, wanted->stored, err) : fetch_manifest(&rs, wanted->all_platforms, err);
    if (r == 0)
        r = parse_manifest(&rs, err);
    if (r == 0)
        r = fetch_config(&rs, err);
    if (r == 0)
        r = oci_image_config_parse(buf_str(&ret->config.bytes), ret->config.bytes.len, &ret->parsed_config, err);
    return r < 0 ? r : image_documents_check(ret, wanted->platform, err);
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
    for (size_t i = 0; r == 0 && i < d->others.n; i++)
        r = put(&d->others.v[i], t, err);
    return r < 0 ? r : put(&d->index, t, err);
}

/* ---- making them ---- */

int image_document_take(struct buf *bytes, struct image_document *ret, struct err *err)
{
    ret->bytes = *bytes;
    *bytes = BUF_INIT;
    return digest_compute(DIGEST_SHA256, buf_str(&ret->bytes), ret->bytes.len, &ret->digest, err);
}

int image_manifest_make(const struct image_document *config, const struct oci_descriptor *layers, size_t n_layers,
                        char *const *annotations, struct image_document *ret, struct err *err)
{
    struct oci_manifest manifest = {.schema_version = 2,
                                    .media_type = (char *)OCI_MEDIA_MANIFEST,
                                    .annotations = (char **)annotations}; /* borrowed */
    struct buf text = BUF_INIT;

    manifest.config.media_type = (char *)OCI_MEDIA_CONFIG;
    manifest.config.digest = config->digest.digest;
    manifest.config.size = (int64_t)config->bytes.len;
    manifest.layers.v = (struct oci_descriptor *)layers;
    manifest.layers.n = n_layers;
    json_dump(&oci_manifest_type, &manifest, false, &text);
    return image_document_take(&text, ret, err);
}

int image_documents_make(struct image_documents *d, const struct oci_descriptor *layers, size_t n_layers,
                         char *const *annotations, struct err *err)
{
    int r = image_manifest_make(&d->config, layers, n_layers, annotations, &d->manifest, err);

    if (r == 0)
        r = oci_manifest_parse(buf_str(&d->manifest.bytes), d->manifest.bytes.len, &d->parsed_manifest, err);
    if (r == 0)
        r = oci_image_config_parse(buf_str(&d->config.bytes), d->config.bytes.len, &d->parsed_config, err);
    return r;
}

const char *image_layer_media_type(enum oci_compression packed)
{
    static const char *const types[] = {
        [OCI_COMPRESSION_NONE] = OCI_MEDIA_LAYER,
        [OCI_COMPRESSION_GZIP] = OCI_MEDIA_LAYER_GZIP,
        [OCI_COMPRESSION_ZSTD] = OCI_MEDIA_LAYER_ZSTD,
    };

    return types[packed];
}

const char *image_layer_oci_type(const struct oci_descriptor *layer)
{
    struct oci_layer_kind kind;

    if (oci_layer_classify(layer->media_type, &kind, NULL) < 0 || kind.foreign)
        return layer->media_type;
    return image_layer_media_type(kind.compression);
}

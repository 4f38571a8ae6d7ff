#include "oci/manifest.h"

#include <strings.h>

static const struct json_field manifest_fields[] = {
    JSON_FIELD(struct oci_manifest, "schemaVersion", JSON_K_INT64, schema_version, .flags = JSON_REQUIRED),
    JSON_FIELD(struct oci_manifest, "mediaType", JSON_K_STRING, media_type),
    JSON_FIELD(struct oci_manifest, "artifactType", JSON_K_STRING, artifact_type),
    JSON_FIELD(struct oci_manifest, "config", JSON_K_OBJECT, config, .flags = JSON_REQUIRED,
               .type = &oci_descriptor_type),
    JSON_FIELD(struct oci_manifest, "layers", JSON_K_ARRAY, layers, .flags = JSON_KEEP_EMPTY,
               .type = &oci_descriptor_type),
    JSON_FIELD(struct oci_manifest, "subject", JSON_K_OBJECT_PTR, subject, .type = &oci_descriptor_type),
    JSON_FIELD(struct oci_manifest, "annotations", JSON_K_MAP, annotations),
};
const struct json_type oci_manifest_type = {
    "image manifest", sizeof(struct oci_manifest), manifest_fields, ARRAY_SIZE(manifest_fields), false,
};

static const struct json_field index_fields[] = {
    JSON_FIELD(struct oci_index, "schemaVersion", JSON_K_INT64, schema_version, .flags = JSON_REQUIRED),
    JSON_FIELD(struct oci_index, "mediaType", JSON_K_STRING, media_type),
    JSON_FIELD(struct oci_index, "artifactType", JSON_K_STRING, artifact_type),
    JSON_FIELD(struct oci_index, "manifests", JSON_K_ARRAY, manifests, .flags = JSON_KEEP_EMPTY,
               .type = &oci_descriptor_type),
    JSON_FIELD(struct oci_index, "subject", JSON_K_OBJECT_PTR, subject, .type = &oci_descriptor_type),
    JSON_FIELD(struct oci_index, "annotations", JSON_K_MAP, annotations),
};
const struct json_type oci_index_type = {
    "image index", sizeof(struct oci_index), index_fields, ARRAY_SIZE(index_fields), false,
};

/* Of any of the documents only what tells them apart. */
struct probe {
    int64_t schema_version;
    char *media_type;
    char *config, *layers, *manifests, *fs_layers; /* as they stand, or NULL */
};

static const struct json_field probe_fields[] = {
    JSON_FIELD(struct probe, "schemaVersion", JSON_K_INT64, schema_version),
    JSON_FIELD(struct probe, "mediaType", JSON_K_STRING, media_type),
    JSON_FIELD(struct probe, "config", JSON_K_RAW, config),
    JSON_FIELD(struct probe, "layers", JSON_K_RAW, layers),
    JSON_FIELD(struct probe, "manifests", JSON_K_RAW, manifests),
    JSON_FIELD(struct probe, "fsLayers", JSON_K_RAW, fs_layers),
};
static const struct json_type probe_type = {
    "manifest", sizeof(struct probe), probe_fields, ARRAY_SIZE(probe_fields), false,
};

static void probe_release(struct probe *p)
{
    json_free(&probe_type, p);
}

enum named {
    NAMES_MANIFEST = OCI_DOCUMENT_MANIFEST,
    NAMES_INDEX = OCI_DOCUMENT_INDEX,
    NAMES_SCHEMA1,
    NAMES_OTHER, /* application/json, text/plain, …: says nothing */
};

static const struct {
    const char *media_type;
    enum named names;
} document_types[] = {
    {OCI_MEDIA_MANIFEST, NAMES_MANIFEST},
    {OCI_MEDIA_DOCKER_MANIFEST, NAMES_MANIFEST},
    {OCI_MEDIA_INDEX, NAMES_INDEX},
    {OCI_MEDIA_DOCKER_INDEX, NAMES_INDEX},
    {"application/vnd.docker.distribution.manifest.v1+json", NAMES_SCHEMA1},
    {"application/vnd.docker.distribution.manifest.v1+prettyjws", NAMES_SCHEMA1},
};

static enum named named_by(const char *media_type)
{
    size_t n = media_type ? strcspn(media_type, "; \t") : 0;

    for (size_t i = 0; i < ARRAY_SIZE(document_types); i++)
        if (strlen(document_types[i].media_type) == n && strncasecmp(document_types[i].media_type, media_type, n) == 0)
            return document_types[i].names;
    return NAMES_OTHER;
}

static int refuse_schema1(struct err *err)
{
    err_set(err, ERR_UNSUPPORTED, "the manifest is of Docker's schema 1, which is not supported");
    return err_hint(err, "push the image again with a current tool");
}

int oci_document_identify(const char *media_type, const char *text, size_t len, enum oci_document *ret, struct err *err)
{
    _cleanup_(probe_release) struct probe p = {0};
    enum named claims[2];
    enum oci_document is;
    int r = json_parse(text, len, &probe_type, &p, err);

    if (r < 0)
        return r;
    claims[0] = named_by(media_type);
    claims[1] = named_by(p.media_type);
    if (p.schema_version == 1 || p.fs_layers || claims[0] == NAMES_SCHEMA1 || claims[1] == NAMES_SCHEMA1)
        return refuse_schema1(err);
    if (p.manifests && (p.layers || p.config))
        return err_set(err, ERR_CORRUPT, "manifest that is an image and an index at once");
    if (!p.manifests && !p.layers && !p.config)
        return err_set(err, ERR_INVALID, "neither an image manifest nor an image index");
    is = p.manifests ? OCI_DOCUMENT_INDEX : OCI_DOCUMENT_MANIFEST;
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        if (claims[i] != NAMES_OTHER && claims[i] != (enum named)is)
            return err_set(err, ERR_CORRUPT, "manifest whose media type (%.100s) is not that of its content",
                           i ? p.media_type : media_type);
    *ret = is;
    return 0;
}

static int check_header(const char *media_type, int64_t schema_version, enum oci_document expected, struct err *err)
{
    enum named says = named_by(media_type);

    if (schema_version == 1 || says == NAMES_SCHEMA1)
        return refuse_schema1(err);
    if (schema_version != 2)
        return err_set(err, ERR_UNSUPPORTED, "schemaVersion %lld is not supported", (long long)schema_version);
    if (says != NAMES_OTHER && says != (enum named)expected)
        return err_set(err, ERR_CORRUPT, "manifest whose media type (%.100s) is not that of its content", media_type);
    return 0;
}

static int check_descriptors(const struct oci_descriptor *d, size_t n, size_t max, const char *what, struct err *err)
{
    if (n > max)
        return err_set(err, ERR_LIMIT, "%zu %s; at most %zu are supported", n, what, max);
    for (size_t i = 0; i < n; i++) {
        int r = oci_descriptor_check(&d[i], err);

        if (r < 0)
            return err_wrap(err, "%s[%zu]", what, i);
    }
    return 0;
}

/* That it is an image which can be run. */
static int check_image(const struct oci_manifest *m, struct err *err)
{
    const char *type = m->config.media_type;

    if (strcmp(type, OCI_MEDIA_CONFIG) != 0 && strcmp(type, OCI_MEDIA_DOCKER_CONFIG) != 0)
        return err_set(err, ERR_UNSUPPORTED, "not a container image but an artifact of type %.200s",
                       m->artifact_type ? m->artifact_type : type);
    if (m->config.size > OCI_CONFIG_MAX)
        return err_set(err, ERR_LIMIT, "image config of %lld bytes; at most %d are supported",
                       (long long)m->config.size, OCI_CONFIG_MAX);
    VEC_FOREACH (layer, &m->layers) {
        struct oci_layer_kind kind;
        int r = oci_layer_classify(layer->media_type, &kind, err);

        if (r < 0)
            return r;
    }
    return 0;
}

static int check_manifest(const struct oci_manifest *m, struct err *err)
{
    int r = check_header(m->media_type, m->schema_version, OCI_DOCUMENT_MANIFEST, err);

    if (r == 0 && oci_descriptor_check(&m->config, err) < 0)
        r = err_wrap(err, "config");
    return r < 0 ? r : check_descriptors(m->layers.v, m->layers.n, OCI_LAYERS_MAX, "layers", err);
}

static int parse_manifest(const char *text, size_t len, bool image, struct oci_manifest *ret, struct err *err)
{
    int r = json_parse(text, len, &oci_manifest_type, ret, err);

    if (r < 0)
        return r;
    r = check_manifest(ret, err);
    if (r == 0 && image)
        r = check_image(ret, err);
    if (r < 0)
        oci_manifest_release(ret);
    return r;
}

int oci_manifest_parse(const char *text, size_t len, struct oci_manifest *ret, struct err *err)
{
    return parse_manifest(text, len, true, ret, err);
}

int oci_manifest_parse_any(const char *text, size_t len, struct oci_manifest *ret, struct err *err)
{
    return parse_manifest(text, len, false, ret, err);
}

void oci_manifest_release(struct oci_manifest *m)
{
    json_free(&oci_manifest_type, m);
}

int oci_index_parse(const char *text, size_t len, struct oci_index *ret, struct err *err)
{
    int r = json_parse(text, len, &oci_index_type, ret, err);

    if (r < 0)
        return r;
    r = check_header(ret->media_type, ret->schema_version, OCI_DOCUMENT_INDEX, err);
    if (r >= 0)
        r = check_descriptors(ret->manifests.v, ret->manifests.n, OCI_INDEX_ENTRIES_MAX, "manifests", err);
    if (r < 0) {
        oci_index_release(ret);
        return r;
    }
    return 0;
}

void oci_index_release(struct oci_index *index)
{
    json_free(&oci_index_type, index);
}

bool oci_media_is_index(const char *media_type)
{
    return named_by(media_type) == NAMES_INDEX;
}

/* Attestations are entries for unknown/unknown; entries of other types are no images. */
static bool is_image_entry(const struct oci_descriptor *d)
{
    if (named_by(d->media_type) != NAMES_MANIFEST)
        return false;
    return !d->platform || !str_eq(d->platform->os, "unknown");
}

static int no_match(const struct oci_index *index, const struct oci_platform *wanted, struct err *err)
{
    _cleanup_free_ char *want = oci_platform_format(wanted), *have = NULL;
    _cleanup_strv_ char **offered = NULL;

    VEC_FOREACH (d, &index->manifests) {
        _cleanup_free_ char *name = d->platform && is_image_entry(d) ? oci_platform_format(d->platform) : NULL;

        if (name && !strv_contains(offered, name) && strv_len(offered) < 32)
            strv_add(&offered, name);
    }
    have = strv_join(offered, ", ");
    err_set(err, ERR_NOT_FOUND, "no matching manifest for %s in the manifest list entries", want);
    return offered ? err_hint(err, "the image is there for %s", have) : ERR_NOT_FOUND;
}

int oci_index_select(const struct oci_index *index, const struct oci_platform *wanted,
                     const struct oci_descriptor **ret, struct err *err)
{
    const struct oci_descriptor *best = NULL;
    int best_distance = 0;

    VEC_FOREACH (d, &index->manifests) {
        int distance;

        if (!is_image_entry(d))
            continue;
        /* An entry for no platform in particular comes after all that match. */
        distance = d->platform ? oci_platform_distance(wanted, d->platform) : INT32_MAX;
        if (distance >= 0 && (!best || distance < best_distance)) {
            best = d;
            best_distance = distance;
        }
    }
    if (!best)
        return no_match(index, wanted, err);
    *ret = best;
    return 0;
}

static const struct {
    const char *media_type;
    struct oci_layer_kind kind;
} layer_types[] = {
    {OCI_MEDIA_LAYER_GZIP, {OCI_COMPRESSION_GZIP, false}},
    {OCI_MEDIA_DOCKER_LAYER, {OCI_COMPRESSION_GZIP, false}},
    {OCI_MEDIA_LAYER_ZSTD, {OCI_COMPRESSION_ZSTD, false}},
    {OCI_MEDIA_LAYER, {OCI_COMPRESSION_NONE, false}},
    {"application/vnd.docker.image.rootfs.diff.tar", {OCI_COMPRESSION_NONE, false}},
    {"application/vnd.docker.image.rootfs.diff.tar.zstd", {OCI_COMPRESSION_ZSTD, false}},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar", {OCI_COMPRESSION_NONE, true}},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", {OCI_COMPRESSION_GZIP, true}},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", {OCI_COMPRESSION_ZSTD, true}},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar", {OCI_COMPRESSION_NONE, true}},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", {OCI_COMPRESSION_GZIP, true}},
};

int oci_layer_classify(const char *media_type, struct oci_layer_kind *ret, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(layer_types); i++)
        if (strcmp(layer_types[i].media_type, media_type) == 0) {
            *ret = layer_types[i].kind;
            return 0;
        }
    return err_set(err, ERR_UNSUPPORTED, "layer of type %.200s is not supported", media_type);
}

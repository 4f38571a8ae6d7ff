#include "oci/descriptor.h"

static int parse_digest(const char *text, void *field, struct err *err)
{
    return digest_parse(text, field, err);
}

static char *format_digest(const void *field)
{
    const struct digest *d = field;
    char text[DIGEST_TEXT_MAX];

    return d->algorithm == DIGEST_NONE ? NULL : str_dup(digest_format(d, text));
}

const struct json_conversion oci_digest_conversion = {parse_digest, format_digest};

static const struct json_field descriptor_fields[] = {
    JSON_FIELD(struct oci_descriptor, "mediaType", JSON_K_STRING, media_type, .flags = JSON_REQUIRED),
    JSON_FIELD(struct oci_descriptor, "digest", JSON_K_CUSTOM, digest, .flags = JSON_REQUIRED,
               .conversion = &oci_digest_conversion),
    JSON_FIELD(struct oci_descriptor, "size", JSON_K_INT64, size, .flags = JSON_REQUIRED | JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_descriptor, "urls", JSON_K_STRV, urls),
    JSON_FIELD(struct oci_descriptor, "annotations", JSON_K_MAP, annotations),
    JSON_FIELD(struct oci_descriptor, "artifactType", JSON_K_STRING, artifact_type),
    JSON_FIELD(struct oci_descriptor, "platform", JSON_K_OBJECT_PTR, platform, .type = &oci_platform_type),
};
const struct json_type oci_descriptor_type = {
    "descriptor", sizeof(struct oci_descriptor), descriptor_fields, ARRAY_SIZE(descriptor_fields), false,
};

void oci_descriptor_release(struct oci_descriptor *d)
{
    json_free(&oci_descriptor_type, d);
}

void oci_descriptor_copy(const struct oci_descriptor *d, struct oci_descriptor *ret)
{
    *ret = (struct oci_descriptor){
        .media_type = str_dup(d->media_type),
        .digest = d->digest,
        .size = d->size,
        .urls = strv_copy(d->urls),
        .annotations = strv_copy(d->annotations),
        .artifact_type = str_dup(d->artifact_type),
    };
    if (d->platform) {
        ret->platform = mem_zalloc(1, sizeof(*ret->platform));
        ret->platform->architecture = str_dup(d->platform->architecture);
        ret->platform->os = str_dup(d->platform->os);
        ret->platform->variant = str_dup(d->platform->variant);
        ret->platform->os_version = str_dup(d->platform->os_version);
        ret->platform->os_features = strv_copy(d->platform->os_features);
    }
}

int oci_descriptor_check(const struct oci_descriptor *d, struct err *err)
{
    if (str_empty(d->media_type))
        return err_set(err, ERR_INVALID, "descriptor without a media type");
    if (d->digest.algorithm == DIGEST_NONE)
        return err_set(err, ERR_INVALID, "descriptor without a digest");
    if (d->size < 0)
        return err_set(err, ERR_INVALID, "descriptor of %.12s… with the size %lld", d->digest.hex, (long long)d->size);
    return 0;
}

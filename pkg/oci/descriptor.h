/* Descriptors: type, digest and size of other content. OCI image specification, descriptor.md. */
#pragma once

#include "digest/digest.h"
#include "oci/platform.h"

struct oci_descriptor {
    char *media_type;
    struct digest digest;
    int64_t size; /* bytes, >= 0 */
    char **urls;
    char **annotations; /* NAME=VALUE */
    char *artifact_type;
    struct oci_platform *platform; /* in an index; or NULL */
};

extern const struct json_type oci_descriptor_type;

/* A JSON_K_CUSTOM field of type struct digest. */
extern const struct json_conversion oci_digest_conversion;

void oci_descriptor_release(struct oci_descriptor *d);
#define _cleanup_descriptor_ _cleanup_(oci_descriptor_release)

void oci_descriptor_copy(const struct oci_descriptor *d, struct oci_descriptor *ret);

/* What no table can say: a media type, a digest, a size of at least 0. ERR_INVALID. */
int oci_descriptor_check(const struct oci_descriptor *d, struct err *err);

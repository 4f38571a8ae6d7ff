/* Image references: what people write for an image, and the one form in which cbox keeps it.
 *
 *     reference = [domain "/"] path [":" tag] ["@" digest]
 *
 * The grammar and the short forms are Docker's (distribution/reference): "alpine" means docker.io/library/alpine, the
 * first component is a domain only when it holds "." or ":" or an upper-case letter or is "localhost", and
 * index.docker.io is docker.io. A host may be an IPv6 address in brackets. Neither path nor tag can hold "..", a
 * leading "/" or "." or anything beyond [a-zA-Z0-9._/-], so both are safe as file names below a directory.
 */
#pragma once

#include "digest/digest.h"

enum {
    OCI_REFERENCE_PATH_MAX = 255,
    OCI_REFERENCE_DOMAIN_MAX = 255,
    OCI_REFERENCE_TAG_MAX = 128,
};

struct oci_reference {
    char *domain;         /* "docker.io", "registry.example:5000", "[::1]:5000" */
    char *path;           /* "library/alpine" */
    char *tag;            /* NULL where none was written */
    struct digest digest; /* DIGEST_NONE where none was written */
};

/* Parses what a user wrote, short forms included. ERR_INVALID says what is wrong in Docker's words ("invalid reference
 * format: …"); a path of 64 hexadecimal digits is refused, since it could not be told from an ID. No tag is made up:
 * see oci_reference_default_tag(). On failure `ret` owns nothing; else the caller releases it. */
int oci_reference_parse(const char *text, struct oci_reference *ret, struct err *err);

/* Sets the tag "latest" where there is neither tag nor digest. */
void oci_reference_default_tag(struct oci_reference *ref);

void oci_reference_release(struct oci_reference *ref);
#define _cleanup_reference_ _cleanup_(oci_reference_release)

void oci_reference_copy(const struct oci_reference *ref, struct oci_reference *ret);

/* "docker.io/library/alpine:3.20@sha256:…"; only "docker.io/library/alpine". The caller frees them. */
char *oci_reference_format(const struct oci_reference *ref);
char *oci_reference_name(const struct oci_reference *ref);

/* The shortest form that parses to the same: "alpine:3.20", "alpine". The caller frees them. */
char *oci_reference_familiar(const struct oci_reference *ref);
char *oci_reference_familiar_name(const struct oci_reference *ref);

/* Platforms: operating system, architecture and variant, in Go's words, normalised as containerd does ("x86_64" is
 * amd64, "arm64/v8" is arm64, "arm" is arm/v7). OCI image index, "platform".
 */
#pragma once

#include "json/json.h"

struct oci_platform {
    char *architecture; /* "amd64", "arm64", "386" */
    char *os;           /* "linux" */
    char *variant;      /* "v7", or NULL */
    char *os_version;   /* of Windows; or NULL */
    char **os_features; /* of Windows */
};

extern const struct json_type oci_platform_type;

void oci_platform_release(struct oci_platform *p);
#define _cleanup_platform_ _cleanup_(oci_platform_release)

/* What this program was built for: the baseline of the architecture (no amd64 variant), so that a reference means the
 * same image on every machine of an architecture. The caller releases it. */
void oci_platform_host(struct oci_platform *ret);

/* "OS/ARCH[/VARIANT]", or "ARCH" or "OS" alone with the host's other half, normalised. ERR_INVALID. */
int oci_platform_parse(const char *text, struct oci_platform *ret, struct err *err);

/* "linux/arm/v7". The caller frees it. */
char *oci_platform_format(const struct oci_platform *p);

/* How well an image for `offered` serves a machine that is `wanted`: -1 it cannot run there, 0 exactly, and the larger
 * the worse (arm/v6 on arm/v7, amd64 on amd64/v3, and last 386 on amd64 and arm on arm64). */
int oci_platform_distance(const struct oci_platform *wanted, const struct oci_platform *offered);

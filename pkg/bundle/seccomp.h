/* Profiles of system calls in Docker's form, whose rules depend on the host and on the container's capabilities, and
 * their specification for one container: plain data in, plain data out.
 *
 * The default one is Docker's (github.com/moby/profiles), as data: its names and figures.
 */
#pragma once

#include "oci/spec.h"

enum { BUNDLE_SECCOMP_MAX = 1 << 20 /* bytes of a profile that a user brings */ };

/* What conditions are about. */
struct bundle_seccomp_host {
    const char *arch;       /* as profiles name them: "amd64", "arm64" */
    unsigned kernel, major; /* 6, 1 of 6.1.140 */
};

void bundle_seccomp_host(struct bundle_seccomp_host *ret);

/* Docker's default for a container with these capabilities in its bounding set. The caller frees it with
 * oci_seccomp_type. */
struct oci_seccomp *bundle_seccomp_default(const struct bundle_seccomp_host *host, char *const *capabilities);

/* A user's profile, with archMap, includes and excludes. `*ret` is NULL for one that says nothing, which is none.
 * ERR_INVALID names the field. The caller frees `*ret` with oci_seccomp_type. */
int bundle_seccomp_parse(const char *text, size_t len, const struct bundle_seccomp_host *host,
                         char *const *capabilities, struct oci_seccomp **ret, struct err *err);

/* ---- for seccomp_default.c and seccomp_profile.c ---- */

/* All that is there has to hold: any of the architectures; each of the capabilities (to include a rule) or any of them
 * (to exclude it); a kernel of at least this version, "4.8". */
struct bundle_seccomp_when {
    char **caps, **arches;
    char *min_kernel;
};

struct bundle_seccomp_rule {
    struct oci_seccomp_rule rule;
    struct bundle_seccomp_when includes, excludes;
};

/* Whether the rule counts; 1, 0, or ERR_INVALID for a version that is none. */
int bundle_seccomp_applies(const struct bundle_seccomp_rule *rule, const struct bundle_seccomp_host *host,
                           char *const *capabilities, struct err *err);

/* The SCMP_ARCH_ name of the host's own architecture, or NULL. */
const char *bundle_seccomp_arch(const struct bundle_seccomp_host *host);

/* What a runtime can do, as it tells its callers. OCI runtime specification 1.3, features.md and features-linux.md.
 * Plain data: whether this host can do it as well is another question.
 */
#pragma once

#include "json/json.h"

struct oci_features_cgroup {
    bool v1, v2, systemd, systemd_user, rdma;
};

struct oci_features_seccomp {
    bool enabled;
    char **actions, **operators, **archs, **known_flags, **supported_flags;
};

struct oci_features_switch {
    bool enabled;
};

struct oci_features_rdt {
    bool enabled, schemata, monitoring;
};

struct oci_features_memory_policy {
    char **modes, **flags;
};

struct oci_features_mounts {
    struct oci_features_switch idmap;
};

struct oci_features_linux {
    char **namespaces, **capabilities;
    struct oci_features_cgroup cgroup;
    struct oci_features_seccomp seccomp;
    struct oci_features_switch apparmor, selinux;
    struct oci_features_rdt intel_rdt;
    struct oci_features_memory_policy memory_policy;
    struct oci_features_mounts mount_extensions;
    struct oci_features_switch net_devices;
};

struct oci_features {
    char *version_min, *version_max;
    char **hooks;
    char **mount_options;
    struct oci_features_linux platform; /* "linux" */
    char **annotations;                 /* NAME=VALUE */
};

extern const struct json_type oci_features_type;

/* All words that the specification has (spec_words.h), and nothing that the runtime has to know itself: mount options,
 * capabilities, what is built. The caller releases it. */
void oci_features_init(struct oci_features *ret);

void oci_features_release(struct oci_features *features);
#define _cleanup_features_ _cleanup_(oci_features_release)

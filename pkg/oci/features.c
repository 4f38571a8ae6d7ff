#include "oci/features.h"

#include "oci/spec.h"
#include "oci/spec_words.h"

#define TYPE(variable, text, s, table)  \
    const struct json_type variable = { \
        .name = (text), .size = sizeof(s), .fields = (table), .n_fields = ARRAY_SIZE(table)}

#define BOOL(s, name, member)    JSON_FIELD(s, name, JSON_K_BOOL, member, JSON_KEEP_EMPTY)
#define LIST(s, name, member)    JSON_FIELD(s, name, JSON_K_STRV, member)
#define PART(s, name, member, t) JSON_FIELD(s, name, JSON_K_OBJECT, member, JSON_KEEP_EMPTY, &(t))

static const struct json_field cgroup_fields[] = {
    BOOL(struct oci_features_cgroup, "v1", v1),           BOOL(struct oci_features_cgroup, "v2", v2),
    BOOL(struct oci_features_cgroup, "systemd", systemd), BOOL(struct oci_features_cgroup, "systemdUser", systemd_user),
    BOOL(struct oci_features_cgroup, "rdma", rdma),
};
static TYPE(cgroup_type, "cgroup", struct oci_features_cgroup, cgroup_fields);

static const struct json_field seccomp_fields[] = {
    BOOL(struct oci_features_seccomp, "enabled", enabled),
    LIST(struct oci_features_seccomp, "actions", actions),
    LIST(struct oci_features_seccomp, "operators", operators),
    LIST(struct oci_features_seccomp, "archs", archs),
    LIST(struct oci_features_seccomp, "knownFlags", known_flags),
    LIST(struct oci_features_seccomp, "supportedFlags", supported_flags),
};
static TYPE(seccomp_type, "seccomp", struct oci_features_seccomp, seccomp_fields);

static const struct json_field switch_fields[] = {BOOL(struct oci_features_switch, "enabled", enabled)};
static TYPE(switch_type, "feature", struct oci_features_switch, switch_fields);

static const struct json_field rdt_fields[] = {
    BOOL(struct oci_features_rdt, "enabled", enabled),
    BOOL(struct oci_features_rdt, "schemata", schemata),
    BOOL(struct oci_features_rdt, "monitoring", monitoring),
};
static TYPE(rdt_type, "intelRdt", struct oci_features_rdt, rdt_fields);

static const struct json_field memory_policy_fields[] = {
    LIST(struct oci_features_memory_policy, "modes", modes),
    LIST(struct oci_features_memory_policy, "flags", flags),
};
static TYPE(memory_policy_type, "memoryPolicy", struct oci_features_memory_policy, memory_policy_fields);

static const struct json_field mounts_fields[] = {PART(struct oci_features_mounts, "idmap", idmap, switch_type)};
static TYPE(mounts_type, "mountExtensions", struct oci_features_mounts, mounts_fields);

static const struct json_field linux_fields[] = {
    LIST(struct oci_features_linux, "namespaces", namespaces),
    LIST(struct oci_features_linux, "capabilities", capabilities),
    PART(struct oci_features_linux, "cgroup", cgroup, cgroup_type),
    PART(struct oci_features_linux, "seccomp", seccomp, seccomp_type),
    PART(struct oci_features_linux, "apparmor", apparmor, switch_type),
    PART(struct oci_features_linux, "selinux", selinux, switch_type),
    PART(struct oci_features_linux, "intelRdt", intel_rdt, rdt_type),
    PART(struct oci_features_linux, "memoryPolicy", memory_policy, memory_policy_type),
    PART(struct oci_features_linux, "mountExtensions", mount_extensions, mounts_type),
    PART(struct oci_features_linux, "netDevices", net_devices, switch_type),
};
static TYPE(linux_type, "linux", struct oci_features_linux, linux_fields);

static const struct json_field features_fields[] = {
    JSON_FIELD(struct oci_features, "ociVersionMin", JSON_K_STRING, version_min, JSON_REQUIRED),
    JSON_FIELD(struct oci_features, "ociVersionMax", JSON_K_STRING, version_max, JSON_REQUIRED),
    LIST(struct oci_features, "hooks", hooks),
    LIST(struct oci_features, "mountOptions", mount_options),
    PART(struct oci_features, "linux", platform, linux_type),
    JSON_FIELD(struct oci_features, "annotations", JSON_K_MAP, annotations),
};
TYPE(oci_features_type, "features", struct oci_features, features_fields);

static char **copy(const char *const words[])
{
    char **list = NULL;

    for (size_t i = 0; words[i]; i++)
        strv_add(&list, words[i]);
    return list;
}

void oci_features_init(struct oci_features *ret)
{
    struct oci_features_linux *l = &ret->platform;

    *ret = (struct oci_features){
        .version_min = str_dup("1.0.0"),
        .version_max = str_dup(OCI_SPEC_VERSION),
        .hooks = copy(oci_hook_words),
    };
    l->namespaces = copy(oci_namespace_words);
    l->seccomp.actions = copy(oci_seccomp_action_words);
    l->seccomp.operators = copy(oci_seccomp_operator_words);
    l->seccomp.archs = copy(oci_seccomp_arch_words);
    l->seccomp.known_flags = copy(oci_seccomp_flag_words);
    l->memory_policy.modes = copy(oci_memory_mode_words);
    l->memory_policy.flags = copy(oci_memory_flag_words);
}

void oci_features_release(struct oci_features *features)
{
    json_free(&oci_features_type, features);
}

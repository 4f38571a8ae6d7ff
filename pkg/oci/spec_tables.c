/* The JSON tables of spec.h: names, kinds and places of every field, and nothing else. */
#include "oci/spec.h"

#define TYPE(variable, text, s, table)  \
    const struct json_type variable = { \
        .name = (text), .size = sizeof(s), .fields = (table), .n_fields = ARRAY_SIZE(table)}

/* ---- process ---- */

static const struct json_field user_fields[] = {
    JSON_FIELD(struct oci_user, "uid", JSON_K_INT64, uid, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_user, "gid", JSON_K_INT64, gid, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_user, "umask", JSON_K_INT64_PTR, umask),
    JSON_FIELD(struct oci_user, "additionalGids", JSON_K_INTS, additional_gids),
    JSON_FIELD(struct oci_user, "username", JSON_K_STRING, username),
    JSON_FIELD(struct oci_user, "groups", JSON_K_STRV, groups),
};
static TYPE(user_type, "user", struct oci_user, user_fields);

static const struct json_field rlimit_fields[] = {
    JSON_FIELD(struct oci_rlimit, "type", JSON_K_STRING, type, JSON_REQUIRED),
    JSON_FIELD(struct oci_rlimit, "hard", JSON_K_UINT64, hard, JSON_REQUIRED | JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_rlimit, "soft", JSON_K_UINT64, soft, JSON_REQUIRED | JSON_KEEP_EMPTY),
};
static TYPE(rlimit_type, "limit", struct oci_rlimit, rlimit_fields);

static const struct json_field capabilities_fields[] = {
    JSON_FIELD(struct oci_capabilities, "bounding", JSON_K_STRV, bounding),
    JSON_FIELD(struct oci_capabilities, "effective", JSON_K_STRV, effective),
    JSON_FIELD(struct oci_capabilities, "inheritable", JSON_K_STRV, inheritable),
    JSON_FIELD(struct oci_capabilities, "permitted", JSON_K_STRV, permitted),
    JSON_FIELD(struct oci_capabilities, "ambient", JSON_K_STRV, ambient),
};
static TYPE(capabilities_type, "capabilities", struct oci_capabilities, capabilities_fields);

static const struct json_field console_size_fields[] = {
    JSON_FIELD(struct oci_console_size, "height", JSON_K_INT64, height, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_console_size, "width", JSON_K_INT64, width, JSON_KEEP_EMPTY),
};
static TYPE(console_size_type, "console size", struct oci_console_size, console_size_fields);

static const struct json_field scheduler_fields[] = {
    JSON_FIELD(struct oci_scheduler, "policy", JSON_K_STRING, policy, JSON_REQUIRED),
    JSON_FIELD(struct oci_scheduler, "nice", JSON_K_INT64, nice),
    JSON_FIELD(struct oci_scheduler, "priority", JSON_K_INT64, priority),
    JSON_FIELD(struct oci_scheduler, "flags", JSON_K_STRV, flags),
    JSON_FIELD(struct oci_scheduler, "runtime", JSON_K_UINT64, runtime),
    JSON_FIELD(struct oci_scheduler, "deadline", JSON_K_UINT64, deadline),
    JSON_FIELD(struct oci_scheduler, "period", JSON_K_UINT64, period),
};
static TYPE(scheduler_type, "scheduler", struct oci_scheduler, scheduler_fields);

static const struct json_field io_priority_fields[] = {
    JSON_FIELD(struct oci_io_priority, "class", JSON_K_STRING, class, JSON_REQUIRED),
    JSON_FIELD(struct oci_io_priority, "priority", JSON_K_INT64, priority, JSON_REQUIRED | JSON_KEEP_EMPTY),
};
static TYPE(io_priority_type, "I/O priority", struct oci_io_priority, io_priority_fields);

static const struct json_field cpu_affinity_fields[] = {
    JSON_FIELD(struct oci_cpu_affinity, "initial", JSON_K_STRING, initial),
    JSON_FIELD(struct oci_cpu_affinity, "final", JSON_K_STRING, final),
};
static TYPE(cpu_affinity_type, "CPU affinity", struct oci_cpu_affinity, cpu_affinity_fields);

static const struct json_field process_fields[] = {
    JSON_FIELD(struct oci_process, "terminal", JSON_K_BOOL, terminal),
    JSON_FIELD(struct oci_process, "consoleSize", JSON_K_OBJECT, console_size, 0, &console_size_type),
    JSON_FIELD(struct oci_process, "user", JSON_K_OBJECT, user, JSON_KEEP_EMPTY, &user_type),
    JSON_FIELD(struct oci_process, "args", JSON_K_STRV, args),
    JSON_FIELD(struct oci_process, "env", JSON_K_STRV, env),
    JSON_FIELD(struct oci_process, "cwd", JSON_K_STRING, cwd, JSON_REQUIRED),
    JSON_FIELD(struct oci_process, "capabilities", JSON_K_OBJECT, capabilities, 0, &capabilities_type),
    JSON_FIELD(struct oci_process, "rlimits", JSON_K_ARRAY, rlimits, 0, &rlimit_type),
    JSON_FIELD(struct oci_process, "noNewPrivileges", JSON_K_BOOL, no_new_privileges),
    JSON_FIELD(struct oci_process, "apparmorProfile", JSON_K_STRING, apparmor_profile),
    JSON_FIELD(struct oci_process, "oomScoreAdj", JSON_K_INT64_PTR, oom_score_adj),
    JSON_FIELD(struct oci_process, "scheduler", JSON_K_OBJECT_PTR, scheduler, 0, &scheduler_type),
    JSON_FIELD(struct oci_process, "selinuxLabel", JSON_K_STRING, selinux_label),
    JSON_FIELD(struct oci_process, "ioPriority", JSON_K_OBJECT_PTR, io_priority, 0, &io_priority_type),
    JSON_FIELD(struct oci_process, "execCPUAffinity", JSON_K_OBJECT_PTR, exec_cpu_affinity, 0, &cpu_affinity_type),
};
TYPE(oci_process_type, "process", struct oci_process, process_fields);

/* ---- root, mounts, hooks ---- */

static const struct json_field root_fields[] = {
    JSON_FIELD(struct oci_root, "path", JSON_K_STRING, path, JSON_REQUIRED),
    JSON_FIELD(struct oci_root, "readonly", JSON_K_BOOL, readonly),
};
static TYPE(root_type, "root", struct oci_root, root_fields);

static const struct json_field id_mapping_fields[] = {
    JSON_FIELD(struct oci_id_mapping, "containerID", JSON_K_INT64, container_id, JSON_REQUIRED | JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_id_mapping, "hostID", JSON_K_INT64, host_id, JSON_REQUIRED | JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_id_mapping, "size", JSON_K_INT64, size, JSON_REQUIRED | JSON_KEEP_EMPTY),
};
static TYPE(id_mapping_type, "id mapping", struct oci_id_mapping, id_mapping_fields);

static const struct json_field mount_fields[] = {
    JSON_FIELD(struct oci_mount, "destination", JSON_K_STRING, destination, JSON_REQUIRED),
    JSON_FIELD(struct oci_mount, "type", JSON_K_STRING, type),
    JSON_FIELD(struct oci_mount, "source", JSON_K_STRING, source),
    JSON_FIELD(struct oci_mount, "options", JSON_K_STRV, options),
    JSON_FIELD(struct oci_mount, "uidMappings", JSON_K_ARRAY, uid_mappings, 0, &id_mapping_type),
    JSON_FIELD(struct oci_mount, "gidMappings", JSON_K_ARRAY, gid_mappings, 0, &id_mapping_type),
};
static TYPE(mount_type, "mount", struct oci_mount, mount_fields);

static const struct json_field hook_fields[] = {
    JSON_FIELD(struct oci_hook, "path", JSON_K_STRING, path, JSON_REQUIRED),
    JSON_FIELD(struct oci_hook, "args", JSON_K_STRV, args),
    JSON_FIELD(struct oci_hook, "env", JSON_K_STRV, env),
    JSON_FIELD(struct oci_hook, "timeout", JSON_K_INT64_PTR, timeout),
};
static TYPE(hook_type, "hook", struct oci_hook, hook_fields);

static const struct json_field hooks_fields[] = {
    JSON_FIELD(struct oci_hooks, "prestart", JSON_K_ARRAY, prestart, 0, &hook_type),
    JSON_FIELD(struct oci_hooks, "createRuntime", JSON_K_ARRAY, create_runtime, 0, &hook_type),
    JSON_FIELD(struct oci_hooks, "createContainer", JSON_K_ARRAY, create_container, 0, &hook_type),
    JSON_FIELD(struct oci_hooks, "startContainer", JSON_K_ARRAY, start_container, 0, &hook_type),
    JSON_FIELD(struct oci_hooks, "poststart", JSON_K_ARRAY, poststart, 0, &hook_type),
    JSON_FIELD(struct oci_hooks, "poststop", JSON_K_ARRAY, poststop, 0, &hook_type),
};
TYPE(oci_hooks_type, "hooks", struct oci_hooks, hooks_fields);

/* ---- linux ---- */

static const struct json_field namespace_fields[] = {
    JSON_FIELD(struct oci_namespace, "type", JSON_K_STRING, type, JSON_REQUIRED),
    JSON_FIELD(struct oci_namespace, "path", JSON_K_STRING, path),
};
static TYPE(namespace_type, "namespace", struct oci_namespace, namespace_fields);

static const struct json_field time_offset_fields[] = {
    JSON_FIELD(struct oci_time_offset, NULL, JSON_K_STRING, clock),
    JSON_FIELD(struct oci_time_offset, "secs", JSON_K_INT64, secs),
    JSON_FIELD(struct oci_time_offset, "nanosecs", JSON_K_INT64, nanosecs),
};
static TYPE(time_offset_type, "time offset", struct oci_time_offset, time_offset_fields);

static const struct json_field device_fields[] = {
    JSON_FIELD(struct oci_device, "type", JSON_K_STRING, type, JSON_REQUIRED),
    JSON_FIELD(struct oci_device, "path", JSON_K_STRING, path, JSON_REQUIRED),
    JSON_FIELD(struct oci_device, "major", JSON_K_INT64_PTR, major),
    JSON_FIELD(struct oci_device, "minor", JSON_K_INT64_PTR, minor),
    JSON_FIELD(struct oci_device, "fileMode", JSON_K_INT64_PTR, mode),
    JSON_FIELD(struct oci_device, "uid", JSON_K_INT64, uid),
    JSON_FIELD(struct oci_device, "gid", JSON_K_INT64, gid),
};
static TYPE(device_type, "device", struct oci_device, device_fields);

static const struct json_field net_device_fields[] = {
    JSON_FIELD(struct oci_net_device, NULL, JSON_K_STRING, host_name),
    JSON_FIELD(struct oci_net_device, "name", JSON_K_STRING, name),
};
static TYPE(net_device_type, "network device", struct oci_net_device, net_device_fields);

static const struct json_field device_rule_fields[] = {
    JSON_FIELD(struct oci_device_rule, "allow", JSON_K_BOOL, allow, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_device_rule, "type", JSON_K_STRING, type),
    JSON_FIELD(struct oci_device_rule, "major", JSON_K_INT64_PTR, major),
    JSON_FIELD(struct oci_device_rule, "minor", JSON_K_INT64_PTR, minor),
    JSON_FIELD(struct oci_device_rule, "access", JSON_K_STRING, access),
};
static TYPE(device_rule_type, "device rule", struct oci_device_rule, device_rule_fields);

static const struct json_field memory_fields[] = {
    JSON_FIELD(struct oci_memory, "limit", JSON_K_INT64, limit),
    JSON_FIELD(struct oci_memory, "reservation", JSON_K_INT64, reservation),
    JSON_FIELD(struct oci_memory, "swap", JSON_K_INT64, swap),
    JSON_FIELD(struct oci_memory, "kernel", JSON_K_INT64, kernel),
    JSON_FIELD(struct oci_memory, "kernelTCP", JSON_K_INT64, kernel_tcp),
    JSON_FIELD(struct oci_memory, "swappiness", JSON_K_INT64_PTR, swappiness, JSON_WRAPS),
    JSON_FIELD(struct oci_memory, "disableOOMKiller", JSON_K_BOOL, disable_oom_killer),
    JSON_FIELD(struct oci_memory, "useHierarchy", JSON_K_BOOL, use_hierarchy),
    JSON_FIELD(struct oci_memory, "checkBeforeUpdate", JSON_K_BOOL, check_before_update),
};
static TYPE(memory_type, "memory", struct oci_memory, memory_fields);

static const struct json_field cpu_fields[] = {
    JSON_FIELD(struct oci_cpu, "shares", JSON_K_INT64, shares),
    JSON_FIELD(struct oci_cpu, "quota", JSON_K_INT64, quota),
    JSON_FIELD(struct oci_cpu, "burst", JSON_K_INT64_PTR, burst),
    JSON_FIELD(struct oci_cpu, "period", JSON_K_INT64, period),
    JSON_FIELD(struct oci_cpu, "realtimeRuntime", JSON_K_INT64, realtime_runtime),
    JSON_FIELD(struct oci_cpu, "realtimePeriod", JSON_K_INT64, realtime_period),
    JSON_FIELD(struct oci_cpu, "cpus", JSON_K_STRING, cpus),
    JSON_FIELD(struct oci_cpu, "mems", JSON_K_STRING, mems),
    JSON_FIELD(struct oci_cpu, "idle", JSON_K_INT64_PTR, idle),
};
static TYPE(cpu_type, "cpu", struct oci_cpu, cpu_fields);

static const struct json_field pids_fields[] = {
    JSON_FIELD(struct oci_pids, "limit", JSON_K_INT64_PTR, limit),
};
static TYPE(pids_type, "pids", struct oci_pids, pids_fields);

static const struct json_field throttle_fields[] = {
    JSON_FIELD(struct oci_throttle, "major", JSON_K_INT64, major, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_throttle, "minor", JSON_K_INT64, minor, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_throttle, "rate", JSON_K_INT64, rate, JSON_KEEP_EMPTY),
};
static TYPE(throttle_type, "throttle", struct oci_throttle, throttle_fields);

static const struct json_field weight_device_fields[] = {
    JSON_FIELD(struct oci_weight_device, "major", JSON_K_INT64, major, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_weight_device, "minor", JSON_K_INT64, minor, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_weight_device, "weight", JSON_K_INT64, weight),
    JSON_FIELD(struct oci_weight_device, "leafWeight", JSON_K_INT64, leaf_weight),
};
static TYPE(weight_device_type, "weight", struct oci_weight_device, weight_device_fields);

static const struct json_field block_io_fields[] = {
    JSON_FIELD(struct oci_block_io, "weight", JSON_K_INT64, weight),
    JSON_FIELD(struct oci_block_io, "leafWeight", JSON_K_INT64, leaf_weight),
    JSON_FIELD(struct oci_block_io, "weightDevice", JSON_K_ARRAY, weight_devices, 0, &weight_device_type),
    JSON_FIELD(struct oci_block_io, "throttleReadBpsDevice", JSON_K_ARRAY, read_bps, 0, &throttle_type),
    JSON_FIELD(struct oci_block_io, "throttleWriteBpsDevice", JSON_K_ARRAY, write_bps, 0, &throttle_type),
    JSON_FIELD(struct oci_block_io, "throttleReadIOPSDevice", JSON_K_ARRAY, read_iops, 0, &throttle_type),
    JSON_FIELD(struct oci_block_io, "throttleWriteIOPSDevice", JSON_K_ARRAY, write_iops, 0, &throttle_type),
};
static TYPE(block_io_type, "block I/O", struct oci_block_io, block_io_fields);

static const struct json_field hugepage_limit_fields[] = {
    JSON_FIELD(struct oci_hugepage_limit, "pageSize", JSON_K_STRING, page_size, JSON_REQUIRED),
    JSON_FIELD(struct oci_hugepage_limit, "limit", JSON_K_UINT64, limit, JSON_REQUIRED | JSON_KEEP_EMPTY),
};
static TYPE(hugepage_limit_type, "huge page limit", struct oci_hugepage_limit, hugepage_limit_fields);

static const struct json_field interface_priority_fields[] = {
    JSON_FIELD(struct oci_interface_priority, "name", JSON_K_STRING, name, JSON_REQUIRED),
    JSON_FIELD(struct oci_interface_priority, "priority", JSON_K_INT64, priority, JSON_REQUIRED | JSON_KEEP_EMPTY),
};
static TYPE(interface_priority_type, "priority", struct oci_interface_priority, interface_priority_fields);

static const struct json_field network_fields[] = {
    JSON_FIELD(struct oci_network, "classID", JSON_K_INT64_PTR, class_id),
    JSON_FIELD(struct oci_network, "priorities", JSON_K_ARRAY, priorities, 0, &interface_priority_type),
};
static TYPE(network_type, "network", struct oci_network, network_fields);

static const struct json_field rdma_fields[] = {
    JSON_FIELD(struct oci_rdma, NULL, JSON_K_STRING, device),
    JSON_FIELD(struct oci_rdma, "hcaHandles", JSON_K_INT64_PTR, hca_handles),
    JSON_FIELD(struct oci_rdma, "hcaObjects", JSON_K_INT64_PTR, hca_objects),
};
static TYPE(rdma_type, "rdma", struct oci_rdma, rdma_fields);

static const struct json_field resources_fields[] = {
    JSON_FIELD(struct oci_resources, "devices", JSON_K_ARRAY, devices, 0, &device_rule_type),
    JSON_FIELD(struct oci_resources, "memory", JSON_K_OBJECT, memory, 0, &memory_type),
    JSON_FIELD(struct oci_resources, "cpu", JSON_K_OBJECT, cpu, 0, &cpu_type),
    JSON_FIELD(struct oci_resources, "pids", JSON_K_OBJECT, pids, 0, &pids_type),
    JSON_FIELD(struct oci_resources, "blockIO", JSON_K_OBJECT, block_io, 0, &block_io_type),
    JSON_FIELD(struct oci_resources, "hugepageLimits", JSON_K_ARRAY, hugepage_limits, 0, &hugepage_limit_type),
    JSON_FIELD(struct oci_resources, "network", JSON_K_OBJECT, network, 0, &network_type),
    JSON_FIELD(struct oci_resources, "rdma", JSON_K_DICT, rdma, 0, &rdma_type),
    JSON_FIELD(struct oci_resources, "unified", JSON_K_MAP, unified),
};
TYPE(oci_resources_type, "resources", struct oci_resources, resources_fields);

static const struct json_field intel_rdt_fields[] = {
    JSON_FIELD(struct oci_intel_rdt, "closID", JSON_K_STRING, clos_id),
    JSON_FIELD(struct oci_intel_rdt, "schemata", JSON_K_STRV, schemata),
    JSON_FIELD(struct oci_intel_rdt, "l3CacheSchema", JSON_K_STRING, l3_cache_schema),
    JSON_FIELD(struct oci_intel_rdt, "memBwSchema", JSON_K_STRING, mem_bw_schema),
    JSON_FIELD(struct oci_intel_rdt, "enableMonitoring", JSON_K_BOOL, enable_monitoring),
};
TYPE(oci_intel_rdt_type, "intelRdt", struct oci_intel_rdt, intel_rdt_fields);

static const struct json_field seccomp_arg_fields[] = {
    JSON_FIELD(struct oci_seccomp_arg, "index", JSON_K_INT64, index, JSON_REQUIRED | JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_seccomp_arg, "value", JSON_K_UINT64, value, JSON_REQUIRED | JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_seccomp_arg, "valueTwo", JSON_K_UINT64, value_two),
    JSON_FIELD(struct oci_seccomp_arg, "op", JSON_K_STRING, op, JSON_REQUIRED),
};
static TYPE(seccomp_arg_type, "argument", struct oci_seccomp_arg, seccomp_arg_fields);

static const struct json_field seccomp_rule_fields[] = {
    JSON_FIELD(struct oci_seccomp_rule, "names", JSON_K_STRV, names, JSON_REQUIRED),
    JSON_FIELD(struct oci_seccomp_rule, "action", JSON_K_STRING, action, JSON_REQUIRED),
    JSON_FIELD(struct oci_seccomp_rule, "errnoRet", JSON_K_INT64_PTR, errno_ret),
    JSON_FIELD(struct oci_seccomp_rule, "args", JSON_K_ARRAY, args, 0, &seccomp_arg_type),
};
static TYPE(seccomp_rule_type, "seccomp rule", struct oci_seccomp_rule, seccomp_rule_fields);

static const struct json_field seccomp_fields[] = {
    JSON_FIELD(struct oci_seccomp, "defaultAction", JSON_K_STRING, default_action, JSON_REQUIRED),
    JSON_FIELD(struct oci_seccomp, "defaultErrnoRet", JSON_K_INT64_PTR, default_errno_ret),
    JSON_FIELD(struct oci_seccomp, "architectures", JSON_K_STRV, architectures),
    JSON_FIELD(struct oci_seccomp, "flags", JSON_K_STRV, flags),
    JSON_FIELD(struct oci_seccomp, "listenerPath", JSON_K_STRING, listener_path),
    JSON_FIELD(struct oci_seccomp, "listenerMetadata", JSON_K_STRING, listener_metadata),
    JSON_FIELD(struct oci_seccomp, "syscalls", JSON_K_ARRAY, syscalls, 0, &seccomp_rule_type),
};
TYPE(oci_seccomp_type, "seccomp", struct oci_seccomp, seccomp_fields);

static const struct json_field personality_fields[] = {
    JSON_FIELD(struct oci_personality, "domain", JSON_K_STRING, domain, JSON_REQUIRED),
    JSON_FIELD(struct oci_personality, "flags", JSON_K_STRV, flags),
};
static TYPE(personality_type, "personality", struct oci_personality, personality_fields);

static const struct json_field memory_policy_fields[] = {
    JSON_FIELD(struct oci_memory_policy, "mode", JSON_K_STRING, mode, JSON_REQUIRED),
    JSON_FIELD(struct oci_memory_policy, "nodes", JSON_K_STRING, nodes),
    JSON_FIELD(struct oci_memory_policy, "flags", JSON_K_STRV, flags),
};
static TYPE(memory_policy_type, "memory policy", struct oci_memory_policy, memory_policy_fields);

static const struct json_field linux_fields[] = {
    JSON_FIELD(struct oci_linux, "uidMappings", JSON_K_ARRAY, uid_mappings, 0, &id_mapping_type),
    JSON_FIELD(struct oci_linux, "gidMappings", JSON_K_ARRAY, gid_mappings, 0, &id_mapping_type),
    JSON_FIELD(struct oci_linux, "sysctl", JSON_K_MAP, sysctl),
    JSON_FIELD(struct oci_linux, "resources", JSON_K_OBJECT, resources, 0, &oci_resources_type),
    JSON_FIELD(struct oci_linux, "cgroupsPath", JSON_K_STRING, cgroups_path),
    JSON_FIELD(struct oci_linux, "namespaces", JSON_K_ARRAY, namespaces, 0, &namespace_type),
    JSON_FIELD(struct oci_linux, "devices", JSON_K_ARRAY, devices, 0, &device_type),
    JSON_FIELD(struct oci_linux, "netDevices", JSON_K_DICT, net_devices, 0, &net_device_type),
    JSON_FIELD(struct oci_linux, "seccomp", JSON_K_OBJECT_PTR, seccomp, 0, &oci_seccomp_type),
    JSON_FIELD(struct oci_linux, NULL, JSON_K_STRING, seccomp_text),
    JSON_FIELD(struct oci_linux, "rootfsPropagation", JSON_K_STRING, rootfs_propagation),
    JSON_FIELD(struct oci_linux, "maskedPaths", JSON_K_STRV, masked_paths),
    JSON_FIELD(struct oci_linux, "readonlyPaths", JSON_K_STRV, readonly_paths),
    JSON_FIELD(struct oci_linux, "mountLabel", JSON_K_STRING, mount_label),
    JSON_FIELD(struct oci_linux, "intelRdt", JSON_K_OBJECT_PTR, intel_rdt, 0, &oci_intel_rdt_type),
    JSON_FIELD(struct oci_linux, "memoryPolicy", JSON_K_OBJECT_PTR, memory_policy, 0, &memory_policy_type),
    JSON_FIELD(struct oci_linux, "personality", JSON_K_OBJECT_PTR, personality, 0, &personality_type),
    JSON_FIELD(struct oci_linux, "timeOffsets", JSON_K_DICT, time_offsets, 0, &time_offset_type),
};
static TYPE(linux_type, "linux", struct oci_linux, linux_fields);

static const struct json_field spec_fields[] = {
    JSON_FIELD(struct oci_spec, "ociVersion", JSON_K_STRING, version, JSON_REQUIRED),
    JSON_FIELD(struct oci_spec, "process", JSON_K_OBJECT, process, 0, &oci_process_type),
    JSON_FIELD(struct oci_spec, "root", JSON_K_OBJECT, root, JSON_REQUIRED, &root_type),
    JSON_FIELD(struct oci_spec, "hostname", JSON_K_STRING, hostname),
    JSON_FIELD(struct oci_spec, "domainname", JSON_K_STRING, domainname),
    JSON_FIELD(struct oci_spec, "mounts", JSON_K_ARRAY, mounts, 0, &mount_type),
    JSON_FIELD(struct oci_spec, "hooks", JSON_K_OBJECT, hooks, 0, &oci_hooks_type),
    JSON_FIELD(struct oci_spec, "annotations", JSON_K_MAP, annotations),
    JSON_FIELD(struct oci_spec, "linux", JSON_K_OBJECT, platform, 0, &linux_type),
};
TYPE(oci_spec_type, "runtime specification", struct oci_spec, spec_fields);

/* The JSON tables of engine.h: names, kinds and places of every field, in Docker's order. */
#include "oci/engine.h"

#define TYPE(variable, text, s, table)  \
    const struct json_type variable = { \
        .name = (text), .size = sizeof(s), .fields = (table), .n_fields = ARRAY_SIZE(table)}

/* ---- Config ---- */

#define CONFIG(json_name, kind, member, ...) JSON_FIELD(struct engine_config, json_name, kind, member, __VA_ARGS__)

static const struct json_field config_fields[] = {
    CONFIG("Hostname", JSON_K_STRING, hostname),
    CONFIG("Domainname", JSON_K_STRING, domainname),
    CONFIG("User", JSON_K_STRING, config.user),
    CONFIG("AttachStdin", JSON_K_BOOL, attach_stdin),
    CONFIG("AttachStdout", JSON_K_BOOL, attach_stdout),
    CONFIG("AttachStderr", JSON_K_BOOL, attach_stderr),
    CONFIG("ExposedPorts", JSON_K_SET, config.exposed_ports),
    CONFIG("Tty", JSON_K_BOOL, tty),
    CONFIG("OpenStdin", JSON_K_BOOL, open_stdin),
    CONFIG("StdinOnce", JSON_K_BOOL, stdin_once),
    CONFIG("Env", JSON_K_STRV, config.env),
    CONFIG("Cmd", JSON_K_STRV, config.cmd),
    CONFIG("Healthcheck", JSON_K_OBJECT_PTR, config.healthcheck, 0, &oci_healthcheck_type),
    CONFIG("ArgsEscaped", JSON_K_BOOL, config.args_escaped),
    CONFIG("Image", JSON_K_STRING, image),
    CONFIG("Volumes", JSON_K_SET, config.volumes),
    CONFIG("WorkingDir", JSON_K_STRING, config.working_dir),
    CONFIG("Entrypoint", JSON_K_STRV, config.entrypoint),
    CONFIG("OnBuild", JSON_K_STRV, config.on_build),
    CONFIG("Labels", JSON_K_MAP, config.labels),
    CONFIG("StopSignal", JSON_K_STRING, config.stop_signal),
    CONFIG("StopTimeout", JSON_K_INT64_PTR, stop_timeout),
    CONFIG("Shell", JSON_K_STRV, config.shell),
};
TYPE(engine_config_type, "Config", struct engine_config, config_fields);

/* ---- parts of HostConfig ---- */

static const struct json_field log_config_fields[] = {
    JSON_FIELD(struct engine_log_config, "Type", JSON_K_STRING, type),
    JSON_FIELD(struct engine_log_config, "Config", JSON_K_MAP, config),
};
static TYPE(log_config_type, "LogConfig", struct engine_log_config, log_config_fields);

static const struct json_field restart_policy_fields[] = {
    JSON_FIELD(struct engine_restart_policy, "Name", JSON_K_STRING, name),
    JSON_FIELD(struct engine_restart_policy, "MaximumRetryCount", JSON_K_INT64, maximum_retry_count),
};
static TYPE(restart_policy_type, "RestartPolicy", struct engine_restart_policy, restart_policy_fields);

static const struct json_field weight_device_fields[] = {
    JSON_FIELD(struct engine_weight_device, "Path", JSON_K_STRING, path),
    JSON_FIELD(struct engine_weight_device, "Weight", JSON_K_INT64, weight, JSON_KEEP_EMPTY),
};
static TYPE(weight_device_type, "weight", struct engine_weight_device, weight_device_fields);

static const struct json_field rate_device_fields[] = {
    JSON_FIELD(struct engine_rate_device, "Path", JSON_K_STRING, path),
    JSON_FIELD(struct engine_rate_device, "Rate", JSON_K_UINT64, rate, JSON_KEEP_EMPTY),
};
static TYPE(rate_device_type, "rate", struct engine_rate_device, rate_device_fields);

static const struct json_field device_fields[] = {
    JSON_FIELD(struct engine_device, "PathOnHost", JSON_K_STRING, path_on_host, JSON_KEEP_EMPTY),
    JSON_FIELD(struct engine_device, "PathInContainer", JSON_K_STRING, path_in_container, JSON_KEEP_EMPTY),
    JSON_FIELD(struct engine_device, "CgroupPermissions", JSON_K_STRING, cgroup_permissions, JSON_KEEP_EMPTY),
};
static TYPE(device_type, "device", struct engine_device, device_fields);

static const struct json_field device_request_fields[] = {
    JSON_FIELD(struct engine_device_request, "Driver", JSON_K_STRING, driver, JSON_KEEP_EMPTY),
    JSON_FIELD(struct engine_device_request, "Count", JSON_K_INT64, count, JSON_KEEP_EMPTY),
    JSON_FIELD(struct engine_device_request, "DeviceIDs", JSON_K_STRV, device_ids, JSON_KEEP_EMPTY),
    JSON_FIELD(struct engine_device_request, "Capabilities", JSON_K_RAW, capabilities, JSON_KEEP_EMPTY),
    JSON_FIELD(struct engine_device_request, "Options", JSON_K_MAP, options, JSON_KEEP_EMPTY),
};
static TYPE(device_request_type, "device request", struct engine_device_request, device_request_fields);

static const struct json_field ulimit_fields[] = {
    JSON_FIELD(struct engine_ulimit, "Name", JSON_K_STRING, name),
    JSON_FIELD(struct engine_ulimit, "Hard", JSON_K_INT64, hard, JSON_KEEP_EMPTY),
    JSON_FIELD(struct engine_ulimit, "Soft", JSON_K_INT64, soft, JSON_KEEP_EMPTY),
};
static TYPE(ulimit_type, "ulimit", struct engine_ulimit, ulimit_fields);

/* ---- mounts ---- */

static const struct json_field bind_options_fields[] = {
    JSON_FIELD(struct engine_bind_options, "Propagation", JSON_K_STRING, propagation),
    JSON_FIELD(struct engine_bind_options, "NonRecursive", JSON_K_BOOL, non_recursive),
    JSON_FIELD(struct engine_bind_options, "CreateMountpoint", JSON_K_BOOL, create_mountpoint),
    JSON_FIELD(struct engine_bind_options, "ReadOnlyNonRecursive", JSON_K_BOOL, read_only_non_recursive),
    JSON_FIELD(struct engine_bind_options, "ReadOnlyForceRecursive", JSON_K_BOOL, read_only_force_recursive),
};
static TYPE(bind_options_type, "bind options", struct engine_bind_options, bind_options_fields);

struct driver_config {
    char *name;
    char **options;
};
static const struct json_field driver_config_fields[] = {
    JSON_FIELD(struct driver_config, "Name", JSON_K_STRING, name),
    JSON_FIELD(struct driver_config, "Options", JSON_K_MAP, options),
};
static TYPE(driver_config_type, "driver", struct driver_config, driver_config_fields);

static const struct json_field volume_options_fields[] = {
    JSON_FIELD(struct engine_volume_options, "NoCopy", JSON_K_BOOL, no_copy),
    JSON_FIELD(struct engine_volume_options, "Labels", JSON_K_MAP, labels),
    JSON_FIELD(struct engine_volume_options, "Subpath", JSON_K_STRING, subpath),
    JSON_FIELD(struct engine_volume_options, "DriverConfig", JSON_K_OBJECT, driver, 0, &driver_config_type),
};
static TYPE(volume_options_type, "volume options", struct engine_volume_options, volume_options_fields);

static const struct json_field image_options_fields[] = {
    JSON_FIELD(struct engine_image_options, "Subpath", JSON_K_STRING, subpath),
};
static TYPE(image_options_type, "image options", struct engine_image_options, image_options_fields);

static const struct json_field tmpfs_options_fields[] = {
    JSON_FIELD(struct engine_tmpfs_options, "SizeBytes", JSON_K_INT64, size_bytes),
    JSON_FIELD(struct engine_tmpfs_options, "Mode", JSON_K_INT64, mode),
};
static TYPE(tmpfs_options_type, "tmpfs options", struct engine_tmpfs_options, tmpfs_options_fields);

#define MOUNT(json_name, kind, member, ...) JSON_FIELD(struct engine_mount, json_name, kind, member, __VA_ARGS__)

static const struct json_field mount_fields[] = {
    MOUNT("Type", JSON_K_STRING, type),
    MOUNT("Source", JSON_K_STRING, source),
    MOUNT("Target", JSON_K_STRING, target),
    MOUNT("ReadOnly", JSON_K_BOOL, read_only),
    MOUNT("Consistency", JSON_K_STRING, consistency),
    MOUNT("BindOptions", JSON_K_OBJECT_PTR, bind_options, 0, &bind_options_type),
    MOUNT("VolumeOptions", JSON_K_OBJECT_PTR, volume_options, 0, &volume_options_type),
    MOUNT("ImageOptions", JSON_K_OBJECT_PTR, image_options, 0, &image_options_type),
    MOUNT("TmpfsOptions", JSON_K_OBJECT_PTR, tmpfs_options, 0, &tmpfs_options_type),
};
TYPE(engine_mount_type, "mount", struct engine_mount, mount_fields);

#define POINT(json_name, kind, member, ...) JSON_FIELD(struct engine_mount_point, json_name, kind, member, __VA_ARGS__)

static const struct json_field mount_point_fields[] = {
    POINT("Type", JSON_K_STRING, type),
    POINT("Name", JSON_K_STRING, name),
    POINT("Source", JSON_K_STRING, source),
    POINT("Destination", JSON_K_STRING, destination),
    POINT("Driver", JSON_K_STRING, driver),
    POINT("Mode", JSON_K_STRING, mode),
    POINT("RW", JSON_K_BOOL, rw),
    POINT("Propagation", JSON_K_STRING, propagation),
    POINT("Anonymous", JSON_K_BOOL, anonymous),
    POINT("MountType", JSON_K_STRING, mount_type),
    POINT("MountSource", JSON_K_STRING, mount_source),
    POINT("MountOptions", JSON_K_STRV, mount_options),
};
TYPE(engine_mount_point_type, "mount point", struct engine_mount_point, mount_point_fields);

/* ---- networks ---- */

#define BINDING(json_name, kind, member) JSON_FIELD(struct engine_port_binding, json_name, kind, member)

static const struct json_field port_binding_fields[] = {
    BINDING("Protocol", JSON_K_STRING, protocol),   BINDING("ContainerFirst", JSON_K_INT64, container_first),
    BINDING("Count", JSON_K_INT64, count),          BINDING("HostIp", JSON_K_STRING, host_ip),
    BINDING("HostFirst", JSON_K_INT64, host_first), BINDING("HostLast", JSON_K_INT64, host_last),
};
TYPE(engine_port_binding_type, "published ports", struct engine_port_binding, port_binding_fields);

#define ENDPOINT(json_name, kind, member) JSON_FIELD(struct engine_endpoint, json_name, kind, member)

static const struct json_field endpoint_fields[] = {
    ENDPOINT("Network", JSON_K_STRING, network),           ENDPOINT("Aliases", JSON_K_STRV, aliases),
    ENDPOINT("IPv4Address", JSON_K_STRING, ipv4_address),  ENDPOINT("IPv6Address", JSON_K_STRING, ipv6_address),
    ENDPOINT("LinkLocalIPs", JSON_K_STRV, link_local_ips), ENDPOINT("MacAddress", JSON_K_STRING, mac_address),
    ENDPOINT("DriverOpts", JSON_K_MAP, driver_opts),       ENDPOINT("GwPriority", JSON_K_INT64, gw_priority),
};
TYPE(engine_endpoint_type, "endpoint", struct engine_endpoint, endpoint_fields);

/* ---- HostConfig ---- */

#define HOST(json_name, kind, member, ...) JSON_FIELD(struct engine_host_config, json_name, kind, member, __VA_ARGS__)

static const struct json_field host_config_fields[] = {
    HOST("Binds", JSON_K_STRV, binds),
    HOST("ContainerIDFile", JSON_K_STRING, container_id_file),
    HOST("LogConfig", JSON_K_OBJECT, log_config, 0, &log_config_type),
    HOST("NetworkMode", JSON_K_STRING, network_mode),
    HOST("PortRanges", JSON_K_ARRAY, port_bindings, 0, &engine_port_binding_type),
    HOST("RestartPolicy", JSON_K_OBJECT, restart_policy, 0, &restart_policy_type),
    HOST("AutoRemove", JSON_K_BOOL, auto_remove),
    HOST("VolumeDriver", JSON_K_STRING, volume_driver),
    HOST("VolumesFrom", JSON_K_STRV, volumes_from),
    HOST("ConsoleSize", JSON_K_INTS, console_size),
    HOST("Annotations", JSON_K_MAP, annotations),
    HOST("CapAdd", JSON_K_STRV, cap_add),
    HOST("CapDrop", JSON_K_STRV, cap_drop),
    HOST("CgroupnsMode", JSON_K_STRING, cgroupns_mode),
    HOST("Dns", JSON_K_STRV, dns),
    HOST("DnsOptions", JSON_K_STRV, dns_options),
    HOST("DnsSearch", JSON_K_STRV, dns_search),
    HOST("ExtraHosts", JSON_K_STRV, extra_hosts),
    HOST("GroupAdd", JSON_K_STRV, group_add),
    HOST("IpcMode", JSON_K_STRING, ipc_mode),
    HOST("Cgroup", JSON_K_STRING, cgroup),
    HOST("Links", JSON_K_STRV, links),
    HOST("OomScoreAdj", JSON_K_INT64, oom_score_adj),
    HOST("PidMode", JSON_K_STRING, pid_mode),
    HOST("Privileged", JSON_K_BOOL, privileged),
    HOST("PublishAllPorts", JSON_K_BOOL, publish_all_ports),
    HOST("ReadonlyRootfs", JSON_K_BOOL, readonly_rootfs),
    HOST("SecurityOpt", JSON_K_STRV, security_opt),
    HOST("StorageOpt", JSON_K_MAP, storage_opt),
    HOST("Tmpfs", JSON_K_MAP, tmpfs),
    HOST("UTSMode", JSON_K_STRING, uts_mode),
    HOST("UsernsMode", JSON_K_STRING, userns_mode),
    HOST("ShmSize", JSON_K_INT64, shm_size),
    HOST("Sysctls", JSON_K_MAP, sysctls),
    HOST("Runtime", JSON_K_STRING, runtime),
    HOST("Isolation", JSON_K_STRING, isolation),
    HOST("CpuShares", JSON_K_INT64, cpu_shares),
    HOST("Memory", JSON_K_INT64, memory),
    HOST("NanoCpus", JSON_K_INT64, nano_cpus),
    HOST("CgroupParent", JSON_K_STRING, cgroup_parent),
    HOST("BlkioWeight", JSON_K_INT64, blkio_weight),
    HOST("BlkioWeightDevice", JSON_K_ARRAY, blkio_weight_device, 0, &weight_device_type),
    HOST("BlkioDeviceReadBps", JSON_K_ARRAY, blkio_device_read_bps, 0, &rate_device_type),
    HOST("BlkioDeviceWriteBps", JSON_K_ARRAY, blkio_device_write_bps, 0, &rate_device_type),
    HOST("BlkioDeviceReadIOps", JSON_K_ARRAY, blkio_device_read_iops, 0, &rate_device_type),
    HOST("BlkioDeviceWriteIOps", JSON_K_ARRAY, blkio_device_write_iops, 0, &rate_device_type),
    HOST("CpuPeriod", JSON_K_INT64, cpu_period),
    HOST("CpuQuota", JSON_K_INT64, cpu_quota),
    HOST("CpuRealtimePeriod", JSON_K_INT64, cpu_realtime_period),
    HOST("CpuRealtimeRuntime", JSON_K_INT64, cpu_realtime_runtime),
    HOST("CpusetCpus", JSON_K_STRING, cpuset_cpus),
    HOST("CpusetMems", JSON_K_STRING, cpuset_mems),
    HOST("Devices", JSON_K_ARRAY, devices, 0, &device_type),
    HOST("DeviceCgroupRules", JSON_K_STRV, device_cgroup_rules),
    HOST("DeviceRequests", JSON_K_ARRAY, device_requests, 0, &device_request_type),
    HOST("MemoryReservation", JSON_K_INT64, memory_reservation),
    HOST("MemorySwap", JSON_K_INT64, memory_swap),
    HOST("MemorySwappiness", JSON_K_INT64_PTR, memory_swappiness),
    HOST("OomKillDisable", JSON_K_BOOL_PTR, oom_kill_disable),
    HOST("PidsLimit", JSON_K_INT64_PTR, pids_limit),
    HOST("Ulimits", JSON_K_ARRAY, ulimits, 0, &ulimit_type),
    HOST("Mounts", JSON_K_ARRAY, mounts, 0, &engine_mount_type),
    HOST("MaskedPaths", JSON_K_STRV, masked_paths),
    HOST("ReadonlyPaths", JSON_K_STRV, readonly_paths),
    HOST("Init", JSON_K_BOOL_PTR, init),
};
TYPE(engine_host_config_type, "HostConfig", struct engine_host_config, host_config_fields);

/* ---- all of it ---- */

static const struct json_field options_fields[] = {
    JSON_FIELD(struct engine_options, "Config", JSON_K_OBJECT, config, 0, &engine_config_type),
    JSON_FIELD(struct engine_options, "HostConfig", JSON_K_OBJECT, host, 0, &engine_host_config_type),
    JSON_FIELD(struct engine_options, "Mounts", JSON_K_ARRAY, mounts, 0, &engine_mount_point_type),
    JSON_FIELD(struct engine_options, "Networks", JSON_K_ARRAY, networks, 0, &engine_endpoint_type),
    JSON_FIELD(struct engine_options, "LeftNone", JSON_K_BOOL, left_none),
    JSON_FIELD(struct engine_options, "Command", JSON_K_STRV, entrypoint_and_args),
};
TYPE(engine_options_type, "options", struct engine_options, options_fields);

bool engine_is_on_none(const struct engine_options *o)
{
    return str_eq(o->host.network_mode, "none") && !o->left_none;
}

void engine_options_release(struct engine_options *o)
{
    json_free(&engine_options_type, o);
}

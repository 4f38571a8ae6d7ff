#include "oci/spec.h"

#define TYPE(variable, text, s, table)  \
    const struct json_type variable = { \
        .name = (text), .size = sizeof(s), .fields = (table), .n_fields = ARRAY_SIZE(table)}

static const struct json_field user_fields[] = {
    JSON_FIELD(struct oci_user, "uid", JSON_K_INT64, uid, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_user, "gid", JSON_K_INT64, gid, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_user, "umask", JSON_K_INT64_PTR, umask),
    JSON_FIELD(struct oci_user, "additionalGids", JSON_K_INTS, additional_gids),
    JSON_FIELD(struct oci_user, "username", JSON_K_STRING, username),
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
    JSON_FIELD(struct oci_console_size, "height", JSON_K_INT64, height),
    JSON_FIELD(struct oci_console_size, "width", JSON_K_INT64, width),
};
static TYPE(console_size_type, "console size", struct oci_console_size, console_size_fields);

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
    JSON_FIELD(struct oci_process, "oomScoreAdj", JSON_K_INT64_PTR, oom_score_adj),
};
TYPE(oci_process_type, "process", struct oci_process, process_fields);

static const struct json_field root_fields[] = {
    JSON_FIELD(struct oci_root, "path", JSON_K_STRING, path, JSON_REQUIRED),
    JSON_FIELD(struct oci_root, "readonly", JSON_K_BOOL, readonly),
};
static TYPE(root_type, "root", struct oci_root, root_fields);

static const struct json_field mount_fields[] = {
    JSON_FIELD(struct oci_mount, "destination", JSON_K_STRING, destination, JSON_REQUIRED),
    JSON_FIELD(struct oci_mount, "type", JSON_K_STRING, type),
    JSON_FIELD(struct oci_mount, "source", JSON_K_STRING, source),
    JSON_FIELD(struct oci_mount, "options", JSON_K_STRV, options),
};
static TYPE(mount_type, "mount", struct oci_mount, mount_fields);

static const struct json_field namespace_fields[] = {
    JSON_FIELD(struct oci_namespace, "type", JSON_K_STRING, type, JSON_REQUIRED),
    JSON_FIELD(struct oci_namespace, "path", JSON_K_STRING, path),
};
static TYPE(namespace_type, "namespace", struct oci_namespace, namespace_fields);

static const struct json_field device_fields[] = {
    JSON_FIELD(struct oci_device, "type", JSON_K_STRING, type, JSON_REQUIRED),
    JSON_FIELD(struct oci_device, "path", JSON_K_STRING, path, JSON_REQUIRED),
    JSON_FIELD(struct oci_device, "major", JSON_K_INT64, major),
    JSON_FIELD(struct oci_device, "minor", JSON_K_INT64, minor),
    JSON_FIELD(struct oci_device, "fileMode", JSON_K_INT64, mode),
    JSON_FIELD(struct oci_device, "uid", JSON_K_INT64, uid),
    JSON_FIELD(struct oci_device, "gid", JSON_K_INT64, gid),
};
static TYPE(device_type, "device", struct oci_device, device_fields);

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
};
static TYPE(memory_type, "memory", struct oci_memory, memory_fields);

static const struct json_field cpu_fields[] = {
    JSON_FIELD(struct oci_cpu, "shares", JSON_K_INT64, shares),
    JSON_FIELD(struct oci_cpu, "quota", JSON_K_INT64, quota),
    JSON_FIELD(struct oci_cpu, "period", JSON_K_INT64, period),
    JSON_FIELD(struct oci_cpu, "cpus", JSON_K_STRING, cpus),
    JSON_FIELD(struct oci_cpu, "mems", JSON_K_STRING, mems),
};
static TYPE(cpu_type, "cpu", struct oci_cpu, cpu_fields);

static const struct json_field pids_fields[] = {
    JSON_FIELD(struct oci_pids, "limit", JSON_K_INT64, limit),
};
static TYPE(pids_type, "pids", struct oci_pids, pids_fields);

static const struct json_field throttle_fields[] = {
    JSON_FIELD(struct oci_throttle, "major", JSON_K_INT64, major, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_throttle, "minor", JSON_K_INT64, minor, JSON_KEEP_EMPTY),
    JSON_FIELD(struct oci_throttle, "rate", JSON_K_INT64, rate, JSON_KEEP_EMPTY),
};
static TYPE(throttle_type, "throttle", struct oci_throttle, throttle_fields);

static const struct json_field block_io_fields[] = {
    JSON_FIELD(struct oci_block_io, "throttleReadBpsDevice", JSON_K_ARRAY, read_bps, 0, &throttle_type),
    JSON_FIELD(struct oci_block_io, "throttleWriteBpsDevice", JSON_K_ARRAY, write_bps, 0, &throttle_type),
    JSON_FIELD(struct oci_block_io, "throttleReadIOPSDevice", JSON_K_ARRAY, read_iops, 0, &throttle_type),
    JSON_FIELD(struct oci_block_io, "throttleWriteIOPSDevice", JSON_K_ARRAY, write_iops, 0, &throttle_type),
};
static TYPE(block_io_type, "block I/O", struct oci_block_io, block_io_fields);

static const struct json_field resources_fields[] = {
    JSON_FIELD(struct oci_resources, "devices", JSON_K_ARRAY, devices, 0, &device_rule_type),
    JSON_FIELD(struct oci_resources, "memory", JSON_K_OBJECT, memory, 0, &memory_type),
    JSON_FIELD(struct oci_resources, "cpu", JSON_K_OBJECT, cpu, 0, &cpu_type),
    JSON_FIELD(struct oci_resources, "pids", JSON_K_OBJECT, pids, 0, &pids_type),
    JSON_FIELD(struct oci_resources, "blockIO", JSON_K_OBJECT, block_io, 0, &block_io_type),
};
static TYPE(resources_type, "resources", struct oci_resources, resources_fields);

static const struct json_field linux_fields[] = {
    JSON_FIELD(struct oci_linux, "namespaces", JSON_K_ARRAY, namespaces, 0, &namespace_type),
    JSON_FIELD(struct oci_linux, "devices", JSON_K_ARRAY, devices, 0, &device_type),
    JSON_FIELD(struct oci_linux, "resources", JSON_K_OBJECT, resources, 0, &resources_type),
    JSON_FIELD(struct oci_linux, "cgroupsPath", JSON_K_STRING, cgroups_path),
    JSON_FIELD(struct oci_linux, "rootfsPropagation", JSON_K_STRING, rootfs_propagation),
    JSON_FIELD(struct oci_linux, "maskedPaths", JSON_K_STRV, masked_paths),
    JSON_FIELD(struct oci_linux, "readonlyPaths", JSON_K_STRV, readonly_paths),
    JSON_FIELD(struct oci_linux, "sysctl", JSON_K_MAP, sysctl),
};
static TYPE(linux_type, "linux", struct oci_linux, linux_fields);

static const struct json_field spec_fields[] = {
    JSON_FIELD(struct oci_spec, "ociVersion", JSON_K_STRING, version, JSON_REQUIRED),
    JSON_FIELD(struct oci_spec, "process", JSON_K_OBJECT, process, JSON_REQUIRED, &oci_process_type),
    JSON_FIELD(struct oci_spec, "root", JSON_K_OBJECT, root, JSON_REQUIRED, &root_type),
    JSON_FIELD(struct oci_spec, "hostname", JSON_K_STRING, hostname),
    JSON_FIELD(struct oci_spec, "mounts", JSON_K_ARRAY, mounts, 0, &mount_type),
    JSON_FIELD(struct oci_spec, "annotations", JSON_K_MAP, annotations),
    JSON_FIELD(struct oci_spec, "linux", JSON_K_OBJECT, platform, 0, &linux_type),
};
TYPE(oci_spec_type, "runtime specification", struct oci_spec, spec_fields);

void oci_spec_release(struct oci_spec *spec)
{
    json_free(&oci_spec_type, spec);
}

void oci_spec_dump(const struct oci_spec *spec, struct buf *out)
{
    json_dump(&oci_spec_type, spec, true, out);
}

int oci_spec_parse(const char *text, size_t len, struct oci_spec *ret, struct err *err)
{
    int r = json_parse(text, len, &oci_spec_type, ret, err);

    if (r == 0)
        r = oci_spec_check(ret, err);
    if (r < 0)
        oci_spec_release(ret);
    return r;
}

static int check_id(int64_t id, const char *field, struct err *err)
{
    /* 2^32-1 is "leave as it is" to the kernel's calls */
    if (id < 0 || id >= UINT32_MAX)
        return err_set(err, ERR_INVALID, "%s: %lld is no id", field, (long long)id);
    return 0;
}

static int check_absolute(const char *path, const char *field, struct err *err)
{
    if (str_empty(path) || *path != '/')
        return err_set(err, ERR_INVALID, "%s: \"%s\" is not an absolute path", field, path ? path : "");
    return 0;
}

static int check_process(const struct oci_process *p, struct err *err)
{
    int r = check_absolute(p->cwd, "process.cwd", err);

    if (r == 0)
        r = check_id(p->user.uid, "process.user.uid", err);
    if (r == 0)
        r = check_id(p->user.gid, "process.user.gid", err);
    VEC_FOREACH (gid, &p->user.additional_gids)
        if (r == 0)
            r = check_id(*gid, "process.user.additionalGids", err);
    if (r == 0 && (!p->args || !p->args[0]))
        return err_set(err, ERR_INVALID, "process.args: missing");
    STRV_FOREACH (e, p->env)
        if (r == 0 && (**e == '=' || !strchr(*e, '=')))
            return err_set(err, ERR_INVALID, "process.env: \"%s\" is not NAME=VALUE", *e);
    if (r == 0 && p->oom_score_adj && (*p->oom_score_adj < -1000 || *p->oom_score_adj > 1000))
        return err_set(err, ERR_INVALID, "process.oomScoreAdj: not within -1000 and 1000");
    return r;
}

static int check_linux(const struct oci_linux *l, struct err *err)
{
    static const char *const known[] = {"pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time", NULL};
    int r = 0;

    VEC_FOREACH (ns, &l->namespaces) {
        if (!strv_contains((char *const *)known, ns->type))
            return err_set(err, ERR_INVALID, "linux.namespaces: no such type: \"%s\"", ns->type);
        for (const struct oci_namespace *other = l->namespaces.v; other < ns; other++)
            if (strcmp(other->type, ns->type) == 0)
                return err_set(err, ERR_INVALID, "linux.namespaces: \"%s\" stands there twice", ns->type);
    }
    VEC_FOREACH (d, &l->devices)
        if (r == 0)
            r = check_absolute(d->path, "linux.devices.path", err);
    STRV_FOREACH (path, l->masked_paths)
        if (r == 0)
            r = check_absolute(*path, "linux.maskedPaths", err);
    STRV_FOREACH (path, l->readonly_paths)
        if (r == 0)
            r = check_absolute(*path, "linux.readonlyPaths", err);
    return r;
}

int oci_spec_check(const struct oci_spec *spec, struct err *err)
{
    int r;

    /* All of version 1: minor versions add fields. */
    if (!spec->version || !str_after(spec->version, "1."))
        return err_set(err, ERR_UNSUPPORTED, "ociVersion: \"%s\" is not known", spec->version ? spec->version : "");
    r = check_process(&spec->process, err);
    VEC_FOREACH (m, &spec->mounts)
        if (r == 0)
            r = check_absolute(m->destination, "mounts.destination", err);
    return r == 0 ? check_linux(&spec->platform, err) : r;
}

const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec, const char *type)
{
    VEC_FOREACH (ns, &spec->platform.namespaces)
        if (strcmp(ns->type, type) == 0)
            return ns;
    return NULL;
}

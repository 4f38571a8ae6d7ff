/* config-linux.md: what no table can say. */
#include "oci/spec_internal.h"

/* "Namespaces": known ones, each once; a path is absolute. */
static int check_namespaces(const struct oci_linux *l, struct err *err)
{
    for (size_t i = 0; i < l->namespaces.n; i++) {
        const struct oci_namespace *ns = &l->namespaces.v[i];
        const char *field = SPEC_FIELD("linux.namespaces[%zu]", i);
        int r = spec_check_word(ns->type, oci_namespace_words, SPEC_FIELD("%s.type", field), err);

        if (r == 0 && !str_empty(ns->path))
            r = spec_check_absolute(ns->path, SPEC_FIELD("%s.path", field), err);
        for (size_t k = 0; k < i && r == 0; k++)
            if (strcmp(l->namespaces.v[k].type, ns->type) == 0)
                r = spec_fail(err, SPEC_FIELD("%s.type", field), "\"%s\" stands there twice", ns->type);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool is_mapped(int64_t id, const oci_id_mappings *mappings)
{
    VEC_FOREACH (m, mappings)
        if (id >= m->container_id && id - m->container_id < m->size)
            return true;
    return false;
}

static int check_mapped(int64_t id, const oci_id_mappings *mappings, const char *field, struct err *err)
{
    return is_mapped(id, mappings) ? 0
                                   : spec_fail(err, field, "%lld is not mapped into the user namespace", (long long)id);
}

/* The process cannot be one that its user namespace does not have. */
static int check_mapped_user(const struct oci_spec *spec, struct err *err)
{
    const struct oci_user *user = &spec->process.user;
    const struct oci_linux *l = &spec->platform;
    int r;

    if (!oci_spec_has_process(spec) || user->username)
        return 0;
    r = check_mapped(user->uid, &l->uid_mappings, "process.user.uid", err);
    if (r == 0)
        r = check_mapped(user->gid, &l->gid_mappings, "process.user.gid", err);
    for (size_t i = 0; i < user->additional_gids.n && r == 0; i++)
        r = check_mapped(user->additional_gids.v[i], &l->gid_mappings,
                         SPEC_FIELD("process.user.additionalGids[%zu]", i), err);
    return r;
}

/* "User namespace mappings": of a user namespace, and a new one is of no use without. */
static int check_user_namespace(const struct oci_spec *spec, struct err *err)
{
    const struct oci_linux *l = &spec->platform;
    const struct oci_namespace *ns = oci_spec_namespace(spec, "user");
    const char *given = l->uid_mappings.n ? "linux.uidMappings" : l->gid_mappings.n ? "linux.gidMappings" : NULL;
    int r = spec_check_mappings(&l->uid_mappings, "linux.uidMappings", err);

    if (r == 0)
        r = spec_check_mappings(&l->gid_mappings, "linux.gidMappings", err);
    if (r < 0)
        return r;
    if (ns && str_empty(ns->path) && l->uid_mappings.n > 0 && l->gid_mappings.n > 0)
        r = check_mapped_user(spec, err);
    if (r < 0)
        return r;
    if (!ns)
        return given ? spec_fail(err, given, "needs a user namespace, and linux.namespaces has none") : 0;
    if (str_empty(ns->path) && l->uid_mappings.n == 0)
        return spec_fail(err, "linux.uidMappings", "missing, and there is a new user namespace");
    if (str_empty(ns->path) && l->gid_mappings.n == 0)
        return spec_fail(err, "linux.gidMappings", "missing, and there is a new user namespace");
    return 0;
}

/* "Offset for Time Namespace". */
static int check_time(const struct oci_spec *spec, struct err *err)
{
    const struct oci_namespace *ns = oci_spec_namespace(spec, "time");

    if (spec->platform.time_offsets.n > 0 && !ns)
        return spec_fail(err, "linux.timeOffsets", "needs a time namespace, and linux.namespaces has none");
    if (spec->platform.time_offsets.n > 0 && !str_empty(ns->path))
        return spec_fail(err, "linux.timeOffsets", "the time namespace is one to join, with offsets of its own");
    VEC_FOREACH (o, &spec->platform.time_offsets) {
        const char *field = SPEC_FIELD("linux.timeOffsets.%s", o->clock);
        int r = spec_check_word(o->clock, oci_clock_words, "linux.timeOffsets", err);

        if (r == 0)
            r = spec_check_range(o->nanosecs, 0, 999999999, SPEC_FIELD("%s.nanosecs", field), err);
        if (r < 0)
            return r;
    }
    return 0;
}

enum { MAJOR_MAX = (1 << 12) - 1, MINOR_MAX = (1 << 20) - 1 /* MINORBITS of the kernel */ };

static int check_device_number(const int64_t *n, int64_t max, const char *field, struct err *err)
{
    return n ? spec_check_range(*n, 0, max, field, err) : spec_fail(err, field, "missing");
}

/* "Devices": numbers are REQUIRED unless it is a fifo. */
static int check_device(const struct oci_device *d, const char *field, struct err *err)
{
    static const char *const types[] = {"c", "b", "u", "p", NULL};
    int r = spec_check_word(d->type, types, SPEC_FIELD("%s.type", field), err);

    if (r == 0)
        r = spec_check_absolute(d->path, SPEC_FIELD("%s.path", field), err);
    if (r == 0 && (str_ends(d->path, "/") || str_ends(d->path, "/.") || str_ends(d->path, "/..")))
        r = spec_fail(err, SPEC_FIELD("%s.path", field), "\"%s\" names a directory", d->path);
    if (r == 0 && !str_eq(d->type, "p"))
        r = check_device_number(d->major, MAJOR_MAX, SPEC_FIELD("%s.major", field), err);
    if (r == 0 && !str_eq(d->type, "p"))
        r = check_device_number(d->minor, MINOR_MAX, SPEC_FIELD("%s.minor", field), err);
    if (r == 0 && d->mode)
        r = spec_check_range(*d->mode, 0, 0177777, SPEC_FIELD("%s.fileMode", field), err);
    if (r == 0)
        r = spec_check_id(d->uid, SPEC_FIELD("%s.uid", field), err);
    return r == 0 ? spec_check_id(d->gid, SPEC_FIELD("%s.gid", field), err) : r;
}

enum { INTERFACE_NAME_MAX = 15 /* IFNAMSIZ with its end */ };

static bool is_interface_name(const char *name)
{
    size_t n = strlen(name);

    return n > 0 && n <= INTERFACE_NAME_MAX && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           strcspn(name, "/: \t\n\v\f\r") == n;
}

/* "Network Devices". */
static int check_net_devices(const struct oci_spec *spec, struct err *err)
{
    if (spec->platform.net_devices.n > 0 && !oci_spec_namespace(spec, "network"))
        return spec_fail(err, "linux.netDevices", "needs a network namespace, and linux.namespaces has none");
    VEC_FOREACH (d, &spec->platform.net_devices) {
        if (!is_interface_name(d->host_name))
            return spec_fail(err, "linux.netDevices", "\"%s\" is no name of an interface", d->host_name);
        if (!str_empty(d->name) && !is_interface_name(d->name))
            return spec_fail(err, SPEC_FIELD("linux.netDevices.%s.name", d->host_name),
                             "\"%s\" is no name of an interface", d->name);
        VEC_FOREACH (other, &spec->platform.net_devices)
            if (other != d && !str_empty(d->name) && !strchr(d->name, '%') &&
                str_eq(d->name, str_empty(other->name) ? other->host_name : other->name))
                return spec_fail(err, SPEC_FIELD("linux.netDevices.%s.name", d->host_name),
                                 "\"%s\" is the name of \"%s\" as well", d->name, other->host_name);
    }
    return 0;
}

/* "IntelRdt". */
static int check_intel_rdt(const struct oci_intel_rdt *rdt, struct err *err)
{
    const char *id = rdt->clos_id;
    size_t i = 0;

    if (id && strcmp(id, "/") != 0 && (!*id || strchr(id, '/') || str_eq(id, ".") || str_eq(id, "..")))
        return spec_fail(err, "linux.intelRdt.closID", "\"%s\" is not the name of a directory", id);
    if (rdt->l3_cache_schema && strchr(rdt->l3_cache_schema, '\n'))
        return spec_fail(err, "linux.intelRdt.l3CacheSchema", "more than one line");
    if (rdt->mem_bw_schema && (!str_after(rdt->mem_bw_schema, "MB:") || strchr(rdt->mem_bw_schema, '\n')))
        return spec_fail(err, "linux.intelRdt.memBwSchema", "not one line that starts with \"MB:\"");
    STRV_FOREACH (line, rdt->schemata) {
        if (strchr(*line, '\n'))
            return spec_fail(err, SPEC_FIELD("linux.intelRdt.schemata[%zu]", i), "more than one line");
        i++;
    }
    return 0;
}

/* "Memory policy"; which modes take nodes: set_mempolicy(2). */
static int check_memory_policy(const struct oci_memory_policy *p, struct err *err)
{
    static const char *const without[] = {"MPOL_DEFAULT", "MPOL_LOCAL", NULL};
    static const char *const either[] = {"MPOL_PREFERRED", NULL};
    int r = spec_check_word(p->mode, oci_memory_mode_words, "linux.memoryPolicy.mode", err);

    if (r == 0)
        r = spec_check_words(p->flags, oci_memory_flag_words, "linux.memoryPolicy.flags", err);
    if (r == 0)
        r = spec_check_list(p->nodes, "linux.memoryPolicy.nodes", err);
    if (r == 0 && oci_word_known(without, p->mode) && !str_empty(p->nodes))
        return spec_fail(err, "linux.memoryPolicy.nodes", "%s has none", p->mode);
    if (r == 0 && str_empty(p->nodes) && !oci_word_known(without, p->mode) && !oci_word_known(either, p->mode))
        return spec_fail(err, "linux.memoryPolicy.nodes", "missing, and %s needs them", p->mode);
    if (r == 0 && strv_contains(p->flags, "MPOL_F_RELATIVE_NODES") && strv_contains(p->flags, "MPOL_F_STATIC_NODES"))
        return spec_fail(err, "linux.memoryPolicy.flags", "nodes are either relative or static");
    return r;
}

/* "Personality": no flags are known. */
static int check_personality(const struct oci_personality *p, struct err *err)
{
    static const char *const none[] = {NULL};
    int r = spec_check_word(p->domain, oci_personality_words, "linux.personality.domain", err);

    return r == 0 ? spec_check_words(p->flags, none, "linux.personality.flags", err) : r;
}

/* "Cgroups Path": a runtime may find some invalid. */
static int check_cgroups_path(const char *path, struct err *err)
{
    _cleanup_strv_ char **names = strv_split(path ? path : "", '/');

    if (path && strv_contains(names, ".."))
        return spec_fail(err, "linux.cgroupsPath", "\"%s\" leads upwards", path);
    return 0;
}

int spec_check_linux(const struct oci_spec *spec, struct err *err)
{
    const struct oci_linux *l = &spec->platform;
    int r = check_namespaces(l, err);

    if (r == 0)
        r = check_user_namespace(spec, err);
    if (r == 0)
        r = check_time(spec, err);
    for (size_t i = 0; i < l->devices.n && r == 0; i++)
        r = check_device(&l->devices.v[i], SPEC_FIELD("linux.devices[%zu]", i), err);
    if (r == 0)
        r = check_net_devices(spec, err);
    if (r == 0)
        r = check_cgroups_path(l->cgroups_path, err);
    if (r == 0)
        r = oci_resources_check(&l->resources, "linux.resources", err);
    if (r == 0 && !str_empty(l->rootfs_propagation))
        r = spec_check_word(l->rootfs_propagation, oci_propagation_words, "linux.rootfsPropagation", err);
    if (r == 0)
        r = spec_check_paths(l->masked_paths, "linux.maskedPaths", err);
    if (r == 0)
        r = spec_check_paths(l->readonly_paths, "linux.readonlyPaths", err);
    if (r == 0 && l->seccomp)
        r = spec_check_seccomp(l->seccomp, err);
    if (r == 0 && l->intel_rdt)
        r = check_intel_rdt(l->intel_rdt, err);
    if (r == 0 && l->memory_policy)
        r = check_memory_policy(l->memory_policy, err);
    if (r == 0 && l->personality)
        r = check_personality(l->personality, err);
    return r;
}

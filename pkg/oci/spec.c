#include "oci/spec.h"

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

/* config.md, "Specification version": semantic versioning. All of version 1 is taken, since minor versions add fields
 * alone, and what is behind the numbers ("-dev") is of no account. */
static int check_version(const char *version, struct err *err)
{
    const char *at = version ? version : "";
    unsigned long long major = 0;
    int n = 0;

    for (; n < 3; n++) {
        char *end;
        unsigned long long number = *at >= '0' && *at <= '9' ? strtoull(at, &end, 10) : 0;

        if (*at < '0' || *at > '9' || *end != (n < 2 ? '.' : *end))
            break;
        if (n == 0)
            major = number;
        at = n < 2 ? end + 1 : end;
    }
    if (n < 3 || (*at && *at != '-' && *at != '+'))
        return err_set(err, ERR_INVALID, "ociVersion: \"%s\" is not MAJOR.MINOR.PATCH", version ? version : "");
    if (major != 1)
        return err_set(err, ERR_UNSUPPORTED,
                       "ociVersion: \"%s\" is not known, only 1.x.y is (up to " OCI_SPEC_VERSION ")", version);
    return 0;
}

int oci_spec_check(const struct oci_spec *spec, struct err *err)
{
    int r = check_version(spec->version, err);

    if (r == 0 && oci_spec_has_process(spec))
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

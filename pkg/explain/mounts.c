/* What is mounted in a container, and what of the host that is. mount_namespaces(7) */
#include "bundle/bundle.h"
#include "explain/explain.h"
#include "explain/mountinfo.h"

#include <stdlib.h>

/* ---- as the kernel has it ---- */

/* A group of mounts that is among the host's: what is mounted in one appears in all. */
static bool is_peer(const struct explain_mount *m, const explain_mounts *host)
{
    STRV_FOREACH (field, m->fields)
        VEC_FOREACH (h, host)
            if (str_after(*field, "shared:") && strv_contains(h->fields, *field))
                return true;
    return false;
}

static int of_process(pid_t pid, explain_mounts *ret, struct err *err)
{
    _cleanup_explain_mounts_ explain_mounts host = {0};
    int r = explain_mounts_read(0, &host, err);

    if (r == 0)
        r = explain_mounts_read(pid, ret, err);
    if (r < 0)
        return r;
    VEC_FOREACH (m, ret) {
        m->origin = explain_mount_origin(m, &host);
        m->to_host = is_peer(m, &host);
    }
    return 0;
}

/* ---- as it is going to be ---- */

/* Each lies on the one that its place is in by then. */
static struct explain_mount *add(explain_mounts *to, const char *target, const char *type, const char *source)
{
    const struct explain_mount *on = explain_mount_of(to, target);
    int64_t parent = on ? on->id : 0;
    struct explain_mount *m = VEC_PUSH(to);

    *m = (struct explain_mount){.id = (int64_t)to->n,
                                .parent = parent,
                                .root = str_dup("/"),
                                .target = str_dup(target),
                                .type = str_dup(type),
                                .source = str_dup(source)};
    return m;
}

static void add_protected(char *const *paths, const char *type, explain_mounts *to)
{
    STRV_FOREACH (path, paths)
        strv_add(&add(to, *path, type, type)->options, "ro");
}

static void of_spec(const struct oci_spec *spec, explain_mounts *to)
{
    strv_add(&add(to, "/", "overlay", "overlay")->options, spec->root.readonly ? "ro" : "rw");
    VEC_FOREACH (m, &spec->mounts) {
        bool bind = str_eq(m->type, "bind") || strv_contains(m->options, "bind") || strv_contains(m->options, "rbind");
        struct explain_mount *one = add(to, m->destination, m->type ? m->type : "", m->source ? m->source : "");
        /* That of another container is no file of the host's. */
        bool host = bind && !str_eq(one->source, BUNDLE_NOT_JOINED);
        char *real = host ? realpath(one->source, NULL) : NULL;

        one->options = strv_copy(m->options);
        if (strv_contains(m->options, "rro")) /* with all below */
            strv_add(&one->options, "ro");
        one->origin = host && !real ? str_dup(one->source) : real;
        one->to_host = strv_contains(m->options, "shared") || strv_contains(m->options, "rshared");
    }
    add_protected(spec->platform.readonly_paths, "proc", to);
    add_protected(spec->platform.masked_paths, "tmpfs", to);
}

int explain_mounts_of(const struct explain_subject *subject, explain_mounts *ret, struct err *err)
{
    *ret = (explain_mounts){0};
    if (subject->pid)
        return of_process(subject->pid, ret, err);
    of_spec(subject->spec, ret);
    return 0;
}

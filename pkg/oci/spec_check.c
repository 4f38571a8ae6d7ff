/* config.md: what no table can say of the document, its process, mounts and hooks. */
#include "oci/spec_internal.h"

/* "Specification version": semantic versioning. All of version 1 is taken, since minor versions add fields alone, and
 * what is behind the numbers ("-dev") is of no account. */
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
        return spec_fail(err, "ociVersion", "\"%s\" is not MAJOR.MINOR.PATCH", version ? version : "");
    if (major != 1)
        return err_set(err, ERR_UNSUPPORTED,
                       "ociVersion: \"%s\" is not known, only 1.x.y is (up to " OCI_SPEC_VERSION ")", version);
    return 0;
}

/* "POSIX-platform User". */
static int check_user(const struct oci_user *user, struct err *err)
{
    int r = spec_check_id(user->uid, "process.user.uid", err);

    if (r == 0)
        r = spec_check_id(user->gid, "process.user.gid", err);
    for (size_t i = 0; i < user->additional_gids.n && r == 0; i++)
        r = spec_check_id(user->additional_gids.v[i], SPEC_FIELD("process.user.additionalGids[%zu]", i), err);
    if (r == 0 && user->umask)
        r = spec_check_range(*user->umask, 0, 0777, "process.user.umask", err);
    return r;
}

/* "POSIX process": which limits there are, each once. */
static int check_rlimits(const struct oci_process *p, struct err *err)
{
    for (size_t i = 0; i < p->rlimits.n; i++) {
        const struct oci_rlimit *l = &p->rlimits.v[i];
        const char *field = SPEC_FIELD("process.rlimits[%zu]", i);
        int r = spec_check_word(l->type, oci_rlimit_words, SPEC_FIELD("%s.type", field), err);

        if (r < 0)
            return r;
        if (l->soft > l->hard)
            return spec_fail(err, SPEC_FIELD("%s.soft", field), "%llu is above the hard limit of %llu",
                             (unsigned long long)l->soft, (unsigned long long)l->hard);
        for (size_t k = 0; k < i; k++)
            if (strcmp(p->rlimits.v[k].type, l->type) == 0)
                return spec_fail(err, SPEC_FIELD("%s.type", field), "\"%s\" stands there twice", l->type);
    }
    return 0;
}

/* sched_setattr(2): which member belongs to which policy. */
static int check_scheduler(const struct oci_scheduler *s, struct err *err)
{
    static const char *const timed[] = {"SCHED_OTHER", "SCHED_BATCH", NULL};
    static const char *const realtime[] = {"SCHED_FIFO", "SCHED_RR", NULL};
    int r = spec_check_word(s->policy, oci_scheduler_words, "process.scheduler.policy", err);

    if (r == 0)
        r = spec_check_words(s->flags, oci_scheduler_flag_words, "process.scheduler.flags", err);
    if (r == 0 && oci_word_known(timed, s->policy))
        r = spec_check_range(s->nice, -20, 19, "process.scheduler.nice", err);
    if (r == 0 && oci_word_known(realtime, s->policy))
        r = spec_check_range(s->priority, 1, 99, "process.scheduler.priority", err);
    else if (r == 0 && s->priority != 0)
        return spec_fail(err, "process.scheduler.priority", "%s has none", s->policy);
    if (r == 0 && !str_eq(s->policy, "SCHED_DEADLINE") && (s->runtime || s->deadline || s->period))
        return spec_fail(err, "process.scheduler", "runtime, deadline and period are of SCHED_DEADLINE, not of %s",
                         s->policy);
    return r;
}

/* "Linux Process". */
static int check_attributes(const struct oci_process *p, struct err *err)
{
    int r = p->scheduler ? check_scheduler(p->scheduler, err) : 0;

    if (r == 0 && p->oom_score_adj)
        r = spec_check_range(*p->oom_score_adj, -1000, 1000, "process.oomScoreAdj", err);
    if (r == 0 && p->io_priority)
        r = spec_check_word(p->io_priority->class, oci_io_class_words, "process.ioPriority.class", err);
    if (r == 0 && p->io_priority)
        r = spec_check_range(p->io_priority->priority, 0, 7, "process.ioPriority.priority", err);
    if (r == 0 && p->exec_cpu_affinity)
        r = spec_check_list(p->exec_cpu_affinity->initial, "process.execCPUAffinity.initial", err);
    if (r == 0 && p->exec_cpu_affinity)
        r = spec_check_list(p->exec_cpu_affinity->final, "process.execCPUAffinity.final", err);
    return r;
}

int spec_check_process(const struct oci_process *p, struct err *err)
{
    int r = spec_check_absolute(p->cwd, "process.cwd", err);

    if (r == 0 && (!p->args || !p->args[0]))
        return spec_fail(err, "process.args", "missing");
    if (r == 0)
        r = check_user(&p->user, err);
    if (r == 0)
        r = spec_check_env(p->env, "process.env", err);
    if (r == 0 && p->terminal) /* ignored without a terminal */
        r = spec_check_range(p->console_size.height, 0, UINT16_MAX, "process.consoleSize.height", err);
    if (r == 0 && p->terminal)
        r = spec_check_range(p->console_size.width, 0, UINT16_MAX, "process.consoleSize.width", err);
    if (r == 0)
        r = check_rlimits(p, err);
    return r == 0 ? check_attributes(p, err) : r;
}

/* "Mounts", `uidMappings` and `gidMappings`; "Linux mount options", `idmap` and `ridmap`. */
static int check_mount(const struct oci_spec *spec, const struct oci_mount *m, const char *field, struct err *err)
{
    bool asked = strv_contains(m->options, "idmap") || strv_contains(m->options, "ridmap");
    bool given = m->uid_mappings.n > 0 || m->gid_mappings.n > 0;
    bool bind = strv_contains(m->options, "bind") || strv_contains(m->options, "rbind") || str_eq(m->type, "bind");
    int r;

    if (str_empty(m->destination))
        return spec_fail(err, SPEC_FIELD("%s.destination", field), "missing");
    if (given && (m->uid_mappings.n == 0 || m->gid_mappings.n == 0))
        return spec_fail(err, SPEC_FIELD("%s.%s", field, m->uid_mappings.n ? "gidMappings" : "uidMappings"),
                         "missing, and the other is there");
    if ((asked || given) && !bind)
        return spec_fail(err, SPEC_FIELD("%s.options", field), "ids can be mapped for a bind mount alone");
    if (asked && !given && !oci_spec_namespace(spec, "user"))
        return spec_fail(err, SPEC_FIELD("%s.options", field),
                         "ids are to be mapped, but neither the mount nor a user namespace says how");
    r = spec_check_mappings(&m->uid_mappings, SPEC_FIELD("%s.uidMappings", field), err);
    return r == 0 ? spec_check_mappings(&m->gid_mappings, SPEC_FIELD("%s.gidMappings", field), err) : r;
}

int spec_check_mounts(const struct oci_spec *spec, struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < spec->mounts.n && r == 0; i++)
        r = check_mount(spec, &spec->mounts.v[i], SPEC_FIELD("mounts[%zu]", i), err);
    return r;
}

static int check_hook(const struct oci_hook *hook, const char *field, struct err *err)
{
    int r = spec_check_absolute(hook->path, SPEC_FIELD("%s.path", field), err);

    if (r == 0)
        r = spec_check_env(hook->env, SPEC_FIELD("%s.env", field), err);
    if (r == 0 && hook->timeout)
        r = spec_check_range(*hook->timeout, 1, INT32_MAX, SPEC_FIELD("%s.timeout", field), err);
    return r;
}

/* "POSIX-platform Hooks". */
int spec_check_hooks(const struct oci_hooks *hooks, struct err *err)
{
    const oci_hook_list *const lists[] = {&hooks->prestart,        &hooks->create_runtime, &hooks->create_container,
                                          &hooks->start_container, &hooks->poststart,      &hooks->poststop};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        for (size_t k = 0; k < lists[i]->n && r == 0; k++)
            r = check_hook(&lists[i]->v[k], SPEC_FIELD("hooks.%s[%zu]", oci_hook_words[i], k), err);
    return r;
}

enum { NAME_MAX_UTS = 64 /* __NEW_UTS_LEN */ };

/* "Hostname", "Domainname": the host's own are not to be changed. */
static int check_name(const struct oci_spec *spec, const char *name, const char *field, struct err *err)
{
    if (str_empty(name))
        return 0;
    if (strlen(name) > NAME_MAX_UTS)
        return spec_fail(err, field, "longer than %d bytes", NAME_MAX_UTS);
    if (!oci_spec_namespace(spec, "uts"))
        return spec_fail(err, field, "needs a uts namespace, and linux.namespaces has none");
    return 0;
}

int oci_spec_check(const struct oci_spec *spec, struct err *err)
{
    int r = check_version(spec->version, err);

    if (r == 0 && str_empty(spec->root.path))
        r = spec_fail(err, "root.path", "missing");
    if (r == 0 && oci_spec_has_process(spec))
        r = spec_check_process(&spec->process, err);
    if (r == 0)
        r = check_name(spec, spec->hostname, "hostname", err);
    if (r == 0)
        r = check_name(spec, spec->domainname, "domainname", err);
    if (r == 0)
        r = spec_check_mounts(spec, err);
    if (r == 0)
        r = spec_check_hooks(&spec->hooks, err);
    STRV_FOREACH (annotation, spec->annotations)
        if (r == 0 && **annotation == '=')
            r = spec_fail(err, "annotations", "an empty name"); /* "Annotations": keys MUST NOT be empty */
    return r == 0 ? spec_check_linux(spec, err) : r;
}

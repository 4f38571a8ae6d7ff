#include "explain/status.h"

#include "explain/read.h"
#include "runtime/plan.h"

#include <inttypes.h>
#include <stdio.h>

static void release_lists(struct explain_status *s)
{
    free(s->groups.v);
    free(s->pids.v);
}

void explain_status_release(struct explain_status *s)
{
    release_lists(s);
    *s = (struct explain_status){0};
}

static const struct explain_status unknown = {
    .uid = {-1, -1, -1, -1}, .gid = {-1, -1, -1, -1}, .umask = -1, .filters = -1};

static void take_four(const char *value, int64_t ret[4])
{
    if (sscanf(value, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &ret[0], &ret[1], &ret[2], &ret[3]) != 4)
        ret[0] = ret[1] = ret[2] = ret[3] = -1;
}

#define TAKE_LIST(value, list)                       \
    do {                                             \
        char *end_;                                  \
        for (const char *p_ = (value);; p_ = end_) { \
            int64_t n_ = strtoll(p_, &end_, 10);     \
            if (end_ == p_)                          \
                break;                               \
            *VEC_PUSH(list) = n_;                    \
        }                                            \
    } while (0)

static void take_field(const char *name, const char *value, struct explain_status *s)
{
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};

    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        if (str_eq(name, sets[i]))
            s->capabilities[i] = strtoull(value, NULL, 16);
    if (str_eq(name, "Name"))
        snprintf(s->name, sizeof(s->name), "%s", value);
    else if (str_eq(name, "PPid"))
        s->parent = strtoll(value, NULL, 10);
    else if (str_eq(name, "Uid"))
        take_four(value, s->uid);
    else if (str_eq(name, "Gid"))
        take_four(value, s->gid);
    else if (str_eq(name, "Groups"))
        TAKE_LIST(value, &s->groups);
    else if (str_eq(name, "NSpid"))
        TAKE_LIST(value, &s->pids);
    else if (str_eq(name, "Umask"))
        s->umask = strtoll(value, NULL, 8);
    else if (str_eq(name, "NoNewPrivs"))
        s->no_new_privs = str_eq(value, "1");
    else if (str_eq(name, "Seccomp"))
        s->seccomp = strtoll(value, NULL, 10);
    else if (str_eq(name, "Seccomp_filters"))
        s->filters = strtoll(value, NULL, 10);
}

void explain_status_parse(const char *text, struct explain_status *ret)
{
    _cleanup_free_ char *copy = str_dup(text);
    char *save = NULL;

    *ret = unknown;
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *value = strchr(line, ':');

        if (!value)
            continue;
        *value++ = 0;
        take_field(line, value + strspn(value, " \t"), ret);
    }
}

int explain_status_read(pid_t pid, struct explain_status *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = explain_read(pid, "status", &text, err);

    if (r == 0)
        explain_status_parse(buf_str(&text), ret);
    return r;
}

/* Whose name says that it is nobody but root: others lose all sets but one when they become who they are. */
static bool names_root(const char *user)
{
    _cleanup_free_ char *name = str_ndup(user ? user : "", strcspn(user ? user : "", ":"));

    return str_empty(name) || str_eq(name, "root") || str_eq(name, "0");
}

static void of_spec(const struct oci_spec *spec, struct explain_status *s)
{
    const struct oci_process *p = &spec->process;
    const char *user = p->user.username;
    bool root = names_root(user);

    *s = unknown;
    s->umask = p->user.umask ? *p->user.umask : 022;
    s->no_new_privs = p->no_new_privileges;
    s->seccomp = spec->platform.seccomp || spec->platform.seccomp_text ? 2 : 0;
    s->capabilities[EXPLAIN_BOUNDING] = plan_capability_mask(p->capabilities.bounding);
    s->capabilities[EXPLAIN_PERMITTED] = root ? plan_capability_mask(p->capabilities.permitted) : 0;
    s->capabilities[EXPLAIN_EFFECTIVE] = root ? plan_capability_mask(p->capabilities.effective) : 0;
    s->capabilities[EXPLAIN_INHERITABLE] = plan_capability_mask(p->capabilities.inheritable);
    s->capabilities[EXPLAIN_AMBIENT] = plan_capability_mask(p->capabilities.ambient);
    for (size_t i = 0; root && i < ARRAY_SIZE(s->uid); i++)
        s->uid[i] = 0;
}

int explain_status_of(const struct explain_subject *subject, struct explain_status *ret, struct err *err)
{
    if (subject->pid)
        return explain_status_read(subject->pid, ret, err);
    of_spec(subject->spec, ret);
    return 0;
}

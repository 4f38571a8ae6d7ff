#include "runtime/cgroup_plan.h"

#include <inttypes.h>

struct cgroup_setting *cgroup_plan_add(struct cgroup_plan *plan, enum cgroup_controller c, const char *limit,
                                       const char *file, char *value)
{
    struct cgroup_setting *s = VEC_PUSH(&plan->settings);

    *s = (struct cgroup_setting){
        .controller = c, .limit = str_printf(CGROUP_LIMIT_PATH "%s", limit), .file = str_dup(file), .value = value};
    return s;
}

int cgroup_plan_find(const struct cgroup_host *host, enum cgroup_controller c, const struct cgroup_hierarchy **ret,
                     struct err *err)
{
    const char *name = cgroup_controller_name(c, 1);

    *ret = cgroup_host_find(host, c);
    if (!*ret)
        return err_set(err, ERR_UNSUPPORTED, "this host has no %s controller (cgroups: %s)", name ? name : "such",
                       cgroup_host_mode(host));
    return 0;
}

/* ---- limits of one value ---- */

/* Whether the limit is given, and its number. */
static bool is_given(const struct cgroup_limit *l, const void *member, int64_t *ret)
{
    switch (l->kind) {
    case LIMIT_NUMBER:
        *ret = *(const int64_t *)member;
        return *ret != 0;
    case LIMIT_MAYBE:
        *ret = *(int64_t *const *)member ? **(int64_t *const *)member : 0;
        return *(int64_t *const *)member != NULL;
    case LIMIT_FLAG:
        *ret = *(const bool *)member;
        return *ret;
    case LIMIT_TEXT:
        *ret = 0;
        return !str_empty(*(char *const *)member);
    }
    return false;
}

static void add_side(struct cgroup_plan_maker *m, const struct cgroup_limit *l, const struct cgroup_side *side,
                     char *value)
{
    struct cgroup_setting *s;

    if (!value)
        return;
    s = cgroup_plan_add(m->plan, l->controller, l->name, side->file, value);
    s->check = side->check;
    s->absent = side->absent;
    if (m->r->memory.check_before_update)
        s->usage = side->usage;
}

static char *value_of(const struct cgroup_side *side, const struct oci_resources *r, int64_t n)
{
    return side->value ? side->value(r, n) : str_printf("%" PRId64, n);
}

static int add_limit(struct cgroup_plan_maker *m, const struct cgroup_limit *l, struct err *err)
{
    const void *member = (const char *)m->r + l->offset;
    const struct cgroup_hierarchy *h;
    const struct cgroup_side *side, *other;
    int64_t n;
    int r;

    if (!is_given(l, member, &n))
        return 0;
    r = l->check ? l->check(m->r, n, err) : 0;
    if (r == 0)
        r = cgroup_plan_find(m->host, l->controller, &h, err);
    if (r < 0)
        return r;
    side = h->version == 1 ? &l->v1 : &l->v2;
    other = h->version == 1 ? &l->v1_else : &l->v2_else;
    if (!side->file) {
        if (side->always || n < 0) /* "no limit" is what it has */
            return 0;
        return err_set(err, ERR_UNSUPPORTED, "cgroup v%d has no such limit", h->version);
    }
    if (l->kind == LIMIT_TEXT) {
        add_side(m, l, side, str_dup(*(char *const *)member));
        return 0;
    }
    add_side(m, l, side, value_of(side, m->r, n));
    if (other->file)
        add_side(m, l, other, value_of(other, m->r, n));
    return 0;
}

/* ---- the plan ---- */

static int make(struct cgroup_plan *ret, const struct cgroup_host *host, const struct oci_resources *resources,
                bool devices, struct err *err)
{
    struct cgroup_plan_maker m = {.plan = ret, .host = host};
    struct oci_resources copy;
    int r = 0;

    *ret = (struct cgroup_plan){0};
    if (!resources)
        return 0;
    copy = *resources; /* shallow: nothing of it is changed but what follows */
    m.r = &copy;
    /* Who lifts the limit on memory means swap as well. */
    if (copy.memory.limit == -1 && !copy.memory.swap)
        copy.memory.swap = -1;
    /* What JSON cannot say otherwise: callers write "as it is" as -1. */
    if (copy.memory.swappiness && *copy.memory.swappiness == -1)
        copy.memory.swappiness = NULL;
    for (size_t i = 0; r == 0 && i < cgroup_n_limits; i++) {
        r = add_limit(&m, &cgroup_limits[i], err);
        if (r < 0)
            err_wrap(err, CGROUP_LIMIT_PATH "%s", cgroup_limits[i].name);
    }
    if (r == 0)
        r = cgroup_plan_lists(&m, err);
    if (r == 0 && devices)
        r = cgroup_plan_devices(&m, err);
    if (r < 0)
        cgroup_plan_release(ret);
    return r;
}

int cgroup_plan_make(struct cgroup_plan *ret, const struct cgroup_host *host, const struct oci_resources *resources,
                     struct err *err)
{
    return make(ret, host, resources, true, err);
}

int cgroup_plan_make_update(struct cgroup_plan *ret, const struct cgroup_host *host,
                            const struct oci_resources *resources, struct err *err)
{
    return make(ret, host, resources, false, err);
}

void cgroup_plan_release(struct cgroup_plan *plan)
{
    VEC_FOREACH (s, &plan->settings) {
        free(s->limit);
        free(s->file);
        free(s->value);
    }
    free(plan->settings.v);
    device_program_release(&plan->devices);
    *plan = (struct cgroup_plan){0};
}

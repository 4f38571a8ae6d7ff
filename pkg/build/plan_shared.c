/* Stages that are the same for several platforms, and are done once for all of them. */
#include "build/plan_internal.h"

static bool same_source(const struct build_source *a, const struct build_source *b)
{
    return a->kind == b->kind && a->index == b->index;
}

static bool same_sources(const struct build_step *a, const struct build_step *b)
{
    if (a->sources.n != b->sources.n)
        return false;
    for (size_t i = 0; i < a->sources.n; i++)
        if (!same_source(&a->sources.v[i], &b->sources.v[i]))
            return false;
    return true;
}

/* The same instructions on the same base. What they were told of the platform is in the config, whose history has the
 * value of every ARG. */
static bool is_same(const struct build_stage *a, const struct build_stage *b)
{
    _cleanup_buf_ struct buf one = BUF_INIT, other = BUF_INIT;

    if (a->number != b->number || a->scratch != b->scratch || a->epoch != b->epoch || a->steps.n != b->steps.n ||
        (!a->scratch && !same_source(&a->base, &b->base)))
        return false;
    for (size_t i = 0; i < a->steps.n; i++)
        if (!same_sources(&a->steps.v[i], &b->steps.v[i]))
            return false;
    oci_image_config_dump(&a->config, &one);
    oci_image_config_dump(&b->config, &other);
    return str_eq(buf_str(&one), buf_str(&other));
}

struct build_stage *plan_find_same(struct build_plan *plan, const struct build_stage *stage)
{
    for (size_t i = 0; i < plan->n_order; i++) {
        struct build_stage *s = &plan->stages.v[plan->order[i]];

        if (is_same(s, stage))
            return s;
    }
    return NULL;
}

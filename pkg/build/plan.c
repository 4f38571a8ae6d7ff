#include "build/plan_internal.h"

#include "base/num.h"

#include <strings.h>

int plan_fail(struct planning *p, const struct dockerfile_span *at, struct err *err)
{
    if (p->problem && p->problem->at.line == 0 && err) {
        p->problem->at = *at;
        str_replace(&p->problem->message, str_dup(err->text));
        err_wrap(err, "%s:%u", p->given->file->name, at->line);
    }
    return err ? err->kind : ERR_INTERNAL;
}

static int find_target(struct planning *p, size_t *ret, struct err *err)
{
    const struct dockerfile *d = p->given->file;
    const char *name = p->given->request->target;
    int64_t number;

    *ret = d->stages.n - 1;
    if (str_empty(name))
        return 0;
    for (*ret = 0; *ret < d->stages.n; (*ret)++)
        if (d->stages.v[*ret].name && strcasecmp(d->stages.v[*ret].name, name) == 0)
            return 0;
    if (num_parse_i64(name, 0, (int64_t)d->stages.n - 1, &number, NULL) < 0)
        return err_set(err, ERR_NOT_FOUND, "target stage \"%s\" could not be found", name);
    *ret = (size_t)number;
    return 0;
}

static void copy_contexts(const struct build_request *q, struct build_plan *plan)
{
    *VEC_PUSH(&plan->contexts) = (struct build_named_context){NULL, str_dup(q->context)};
    VEC_FOREACH (c, &q->contexts)
        *VEC_PUSH(&plan->contexts) = (struct build_named_context){str_dup(c->name), str_dup(c->what)};
}

/* --label: on top of all, without a line of history. */
static void add_labels(const struct build_request *q, struct build_stage *stage)
{
    STRV_FOREACH (label, q->labels)
        strv_env_set(&stage->config.config.labels, *label);
    strv_sort(stage->config.config.labels);
}

/* Of all stages of the Dockerfile, once more, those that the target needs. */
static int plan_target(struct planning *p, size_t index, size_t number, struct err *err)
{
    struct build_target *target = &p->plan->targets.v[index];
    int r = 0;

    if (p->platform)
        r = oci_platform_parse(p->platform, &target->platform, err);
    else
        oci_platform_host(&target->platform);
    if (r < 0)
        return r;
    p->target = index;
    p->first = index * p->given->file->stages.n;
    strv_free(p->platform_args);
    strv_free(p->globals);
    p->platform_args = p->globals = NULL;
    plan_platform_args(p);
    r = plan_global_args(p, err);
    return r < 0 ? r : plan_stage(p, number, &target->stage, err);
}

static int plan_targets(struct planning *p, size_t number, struct err *err)
{
    char *const *platforms = p->given->request->platforms;
    size_t n = MAX_OF(strv_len(platforms), (size_t)1), stages = n * p->given->file->stages.n;
    struct build_plan *plan = p->plan;
    int r = 0;

    /* All at once, so that none of them moves. */
    for (size_t i = 0; i < n; i++)
        *VEC_PUSH(&plan->targets) = (struct build_target){0};
    for (size_t i = 0; i < stages; i++)
        *VEC_PUSH(&plan->stages) = (struct build_stage){.index = i};
    plan->order = mem_zalloc(stages, sizeof(*plan->order));
    for (size_t i = 0; r == 0 && i < n; i++) {
        p->platform = platforms ? platforms[i] : NULL;
        r = plan_target(p, i, number, err);
    }
    return r;
}

int build_plan_make(const struct build_planning *given, struct build_plan *ret, struct dockerfile_problem *problem,
                    struct err *err)
{
    const struct build_request *q = given->request;
    struct planning p = {.given = given, .plan = ret, .problem = problem};
    size_t number = 0;
    int r;

    *ret = (struct build_plan){0};
    if (given->file->stages.n == 0)
        return err_set(err, ERR_INVALID, "%s: file with no instructions", given->file->name);
    copy_contexts(q, ret);
    oci_platform_host(&p.host);
    p.consumed = mem_zalloc(strv_len(q->build_args) + 1, sizeof(*p.consumed));
    r = plan_check_references(&p, err);
    if (r == 0)
        r = find_target(&p, &number, err);
    if (r == 0)
        r = plan_targets(&p, number, err);
    if (r == 0) {
        VEC_FOREACH (target, &ret->targets)
            add_labels(q, &ret->stages.v[target->stage]);
        for (size_t i = 0; i < ret->n_order; i++)
            plan_name_steps(ret, &ret->stages.v[ret->order[i]]);
        plan_warn_unconsumed(&p);
    }
    oci_platform_release(&p.host);
    strv_free(p.platform_args);
    ret->globals = p.globals;
    free(p.consumed);
    return r;
}

static void stage_release(struct build_stage *s)
{
    free(s->label);
    free(s->name);
    VEC_FOREACH (t, &s->triggers)
        dockerfile_instruction_release(t);
    free(s->triggers.v);
    VEC_FOREACH (step, &s->steps)
        build_step_release(step);
    free(s->steps.v);
    VEC_FOREACH (e, &s->environments)
        build_environment_release(e);
    free(s->environments.v);
    strv_free(s->args);
    oci_image_config_release(&s->config);
}

static void named_release(struct build_named_context *c)
{
    free(c->name);
    free(c->what);
}

void build_plan_release(struct build_plan *p)
{
    VEC_FOREACH (t, &p->targets)
        oci_platform_release(&t->platform);
    free(p->targets.v);
    VEC_FOREACH (s, &p->stages)
        stage_release(s);
    free(p->stages.v);
    VEC_FOREACH (i, &p->images) {
        free(i->name);
        free(i->wanted);
        oci_platform_release(&i->platform);
        oci_image_config_release(&i->config);
    }
    free(p->images.v);
    VEC_FOREACH (c, &p->contexts)
        named_release(c);
    free(p->contexts.v);
    strv_free(p->globals);
    free(p->order);
    *p = (struct build_plan){0};
}

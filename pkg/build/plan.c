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

int build_plan_make(const struct build_planning *given, struct build_plan *ret, struct dockerfile_problem *problem,
                    struct err *err)
{
    const struct build_request *q = given->request;
    struct planning p = {.given = given, .plan = ret, .problem = problem};
    size_t n = given->file->stages.n;
    int r = 0;

    *ret = (struct build_plan){0};
    if (n == 0)
        return err_set(err, ERR_INVALID, "%s: file with no instructions", given->file->name);
    copy_contexts(q, ret);
    oci_platform_host(&p.host);
    if (q->platform)
        r = oci_platform_parse(q->platform, &p.target, err);
    else
        oci_platform_host(&p.target);
    if (r == 0)
        r = plan_check_references(&p, err);
    if (r == 0)
        r = find_target(&p, &ret->target, err);
    if (r == 0) {
        p.consumed = mem_zalloc(strv_len(q->build_args) + 1, sizeof(*p.consumed));
        for (size_t i = 0; i < n; i++)
            *VEC_PUSH(&ret->stages) = (struct build_stage){.index = i};
        ret->order = mem_zalloc(n, sizeof(*ret->order));
        plan_platform_args(&p);
        r = plan_global_args(&p, err);
    }
    if (r == 0)
        r = plan_stage(&p, ret->target, err);
    if (r == 0) {
        add_labels(q, &ret->stages.v[ret->target]);
        plan_warn_unconsumed(&p);
    }
    oci_platform_release(&p.host);
    oci_platform_release(&p.target);
    strv_free(p.platform_args);
    strv_free(p.globals);
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
    oci_image_config_release(&s->config);
}

static void named_release(struct build_named_context *c)
{
    free(c->name);
    free(c->what);
}

void build_plan_release(struct build_plan *p)
{
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
    free(p->order);
    *p = (struct build_plan){0};
}

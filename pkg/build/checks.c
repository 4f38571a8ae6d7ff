#include "build/checks.h"

int build_checks_begin(const struct dockerfile *d, const struct build_request *q, struct build_checks *ret,
                       struct err *err)
{
    const char *given = strv_env_get(q->build_args, "BUILDKIT_DOCKERFILE_CHECK");
    int r = dockerfile_check_options_parse(given ? given : d->check, &ret->options, err);

    if (r == 0)
        dockerfile_check(d, q->build_args, &ret->options, &ret->problems);
    return r;
}

static char *const *env_below(const struct build_plan *plan, const struct build_stage *stage)
{
    static char path[] = "PATH=";
    static char *const scratch[] = {path, NULL};

    if (stage->scratch)
        return scratch;
    return stage->base.kind == BUILD_SOURCE_STAGE ? plan->stages.v[stage->base.index].config.config.env
                                                  : plan->images.v[stage->base.index].config.config.env;
}

/* An image of another platform than was asked for is used all the same. */
static void check_platform(const struct dockerfile *d, const struct build_plan *plan, const struct build_stage *stage,
                           struct build_checks *c)
{
    const struct build_image *image = &plan->images.v[stage->base.index];
    _cleanup_platform_ struct oci_platform wanted = {0};
    _cleanup_free_ char *is = oci_platform_format(&image->platform), *expected = NULL;

    if (image->wanted) {
        if (oci_platform_parse(image->wanted, &wanted, NULL) < 0)
            return;
    } else {
        oci_platform_host(&wanted);
    }
    if (oci_platform_distance(&wanted, &image->platform) >= 0)
        return;
    expected = oci_platform_format(&wanted);
    dockerfile_check_report(
        d, stage->steps.v[0].instruction, RULE_INVALID_BASE_IMAGE_PLATFORM,
        str_printf("Base image %s was pulled with platform \"%s\", expected \"%s\" for current build", image->name, is,
                   expected),
        &c->options, &c->problems);
}

/* A stage that stands in the plan again, for another platform, has nothing new to be said of. */
static bool is_first(const struct build_plan *plan, const struct build_stage *stage)
{
    for (const struct build_stage *s = plan->stages.v; s < stage; s++)
        if (s->needed && s->number == stage->number)
            return false;
    return true;
}

void build_checks_plan(const struct dockerfile *d, const struct build_request *q, const struct build_plan *plan,
                       const struct build_context *contexts, struct build_checks *c)
{
    VEC_FOREACH (stage, &plan->stages) {
        bool first = is_first(plan, stage);

        if (!stage->needed)
            continue;
        if (first)
            dockerfile_check_variables(d, stage->number, env_below(plan, stage), q->build_args, &c->options,
                                       &c->problems);
        if (!stage->scratch && stage->base.kind == BUILD_SOURCE_IMAGE)
            check_platform(d, plan, stage, c);
        for (size_t i = 0; first && i < stage->steps.n; i++) {
            const struct build_step *step = &stage->steps.v[i];

            if (step->kind == BUILD_STEP_COPY && step->sources.v[0].kind == BUILD_SOURCE_CONTEXT)
                dockerfile_check_copy(d, step->instruction, step->copy.sources,
                                      contexts[step->sources.v[0].index].ignore, &c->options, &c->problems);
        }
    }
}

void build_checks_release(struct build_checks *c)
{
    dockerfile_check_options_release(&c->options);
    VEC_FOREACH (p, &c->problems)
        dockerfile_problem_release(p);
    free(c->problems.v);
    *c = (struct build_checks){0};
}

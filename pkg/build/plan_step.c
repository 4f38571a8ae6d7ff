/* One instruction: a change of the config, with a line of history, and a step where it changes files. */
#include "build/plan_internal.h"

#include "build/context.h"
#include "sys/path.h"

#include <strings.h>

static void add_history(struct stage_reading *r, const char *created_by, bool empty)
{
    const char *author = str_given(r->stage->config.author);
    r->planning->copied += strlen(created_by) + (author ? strlen(author) : 0);
    *VEC_PUSH(&r->stage->config.history) =
        (struct oci_history){.created_by = str_dup(created_by), .author = str_dup(author), .empty_layer = empty};
}

static bool is_filtered(const struct stage_reading *r)
{
    const struct build_request *q = r->planning->given->request;

    STRV_FOREACH (name, q->no_cache_filter)
        if (strcasecmp(*name, r->stage->name) == 0)
            return true;
    return q->no_cache;
}

enum { STRING_COST = 32 }; /* of memory, beside its bytes */

static size_t bytes_of(char *const *list)
{
    size_t n = 0;

    STRV_FOREACH (one, list)
        n += strlen(*one) + STRING_COST;
    return n;
}

static int check_copied(const struct planning *p, struct err *err)
{
    return p->copied <= PLAN_COPIED_MAX
               ? 0
               : err_set(err, ERR_LIMIT, "the variables, arguments and labels of all steps are longer than %d MiB",
                         PLAN_COPIED_MAX >> 20);
}

int plan_count_copy(struct planning *p, const struct oci_container_config *c, struct err *err)
{
    p->copied += bytes_of(c->env) + bytes_of(c->labels);
    return check_copied(p, err);
}

/* The step is not in the stage yet. */
static int begin_step(struct stage_reading *r, enum build_step_kind kind, const struct dockerfile_instruction *i,
                      const struct dockerfile_span *at, struct build_step *ret, struct err *err)
{
    const char *directory = str_given(r->stage->config.config.working_dir);
    int result;

    *ret = (struct build_step){.kind = kind,
                               .stage = r->stage->index,
                               .instruction = i,
                               .at = *at,
                               .said = build_hide_secrets(str_dup(i->original)),
                               .directory = path_clean(directory ? directory : "/"),
                               .no_cache = is_filtered(r)};
    result = plan_count_copy(r->planning, &r->stage->config.config, err);
    if (result < 0)
        return result;
    return json_duplicate(&oci_container_config_type, &r->stage->config.config, &ret->config, err);
}

void build_step_release(struct build_step *s)
{
    free(s->said);
    free(s->title);
    free(s->created_by);
    free(s->directory);
    json_free(&oci_container_config_type, &s->config);
    dockerfile_run_release(&s->run);
    dockerfile_copy_release(&s->copy);
    free(s->sources.v);
    *s = (struct build_step){0};
}

static int end_step(struct stage_reading *r, struct build_step *step)
{
    step->history = r->stage->config.history.n;
    add_history(r, step->created_by, false);
    *VEC_PUSH(&r->stage->steps) = *step;
    *step = (struct build_step){0};
    return 0;
}

/* ---- RUN ---- */

/* What ARG said and ENV does not. */
static char **args_without_env(const struct stage_reading *r)
{
    char **kept = NULL;
    size_t n = 0;

    STRV_FOREACH (arg, r->args) {
        _cleanup_free_ char *name = str_ndup(*arg, strcspn(*arg, "="));

        if (!strv_env_get(r->stage->config.config.env, name))
            strv_take_at(&kept, n++, str_dup(*arg));
    }
    return kept;
}

/* Made once for all RUNs between two changes: many of these with many arguments would be a lot. */
static const struct build_environment *environment_of(struct stage_reading *r)
{
    _cleanup_strv_ char **args = NULL;
    _cleanup_free_ char *joined = NULL;
    struct build_environment *e = &r->environment;

    if (e->said)
        return e;
    args = args_without_env(r);
    joined = args ? strv_join(args, " ") : NULL;
    e->said = args ? str_printf("|%zu %s ", strv_len(args), joined) : str_dup("");
    e->env = strv_copy(r->stage->config.config.env);
    strv_extend(&e->env, args);
    e->quiet = plan_proxies(r->planning, e->env);
    r->planning->copied += bytes_of(e->env);
    *VEC_PUSH(&r->stage->environments) = *e;
    return e;
}

void build_environment_release(struct build_environment *e)
{
    strv_free(e->env);
    strv_free(e->quiet);
    free(e->said);
}

/* Of the mounts that take from elsewhere; those that do not have the context, which counts for bind alone. */
static int find_mounts(struct stage_reading *r, struct build_step *step, struct err *err)
{
    VEC_FOREACH (m, &step->run.mounts) {
        struct build_source *source = VEC_PUSH(&step->sources);
        int result = m->from ? plan_find_source(r->planning, r->stage->number, m->from, r->planning->platform, false,
                                                source, err)
                             : 0;

        if (result < 0)
            return result;
    }
    return 0;
}

static int plan_run(struct stage_reading *r, const struct dockerfile_instruction *i, struct build_step *step,
                    struct err *err)
{
    _cleanup_free_ char *command = NULL;
    int result = dockerfile_read_run(i, &r->applying.words, r->stage->config.config.shell, &step->run, err);

    if (result == 0)
        result = find_mounts(r, step, err);
    if (result < 0)
        return result;
    step->environment = *environment_of(r);
    command = strv_join(step->run.argv, " ");
    step->created_by = str_printf("RUN %s%s", step->environment.said, command);
    return 0;
}

/* ---- COPY, ADD, WORKDIR ---- */

static int plan_copy(struct stage_reading *r, const struct dockerfile_instruction *i, struct build_step *step,
                     struct err *err)
{
    struct dockerfile_copy *c = &step->copy;
    struct build_source *source = VEC_PUSH(&step->sources);
    _cleanup_free_ char *joined = NULL;
    _cleanup_strv_ char **said = NULL;
    int result = dockerfile_read_copy(i, &r->applying.words, c, err);

    if (result == 0 && c->from)
        result = plan_find_source(r->planning, r->stage->number, c->from, r->planning->platform, false, source, err);
    if (result < 0)
        return result;
    strv_extend(&said, c->sources);
    VEC_FOREACH (file, &c->files)
        strv_add(&said, file->name);
    joined = strv_join(said, " ");
    step->created_by = build_hide_secrets(str_printf("%s %s %s", dockerfile_kind_name(i->kind), joined, c->target));
    return 0;
}

/* ---- all ---- */

static int plan_step(struct stage_reading *r, const struct dockerfile_instruction *i, const struct dockerfile_span *at,
                     struct err *err)
{
    static const struct {
        enum build_step_kind kind;
        int (*plan)(struct stage_reading *r, const struct dockerfile_instruction *i, struct build_step *step,
                    struct err *err);
    } kinds[DOCKERFILE_KINDS_] = {
        [DOCKERFILE_RUN] = {BUILD_STEP_RUN, plan_run},
        [DOCKERFILE_COPY] = {BUILD_STEP_COPY, plan_copy},
        [DOCKERFILE_ADD] = {BUILD_STEP_COPY, plan_copy},
        [DOCKERFILE_WORKDIR] = {BUILD_STEP_WORKDIR, NULL},
    };
    struct build_step step = {0};
    int result = begin_step(r, kinds[i->kind].kind, i, at, &step, err);

    if (result == 0 && kinds[i->kind].plan)
        result = kinds[i->kind].plan(r, i, &step, err);
    if (result == 0 && !step.created_by)
        step.created_by = str_dup(step.said);
    if (result == 0)
        return end_step(r, &step);
    build_step_release(&step);
    return result;
}

/* What changes the config alone, and WORKDIR, which does both. */
static int apply(struct stage_reading *r, const struct dockerfile_instruction *i, const struct dockerfile_span *at,
                 struct err *err)
{
    int result = dockerfile_apply(&r->applying, i, err);

    if (result == 0 && i->kind == DOCKERFILE_WORKDIR)
        return plan_step(r, i, at, err);
    if (result == 0)
        add_history(r, i->original, true);
    return result;
}

static int plan_arg(struct stage_reading *r, const struct dockerfile_instruction *i, struct err *err)
{
    _cleanup_free_ char *created_by = NULL;
    int result = plan_stage_arg(r, i, &created_by, err);

    if (result == 0)
        add_history(r, created_by, true);
    return result;
}

static int plan_maintainer(struct stage_reading *r, const struct dockerfile_instruction *i)
{
    str_replace(&r->stage->config.author, str_dup(i->text));
    add_history(r, i->original, true);
    return 0;
}

int plan_instruction(struct stage_reading *r, const struct dockerfile_instruction *i, const struct dockerfile_span *at,
                     struct err *err)
{
    int result;

    /* What ENV says wins over what ARG says. */
    r->applying.words.env = r->stage->config.config.env;
    r->applying.words.args = r->args;
    if (i->kind == DOCKERFILE_ARG || i->kind == DOCKERFILE_ENV)
        r->environment = (struct build_environment){NULL};
    if (i->kind == DOCKERFILE_ARG)
        result = plan_arg(r, i, err);
    else if (i->kind == DOCKERFILE_MAINTAINER)
        result = plan_maintainer(r, i);
    else if (dockerfile_applies(i->kind))
        result = apply(r, i, at, err);
    else
        result = plan_step(r, i, at, err);
    if (result == 0)
        result = check_copied(r->planning, err);
    return result < 0 ? plan_fail(r->planning, at, err) : 0;
}

/* For which platform, where there are several: "linux/arm64 ", and of one that runs on another than it is for
 * "linux/amd64->arm64 ". The caller frees it. */
static char *name_platform(const struct build_plan *plan, const struct build_stage *stage)
{
    const struct oci_platform *is = &stage->config.platform, *target = &plan->targets.v[stage->target].platform;
    _cleanup_free_ char *text = oci_platform_format(is), *other = oci_platform_format(target);
    const char *slash = strchr(other, '/');

    if (plan->targets.n < 2)
        return str_dup("");
    if (stage->shared || str_eq(text, other))
        return str_printf("%s ", text);
    return str_printf("%s->%s ", text, str_eq(is->os, target->os) && slash ? slash + 1 : other);
}

/* FROM counts as the first. */
void plan_name_steps(const struct build_plan *plan, struct build_stage *stage)
{
    _cleanup_free_ char *platform = name_platform(plan, stage);

    for (size_t i = 0; i < stage->steps.n; i++) {
        struct build_step *s = &stage->steps.v[i];

        str_replace(&s->title, str_printf("[%s%s%s%zu/%zu] %s", platform, stage->label ? stage->label : "",
                                          stage->label ? " " : "", i + 1, stage->steps.n, s->said));
    }
}

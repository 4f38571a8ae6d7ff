/* One stage: what it begins with, and then its instructions. */
#include "build/plan_internal.h"

#include "base/time.h"

#define SCRATCH      "scratch"
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Where nothing else says when: the first moment that every archive format can tell (1980-01-01). */
enum { EPOCH_DEFAULT = 315532800 };

static int begin_scratch(struct planning *p, struct build_stage *stage, const char *platform, struct err *err)
{
    struct oci_image_config *c = &stage->config;
    int r = 0;

    stage->scratch = true;
    if (platform)
        r = oci_platform_parse(platform, &c->platform, err);
    else
        r = json_duplicate(&oci_platform_type, &p->plan->targets.v[p->target].platform, &c->platform, err);
    strv_add(&c->config.env, DEFAULT_PATH);
    c->rootfs.type = str_dup("layers");
    return r;
}

static int begin_with(struct planning *p, struct build_stage *stage, const struct dockerfile_from *from,
                      struct err *err)
{
    const struct oci_image_config *below;
    int r;

    if (str_eq(from->base, SCRATCH) && plan_find_context(p, SCRATCH) < 0)
        return begin_scratch(p, stage, from->platform, err);
    r = plan_find_source(p, stage->number, from->base, from->platform ? from->platform : p->platform, true,
                         &stage->base, err);
    if (r < 0)
        return r;
    if (stage->base.kind == BUILD_SOURCE_CONTEXT)
        return err_set(err, ERR_UNSUPPORTED, "the context %s cannot be what a stage begins with", from->base);
    below = stage->base.kind == BUILD_SOURCE_STAGE ? &p->plan->stages.v[stage->base.index].config
                                                   : &p->plan->images.v[stage->base.index].config;
    VEC_FOREACH (h, &below->history)
        p->copied += str_given(h->created_by) ? strlen(h->created_by) : 0;
    r = plan_count_copy(p, &below->config, err);
    if (r == 0)
        r = json_duplicate(&oci_image_config_type, below, &stage->config, err);
    str_replace(&stage->config.build_cache, NULL); /* it is the base's */
    stage->base_history = stage->config.history.n;
    return r;
}

/* When its files and documents are from: never before what it stands on. */
static void decide_epoch(const struct planning *p, struct build_stage *stage)
{
    const struct build_request *q = p->given->request;
    int64_t created;

    stage->epoch = EPOCH_DEFAULT;
    if (q->has_epoch)
        stage->epoch = q->epoch;
    else if (!stage->scratch && stage->base.kind == BUILD_SOURCE_STAGE)
        stage->epoch = p->plan->stages.v[stage->base.index].epoch;
    else if (!stage->scratch && !str_empty(stage->config.created) &&
             time_parse(stage->config.created, &created, NULL) == 0 && created > 0)
        stage->epoch = created / 1000000000;
}

static void add_from(const struct planning *p, struct build_stage *stage, const struct dockerfile_from *from)
{
    const struct dockerfile *d = p->given->file;
    const struct dockerfile_instruction *i = &d->instructions.v[d->stages.v[stage->number].from];

    *VEC_PUSH(&stage->steps) = (struct build_step){.kind = BUILD_STEP_FROM,
                                                   .stage = stage->index,
                                                   .instruction = i,
                                                   .at = i->at,
                                                   .said = str_printf("FROM %s", from->base)};
}

/* ONBUILD of what it stands on; they have had their effect then. */
static int take_triggers(struct stage_reading *r, const struct dockerfile_span *at, struct err *err)
{
    struct build_stage *stage = r->stage;
    _cleanup_strv_ char **texts = steal_ptr(&stage->config.config.on_build);
    int result = 0;

    STRV_FOREACH (text, texts) {
        struct dockerfile_instruction i = {0};

        result = dockerfile_parse_instruction(*text, &i, err);
        if (result < 0) {
            err_wrap(err, "ONBUILD %s, of the base image", *text);
            return plan_fail(r->planning, at, err);
        }
        *VEC_PUSH(&stage->triggers) = i;
    }
    for (size_t i = 0; result == 0 && i < stage->triggers.n; i++)
        result = plan_instruction(r, &stage->triggers.v[i], at, err);
    return result;
}

static int read_instructions(struct stage_reading *r, struct err *err)
{
    const struct dockerfile *d = r->planning->given->file;
    const struct dockerfile_stage *s = &d->stages.v[r->stage->number];
    int result = take_triggers(r, &d->instructions.v[s->from].at, err);

    for (size_t i = s->from + 1; result == 0 && i < s->end; i++)
        result = plan_instruction(r, &d->instructions.v[i], &d->instructions.v[i].at, err);
    return result;
}

static void name_stage(const struct planning *p, struct build_stage *stage)
{
    const struct dockerfile *d = p->given->file;
    const char *name = d->stages.v[stage->number].name;

    stage->name = name ? str_dup(name) : str_printf("%zu", stage->number);
    if (name || d->stages.n > 1)
        stage->label = name ? str_dup(name) : str_printf("stage-%zu", stage->number);
}

static int plan_new_stage(struct planning *p, struct build_stage *stage, struct err *err)
{
    const struct dockerfile *d = p->given->file;
    const struct dockerfile_instruction *i = &d->instructions.v[d->stages.v[stage->number].from];
    _cleanup_strv_ char **env = strv_copy(p->platform_args);
    struct words words = {.escape = d->escape, .spent = &p->spent};
    struct dockerfile_from from = {0};
    struct stage_reading reading = {.planning = p, .stage = stage};
    int r;

    strv_extend(&env, p->globals);
    words.env = env;
    r = dockerfile_read_from(i, &words, &from, err);
    if (r == 0)
        r = begin_with(p, stage, &from, err);
    if (r < 0) {
        dockerfile_from_release(&from);
        return plan_fail(p, &i->at, err);
    }
    decide_epoch(p, stage);
    add_from(p, stage, &from);
    dockerfile_from_release(&from);
    reading.applying = (struct dockerfile_applying){
        .config = &stage->config.config, .words.escape = d->escape, .words.spent = &p->spent};
    r = read_instructions(&reading, err);
    stage->args = reading.args;
    return r;
}

int plan_stage(struct planning *p, size_t number, size_t *ret_index, struct err *err)
{
    struct build_stage *stage = &p->plan->stages.v[p->first + number], *same;
    int r;

    *ret_index = stage->index;
    if (stage->planned)
        return 0;
    stage->planned = stage->needed = true;
    stage->number = number;
    stage->target = p->target;
    name_stage(p, stage);
    r = plan_new_stage(p, stage, err);
    if (r < 0)
        return r;
    same = plan_find_same(p->plan, stage);
    if (same) {
        same->shared = true;
        stage->needed = false;
        *ret_index = stage->index = same->index;
        return 0;
    }
    p->plan->order[p->plan->n_order++] = stage->index;
    p->plan->n_steps += stage->steps.n;
    return 0;
}

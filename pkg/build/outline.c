#include "build/outline.h"

#include "base/base64.h"
#include "dockerfile/check.h"
#include "sys/path.h"

static const struct json_field line_fields[] = {
    JSON_FIELD(struct build_outline_line, "line", JSON_K_INT64, line),
};
static const struct json_type line_type = {"line", sizeof(struct build_outline_line), line_fields,
                                           ARRAY_SIZE(line_fields), false};

static const struct json_field range_fields[] = {
    JSON_FIELD(struct build_outline_range, "start", JSON_K_OBJECT, start, .type = &line_type),
    JSON_FIELD(struct build_outline_range, "end", JSON_K_OBJECT, end, .type = &line_type),
};
static const struct json_type range_type = {"range", sizeof(struct build_outline_range), range_fields,
                                            ARRAY_SIZE(range_fields), false};

static const struct json_field location_fields[] = {
    JSON_FIELD(struct build_outline_location, "ranges", JSON_K_ARRAY, ranges, .type = &range_type),
};
static const struct json_type location_type = {"location", sizeof(struct build_outline_location), location_fields,
                                               ARRAY_SIZE(location_fields), false};

static const struct json_field item_fields[] = {
    JSON_FIELD(struct build_outline_item, "name", JSON_K_STRING, name),
    JSON_FIELD(struct build_outline_item, "description", JSON_K_STRING, description),
    JSON_FIELD(struct build_outline_item, "value", JSON_K_STRING, value),
    JSON_FIELD(struct build_outline_item, "required", JSON_K_BOOL, required),
    JSON_FIELD(struct build_outline_item, "location", JSON_K_OBJECT, location, .type = &location_type),
};
static const struct json_type item_type = {"item", sizeof(struct build_outline_item), item_fields,
                                           ARRAY_SIZE(item_fields), false};

static const struct json_field target_fields[] = {
    JSON_FIELD(struct build_outline_target, "name", JSON_K_STRING, name),
    JSON_FIELD(struct build_outline_target, "default", JSON_K_BOOL, is_default),
    JSON_FIELD(struct build_outline_target, "description", JSON_K_STRING, description),
    JSON_FIELD(struct build_outline_target, "base", JSON_K_STRING, base),
    JSON_FIELD(struct build_outline_target, "platform", JSON_K_STRING, platform),
    JSON_FIELD(struct build_outline_target, "location", JSON_K_OBJECT, location, .type = &location_type),
};
static const struct json_type target_type = {"target", sizeof(struct build_outline_target), target_fields,
                                             ARRAY_SIZE(target_fields), false};

static const struct json_field outline_fields[] = {
    JSON_FIELD(struct build_outline, "name", JSON_K_STRING, name),
    JSON_FIELD(struct build_outline, "description", JSON_K_STRING, description),
    JSON_FIELD(struct build_outline, "args", JSON_K_ARRAY, args, .type = &item_type),
    JSON_FIELD(struct build_outline, "secrets", JSON_K_ARRAY, secrets, .type = &item_type),
    JSON_FIELD(struct build_outline, "ssh", JSON_K_ARRAY, ssh, .type = &item_type),
    JSON_FIELD(struct build_outline, "targets", JSON_K_ARRAY, targets, .type = &target_type),
    JSON_FIELD(struct build_outline, "sources", JSON_K_STRV, sources),
};
const struct json_type build_outline_type = {"outline", sizeof(struct build_outline), outline_fields,
                                             ARRAY_SIZE(outline_fields), false};

void build_outline_release(struct build_outline *o)
{
    json_free(&build_outline_type, o);
}

/* ---- items ---- */

static void locate(const struct dockerfile_instruction *i, struct build_outline_location *to)
{
    *VEC_PUSH(&to->ranges) =
        (struct build_outline_range){.start.line = (int64_t)i->at.line, .end.line = (int64_t)i->last_line};
}

static struct build_outline_item *find_item(const build_outline_items *items, const char *name)
{
    VEC_FOREACH (item, items)
        if (str_eq(item->name, name))
            return item;
    return NULL;
}

static struct build_outline_item *add_item(build_outline_items *to, const char *name,
                                           const struct dockerfile_instruction *i)
{
    struct build_outline_item *item = VEC_PUSH(to);

    *item = (struct build_outline_item){.name = str_dup(name)};
    locate(i, &item->location);
    return item;
}

static void add_source(const struct dockerfile *d, struct build_outline *ret)
{
    strv_take(&ret->sources, base64_encode(d->text, d->len));
}

/* ---- arguments ---- */

/* The names whose values a word as it is written asks for. */
static void add_asked(const struct dockerfile *d, const char *word, char ***names)
{
    const struct words how = {.escape = d->escape, .unset = names};
    _cleanup_free_ char *unused = NULL;

    if (word)
        (void)words_expand(word, &how, &unused, NULL);
}

static bool is_needed(const struct build_plan *plan, size_t number)
{
    for (size_t i = 0; i < plan->n_order; i++)
        if (plan->stages.v[plan->order[i]].number == number)
            return true;
    return false;
}

static char *const *args_of(const struct build_plan *plan, size_t number)
{
    for (size_t i = 0; i < plan->n_order; i++)
        if (plan->stages.v[plan->order[i]].number == number)
            return plan->stages.v[plan->order[i]].args;
    return NULL;
}

/* Those in front of the stages that count: a needed FROM asks for them, a needed stage declares them again without a
 * value, or one of these asks for them in its default. */
static char **used_globals(const struct dockerfile *d, const struct build_plan *plan)
{
    char **names = NULL;

    for (size_t s = 0; s < d->stages.n; s++) {
        const struct dockerfile_stage *stage = &d->stages.v[s];

        if (!is_needed(plan, s))
            continue;
        STRV_FOREACH (word, d->instructions.v[stage->from].words)
            add_asked(d, *word, &names);
        add_asked(d, dockerfile_flag(&d->instructions.v[stage->from], "platform"), &names);
        for (size_t i = stage->from + 1; i < stage->end; i++) {
            const struct dockerfile_instruction *in = &d->instructions.v[i];

            STRV_FOREACH (word, in->kind == DOCKERFILE_ARG ? in->words : NULL)
                if (!strchr(*word, '=') && !strv_contains(names, *word))
                    strv_add(&names, *word);
        }
    }
    for (size_t i = d->stages.v[0].from; i-- > 0;)
        STRV_FOREACH (word, d->instructions.v[i].words) {
            const char *equals = strchr(*word, '=');
            _cleanup_free_ char *name = str_ndup(*word, strcspn(*word, "="));

            if (equals && strv_contains(names, name))
                add_asked(d, equals + 1, &names);
        }
    return names;
}

static void add_args(const struct dockerfile *d, const struct dockerfile_instruction *i, char *const *values,
                     char *const *only, build_outline_items *to)
{
    STRV_FOREACH (word, i->words) {
        _cleanup_free_ char *name = str_ndup(*word, strcspn(*word, "="));
        struct build_outline_item *item;
        const char *value = strv_env_get(values, name);

        if ((only && !strv_contains(only, name)) || find_item(to, name))
            continue;
        item = add_item(to, name, i);
        item->value = str_dup(str_given(value));
        item->description = dockerfile_description(d, i, name);
    }
}

static void list_args(const struct dockerfile *d, const struct build_plan *plan, build_outline_items *to)
{
    _cleanup_strv_ char **used = used_globals(d, plan);

    for (size_t i = 0; used && i < d->stages.v[0].from; i++)
        add_args(d, &d->instructions.v[i], plan->globals, used, to);
    for (size_t s = 0; s < d->stages.n; s++)
        for (size_t i = d->stages.v[s].from + 1; is_needed(plan, s) && i < d->stages.v[s].end; i++)
            if (d->instructions.v[i].kind == DOCKERFILE_ARG)
                add_args(d, &d->instructions.v[i], args_of(plan, s), NULL, to);
}

/* ---- mounts ---- */

static void add_mount(const struct build_step *step, const struct dockerfile_mount *m, struct build_outline *ret)
{
    bool secret = m->type == DOCKERFILE_MOUNT_SECRET;
    build_outline_items *to = secret ? &ret->secrets : &ret->ssh;
    const char *name = !str_empty(m->id) ? m->id : !secret ? "default" : m->target ? path_base(m->target) : "";
    struct build_outline_item *item = find_item(to, name);

    if (!item)
        item = add_item(to, name, step->instruction);
    item->required |= m->required;
}

static int compare_items(const void *a, const void *b)
{
    const struct build_outline_item *x = a, *y = b;
    int64_t first = x->location.ranges.v[0].start.line, second = y->location.ranges.v[0].start.line;

    return first == second ? strcmp(x->name, y->name) : first < second ? -1 : 1;
}

static void sort_items(build_outline_items *items)
{
    if (items->n > 1)
        qsort(items->v, items->n, sizeof(*items->v), compare_items);
}

/* ---- all of it ---- */

void build_outline_make(const struct dockerfile *d, const struct build_plan *plan, struct build_outline *ret)
{
    const struct dockerfile_stage *stage = &d->stages.v[plan->stages.v[plan->targets.v[0].stage].number];

    *ret = (struct build_outline){.name = str_dup(stage->name)};
    ret->description = dockerfile_description(d, &d->instructions.v[stage->from], stage->name);
    list_args(d, plan, &ret->args);
    for (size_t i = 0; i < plan->n_order; i++)
        VEC_FOREACH (step, &plan->stages.v[plan->order[i]].steps)
            VEC_FOREACH (m, &step->run.mounts)
                if (m->type == DOCKERFILE_MOUNT_SECRET || m->type == DOCKERFILE_MOUNT_SSH)
                    add_mount(step, m, ret);
    sort_items(&ret->secrets);
    sort_items(&ret->ssh);
    add_source(d, ret);
}

void build_outline_list(const struct dockerfile *d, struct build_outline *ret)
{
    *ret = (struct build_outline){0};
    for (size_t s = 0; s < d->stages.n; s++) {
        const struct dockerfile_instruction *from = &d->instructions.v[d->stages.v[s].from];
        struct build_outline_target *t = VEC_PUSH(&ret->targets);

        *t = (struct build_outline_target){.name = str_dup(d->stages.v[s].name), .is_default = s + 1 == d->stages.n};
        t->description = dockerfile_description(d, from, t->name);
        t->base = from->words ? str_dup(from->words[0]) : NULL;
        t->platform = str_dup(dockerfile_flag(from, "platform"));
        locate(from, &t->location);
    }
    add_source(d, ret);
}

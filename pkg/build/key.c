#include "build/cache.h"

void build_key_add(struct build_key *k, const char *name, const char *value)
{
    struct store_build_input *input = VEC_PUSH(&k->inputs);

    input->name = str_dup(name);
    input->value = str_dup(value ? value : "");
}

static void add_list(struct build_key *k, const char *name, char *const *values)
{
    size_t i = 0;

    STRV_FOREACH (value, values) {
        _cleanup_free_ char *numbered = str_printf("%s %zu", name, i++);

        build_key_add(k, numbered, *value);
    }
}

static void add_given(struct build_key *k, const char *name, const char *value)
{
    if (!str_empty(value))
        build_key_add(k, name, value);
}

int build_key_finish(struct build_key *k, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    buf_adds(&text, "cbox step 1\n");
    VEC_FOREACH (input, &k->inputs)
        buf_addf(&text, "%zu:%s %zu:%s\n", strlen(input->name), input->name, strlen(input->value), input->value);
    return digest_hex(buf_str(&text), text.len, k->hex, err);
}

void build_key_release(struct build_key *k)
{
    VEC_FOREACH (input, &k->inputs) {
        free(input->name);
        free(input->value);
    }
    free(k->inputs.v);
    free(k->step);
    free(k->files);
    *k = (struct build_key){0};
}

/* ---- what all steps have ---- */

/* `below` NULL: it counts for nothing. */
static void begin(const struct build_plan *plan, const struct build_step *step, const build_layers *below,
                  struct build_key *k)
{
    const struct build_stage *stage = &plan->stages.v[step->stage];
    _cleanup_free_ char *platform = oci_platform_format(&stage->config.platform);
    _cleanup_free_ char *epoch = str_printf("%lld", (long long)stage->epoch);
    char digest[DIGEST_TEXT_MAX];
    size_t i = 0;

    k->step = str_dup(step->said);
    build_key_add(k, "kind", dockerfile_kind_name(step->instruction->kind));
    build_key_add(k, "platform", platform);
    build_key_add(k, "date", epoch);
    for (; below && i < below->n; i++) {
        _cleanup_free_ char *name = str_printf("layer %zu below", i + 1);

        build_key_add(k, name, digest_format(&below->v[i], digest));
    }
}

/* ---- RUN ---- */

static void add_env(struct build_key *k, char *const *env)
{
    STRV_FOREACH (one, env) {
        size_t n = strcspn(*one, "=");
        _cleanup_free_ char *name = str_printf("variable %.*s", (int)n, *one);

        build_key_add(k, name, (*one)[n] ? *one + n + 1 : "");
    }
}

static void add_mount(struct build_key *k, size_t i, const struct dockerfile_mount *m, const char *content)
{
    _cleanup_free_ char *name = str_printf("mount %zu", i + 1), *shown = str_printf("mount %zu: files", i + 1);
    _cleanup_free_ char *what = str_printf(
        "%d %s|%s|%s|%s|%d|%d|%o|%lld|%lld|%lld", (int)m->type, m->target ? m->target : "", m->source ? m->source : "",
        m->id ? m->id : "", m->env ? m->env : "", m->read_only, m->required, m->has_mode ? m->mode : 07777777U,
        m->has_uid ? (long long)m->uid : -1LL, m->has_gid ? (long long)m->gid : -1LL, (long long)m->size);

    build_key_add(k, name, what);
    add_given(k, shown, content);
}

void build_key_of_run(const struct build_plan *plan, const struct build_step *step, const build_layers *below,
                      char *const *mounts, struct build_key *ret)
{
    const struct dockerfile_run *run = &step->run;

    begin(plan, step, below, ret);
    add_list(ret, "word", run->argv);
    add_given(ret, "script", run->script);
    add_env(ret, step->environment.env);
    add_given(ret, "user", step->config.user);
    build_key_add(ret, "directory", step->directory);
    add_given(ret, "network", run->network);
    add_given(ret, "security", run->security);
    for (size_t i = 0; i < run->mounts.n; i++)
        add_mount(ret, i, &run->mounts.v[i], mounts ? mounts[i] : NULL);
}

/* ---- COPY, ADD, WORKDIR ---- */

void build_key_of_copy(const struct build_plan *plan, const struct build_step *step, const build_layers *below,
                       const char *content, const char *list, struct build_key *ret)
{
    const struct dockerfile_copy *c = &step->copy;

    begin(plan, step, c->link ? NULL : below, ret);
    build_key_add(ret, "files", content);
    build_key_add(ret, "target", c->target);
    build_key_add(ret, "directory", step->directory);
    add_given(ret, "--chown", c->chown);
    add_given(ret, "--chmod", c->chmod);
    add_list(ret, "--exclude", c->excludes);
    build_key_add(ret, "from", c->from ? "elsewhere" : "context");
    if (c->link)
        build_key_add(ret, "--link", "");
    if (c->parents)
        build_key_add(ret, "--parents", "");
    if (c->unpack)
        build_key_add(ret, "--unpack", *c->unpack ? "true" : "false");
    ret->files = str_dup(str_given(list));
}

void build_key_of_workdir(const struct build_plan *plan, const struct build_step *step, const build_layers *below,
                          struct build_key *ret)
{
    begin(plan, step, below, ret);
    build_key_add(ret, "directory", step->directory);
    add_given(ret, "user", step->config.user);
}

/* Checks of what stands in stages, and of how all of it is written. */
#include "dockerfile/check_internal.h"

#include "base/near.h"
#include "dockerfile/read.h"

#include <ctype.h>
#include <strings.h>

/* ---- how instructions are written ---- */

enum casing { MIXED, LOWER, UPPER };

static enum casing casing_of(const char *keyword)
{
    bool lower = false, upper = false;

    for (; *keyword; keyword++) {
        lower = lower || islower((unsigned char)*keyword);
        upper = upper || isupper((unsigned char)*keyword);
    }
    return lower && upper ? MIXED : lower ? LOWER : UPPER;
}

/* Of all behind the first FROM. */
static void check_casing(const struct checking *c)
{
    size_t first = c->d->stages.n ? c->d->stages.v[0].from : c->d->instructions.n, n[3] = {0};
    enum casing wanted;

    for (size_t i = first; i < c->d->instructions.n; i++)
        n[casing_of(c->d->instructions.v[i].keyword)]++;
    wanted = n[LOWER] > n[UPPER] ? LOWER : UPPER;
    for (size_t i = first; i < c->d->instructions.n; i++) {
        const struct dockerfile_instruction *in = &c->d->instructions.v[i];

        if (casing_of(in->keyword) != wanted)
            check_report(c, in, RULE_CONSISTENT_INSTRUCTION_CASING,
                         "Command '%s' should match the case of the command majority (%s)", in->keyword,
                         wanted == LOWER ? "lowercase" : "uppercase");
    }
}

/* ---- descriptions ---- */

static void check_description(const struct checking *c, const struct dockerfile_instruction *i, char *const *names)
{
    _cleanup_strv_ char **comments = names ? check_comments(c->d, i) : NULL;
    size_t n = strv_len(comments);
    _cleanup_free_ char *word = n ? str_ndup(comments[n - 1], strcspn(comments[n - 1], " ")) : NULL;

    if (!n || strv_contains(names, word))
        return;
    check_report(c, i, RULE_INVALID_DEFINITION_DESCRIPTION,
                 "Comment for %s should follow the format: `# %s <description>`", dockerfile_kind_name(i->kind),
                 names[1] ? "<arg_key>" : names[0]);
}

/* What an instruction gives a name to: a stage, arguments. The caller frees them. */
static char **names_given(const struct dockerfile *d, const struct dockerfile_instruction *i, size_t *stage)
{
    char **names = NULL;

    if (i->kind == DOCKERFILE_FROM) {
        const char *name = d->stages.v[(*stage)++].name;

        if (name)
            strv_add(&names, name);
    } else if (i->kind == DOCKERFILE_ARG) {
        STRV_FOREACH (word, i->words)
            strv_take(&names, str_ndup(*word, strcspn(*word, "=")));
    }
    return names;
}

void check_written(const struct checking *c)
{
    const struct dockerfile *d = c->d;
    size_t stage = 0;

    for (size_t i = 0; i < d->instructions.n; i++) {
        const struct dockerfile_instruction *in = &d->instructions.v[i];
        _cleanup_strv_ char **names = i < d->sound ? names_given(d, in, &stage) : NULL;

        if (in->empty_continuation)
            check_report(c, in, RULE_NO_EMPTY_CONTINUATION, "Empty continuation line");
        if (i > d->sound)
            continue;
        if (in->kind == DOCKERFILE_MAINTAINER)
            check_report(c, in, RULE_MAINTAINER_DEPRECATED,
                         "Maintainer instruction is deprecated in favor of using label");
        if (in->kind == DOCKERFILE_FROM)
            check_from_casing(c, in);
        check_description(c, in, names);
    }
}

/* ---- secrets ---- */

/* Whether one of `words` stands in `name` between underscores. */
static bool has_word(const char *name, const char *const *words)
{
    for (; *words; words++) {
        size_t n = strlen(*words);

        for (const char *p = name; *p; p++)
            if ((p == name || p[-1] == '_') && strncasecmp(p, *words, n) == 0 && (!p[n] || p[n] == '_'))
                return true;
    }
    return false;
}

static bool is_secret(const char *name)
{
    static const char *const secret[] = {"apikey", "auth",   "credential", "credentials", "key", "password",
                                         "pword",  "passwd", "secret",     "token",       NULL};
    static const char *const harmless[] = {"public", "file", "version", NULL};

    return has_word(name, secret) && !has_word(name, harmless);
}

/* ---- instructions one by one ---- */

/* What a stage has seen so far, and hands on to those that are made of it. */
struct stage_state {
    bool shell, workdir;
    const struct dockerfile_instruction *last[DOCKERFILE_KINDS_];
};

/* In the old form, NAME VALUE, the whole rest is one value. */
static bool is_legacy(const struct dockerfile_instruction *i)
{
    return i->words && !strchr(i->words[0], '=');
}

static void check_pairs(const struct checking *c, const struct dockerfile_instruction *i)
{
    if (is_legacy(i) && i->kind != DOCKERFILE_ARG)
        check_report(c, i, RULE_LEGACY_KEY_VALUE_FORMAT,
                     "\"%s key=value\" should be used instead of legacy \"%s key value\" format", i->keyword,
                     i->keyword);
    if (i->kind == DOCKERFILE_LABEL)
        return;
    STRV_FOREACH (word, i->words) {
        _cleanup_free_ char *name = str_ndup(*word, strcspn(*word, "="));

        if (is_secret(name))
            check_report(c, i, RULE_SECRETS_USED_IN_ARG_OR_ENV,
                         "Do not use ARG or ENV instructions for sensitive data (%s \"%s\")",
                         dockerfile_kind_name(i->kind), name);
        if (i->kind == DOCKERFILE_ENV && is_legacy(i))
            break;
    }
}

static void check_once(const struct checking *c, const struct dockerfile_instruction *i, struct stage_state *s)
{
    const struct dockerfile_instruction **last = &s->last[i->kind];

    if (*last)
        check_report(c, *last, RULE_MULTIPLE_INSTRUCTIONS_DISALLOWED,
                     "Multiple %s instructions should not be used in the same stage because only the last one will be "
                     "used",
                     i->keyword);
    *last = i;
    if (i->kind != DOCKERFILE_HEALTHCHECK && !i->json && !s->shell)
        check_report(c, i, RULE_JSON_ARGS_RECOMMENDED,
                     "JSON arguments recommended for %s to prevent unintended behavior related to OS signals",
                     i->keyword);
}

static void check_ports(const struct checking *c, const struct dockerfile_instruction *i)
{
    STRV_FOREACH (word, i->words) {
        const char *slash = strrchr(*word, '/');

        /* Variables are not known here, and braces have colons of their own. */
        if (strchr(*word, '$'))
            continue;
        for (const char *p = slash; p && *p; p++)
            if (isupper((unsigned char)*p)) {
                check_report(c, i, RULE_EXPOSE_PROTO_CASING,
                             "Defined protocol '%s' in EXPOSE instruction should be lowercase", *word);
                break;
            }
        if (strchr(*word, ':'))
            check_report(c, i, RULE_EXPOSE_INVALID_FORMAT,
                         "EXPOSE instruction should not define an IP address or host-port mapping, found '%s'", *word);
    }
}

static void check_workdir(const struct checking *c, const struct dockerfile_instruction *i, struct stage_state *s)
{
    const char *path = i->text + strspn(i->text, "\"'");

    if (!s->workdir && *path && *path != '/' && *path != '$')
        check_report(c, i, RULE_WORKDIR_RELATIVE_PATH,
                     "Relative workdir \"%s\" can have unexpected results if the base image changes", i->text);
    s->workdir = true;
}

static void check_one(const struct checking *c, const struct dockerfile_instruction *i, struct stage_state *s)
{
    switch (i->kind) {
    case DOCKERFILE_ARG:
    case DOCKERFILE_ENV:
    case DOCKERFILE_LABEL:
        check_pairs(c, i);
        break;
    case DOCKERFILE_CMD:
    case DOCKERFILE_ENTRYPOINT:
    case DOCKERFILE_HEALTHCHECK:
        check_once(c, i, s);
        break;
    case DOCKERFILE_EXPOSE:
        check_ports(c, i);
        break;
    case DOCKERFILE_SHELL:
        s->shell = true;
        break;
    case DOCKERFILE_WORKDIR:
        check_workdir(c, i, s);
        break;
    default:
        break;
    }
}

/* What the stage has from the one that it is made of. */
static struct stage_state inherit(const struct checking *c, size_t stage, const struct stage_state *before)
{
    const struct dockerfile_instruction *from = &c->d->instructions.v[c->d->stages.v[stage].from];

    for (size_t i = stage; i-- > 0;)
        if (from->words && c->d->stages.v[i].name && strcasecmp(c->d->stages.v[i].name, from->words[0]) == 0)
            return (struct stage_state){.shell = before[i].shell, .workdir = before[i].workdir};
    return (struct stage_state){0};
}

void check_instructions(const struct checking *c)
{
    _cleanup_free_ struct stage_state *states = mem_zalloc(c->d->stages.n, sizeof(*states));

    check_casing(c);
    for (size_t i = 0; i < c->d->stages.n; i++) {
        states[i] = inherit(c, i, states);
        for (size_t j = c->d->stages.v[i].from + 1; j < c->d->stages.v[i].end; j++)
            check_one(c, &c->d->instructions.v[j], &states[i]);
    }
}

/* ---- variables ---- */

/* A stage being gone through: which variables there are. */
struct scope {
    const struct checking *c;
    char **env, **declared, **globals;
};

static void report_unset(const struct scope *s, const struct dockerfile_instruction *i, char *const *unset)
{
    STRV_FOREACH (name, unset) {
        _cleanup_strv_ char **names = NULL;
        struct near near = near_to(*name);

        if (strv_contains(s->declared, *name))
            continue;
        STRV_FOREACH (e, s->env)
            strv_take(&names, str_ndup(*e, strcspn(*e, "=")));
        STRV_FOREACH (n, names)
            near_offer(&near, *n);
        check_report(s->c, i, RULE_UNDEFINED_VAR, "Usage of undefined variable '$%s'%s%s%s", *name,
                     near.best ? " (did you mean $" : "", near.best ? near.best : "", near.best ? "?)" : "");
    }
}

/* The value of a word, or NULL where it has none. The caller frees it. */
static char *look_at(const struct scope *s, const char *word, char ***unset)
{
    const struct words how = {.env = s->env, .escape = s->c->d->escape, .spent = s->c->spent, .unset = unset};
    char *value = NULL;

    return words_expand(word, &how, &value, NULL) < 0 ? NULL : value;
}

static void set_pair(char ***env, const char *name, const char *value)
{
    _cleanup_free_ char *set = str_printf("%s=%s", name, value ? value : "");

    strv_env_set(env, set);
}

/* ARG: each in turn is there for the next. */
static void go_through_arg(struct scope *s, const struct dockerfile_instruction *i, char ***unset)
{
    STRV_FOREACH (word, i->words) {
        const char *equals = strchr(*word, '=');
        _cleanup_free_ char *name = str_ndup(*word, equals ? (size_t)(equals - *word) : strlen(*word));
        const char *given = strv_env_get(s->c->build_args, name);
        _cleanup_free_ char *value = !given && equals ? look_at(s, equals + 1, unset) : NULL;

        if (!given)
            given = value ? value : equals ? NULL : strv_env_get(s->globals, name);
        strv_add(&s->declared, name);
        if (given)
            set_pair(&s->env, name, given);
    }
}

/* ENV: all see what there was before. Gives what it sets. */
static char **go_through_env(const struct scope *s, const struct dockerfile_instruction *i, char ***unset)
{
    char **after = NULL;

    if (is_legacy(i)) {
        _cleanup_free_ char *value = i->words[1] ? look_at(s, i->words[1], unset) : NULL;

        set_pair(&after, i->words[0], value);
    } else {
        STRV_FOREACH (word, i->words) {
            const char *equals = strchr(*word, '=');
            _cleanup_free_ char *name = str_ndup(*word, equals ? (size_t)(equals - *word) : strlen(*word));
            _cleanup_free_ char *value = equals ? look_at(s, equals + 1, unset) : NULL;

            set_pair(&after, name, value);
        }
    }
    return after;
}

/* Kinds in whose words variables have a meaning; and those that have them in flags only. */
static const bool expands[DOCKERFILE_KINDS_] = {
    [DOCKERFILE_ADD] = true,        [DOCKERFILE_COPY] = true, [DOCKERFILE_EXPOSE] = true, [DOCKERFILE_LABEL] = true,
    [DOCKERFILE_STOPSIGNAL] = true, [DOCKERFILE_USER] = true, [DOCKERFILE_VOLUME] = true, [DOCKERFILE_WORKDIR] = true,
};

static void go_through_heredocs(const struct scope *s, const struct dockerfile_instruction *i, char ***unset)
{
    const struct words how = {.env = s->env, .escape = s->c->d->escape, .spent = s->c->spent, .unset = unset};

    VEC_FOREACH (h, &i->heredocs) {
        _cleanup_free_ char *value = NULL;

        if (h->expand)
            words_expand_variables(h->content, &how, &value, NULL);
    }
}

static void go_through(struct scope *s, const struct dockerfile_instruction *i)
{
    _cleanup_strv_ char **unset = NULL, **after = NULL;

    if (i->kind == DOCKERFILE_ARG)
        go_through_arg(s, i, &unset);
    else if (i->kind == DOCKERFILE_ENV)
        after = go_through_env(s, i, &unset);
    if (expands[i->kind])
        STRV_FOREACH (word, i->words)
            free(look_at(s, *word, &unset));
    if (i->kind == DOCKERFILE_COPY || i->kind == DOCKERFILE_ADD)
        go_through_heredocs(s, i, &unset);
    if (expands[i->kind] || i->kind == DOCKERFILE_RUN)
        VEC_FOREACH (f, &i->flags)
            if (f->value)
                free(look_at(s, f->value, &unset));
    report_unset(s, i, unset);
    STRV_FOREACH (pair, after)
        strv_env_set(&s->env, *pair);
}

void dockerfile_check_variables(const struct dockerfile *d, size_t stage, char *const *env, char *const *build_args,
                                const struct dockerfile_check_options *o, dockerfile_problems *to)
{
    const struct checking c = {d, build_args, o, to};
    _cleanup_strv_ char **before = NULL;
    struct scope s = {.c = &c, .env = strv_copy(env), .globals = check_globals(&c, build_args, &before)};

    /* There is always one: containers have a default. */
    if (!strv_env_get(s.env, "PATH"))
        strv_add(&s.env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    for (size_t i = d->stages.v[stage].from + 1; i < d->stages.v[stage].end; i++)
        go_through(&s, &d->instructions.v[i]);
    strv_free(s.env);
    strv_free(s.declared);
    strv_free(s.globals);
}

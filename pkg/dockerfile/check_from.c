/* Checks of FROM: names of stages, arguments and platforms. */
#include "dockerfile/check_internal.h"

#include "base/near.h"
#include "dockerfile/read.h"
#include "oci/platform.h"
#include "oci/reference.h"

#include <ctype.h>
#include <strings.h>

static bool has_lower(const char *s)
{
    for (; *s; s++)
        if (islower((unsigned char)*s))
            return true;
    return false;
}

static bool has_upper(const char *s)
{
    for (; *s; s++)
        if (isupper((unsigned char)*s))
            return true;
    return false;
}

/* ---- how things are written ---- */

void check_from_casing(const struct checking *c, const struct dockerfile_instruction *from)
{
    const char *as = strv_len(from->words) == 3 ? from->words[1] : NULL;
    bool lower = !has_upper(from->keyword), upper = !has_lower(from->keyword);

    if (!as)
        return;
    if (has_upper(from->words[2]))
        check_report(c, from, RULE_STAGE_NAME_CASING, "Stage name '%s' should be lowercase", from->words[2]);
    if ((lower && has_upper(as)) || (upper && has_lower(as)))
        check_report(c, from, RULE_FROM_AS_CASING, "'%s' and '%s' keywords' casing do not match", as, from->keyword);
}

static void check_name(const struct checking *c, size_t stage)
{
    const struct dockerfile_stage *s = &c->d->stages.v[stage];
    const struct dockerfile_instruction *from = &c->d->instructions.v[s->from];

    if (!s->name)
        return;
    if (str_eq(s->name, "context") || str_eq(s->name, "scratch"))
        check_report(c, from, RULE_RESERVED_STAGE_NAME,
                     "Stage name should not use the same name as reserved stage \"%s\"", s->name);
    for (size_t i = 0; i < stage; i++) {
        if (!str_eq(c->d->stages.v[i].name, s->name))
            continue;
        check_report(c, from, RULE_DUPLICATE_STAGE_NAME, "Duplicate stage name \"%s\", stage names should be unique",
                     s->name);
        return;
    }
}

/* ---- arguments ---- */

/* What a build gives without being asked, with this host's values: which they are does not matter here. */
static void add_predefined(char ***env)
{
    static const char *const sides[] = {"BUILD", "TARGET"};
    struct oci_platform host;
    _cleanup_free_ char *text = NULL;

    oci_platform_host(&host);
    text = oci_platform_format(&host);
    for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
        strv_addf(env, "%sPLATFORM=%s", sides[i], text);
        strv_addf(env, "%sOS=%s", sides[i], host.os);
        strv_addf(env, "%sARCH=%s", sides[i], host.architecture);
        strv_addf(env, "%sVARIANT=%s", sides[i], host.variant ? host.variant : "");
        strv_addf(env, "%sOSVERSION=%s", sides[i], host.os_version ? host.os_version : "");
    }
    strv_addf(env, "TARGETSTAGE=%s", "default");
    oci_platform_release(&host);
}

static void set_global(const char *said, char *const *build_args, char ***env, char ***declared)
{
    _cleanup_free_ char *name = str_ndup(said, strcspn(said, "=")), *set = NULL;
    const char *value = strv_env_get(build_args, name);

    strv_add(declared, name);
    if (!value && said[strlen(name)])
        value = said + strlen(name) + 1;
    if (!value)
        return;
    set = str_printf("%s=%s", name, value);
    strv_env_set(env, set);
}

char **check_globals(const struct checking *c, char *const *build_args, char ***declared)
{
    size_t n = c->d->stages.n ? c->d->stages.v[0].from : c->d->instructions.n;
    char **env = NULL;

    *declared = NULL;
    add_predefined(&env);
    for (size_t i = 0; i < n; i++) {
        _cleanup_strv_ char **said = NULL;
        const struct words how = {.env = env, .escape = c->d->escape, .spent = c->spent};

        if (c->d->instructions.v[i].kind != DOCKERFILE_ARG ||
            dockerfile_read_arg(&c->d->instructions.v[i], &how, &said, NULL) < 0)
            continue;
        STRV_FOREACH (one, said)
            set_global(*one, build_args, &env, declared);
    }
    return env;
}

/* The nearest name that there is, as Docker offers it: " (did you mean X?)", or "". The caller frees it. */
static char *suggest(const char *name, char *const *env, char *const *declared)
{
    struct near near = near_to(name);
    _cleanup_strv_ char **names = strv_copy(declared);

    STRV_FOREACH (e, env)
        strv_take(&names, str_ndup(*e, strcspn(*e, "=")));
    STRV_FOREACH (n, names)
        near_offer(&near, *n);
    return near.best ? str_printf(" (did you mean %s?)", near.best) : str_dup("");
}

static void check_word(const struct checking *c, const struct dockerfile_instruction *from, const char *word,
                       char *const *env, char *const *declared)
{
    _cleanup_strv_ char **unset = NULL;
    _cleanup_free_ char *expanded = NULL;
    const struct words how = {.env = env, .escape = c->d->escape, .spent = c->spent, .unset = &unset};

    words_expand(word, &how, &expanded, NULL);
    STRV_FOREACH (name, unset) {
        _cleanup_free_ char *hint = strv_contains(declared, *name) ? NULL : suggest(*name, env, declared);

        if (hint)
            check_report(c, from, RULE_UNDEFINED_ARG_IN_FROM, "FROM argument '%s' is not declared%s", *name, hint);
    }
}

/* With their defaults alone arguments must give a name that an image can have. */
static void check_default(const struct checking *c, const struct dockerfile_instruction *from, char *const *env)
{
    _cleanup_free_ char *expanded = NULL;
    const struct words how = {.env = env, .escape = c->d->escape, .spent = c->spent};
    struct oci_reference reference;

    if (words_expand(from->words[0], &how, &expanded, NULL) < 0)
        return;
    if (oci_reference_parse(expanded, &reference, NULL) == 0)
        oci_reference_release(&reference);
    else
        check_report(c, from, RULE_INVALID_DEFAULT_ARG_IN_FROM,
                     "Default value for ARG %s results in empty or invalid base image name", from->words[0]);
}

/* ---- --platform ---- */

static void check_platform(const struct checking *c, const struct dockerfile_stage *stage)
{
    const struct dockerfile_instruction *from = &c->d->instructions.v[stage->from];
    const char *platform = dockerfile_flag(from, "platform"), *name = stage->name ? stage->name : "";
    struct oci_platform p;

    if (str_empty(platform))
        return;
    if (str_eq(platform, "$TARGETPLATFORM") || str_eq(platform, "${TARGETPLATFORM}"))
        check_report(c, from, RULE_REDUNDANT_TARGET_PLATFORM,
                     "Setting platform to predefined %s in FROM is redundant as this is the default behavior",
                     platform);
    if (strchr(platform, '$') || oci_platform_parse(platform, &p, NULL) < 0)
        return;
    /* A stage that is named after its platform is meant to have that one. */
    if (!strstr(name, p.os) && !strstr(name, p.architecture))
        check_report(c, from, RULE_FROM_PLATFORM_FLAG_CONST_DISALLOWED,
                     "FROM --platform flag should not use constant value \"%s\"", platform);
    oci_platform_release(&p);
}

void check_stages(const struct checking *c)
{
    _cleanup_strv_ char **declared = NULL, **again = NULL;
    _cleanup_strv_ char **env = check_globals(c, c->build_args, &declared);
    _cleanup_strv_ char **defaults = check_globals(c, NULL, &again);

    for (size_t i = 0; i < c->d->stages.n; i++) {
        const struct dockerfile_stage *s = &c->d->stages.v[i];
        const struct dockerfile_instruction *from = &c->d->instructions.v[s->from];
        const char *platform = dockerfile_flag(from, "platform");

        if (!from->words)
            continue;
        check_name(c, i);
        check_word(c, from, from->words[0], env, declared);
        if (platform)
            check_word(c, from, platform, env, declared);
        check_default(c, from, defaults);
        check_platform(c, s);
    }
}

#include "dockerfile/check_internal.h"

#include "sys/path.h"

#include <strings.h>

const struct dockerfile_rule dockerfile_rules[] = {
    [RULE_STAGE_NAME_CASING] = {"StageNameCasing", "Stage names should be lowercase", false},
    [RULE_FROM_AS_CASING] = {"FromAsCasing", "The 'as' keyword should match the case of the 'from' keyword", false},
    [RULE_NO_EMPTY_CONTINUATION] = {"NoEmptyContinuation",
                                    "Empty continuation lines will become errors in a future release", false},
    [RULE_CONSISTENT_INSTRUCTION_CASING] = {"ConsistentInstructionCasing",
                                            "All commands within the Dockerfile should use the same casing", false},
    [RULE_DUPLICATE_STAGE_NAME] = {"DuplicateStageName", "Stage names should be unique", false},
    [RULE_RESERVED_STAGE_NAME] = {"ReservedStageName", "Reserved words should not be used as stage names", false},
    [RULE_JSON_ARGS_RECOMMENDED] = {"JSONArgsRecommended",
                                    "JSON arguments recommended for ENTRYPOINT/CMD, so that signals arrive", false},
    [RULE_MAINTAINER_DEPRECATED] = {"MaintainerDeprecated", "MAINTAINER is deprecated, use a label", false},
    [RULE_UNDEFINED_ARG_IN_FROM] = {"UndefinedArgInFrom", "FROM command must use declared ARGs", false},
    [RULE_WORKDIR_RELATIVE_PATH] = {"WorkdirRelativePath",
                                    "A relative WORKDIR without an absolute one before it depends on the base image",
                                    false},
    [RULE_UNDEFINED_VAR] = {"UndefinedVar", "Variables should be defined before their use", false},
    [RULE_MULTIPLE_INSTRUCTIONS_DISALLOWED] = {"MultipleInstructionsDisallowed",
                                               "Of several CMD, ENTRYPOINT or HEALTHCHECK only the last one counts",
                                               false},
    [RULE_LEGACY_KEY_VALUE_FORMAT] = {"LegacyKeyValueFormat", "KEY=VALUE should be used instead of KEY VALUE", false},
    [RULE_INVALID_BASE_IMAGE_PLATFORM] = {"InvalidBaseImagePlatform",
                                          "Base image platform does not match expected target platform", false},
    [RULE_REDUNDANT_TARGET_PLATFORM] = {"RedundantTargetPlatform",
                                        "Setting platform to $TARGETPLATFORM in FROM is the default behavior", false},
    [RULE_SECRETS_USED_IN_ARG_OR_ENV] = {"SecretsUsedInArgOrEnv",
                                         "Sensitive data should not be used in the ARG or ENV commands", false},
    [RULE_INVALID_DEFAULT_ARG_IN_FROM] = {"InvalidDefaultArgInFrom",
                                          "Default value for global ARG gives an empty or invalid base image name",
                                          false},
    [RULE_FROM_PLATFORM_FLAG_CONST_DISALLOWED] = {"FromPlatformFlagConstDisallowed",
                                                  "FROM --platform flag should not use a constant value", false},
    [RULE_COPY_IGNORED_FILE] = {"CopyIgnoredFile", "Attempting to copy a file that is excluded by .dockerignore",
                                false},
    [RULE_INVALID_DEFINITION_DESCRIPTION] = {"InvalidDefinitionDescription",
                                             "Comment for build stage or argument should begin with its name", true},
    [RULE_EXPOSE_PROTO_CASING] = {"ExposeProtoCasing", "Protocol in EXPOSE instruction should be lowercase", false},
    [RULE_EXPOSE_INVALID_FORMAT] = {"ExposeInvalidFormat",
                                    "IP address and host-port mapping should not be used in EXPOSE", false},
    {NULL, NULL, false},
};

/* ---- options ---- */

static char *trimmed(const char *s)
{
    size_t n = strlen(s += strspn(s, " \t\r"));

    while (n && strchr(" \t\r", s[n - 1]))
        n--;
    return str_ndup(s, n);
}

static void add_names(char ***to, const char *text)
{
    _cleanup_strv_ char **names = strv_split(text, ',');

    STRV_FOREACH (name, names)
        strv_take(to, trimmed(*name));
}

/* As Go's strconv.ParseBool. */
static int parse_bool(const char *part, const char *value, bool *ret, struct err *err)
{
    static const char *const words[] = {"1", "t", "T", "true",  "TRUE",  "True",
                                        "0", "f", "F", "false", "FALSE", "False"};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq(value, words[i])) {
            *ret = i < ARRAY_SIZE(words) / 2;
            return 0;
        }
    return err_set(err, ERR_INVALID, "failed to parse check option \"%s\": \"%s\" is not true or false", part, value);
}

int dockerfile_check_options_parse(const char *text, struct dockerfile_check_options *ret, struct err *err)
{
    _cleanup_free_ char *all = trimmed(text ? text : "");
    _cleanup_strv_ char **parts = *all ? strv_split(all, ';') : NULL;

    *ret = (struct dockerfile_check_options){0};
    STRV_FOREACH (part, parts) {
        const char *equals = strchr(*part, '=');
        _cleanup_free_ char *name = NULL, *head = str_ndup(*part, equals ? (size_t)(equals - *part) : 0);
        _cleanup_free_ char *value = trimmed(equals ? equals + 1 : "");

        if (!equals)
            return err_set(err, ERR_INVALID, "invalid check option \"%s\"", *part);
        name = trimmed(head);
        if (str_eq(name, "skip")) {
            add_names(&ret->skip, value);
        } else if (str_eq(name, "experimental")) {
            add_names(&ret->experimental, value);
        } else if (str_eq(name, "error")) {
            int r = parse_bool(*part, value, &ret->error, err);

            if (r < 0)
                return r;
        } else {
            return err_set(err, ERR_INVALID, "invalid check option \"%s\"", name);
        }
    }
    return 0;
}

void dockerfile_check_options_release(struct dockerfile_check_options *o)
{
    strv_free(o->skip);
    strv_free(o->experimental);
    *o = (struct dockerfile_check_options){0};
}

static bool wants(const struct dockerfile_check_options *o, const struct dockerfile_rule *rule)
{
    char *const *names = rule->experimental ? o->experimental : o->skip;
    bool named = strv_contains(names, "all") || strv_contains(names, rule->name);

    return named == rule->experimental;
}

/* ---- comments ---- */

/* The first byte of a line, counted from 1; NULL: there is none. */
static const char *find_line(const struct dockerfile *d, unsigned line)
{
    const char *p = d->text, *end = d->text + d->len;

    for (; line > 1 && p; line--) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    return p;
}

char **check_comments(const struct dockerfile *d, const struct dockerfile_instruction *i)
{
    const char *here = d->text ? find_line(d, i->at.line) : NULL;
    char **up = NULL, **comments = NULL;

    /* A directive is no comment: what the file's `check` says can be taken back, what an instruction's own says not. */
    for (unsigned above = i->at.line; here && here > d->text && --above > d->directives;) {
        const char *start = here - 1;
        _cleanup_free_ char *line = NULL, *comment = NULL;

        while (start > d->text && start[-1] != '\n')
            start--;
        line = str_ndup(start, (size_t)(here - 1 - start));
        here = start;
        if (line[strspn(line, " \t")] != '#')
            break;
        comment = trimmed(strchr(line, '#') + 1);
        if (!*comment)
            break;
        strv_take(&up, steal_ptr(&comment));
    }
    for (size_t n = strv_len(up); n-- > 0;)
        strv_add(&comments, up[n]);
    strv_free(up);
    return comments;
}

char *dockerfile_description(const struct dockerfile *d, const struct dockerfile_instruction *i, const char *name)
{
    _cleanup_strv_ char **comments = name ? check_comments(d, i) : NULL;

    STRV_FOREACH (comment, comments) {
        const char *rest = str_after(*comment, name);

        if (rest && *rest == ' ')
            return str_dup(rest + 1);
    }
    return NULL;
}

/* Whether a comment of the instruction's own says otherwise. */
static bool is_skipped_here(const struct dockerfile *d, const struct dockerfile_instruction *i,
                            const struct dockerfile_rule *rule, bool *ret_wanted)
{
    _cleanup_strv_ char **comments = check_comments(d, i);

    STRV_FOREACH (comment, comments) {
        const char *rest = strncasecmp(*comment, "check", 5) == 0 ? *comment + 5 : "";
        _cleanup_(dockerfile_check_options_release) struct dockerfile_check_options own = {0};
        _cleanup_free_ char *value = NULL;

        rest += strspn(rest, " \t");
        if (*rest++ != '=')
            continue;
        value = str_ndup(rest + strspn(rest, " \t"), strcspn(rest + strspn(rest, " \t"), " "));
        if (dockerfile_check_options_parse(value, &own, NULL) < 0)
            continue;
        if (rule->experimental && wants(&own, rule))
            *ret_wanted = true;
        if (!rule->experimental && !wants(&own, rule))
            return true;
    }
    return false;
}

/* ---- reporting ---- */

void dockerfile_check_report(const struct dockerfile *d, const struct dockerfile_instruction *i,
                             enum dockerfile_rule_id rule, char *message, const struct dockerfile_check_options *o,
                             dockerfile_problems *to)
{
    bool wanted = wants(o, &dockerfile_rules[rule]);

    if (is_skipped_here(d, i, &dockerfile_rules[rule], &wanted) || !wanted) {
        free(message);
        return;
    }
    *VEC_PUSH(to) = (struct dockerfile_problem){i->at, dockerfile_rules[rule].name, message};
}

void check_report(const struct checking *c, const struct dockerfile_instruction *i, enum dockerfile_rule_id rule,
                  const char *fmt, ...)
{
    va_list ap;
    char *message;

    va_start(ap, fmt);
    message = str_vprintf(fmt, ap);
    va_end(ap);
    dockerfile_check_report(c->d, i, rule, message, c->options, c->to);
}

/* Stable: what was found first on a line stays first. */
static void sort_by_line(dockerfile_problems *to, size_t first)
{
    for (size_t i = first + 1; i < to->n; i++) {
        struct dockerfile_problem p = to->v[i];
        size_t at = i;

        for (; at > first && to->v[at - 1].at.line > p.at.line; at--)
            to->v[at] = to->v[at - 1];
        to->v[at] = p;
    }
}

void dockerfile_check(const struct dockerfile *d, char *const *build_args, const struct dockerfile_check_options *o,
                      dockerfile_problems *to)
{
    size_t first = to->n, spent = 0;
    const struct checking c = {d, build_args, o, to, &spent};

    check_written(&c);
    if (d->stages.n && d->sound == d->instructions.n) {
        check_stages(&c);
        check_instructions(&c);
    }
    sort_by_line(to, first);
}

int dockerfile_check_result(const struct dockerfile_check_options *o, const dockerfile_problems *problems,
                            struct err *err)
{
    _cleanup_strv_ char **rules = NULL;
    _cleanup_free_ char *joined = NULL;

    VEC_FOREACH (p, problems)
        if (p->rule && !strv_contains(rules, p->rule))
            strv_add(&rules, p->rule);
    if (!o->error || !rules)
        return 0;
    joined = strv_join(rules, ", ");
    return err_set(err, ERR_INVALID, "lint violation found for rules: %s", joined);
}

/* ---- what is copied ---- */

void dockerfile_check_copy(const struct dockerfile *d, const struct dockerfile_instruction *i, char *const *sources,
                           const struct ignore *patterns, const struct dockerfile_check_options *o,
                           dockerfile_problems *to)
{
    /* What is taken back below something that is left out cannot be told from the text. */
    if (!patterns || ignore_takes_back(patterns))
        return;
    STRV_FOREACH (source, sources) {
        _cleanup_free_ char *clean = path_join("/", *source);
        /* All of the context: only where nothing is left of it, so also no name that nobody has. */
        const char *name = clean[1] ? clean + 1 : "\x01";

        if (ignore_matches(patterns, name, NULL, NULL))
            dockerfile_check_report(d, i, RULE_COPY_IGNORED_FILE,
                                    str_printf("Attempting to %s file \"%s\" that is excluded by .dockerignore",
                                               i->kind == DOCKERFILE_ADD ? "Add" : "Copy", clean[1] ? name : "."),
                                    o, to);
    }
}

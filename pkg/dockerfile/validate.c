/* What Docker refuses before a build begins, whatever stage it stands in. */
#include "base/num.h"
#include "base/time.h"
#include "dockerfile/internal.h"

#include <ctype.h>
#include <strings.h>

static int need_one(const struct dockerfile_instruction *i, const char *how_many, struct err *err)
{
    if (i->words)
        return 0;
    return err_set(err, ERR_INVALID, "%s requires %s argument", dockerfile_kind_name(i->kind), how_many);
}

/* ---- FROM ---- */

int stage_name_read(const struct dockerfile_instruction *i, char **ret, struct err *err)
{
    size_t n = strv_len(i->words), valid;
    char text[QUOTED_MAX];
    char *name;

    *ret = NULL;
    if (n == 1)
        return 0;
    if (n != 3 || strcasecmp(i->words[1], "as") != 0)
        return err_set(err, ERR_INVALID, "FROM requires either one or three arguments");
    name = str_dup(i->words[2]);
    for (char *p = name; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    valid = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
    if (!islower((unsigned char)*name) || name[valid]) {
        free(name);
        return err_set(err, ERR_INVALID,
                       "invalid name for build stage: %s, name can't start with a number or contain symbols",
                       quoted(i->words[2], text));
    }
    *ret = name;
    return 0;
}

static int validate_from(const struct dockerfile_instruction *i, struct err *err)
{
    _cleanup_free_ char *name = NULL;

    return stage_name_read(i, &name, err);
}

/* ---- HEALTHCHECK ---- */

static int read_interval(const struct dockerfile_instruction *i, const char *name, int64_t *ret, struct err *err)
{
    const char *value = dockerfile_flag(i, name);
    int r;

    if (str_empty(value))
        return 0;
    r = time_parse_duration(value, ret, err);
    if (r == 0 && *ret != 0 && *ret < 1000000)
        r = err_set(err, ERR_INVALID, "Interval \"%s\" cannot be less than 1ms", name);
    return r;
}

static int read_retries(const struct dockerfile_instruction *i, int64_t *ret, struct err *err)
{
    const char *value = dockerfile_flag(i, "retries");
    int r;

    if (str_empty(value))
        return 0;
    r = num_parse_i64(*value == '+' ? value + 1 : value, INT32_MIN, INT32_MAX, ret, err);
    if (r == 0 && *ret < 0)
        r = err_set(err, ERR_INVALID, "--retries cannot be negative (%d)", (int)*ret);
    return r < 0 ? err_wrap(err, "--retries") : 0;
}

static int read_check(const struct dockerfile_instruction *i, struct oci_healthcheck *ret, struct err *err)
{
    _cleanup_free_ char *type = str_dup(i->words[0]);
    int r = 0;

    for (char *p = type; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    if (str_eq(type, "NONE")) {
        strv_add(&ret->test, "NONE");
        return i->words[1] ? err_set(err, ERR_INVALID, "HEALTHCHECK NONE takes no arguments") : 0;
    }
    if (!str_eq(type, "CMD"))
        return err_set(err, ERR_INVALID, "Unknown type \"%s\" in HEALTHCHECK (try CMD)", type);
    if (!i->words[1])
        return err_set(err, ERR_INVALID, "Missing command after HEALTHCHECK CMD");
    strv_add(&ret->test, i->json ? "CMD" : "CMD-SHELL");
    strv_extend(&ret->test, i->words + 1);
    r = read_interval(i, "interval", &ret->interval, err);
    r = r < 0 ? r : read_interval(i, "timeout", &ret->timeout, err);
    r = r < 0 ? r : read_interval(i, "start-period", &ret->start_period, err);
    r = r < 0 ? r : read_interval(i, "start-interval", &ret->start_interval, err);
    return r < 0 ? r : read_retries(i, &ret->retries, err);
}

int healthcheck_read(const struct dockerfile_instruction *i, struct oci_healthcheck *ret, struct err *err)
{
    int r = need_one(i, "at least one", err);

    *ret = (struct oci_healthcheck){0};
    r = r < 0 ? r : read_check(i, ret, err);
    if (r < 0) {
        strv_free(ret->test);
        ret->test = NULL;
    }
    return r;
}

static int validate_healthcheck(const struct dockerfile_instruction *i, struct err *err)
{
    struct oci_healthcheck h;
    int r = healthcheck_read(i, &h, err);

    if (r == 0)
        strv_free(h.test);
    return r;
}

/* ---- the others ---- */

static int validate_pairs(const struct dockerfile_instruction *i, struct err *err)
{
    int r = need_one(i, "at least one", err);

    for (char **word = i->words; r == 0 && word && *word && strchr(i->words[0], '='); word++)
        if (**word == '=')
            r = err_set(err, ERR_INVALID, "%s names can not be blank", dockerfile_kind_name(i->kind));
    return r;
}

static int validate_arg(const struct dockerfile_instruction *i, struct err *err)
{
    int r = need_one(i, "at least one", err);

    STRV_FOREACH (word, i->words)
        if (**word == '=')
            return err_set(err, ERR_INVALID, "ARG names can not be blank");
    return r;
}

static int validate_one(const struct dockerfile_instruction *i, struct err *err)
{
    return need_one(i, "exactly one", err);
}

static int validate_some(const struct dockerfile_instruction *i, struct err *err)
{
    return need_one(i, "at least one", err);
}

static int validate_volume(const struct dockerfile_instruction *i, struct err *err)
{
    int r = need_one(i, "at least one", err);

    STRV_FOREACH (word, i->words) {
        _cleanup_free_ char *trimmed = letters_trim(*word, strlen(*word));

        if (!*trimmed)
            return err_set(err, ERR_INVALID, "VOLUME specified can not be an empty string");
    }
    return r;
}

static int validate_shell(const struct dockerfile_instruction *i, struct err *err)
{
    int r = need_one(i, "at least one", err);

    if (r == 0 && !i->json)
        r = err_set(err, ERR_INVALID, "SHELL requires the arguments to be in JSON form");
    return r;
}

static int validate_copy(const struct dockerfile_instruction *i, struct err *err)
{
    size_t n = strv_len(i->words);
    struct heredoc_word h;

    if (n < 2)
        return err_set(err, ERR_INVALID,
                       "%s requires at least two arguments, but only one was provided. Destination could not be "
                       "determined",
                       dockerfile_kind_name(i->kind));
    if (heredoc_parse(i->words[n - 1], &h, NULL) <= 0)
        return 0;
    free(h.name);
    return err_set(err, ERR_INVALID, "%s cannot accept a heredoc as a destination", dockerfile_kind_name(i->kind));
}

static int validate_onbuild(const struct dockerfile_instruction *i, struct err *err)
{
    int r = need_one(i, "at least one", err);

    if (r < 0 || !i->trigger)
        return r;
    if (i->trigger->kind == DOCKERFILE_ONBUILD)
        return err_set(err, ERR_INVALID, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (i->trigger->kind == DOCKERFILE_FROM || i->trigger->kind == DOCKERFILE_MAINTAINER)
        return err_set(err, ERR_INVALID, "%s isn't allowed as an ONBUILD trigger",
                       dockerfile_kind_name(i->trigger->kind));
    return 0;
}

static int validate_run(const struct dockerfile_instruction *i, struct err *err)
{
    VEC_FOREACH (flag, &i->flags) {
        struct dockerfile_mount mount = {0};
        int r = str_eq(flag->name, "mount") ? mount_read(flag->value, NULL, &mount, err) : 0;

        mount_release(&mount);
        if (r < 0)
            return r;
    }
    return run_mode_check(i, err);
}

static const struct {
    int (*check)(const struct dockerfile_instruction *i, struct err *err);
    bool any_flags; /* Docker never looks at them */
} rules[DOCKERFILE_KINDS_] = {
    [DOCKERFILE_ADD] = {validate_copy},
    [DOCKERFILE_ARG] = {validate_arg, true},
    [DOCKERFILE_CMD] = {NULL},
    [DOCKERFILE_COPY] = {validate_copy},
    [DOCKERFILE_ENTRYPOINT] = {NULL},
    [DOCKERFILE_ENV] = {validate_pairs},
    [DOCKERFILE_EXPOSE] = {validate_some},
    [DOCKERFILE_FROM] = {validate_from},
    [DOCKERFILE_HEALTHCHECK] = {validate_healthcheck},
    [DOCKERFILE_LABEL] = {validate_pairs},
    [DOCKERFILE_MAINTAINER] = {validate_one},
    [DOCKERFILE_ONBUILD] = {validate_onbuild},
    [DOCKERFILE_RUN] = {validate_run},
    [DOCKERFILE_SHELL] = {validate_shell},
    [DOCKERFILE_STOPSIGNAL] = {validate_one, true},
    [DOCKERFILE_USER] = {validate_one},
    [DOCKERFILE_VOLUME] = {validate_volume},
    [DOCKERFILE_WORKDIR] = {validate_one},
};

int instruction_validate(const struct dockerfile_instruction *i, struct dockerfile_span *ret_at, struct err *err)
{
    bool none = i->kind == DOCKERFILE_HEALTHCHECK && i->words && strcasecmp(i->words[0], "NONE") == 0;
    int r = rules[i->kind].any_flags || none ? 0 : flags_check(i, ret_at, err);

    return r < 0 || !rules[i->kind].check ? r : rules[i->kind].check(i, err);
}

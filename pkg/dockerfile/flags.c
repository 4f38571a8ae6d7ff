#include "base/near.h"
#include "dockerfile/internal.h"

#include <stdio.h>
#include <strings.h>

/* ---- reading ---- */

/* One word without its quotes; what is behind it. */
static const char *take_flag(const char *s, char escape, struct buf *word)
{
    char quote = 0;

    for (; *s && (quote || !letter_space(s)); s++) {
        if (quote ? *s == quote : *s == '\'' || *s == '"') {
            quote = quote ? 0 : *s;
            continue;
        }
        if (*s == escape) {
            if (!s[1])
                continue;
            s++;
        }
        buf_addc(word, *s);
    }
    return s;
}

const char *flags_scan(const struct lines *l, const char *text, char escape, struct dockerfile_instruction *i)
{
    const char *base = buf_str(&l->joined);

    for (;;) {
        _cleanup_buf_ struct buf word = BUF_INIT;
        struct dockerfile_flag *flag;
        const char *start, *value;
        size_t space;

        while ((space = letter_space(text)) > 0)
            text += space;
        if (text[0] != '-' || text[1] != '-')
            return text;
        start = text;
        text = take_flag(text, escape, &word);
        if (str_eq(buf_str(&word), "--"))
            return text;
        flag = VEC_PUSH(&i->flags);
        value = strchr(buf_str(&word), '=');
        flag->name = str_ndup(word.p + 2, value ? (size_t)(value - word.p) - 2 : word.len - 2);
        flag->value = value ? str_dup(value + 1) : NULL;
        flag->at = lines_locate(l, (size_t)(start - base), (size_t)(text - start));
    }
}

/* ---- checking ---- */

enum flag_type { FLAG_BOOL, FLAG_STRING, FLAG_STRINGS };

static const struct {
    enum dockerfile_kind kind;
    enum flag_type type;
    const char *name;
} known_flags[] = {
    {DOCKERFILE_ADD, FLAG_STRING, "chown"},
    {DOCKERFILE_ADD, FLAG_STRING, "chmod"},
    {DOCKERFILE_ADD, FLAG_BOOL, "link"},
    {DOCKERFILE_ADD, FLAG_BOOL, "keep-git-dir"},
    {DOCKERFILE_ADD, FLAG_STRING, "checksum"},
    {DOCKERFILE_ADD, FLAG_BOOL, "unpack"},
    {DOCKERFILE_ADD, FLAG_STRINGS, "exclude"},
    {DOCKERFILE_COPY, FLAG_STRING, "chown"},
    {DOCKERFILE_COPY, FLAG_STRING, "from"},
    {DOCKERFILE_COPY, FLAG_STRING, "chmod"},
    {DOCKERFILE_COPY, FLAG_BOOL, "link"},
    {DOCKERFILE_COPY, FLAG_STRINGS, "exclude"},
    {DOCKERFILE_COPY, FLAG_BOOL, "parents"},
    {DOCKERFILE_FROM, FLAG_STRING, "platform"},
    {DOCKERFILE_HEALTHCHECK, FLAG_STRING, "interval"},
    {DOCKERFILE_HEALTHCHECK, FLAG_STRING, "timeout"},
    {DOCKERFILE_HEALTHCHECK, FLAG_STRING, "start-period"},
    {DOCKERFILE_HEALTHCHECK, FLAG_STRING, "start-interval"},
    {DOCKERFILE_HEALTHCHECK, FLAG_STRING, "retries"},
    {DOCKERFILE_RUN, FLAG_STRINGS, "mount"},
    {DOCKERFILE_RUN, FLAG_STRING, "network"},
    {DOCKERFILE_RUN, FLAG_STRING, "security"},
};

const char *did_you_mean(const char *word, const char *const *names, size_t n, char out[80])
{
    struct near near = near_to(word);

    for (size_t i = 0; i < n; i++)
        near_offer(&near, names[i]);
    out[0] = 0;
    if (near.best && !str_eq(near.best, word))
        snprintf(out, 80, " (did you mean %s?)", near.best);
    return out;
}

static int refuse_unknown(const struct dockerfile_instruction *i, const char *name, struct err *err)
{
    const char *names[ARRAY_SIZE(known_flags)];
    char hint[80];
    size_t n = 0;

    for (size_t f = 0; f < ARRAY_SIZE(known_flags); f++)
        if (known_flags[f].kind == i->kind)
            names[n++] = known_flags[f].name;
    return err_set(err, ERR_INVALID, "unknown flag: --%s%s", name, did_you_mean(name, names, n, hint));
}

static int check_value(enum flag_type type, const struct dockerfile_flag *flag, struct err *err)
{
    if (type != FLAG_BOOL)
        return flag->value ? 0 : err_set(err, ERR_INVALID, "missing a value on flag: --%s", flag->name);
    if (flag->value && !*flag->value)
        return err_set(err, ERR_INVALID, "missing a value on flag: --%s", flag->name);
    if (flag->value && strcasecmp(flag->value, "true") != 0 && strcasecmp(flag->value, "false") != 0)
        return err_set(err, ERR_INVALID, "expecting boolean value for flag --%s, not: %s", flag->name, flag->value);
    return 0;
}

int flags_check(const struct dockerfile_instruction *i, struct dockerfile_span *ret_at, struct err *err)
{
    unsigned seen = 0;

    VEC_FOREACH (flag, &i->flags) {
        size_t f = 0;
        struct dockerfile_span before = *ret_at;
        int r;

        *ret_at = flag->at;
        while (f < ARRAY_SIZE(known_flags) &&
               (known_flags[f].kind != i->kind || !str_eq(known_flags[f].name, flag->name)))
            f++;
        if (f == ARRAY_SIZE(known_flags))
            return refuse_unknown(i, flag->name, err);
        if (seen & 1u << f && known_flags[f].type != FLAG_STRINGS)
            return err_set(err, ERR_INVALID, "duplicate flag specified: --%s", flag->name);
        seen |= 1u << f;
        r = check_value(known_flags[f].type, flag, err);
        if (r < 0)
            return r;
        *ret_at = before;
    }
    return 0;
}

/* ---- asking ---- */

static const struct dockerfile_flag *find(const struct dockerfile_instruction *i, const char *name)
{
    VEC_FOREACH (flag, &i->flags)
        if (str_eq(flag->name, name))
            return flag;
    return NULL;
}

const char *dockerfile_flag(const struct dockerfile_instruction *i, const char *name)
{
    const struct dockerfile_flag *flag = find(i, name);

    return !flag ? NULL : flag->value ? flag->value : "";
}

bool flags_bool(const struct dockerfile_instruction *i, const char *name)
{
    const char *value = dockerfile_flag(i, name);

    return value && strcasecmp(value, "false") != 0;
}

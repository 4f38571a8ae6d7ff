#include "image/words.h"

#include "base/buf.h"

#include <ctype.h>

enum { DEPTH_MAX = 16 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the word that begins at `s`. */
static const char *word_end(const char *s)
{
    char quote = 0;

    for (; *s && (quote || !is_blank(*s)); s++) {
        if (*s == '\\' && quote != '\'' && s[1])
            s++;
        else if (quote ? *s == quote : *s == '"' || *s == '\'')
            quote = quote ? 0 : *s;
    }
    return s;
}

char **words_split(const char *text)
{
    char **words = NULL;

    for (size_t n = 0;; n++) {
        const char *end;

        while (is_blank(*text))
            text++;
        if (!*text)
            return words;
        end = word_end(text);
        strv_take_at(&words, n, str_ndup(text, (size_t)(end - text)));
        text = end;
    }
}

struct expanding {
    const char *at;
    char *const *env;
    int depth;
};

static int expand(struct expanding *x, char until, struct buf *out, struct err *err);

/* The name at `x->at`, as long as one is: letters and digits, or a single digit. */
static char *take_name(struct expanding *x)
{
    const char *start = x->at;

    if (isdigit((unsigned char)*x->at))
        return str_ndup(x->at++, 1);
    while (isalnum((unsigned char)*x->at) || *x->at == '_')
        x->at++;
    return str_ndup(start, (size_t)(x->at - start));
}

/* Behind "${NAME:": the operator with its word, and the brace. */
static int expand_operator(struct expanding *x, const char *name, const char *value, struct buf *out, struct err *err)
{
    _cleanup_buf_ struct buf word = BUF_INIT;
    const char op = *x->at;
    int r;

    if (!op || !strchr("-+?", op))
        return err_set(err, ERR_INVALID, "unsupported modifier (%c) in a substitution of %s", op ? op : ' ', name);
    x->at++;
    r = expand(x, '}', &word, err);
    if (r < 0)
        return r;
    if (op == '?' && str_empty(value))
        return err_set(err, ERR_INVALID, "%s: %s", name, word.len ? buf_str(&word) : "not set");
    if (op == '+')
        buf_adds(out, str_empty(value) ? "" : buf_str(&word));
    else
        buf_adds(out, str_empty(value) ? buf_str(&word) : value);
    return 0;
}

/* Behind a "$". */
static int expand_variable(struct expanding *x, struct buf *out, struct err *err)
{
    _cleanup_free_ char *name = NULL;
    bool brace = *x->at == '{';
    const char *value;
    int r = 0;

    if (!brace && !isalnum((unsigned char)*x->at) && *x->at != '_') {
        buf_addc(out, '$');
        return 0;
    }
    x->at += brace;
    name = take_name(x);
    if (!*name)
        return err_set(err, ERR_INVALID, "bad substitution: no name behind ${");
    value = strv_env_get(x->env, name);
    if (brace && *x->at == ':') {
        x->at++;
        r = expand_operator(x, name, value, out, err);
    } else {
        buf_adds(out, value ? value : "");
    }
    if (r < 0 || !brace)
        return r;
    if (*x->at != '}')
        return err_set(err, ERR_INVALID, "a substitution of %s without its closing brace", name);
    x->at++;
    return 0;
}

static int expand_single(struct expanding *x, struct buf *out, struct err *err)
{
    const char *end = strchr(x->at, '\'');

    if (!end)
        return err_set(err, ERR_INVALID, "unexpected end of statement while looking for matching single-quote");
    buf_add(out, x->at, (size_t)(end - x->at));
    x->at = end + 1;
    return 0;
}

static int expand_double(struct expanding *x, struct buf *out, struct err *err)
{
    while (*x->at && *x->at != '"') {
        char c = *x->at++;
        int r = 0;

        if (c == '$')
            r = expand_variable(x, out, err);
        else if (c == '\\' && *x->at && strchr("\"$\\", *x->at))
            buf_addc(out, *x->at++);
        else
            buf_addc(out, c);
        if (r < 0)
            return r;
    }
    if (!*x->at)
        return err_set(err, ERR_INVALID, "unexpected end of statement while looking for matching double-quote");
    x->at++;
    return 0;
}

/* Up to `until`, or the end where that is 0. */
static int expand(struct expanding *x, char until, struct buf *out, struct err *err)
{
    int r = ++x->depth > DEPTH_MAX ? err_set(err, ERR_LIMIT, "substitutions too deep in each other") : 0;

    while (r == 0 && *x->at && *x->at != until) {
        char c = *x->at++;

        if (c == '\'')
            r = expand_single(x, out, err);
        else if (c == '"')
            r = expand_double(x, out, err);
        else if (c == '$')
            r = expand_variable(x, out, err);
        else if (c == '\\' && *x->at)
            buf_addc(out, *x->at++);
        else
            buf_addc(out, c);
    }
    x->depth--;
    return r;
}

int words_expand(const char *word, char *const *env, char **ret, struct err *err)
{
    struct expanding x = {.at = word, .env = env};
    _cleanup_buf_ struct buf out = BUF_INIT;
    int r = expand(&x, 0, &out, err);

    if (r < 0)
        return r;
    *ret = str_dup(buf_str(&out));
    return 0;
}

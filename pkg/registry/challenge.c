#include "registry/challenge.h"

#include "base/buf.h"

#include <stdbool.h>

enum {
    CHALLENGES_MAX = 16,
    PARAMS_MAX = 32,
    VALUE_MAX = 4096,
};

/* RFC 9110, 5.6.2 */
static size_t token_length(const char *p)
{
    return strspn(p, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

static char *lower_copy(const char *p, size_t n)
{
    char *s = str_ndup(p, n);

    for (char *c = s; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    return s;
}

static int read_quoted(const char **at, struct buf *value, struct err *err)
{
    const char *p = *at + 1;

    for (; *p != '"'; p++) {
        int r;

        if (*p == '\\')
            p++;
        if (!*p)
            return err_set(err, ERR_INVALID, "challenge with an open quote");
        r = buf_append(value, p, 1, err);
        if (r < 0)
            return r;
    }
    *at = p + 1;
    return 0;
}

/* token BWS "=" BWS (token / quoted-string): 1 and moves `at`; 0 where there is none here. */
static int read_param(const char **at, struct registry_challenge *c, struct err *err)
{
    _cleanup_buf_ struct buf value = BUF_INIT_MAX(VALUE_MAX);
    _cleanup_free_ char *name = NULL;
    size_t n = token_length(*at);
    const char *p = skip_blanks(*at + n);
    int r;

    if (!n || *p != '=')
        return 0;
    name = lower_copy(*at, MIN_OF(n, (size_t)VALUE_MAX));
    p = skip_blanks(p + 1);
    if (!*p || *p == ',' || *p == '=')
        return 0; /* the padding of a token68 */
    if (*p == '"')
        r = read_quoted(&p, &value, err);
    else {
        n = token_length(p);
        /* Unquoted URLs are no tokens and yet are sent. */
        if (strcmp(name, "realm") == 0 || strcmp(name, "scope") == 0)
            n = strcspn(p, ", \t");
        r = buf_append(&value, p, n, err);
        p += n;
    }
    if (r < 0)
        return r;
    if (strv_len(c->params) >= PARAMS_MAX)
        return err_set(err, ERR_LIMIT, "challenge with more than %d parameters", PARAMS_MAX);
    strv_addf(&c->params, "%s=%s", name, buf_str(&value));
    *at = p;
    return 1;
}

/* Parameters with commas between them, until something else comes. A comma belongs to the list of challenges where no
 * parameter follows it. */
static int read_params(const char **at, struct registry_challenge *c, struct err *err)
{
    for (;;) {
        const char *p = *at + strspn(*at, ", \t");
        int r = read_param(&p, c, err);

        if (r <= 0)
            return r;
        *at = skip_blanks(p);
        if (**at != ',')
            return 0;
    }
}

static int read_challenge(const char **at, struct registry_challenges *to, struct err *err)
{
    size_t n = token_length(*at);
    struct registry_challenge *c;
    const char *p;
    int r;

    if (!n)
        return err_set(err, ERR_INVALID, "malformed challenge");
    if (to->list.n >= CHALLENGES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d challenges", CHALLENGES_MAX);
    c = VEC_PUSH(&to->list);
    c->scheme = lower_copy(*at, n);
    *at += n;
    if (**at != ' ' && **at != '\t')
        return 0;
    *at = skip_blanks(*at);
    r = read_params(at, c, err);
    if (r < 0 || c->params)
        return r;
    /* token68, as Negotiate has it */
    p = *at + token_length(*at);
    p += strspn(p, "/");
    while (*p && *p != ',' && *p != ' ')
        p++;
    if (*skip_blanks(p) == ',' || !*skip_blanks(p))
        *at = skip_blanks(p);
    return 0;
}

int registry_challenge_parse(const char *value, struct registry_challenges *to, struct err *err)
{
    for (;;) {
        int r;

        value += strspn(value, ", \t");
        if (!*value)
            return 0;
        r = read_challenge(&value, to, err);
        if (r < 0)
            return r;
    }
}

void registry_challenges_release(struct registry_challenges *c)
{
    VEC_FOREACH (i, &c->list) {
        free(i->scheme);
        strv_free(i->params);
    }
    free(c->list.v);
    *c = (struct registry_challenges){0};
}

const struct registry_challenge *registry_challenge_find(const struct registry_challenges *c, const char *scheme)
{
    VEC_FOREACH (i, &c->list)
        if (strcmp(i->scheme, scheme) == 0)
            return i;
    return NULL;
}

const char *registry_challenge_param(const struct registry_challenge *c, const char *name)
{
    return strv_env_get(c->params, name);
}

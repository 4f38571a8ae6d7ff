#include "dockerfile/words.h"

#include "base/buf.h"
#include "dockerfile/internal.h"

#include <ctype.h>

enum { DEPTH_MAX = 64, UNSET_MAX = 256, PATTERN_COST = 16 /* a byte that is looked at, in bytes */ };

char **words_split(const char *text, char escape)
{
    _cleanup_buf_ struct buf word = BUF_INIT;
    char **words = NULL, quote = 0;
    size_t n = 0;

    escape = escape ? escape : '\\';
    for (;;) {
        size_t space = quote ? 0 : letter_space(text);

        if (!*text || space) {
            if (word.len > 0)
                strv_take_at(&words, n++, buf_steal(&word));
            if (!*text)
                return words;
            text += space;
        } else if (*text == escape && quote != '\'') {
            size_t len = 1 + letter_length(text + 1);

            if (len > 1) /* at the end it is nothing */
                buf_add(&word, text, len);
            text += len;
        } else {
            if (quote ? *text == quote : *text == '\'' || *text == '"')
                quote = quote ? 0 : *text;
            buf_addc(&word, *text++);
        }
    }
}

/* ---- expansion ---- */

struct lexer {
    const char *at;
    const struct words *how;
    struct word_modes modes;
    int depth;
};

/* Where the text goes: in one piece, or parted at spaces. */
struct sink {
    struct buf word;
    char ***parts;
    size_t n;
    size_t *spent;
};

static int spend(size_t *spent, size_t n, struct err *err)
{
    if (spent && (*spent += n) > WORDS_SPENT_MAX)
        return err_set(err, ERR_LIMIT, "all words together are longer than %d MiB after expansion",
                       WORDS_SPENT_MAX >> 20);
    return 0;
}

static int put(struct sink *to, const char *s, size_t n, struct err *err)
{
    int r = spend(to->spent, n, err);

    if (r < 0)
        return r;
    if (to->word.len + n > WORD_MAX)
        return err_set(err, ERR_LIMIT, "a word is longer than %d bytes after expansion", WORD_MAX);
    buf_add(&to->word, s, n);
    return 0;
}

static void end_part(struct sink *to)
{
    if (to->word.len > 0)
        strv_take_at(to->parts, to->n++, buf_steal(&to->word));
}

/* Text whose spaces part words, where somebody wants words. */
static int put_parted(struct sink *to, const char *s, size_t n, struct err *err)
{
    int r = 0;

    if (!to->parts)
        return put(to, s, n, err);
    for (const char *end = s + n; r == 0 && s < end;) {
        size_t space = letter_space(s), len = letter_length(s);

        if (space)
            end_part(to);
        else
            r = put(to, s, len, err);
        s += space ? space : len;
    }
    return r;
}

static int lex(struct lexer *x, char stop, bool raw_escapes, struct sink *to, struct err *err);

static const char *last_of(char *const *list, const char *name)
{
    size_t n = strlen(name);
    const char *value = NULL;

    STRV_FOREACH (e, list)
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
            value = *e + n + 1;
    return value;
}

static const char *look_up(struct lexer *x, const char *name)
{
    const char *value = last_of(x->how->env, name);

    if (!value)
        value = last_of(x->how->args, name);
    if (!value && x->how->unset && !strv_contains(*x->how->unset, name) && strv_len(*x->how->unset) < UNSET_MAX)
        strv_add(x->how->unset, name);
    return value;
}

/* Digits, a special parameter of a shell, or letters; may be empty. */
static char *take_name(struct lexer *x)
{
    const char *start = x->at;
    size_t n;

    if (isdigit((unsigned char)*x->at)) {
        while (isdigit((unsigned char)*x->at))
            x->at++;
    } else if (*x->at && strchr("@*#?-$!", *x->at)) {
        x->at++;
    } else {
        while ((n = letter_name(x->at)) > 0)
            x->at += n;
    }
    return str_ndup(start, (size_t)(x->at - start));
}

/* The word behind an operator, up to `stop`. */
static int take_word(struct lexer *x, char stop, bool raw_escapes, struct sink *word, const char *missing,
                     struct err *err)
{
    struct err inner = ERR_INIT;
    int r = lex(x, stop, raw_escapes, word, &inner);

    if (r < 0 && r != ERR_LIMIT && !*x->at)
        return err_set(err, ERR_INVALID, "syntax error: missing %s", missing);
    if (r < 0 && err)
        *err = inner;
    return r;
}

static int replace(struct lexer *x, const char *name, struct sink *to, struct err *err)
{
    _cleanup_(buf_free) struct buf pattern = BUF_INIT, by = BUF_INIT;
    struct sink into = {0};
    bool all = *x->at == '/';
    const char *value;
    int r;

    x->at += all;
    r = take_word(x, '/', true, &into, "'/' in ${}", err);
    pattern = into.word;
    if (r < 0)
        return r;
    into = (struct sink){0};
    r = take_word(x, '}', true, &into, "'}'", err);
    by = into.word;
    if (r < 0)
        return r;
    value = look_up(x, name);
    if (!value && x->modes.skip_unset) {
        _cleanup_free_ char *as_written = str_printf("${%s/%s/%s}", name, buf_str(&pattern), buf_str(&by));

        return put_parted(to, as_written, strlen(as_written), err);
    }
    into = (struct sink){0};
    r = spend(x->how->spent, value ? PATTERN_COST * strlen(value) : 0, err);
    r = r < 0 ? r : pattern_replace(value ? value : "", buf_str(&pattern), buf_str(&by), all, &into.word, err);
    r = r < 0 ? r : put_parted(to, buf_str(&into.word), into.word.len, err);
    buf_free(&into.word);
    return r;
}

/* What `${NAME op WORD}` stands for. */
static int apply_operator(const char *name, char op, bool colon, const char *value, const char *word, struct buf *out,
                          struct err *err)
{
    bool there = value && !(colon && !*value), twice = *word == op;
    const char *reason = value ? "is not allowed to be empty" : "is not allowed to be unset";

    switch (op) {
    case '-':
        buf_adds(out, there ? value : word);
        return 0;
    case '+':
        buf_adds(out, there ? word : "");
        return 0;
    case '?':
        if (!there)
            return err_set(err, ERR_INVALID, "%s: %s", name, *word ? word : reason);
        buf_adds(out, value);
        return 0;
    default:
        return pattern_trim(value ? value : "", word + twice, op == '%', twice, out, err);
    }
}

/* Behind "${NAME", at the operator. */
static int expand_operator(struct lexer *x, const char *name, struct sink *to, struct err *err)
{
    _cleanup_buf_ struct buf result = BUF_INIT;
    struct sink word = {0};
    const char *start = x->at, *value;
    bool colon = *x->at == ':', known;
    size_t written;
    char op;
    int r;

    x->at += colon;
    op = *x->at;
    written = colon + letter_length(x->at);
    known = op && strchr(colon ? "-+?" : "-+?#%", op);
    if (!op)
        return err_set(err, ERR_INVALID, "syntax error: missing '}'");
    if (!known)
        return err_set(err, ERR_INVALID, "unsupported modifier (%.*s) in substitution", (int)written, start);
    x->at++;
    r = take_word(x, '}', op == '#' || op == '%', &word, "'}'", err);
    if (r == 0) {
        value = look_up(x, name);
        if (!value && x->modes.skip_unset) {
            buf_addf(&result, "${%s%.*s%s}", name, (int)written, start, buf_str(&word.word));
        } else {
            r = value && strchr("#%", op) ? spend(x->how->spent, PATTERN_COST * strlen(value), err) : 0;
            r = r < 0 ? r : apply_operator(name, op, colon, value, buf_str(&word.word), &result, err);
        }
    }
    buf_free(&word.word);
    return r < 0 ? r : put_parted(to, buf_str(&result), result.len, err);
}

static int expand_plain(struct lexer *x, const char *name, bool brace, struct sink *to, struct err *err)
{
    const char *value = look_up(x, name);
    _cleanup_free_ char *as_written = NULL;

    if (!value && x->modes.skip_unset)
        value = as_written = str_printf(brace ? "${%s}" : "$%s", name);
    return put_parted(to, value ? value : "", value ? strlen(value) : 0, err);
}

/* At a "$". */
static int expand_variable(struct lexer *x, struct sink *to, struct err *err)
{
    _cleanup_free_ char *name = NULL;
    bool brace = *++x->at == '{';

    x->at += brace;
    if (brace && !*x->at)
        return err_set(err, ERR_INVALID, "syntax error: missing '}'");
    if (brace && strchr("{}:", *x->at))
        return err_set(err, ERR_INVALID, "syntax error: bad substitution");
    name = take_name(x);
    if (!brace)
        return *name ? expand_plain(x, name, false, to, err) : put(to, "$", 1, err);
    if (*x->at == '}') {
        x->at++;
        return expand_plain(x, name, true, to, err);
    }
    if (*x->at == '/') {
        x->at++;
        return replace(x, name, to, err);
    }
    return expand_operator(x, name, to, err);
}

static int lex_single(struct lexer *x, struct sink *to, struct err *err)
{
    const char *end = strchr(x->at + 1, '\'');
    bool raw = x->modes.raw_quotes;
    int r;

    if (!end) {
        x->at += strlen(x->at);
        return err_set(err, ERR_INVALID, "unexpected end of statement while looking for matching single-quote");
    }
    r = put(to, x->at + !raw, (size_t)(end - x->at) - !raw + raw, err);
    x->at = end + 1;
    return r;
}

/* Inside "…", not at a `$`. */
static int lex_quoted_character(struct lexer *x, struct sink *to, struct err *err)
{
    const char *c = x->at;
    bool escape = *c == x->modes.escape;

    if (escape && c[1] && (c[1] == '"' || c[1] == '$' || c[1] == x->modes.escape)) {
        x->at += 2;
        return x->modes.raw_escapes ? put(to, c, 2, err) : put(to, c + 1, 1, err);
    }
    x->at++;
    if (escape && !c[1])
        return 0;
    return put(to, c, 1, err);
}

static int lex_double(struct lexer *x, struct sink *to, struct err *err)
{
    struct sink whole = {0}; /* nothing parts it */
    int r = 0;

    if (x->modes.raw_quotes)
        r = put(&whole, "\"", 1, err);
    for (x->at++; r == 0 && *x->at && *x->at != '"';)
        r = *x->at == '$' ? expand_variable(x, &whole, err) : lex_quoted_character(x, &whole, err);
    if (r == 0 && !*x->at)
        r = err_set(err, ERR_INVALID, "unexpected end of statement while looking for matching double-quote");
    if (r == 0 && x->modes.raw_quotes)
        r = put(&whole, "\"", 1, err);
    if (r == 0) {
        x->at++;
        r = put(to, buf_str(&whole.word), whole.word.len, err);
    }
    buf_free(&whole.word);
    return r;
}

/* At a "<": blanks behind "<<" part no words, a heredoc's name may stand there. */
static int lex_heredoc(struct lexer *x, struct sink *to, struct err *err)
{
    size_t n = 1;

    if (x->at[1] == '<')
        n = 2 + strspn(x->at + 2, "\t\r ");
    x->at += n;
    return put(to, x->at - n, n, err);
}

static int lex_escape(struct lexer *x, struct sink *to, struct err *err)
{
    size_t n = letter_length(x->at + 1);
    bool raw = x->modes.raw_escapes;
    int r = put(to, x->at + !raw, n + raw, err);

    x->at += 1 + n;
    return r;
}

static int lex_one(struct lexer *x, struct sink *to, struct err *err)
{
    size_t n;
    int r;

    if (*x->at == '$')
        return expand_variable(x, to, err);
    if (*x->at == '<')
        return lex_heredoc(x, to, err);
    if (*x->at == '\'' && !x->modes.skip_quotes)
        return lex_single(x, to, err);
    if (*x->at == '"' && !x->modes.skip_quotes)
        return lex_double(x, to, err);
    if (*x->at == x->modes.escape)
        return lex_escape(x, to, err);
    n = letter_length(x->at);
    r = put_parted(to, x->at, n, err);
    x->at += n;
    return r;
}

/* Up to and with `stop`, or the end where that is 0. */
static int lex(struct lexer *x, char stop, bool raw_escapes, struct sink *to, struct err *err)
{
    bool before = x->modes.raw_escapes;
    int r = 0;

    if (++x->depth > DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "substitutions too deep in each other");
    x->modes.raw_escapes = raw_escapes;
    while (r == 0 && *x->at && (!stop || *x->at != stop))
        r = lex_one(x, to, err);
    if (r == 0 && stop && !*x->at)
        r = err_set(err, ERR_INVALID, "unexpected end of statement while looking for matching %c", stop);
    if (r == 0 && stop)
        x->at++;
    x->modes.raw_escapes = before;
    x->depth--;
    return r;
}

static int expand(const char *word, const struct words *how, const struct word_modes *modes, struct sink *to,
                  struct err *err)
{
    struct lexer x = {.at = word, .how = how, .modes = *modes};
    char text[QUOTED_MAX];
    int r;

    to->spent = how->spent;
    r = lex(&x, 0, modes->raw_escapes, to, err);

    return r < 0 ? err_wrap(err, "failed to process %s", quoted(word, text)) : 0;
}

static int expand_whole(const char *word, const struct words *how, const struct word_modes *modes, char **ret,
                        struct err *err)
{
    struct sink to = {0};
    int r = expand(word, how, modes, &to, err);

    if (r < 0) {
        buf_free(&to.word);
        return r;
    }
    *ret = to.word.p ? buf_steal(&to.word) : str_dup("");
    return 0;
}

int words_expand(const char *word, const struct words *how, char **ret, struct err *err)
{
    struct word_modes modes = {.escape = how->escape ? how->escape : '\\'};

    return expand_whole(word, how, &modes, ret, err);
}

int words_expand_variables(const char *text, const struct words *how, char **ret, struct err *err)
{
    struct word_modes modes = {.escape = '\\', .skip_quotes = true};

    return expand_whole(text, how, &modes, ret, err);
}

int words_expand_parts(const char *word, const struct words *how, const struct word_modes *modes, char ***ret,
                       struct err *err)
{
    struct sink to = {.parts = ret, .n = strv_len(*ret)};
    int r = expand(word, how, modes, &to, err);

    if (r == 0)
        end_part(&to);
    buf_free(&to.word);
    return r;
}

int words_expand_list(const char *word, const struct words *how, char ***ret, struct err *err)
{
    struct word_modes modes = {.escape = how->escape ? how->escape : '\\'};

    return words_expand_parts(word, how, &modes, ret, err);
}

#include "dockerfile/internal.h"

#include <ctype.h>

enum { HEREDOCS_MAX = 1024 };

static size_t count_quotes(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += *s == '\'' || *s == '"';
    return n;
}

/* DIGITS<<[-] NAME, with no other `<`. *ret is the name as it is written. */
static bool match(const char *word, struct heredoc_word *to, const char **ret)
{
    const char *s = word;
    unsigned long number;

    while (isdigit((unsigned char)*s))
        s++;
    if (s[0] != '<' || s[1] != '<')
        return false;
    number = strtoul(word, NULL, 10);
    to->descriptor = s == word ? 0 : (unsigned)MIN_OF(number, 0xffffffffUL);
    s += 2;
    to->chomp = *s == '-';
    s += to->chomp;
    while (is_line_space(*s) || *s == '\n')
        s++;
    *ret = s;
    return *s && !strchr(s, '<');
}

int heredoc_parse(const char *word, struct heredoc_word *ret, struct err *err)
{
    const struct words nothing = {0};
    struct word_modes modes = {.escape = '\\', .skip_unset = true};
    _cleanup_strv_ char **names = NULL, **raw = NULL;
    struct heredoc_word h = {0};
    const char *rest;
    int r;

    if (!match(word, &h, &rest))
        return 0;
    r = words_expand_parts(rest, &nothing, &modes, &names, err);
    if (r < 0)
        return r;
    if (strv_len(names) != 1)
        return 0;
    modes.raw_quotes = true;
    r = words_expand_parts(rest, &nothing, &modes, &raw, err);
    if (r < 0)
        return r;
    h.expand = raw && count_quotes(names[0]) == count_quotes(raw[0]);
    h.name = str_dup(names[0]);
    *ret = h;
    return 1;
}

/* Without the tabs that lines begin with. */
static char *chomp(const char *text)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    while (*text) {
        const char *end;

        text += strspn(text, "\t");
        end = strchrnul(text, '\n');
        end += *end == '\n';
        buf_add(&b, text, (size_t)(end - text));
        text = end;
    }
    return str_dup(buf_str(&b));
}

static bool is_terminator(const char *line, size_t n, const struct heredoc_word *h)
{
    size_t len = strlen(h->name);

    while (n > 0 && strchr("\r\n", line[n - 1]))
        n--;
    while (h->chomp && n > 0 && *line == '\t') {
        line++;
        n--;
    }
    return n == len && memcmp(line, h->name, len) == 0;
}

static int read_body(struct lines *l, const struct heredoc_word *h, struct dockerfile_heredoc *to, struct err *err)
{
    const char *line, *start = l->text + l->at, *end = start;
    size_t n;

    while (lines_raw(l, &line, &n)) {
        if (is_terminator(line, n, h)) {
            to->content = str_ndup(start, (size_t)(end - start));
            if (h->chomp) {
                to->raw = to->content;
                to->content = chomp(to->raw);
            }
            return 0;
        }
        end = line + n;
    }
    return err_set(err, ERR_INVALID, "unterminated heredoc");
}

static bool may_have_heredocs(const struct dockerfile_instruction *i)
{
    if (i->kind == DOCKERFILE_ONBUILD)
        return i->trigger && may_have_heredocs(i->trigger);
    return !i->json && (i->kind == DOCKERFILE_RUN || i->kind == DOCKERFILE_COPY || i->kind == DOCKERFILE_ADD);
}

int heredocs_read(struct lines *l, struct dockerfile_instruction *i, struct err *err)
{
    static const struct word_modes modes = {
        .escape = '\\', .raw_quotes = true, .raw_escapes = true, .skip_unset = true};
    const struct words nothing = {0};
    _cleanup_strv_ char **words = NULL;

    if (!may_have_heredocs(i) || !strstr(buf_str(&l->joined), "<<"))
        return 0;
    if (words_expand_parts(buf_str(&l->joined), &nothing, &modes, &words, NULL) < 0)
        return 0; /* what a shell may understand is no heredoc of ours */
    STRV_FOREACH (word, words) {
        struct heredoc_word h;
        struct dockerfile_heredoc *to;
        int r = heredoc_parse(*word, &h, err);

        if (r < 0)
            return r;
        if (r == 0)
            continue;
        if (i->heredocs.n == HEREDOCS_MAX) {
            free(h.name);
            return err_set(err, ERR_LIMIT, "more than %d heredocs in one instruction", HEREDOCS_MAX);
        }
        to = VEC_PUSH(&i->heredocs);
        to->name = h.name;
        to->expand = h.expand;
        to->descriptor = h.descriptor;
        r = read_body(l, &h, to, err);
        if (r < 0)
            return r;
    }
    return 0;
}

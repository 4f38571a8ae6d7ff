#include "dockerfile/ignore.h"

#include "dockerfile/ignore_pattern.h"

#include "base/strv.h"
#include "base/vec.h"
#include "sys/path.h"

#include <string.h>

struct ignore {
    VEC(struct ignore_pattern) patterns;
    bool back;   /* one of them takes back */
    bool narrow; /* all that take back name one place each, without wildcards before its end */
};

/* Blanks as Go's strings.TrimSpace has them; the length of the one at `s`, or 0. */
static size_t blank(const char *s)
{
    size_t n;
    uint32_t c = ignore_character(s, &n);

    if (c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
        c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000)
        return n;
    return 0;
}

/* Without blanks on both sides; the caller frees it. */
static char *trimmed(const char *s)
{
    const char *end;
    size_t n;

    while ((n = blank(s)))
        s += n;
    end = s;
    for (const char *p = s; *p; p += n) {
        n = blank(p);
        if (n)
            continue;
        ignore_character(p, &n);
        end = p + n;
    }
    return str_ndup(s, (size_t)(end - s));
}

/* A pattern without wildcards, or with some at its end alone (`!dir/x`, `!dir/` and stars). */
static char *without_trailing_stars(const char *text)
{
    char *s = str_dup(text);

    for (const char *const *end = (const char *const[]){"/**", "/*", NULL}; *end; end++)
        if (str_ends(s, *end))
            s[strlen(s) - strlen(*end)] = 0;
    return s;
}

static bool names_one_place(const char *text)
{
    _cleanup_free_ char *s = without_trailing_stars(text);

    return !strpbrk(s, "*[]?^\\");
}

static int add_pattern(struct ignore *g, const char *written, struct err *err)
{
    _cleanup_free_ char *s = trimmed(written), *clean = NULL;
    struct ignore_pattern *p;
    bool matches, back;
    int r;

    if (!*s)
        return 0;
    if (strlen(s) > IGNORE_PATTERN_MAX)
        return err_set(err, ERR_LIMIT, "pattern \"%.60s…\" is longer than %d bytes", s, IGNORE_PATTERN_MAX);
    if (g->patterns.n == IGNORE_PATTERNS_MAX)
        return err_set(err, ERR_LIMIT, "there are more than %d patterns", IGNORE_PATTERNS_MAX);
    clean = path_clean(s);
    back = *clean == '!';
    if (back && !clean[1])
        return err_set(err, ERR_INVALID, "illegal exclusion pattern: \"!\"");
    r = ignore_glob(clean + back, ".", &matches, err);
    if (r < 0)
        return r;
    p = VEC_PUSH(&g->patterns);
    r = ignore_pattern_compile(str_dup(clean + back), p, err);
    if (r < 0)
        return r;
    p->back = back;
    g->back = g->back || back;
    g->narrow = g->narrow && (!back || names_one_place(p->text));
    return 0;
}

int ignore_from_list(char *const *patterns, struct ignore **ret, struct err *err)
{
    _cleanup_(ignore_free_cleanup) struct ignore *g = mem_zalloc(1, sizeof(*g));

    g->narrow = true;
    STRV_FOREACH (p, patterns) {
        int r = add_pattern(g, *p, err);

        if (r < 0)
            return r;
    }
    *ret = steal_ptr(&g);
    return 0;
}

/* One line of a file: cleaned, without the slash at its start. NULL: it says nothing. The caller frees it. */
static char *read_line(const char *line)
{
    _cleanup_free_ char *s = NULL, *rest = NULL, *clean = NULL;
    bool back;

    if (*line == '#')
        return NULL;
    s = trimmed(line);
    if (!*s)
        return NULL;
    back = *s == '!';
    rest = trimmed(s + back);
    if (!*rest)
        return str_dup("!");
    clean = path_clean(rest);
    return str_printf("%s%s", back ? "!" : "", clean + (clean[0] == '/' && clean[1]));
}

int ignore_parse(const char *text, size_t len, struct ignore **ret, struct err *err)
{
    _cleanup_(ignore_free_cleanup) struct ignore *g = mem_zalloc(1, sizeof(*g));
    const char *end = text + len, *next;

    if (len > IGNORE_FILE_MAX)
        return err_set(err, ERR_LIMIT, "a file of patterns has at most %d bytes", IGNORE_FILE_MAX);
    if (len && memchr(text, 0, len))
        return err_set(err, ERR_INVALID, "a file of patterns is text in UTF-8, and this one has zero bytes in it");
    g->narrow = true;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    for (unsigned number = 1; text < end; text = next, number++) {
        const char *eol = memchr(text, '\n', (size_t)(end - text));
        _cleanup_free_ char *line = str_ndup(text, (size_t)((eol ? eol : end) - text));
        _cleanup_free_ char *pattern = read_line(line);
        int r = pattern ? add_pattern(g, pattern, err) : 0;

        if (r < 0)
            return err_wrap(err, "line %u", number);
        next = eol ? eol + 1 : end;
    }
    *ret = steal_ptr(&g);
    return 0;
}

void ignore_free(struct ignore *g)
{
    if (!g)
        return;
    VEC_FOREACH (p, &g->patterns)
        ignore_pattern_release(p);
    free(g->patterns.v);
    free(g);
}

size_t ignore_state_size(const struct ignore *g)
{
    return g ? (g->patterns.n + 7) / 8 : 0;
}

/* A pattern that would not change anything is not looked at, and counts as not matched for what lies below: so Docker
 * has it, and `a/b` with `!a` after it leaves a/b out. */
static bool match_at(const struct ignore *g, const char *path, size_t len, const unsigned char *parent,
                     unsigned char *state)
{
    bool out = false;

    for (size_t i = 0; i < g->patterns.n; i++) {
        const struct ignore_pattern *p = &g->patterns.v[i];
        bool matches = parent && parent[i / 8] & 1u << i % 8;

        if (!matches && p->back == out)
            matches = ignore_pattern_matches(p, path, len);
        if (!matches)
            continue;
        out = !p->back;
        if (state)
            state[i / 8] |= (unsigned char)(1u << i % 8);
    }
    return out;
}

/* From the root down, for who has no state of the directory. */
static bool match_from_root(const struct ignore *g, const char *path, unsigned char *state)
{
    size_t size = ignore_state_size(g);
    _cleanup_free_ unsigned char *states = mem_zalloc(2, size);
    unsigned char *above = NULL, *here = states;
    bool out;

    for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
        memset(here, 0, size);
        match_at(g, path, (size_t)(p - path), above, here);
        above = here;
        here = above == states ? states + size : states;
    }
    memset(here, 0, size);
    out = match_at(g, path, strlen(path), above, here);
    if (state)
        memcpy(state, here, size);
    return out;
}

bool ignore_matches(const struct ignore *g, const char *path, const struct ignore_parent *parent,
                    struct ignore_parent *state)
{
    unsigned char *bits = state ? state->matched : NULL;

    if (!g || !g->patterns.n)
        return false;
    if (bits)
        memset(bits, 0, ignore_state_size(g));
    if (!*path || str_eq(path, "."))
        return false;
    if (!parent)
        return match_from_root(g, path, bits);
    return match_at(g, path, strlen(path), parent->matched, bits);
}

bool ignore_takes_back(const struct ignore *g)
{
    return g && g->back;
}

bool ignore_may_take_back(const struct ignore *g, const char *directory)
{
    size_t len = strlen(directory);

    if (!g || !g->back)
        return false;
    if (!g->narrow)
        return true;
    VEC_FOREACH (p, &g->patterns) {
        _cleanup_free_ char *place = p->back ? without_trailing_stars(p->text) : NULL;

        if (place && strncmp(place, directory, len) == 0 && (!place[len] || place[len] == '/'))
            return true;
    }
    return false;
}

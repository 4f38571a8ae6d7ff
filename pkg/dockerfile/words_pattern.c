/* Patterns of ${NAME#PATTERN} and its kin: `*`, `?` (neither takes a newline), and `\` in front of those and itself. */
#include "base/buf.h"
#include "base/utf8.h"
#include "dockerfile/internal.h"

enum {
    ANY = -1,           /* ? */
    STAR = -2,          /* * */
    WORK_MAX = 1 << 27, /* comparisons: a foreign file must not make us slow */
};

/* Characters; a byte that is part of none stands as BROKEN with it. */
typedef VEC(int) characters;
enum { BROKEN = 1 << 24 };

struct matching {
    characters pattern, value;
    size_t work;
};

static void release(struct matching *m)
{
    free(m->pattern.v);
    free(m->value.v);
}

static int take_character(const char **s)
{
    size_t n = utf8_length(*s);
    int c = n > 1 ? (unsigned char)**s & (0x7f >> n) : (unsigned char)**s;

    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)(*s)[i] & 0x3f);
    *s += n ? n : 1;
    return n ? c : BROKEN | c;
}

static void put_character(struct buf *out, int c)
{
    if (c & BROKEN || c < 0x80) {
        buf_addc(out, (char)(c & 0xff));
    } else if (c < 0x800) {
        buf_addf(out, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        buf_addf(out, "%c%c%c", 0xe0 | c >> 12, 0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
    } else {
        buf_addf(out, "%c%c%c%c", 0xf0 | c >> 18, 0x80 | (c >> 12 & 0x3f), 0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
    }
}

static int read_pattern(const char *pattern, struct matching *m, struct err *err)
{
    char text[QUOTED_MAX];

    for (const char *s = pattern; *s;) {
        int c;

        if (*s == '*' || *s == '?') {
            *VEC_PUSH(&m->pattern) = *s++ == '*' ? STAR : ANY;
            continue;
        }
        if (*s == '\\' && s[1] && strchr("}/*?\\", s[1]))
            s++;
        else if (*s == '\\')
            return err_set(err, ERR_INVALID, "invalid pattern (%s) in substitution: invalid escape '%.*s'",
                           quoted(pattern, text), (int)(1 + letter_length(s + 1)), s);
        c = take_character(&s);
        *VEC_PUSH(&m->pattern) = c;
    }
    return 0;
}

static int start(const char *value, const char *pattern, struct matching *m, struct err *err)
{
    for (const char *s = value; *s;) {
        int c = take_character(&s);

        *VEC_PUSH(&m->value) = c;
    }
    return read_pattern(pattern, m, err);
}

/* How many characters stand at `p` up to a star or the end. */
static size_t segment_length(const struct matching *m, size_t p)
{
    size_t n = 0;

    while (p + n < m->pattern.n && m->pattern.v[p + n] != STAR)
        n++;
    return n;
}

static bool segment_at(struct matching *m, size_t p, size_t n, size_t at)
{
    if (n > m->value.n - at)
        return false;
    for (size_t i = 0; i < n; i++) {
        int want = m->pattern.v[p + i], is = m->value.v[at + i];

        m->work++;
        if (want == ANY ? is == '\n' : want != is)
            return false;
    }
    m->work++;
    return true;
}

/* Where the line that has `at` ends: a star goes no farther. */
static size_t line_end(struct matching *m, size_t at)
{
    while (at < m->value.n && m->value.v[at] != '\n') {
        m->work++;
        at++;
    }
    return at;
}

/* Matches at `at`; *ret is behind the match, the longest or the shortest. Segments between stars are placed as early as
 * they fit, and the last one as late for the longest. `*hopeless`: no later start on this line matches either. */
static bool match_at(struct matching *m, size_t at, bool longest, size_t *ret, bool *hopeless)
{
    size_t p = 0, n = segment_length(m, 0), limit;

    *hopeless = false;
    if (!segment_at(m, 0, n, at))
        return false;
    at += n;
    for (p = n; p < m->pattern.n; p += n) {
        bool found = false, last;

        while (p < m->pattern.n && m->pattern.v[p] == STAR)
            p++;
        n = segment_length(m, p);
        last = p + n >= m->pattern.n;
        limit = line_end(m, at);
        if (last && n == 0) {
            *ret = longest ? limit : at;
            return true;
        }
        for (size_t to = at; to <= limit && m->work < WORK_MAX; to++) {
            if (!segment_at(m, p, n, to))
                continue;
            found = true;
            at = to + n;
            if (!last || !longest)
                break;
        }
        if (!found) {
            *hopeless = true;
            return false;
        }
        if (last)
            break;
    }
    *ret = at;
    return true;
}

static void reverse(characters *c)
{
    for (size_t i = 0, j = c->n; i + 1 < j; i++) {
        int swap = c->v[i];

        c->v[i] = c->v[--j];
        c->v[j] = swap;
    }
}

static int check_work(const struct matching *m, struct err *err)
{
    return m->work < WORK_MAX ? 0 : err_set(err, ERR_LIMIT, "a pattern in a substitution is too costly to match");
}

int pattern_trim(const char *value, const char *pattern, bool suffix, bool longest, struct buf *out, struct err *err)
{
    _cleanup_(release) struct matching m = {0};
    size_t end = 0;
    bool hopeless;
    int r = start(value, pattern, &m, err);

    if (r < 0)
        return r;
    if (suffix) {
        reverse(&m.pattern);
        reverse(&m.value);
    }
    if (!match_at(&m, 0, longest, &end, &hopeless))
        end = 0;
    if (suffix)
        reverse(&m.value);
    for (size_t i = suffix ? 0 : end; i < m.value.n - (suffix ? end : 0); i++)
        put_character(out, m.value.v[i]);
    return check_work(&m, err);
}

int pattern_replace(const char *value, const char *pattern, const char *by, bool all, struct buf *out, struct err *err)
{
    _cleanup_(release) struct matching m = {0};
    size_t at = 0, matched_to = SIZE_MAX;
    bool go_on = true;
    int r = start(value, pattern, &m, err);

    while (r == 0 && at <= m.value.n) {
        size_t end;
        bool hopeless = false;

        if (out->len > WORD_MAX)
            return err_set(err, ERR_LIMIT, "a word is longer than %d bytes after expansion", WORD_MAX);
        r = check_work(&m, err);
        if (go_on && match_at(&m, at, true, &end, &hopeless) && !(end == at && at == matched_to)) {
            buf_adds(out, by);
            go_on = all;
            matched_to = end;
            if (end > at) {
                at = end;
                continue;
            }
        }
        if (at < m.value.n)
            put_character(out, m.value.v[at]);
        at++;
        for (; hopeless && at < m.value.n && m.value.v[at - 1] != '\n'; at++)
            put_character(out, m.value.v[at]);
    }
    return r;
}

/* Go's filepath.Match: https://pkg.go.dev/path/filepath#Match */
#include "dockerfile/ignore.h"
#include "dockerfile/ignore_pattern.h"

#include "base/utf8.h"

uint32_t ignore_character(const char *s, size_t *ret_len)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = utf8_length(s);

    *ret_len = n ? n : 1;
    switch (n) {
    case 1:
        return u[0];
    case 2:
        return (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
    case 3:
        return (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
    case 4:
        return (u[0] & 0x07u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu);
    default:
        return 0xfffd;
    }
}

/* A part of a pattern up to the next star, and where the name stands. A part is read to its end even when it does not
 * fit any more: a pattern that is none is an error whatever the name. */
struct chunk {
    const char *p, *end;
};

/* One end of a range, with its backslash. */
static bool class_character(struct chunk *c, uint32_t *ret)
{
    size_t n;

    if (c->p == c->end || *c->p == '-' || *c->p == ']')
        return false;
    if (*c->p == '\\' && ++c->p == c->end)
        return false;
    *ret = ignore_character(c->p, &n);
    if (*ret == 0xfffd && n == 1)
        return false;
    c->p += n;
    return c->p < c->end;
}

static bool read_class(struct chunk *c, uint32_t character, bool *ret_in)
{
    bool negated = false, in = false;
    uint32_t from, to;

    if (c->p < c->end && *c->p == '^') {
        negated = true;
        c->p++;
    }
    for (int ranges = 0;; ranges++) {
        if (c->p < c->end && *c->p == ']' && ranges) {
            c->p++;
            break;
        }
        if (!class_character(c, &from))
            return false;
        to = from;
        if (*c->p == '-') {
            c->p++;
            if (!class_character(c, &to))
                return false;
        }
        in = in || (from <= character && character <= to);
    }
    *ret_in = in != negated;
    return true;
}

/* Whether the chunk fits where `*name` begins, which then moves on. False for a pattern that is none. */
static bool match_chunk(struct chunk c, const char **name, bool *ret_fits)
{
    const char *s = *name;
    bool fits = true, in = false;
    size_t n = 0;

    while (c.p < c.end) {
        uint32_t character = fits ? ignore_character(s, &n) : 0;

        fits = fits && *s;
        switch (*c.p) {
        case '[':
            c.p++;
            if (!read_class(&c, character, &in))
                return false;
            fits = fits && in;
            break;
        case '?':
            c.p++;
            fits = fits && *s != '/';
            break;
        case '\\':
            if (++c.p == c.end)
                return false;
            /* fall through */
        default:
            fits = fits && *s == *c.p;
            c.p++;
            n = 1;
        }
        if (fits)
            s += n;
    }
    if (fits)
        *name = s;
    *ret_fits = fits;
    return true;
}

/* Parts the next chunk off: stars, and what stands up to the next one. */
static struct chunk next_chunk(const char **pattern, bool *ret_star)
{
    const char *p = *pattern, *begin;
    bool in_class = false;

    for (*ret_star = false; *p == '*'; p++)
        *ret_star = true;
    begin = p;
    for (; *p && (*p != '*' || in_class); p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p == '[')
            in_class = true;
        else if (*p == ']')
            in_class = false;
    }
    *pattern = p;
    return (struct chunk){begin, p};
}

/* A chunk behind a star: the first place from here on, in this directory, where it fits. */
static bool find_chunk(struct chunk c, bool last, const char **name, bool *ret_fits)
{
    for (const char *s = *name; *s && *s != '/'; s++) {
        const char *at = s + 1;

        if (!match_chunk(c, &at, ret_fits))
            return false;
        if (*ret_fits && (!last || !*at)) {
            *name = at;
            return true;
        }
    }
    *ret_fits = false;
    return true;
}

static int bad_pattern(const char *pattern, struct err *err)
{
    return err_set(err, ERR_INVALID, "syntax error in pattern \"%.200s\"", pattern);
}

int ignore_glob(const char *pattern, const char *name, bool *ret, struct err *err)
{
    const char *rest = pattern;
    bool matches = true;

    while (*rest) {
        bool star, fits;
        struct chunk c = next_chunk(&rest, &star);
        const char *at = name;

        if (matches && star && c.p == c.end) {
            *ret = !strchr(name, '/');
            return 0;
        }
        if (!match_chunk(c, &at, &fits))
            return bad_pattern(pattern, err);
        if (!matches)
            continue;
        if (fits && (!*at || *rest))
            name = at;
        else if (!star)
            matches = false;
        else if (!find_chunk(c, !*rest, &name, &matches))
            return bad_pattern(pattern, err);
    }
    *ret = matches && !*name;
    return 0;
}

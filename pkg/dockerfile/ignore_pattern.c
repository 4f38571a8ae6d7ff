#include "dockerfile/ignore_pattern.h"

#include "base/buf.h"
#include "base/vec.h"

#include <string.h>

/* What a pattern becomes on the way: kind, and the text of Go's regular expression. */
struct translation {
    enum ignore_pattern_kind kind;
    struct buf regex;
};

/* `**`, `p` behind it: how much more is read. */
static size_t translate_stars(struct translation *t, const char *p, bool first)
{
    size_t n = *p == '/';

    if (p[n]) {
        buf_adds(&t->regex, "(.*/)?");
        t->kind = IGNORE_PROGRAM;
    } else if (t->kind == IGNORE_EXACT) {
        t->kind = IGNORE_PREFIX;
    } else {
        buf_adds(&t->regex, ".*");
        t->kind = IGNORE_PROGRAM;
    }
    if (first)
        t->kind = IGNORE_SUFFIX;
    return n;
}

static void translate(const char *text, struct translation *t)
{
    for (const char *p = text; *p;) {
        size_t n;
        uint32_t c = ignore_character(p, &n);

        if (p[0] == '*' && p[1] == '*') {
            p += 2 + translate_stars(t, p + 2, p == text);
            continue;
        }
        if (*p == '*' || *p == '?') {
            buf_adds(&t->regex, *p == '*' ? "[^/]*" : "[^/]");
            t->kind = IGNORE_PROGRAM;
        } else if (strchr(".+()|{}$", *p)) {
            buf_addf(&t->regex, "\\%c", *p);
        } else if (*p == '\\' && p[1]) {
            ignore_character(p + 1, &n);
            buf_add(&t->regex, p, 1 + n);
            t->kind = IGNORE_PROGRAM;
            n++;
        } else {
            if (*p == '[' || *p == ']')
                t->kind = IGNORE_PROGRAM;
            if (c == 0xfffd)
                buf_adds(&t->regex, "\xef\xbf\xbd");
            else
                buf_add(&t->regex, p, n);
        }
        p += n;
    }
}

/* Reads a regular expression, as far as patterns can become one. */
struct reader {
    const char *p;
    VEC(struct ignore_step) steps;
    VEC(struct ignore_range) ranges;
    size_t branches;
};

static void add_range(struct reader *r, uint32_t from, uint32_t to)
{
    *VEC_PUSH(&r->ranges) = (struct ignore_range){from, to};
}

/* Sets of ASCII by name; pairs of first and last. */
static const struct named_set {
    const char *name, *ranges;
} named_sets[] = {
    {"d", "09"},
    {"s", "\t\n\f\r  "},
    {"w", "09AZaz__"},
    {"[:alnum:]", "09AZaz"},
    {"[:alpha:]", "AZaz"},
    {"[:ascii:]", "\x01\x7f"},
    {"[:blank:]", "\t\t  "},
    {"[:cntrl:]", "\x01\x1f\x7f\x7f"},
    {"[:digit:]", "09"},
    {"[:graph:]", "!~"},
    {"[:lower:]", "az"},
    {"[:print:]", " ~"},
    {"[:punct:]", "!/:@[`{~"},
    {"[:space:]", "\t\r  "},
    {"[:upper:]", "AZ"},
    {"[:word:]", "09AZaz__"},
    {"[:xdigit:]", "09AFaf"},
};

static void add_named(struct reader *r, const struct named_set *set, bool negated)
{
    uint32_t next = 1;

    for (const char *p = set->ranges; *p; p += 2) {
        if (!negated)
            add_range(r, (unsigned char)p[0], (unsigned char)p[1]);
        else if (next < (unsigned char)p[0])
            add_range(r, next, (unsigned char)p[0] - 1u);
        next = (unsigned char)p[1] + 1u;
    }
    if (negated)
        add_range(r, next, 0x10ffff);
}

/* `\d` and its like, by the letter. */
static bool read_letter_set(struct reader *r)
{
    for (size_t i = 0; i < 3; i++) {
        if (r->p[0] != '\\' || (r->p[1] | 0x20) != named_sets[i].name[0])
            continue;
        add_named(r, &named_sets[i], r->p[1] < 'a');
        r->p += 2;
        return true;
    }
    return false;
}

/* "[:alpha:]", "[:^alpha:]" in a class. 1: read; 0: there is none; -1: no such name. */
static int read_posix_set(struct reader *r)
{
    const char *end = strncmp(r->p, "[:", 2) == 0 ? strstr(r->p + 2, ":]") : NULL;
    bool negated = end && r->p[2] == '^';
    const char *name = r->p + 2 + negated;

    if (!end)
        return 0;
    for (size_t i = 3; i < ARRAY_SIZE(named_sets); i++) {
        const char *known = named_sets[i].name + 2;

        if (strlen(known) != (size_t)(end + 2 - name) || strncmp(name, known, strlen(known)) != 0)
            continue;
        add_named(r, &named_sets[i], negated);
        r->p = end + 2;
        return 1;
    }
    return -1;
}

static int digit(char c, int base)
{
    int v = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 16;

    return v < base ? v : -1;
}

/* Behind "\x". */
static bool read_hexadecimal(struct reader *r, uint32_t *ret)
{
    bool braces = *r->p == '{';
    uint32_t v = 0;
    int n = 0;

    r->p += braces;
    for (; digit(*r->p, 16) >= 0 && (braces || n < 2) && v <= 0x10ffff; n++)
        v = v * 16 + (uint32_t)digit(*r->p++, 16);
    *ret = v;
    if (!braces)
        return n == 2;
    return n && v <= 0x10ffff && *r->p++ == '}';
}

static bool read_octal(struct reader *r, uint32_t *ret)
{
    uint32_t v = (uint32_t)digit(*r->p, 8);

    if (*r->p++ != '0' && digit(*r->p, 8) < 0)
        return false; /* a reference back, which Go does not know */
    for (int n = 0; n < 2 && digit(*r->p, 8) >= 0; n++)
        v = v * 8 + (uint32_t)digit(*r->p++, 8);
    *ret = v;
    return true;
}

/* One character, `\` and what it stands for included. */
static bool read_character(struct reader *r, uint32_t *ret)
{
    static const char letters[] = "afnrtv", meanings[] = "\a\f\n\r\t\v";
    const char *letter;
    size_t n;

    if (!*r->p)
        return false;
    if (*r->p != '\\') {
        *ret = ignore_character(r->p, &n);
        r->p += n;
        return true;
    }
    r->p++;
    if (digit(*r->p, 8) >= 0)
        return read_octal(r, ret);
    if (*r->p == 'x')
        return r->p++, read_hexadecimal(r, ret);
    letter = *r->p ? strchr(letters, *r->p) : NULL;
    if (!*r->p || (unsigned char)*r->p >= 0x80)
        return false;
    if (!letter && ((*r->p | 0x20) >= 'a' && (*r->p | 0x20) <= 'z'))
        return false;
    if (!letter && (*r->p == '8' || *r->p == '9'))
        return false;
    *ret = letter ? (unsigned char)meanings[letter - letters] : (unsigned char)*r->p;
    r->p++;
    return true;
}

static bool read_range(struct reader *r)
{
    uint32_t from, to;

    if (!read_character(r, &from))
        return false;
    to = from;
    if (r->p[0] == '-' && r->p[1] && r->p[1] != ']') {
        r->p++;
        if (!read_character(r, &to) || to < from)
            return false;
    }
    add_range(r, from, to);
    return true;
}

/* Behind `[`. */
static bool read_class(struct reader *r, struct ignore_step *step)
{
    *step = (struct ignore_step){.op = IGNORE_OP_CLASS, .first = r->ranges.n};
    if (*r->p == '^') {
        step->negated = true;
        r->p++;
    }
    for (bool first = true; first || *r->p != ']'; first = false) {
        int set = read_posix_set(r);

        if (set < 0 || !*r->p)
            return false;
        if (!set && !read_letter_set(r) && !read_range(r))
            return false;
    }
    r->p++;
    step->n = r->ranges.n - step->first;
    if (*r->p == '*') {
        step->op = IGNORE_OP_CLASSES;
        r->p++;
    }
    return true;
}

static const struct {
    const char *text;
    enum ignore_op op;
} marks[] = {
    {"(.*/)?", IGNORE_OP_DIRECTORIES}, {".*", IGNORE_OP_REST}, {"^", IGNORE_OP_START},
    {"\\A", IGNORE_OP_START},          {"\\z", IGNORE_OP_END}, {"\\b", IGNORE_OP_BOUNDARY},
    {"\\B", IGNORE_OP_NO_BOUNDARY},
};

static bool read_step(struct reader *r)
{
    struct ignore_step step = {.op = IGNORE_OP_CHARACTER};

    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        if (strncmp(r->p, marks[i].text, strlen(marks[i].text)) != 0)
            continue;
        r->p += strlen(marks[i].text);
        step.op = marks[i].op;
        *VEC_PUSH(&r->steps) = step;
        return true;
    }
    step.first = r->ranges.n;
    if (read_letter_set(r)) {
        step.op = IGNORE_OP_CLASS;
        step.n = r->ranges.n - step.first;
    } else if (*r->p == '[') {
        r->p++;
        if (!read_class(r, &step))
            return false;
    } else if (!read_character(r, &step.character)) {
        return false;
    }
    *VEC_PUSH(&r->steps) = step;
    return true;
}

static bool branches(enum ignore_op op)
{
    return op == IGNORE_OP_CLASSES || op == IGNORE_OP_DIRECTORIES;
}

/* Characters that each match begins with, or (`backward`) ends with. */
static char *fixed_part(const struct ignore_pattern *p, bool backward, size_t *ret_len)
{
    size_t n = 0;
    struct buf b = BUF_INIT;

    while (n < p->n_steps && p->steps[backward ? p->n_steps - 1 - n : n].op == IGNORE_OP_CHARACTER)
        n++;
    for (size_t i = backward ? p->n_steps - n : 0, end = backward ? p->n_steps : n; i < end; i++) {
        uint32_t c = p->steps[i].character;

        /* U+FFFD also stands for bytes that are no UTF-8, so it has no fixed form. */
        if (c >= 0x80) {
            if (!backward)
                break;
            buf_clear(&b);
            continue;
        }
        buf_addc(&b, (char)c);
    }
    *ret_len = b.len;
    return buf_steal(&b);
}

int ignore_pattern_compile(char *text, struct ignore_pattern *ret, struct err *err)
{
    struct translation t = {.kind = IGNORE_EXACT, .regex = BUF_INIT};
    struct reader r = {0};
    bool good = true;

    *ret = (struct ignore_pattern){.text = text};
    translate(text, &t);
    ret->kind = t.kind;
    ret->literal = text + (t.kind == IGNORE_SUFFIX ? 2 : 0);
    ret->literal_len = strlen(ret->literal) - (t.kind == IGNORE_PREFIX ? 2 : 0);
    if (t.kind == IGNORE_PROGRAM) {
        for (r.p = buf_str(&t.regex); *r.p && good;)
            good = read_step(&r);
        for (size_t i = 0; i < r.steps.n; i++)
            if (branches(r.steps.v[i].op))
                r.steps.v[i].branch = ret->n_branches++;
        ret->steps = r.steps.v;
        ret->n_steps = r.steps.n;
        ret->ranges = r.ranges.v;
        ret->n_ranges = r.ranges.n;
        ret->head = fixed_part(ret, false, &ret->head_len);
        ret->tail = fixed_part(ret, true, &ret->tail_len);
    }
    buf_free(&t.regex);
    return good ? 0 : err_set(err, ERR_INVALID, "syntax error in pattern \"%.200s\"", text);
}

void ignore_pattern_release(struct ignore_pattern *p)
{
    free(p->text);
    free(p->steps);
    free(p->ranges);
    free(p->head);
    free(p->tail);
    *p = (struct ignore_pattern){0};
}

/* A match going on. `seen`: places where a branch went on before, in vain: none is tried twice. */
struct matching {
    const struct ignore_pattern *pattern;
    const char *path;
    size_t len;
    unsigned char *seen;
};

static bool in_class(const struct ignore_pattern *p, const struct ignore_step *step, uint32_t c)
{
    for (size_t i = step->first; i < step->first + step->n; i++)
        if (p->ranges[i].from <= c && c <= p->ranges[i].to)
            return !step->negated;
    return step->negated;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool at_boundary(const struct matching *m, size_t at)
{
    return (at && is_word(m->path[at - 1])) != (at < m->len && is_word(m->path[at]));
}

static bool go_on(const struct matching *m, size_t step, size_t at);

/* Goes on behind a branch, unless that was tried at this place. */
static bool try_branch(const struct matching *m, size_t step, size_t at)
{
    size_t bit = m->pattern->steps[step].branch * (m->len + 1) + at;

    if (m->seen[bit / 8] & 1u << bit % 8)
        return false;
    m->seen[bit / 8] |= (unsigned char)(1u << bit % 8);
    return go_on(m, step + 1, at);
}

static bool follow_classes(const struct matching *m, size_t step, size_t at)
{
    size_t n;

    for (;; at += n) {
        if (try_branch(m, step, at))
            return true;
        if (at == m->len || !in_class(m->pattern, &m->pattern->steps[step], ignore_character(m->path + at, &n)))
            return false;
    }
}

static bool follow_directories(const struct matching *m, size_t step, size_t at)
{
    if (try_branch(m, step, at))
        return true;
    for (; at < m->len && m->path[at] != '\n'; at++)
        if (m->path[at] == '/' && try_branch(m, step, at + 1))
            return true;
    return false;
}

/* Whether the steps from `step` on fit the rest of the path. As deep as a pattern has branches. */
static bool go_on(const struct matching *m, size_t step, size_t at) /* NOLINT(misc-no-recursion) */
{
    const struct ignore_pattern *p = m->pattern;

    for (; step < p->n_steps; step++) {
        const struct ignore_step *s = &p->steps[step];
        size_t n = 0;

        switch (s->op) {
        case IGNORE_OP_CHARACTER:
        case IGNORE_OP_CLASS: {
            uint32_t c = at < m->len ? ignore_character(m->path + at, &n) : 0;

            if (at == m->len || !(s->op == IGNORE_OP_CLASS ? in_class(p, s, c) : s->character == c))
                return false;
            at += n;
            break;
        }
        case IGNORE_OP_CLASSES:
            return follow_classes(m, step, at);
        case IGNORE_OP_DIRECTORIES:
            return follow_directories(m, step, at);
        case IGNORE_OP_REST:
            return !memchr(m->path + at, '\n', m->len - at);
        case IGNORE_OP_START:
        case IGNORE_OP_END:
            if (at != (s->op == IGNORE_OP_START ? 0 : m->len))
                return false;
            break;
        case IGNORE_OP_BOUNDARY:
        case IGNORE_OP_NO_BOUNDARY:
            if (at_boundary(m, at) != (s->op == IGNORE_OP_BOUNDARY))
                return false;
            break;
        }
    }
    return at == m->len;
}

static bool run_program(const struct ignore_pattern *p, const char *path, size_t len)
{
    unsigned char small[1024] = {0};
    _cleanup_free_ unsigned char *large = NULL;
    size_t need = p->n_branches * (len + 1) / 8 + 1;
    struct matching m = {p, path, len, small};

    if (len < p->head_len || memcmp(path, p->head, p->head_len) != 0)
        return false;
    if (len < p->tail_len || memcmp(path + len - p->tail_len, p->tail, p->tail_len) != 0)
        return false;
    if (need > sizeof(small))
        m.seen = large = mem_zalloc(need, 1);
    return go_on(&m, 0, 0);
}

bool ignore_pattern_matches(const struct ignore_pattern *p, const char *path, size_t len)
{
    size_t n = p->literal_len;

    switch (p->kind) {
    case IGNORE_EXACT:
        return len == n && memcmp(path, p->literal, n) == 0;
    case IGNORE_PREFIX:
        return len >= n && memcmp(path, p->literal, n) == 0;
    case IGNORE_SUFFIX:
        if (len >= n && memcmp(path + len - n, p->literal, n) == 0)
            return true;
        /* `**` and a slash: also where nothing is before it. */
        return *p->literal == '/' && len == n - 1 && memcmp(path, p->literal + 1, len) == 0;
    case IGNORE_PROGRAM:
        return run_program(p, path, len);
    }
    return false;
}

/* Modes as --chmod has them. Symbolic ones as chmod(1) of BSD reads them, without a umask: what Docker does. */
#include "dockerfile/internal.h"

enum {
    STICKY = 01000,
    SET_IDS = 06000,
    EVERYTHING = SET_IDS | 0777, /* what `a` and an absent class stand for; not the sticky bit */
};

struct clause {
    char op;
    mode_t who;               /* 0: none named */
    mode_t permissions, if_x; /* collected, not yet applied; if_x: those of X */
    bool replaced;            /* `=` has cleared what was there */
};

struct chmod {
    mode_t before, mode;
    bool directory;
};

static void apply_permissions(struct chmod *m, struct clause *c)
{
    mode_t who = c->who ? c->who : EVERYTHING | STICKY, bits = c->permissions & who;

    if (c->op == '=')
        m->mode &= ~(c->who ? c->who : (mode_t)EVERYTHING);
    m->mode = c->op == '-' ? m->mode & ~bits : m->mode | bits;
    c->permissions = 0;
}

static void apply_x(struct chmod *m, struct clause *c)
{
    if (c->if_x && (m->before & 0111 || m->directory))
        m->mode |= c->if_x & (c->who ? c->who : (mode_t)EVERYTHING);
    c->if_x = 0;
}

/* The bits of one class given to others: go=u. */
static void apply_copy(struct chmod *m, const struct clause *c, char from)
{
    unsigned shift = from == 'u' ? 6 : from == 'g' ? 3 : 0;
    mode_t value = m->mode >> shift & 7, who = (c->who ? c->who : EVERYTHING) & 0777;
    mode_t bits = (value | value << 3 | value << 6) & who;

    if (c->op == '=')
        m->mode &= ~who;
    m->mode = c->op == '-' ? m->mode & ~bits : m->mode | bits;
}

static const char *read_who(const char *s, mode_t *ret)
{
    for (;; s++) {
        if (*s == 'a')
            *ret |= EVERYTHING;
        else if (*s == 'u')
            *ret |= 04700;
        else if (*s == 'g')
            *ret |= 02070;
        else if (*s == 'o')
            *ret |= 0007;
        else
            return s;
    }
}

/* One letter; false: it is none. */
static bool read_permission(struct chmod *m, struct clause *c, char letter)
{
    bool only_others = c->who && !(c->who & ~(mode_t)(0007 | STICKY));

    switch (letter) {
    case 'r':
        c->permissions |= 0444;
        return true;
    case 'w':
        c->permissions |= 0222;
        return true;
    case 'x':
        c->permissions |= 0111;
        return true;
    case 'X':
        *(c->op == '-' ? &c->permissions : &c->if_x) |= 0111;
        return true;
    case 's':
        c->permissions |= only_others ? 0 : SET_IDS;
        return true;
    case 't':
        if (!only_others) {
            c->permissions |= STICKY;
            c->who |= c->who ? STICKY : 0;
        }
        return true;
    case 'u':
    case 'g':
    case 'o':
        if (c->permissions)
            apply_permissions(m, c);
        c->replaced = true;
        apply_x(m, c);
        apply_copy(m, c, letter);
        return true;
    default:
        return false;
    }
}

static bool apply_symbolic(const char *s, struct chmod *m)
{
    for (;;) {
        mode_t who = 0;

        s = read_who(s, &who);
        do {
            struct clause c = {.op = *s, .who = who};

            if (!*s || !strchr("+-=", *s))
                return false;
            for (s++; read_permission(m, &c, *s);)
                s++;
            if (c.permissions || (c.op == '=' && !c.replaced))
                apply_permissions(m, &c);
            apply_x(m, &c);
        } while (*s && *s != ',');
        if (!*s)
            return true;
        s++;
    }
}

/* False: it is no mode. */
static bool run(const char *text, struct chmod *m)
{
    unsigned long mode = 0;
    size_t n = strspn(text, "01234567");

    if (n == 0 || text[n])
        return apply_symbolic(text, m);
    while (n > 1 && *text == '0') {
        text++;
        n--;
    }
    if (n > 4)
        return false;
    mode = strtoul(text, NULL, 8);
    m->mode = (mode_t)mode;
    return mode <= 07777;
}

int dockerfile_chmod_check(const char *text, struct err *err)
{
    struct chmod m = {0};

    if (run(text, &m))
        return 0;
    return err_set(err, ERR_INVALID, "invalid chmod parameter: '%s'. it should be octal string and between 0 and 07777",
                   text);
}

mode_t dockerfile_chmod_apply(const char *text, mode_t mode, bool directory)
{
    struct chmod m = {.before = mode & 07777, .mode = mode & 07777, .directory = directory};

    return run(text, &m) ? m.mode : mode & 07777;
}

#include "explain/mountinfo.h"

#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

enum {
    MOUNTINFO_MAX = 16 << 20,
    FIELDS_MAX = 64,
    STACKED_MAX = 256 /* mounts on the way to a path: with the right to mount a container makes as many as it likes */
};

/* \040 and others stand for blanks, tabs, newlines, backslashes. */
static char *plain(const char *field)
{
    char *s = str_dup(field), *to = s;

    for (const char *from = s; *from; to++) {
        unsigned c;

        if (*from == '\\' && sscanf(from, "\\%3o", &c) == 1 && strspn(from + 1, "01234567") >= 3) {
            *to = (char)c;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = 0;
    return s;
}

static bool parse_line(char *line, struct explain_mount *ret)
{
    char *field[FIELDS_MAX], *save = NULL;
    unsigned major, minor;
    size_t n = 0, dash = 6;

    for (char *f = strtok_r(line, " ", &save); f && n < FIELDS_MAX; f = strtok_r(NULL, " ", &save))
        field[n++] = f;
    while (dash < n && !str_eq(field[dash], "-"))
        dash++;
    if (dash + 3 >= n || sscanf(field[2], "%u:%u", &major, &minor) != 2)
        return false;
    *ret = (struct explain_mount){
        .id = strtoll(field[0], NULL, 10),
        .parent = strtoll(field[1], NULL, 10),
        .device = makedev(major, minor),
        .root = plain(field[3]),
        .target = plain(field[4]),
        .options = strv_split(field[5], ','),
        .type = plain(field[dash + 1]),
        .source = plain(field[dash + 2]),
        .super = strv_split(field[dash + 3], ','),
    };
    for (size_t i = 6; i < dash; i++)
        strv_add(&ret->fields, field[i]);
    return true;
}

void explain_mounts_parse(const char *text, explain_mounts *ret)
{
    _cleanup_free_ char *copy = str_dup(text);
    char *save = NULL;

    *ret = (explain_mounts){0};
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct explain_mount m;

        if (parse_line(line, &m))
            *VEC_PUSH(ret) = m;
    }
}

int explain_mounts_read(pid_t pid, explain_mounts *ret, struct err *err)
{
    _cleanup_free_ char *path = pid ? str_printf("/proc/%d/mountinfo", (int)pid) : str_dup("/proc/self/mountinfo");
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(MOUNTINFO_MAX);
    int r = fd_read_file(AT_FDCWD, path, &text, err);

    if (r == 0)
        explain_mounts_parse(buf_str(&text), ret);
    return r;
}

void explain_mounts_release(explain_mounts *mounts)
{
    VEC_FOREACH (m, mounts) {
        free(m->root);
        free(m->target);
        strv_free(m->options);
        strv_free(m->fields);
        free(m->type);
        free(m->source);
        strv_free(m->super);
        free(m->origin);
    }
    free(mounts->v);
    *mounts = (explain_mounts){0};
}

const struct explain_mount *explain_mount_at(const explain_mounts *mounts, const char *target)
{
    const struct explain_mount *found = NULL;

    VEC_FOREACH (m, mounts) /* a later one lies on top */
        if (str_eq(m->target, target))
            found = m;
    return found;
}

/* Where the kernel goes on from `at`: of the mounts on it the one that it meets first on the way to `path`. */
static const struct explain_mount *next_on(const explain_mounts *mounts, const struct explain_mount *at,
                                           const char *path)
{
    const struct explain_mount *next = NULL;

    VEC_FOREACH (m, mounts)
        if (m != at && m->parent == at->id && explain_path_within(path, m->target) &&
            (!next || strlen(m->target) < strlen(next->target)))
            next = m;
    return next;
}

const struct explain_mount *explain_mount_of(const explain_mounts *mounts, const char *path)
{
    const struct explain_mount *at = NULL;

    VEC_FOREACH (m, mounts)
        if (str_eq(m->target, "/")) {
            at = m;
            break;
        }
    for (int steps = 0; at && steps < STACKED_MAX; steps++) {
        const struct explain_mount *next = next_on(mounts, at, path);

        if (!next)
            break;
        at = next;
    }
    return at;
}

bool explain_path_within(const char *path, const char *dir)
{
    const char *rest = str_after(path, dir);

    return str_eq(dir, "/") || (rest && (!*rest || *rest == '/'));
}

char *explain_mount_origin(const struct explain_mount *m, const explain_mounts *host)
{
    const struct explain_mount *best = NULL;

    VEC_FOREACH (h, host)
        if (h->device == m->device && explain_path_within(m->root, h->root) &&
            (!best || strlen(h->root) > strlen(best->root)))
            best = h;
    if (!best)
        return NULL;
    return path_join(best->target, str_eq(best->root, "/") ? m->root : m->root + strlen(best->root));
}

/* Trees as text, for tests of what COPY makes of them.
 *
 * A tree is lines: "d PATH [MODE [UID:GID]]", "f PATH TEXT", "x PATH TEXT" (0755), "l PATH TARGET", "p PATH" (a fifo),
 * "h PATH OTHER" (a hard link). What was written is lines of the same kind, sorted, with mode and owner of all but
 * links. */
#pragma once

#include "../files.h"

#include "base/strv.h"
#include "build/copy.h"
#include "build/files_internal.h"
#include "layer/overlay.h"
#include "sys/dir.h"
#include "sys/path.h"

#include <sys/stat.h>

enum { EPOCH = 1234567890, OLD = 1000000000 /* of members of archives */ };

static inline void make_line(int dir, char *line)
{
    char kind, path[256];
    int at = 0;
    const char *rest;

    assert_int_equal(sscanf(line, "%c %255s%n", &kind, path, &at), 2);
    rest = line + at + (line[at] == ' ');
    if (kind == 'd') {
        unsigned mode = 0755, uid = 0, gid = 0;

        sscanf(rest, "%o %u:%u", &mode, &uid, &gid);
        assert_int_equal(mkdirat(dir, path, 0700), 0);
        assert_int_equal(fchownat(dir, path, uid, gid, 0), 0);
        assert_int_equal(fchmodat(dir, path, mode, 0), 0);
    } else if (kind == 'l') {
        assert_int_equal(symlinkat(rest, dir, path), 0);
    } else if (kind == 'p') {
        assert_int_equal(mknodat(dir, path, S_IFIFO | 0600, 0), 0);
    } else if (kind == 'h') {
        assert_int_equal(linkat(dir, rest, dir, path, 0), 0);
    } else {
        int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL, 0644);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, rest, strlen(rest)), 0);
        assert_int_equal(fchmod(fd, kind == 'x' ? 0755 : 0644), 0);
        close(fd);
    }
}

/* A new directory `name` with what `text` says; open. */
static inline int make_tree(const char *name, const char *text)
{
    _cleanup_strv_ char **lines = strv_split(text, '\n');
    int dir;

    assert_int_equal(mkdir(name, 0755), 0);
    dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    STRV_FOREACH (line, lines)
        if (**line)
            make_line(dir, *line);
    return dir;
}

static inline void show(int dir, const char *path, struct buf *out);

static inline void show_names(int dir, const char *path, struct buf *out)
{
    _cleanup_strv_ char **names = NULL;
    int fd = openat(dir, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

    assert_true(fd >= 0);
    assert_int_equal(dir_names(fd, &names), 0);
    close(fd);
    strv_sort(names);
    STRV_FOREACH (name, names) {
        _cleanup_free_ char *next = str_printf("%s%s%s", path, *path ? "/" : "", *name);

        show(dir, next, out);
    }
}

static inline bool is_opaque(int dir, const char *path)
{
    int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    bool opaque = fd >= 0 && layer_overlay_opaque(fd);

    if (fd >= 0)
        close(fd);
    return opaque;
}

/* Everything that was written has the time of the build. */
static inline void show(int dir, const char *path, struct buf *out)
{
    char target[256] = "";
    struct stat st;

    assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    if (st.st_mtime != EPOCH && st.st_mtime != OLD)
        fail_msg("the time of %s", path);
    if (S_ISLNK(st.st_mode)) {
        assert_true(readlinkat(dir, path, target, sizeof(target) - 1) > 0);
        buf_addf(out, "l %s %s\n", path, target);
        return;
    }
    if (is_opaque(dir, path))
        buf_adds(out, "opaque ");
    buf_addf(out, "%c %s %o %u:%u",
             S_ISDIR(st.st_mode)    ? 'd'
             : S_ISFIFO(st.st_mode) ? 'p'
                                    : 'f',
             path, st.st_mode & 07777, st.st_uid, st.st_gid);
    if (S_ISREG(st.st_mode)) {
        int fd = openat(dir, path, O_RDONLY);

        assert_true(fd >= 0);
        assert_true(read(fd, target, sizeof(target) - 1) >= 0);
        close(fd);
        buf_addf(out, " %s", target);
    }
    buf_addc(out, '\n');
    if (S_ISDIR(st.st_mode))
        show_names(dir, path, out);
}

/* ---- selections ---- */

static struct sorter *fixture_links; /* of the source under way */

static inline bool select_file(struct build_selection *s, int dir, const char *path, size_t base)
{
    struct build_file_stat is;
    struct stat st;

    assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    is = build_file_stat_of(&st);
    if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
        assert_int_equal(files_links_note(fixture_links, &is, s->n_files, s->n_sources, spill_size(&s->files)), 0);
    assert_int_equal(files_put(s, path, base, &is, NULL), 0);
    return S_ISDIR(st.st_mode);
}

static inline void select_below(struct build_selection *s, int dir, const char *path, size_t base)
{
    _cleanup_strv_ char **names = NULL;
    int fd = openat(dir, *path ? path : ".", O_RDONLY | O_DIRECTORY);

    assert_true(fd >= 0);
    assert_int_equal(dir_names(fd, &names), 0);
    close(fd);
    strv_sort(names);
    STRV_FOREACH (name, names) {
        _cleanup_free_ char *next = str_printf("%s%s%s", path, *path ? "/" : "", *name);

        if (select_file(s, dir, next, base))
            select_below(s, dir, next, base);
    }
}

/* What build_select() makes of names without wildcards and links. */
static inline void select_source(struct build_selection *s, int dir, const char *source, bool parents)
{
    _cleanup_free_ char *clean = path_clean(source), *absolute = path_join("/", clean);
    const char *path = absolute + 1, *pivot = strstr(source, "/./");
    uint64_t first = s->n_files;
    size_t base = parents ? pivot ? (size_t)(pivot - source) + 1 : 0 : strlen(path) + (*path != 0);
    struct stat st;

    assert_int_equal(fstatat(dir, *path ? path : ".", &st, 0), 0);
    fixture_links = sorter_new(1000);
    if (!S_ISDIR(st.st_mode)) {
        select_file(s, dir, path, parents ? base : (size_t)(path_base(path) - path));
    } else {
        if (parents && *path)
            select_file(s, dir, path, base);
        select_below(s, dir, path, base);
    }
    assert_int_equal(files_put_source(s, path, S_ISDIR(st.st_mode), s->n_files - first), 0);
    assert_int_equal(files_links_find(fixture_links, s), 0);
    sorter_free(fixture_links);
}

/* Members of an archive into a directory, which is the root of all their names and links: as tar would unpack them into
 * what overlayfs shows, but written into the upper directory alone. What is there is replaced, but directories join. */
#include "build/add.h"

#include "base/log.h"
#include "layer/attributes.h"
#include "layer/tree.h"
#include "layer/unpack.h"
#include "sys/copy_tree.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

struct adding {
    struct copying *c;
    struct place *place;
    struct tar_reader *tar;
    char *at; /* the directory, as members call it, that one stands in; NULL: none */
};

/* ---- going ---- */

static int go(struct adding *a, const char *path, struct err *err)
{
    int r;

    if (a->at && str_eq(a->at, path))
        return 0;
    str_replace(&a->at, NULL);
    r = place_walk(a->place, path, true, NULL, err);
    if (r == 0)
        a->at = str_dup(path);
    return r;
}

static char *parent_of(const char *path)
{
    size_t n = (size_t)(path_base(path) - path);

    return str_ndup(path, n ? n - 1 : 0);
}

/* ---- attributes ---- */

static void set_xattrs(int fd, const struct tar_member *m)
{
    for (size_t i = 0; i < m->n_xattrs; i++) {
        const struct tar_xattr *x = &m->xattrs[i];

        if (attributes_meaningful(x->name) && fsetxattr(fd, x->name, x->value, x->len, 0) < 0)
            log_debug("attribute %s: %s", x->name, strerror(errno));
    }
}

static uid_t user_of(const struct adding *a, const struct tar_member *m)
{
    return a->c->chown ? a->c->owner[0] : m->uid;
}

static gid_t group_of(const struct adding *a, const struct tar_member *m)
{
    return a->c->chown ? a->c->owner[1] : m->gid;
}

/* Owner, mode, attributes, time: in this order. */
static int finish_open(const struct adding *a, int fd, const struct tar_member *m, struct err *err)
{
    const struct timespec times[] = {{m->mtime_sec, m->mtime_nsec}, {m->mtime_sec, m->mtime_nsec}};

    if (fchown(fd, user_of(a, m), group_of(a, m)) < 0 || fchmod(fd, m->mode) < 0)
        return err_errno(err, errno, "setting owner and mode");
    set_xattrs(fd, m);
    return futimens(fd, times) < 0 ? err_errno(err, errno, "setting the time") : 0;
}

static int finish_by_name(const struct adding *a, int dir, const char *name, const struct tar_member *m,
                          struct err *err)
{
    const struct timespec times[] = {{m->mtime_sec, m->mtime_nsec}, {m->mtime_sec, m->mtime_nsec}};

    if (fchownat(dir, name, user_of(a, m), group_of(a, m), AT_SYMLINK_NOFOLLOW) < 0 ||
        (m->type != TAR_SYMLINK && fchmodat(dir, name, m->mode, 0) < 0) ||
        utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return err_errno(err, errno, "setting owner, mode and time");
    return 0;
}

/* ---- room ---- */

/* Takes away what has the name in the upper directory: a directory with all that is in it. */
static int clear(const struct adding *a, const char *name, bool *ret_was, struct err *err)
{
    int upper = place_top(a->place)->upper;
    struct stat st;

    *ret_was = upper >= 0 && fstatat(upper, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    return *ret_was ? path_remove_tree(upper, name, err) : 0;
}

/* ---- members ---- */

static int add_directory(struct adding *a, const struct tar_member *m, const char *path, const char *name,
                         struct err *err)
{
    struct stat st;
    bool was = false;
    int dir, r = place_look(a->place, name, &st, err);

    if (r == 1 && S_ISDIR(st.st_mode)) {
        r = place_enter(a->place, name, err);
    } else if (r >= 0) {
        r = clear(a, name, &was, err);
        if (r == 0)
            r = place_make(a->place, name, err);
        if (r == 0 && was)
            r = place_make_opaque(a->place, err);
    }
    if (r == 0)
        r = place_write(a->place, &dir, err);
    if (r < 0)
        return r;
    str_replace(&a->at, str_dup(path));
    place_top(a->place)->mtime = (struct timespec){m->mtime_sec, m->mtime_nsec};
    return finish_open(a, dir, m, err);
}

static int add_file(struct adding *a, const struct tar_member *m, int dir, const char *name, struct err *err)
{
    _cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return err_errno(err, errno, "making the file");
    r = layer_unpack_content(a->tar, fd, m->size, a->c->job->stop, err);
    return r < 0 ? r : finish_open(a, fd, m, err);
}

static int add_symlink(struct adding *a, const struct tar_member *m, int dir, const char *name, struct err *err)
{
    return symlinkat(m->target, dir, name) < 0 ? err_errno(err, errno, "making the link")
                                               : finish_by_name(a, dir, name, m, err);
}

static int add_node(struct adding *a, const struct tar_member *m, int dir, const char *name, struct err *err)
{
    mode_t type = m->type == TAR_FIFO ? S_IFIFO : m->type == TAR_CHARACTER ? S_IFCHR : S_IFBLK;

    /* This one says to overlayfs that there is nothing. */
    if (m->type == TAR_CHARACTER && !m->major && !m->minor)
        return 0;
    return mknodat(dir, name, type, makedev(m->major, m->minor)) < 0 ? err_errno(err, errno, "making it")
                                                                     : finish_by_name(a, dir, name, m, err);
}

/* A link needs a file of the upper directory: one that lies below is repeated there. */
static int repeat_file(const struct place *p, const char *name, struct err *err)
{
    const struct place_level *l = place_top(p);
    struct copy_tree how = {0};

    return l->below < 0 ? err_errno(err, ENOENT, "%s", name) : copy_tree(&how, l->below, name, l->upper, name, err);
}

static int open_link_target(struct adding *a, const char *path, int *ret_dir, struct err *err)
{
    _cleanup_free_ char *parent = parent_of(path);
    const char *name = path_base(path);
    struct stat st;
    int dir, r = go(a, parent, err);

    if (r == 0)
        r = place_look(a->place, name, &st, err);
    if (r == 0)
        return err_errno(err, ENOENT, "a link to %.200s", path);
    if (r == 1 && S_ISDIR(st.st_mode))
        return err_errno(err, EISDIR, "a link to %.200s", path);
    if (r == 1)
        r = place_write(a->place, &dir, err);
    if (r == 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        r = repeat_file(a->place, name, err);
    if (r < 0)
        return r;
    *ret_dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
    return *ret_dir < 0 ? err_errno(err, errno, "a link to %.200s", path) : 0;
}

static int add_hard_link(struct adding *a, const struct tar_member *m, const char *path, struct err *err)
{
    _cleanup_free_ char *target = NULL, *parent = parent_of(path);
    _cleanup_fd_ int from = -1;
    bool was;
    int dir, r = tree_clean_path(m->target, &target, err);

    if (r < 0 || str_eq(target, path))
        return r;
    r = open_link_target(a, target, &from, err);
    if (r == 0)
        r = go(a, parent, err);
    if (r == 0)
        r = place_write(a->place, &dir, err);
    if (r == 0)
        r = clear(a, path_base(path), &was, err);
    if (r == 0 && linkat(from, path_base(target), dir, path_base(path), 0) < 0)
        r = err_errno(err, errno, "a link to %.200s", target);
    return r;
}

static int add_other(struct adding *a, const struct tar_member *m, const char *name, struct err *err)
{
    static int (*const types[])(struct adding * a, const struct tar_member *m, int dir, const char *name,
                                struct err *err) = {
        [TAR_FILE] = add_file,         [TAR_SYMLINK] = add_symlink, [TAR_CHARACTER] = add_node,
        [TAR_BLOCK_DEVICE] = add_node, [TAR_FIFO] = add_node,
    };
    bool was;
    int dir, r = place_write(a->place, &dir, err);

    if (r == 0)
        r = clear(a, name, &was, err);
    return r < 0 ? r : types[m->type](a, m, dir, name, err);
}

static int add_itself(struct adding *a, const struct tar_member *m, struct err *err)
{
    int dir, r = go(a, "", err);

    if (r < 0 || m->type != TAR_DIRECTORY || a->place->levels.n == 1) /* the root keeps what it has below */
        return r;
    r = place_write(a->place, &dir, err);
    if (r < 0)
        return r;
    place_top(a->place)->mtime = (struct timespec){m->mtime_sec, m->mtime_nsec};
    return finish_open(a, dir, m, err);
}

static int add_member(struct adding *a, const struct tar_member *m, const char *path, struct err *err)
{
    _cleanup_free_ char *parent = parent_of(path);
    int r;

    if (a->c->job->stop && *a->c->job->stop)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    copying_count(a->c, m->size);
    if (strcmp(path, ".") == 0)
        return add_itself(a, m, err);
    if (m->type == TAR_HARDLINK)
        return add_hard_link(a, m, path, err);
    r = go(a, parent, err);
    if (r < 0)
        return r;
    return m->type == TAR_DIRECTORY ? add_directory(a, m, path, path_base(path), err)
                                    : add_other(a, m, path_base(path), err);
}

static int add_all(struct adding *a, struct tar_member *m, struct err *err)
{
    int r = 1;

    for (; r == 1; r = r < 0 ? r : tar_reader_next(a->tar, m, err)) {
        _cleanup_free_ char *path = NULL;

        r = tree_clean_path(m->path, &path, err);
        if (r == 0)
            r = add_member(a, m, path, err);
        if (r < 0)
            return path && r != ERR_INTERRUPTED ? err_wrap(err, "%.300s", path) : r;
    }
    return r;
}

int add_members(struct copying *c, struct add_archive *archive, struct err *err)
{
    struct adding a = {.c = c, .place = &c->place, .tar = archive->tar};
    struct tar_member m = archive->first;
    int r;

    c->place.ground = c->place.levels.n;
    r = add_all(&a, &m, err);
    free(a.at);
    c->place.ground = 0;
    return r;
}

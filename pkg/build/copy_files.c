/* Files of a selection, one after the other in the order of their names: the directories that they come from and go to
 * stay open, so that a file costs no walk. */
#include "build/add.h"
#include "build/copying.h"

#include "sys/copy.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/sysmacros.h>

enum { BUFFER_SIZE = 256 << 10 };

static int fail_at(const struct copying *c, const char *name, int errnum, struct err *err)
{
    return err_errno(err, errnum, "/%s%s%s", buf_str(&c->place.path), c->place.path.len && *name ? "/" : "", name);
}

static int fail_from(const struct copying *c, const struct build_file *f, int errnum, struct err *err)
{
    if (errnum == EINTR)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    return err_errno(err, errnum, "%s of %s", *f->path ? f->path : "/", c->tree->what);
}

/* ---- attributes ---- */

static struct timespec time_of(const struct copying *c, const struct stat *st, const struct copying_from *how)
{
    return how->keep_time ? st->st_mtim : c->place.epoch;
}

static uid_t user_of(const struct copying *c, const struct stat *st, const struct copying_from *how)
{
    return c->chown ? c->owner[0] : how->keep_owner ? st->st_uid : 0;
}

static gid_t group_of(const struct copying *c, const struct stat *st, const struct copying_from *how)
{
    return c->chown ? c->owner[1] : how->keep_owner ? st->st_gid : 0;
}

static mode_t mode_of(const struct copying *c, const struct stat *st)
{
    mode_t mode = st->st_mode & 07777;

    return c->copy->chmod ? dockerfile_chmod_apply(c->copy->chmod, mode, S_ISDIR(st->st_mode)) & 07777 : mode;
}

/* New files of ours belong to root and have their mode already: one call less for each of most of them. */
static int set_owner_and_mode(const struct copying *c, int fd, const struct stat *st, const struct copying_from *how)
{
    const struct place_level *l = place_top(&c->place);
    uid_t uid = user_of(c, st, how);
    gid_t gid = group_of(c, st, how);
    mode_t mode = mode_of(c, st);
    bool chown = uid || gid || l->inherits || S_ISDIR(st->st_mode) || c->not_root;

    /* A change of owner takes these bits from it, and capabilities. */
    if (chown && fchown(fd, uid, gid) < 0)
        return -errno;
    if ((chown || mode & ~(mode_t)0777) && fchmod(fd, mode) < 0)
        return -errno;
    return 0;
}

int copying_finish(struct copying *c, int fd, int from, const struct stat *st, const struct copying_from *how,
                   struct err *err)
{
    const struct timespec time = time_of(c, st, how), times[] = {time, time};
    int r = set_owner_and_mode(c, fd, st, how);

    if (r == 0 && from >= 0)
        r = place_copy_xattrs(from, fd);
    if (r == 0 && futimens(fd, times) < 0)
        r = -errno;
    return r < 0 ? fail_at(c, "", -r, err) : 0;
}

static struct stat stat_of(const struct build_file *f)
{
    return (struct stat){.st_dev = f->st.st_dev,
                         .st_ino = f->st.st_ino,
                         .st_mode = f->st.st_mode,
                         .st_nlink = f->st.st_nlink,
                         .st_uid = f->st.st_uid,
                         .st_gid = f->st.st_gid,
                         .st_rdev = f->st.st_rdev,
                         .st_size = f->st.st_size,
                         .st_mtim = f->st.st_mtim,
                         .st_ctim = f->st.st_ctim};
}

static struct copying_from from_of(const struct copying *c)
{
    return (struct copying_from){.keep_owner = c->tree->keep_owner, .keep_time = c->tree->keep_owner};
}

/* ---- files ---- */

/* What is in the way of something that is no directory. */
static int make_room(const struct copying *c, const char *name, struct err *err)
{
    const struct place_level *l = place_top(&c->place);
    struct stat st;
    int r = place_look(&c->place, name, &st, err);

    if (r <= 0)
        return r;
    if (S_ISDIR(st.st_mode))
        return err_set(err, ERR_EXISTS, "cannot replace to directory /%s%s%s with file", buf_str(&c->place.path),
                       c->place.path.len ? "/" : "", name);
    return unlinkat(l->upper, name, 0) == 0 || errno == ENOENT ? 0 : fail_at(c, name, errno, err);
}

/* Something new: by `make`, which says -errno. Nothing is looked for where it cannot be. */
static int make_new(struct copying *c, const char *name, int (*make)(int dir, const char *name, const void *data),
                    const void *data, struct err *err)
{
    int dir, r = place_write(&c->place, &dir, err);

    if (r == 0 && place_top(&c->place)->below >= 0)
        r = make_room(c, name, err);
    if (r < 0)
        return r;
    r = make(dir, name, data);
    if (r == -EEXIST) { /* of an earlier source */
        r = make_room(c, name, err);
        if (r < 0)
            return r;
        r = make(dir, name, data);
    }
    return r < 0 ? fail_at(c, name, -r, err) : r;
}

static int by_open(int dir, const char *name, const void *data)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, *(const mode_t *)data);

    return fd < 0 ? -errno : fd;
}

int copying_make_file(struct copying *c, const char *name, mode_t mode, int *ret_fd, struct err *err)
{
    const struct stat st = {.st_mode = S_IFREG | mode};
    const mode_t wanted = mode_of(c, &st) & 0777;
    int fd = make_new(c, name, by_open, &wanted, err);

    *ret_fd = MAX_OF(fd, -1);
    return MIN_OF(fd, 0);
}

/* One call each to read and to write most files; what is larger is moved by the kernel. 0 or -errno. */
static int copy_content(struct copying *c, int from, int to, const struct stat *st)
{
    ssize_t n;

    if (st->st_size >= BUFFER_SIZE)
        return copy_pieces(from, to, st->st_size, c->job->stop);
    if (!c->buffer)
        c->buffer = mem_alloc(BUFFER_SIZE);
    while ((n = read(from, c->buffer, BUFFER_SIZE)) != 0) {
        int r = n < 0 ? -errno : fd_write_all(to, c->buffer, (size_t)n);

        if (r < 0)
            return r;
        if (n < BUFFER_SIZE)
            break;
    }
    return 0;
}

/* What was digested is what is copied: a file that changed meanwhile is copied as it is, but not as the one that the
 * key names. */
static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* No link is followed, and a fifo that took its place does not block. */
static int open_source(struct copying *c, int dir, const char *name, const struct build_file *f, struct stat *st)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat wanted;

    if (fd < 0)
        return -errno;
    if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
        fd_close(fd);
        return -ESTALE;
    }
    wanted = stat_of(f);
    c->job->changed |= !is_same(st, &wanted);
    return fd;
}

static int copy_file(struct copying *c, int dir, const char *from_name, const char *name, const struct build_file *f,
                     struct err *err)
{
    const struct copying_from how = from_of(c);
    _cleanup_fd_ int from = -1, to = -1;
    struct stat st, after;
    int r;

    from = open_source(c, dir, from_name, f, &st);
    if (from < 0)
        return fail_from(c, f, -from, err);
    r = copying_make_file(c, name, st.st_mode & 07777, &to, err);
    if (r < 0)
        return r;
    r = copy_content(c, from, to, &st);
    if (r < 0)
        return fail_from(c, f, -r, err);
    if (fstat(from, &after) == 0)
        c->job->changed |= !is_same(&st, &after);
    return copying_finish(c, to, from, &st, &how, err);
}

static int by_symlink(int dir, const char *name, const void *data)
{
    return symlinkat(data, dir, name) < 0 ? -errno : 0;
}

static int by_mknod(int dir, const char *name, const void *data)
{
    const struct stat *st = data;

    return mknodat(dir, name, st->st_mode & (S_IFMT | 0777), st->st_rdev) < 0 ? -errno : 0;
}

struct known_name {
    int root; /* the upper directory */
    const char *path;
};

static int by_link(int dir, const char *name, const void *data)
{
    const struct known_name *known = data;

    if (linkat(known->root, known->path, dir, name, 0) == 0)
        return 0;
    return errno == EMLINK ? 1 : -errno;
}

/* Links, devices and fifos, which are not opened. */
static int finish_by_name(struct copying *c, const char *name, const struct stat *st, struct err *err)
{
    const struct copying_from how = from_of(c);
    const struct timespec time = time_of(c, st, &how), times[] = {time, time};
    int dir = place_top(&c->place)->upper;

    if (fchownat(dir, name, user_of(c, st, &how), group_of(c, st, &how), AT_SYMLINK_NOFOLLOW) < 0 ||
        (!S_ISLNK(st->st_mode) && fchmodat(dir, name, mode_of(c, st), 0) < 0) ||
        utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return fail_at(c, name, errno, err);
    return 0;
}

static int copy_symlink(struct copying *c, int dir, const char *from_name, const char *name, const struct build_file *f,
                        struct err *err)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dir, from_name, target, sizeof(target) - 1);
    struct stat st;
    int r;

    if (n < 0)
        return fail_from(c, f, errno, err);
    target[n] = 0;
    st = stat_of(f);
    r = make_new(c, name, by_symlink, target, err);
    return r < 0 ? r : finish_by_name(c, name, &st, err);
}

static int copy_node(struct copying *c, const char *name, const struct build_file *f, struct err *err)
{
    const struct stat st = stat_of(f);
    int r;

    /* This one says to overlayfs that there is nothing. */
    if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
        return 0;
    r = make_new(c, name, by_mknod, &st, err);
    return r < 0 ? r : finish_by_name(c, name, &st, err);
}

/* What the first name of a file became: that of a selection lies under the same path below the target as below the
 * source; elsewhere it is remembered. NULL where there is none; the caller frees it. */
static char *first_name(struct copying *c, const char *name, const struct build_file *f)
{
    const char *here = buf_str(&c->place.path);
    _cleanup_free_ char *path = NULL;
    struct stat st;

    if (c->selected)
        return f->same ? str_printf("%.*s%s%s", (int)c->place.levels.v[c->ground - 1].path, here,
                                    c->place.levels.v[c->ground - 1].path ? "/" : "", f->same + f->base)
                       : NULL;
    path = str_printf("%s%s%s", here, *here ? "/" : "", name);
    st = stat_of(f);
    return str_dup(links_known(&c->links, &st, path));
}

/* A further name of what this source has brought already. 1 where it is none, or the file system allows no more. */
static int copy_hard_link(struct copying *c, const char *name, const struct build_file *f, struct err *err)
{
    _cleanup_free_ char *first = first_name(c, name, f);
    const struct known_name known = {c->place.levels.v[0].upper, first};

    return known.path ? make_new(c, name, by_link, &known, err) : 1;
}

static int copy_one(struct copying *c, int dir, const char *from_name, const char *name, const struct build_file *f,
                    struct err *err)
{
    int r = 1;

    if (c->job->stop && *c->job->stop)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    if (S_ISSOCK(f->st.st_mode))
        return 0;
    if (f->st.st_nlink > 1)
        r = copy_hard_link(c, name, f, err);
    if (r == 1 && S_ISREG(f->st.st_mode))
        r = copy_file(c, dir, from_name, name, f, err);
    else if (r == 1 && S_ISLNK(f->st.st_mode))
        r = copy_symlink(c, dir, from_name, name, f, err);
    else if (r == 1)
        r = copy_node(c, name, f, err);
    if (r == 0)
        copying_count(c, S_ISREG(f->st.st_mode) ? f->st.st_size : 0);
    return r;
}

/* ---- directories ---- */

/* Both sides go into `name`. `itself`: it was selected, so what is there gets its attributes. */
static int enter(struct copying *c, const char *name, bool itself, const struct build_file *f, struct err *err)
{
    const struct copying_source *top = &c->sources.v[c->sources.n - 1];
    struct copying_source next = {.fd = openat(top->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    struct stat st;
    int dir, r;

    if (next.fd < 0)
        return fail_from(c, f, errno, err);
    *VEC_PUSH(&c->sources) = next;
    if (fstat(next.fd, &c->sources.v[c->sources.n - 1].st) < 0)
        return fail_from(c, f, errno, err);
    r = place_look(&c->place, name, &st, err);
    if (r < 0)
        return r;
    c->sources.v[c->sources.n - 1].whole = itself || r == 0;
    if (r && !S_ISDIR(st.st_mode))
        return err_set(err, ERR_EXISTS, "cannot copy to non-directory: /%s%s%s", buf_str(&c->place.path),
                       c->place.path.len ? "/" : "", name);
    r = r ? place_enter(&c->place, name, err) : place_make(&c->place, name, err);
    return r < 0 ? r : place_write(&c->place, &dir, err);
}

/* Attributes come last: they may forbid what is done before. */
static int leave(struct copying *c, struct err *err)
{
    struct copying_source *s = &c->sources.v[c->sources.n - 1];
    struct place_level *l = place_top(&c->place);
    const struct copying_from how = from_of(c);
    int r = 0;

    if (s->whole) {
        r = copying_finish(c, l->upper, s->fd, &s->st, &how, err);
        l->mtime = time_of(c, &s->st, &how);
    }
    s->fd = fd_close(s->fd);
    c->sources.n--;
    return r < 0 ? r : place_leave(&c->place, err);
}

/* How much of `path`, whole names, is where we stand below the target. */
static size_t common(const struct copying *c, const char *path, size_t n, size_t *ret_levels)
{
    size_t ground = c->place.levels.v[c->ground - 1].path, at = 0;
    const char *here = buf_str(&c->place.path) + ground;

    here += *here == '/' && ground;
    *ret_levels = 0;
    for (size_t i = 0;; i++) {
        bool end = i == n || path[i] == '/', here_end = !here[i] || here[i] == '/';

        if (end && here_end && i) {
            at = i;
            ++*ret_levels;
        }
        if (i == n || !here[i] || here[i] != path[i])
            return at;
    }
}

/* Goes to the directory `path`, `n` bytes, below the source and below the target. */
static int go(struct copying *c, const char *path, size_t n, const struct build_file *f, struct err *err)
{
    size_t levels, at = n ? common(c, path, n, &levels) : (levels = 0);
    int r = 0;

    while (r == 0 && c->place.levels.n > c->ground + levels)
        r = leave(c, err);
    while (r == 0 && at < n) {
        size_t start = at + (at > 0), len = strcspn(path + start, "/");
        _cleanup_free_ char *name = str_ndup(path + start, len);

        r = enter(c, name, false, f, err);
        at = start + len;
    }
    return r;
}

/* ---- a source ---- */

/* The first `n` bytes of `path` as a directory of the tree. */
static int open_ground(struct copying *c, const char *path, size_t n, struct err *err)
{
    _cleanup_free_ char *prefix = str_ndup(path, n);
    struct copying_source s = {.fd =
                                   path_open_in_root(c->tree->dir, *prefix ? prefix : ".", O_RDONLY | O_DIRECTORY, 0)};

    if (s.fd < 0)
        return err_errno(err, -s.fd, "%s of %s", *prefix ? prefix : "/", c->tree->what);
    *VEC_PUSH(&c->sources) = s;
    c->ground = c->place.levels.n;
    return 0;
}

static int leave_ground(struct copying *c, int r, struct err *err)
{
    while (r == 0 && c->place.levels.n > c->ground)
        r = leave(c, err);
    while (c->sources.n)
        fd_close(c->sources.v[--c->sources.n].fd);
    links_release(&c->links);
    return r;
}

static int copy_below(struct copying *c, const struct build_file *f, struct err *err)
{
    const char *path = f->path + f->base, *name = path_base(path);
    int r;

    if (!*name)
        return 0; /* the directory itself */
    r = go(c, path, (size_t)(name - path) - (name > path), f, err);
    if (r < 0)
        return r;
    return S_ISDIR(f->st.st_mode) ? enter(c, name, true, f, err)
                                  : copy_one(c, c->sources.v[c->sources.n - 1].fd, name, name, f, err);
}

/* What lies in a directory; with --parents everything. */
static int copy_contents(struct copying *c, struct build_reading *reading, struct err *err)
{
    struct build_file f;
    int r = place_walk(&c->place, c->target, true, NULL, err);

    if (r == 0)
        r = build_reading_file(reading, &f, err);
    if (r <= 0)
        return r;
    r = open_ground(c, f.path, f.base, err);
    if (r == 0)
        r = copy_below(c, &f, err);
    while (r == 0 && (r = build_reading_file(reading, &f, err)) == 1)
        r = copy_below(c, &f, err);
    return leave_ground(c, r, err);
}

static int copy_single(struct copying *c, const struct build_selected *s, const struct build_file *f, struct err *err)
{
    const char *from_name = path_base(f->path);
    _cleanup_free_ char *name = NULL;
    int r = c->copy->add ? add_selected(c, f, err) : 0;

    if (r != 0)
        return MIN_OF(r, 0);
    r = copying_file_target(c, s->path, &name, err);
    if (r == 0)
        r = open_ground(c, f->path, (size_t)(from_name - f->path), err);
    if (r == 0)
        r = copy_one(c, c->sources.v[0].fd, from_name, name, f, err);
    return leave_ground(c, r, err);
}

/* ---- a directory as it is ---- */

static int copy_names(struct copying *c, const char *path, struct err *err);

static int copy_name(struct copying *c, const char *path, const char *name, struct err *err)
{
    int dir = c->sources.v[c->sources.n - 1].fd, r;
    _cleanup_free_ char *whole = str_printf("%s%s%s", path, *path ? "/" : "", name);
    struct build_file f = {.path = whole};
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return fail_from(c, &f, errno, err);
    f.st = build_file_stat_of(&st);
    if (!S_ISDIR(st.st_mode))
        return copy_one(c, dir, name, name, &f, err);
    r = enter(c, name, true, &f, err);
    if (r == 0)
        r = copy_names(c, whole, err);
    return r < 0 ? r : leave(c, err);
}

/* In the order of their names, as everything else. */
static int copy_names(struct copying *c, const char *path, struct err *err)
{
    _cleanup_names_ struct names names = NAMES_NONE;
    int r = names_open(&c->names, c->sources.v[c->sources.n - 1].fd, BUILD_FILES_MAX, &names);
    const char *name;

    while (r >= 0 && (r = names_next(&names, &name, NULL)) == 1) {
        r = copy_name(c, path, name, err);
        if (r < 0)
            return r;
    }
    return r < 0 ? err_errno(err, -r, "%s of %s", *path ? path : "/", c->tree->what) : 0;
}

int copying_directory(struct copying *c, int dir, const char *what, struct err *err)
{
    const struct build_tree tree = {.dir = dir, .what = what}, *before = c->tree;
    int r = place_walk(&c->place, c->target, true, NULL, err);

    c->tree = &tree;
    if (r == 0)
        r = open_ground(c, "", 0, err);
    if (r == 0)
        r = copy_names(c, "", err);
    r = leave_ground(c, r, err);
    c->tree = before;
    return r;
}

/* ---- any ---- */

int copying_selected(struct copying *c, const struct build_selected *s, struct build_reading *reading, struct err *err)
{
    struct build_file f;
    int r;

    c->selected = true;
    if (s->directory || c->copy->parents) {
        r = copy_contents(c, reading, err);
    } else {
        r = build_reading_file(reading, &f, err);
        r = r == 1 ? copy_single(c, s, &f, err) : r;
    }
    c->selected = false;
    return r;
}

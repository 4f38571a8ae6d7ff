#include "sys/copy_tree.h"

#include "base/buf.h"
#include "sys/copy.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/links.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { NAMES_SIZE = 64 << 10, VALUE_SIZE = 64 << 10 };

struct work {
    struct copy_tree *how;
    int top;         /* where all of it goes */
    struct buf path; /* of what is being copied, below `top`: for errors and for links */
    int depth;
    struct links links;  /* where they were copied to, below `top` */
    char *names, *value; /* room for attributes */
    struct err *err;
};

static int fail(struct work *w, int errnum)
{
    return err_errno(w->err, errnum, "%s", w->path.len ? buf_str(&w->path) : ".");
}

enum { GONE = 1 };

/* What was listed and is gone, or became something else, since: as if it had not been there, below what was named. */
static int gone(struct work *w, int errnum)
{
    bool since = errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP || errnum == ESTALE || errnum == EINVAL;

    return w->depth > 0 && since ? GONE : fail(w, errnum);
}

static void work_release(struct work *w)
{
    links_release(&w->links);
    free(w->names);
    free(w->value);
    buf_free(&w->path);
}

/* ---- attributes ---- */

static bool is_left_out(const struct work *w, const char *name)
{
    if (str_after(name, "trusted.overlay.") || str_after(name, "user.overlay."))
        return true;
    if (str_after(name, "trusted."))
        return !w->how->privileged;
    return str_after(name, "security.") && !str_eq(name, "security.capability");
}

/* Not every file system has a place for every attribute. */
static bool is_impossible(int errnum)
{
    return errnum == EOPNOTSUPP || errnum == EPERM;
}

static int copy_xattrs(struct work *w, int from, int to)
{
    ssize_t n;

    if (!w->names) {
        w->names = mem_alloc(NAMES_SIZE);
        w->value = mem_alloc(VALUE_SIZE);
    }
    n = flistxattr(from, w->names, NAMES_SIZE);
    for (const char *name = w->names; n > 0 && name < w->names + n; name += strlen(name) + 1) {
        ssize_t len = is_left_out(w, name) ? -1 : fgetxattr(from, name, w->value, VALUE_SIZE);

        if (len >= 0 && fsetxattr(to, name, w->value, (size_t)len, 0) < 0 && !is_impossible(errno))
            return fail(w, errno);
    }
    return 0;
}

static uid_t owner_of(const struct work *w, const struct stat *st)
{
    return w->how->owner ? w->how->owner[0] : st->st_uid;
}

static gid_t group_of(const struct work *w, const struct stat *st)
{
    return w->how->owner ? w->how->owner[1] : st->st_gid;
}

/* Owner before mode: it takes set-id bits and capabilities away. */
static int copy_metadata(struct work *w, int from, int to, const struct stat *st)
{
    const struct timespec times[] = {st->st_atim, st->st_mtim};
    int r;

    if (fchown(to, owner_of(w, st), group_of(w, st)) < 0 || fchmod(to, st->st_mode & 07777) < 0)
        return fail(w, errno);
    r = copy_xattrs(w, from, to);
    return r == 0 && futimens(to, times) < 0 ? fail(w, errno) : r;
}

/* ---- files ---- */

int copy_open_file(int dir, const char *name)
{
    _cleanup_fd_ int path = *name ? openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC) : fcntl(dir, F_DUPFD_CLOEXEC, 3);
    char link[32];
    struct stat st;
    int fd;

    if (path < 0 || fstat(path, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -ESTALE;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", path);
    fd = open(link, O_RDONLY | O_CLOEXEC);
    /* A confined process sees no /proc; on what it sees no device opens. */
    if (fd < 0 && errno == ENOENT && *name)
        fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int copy_file(struct work *w, int from_dir, const char *name, int to_dir, const char *to_name)
{
    _cleanup_fd_ int from = copy_open_file(from_dir, name), to = -1;
    struct stat st;
    int r;

    if (from < 0 || fstat(from, &st) < 0)
        return gone(w, from < 0 ? -from : errno);
    to = openat(to_dir, to_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return fail(w, errno);
    r = copy_pieces(from, to, st.st_size, w->how->stop);
    if (r == -EINTR)
        return err_set(w->err, ERR_INTERRUPTED, "interrupted");
    if (r < 0)
        return fail(w, -r);
    w->how->bytes += st.st_size;
    return copy_metadata(w, from, to, &st);
}

static int copy_link(struct work *w, int from_dir, const char *name, int to_dir, const char *to_name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);

    if (n < 0)
        return gone(w, errno);
    target[n] = 0;
    return symlinkat(target, to_dir, to_name) < 0 ? fail(w, errno) : 0;
}

/* ---- hard links ---- */

/* 0, or -errno where the other name is not there any more. */
static int link_to(struct work *w, const char *known, int to_dir, const char *to_name)
{
    _cleanup_free_ char *parent = str_ndup(known, (size_t)(path_base(known) - known));
    _cleanup_fd_ int dir = path_open_beneath(w->top, *parent ? parent : ".", O_PATH | O_DIRECTORY, 0);

    if (dir < 0)
        return dir;
    return linkat(dir, path_base(known), to_dir, to_name, 0) < 0 ? -errno : 0;
}

/* ---- any entry ---- */

static int copy_entries(struct work *w, int from, int to);

/* A directory that is there or is made. */
static int open_target(struct work *w, int to_dir, const char *to_name)
{
    int fd;

    if (mkdirat(to_dir, to_name, 0700) < 0 && (errno != EEXIST || !w->how->merge))
        return fail(w, errno);
    fd = openat(to_dir, to_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? fail(w, errno) : fd;
}

static int copy_directory(struct work *w, int from_dir, const char *name, int to_dir, const char *to_name)
{
    _cleanup_fd_ int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to = -1;
    struct stat st;
    int r;

    if (from < 0 || fstat(from, &st) < 0)
        return gone(w, errno);
    to = open_target(w, to_dir, to_name);
    if (to < 0)
        return to;
    r = copy_entries(w, from, to);
    return r < 0 ? r : copy_metadata(w, from, to, &st);
}

/* Makes room: what is in the way of something that is no directory. */
static int make_room(struct work *w, const struct stat *st, int to_dir, const char *to_name)
{
    struct stat there;

    if (fstatat(to_dir, to_name, &there, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : fail(w, errno);
    if (!w->how->merge)
        return fail(w, EEXIST);
    if (S_ISDIR(there.st_mode) && !S_ISDIR(st->st_mode))
        return err_set(w->err, ERR_EXISTS, "cannot overwrite directory \"%s\" with non-directory \"%s\"", to_name,
                       buf_str(&w->path));
    if (!S_ISDIR(there.st_mode) && S_ISDIR(st->st_mode))
        return err_set(w->err, ERR_EXISTS, "cannot overwrite non-directory \"%s\" with directory \"%s\"", to_name,
                       buf_str(&w->path));
    return S_ISDIR(st->st_mode) || unlinkat(to_dir, to_name, 0) == 0 || errno == ENOENT ? 0 : fail(w, errno);
}

static int copy_other(struct work *w, int from, const char *name, int to, const char *to_name, const struct stat *st)
{
    const struct timespec times[] = {st->st_atim, st->st_mtim};
    int r = 0;

    if (S_ISLNK(st->st_mode))
        r = copy_link(w, from, name, to, to_name);
    else if (mknodat(to, to_name, st->st_mode & ~(mode_t)07777, st->st_rdev) < 0)
        r = fail(w, errno);
    if (r == 0 && fchownat(to, to_name, owner_of(w, st), group_of(w, st), AT_SYMLINK_NOFOLLOW) < 0)
        r = fail(w, errno);
    if (r == 0 && !S_ISLNK(st->st_mode)) {
        _cleanup_fd_ int fd = openat(to, to_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        char path[32];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (fd < 0 || chmod(path, st->st_mode & 07777) < 0)
            r = fail(w, errno);
    }
    if (r == 0 && utimensat(to, to_name, times, AT_SYMLINK_NOFOLLOW) < 0)
        r = fail(w, errno);
    return r;
}

static int copy_any(struct work *w, int from, const char *name, int to, const char *to_name)
{
    const char *known;
    struct stat st;
    int r;

    if (w->how->stop && *w->how->stop)
        return err_set(w->err, ERR_INTERRUPTED, "interrupted");
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return gone(w, errno);
    if (S_ISSOCK(st.st_mode))
        return 0;
    w->how->entries++;
    r = make_room(w, &st, to, to_name);
    if (r < 0)
        return r;
    if (S_ISDIR(st.st_mode))
        return copy_directory(w, from, name, to, to_name);
    known = links_known(&w->links, &st, buf_str(&w->path));
    if (known && link_to(w, known, to, to_name) == 0)
        return 0;
    return S_ISREG(st.st_mode) ? copy_file(w, from, name, to, to_name) : copy_other(w, from, name, to, to_name, &st);
}

static int copy_entry(struct work *w, int from, const char *name, int to, const char *to_name)
{
    int r = copy_any(w, from, name, to, to_name);

    return r == GONE ? 0 : r;
}

static int copy_entries(struct work *w, int from, int to)
{
    _cleanup_dir_ DIR *dir = dir_open(from, ".");
    size_t before = w->path.len;
    const struct dirent *e;
    int r = 0;

    if (!dir)
        return fail(w, errno);
    if (++w->depth > COPY_DEPTH_MAX)
        return err_set(w->err, ERR_LIMIT, "%.200s…: directories are nested more than %d deep", buf_str(&w->path),
                       COPY_DEPTH_MAX);
    while (r == 0 && (errno = 0, e = readdir(dir))) {
        if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
            continue;
        buf_addf(&w->path, "%s%s", before ? "/" : "", e->d_name);
        r = copy_entry(w, from, e->d_name, to, e->d_name);
        if (r == 0) {
            w->path.len = before;
            w->path.p[before] = 0;
        }
    }
    if (r == 0 && errno)
        r = fail(w, errno);
    w->depth--;
    return r;
}

int copy_tree(struct copy_tree *how, int from, const char *name, int to, const char *to_name, struct err *err)
{
    _cleanup_(work_release) struct work w = {.how = how, .top = to, .err = err};

    buf_adds(&w.path, to_name);
    return copy_entry(&w, from, name, to, to_name);
}

int copy_tree_contents(struct copy_tree *how, int from, int to, bool itself, struct err *err)
{
    _cleanup_(work_release) struct work w = {.how = how, .top = to, .err = err};
    struct stat st;
    int r = fstat(from, &st) < 0 ? fail(&w, errno) : copy_entries(&w, from, to);

    how->entries += itself;
    return r < 0 || !itself ? r : copy_metadata(&w, from, to, &st);
}

int copy_tree_status(struct copy_tree *how, int from, int to, struct err *err)
{
    _cleanup_(work_release) struct work w = {.how = how, .top = to, .err = err};
    struct stat st;

    return fstat(from, &st) < 0 ? fail(&w, errno) : copy_metadata(&w, from, to, &st);
}

#include "layer/unpack.h"

#include "base/log.h"
#include "base/num.h"
#include "layer/apply.h"
#include "layer/tar.h"
#include "layer/tree.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* A directory whose time comes last, since what is unpacked into it changes that. */
struct timed {
    char *path;
    struct timespec mtime;
};

struct unpacking {
    struct layer_unpack *how;
    struct tar_reader *tar;
    VEC(struct timed) directories;
    int64_t room, entries; /* bytes and names that there may be yet */
    int64_t had;           /* of that room at the beginning */
};

enum { TIMED_MAX = 1 << 20, BLOCK = 4096 };

/* ---- room ---- */

static int find_room(struct unpacking *u, struct err *err)
{
    struct statvfs fs;

    u->entries = LAYER_MEMBERS_MAX;
    u->room = INT64_MAX;
    if (!u->how->modest)
        return 0;
    if (fstatvfs(u->how->root, &fs) < 0)
        return err_errno(err, errno, "looking for room");
    u->room = (int64_t)MIN_OF((uint64_t)fs.f_bavail * fs.f_frsize, (uint64_t)INT64_MAX) / 2;
    /* Some file systems have as many names as there is room for. */
    if (fs.f_files)
        u->entries = MIN_OF(u->entries, (int64_t)fs.f_favail / 2);
    u->had = u->room;
    return 0;
}

/* As it lies on most disks: in whole blocks, holes included, since who copies or digests it goes through them. */
static int take_room(struct unpacking *u, const struct tar_member *m, struct err *err)
{
    int64_t size = m->size;
    char text[NUM_TEXT_MAX];

    for (size_t i = 0; i < m->n_xattrs; i++)
        size += (int64_t)m->xattrs[i].len;
    if (u->entries-- == 0) {
        err_set(err, ERR_LIMIT, "it has more files than may be unpacked here");
        return u->how->modest ? err_hint(err, "half of the free inodes is what it may take") : err->kind;
    }
    if (size < 0 || size > u->room - BLOCK) {
        err_set(err, ERR_LIMIT, "unpacked it takes more than %s", num_format_size(u->had, text));
        return err_hint(err, "half of what is free on the disk is what it may take");
    }
    u->room -= (size + BLOCK - 1) / BLOCK * BLOCK + (m->type == TAR_DIRECTORY ? BLOCK : 0);
    return 0;
}

static char *path_in_root(const struct unpacking *u, const char *path)
{
    return path_join(u->how->below, path);
}

/* ---- attributes, by descriptor alone ---- */

static int set_mode(int fd, mode_t mode)
{
    char path[32];
    struct stat st;

    /* fchmod(2) takes no descriptor of O_PATH, and a confined process sees no /proc. */
    if ((fstat(fd, &st) == 0 && (st.st_mode & 07777) == mode) || fchmod(fd, mode) == 0)
        return 0;
    if (errno != EBADF)
        return -errno;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return chmod(path, mode) < 0 ? -errno : 0;
}

static void set_xattrs(int fd, const struct tar_member *m)
{
    for (size_t i = 0; i < m->n_xattrs; i++) {
        const struct tar_xattr *x = &m->xattrs[i];

        if (str_after(x->name, "trusted.") || str_after(x->name, "user.overlay.") ||
            (str_after(x->name, "security.") && !str_eq(x->name, "security.capability")))
            continue;
        if (fsetxattr(fd, x->name, x->value, x->len, 0) < 0)
            log_debug("attribute %s: %s", x->name, strerror(errno));
    }
}

/* Owner, mode, attributes, time of what `fd` is; with O_PATH (`opaque`) without attributes. */
static int set_all(const struct unpacking *u, int fd, const struct tar_member *m, bool opaque, struct err *err)
{
    const uid_t *owner = u->how->owner;
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {m->mtime_sec, m->mtime_nsec}};
    int r = 0;

    if (fchownat(fd, "", owner ? owner[0] : m->uid, owner ? owner[1] : m->gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
        return err_errno(err, errno, "setting the owner");
    if (m->type != TAR_SYMLINK)
        r = set_mode(fd, m->mode);
    if (r < 0)
        return err_errno(err, -r, "setting the mode");
    if (!opaque)
        set_xattrs(fd, m);
    if (utimensat(fd, "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
        return err_errno(err, errno, "setting the time");
    return 0;
}

/* ---- members ---- */

static int make_room(int dir, const char *base, bool directory, struct err *err)
{
    struct stat st;

    if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "looking at what is there");
    if (S_ISDIR(st.st_mode) && !directory)
        return err_set(err, ERR_EXISTS, "cannot overwrite directory \"%s\" with non-directory", base);
    if (!S_ISDIR(st.st_mode) && directory)
        return err_set(err, ERR_EXISTS, "cannot overwrite non-directory \"%s\" with directory", base);
    return directory || unlinkat(dir, base, 0) == 0 ? 0 : err_errno(err, errno, "removing what is to be replaced");
}

int layer_unpack_content(struct tar_reader *tar, int fd, int64_t size, const volatile sig_atomic_t *stop,
                         struct err *err)
{
    const unsigned char *data;
    int64_t offset;
    size_t len;
    int r;

    while ((r = tar_reader_data(tar, &data, &len, &offset, err)) == 1) {
        if (stop && *stop)
            return err_set(err, ERR_INTERRUPTED, "interrupted");
        if (lseek(fd, offset, SEEK_SET) < 0)
            return err_errno(err, errno, "seeking");
        r = fd_write_all(fd, data, len);
        if (r < 0)
            return err_errno(err, -r, "writing");
    }
    return r == 0 && ftruncate(fd, size) < 0 ? err_errno(err, errno, "writing") : r;
}

static int unpack_file(struct unpacking *u, const struct tar_member *m, int dir, const char *base, struct err *err)
{
    _cleanup_fd_ int fd = openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r = fd < 0 ? err_errno(err, errno, "making the file")
                   : layer_unpack_content(u->tar, fd, m->size, u->how->stop, err);

    u->how->bytes += m->size;
    return r < 0 ? r : set_all(u, fd, m, false, err);
}

static int unpack_directory(struct unpacking *u, const struct tar_member *m, int dir, const char *base, struct err *err)
{
    _cleanup_fd_ int fd = -1;

    if (mkdirat(dir, base, 0700) < 0 && errno != EEXIST)
        return err_errno(err, errno, "making the directory");
    fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "opening the directory");
    if (u->directories.n < TIMED_MAX)
        *VEC_PUSH(&u->directories) = (struct timed){path_in_root(u, m->path), {m->mtime_sec, m->mtime_nsec}};
    return set_all(u, fd, m, false, err);
}

/* What cannot be opened: links, devices, fifos. */
static int finish_special(const struct unpacking *u, const struct tar_member *m, int dir, const char *base,
                          struct err *err)
{
    _cleanup_fd_ int fd = openat(dir, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? err_errno(err, errno, "opening it") : set_all(u, fd, m, true, err);
}

static int unpack_symlink(struct unpacking *u, const struct tar_member *m, int dir, const char *base, struct err *err)
{
    if (symlinkat(m->target, dir, base) < 0)
        return err_errno(err, errno, "making the link");
    return finish_special(u, m, dir, base, err);
}

static int unpack_node(struct unpacking *u, const struct tar_member *m, int dir, const char *base, struct err *err)
{
    mode_t type = m->type == TAR_FIFO ? S_IFIFO : m->type == TAR_CHARACTER ? S_IFCHR : S_IFBLK;

    if (mknodat(dir, base, type | (m->mode & 0777), makedev(m->major, m->minor)) < 0)
        return err_errno(err, errno, "making it");
    return finish_special(u, m, dir, base, err);
}

static int open_parent(const struct unpacking *u, const char *path, struct err *err)
{
    _cleanup_free_ char *parent = str_ndup(path, (size_t)(path_base(path) - path));
    _cleanup_free_ char *whole = path_in_root(u, *parent ? parent : ".");
    int fd = path_mkdirs_in_root(u->how->root, whole, 0755);

    return fd < 0 ? err_errno(err, -fd, "opening its directory") : fd;
}

static int unpack_hardlink(struct unpacking *u, const struct tar_member *m, int dir, const char *base, struct err *err)
{
    _cleanup_free_ char *target = NULL;
    _cleanup_fd_ int from = -1;
    int r = tree_clean_path(m->target, &target, err);

    if (r < 0)
        return r;
    from = open_parent(u, target, err);
    if (from < 0)
        return from;
    return linkat(from, path_base(target), dir, base, 0) < 0 ? err_errno(err, errno, "making a link to %.200s", target)
                                                             : 0;
}

static int unpack_member(struct unpacking *u, const struct tar_member *m, const char *path, struct err *err)
{
    static int (*const types[])(struct unpacking * u, const struct tar_member *m, int dir, const char *base,
                                struct err *err) = {
        [TAR_FILE] = unpack_file,         [TAR_DIRECTORY] = unpack_directory, [TAR_SYMLINK] = unpack_symlink,
        [TAR_HARDLINK] = unpack_hardlink, [TAR_CHARACTER] = unpack_node,      [TAR_BLOCK_DEVICE] = unpack_node,
        [TAR_FIFO] = unpack_node,
    };
    struct tar_member named = *m;
    _cleanup_fd_ int dir = -1;
    int r;

    if (u->how->stop && *u->how->stop)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    named.path = path;
    dir = open_parent(u, path, err);
    if (dir < 0)
        return dir;
    r = str_eq(path, ".") ? 0 : make_room(dir, path_base(path), m->type == TAR_DIRECTORY, err);
    return r < 0 ? r : types[m->type](u, &named, dir, path_base(path), err);
}

/* The inner ones last in the tar, so first here. */
static void restore_times(struct unpacking *u)
{
    for (size_t i = u->directories.n; i-- > 0;) {
        const struct timed *t = &u->directories.v[i];
        const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, t->mtime};
        _cleanup_fd_ int fd = path_open_in_root(u->how->root, t->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

        if (fd >= 0 && futimens(fd, times) < 0)
            log_debug("%s: setting the time: %s", t->path, strerror(errno));
        free(t->path);
    }
    free(u->directories.v);
}

static int unpack_all(struct unpacking *u, struct err *err)
{
    struct tar_member m;
    int r;

    while ((r = tar_reader_next(u->tar, &m, err)) == 1) {
        _cleanup_free_ char *path = NULL;

        r = take_room(u, &m, err);
        if (r < 0)
            return r;
        r = tree_clean_path(m.path, &path, err);
        if (r == 0)
            r = unpack_member(u, &m, path, err);
        if (r < 0)
            return path && r != ERR_INTERRUPTED ? err_wrap(err, "%.300s", path) : r;
    }
    return r;
}

int layer_unpack(struct layer_unpack *how, struct layer_source *source, struct err *err)
{
    _cleanup_(layer_stream_free_cleanup) struct layer_stream *stream = NULL;
    _cleanup_(tar_reader_free_cleanup) struct tar_reader *tar = NULL;
    struct unpacking u = {.how = how};
    mode_t mask;
    int r = find_room(&u, err);

    if (r == 0)
        r = layer_stream_new_any(source, &stream, err);
    if (r < 0)
        return r;
    u.tar = tar = tar_reader_new(stream);
    mask = umask(0);
    r = unpack_all(&u, err);
    restore_times(&u);
    umask(mask);
    return r;
}

#include "layer/tree.h"

#include "base/log.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

enum { CACHE_SIZE = 48 };

struct cached {
    char *path; /* NULL: free */
    size_t len;
    struct tree_dir dir;
    unsigned long used;
};

struct tree {
    int fd;
    bool user_xattr;
    bool stale; /* what is known may lead to what is gone */
    tree_made made;
    void *data;
    unsigned long clock;
    struct cached *last; /* the one that answered last */
    struct cached cache[CACHE_SIZE];
};

struct tree *tree_new(int fd, bool user_xattr, tree_made made, void *data)
{
    struct tree *t = mem_zalloc(1, sizeof(*t));

    t->fd = fd;
    t->user_xattr = user_xattr;
    t->made = made;
    t->data = data;
    return t;
}

static void cached_clear(struct cached *c)
{
    if (!c->path)
        return;
    fd_close(c->dir.fd);
    free(c->path);
    *c = (struct cached){0};
}

static void tree_forget(struct tree *t)
{
    t->last = NULL;
    t->stale = false;
    for (size_t i = 0; i < CACHE_SIZE; i++)
        cached_clear(&t->cache[i]);
}

void tree_free(struct tree *t)
{
    if (!t)
        return;
    tree_forget(t);
    free(t);
}

const char *tree_overlay_name(const struct tree *t, const char *what, char out[40])
{
    snprintf(out, 40, "%s.overlay.%s", t->user_xattr ? "user" : "trusted", what);
    return out;
}

int tree_clean_path(const char *name, char **ret, struct err *err)
{
    _cleanup_free_ char *clean = NULL;

    if (strlen(name) >= PATH_MAX)
        return err_set(err, ERR_LIMIT, "%.100s…: the name is longer than %d bytes", name, PATH_MAX - 1);
    clean = path_clean(name + strspn(name, "/"));
    if (str_eq(clean, "..") || str_after(clean, "../"))
        return err_set(err, ERR_CORRUPT, "%.300s: the name leaves the layer", name);
    *ret = steal_ptr(&clean);
    return 0;
}

static struct cached *cache_find(struct tree *t, const char *path, size_t len)
{
    struct cached *c = t->last;

    if (c && c->len == len && memcmp(c->path, path, len) == 0)
        return c;
    for (size_t i = 0; i < CACHE_SIZE; i++) {
        c = &t->cache[i];
        if (c->path && c->len == len && memcmp(c->path, path, len) == 0) {
            c->used = ++t->clock;
            return t->last = c;
        }
    }
    return NULL;
}

static struct cached *cache_add(struct tree *t, const char *path, size_t len, struct tree_dir dir)
{
    struct cached *oldest = &t->cache[0];

    for (size_t i = 0; i < CACHE_SIZE && oldest->path; i++) {
        if (!t->cache[i].path || t->cache[i].used < oldest->used)
            oldest = &t->cache[i];
    }
    cached_clear(oldest);
    *oldest = (struct cached){.path = str_ndup(path, len), .len = len, .dir = dir, .used = ++t->clock};
    return t->last = oldest;
}

/* Opens one component below `parent`, making it if need be; `path` is the whole path up to it. */
static int open_component(struct tree *t, const struct tree_dir *parent, const char *path, const char *name, bool make,
                          struct tree_dir *ret, struct err *err)
{
    struct stat st;
    int fd, flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

    ret->via_link = parent->via_link;
    fd = openat(parent->fd, name, flags | O_NOFOLLOW);
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
        if (fstatat(parent->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return err_errno(err, errno, "%s", path);
        if (S_ISLNK(st.st_mode)) {
            ret->via_link = true;
            fd = path_open_in_root(t->fd, path, flags, 0);
            if (fd < 0)
                return err_set(err, ERR_CORRUPT, "%s: leads through a symbolic link to no directory of the layer",
                               path);
        } else if (!make || !tree_is_whiteout(t, parent->fd, name, &st)) {
            return err_set(err, ERR_CORRUPT, "%s: is no directory, yet has members below it", path);
        }
    }
    if (fd < 0 && errno == ENOENT && !make)
        return err_errno(err, errno, "%s", path);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
        int r = tree_make_dir(t, parent, name, 0755, err);

        if (r < 0)
            return err_wrap(err, "%s", path);
        if (r != TREE_EXISTS)
            r = t->made(parent->fd, name, path, r == TREE_OPAQUE, t->data, err);
        if (r < 0)
            return r;
        fd = openat(parent->fd, name, flags | O_NOFOLLOW);
    }
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    ret->fd = fd;
    return 0;
}

int tree_open_dir(struct tree *t, const char *path, bool make, struct tree_dir *ret, struct err *err)
{
    size_t len = str_eq(path, ".") ? 0 : strlen(path), known = len;
    struct tree_dir dir = {.fd = t->fd};

    if (t->stale)
        tree_forget(t);
    /* The longest beginning that is known. */
    while (known) {
        const struct cached *c = cache_find(t, path, known);

        if (c) {
            dir = c->dir;
            break;
        }
        while (known && path[known - 1] != '/')
            known--;
        known -= known > 0; /* the slash */
    }
    while (known < len) {
        char upto[PATH_MAX], *name;
        size_t start = known ? known + 1 : 0, end = start + strcspn(path + start, "/");
        int r;

        memcpy(upto, path, end);
        upto[end] = 0;
        name = upto + start;
        r = open_component(t, &dir, upto, name, make, &dir, err);
        if (r < 0)
            return r;
        cache_add(t, path, end, dir);
        known = end;
    }
    *ret = dir;
    return 0;
}

int tree_open_parent(struct tree *t, const char *path, bool make, struct tree_dir *ret, const char **ret_base,
                     struct err *err)
{
    const char *slash = strrchr(path, '/');
    char parent[PATH_MAX] = ".";

    *ret_base = slash ? slash + 1 : path;
    if (slash) {
        memcpy(parent, path, (size_t)(slash - path));
        parent[slash - path] = 0;
    }
    return tree_open_dir(t, parent, make, ret, err);
}

int tree_remove(struct tree *t, const struct tree_dir *dir, const char *base, struct err *err)
{
    struct stat st;

    if (fstatat(dir->fd, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "looking at what is to be replaced");
    /* What goes may be on the way to a directory that is known. */
    t->stale = t->stale || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode);
    if (S_ISDIR(st.st_mode))
        return path_remove_tree(dir->fd, base, err);
    return unlinkat(dir->fd, base, 0) < 0 ? err_errno(err, errno, "removing what is to be replaced") : 0;
}

int tree_make_opaque(const struct tree *t, int dirfd, const char *base, struct err *err)
{
    char name[40];
    _cleanup_fd_ int fd = openat(dirfd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return err_errno(err, errno, "opening the directory");
    if (fsetxattr(fd, tree_overlay_name(t, "opaque", name), "y", 1, 0) < 0)
        return err_errno(err, errno, "marking the directory opaque with %s", name);
    return 0;
}

int tree_make_dir(struct tree *t, const struct tree_dir *dir, const char *base, mode_t mode, struct err *err)
{
    struct stat st;
    int r;

    if (mkdirat(dir->fd, base, mode) == 0)
        return TREE_MADE;
    if (errno != EEXIST)
        return err_errno(err, errno, "making the directory");
    if (fstatat(dir->fd, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_errno(err, errno, "looking at it");
    if (S_ISDIR(st.st_mode))
        return TREE_EXISTS;
    r = tree_remove(t, dir, base, err);
    if (r < 0)
        return r;
    if (mkdirat(dir->fd, base, mode) < 0)
        return err_errno(err, errno, "making the directory");
    r = tree_make_opaque(t, dir->fd, base, err);
    return r < 0 ? r : TREE_OPAQUE;
}

/* Without mknod(2): an empty file with an attribute, in a directory that says it has such (overlayfs.rst, "Nesting
 * overlayfs mounts"; Linux 6.7). */
static int make_xattr_whiteout(struct tree *t, const struct tree_dir *dir, const char *base, struct err *err)
{
    char name[40];
    _cleanup_fd_ int fd = openat(dir->fd, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0);
    _cleanup_fd_ int parent = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || parent < 0 || fsetxattr(fd, tree_overlay_name(t, "whiteout", name), "", 0, 0) < 0)
        return err_errno(err, errno, "making a whiteout");
    if (fsetxattr(parent, tree_overlay_name(t, "opaque", name), "x", 1, XATTR_CREATE) < 0 && errno != EEXIST)
        return err_errno(err, errno, "announcing whiteouts with %s", name);
    return 0;
}

/* Where no lower layer has the directory, overlayfs would list the whiteouts in it as files that cannot be looked at.
 * It does look for whiteouts in a directory that says it was copied up; no value means from an unknown place. */
static void announce_whiteouts(const struct tree *t, const struct tree_dir *dir)
{
    char name[40] = "";
    _cleanup_fd_ int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsetxattr(fd, tree_overlay_name(t, "origin", name), "", 0, 0) < 0)
        log_debug("whiteouts may be listed: setting %s: %s", name, strerror(errno));
}

int tree_make_whiteout(struct tree *t, const struct tree_dir *dir, const char *base, struct err *err)
{
    struct stat st;
    int r;

    if (mknodat(dir->fd, base, S_IFCHR, makedev(0, 0)) == 0) {
        announce_whiteouts(t, dir);
        return TREE_MADE;
    }
    if (errno == EPERM)
        return make_xattr_whiteout(t, dir, base, err);
    if (errno != EEXIST)
        return err_errno(err, errno, "making a whiteout");
    if (fstatat(dir->fd, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_errno(err, errno, "looking at it");
    if (!S_ISDIR(st.st_mode))
        return TREE_EXISTS;
    r = tree_make_opaque(t, dir->fd, base, err);
    return r < 0 ? r : TREE_OPAQUE;
}

bool tree_is_whiteout(const struct tree *t, int dirfd, const char *base, const struct stat *st)
{
    char name[40];
    _cleanup_fd_ int fd = -1;

    if (S_ISCHR(st->st_mode))
        return st->st_rdev == makedev(0, 0);
    if (!S_ISREG(st->st_mode) || st->st_size)
        return false;
    fd = openat(dirfd, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && fgetxattr(fd, tree_overlay_name(t, "whiteout", name), NULL, 0) >= 0;
}

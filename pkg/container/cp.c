#include "container/cp.h"

#include "layer/pack.h"
#include "layer/unpack.h"
#include "sys/copy_tree.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { LINKS_MAX = 40, TAR_END = 1024, TAR_HEADER = 512 };

/* ---- paths ---- */

/* What the end of a path says. */
static bool means_contents(const char *path)
{
    return str_eq(path, ".") || str_ends(path, "/.");
}

static bool asserts_directory(const char *path)
{
    return str_ends(path, "/") || means_contents(path);
}

static int open_path(const struct container_cp_end *end, const char *path, int flags)
{
    int fd = end->root >= 0 ? path_open_in_root(end->root, path, flags, 0) : open(path, flags | O_CLOEXEC);

    return fd < 0 && end->root < 0 ? -errno : fd;
}

static char *clean_path(const struct container_cp_end *end)
{
    return end->root >= 0 ? path_join("/", end->path) : path_clean(end->path);
}

static char *parent_of(const char *path)
{
    size_t n = (size_t)(path_base(path) - path);

    return n ? str_ndup(path, n) : str_dup(".");
}

static int not_found(const struct container_cp_end *end, const char *path, int error, struct err *err)
{
    if (end->root >= 0 && (error == -ENOENT || error == -ENOTDIR))
        return err_set(err, ERR_NOT_FOUND, "could not find the file %s in container %s", path, end->container);
    return err_errno(err, -error, "%s", path);
}

/* A name in its directory, where a path leads. */
struct place {
    int dir;    /* O_PATH */
    char *base; /* "." for `dir` itself */
    bool exists;
    mode_t mode; /* of what is there */
};

static void place_release(struct place *p)
{
    p->dir = fd_close(p->dir);
    free(p->base);
    p->base = NULL;
}
#define _cleanup_place_ _cleanup_(place_release)

/* The place that `path` names; a link there is left to the caller. 0 or -errno where its directory is not there. */
static int look_up(const struct container_cp_end *end, const char *path, struct place *ret)
{
    const char *base = path_base(path);
    bool itself = !*base || str_eq(base, ".") || str_eq(base, "..");
    _cleanup_free_ char *parent = itself ? str_dup(path) : parent_of(path);
    struct stat st;

    place_release(ret);
    ret->dir = open_path(end, parent, O_PATH | O_DIRECTORY);
    if (ret->dir < 0)
        return ret->dir;
    ret->base = str_dup(itself ? "." : base);
    ret->exists = fstatat(ret->dir, ret->base, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!ret->exists && errno != ENOENT)
        return -errno;
    ret->mode = ret->exists ? st.st_mode : 0;
    return 0;
}

/* The same with a link at its end followed, to where nothing need be. */
static int follow(const struct container_cp_end *end, const char *path, struct place *ret)
{
    _cleanup_free_ char *at = str_dup(path);
    int r = look_up(end, at, ret);

    for (int links = 0; r == 0 && ret->exists && S_ISLNK(ret->mode); links++) {
        char target[PATH_MAX];
        _cleanup_free_ char *parent = parent_of(at);
        ssize_t n = readlinkat(ret->dir, ret->base, target, sizeof(target) - 1);

        if (n < 0 || links == LINKS_MAX)
            return n < 0 ? -errno : -ELOOP;
        target[n] = 0;
        str_replace(&at, *target == '/' ? str_dup(target) : str_printf("%s/%s", parent, target));
        r = look_up(end, at, ret);
    }
    return r;
}

/* ---- the source ---- */

struct source {
    struct place at;
    char *as; /* its name where it goes into a directory; ".": what is in it goes there */
    bool directory;
};

static void source_release(struct source *s)
{
    place_release(&s->at);
    free(s->as);
}
#define _cleanup_source_ _cleanup_(source_release)

static int open_source(const struct container_cp_end *from, bool follows, struct source *ret, struct err *err)
{
    _cleanup_free_ char *path = clean_path(from), *inside = str_printf("%s/.", path);
    bool contents = means_contents(from->path) || str_eq(path, "/");
    int r;

    *ret = (struct source){.at.dir = -1};
    if (asserts_directory(from->path) || contents)
        r = look_up(from, inside, &ret->at);
    else
        r = follows ? follow(from, path, &ret->at) : look_up(from, path, &ret->at);
    if (r == -ENOTDIR && asserts_directory(from->path))
        return err_set(err, ERR_INVALID, "%s: not a directory", path);
    if (r < 0 || !ret->at.exists)
        return not_found(from, path, r < 0 ? r : -ENOENT, err);
    ret->as = str_dup(contents ? "." : path_base(path));
    ret->directory = S_ISDIR(ret->at.mode);
    return 0;
}

/* ---- the destination ---- */

struct destination {
    int into;   /* a directory */
    char *name; /* what the copy is called there; NULL: as the source */
};

static void destination_release(struct destination *d)
{
    fd_close(d->into);
    free(d->name);
}
#define _cleanup_destination_ _cleanup_(destination_release)

static int no_place(const struct container_cp_end *to, const char *path, int error, struct err *err)
{
    _cleanup_free_ char *parent = parent_of(path);

    if (to->root < 0 && error == -ENOENT)
        return err_set(err, ERR_INVALID, "invalid output path: directory \"%s\" does not exist", parent);
    return not_found(to, parent, error, err);
}

static int check_kind(const struct container_cp_end *to, const struct place *at, const struct source *from,
                      struct err *err)
{
    bool asserts = asserts_directory(to->path);

    if (!at->exists && asserts && !from->directory)
        return err_set(err, ERR_INVALID, "no such directory");
    if (!at->exists || S_ISDIR(at->mode))
        return 0;
    if (from->directory)
        return err_set(err, ERR_INVALID, "cannot copy directory");
    if (asserts)
        return err_set(err, ERR_INVALID, "%s: not a directory", to->path);
    if (to->root >= 0 && !S_ISREG(at->mode))
        return err_set(err, ERR_INVALID, "destination \"%s:%s\" must be a directory or a regular file", to->container,
                       to->path);
    return 0;
}

static int open_destination(const struct container_cp_end *to, const struct source *from, struct destination *ret,
                            struct err *err)
{
    _cleanup_place_ struct place at = {.dir = -1};
    _cleanup_free_ char *path = clean_path(to);
    int r = follow(to, path, &at);

    *ret = (struct destination){.into = -1};
    if (r < 0)
        return no_place(to, path, r, err);
    r = check_kind(to, &at, from, err);
    if (r < 0)
        return r;
    if (at.exists && S_ISDIR(at.mode)) {
        ret->into = openat(at.dir, at.base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    } else {
        ret->into = openat(at.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ret->name = str_dup(at.base);
    }
    return ret->into < 0 ? err_errno(err, errno, "%s", path) : 0;
}

/* ---- copying ---- */

static int name_read_only(const struct container_cp_end *to, struct err *err)
{
    struct stat st;

    if (to->root >= 0 && err && str_ends(err->text, strerror(EROFS)) && fstat(to->root, &st) == 0)
        err_hint(err, "container rootfs or volume is marked read-only");
    return err ? err->kind : ERR_IO;
}

/* A whole directory under a name. */
static int copy_directory(struct copy_tree *tree, const struct source *from, const struct destination *d,
                          struct err *err)
{
    const char *name = d->name ? d->name : from->as;
    _cleanup_fd_ int source = openat(from->at.dir, from->at.base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_fd_ int target = -1;

    if (source < 0)
        return err_errno(err, errno, "%s", from->as);
    if (mkdirat(d->into, name, 0700) < 0 && errno != EEXIST)
        return err_errno(err, errno, "%s", name);
    target = openat(d->into, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0 && (errno == ENOTDIR || errno == ELOOP))
        return err_set(err, ERR_EXISTS, "cannot overwrite non-directory \"%s\" with directory \"%s\"", name, from->as);
    if (target < 0)
        return err_errno(err, errno, "%s", name);
    return copy_tree_contents(tree, source, target, true, err);
}

int container_cp_copy(const struct container_cp_end *from, const struct container_cp_end *to, struct container_cp *how,
                      struct err *err)
{
    _cleanup_source_ struct source source = {.at.dir = -1};
    _cleanup_destination_ struct destination d = {.into = -1};
    struct copy_tree tree = {.merge = true, .owner = how->owner};
    mode_t mask;
    int r = open_source(from, how->follow, &source, err);

    if (r == 0)
        r = open_destination(to, &source, &d, err);
    if (r < 0)
        return r;
    mask = umask(0);
    if (source.directory)
        r = copy_directory(&tree, &source, &d, err);
    else
        r = copy_tree(&tree, source.at.dir, source.at.base, d.into, d.name ? d.name : source.as, err);
    umask(mask);
    how->bytes = tree.bytes + tree.entries * TAR_HEADER + TAR_END;
    return r < 0 ? name_read_only(to, err) : 0;
}

/* ---- tars ---- */

int container_cp_pack(const struct container_cp_end *from, struct container_cp *how, int fd, struct err *err)
{
    _cleanup_source_ struct source source = {.at.dir = -1};
    _cleanup_(layer_pack_free_cleanup) struct layer_pack *pack = layer_pack_new(fd, false, NULL);
    _cleanup_fd_ int dir = -1;
    int r = open_source(from, how->follow, &source, err);

    if (r < 0)
        return r;
    if (source.directory) {
        dir = openat(source.at.dir, source.at.base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = dir < 0 ? err_errno(err, errno, "%s", from->path)
                    : layer_pack_add_contents(pack, dir, str_eq(source.as, ".") ? "." : source.as, true, err);
    } else {
        r = layer_pack_add(pack, source.at.dir, source.at.base, source.as, err);
    }
    if (r == 0)
        r = layer_pack_finish(pack, err);
    how->bytes = layer_pack_bytes(pack);
    return r;
}

int container_cp_unpack(int fd, const struct container_cp_end *to, struct container_cp *how, struct err *err)
{
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = NULL;
    _cleanup_place_ struct place at = {.dir = -1};
    _cleanup_free_ char *path = clean_path(to);
    struct layer_unpack unpack = {.root = to->root, .below = path, .owner = how->owner};
    int r = follow(to, path, &at);

    if (r < 0 || !at.exists || !S_ISDIR(at.mode))
        return err_set(err, ERR_INVALID, "destination \"%s:%s\" must be a directory", to->container, to->path);
    source = layer_source_pipe(fd);
    r = layer_unpack(&unpack, source, err);
    how->bytes = unpack.bytes;
    return r < 0 ? name_read_only(to, err) : 0;
}

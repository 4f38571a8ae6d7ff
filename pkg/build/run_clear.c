/* What was made in the image to mount on, and is no part of what the step did. */
#include "build/run_internal.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { MADE_MAX = 4 << 20, NAMES_MAX = 4096 };

/* The directory that `path` lies in, or -1; "" and what has no slash lie in `tree` itself. */
static int open_parent(int tree, const char *path)
{
    _cleanup_free_ char *parent = str_ndup(path, (size_t)(path_base(path) - path));

    return path_open_beneath(tree, *parent ? parent : ".", O_PATH | O_DIRECTORY, 0);
}

/* Gone, unless somebody put something into it. */
static bool clear(int tree, const char *path)
{
    const char *base = path_base(path);
    _cleanup_fd_ int dir = open_parent(tree, path);
    struct stat st;

    if (dir < 0 || fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    if (S_ISDIR(st.st_mode))
        return unlinkat(dir, base, AT_REMOVEDIR) == 0;
    return S_ISREG(st.st_mode) && st.st_size == 0 && unlinkat(dir, base, 0) == 0;
}

/* Whether attributes say more of it than that it was copied: that it hides what is below, or what a program set. */
static bool has_attributes(int tree, const char *path)
{
    static const char *const copied[] = {"trusted.overlay.origin", "trusted.overlay.impure", "trusted.overlay.uuid"};
    _cleanup_fd_ int fd = path_open_beneath(tree, path, O_RDONLY | O_DIRECTORY, 0);
    char names[NAMES_MAX];
    ssize_t n = fd < 0 ? -1 : flistxattr(fd, names, sizeof(names));
    bool more = n < 0;

    for (const char *name = names; !more && name < names + n; name += strlen(name) + 1) {
        bool known = false;

        for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
            known |= str_eq(name, copied[i]);
        more = !known;
    }
    return more;
}

/* As the topmost layer that has it says. */
static int stat_below(const build_run_layers *lower, const char *path, struct stat *ret)
{
    VEC_FOREACH (layer, lower) {
        _cleanup_fd_ int fd = path_open_beneath(*layer, path, O_PATH | O_NOFOLLOW, 0);

        if (fd >= 0)
            return fstat(fd, ret) == 0 && S_ISDIR(ret->st_mode) ? 0 : -ENOENT;
    }
    return -ENOENT;
}

/* A directory of the image that was copied only since something was made in it, and those above it. */
static void clear_copied(int tree, const build_run_layers *lower, const char *made)
{
    _cleanup_free_ char *path = str_dup(made);

    for (char *slash; (slash = strrchr(path, '/'));) {
        _cleanup_fd_ int dir = -1;
        struct stat now, below;

        *slash = 0;
        dir = open_parent(tree, path);
        if (dir < 0 || fstatat(dir, path_base(path), &now, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(now.st_mode) ||
            stat_below(lower, path, &below) < 0 || now.st_mode != below.st_mode || now.st_uid != below.st_uid ||
            now.st_gid != below.st_gid || has_attributes(tree, path) ||
            unlinkat(dir, path_base(path), AT_REMOVEDIR) < 0)
            return;
    }
}

int build_run_layers_open(const struct build_run_job *job, build_run_layers *ret, struct err *err)
{
    int root, r = store_dir(job->store, STORE_ROOT, &root, err);

    STRV_FOREACH (layer, job->lower) {
        int fd = r < 0 ? -1 : openat(root, *layer, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (r == 0 && fd < 0)
            r = err_errno(err, errno, "%s", *layer);
        if (r == 0)
            *VEC_PUSH(ret) = fd;
    }
    return r;
}

void build_run_layers_close(build_run_layers *l)
{
    VEC_FOREACH (layer, l)
        fd_close(*layer);
    free(l->v);
    *l = (build_run_layers){0};
}

int build_run_clear(int tree, const build_run_layers *lower, int made, struct err *err)
{
    _cleanup_buf_ struct buf names = BUF_INIT_MAX(MADE_MAX);
    _cleanup_strv_ char **paths = NULL;
    int r = lseek(made, 0, SEEK_SET) < 0 ? err_errno(err, errno, "what was made to mount on")
                                         : fd_read_rest(made, "what was made to mount on", &names, err);

    if (r < 0)
        return r;
    for (const char *at = buf_str(&names), *end = at + names.len; at < end; at += strlen(at) + 1)
        strv_add(&paths, at);
    for (size_t i = strv_len(paths); i-- > 0;)
        if (clear(tree, paths[i]))
            clear_copied(tree, lower, paths[i]);
    return 0;
}

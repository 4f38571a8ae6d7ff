#include "sys/output.h"

#include "base/id.h"
#include "sys/atomic.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static void make_name(char ret[OUTPUT_NAME_MAX])
{
    char unique[25];

    id_hex(unique, 24);
    snprintf(ret, OUTPUT_NAME_MAX, ".tmp-%s", unique);
}

static int open_directory(const char *path, int *ret, struct err *err)
{
    _cleanup_free_ char *dir = str_ndup(path, (size_t)(path_base(path) - path));

    *ret = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret < 0 ? err_errno(err, errno, "%s", path) : 0;
}

static int open_new(struct output *o, mode_t mode, struct err *err)
{
    o->fd = openat(o->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
    if (o->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        make_name(o->temporary);
        o->fd = openat(o->dir, o->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode);
        if (o->fd < 0)
            o->temporary[0] = 0;
    }
    return o->fd < 0 ? err_errno(err, errno, "%s", o->path) : 0;
}

int output_begin(const char *path, mode_t mode, struct output *ret, struct err *err)
{
    _cleanup_output_ struct output o = {.fd = -1, .dir = -1, .path = path};
    struct stat st;
    int r = 0;

    if (!*path_base(path))
        return err_set(err, ERR_INVALID, "%s is no name of a file", path);
    if (stat(path, &st) < 0)
        st.st_mode = S_IFREG;
    if (S_ISDIR(st.st_mode))
        return err_set(err, ERR_INVALID, "%s is a directory", path);
    if (S_ISREG(st.st_mode)) {
        r = open_directory(path, &o.dir, err);
        if (r == 0)
            r = open_new(&o, mode, err);
    } else {
        o.fd = open(path, O_WRONLY | O_CLOEXEC);
        if (o.fd < 0)
            r = err_errno(err, errno, "%s", path);
    }
    if (r < 0)
        return r;
    *ret = o;
    o = OUTPUT_NONE;
    return 0;
}

/* Gives a file without a name one that nothing has: -errno. */
static int link_as(const struct output *o, const char *name)
{
    char self[32];

    snprintf(self, sizeof(self), "/proc/self/fd/%d", o->fd);
    /* The second way is without /proc, and for those who may. */
    if (linkat(AT_FDCWD, self, o->dir, name, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    if (errno == EEXIST)
        return -EEXIST;
    return linkat(o->fd, "", o->dir, name, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* At once, or in the place of what is there. */
static int give_name(struct output *o, const char *name)
{
    int r = o->temporary[0] ? -EEXIST : link_as(o, name);

    if (r == -EEXIST && !o->temporary[0]) {
        make_name(o->temporary);
        r = link_as(o, o->temporary);
        if (r < 0)
            o->temporary[0] = 0;
    }
    if (!o->temporary[0])
        return r;
    if (renameat(o->dir, o->temporary, o->dir, name) < 0)
        return -errno;
    o->temporary[0] = 0;
    return 0;
}

int output_finish(struct output *o, struct err *err)
{
    int r;

    if (o->dir < 0)
        return 0;
    if (fsync(o->fd) < 0)
        return err_errno(err, errno, "writing %s", o->path);
    r = give_name(o, path_base(o->path));
    return r < 0 ? err_errno(err, -r, "%s", o->path) : atomic_sync_dir(o->dir, ".", err);
}

void output_release(struct output *o)
{
    if (o->temporary[0])
        unlinkat(o->dir, o->temporary, 0);
    o->fd = fd_close(o->fd);
    o->dir = fd_close(o->dir);
    o->temporary[0] = 0;
}

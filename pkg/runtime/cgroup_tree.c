/* A cgroup with all below it. Where a container may make cgroups it makes them as deep, and with names as long, as it
 * likes: neither a path nor the stack nor descriptors, one for each level, would be enough to be sure to reach its last
 * process. So the way down is a list, and the way back up is "..", which in a file system of cgroups is always the one
 * that was come from: none of them moves to another parent.
 */
#include "runtime/cgroup_internal.h"

#include "base/strv.h"
#include "sys/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

enum { OPEN_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

struct level {
    char **names; /* of what is below */
    size_t next;  /* the one that comes next */
};

struct tree_walk {
    int fd; /* where it is: the last level */
    VEC(struct level) levels;
    int (*fn)(int dirfd, void *arg);
    void *arg;
    bool remove; /* what was left behind */
    int result;
};

static int enter(struct tree_walk *w, int fd)
{
    struct level level = {0};
    int again = openat(fd, ".", OPEN_FLAGS);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    int r = d ? 0 : -errno;

    if (!d)
        fd_close(again);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_type == DT_DIR && !str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
            strv_add(&level.names, e->d_name);
    if (d)
        closedir(d);
    fd_close(w->fd);
    w->fd = fd;
    *VEC_PUSH(&w->levels) = level;
    return r;
}

/* What is gone meanwhile is no failure of the whole. */
static void note(struct tree_walk *w, int r)
{
    if (r < 0 && r != -ENOENT)
        w->result = r;
}

static void go_down(struct tree_walk *w, const char *name)
{
    int fd = openat(w->fd, name, OPEN_FLAGS);

    note(w, fd < 0 ? -errno : enter(w, fd));
}

/* -errno where the way is lost. */
static int go_up(struct tree_walk *w)
{
    int up = openat(w->fd, "..", OPEN_FLAGS);
    const struct level *level;

    if (up < 0)
        return -errno;
    fd_close(w->fd);
    w->fd = up;
    strv_free(w->levels.v[--w->levels.n].names);
    level = &w->levels.v[w->levels.n - 1];
    if (w->remove)
        note(w, unlinkat(up, level->names[level->next - 1], AT_REMOVEDIR) < 0 ? -errno : 0);
    return 0;
}

static int walk(const char *dir, struct tree_walk *w)
{
    int r = open(dir, OPEN_FLAGS), own = 0;

    if (r < 0)
        return -errno;
    r = enter(w, r);
    while (r == 0) {
        struct level *level = &w->levels.v[w->levels.n - 1];

        if (level->names && level->names[level->next]) {
            go_down(w, level->names[level->next++]);
            continue;
        }
        own = w->fn ? w->fn(w->fd, w->arg) : 0;
        if (w->levels.n == 1)
            break;
        note(w, own);
        r = go_up(w);
    }
    VEC_FOREACH (level, &w->levels)
        strv_free(level->names);
    free(w->levels.v);
    w->fd = fd_close(w->fd);
    if (r < 0)
        return r;
    return own < 0 ? own : w->result;
}

int cgroup_for_tree(const char *dir, int (*fn)(int dirfd, void *arg), void *arg)
{
    struct tree_walk w = {.fd = -1, .fn = fn, .arg = arg};

    return walk(dir, &w);
}

static int look_at_one(int dirfd, void *arg)
{
    cgroup_pid_list pids = {0};
    int r = cgroup_read_pids(dirfd, &pids);

    *(bool *)arg |= pids.n > 0;
    free(pids.v);
    return r;
}

bool cgroup_tree_lives(const char *dir)
{
    bool lives = false;

    cgroup_for_tree(dir, look_at_one, &lives);
    return lives;
}

int cgroup_rmdir_tree(const char *dir)
{
    struct tree_walk w = {.fd = -1, .remove = true};
    int r;

    if (rmdir(dir) == 0 || errno == ENOENT)
        return 0;
    if (errno != EBUSY && errno != ENOTEMPTY)
        return -errno;
    r = walk(dir, &w);
    if (r == 0 && rmdir(dir) < 0)
        r = -errno;
    return r == -ENOENT ? 0 : r;
}

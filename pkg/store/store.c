#include "store/store.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/num.h"
#include "store/internal.h"
#include "sys/atomic.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* What the names of store_discard_used()'s begin with in the trash. */
#define USED_PREFIX "used-"

struct store {
    char *root;
    char *state;
    int fd[STORE_DIRS_];
};

/* Below the root; the state directory has a place of its own. */
static const char *const part_names[STORE_DIRS_] = {
    [STORE_BLOBS] = "blobs",       [STORE_LAYERS] = "layers",
    [STORE_TAGS] = "tags",         [STORE_CONTAINERS] = "containers",
    [STORE_TMP] = "tmp",           [STORE_LISTS] = "lists",
    [STORE_VOLUMES] = "volumes",   [STORE_NETWORKS] = "networks",
    [STORE_BUILD] = "build-cache", [STORE_BUILD_LAYERS] = "build-cache/layers",
};

static int hint_permission(struct err *err, int r)
{
    if (r == ERR_PERMISSION)
        err_hint(err, "run it as root, or choose another place with --root");
    return r;
}

/* Opens a directory by an absolute path, making it and its parents where they are missing. */
static int open_or_make(const char *path, int *ret_fd, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT) {
        int r = path_mkdirs(AT_FDCWD, path, 0700);

        if (r < 0)
            return hint_permission(err, err_errno(err, -r, "making %s", path));
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0)
        return hint_permission(err, err_errno(err, errno, "opening %s", path));
    *ret_fd = fd;
    return 0;
}

/* Writes the version into a new store; two processes may do so at once. */
static int write_format(int root, struct err *err)
{
    struct err why = ERR_INIT;
    char text[16];
    int r;

    snprintf(text, sizeof(text), "%d\n", STORE_FORMAT);
    r = atomic_write(root, "format", text, strlen(text), 0644, ATOMIC_NEW, &why);
    if (r < 0 && r != ERR_EXISTS) {
        *err = why;
        return r;
    }
    return 0;
}

static int check_format(struct store *s, struct err *err)
{
    _cleanup_buf_ struct buf b = BUF_INIT_MAX(64);
    struct err why = ERR_INIT;
    int64_t version;
    int r = fd_read_file(s->fd[STORE_ROOT], "format", &b, &why);

    if (r == ERR_NOT_FOUND)
        return hint_permission(err, write_format(s->fd[STORE_ROOT], err));
    if (r < 0) {
        *err = why;
        return hint_permission(err, err_wrap(err, "store %s", s->root));
    }
    while (b.len > 0 && b.p[b.len - 1] == '\n')
        b.p[--b.len] = 0;
    if (num_parse_i64(buf_str(&b), 1, INT64_MAX, &version, NULL) < 0)
        return err_set(err, ERR_CORRUPT, "%s/format holds no version of a store", s->root);
    if (version > STORE_FORMAT) {
        err_set(err, ERR_UNSUPPORTED, "the store %s has format %lld, and this cbox knows none above %d", s->root,
                (long long)version, STORE_FORMAT);
        return err_hint(err, "it was made by a newer cbox: use that one, or another --root");
    }
    return 0;
}

int store_open(const char *root, const char *state, struct store **ret, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = mem_zalloc(1, sizeof(*s));
    int r;

    for (size_t i = 0; i < ARRAY_SIZE(s->fd); i++)
        s->fd[i] = -1;
    s->root = str_dup(root);
    s->state = str_dup(state);
    r = open_or_make(root, &s->fd[STORE_ROOT], err);
    if (r < 0)
        return r;
    r = check_format(s, err);
    if (r < 0)
        return r;
    *ret = steal_ptr(&s);
    return 0;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(s->fd); i++)
        fd_close(s->fd[i]);
    free(s->root);
    free(s->state);
    free(s);
}

int store_dir(struct store *s, enum store_dir dir, int *ret_fd, struct err *err)
{
    int *fd = &s->fd[dir];
    int r = 0;

    if (*fd < 0 && dir == STORE_STATE)
        r = open_or_make(s->state, fd, err);
    else if (*fd < 0 && dir == STORE_BUILD_LAYERS) /* the one that lies in another */
        r = store_dir(s, STORE_BUILD, ret_fd, err);
    if (r < 0)
        return r;
    if (*fd < 0) {
        const char *name = part_names[dir];

        *fd = openat(s->fd[STORE_ROOT], name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (*fd < 0 && errno == ENOENT &&
            (mkdirat(s->fd[STORE_ROOT], name, 0700) == 0 || errno == EEXIST)) /* or another process was faster */
            *fd = openat(s->fd[STORE_ROOT], name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (*fd < 0)
            return hint_permission(err, err_errno(err, errno, "opening %s/%s", s->root, name));
    }
    *ret_fd = *fd;
    return 0;
}

const char *store_root_path(const struct store *s)
{
    return s->root;
}

const char *store_state_path(const struct store *s)
{
    return s->state;
}

int store_lock(struct store *s, enum lock_mode mode, enum lock_wait wait, int *ret_fd, struct err *err)
{
    int r = lock_take(s->fd[STORE_ROOT], "lock", mode, wait, ret_fd, err);

    return r < 0 ? hint_permission(err, err_wrap(err, "store %s", s->root)) : 0;
}

static int open_trash(struct store *s, int *ret_fd, struct err *err)
{
    int tmp, fd;
    int r = store_dir(s, STORE_TMP, &tmp, err);

    if (r < 0)
        return r;
    if (mkdirat(tmp, STORE_TRASH, 0700) < 0 && errno != EEXIST)
        return err_errno(err, errno, "making %s/tmp/trash", s->root);
    fd = openat(tmp, STORE_TRASH, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "opening %s/tmp/trash", s->root);
    *ret_fd = fd;
    return 0;
}

static int see_lock(int containers, const char *id, void *data, struct err *err)
{
    _cleanup_fd_ int fd = openat(containers, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    (void)err;
    *(bool *)data |= fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
    return 0;
}

/* Whether any container may be running: its monitor has the lock on its directory (store/container.h). */
static bool containers_run(struct store *s)
{
    bool run = false;

    return store_each_name(s->fd[STORE_ROOT], "containers", see_lock, &run, NULL) < 0 || run;
}

/* Deletes one entry, unless somebody else is at it: who deletes a directory holds the lock on it. */
static int trash_delete(struct store *s, int trash, const char *name, struct err *err)
{
    _cleanup_fd_ int fd = openat(trash, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (str_after(name, USED_PREFIX) && containers_run(s))
        return 0;
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return 0;
    return path_remove_tree(trash, name, err);
}

static int trash_put(struct store *s, enum store_dir dir, const char *name, const char *prefix,
                     char ret[STORE_TRASH_NAME_MAX], struct err *err)
{
    _cleanup_fd_ int trash = -1;
    char unique[33];
    int from;
    int r = store_dir(s, dir, &from, err);

    *ret = 0;
    if (r == 0)
        r = open_trash(s, &trash, err);
    if (r < 0)
        return r;
    id_hex(unique, sizeof(unique) - 1);
    snprintf(ret, STORE_TRASH_NAME_MAX, "%s%s", prefix, unique);
    if (renameat(from, name, trash, ret) == 0)
        return 0;
    *ret = 0;
    return errno == ENOENT ? 0 : err_errno(err, errno, "removing %s", name);
}

int store_trash_put(struct store *s, enum store_dir dir, const char *name, char ret[STORE_TRASH_NAME_MAX],
                    struct err *err)
{
    return trash_put(s, dir, name, "", ret, err);
}

int store_discard_used(struct store *s, enum store_dir dir, const char *name, struct err *err)
{
    char trashed[STORE_TRASH_NAME_MAX];

    return trash_put(s, dir, name, USED_PREFIX, trashed, err);
}

int store_trash_delete_held(struct store *s, const char *name, struct err *err)
{
    _cleanup_fd_ int trash = -1;
    int r = *name ? open_trash(s, &trash, err) : 0;

    return r < 0 || !*name ? r : path_remove_tree(trash, name, err);
}

int store_discard(struct store *s, enum store_dir dir, const char *name, bool delete_now, struct err *err)
{
    char trashed[STORE_TRASH_NAME_MAX];
    _cleanup_fd_ int trash = -1;
    int r = store_trash_put(s, dir, name, trashed, err);

    if (r < 0 || !delete_now || !*trashed)
        return r;
    r = open_trash(s, &trash, err);
    return r < 0 ? r : trash_delete(s, trash, trashed, err);
}

int store_each_name(int parent, const char *path, store_each_name_fn each, void *data, struct err *err)
{
    _cleanup_dir_ DIR *d = dir_open(parent, path);
    struct dirent *e;
    int r = 0;

    if (!d)
        return errno == ENOENT ? 0 : err_errno(err, errno, "reading directory %s", path);
    while (r == 0 && (e = readdir(d)))
        if (e->d_name[0] != '.')
            r = each(dirfd(d), e->d_name, data, err);
    return r;
}

struct emptying {
    struct store *store;
    struct err first; /* that went wrong */
};

static int empty_one(int trash, const char *name, void *data, struct err *err)
{
    struct emptying *e = data;

    (void)err;
    trash_delete(e->store, trash, name, e->first.kind ? NULL : &e->first);
    return 0;
}

int store_empty_trash(struct store *s, struct err *err)
{
    struct emptying e = {.store = s, .first = ERR_INIT};
    int tmp;
    int r = store_dir(s, STORE_TMP, &tmp, err);

    if (r == 0)
        r = store_each_name(tmp, STORE_TRASH, empty_one, &e, err);
    if (r == 0 && e.first.kind) {
        r = e.first.kind;
        if (err)
            *err = e.first;
    }
    return r < 0 ? err_wrap(err, "%s/tmp/trash", s->root) : 0;
}

static int find_one(int trash, const char *name, void *data, struct err *err)
{
    (void)trash, (void)name, (void)err;
    *(bool *)data = true;
    return 0;
}

/* Of the caller's files it keeps none: not its output, which others read to the end, and none of its locks. */
static _Noreturn void empty_aside(struct store *s)
{
    struct err ignored = ERR_INIT;
    struct store *own;

    setsid();
    prctl(PR_SET_NAME, "cbox-trash");
    close_range(0, ~0U, 0);
    fd_hold_stdio();
    _exit(store_open(s->root, s->state, &own, &ignored) == 0 && store_empty_trash(own, &ignored) == 0 ? 0 : 1);
}

void store_empty_trash_aside(struct store *s)
{
    bool any = false;
    int tmp;

    if (store_dir(s, STORE_TMP, &tmp, NULL) == 0 && store_each_name(tmp, STORE_TRASH, find_one, &any, NULL) == 0 &&
        any && fork() == 0)
        empty_aside(s);
}

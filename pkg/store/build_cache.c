#include "store/build_cache_internal.h"

#include "base/id.h"
#include "store/internal.h"
#include "sys/atomic.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

bool store_build_exists(struct store *s)
{
    int root;

    return store_dir(s, STORE_ROOT, &root, NULL) == 0 && faccessat(root, "build-cache", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int store_build_dir(struct store *s, const char *name, int *ret_fd, struct err *err)
{
    int top, r = store_dir(s, STORE_BUILD, &top, err);

    if (r < 0)
        return r;
    *ret_fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret_fd < 0 && errno == ENOENT && (mkdirat(top, name, 0700) == 0 || errno == EEXIST))
        *ret_fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *ret_fd < 0 ? err_errno(err, errno, "opening build-cache/%s", name) : 0;
}

bool store_build_name_good(const char *name)
{
    size_t n = strspn(name, "0123456789abcdef");

    return n > 0 && n <= 128 && !name[n];
}

int store_build_lock(struct store *s, enum lock_mode mode, enum lock_wait wait, int *ret_fd, struct err *err)
{
    int top, r = store_dir(s, STORE_BUILD, &top, err);

    if (r == 0)
        r = lock_take(top, "lock", mode, wait, ret_fd, err);
    return r < 0 ? err_wrap(err, "build cache") : 0;
}

/* ---- boots ---- */

/* "" where there is none yet. */
static void read_boot(int top, char ret[PROC_BOOT_ID_MAX])
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(PROC_BOOT_ID_MAX - 1);

    *ret = 0;
    if (fd_read_file(top, "boot", &text, NULL) == 0)
        snprintf(ret, PROC_BOOT_ID_MAX, "%s", buf_str(&text));
}

/* A host that does not say its boots apart is taken for one that never stops. */
static bool is_this_boot(int top, char ret_now[PROC_BOOT_ID_MAX])
{
    char then[PROC_BOOT_ID_MAX];

    read_boot(top, then);
    proc_boot_id(ret_now);
    return str_eq(then, ret_now) || !*ret_now;
}

/* What was written in another boot may never have reached the disk. */
static int check_boot(struct store *s, int top, struct err *err)
{
    char now[PROC_BOOT_ID_MAX];
    _cleanup_fd_ int lock = -1;
    int r;

    if (is_this_boot(top, now))
        return 0;
    r = store_build_lock(s, LOCK_EXCLUSIVE, LOCK_WAIT, &lock, err);
    if (r < 0 || is_this_boot(top, now)) /* another one was faster */
        return r;
    r = store_build_drop_unsynced(s, err);
    return r < 0 ? r : atomic_write(top, "boot", now, strlen(now), 0600, ATOMIC_VOLATILE, err);
}

/* ---- running builds ---- */

int store_build_begin(struct store *s, int *ret_running, struct err *err)
{
    _cleanup_fd_ int running = -1;
    char name[25];
    int top, r = store_dir(s, STORE_BUILD, &top, err);

    if (r == 0)
        r = check_boot(s, top, err);
    if (r == 0)
        r = store_build_dir(s, BUILD_RUNNING, &running, err);
    if (r < 0)
        return r;
    id_hex(name, 24);
    return lock_take(running, name, LOCK_EXCLUSIVE, LOCK_TRY, ret_running, err);
}

static int see_running(int running, const char *name, void *data, struct err *err _unused_)
{
    int64_t *oldest = data;
    _cleanup_fd_ int lock = -1;
    struct stat st;
    int r = lock_take(running, name, LOCK_EXCLUSIVE, LOCK_TRY, &lock, NULL);

    if (r == 0) /* of one that is no more */
        unlinkat(running, name, 0);
    else if (fstatat(running, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *oldest = MIN_OF(*oldest, store_build_time_of(&st.st_mtim));
    return 0;
}

int store_build_oldest(struct store *s, int64_t *ret, struct err *err)
{
    int top, r = store_dir(s, STORE_BUILD, &top, err);

    *ret = INT64_MAX;
    return r < 0 ? r : store_each_name(top, BUILD_RUNNING, see_running, ret, err);
}

/* ---- memos ---- */

int store_build_memo_read(struct store *s, const char *name, struct buf *ret, struct err *err)
{
    _cleanup_fd_ int memos = -1;
    int r;

    if (!store_build_name_good(name))
        return err_set(err, ERR_NOT_FOUND, "%.64s is no name of a memo", name);
    r = store_build_dir(s, BUILD_MEMOS, &memos, err);
    return r < 0 ? r : fd_read_file(memos, name, ret, err);
}

int store_build_memo_write(struct store *s, const char *name, const void *value, size_t len, struct err *err)
{
    _cleanup_fd_ int memos = -1;
    int r;

    if (!store_build_name_good(name) || len > STORE_BUILD_MEMO_MAX)
        return err_set(err, ERR_INTERNAL, "a memo of %zu bytes named %.64s", len, name);
    r = store_build_dir(s, BUILD_MEMOS, &memos, err);
    return r < 0 ? r : atomic_write(memos, name, value, len, 0600, ATOMIC_VOLATILE, err);
}

int store_build_memo_open(struct store *s, const char *name, int *ret_fd, struct err *err)
{
    _cleanup_fd_ int memos = -1;
    int r;

    if (!store_build_name_good(name))
        return err_set(err, ERR_NOT_FOUND, "%.64s is no name of a memo", name);
    r = store_build_dir(s, BUILD_MEMOS, &memos, err);
    if (r < 0)
        return r;
    *ret_fd = openat(memos, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return *ret_fd < 0 ? err_errno(err, errno, "build-cache/" BUILD_MEMOS "/%.12s", name) : 0;
}

int store_build_memo_begin(struct store *s, const char *name, struct store_build_memo *ret, struct err *err)
{
    char unique[17];
    int r;

    *ret = (struct store_build_memo){.dir = -1, .fd = -1};
    if (!store_build_name_good(name))
        return err_set(err, ERR_INTERNAL, "%.64s is no name of a memo", name);
    r = store_build_dir(s, BUILD_MEMOS, &ret->dir, err);
    if (r < 0)
        return r;
    id_hex(unique, 16);
    snprintf(ret->name, sizeof(ret->name), "%.64s", name);
    snprintf(ret->temporary, sizeof(ret->temporary), ".tmp-%s", unique); /* sys/atomic.h */
    ret->fd = openat(ret->dir, ret->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return ret->fd < 0 ? err_errno(err, errno, "writing build-cache/" BUILD_MEMOS "/%.12s", name) : 0;
}

int store_build_memo_end(struct store_build_memo *m, bool good, struct err *err)
{
    int r = 0;

    if (m->fd < 0 || !good || renameat(m->dir, m->temporary, m->dir, m->name) < 0)
        r = err_set(err, ERR_IO, "build-cache/" BUILD_MEMOS "/%.12s was not written", m->name);
    if (r < 0 && m->fd >= 0)
        unlinkat(m->dir, m->temporary, 0);
    m->fd = fd_close(m->fd);
    m->dir = fd_close(m->dir);
    return r;
}

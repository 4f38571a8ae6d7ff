/* What is true of containers whose monitor is gone, and their removal. */
#include "container/container.h"

#include "base/log.h"
#include "base/time.h"
#include "container/volume.h"
#include "monitor/health.h"
#include "monitor/monitor.h"
#include "runtime/cgroup.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>

enum { KILLED_CODE = 128 + SIGKILL };
static const int64_t kill_wait = 10000000000; /* ns */

/* Kills what is in the container's cgroup, and removes it where it is to go. */
static int kill_cgroup(const char *path, bool remove, struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct err why = ERR_INIT;
    int r = str_empty(path) ? ERR_NOT_FOUND : cgroup_host_detect(&host, &why);

    if (r == 0)
        r = cgroup_open(&cg, &host, path, &why);
    if (r == 0)
        r = cgroup_kill(cg, &why);
    if (r == 0 && remove)
        r = cgroup_remove(cg, &why);
    if (r == 0 || r == ERR_NOT_FOUND)
        return 0;
    if (err)
        *err = why;
    return r;
}

/* With what its monitor kept elsewhere. */
static int remove_container(struct store *s, struct store_container *dir, const struct store_container_record *record,
                            struct err *err)
{
    health_forget(store_state_path(s), store_container_id(dir));
    return store_container_remove(s, dir, record, true, err);
}

int container_destroy(struct container *c, struct err *err)
{
    int r = kill_cgroup(c->record.cgroup, true, err);

    container_volumes_drop(c->store, c->record.id, store_container_fd(c->dir));
    return r < 0 ? r : remove_container(c->store, c->dir, &c->record, err);
}

/* Its monitor is gone, and with it its first process. The lock is ours. */
static int settle(struct store *s, struct store_container *dir, struct store_container_record *record, bool *ret_gone,
                  struct err *err)
{
    int r = 0;

    *ret_gone = false;
    if (store_container_is_alive(record->status) || record->remove) {
        log_debug("container %.12s: its monitor is gone", store_container_id(dir));
        r = kill_cgroup(record->cgroup, true, err);
        monitor_sweep(s, store_container_id(dir));
    }
    if (r < 0)
        return r;
    if (record->remove) {
        *ret_gone = true;
        container_volumes_drop(s, store_container_id(dir), store_container_fd(dir));
        return remove_container(s, dir, record, err);
    }
    if (!store_container_is_alive(record->status))
        return 0;
    record->status = STORE_CONTAINER_EXITED;
    record->exit_code = KILLED_CODE;
    record->finished = time_now();
    record->pid = 0;
    return store_container_write(dir, record, true, err);
}

/* Reads with the lock, where that can be had. */
static int look(struct store *s, struct store_container *dir, struct store_container_record *ret, struct err *err)
{
    struct err why = ERR_INIT;
    bool gone = false;
    int locked = store_container_lock(dir, LOCK_TRY, &why), r;

    if (locked < 0 && locked != ERR_BUSY) {
        if (err)
            *err = why;
        return locked;
    }
    why = ERR_INIT;
    r = store_container_read(dir, ret, &why);
    if (r == ERR_NOT_FOUND && locked == 0) { /* never finished, or nearly removed */
        container_volumes_drop(s, store_container_id(dir), store_container_fd(dir));
        store_container_remove(s, dir, NULL, true, NULL);
        return err_set(err, ERR_NOT_FOUND, "no such container: %.12s", store_container_id(dir));
    }
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    if (locked == 0)
        r = settle(s, dir, ret, &gone, err);
    if (r == 0 && gone)
        r = err_set(err, ERR_NOT_FOUND, "no such container: %.12s", store_container_id(dir));
    if (r < 0)
        store_container_record_release(ret);
    return r;
}

int container_look(struct store *s, const char *id, struct store_container_record *ret, struct err *err)
{
    _cleanup_container_ struct store_container *dir = NULL;
    int r = store_container_open(s, id, &dir, err);

    return r < 0 ? r : look(s, dir, ret, err);
}

int container_sweep(struct store *s, struct err *err)
{
    _cleanup_strv_ char **ids = NULL;
    int r = store_container_list(s, &ids, err);

    STRV_FOREACH (id, ids) {
        _cleanup_container_record_ struct store_container_record record = {0};
        struct err why = ERR_INIT;

        if (container_look(s, *id, &record, &why) < 0 && why.kind != ERR_NOT_FOUND)
            log_debug("container %.12s: %s", *id, why.text);
    }
    return r;
}

/* Kills what its record names: the first process, or, where a process is not known (not yet written down), whatever is
 * in its cgroup. There may be nothing to kill yet. */
static int kill_known(const struct store_container *dir, struct err *err)
{
    _cleanup_container_record_ struct store_container_record record = {0};
    _cleanup_fd_ int pidfd = -1;
    struct err why = ERR_INIT;
    int r = store_container_read(dir, &record, &why);

    if (r == ERR_NOT_FOUND) /* being made */
        return 0;
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    pidfd = proc_open_known((pid_t)record.pid, record.pid_start, record.boot_id);
    if (pidfd < 0)
        return kill_cgroup(record.cgroup, false, err);
    proc_signal(pidfd, SIGKILL);
    return 0;
}

static bool is_listed(struct store *s, const char *id)
{
    _cleanup_container_ struct store_container *dir = NULL;

    return store_container_open(s, id, &dir, NULL) == 0;
}

/* Kills until the lock is ours: its monitor does the rest and lets go of it. One that is just being started has nothing
 * to kill at first. ERR_NOT_FOUND where it was removed (--rm): its files are the monitor's to delete. */
static int kill_running(struct store *s, struct store_container *dir, struct err *err)
{
    int64_t until = time_monotonic() + kill_wait;
    struct timespec pause = {.tv_nsec = 500000};

    for (;;) {
        struct err why = ERR_INIT, kill_failed = ERR_INIT;
        int r = store_container_lock(dir, LOCK_TRY, &why);

        if (r == ERR_BUSY && !is_listed(s, store_container_id(dir)))
            return err_set(err, ERR_NOT_FOUND, "no such container: %.12s", store_container_id(dir));
        if (r == ERR_BUSY && time_monotonic() < until) {
            if (kill_known(dir, &kill_failed) < 0) /* it may be ending at this moment */
                log_debug("killing container %.12s: %s", store_container_id(dir), kill_failed.text);
            nanosleep(&pause, NULL);
            pause.tv_nsec = MIN_OF(pause.tv_nsec * 2, 20000000);
            continue;
        }
        if (r == ERR_BUSY)
            return err_set(err, ERR_BUSY, "container %.12s does not end", store_container_id(dir));
        if (r < 0 && err)
            *err = why;
        return r;
    }
}

int container_remove(struct store *s, const char *name, bool force, struct err *err)
{
    _cleanup_container_record_ struct store_container_record record = {0};
    _cleanup_container_ struct store_container *dir = NULL;
    struct err why = ERR_INIT;
    char id[ID_LEN + 1];
    int r = store_container_find(s, name, id, err);

    if (r == 0)
        r = store_container_open(s, id, &dir, err);
    if (r < 0)
        return r;
    r = store_container_lock(dir, LOCK_TRY, &why);
    if (r == ERR_BUSY && !force) {
        err_set(err, ERR_BUSY, "cannot remove container \"/%s\": it is running", name);
        return err_hint(err, "stop it first, or use --force");
    }
    if (r == ERR_BUSY) {
        why = ERR_INIT;
        r = kill_running(s, dir, &why);
        if (r == ERR_NOT_FOUND) /* --rm: its monitor was faster */
            return 0;
    }
    if (r == 0)
        r = store_container_read(dir, &record, &why);
    if (r == 0)
        r = kill_cgroup(record.cgroup, true, &why);
    if (r < 0 && r != ERR_NOT_FOUND && r != ERR_CORRUPT) {
        if (err)
            *err = why;
        return r;
    }
    return remove_container(s, dir, &record, err);
}

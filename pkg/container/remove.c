/* Removal, by force too. */
#include "base/log.h"
#include "container/internal.h"
#include "container/networks.h"
#include "container/volume.h"
#include "monitor/health.h"
#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <signal.h>

int container_drop(struct store *s, struct store_container *dir, const struct store_container_record *record,
                   struct err *err)
{
    int r;

    health_forget(store_state_path(s), store_container_id(dir));
    monitor_sweep(s, store_container_id(dir));
    container_networks_tidy(s, record, true);
    r = store_container_remove(s, dir, record, true, err);
    if (r == 0 && record->id)
        monitor_tell(s, record, "destroy", NULL, NULL);
    return r;
}

int container_destroy(struct container *c, struct err *err)
{
    int r = container_kill_cgroup(c->record.cgroup, true, err);

    container_volumes_drop(c->store, c->record.id);
    return r < 0 ? r : container_drop(c->store, c->dir, &c->record, err);
}

/* It is not to be started again. */
static void announce(struct store *s, const char *id)
{
    _cleanup_fd_ int monitor = -1;

    if (monitor_connect(s, id, &monitor, NULL) == 0)
        monitor_ask(monitor, MONITOR_STOPPING, NULL, 0, NULL, NULL);
}

/* Kills what its record names: the first process, or, where that is not known (not yet written down) or would not take
 * notice (frozen), whatever is in its cgroup. There may be nothing to kill yet. That it was is told once. */
static int kill_known(struct store *s, const struct store_container *dir, bool *told, struct err *err)
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
    announce(s, record.id);
    pidfd = proc_open_known((pid_t)record.pid, record.pid_start, record.boot_id);
    if (pidfd >= 0 && !*told)
        monitor_tell(s, &record, "kill", "signal", "9");
    *told |= pidfd >= 0;
    if (pidfd < 0 || record.status == STORE_CONTAINER_PAUSED)
        return container_kill_cgroup(record.cgroup, false, err);
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
    struct patience patience = patience_begin();
    struct err why = ERR_INIT, kill_failed = ERR_INIT;
    bool told = false;
    int r;

    while ((r = store_container_lock(dir, LOCK_TRY, &why)) == ERR_BUSY) {
        if (!is_listed(s, store_container_id(dir)))
            return err_set(err, ERR_NOT_FOUND, "no such container: %.12s", store_container_id(dir));
        if (kill_known(s, dir, &told, &kill_failed) < 0) /* it may be ending at this moment */
            log_debug("killing container %.12s: %s", store_container_id(dir), kill_failed.text);
        if (!patience_wait(&patience))
            return err_set(err, ERR_BUSY, "container %.12s does not end", store_container_id(dir));
        why = kill_failed = ERR_INIT;
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

/* Why it is not removed. */
static int refuse(const struct store_container *dir, const char *name, struct err *err)
{
    _cleanup_container_record_ struct store_container_record record = {0};
    const char *status = "running";

    if (store_container_read(dir, &record, NULL) == 0 && store_container_is_alive(record.status))
        status = store_container_status_name(record.status);
    return err_set(
        err, ERR_BUSY,
        "cannot remove container \"%s\": container is %s: stop the container before removing or force remove", name,
        status);
}

int container_remove(struct store *s, const char *name, bool force, bool volumes, struct err *err)
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
    r = force ? kill_running(s, dir, &why) : container_lock_idle(s, dir, &why);
    if (r == ERR_BUSY && !force)
        return refuse(dir, name, err);
    if (r == ERR_NOT_FOUND && force) /* --rm: its monitor was faster */
        return 0;
    if (r == 0)
        r = store_container_read(dir, &record, &why);
    if (r == 0)
        r = container_kill_cgroup(record.cgroup, true, &why);
    if (r < 0 && r != ERR_NOT_FOUND && r != ERR_CORRUPT) {
        if (err)
            *err = why;
        return r;
    }
    if (volumes || record.remove)
        container_volumes_drop(s, id);
    return container_drop(s, dir, &record, err);
}

/* What is true of containers whose monitor is gone. */
#include "container/internal.h"

#include "base/log.h"
#include "base/time.h"
#include "container/networks.h"
#include "container/volume.h"
#include "monitor/health.h"
#include "monitor/monitor.h"
#include "monitor/networks.h"

#include <signal.h>

enum { KILLED_CODE = 128 + SIGKILL };

/* Its monitor is gone, and with it its first process. The lock is ours. */
static int settle(struct store *s, struct store_container *dir, struct store_container_record *record, bool *ret_gone,
                  struct err *err)
{
    int r;

    *ret_gone = false;
    if (store_container_is_alive(record->status) || record->remove || monitor_was_killed(s, record->id)) {
        log_debug("container %.12s: its monitor is gone", store_container_id(dir));
        r = container_kill_cgroup(record->cgroup, true, err);
        if (r < 0)
            return r;
        monitor_sweep(s, store_container_id(dir));
        container_networks_tidy(s, record, record->remove);
    }
    if (record->remove) {
        *ret_gone = true;
        container_volumes_drop(s, store_container_id(dir));
        return container_drop(s, dir, record, err);
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
        container_volumes_drop(s, store_container_id(dir));
        store_container_remove(s, dir, NULL, true, NULL);
        return err_set(err, ERR_NOT_FOUND, "no such container: %.12s", store_container_id(dir));
    }
    if (r == ERR_NOT_FOUND) /* being made, or nearly removed by another */
        return err_set(err, ERR_NOT_FOUND, "no such container: %.12s", store_container_id(dir));
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
        _cleanup_container_ struct store_container *dir = NULL;
        struct err why = ERR_INIT;
        int l = store_container_open(s, *id, &dir, &why);

        if (l == 0)
            l = store_container_lock(dir, LOCK_TRY, &why);
        if (l == 0)
            l = look(s, dir, &record, &why);
        if (l < 0 && l != ERR_NOT_FOUND && l != ERR_BUSY) /* somebody's business, as most are */
            log_debug("container %.12s: %s", *id, why.text);
    }
    networks_sweep(s);
    return r < 0 ? r : store_container_names_sweep(s, err);
}

/* What changes a container but not whether it runs: pause, and its name. */
#include "container/internal.h"
#include "container/networks.h"
#include "monitor/monitor.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

static int check_pause(const struct container_view *v, bool pause, struct err *err)
{
    bool paused = v->record.status == STORE_CONTAINER_PAUSED;

    if (v->record.status == STORE_CONTAINER_RESTARTING)
        return err_set(err, ERR_INVALID, "container %s is restarting, wait until the container is running", v->id);
    if (pause && !store_container_is_alive(v->record.status))
        return err_set(err, ERR_INVALID, "container %s is not running", v->id);
    if (pause == paused)
        return err_set(err, ERR_INVALID, "container %s is %s paused", v->id, paused ? "already" : "not");
    return 0;
}

static int note_pause(const struct container_view *v, bool paused, struct err *err)
{
    char flag = paused;
    struct err why = ERR_INIT;
    int r = monitor_ask(v->monitor, MONITOR_PAUSED, &flag, 1, NULL, &why);

    if (r == ERR_NOT_FOUND || r == ERR_BUSY) /* it has just ended */
        return err_set(err, ERR_INVALID, "container %s is not running", v->id);
    if (r < 0 && err)
        *err = why;
    return r;
}

/* In an order that leaves one who says "paused", if anything, where this is killed: it can be unpaused then. */
int container_pause(struct store *s, const char *name, bool pause, struct err *err)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    int r = container_view(s, name, &v, err);

    if (r == 0)
        r = check_pause(&v, pause, err);
    if (r == 0 && pause)
        r = note_pause(&v, true, err);
    if (r < 0)
        return r;
    r = container_freeze_cgroup(v.record.cgroup, pause, err);
    if (r < 0 && pause)
        note_pause(&v, false, NULL);
    if (r == 0 && !pause)
        r = note_pause(&v, false, err);
    if (r == 0)
        monitor_tell(s, &v.record, pause ? "pause" : "unpause", NULL, NULL);
    return r;
}

static int write_locked(struct store *s, const char *id, const struct container_rewrite *c, struct err *err)
{
    _cleanup_container_record_ struct store_container_record record = {0};
    _cleanup_container_ struct store_container *dir = NULL;
    int r = store_container_open(s, id, &dir, err);

    if (r == 0)
        r = container_lock_idle(s, dir, err);
    if (r == 0)
        r = store_container_read(dir, &record, err);
    return r < 0 ? r : c->write(s, dir, &record, c->data, err);
}

int container_rewrite(struct store *s, const char *id, const struct container_rewrite *c, struct err *err)
{
    struct patience patience = patience_begin();
    struct err why;
    int r;

    do {
        _cleanup_fd_ int monitor = -1;

        why = ERR_INIT;
        r = monitor_connect(s, id, &monitor, &why);
        if (r == 0)
            r = c->ask(monitor, c->data, &why);
        if (r == ERR_NOT_FOUND) {
            why = ERR_INIT;
            r = write_locked(s, id, c, &why);
        }
    } while (r == ERR_BUSY && patience_wait(&patience));
    if (r < 0 && err)
        *err = why;
    return r;
}

static int ask_name(int monitor, const void *to, struct err *err)
{
    return monitor_ask(monitor, MONITOR_RENAME, to, strlen(to), NULL, err);
}

static int write_name(struct store *s, struct store_container *dir, struct store_container_record *record,
                      const void *to, struct err *err)
{
    str_replace(&record->name, str_dup(to));
    container_networks_rename(s, record->id, to);
    return store_container_write(dir, record, true, err);
}

/* Between the taking of the new name and the giving back of the old one a container has two. Nobody renames meanwhile.
 */
static int lock_names(struct store *s, int *ret_fd, struct err *err)
{
    int state, r = store_dir(s, STORE_STATE, &state, err);

    return r < 0 ? r : lock_take(state, "rename.lock", LOCK_EXCLUSIVE, LOCK_WAIT, ret_fd, err);
}

bool container_name_is_stale(struct store *s, const char *name, const char *owner)
{
    _cleanup_container_record_ struct store_container_record record = {0};
    _cleanup_fd_ int lock = -1;
    struct err why = ERR_INIT;
    int r = lock_names(s, &lock, &why);

    if (r == 0)
        r = container_look(s, owner, &record, &why);
    if (r < 0 || str_eq(record.name, name))
        return r == ERR_NOT_FOUND;
    store_container_name_drop(s, name, owner);
    return true;
}

static int rename_locked(struct store *s, const char *name, const char *to, struct err *err)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    _cleanup_free_ char *old = NULL;
    int r = container_view(s, name, &v, err);

    if (r < 0)
        return r;
    if (str_eq(v.record.name, to))
        return err_set(err, ERR_INVALID, "renaming a container with the same name as its current name");
    r = store_container_name_take(s, to, v.id, NULL, err);
    if (r < 0)
        return r;
    failpoint("container-renamed");
    r = container_rewrite(s, v.id, &(struct container_rewrite){ask_name, write_name, to}, err);
    store_container_name_drop(s, r < 0 ? to : v.record.name, v.id);
    if (r < 0)
        return r;
    old = str_printf("/%s", v.record.name);
    str_replace(&v.record.name, str_dup(to));
    monitor_tell(s, &v.record, "rename", "oldName", old);
    return 0;
}

int container_rename(struct store *s, const char *name, const char *to, struct err *err)
{
    _cleanup_fd_ int lock = -1;
    int r;

    if (str_empty(to) || str_empty(name))
        return err_set(err, ERR_INVALID, "neither old nor new names may be empty");
    r = container_check_name(to, err);
    if (r == 0)
        r = lock_names(s, &lock, err);
    return r < 0 ? r : rename_locked(s, name, to + (*to == '/'), err);
}

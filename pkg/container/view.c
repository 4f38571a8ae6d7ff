/* Containers that are there already: opened to be started, or looked at while they run. */
#include "container/internal.h"
#include "monitor/documents.h"
#include "monitor/monitor.h"
#include "sys/fd.h"
#include "sys/proc.h"

int container_read_layers(struct store *s, const char *id, char ***ret, struct err *err)
{
    _cleanup_container_ struct store_container *dir = NULL;
    int r = store_container_open(s, id, &dir, err);

    return r < 0 ? r : documents_read_layers(dir, ret, err);
}

int container_lock_idle(struct store *s, struct store_container *dir, struct err *err)
{
    struct patience patience = patience_begin();

    for (;;) {
        _cleanup_fd_ int monitor = -1;
        struct err why = ERR_INIT;
        int r = store_container_lock(dir, LOCK_TRY, &why);

        if (r == ERR_BUSY && monitor_connect(s, store_container_id(dir), &monitor, NULL) < 0 &&
            patience_wait(&patience))
            continue;
        if (r < 0 && err)
            *err = why;
        return r;
    }
}

int container_open(struct store *s, const char *id, struct container *ret, struct err *err)
{
    struct container c = {.store = s};
    int r = store_container_open(s, id, &c.dir, err);

    if (r < 0)
        return r;
    r = container_lock_idle(s, c.dir, err);
    if (r == 0)
        r = store_container_read(c.dir, &c.record, err);
    if (r == 0)
        r = documents_read_options(c.dir, &c.options, err);
    if (r == 0)
        r = documents_read_spec(c.dir, &c.spec, err);
    if (r == 0)
        r = documents_read_layers(c.dir, &c.lower, err);
    if (r < 0)
        container_release(&c);
    else
        *ret = c;
    return r;
}

/* Between the record and the connection it may change: what it says then is true again. */
static int look(struct store *s, const char *id, struct container_view *v, bool *ret_settled, struct err *err)
{
    int r;

    v->monitor = fd_close(v->monitor);
    store_container_record_release(&v->record);
    monitor_connect(s, id, &v->monitor, NULL);
    r = container_look(s, id, &v->record, err);
    *ret_settled = r < 0 || store_container_is_alive(v->record.status) == (v->monitor >= 0);
    return r;
}

static void open_process(struct container_view *v)
{
    if (v->record.pid)
        v->pidfd = MAX_OF(proc_open_known((pid_t)v->record.pid, v->record.pid_start, v->record.boot_id), -1);
}

int container_view(struct store *s, const char *name, struct container_view *ret, struct err *err)
{
    struct container_view v = CONTAINER_VIEW_NONE;
    struct patience patience = patience_begin();
    bool settled = false;
    int r = store_container_find(s, name, v.id, err);

    while (r == 0 && !settled) {
        r = look(s, v.id, &v, &settled, err);
        if (r == 0 && !settled && !patience_wait(&patience))
            r = err_set(err, ERR_BUSY, "container %s is neither running nor at rest", name);
    }
    if (r < 0) {
        container_view_release(&v);
        return r;
    }
    if (v.monitor >= 0)
        open_process(&v);
    *ret = v;
    return 0;
}

int container_view_process(struct store *s, const char *name, struct container_view *ret, struct err *err)
{
    struct container_view v = CONTAINER_VIEW_NONE;
    int r = store_container_find(s, name, v.id, err);

    if (r == 0)
        r = container_look(s, v.id, &v.record, err);
    if (r < 0)
        return r;
    open_process(&v);
    *ret = v;
    return 0;
}

void container_view_release(struct container_view *v)
{
    v->monitor = fd_close(v->monitor);
    v->pidfd = fd_close(v->pidfd);
    store_container_record_release(&v->record);
}

int container_read_options(struct store *s, const char *id, struct engine_options *ret, struct err *err)
{
    _cleanup_container_ struct store_container *dir = NULL;
    int r = store_container_open(s, id, &dir, err);

    return r < 0 ? r : documents_read_options(dir, ret, err);
}

int container_read_spec(struct store *s, const char *id, struct oci_spec *ret, struct err *err)
{
    _cleanup_container_ struct store_container *dir = NULL;
    int r = store_container_open(s, id, &dir, err);

    return r < 0 ? r : documents_read_spec(dir, ret, err);
}

#include "container/container.h"

#include "monitor/monitor.h"

static void sweep(struct store *s)
{
    container_sweep(s, NULL);
}

int container_start(struct container *c, bool input, int *ret_socket, struct err *err)
{
    const char *id = store_container_id(c->dir);
    _cleanup_free_ char *upper = str_printf("containers/%s/upper", id);
    _cleanup_free_ char *work = str_printf("containers/%s/work", id);
    struct runtime_overlay overlay = {
        .dir = store_root_path(c->store), .lower = c->lower, .upper = upper, .work = work, .discard = c->record.remove};
    struct monitor_job job = {
        .store = c->store,
        .dir = c->dir,
        .record = &c->record,
        .spec = &c->spec,
        .overlay = &overlay,
        .input = input,
        .housekeeping = sweep,
    };
    int r = monitor_fork(&job, ret_socket, err);

    if (r == 0) {
        store_container_free(c->dir);
        c->dir = NULL;
    }
    return r;
}

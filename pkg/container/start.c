#include "container/container.h"

#include "container/host.h"
#include "container/volume.h"
#include "monitor/monitor.h"
#include "sys/frame.h"

static void sweep(struct store *s)
{
    container_sweep(s, NULL);
}

int container_start(struct container *c, unsigned attach, int *ret_socket, struct err *err)
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
        .options = &c->options,
        .spec = &c->spec,
        .overlay = &overlay,
        .forget = container_volumes_drop,
        .housekeeping = sweep,
    };
    int r = container_join(c->store, &c->options, &c->spec, err);

    if (r == 0)
        r = monitor_fork(&job, attach, ret_socket, err);
    if (r == 0) {
        store_container_free(c->dir);
        c->dir = NULL;
    }
    return r;
}

int container_await_start(int socket, struct err *err)
{
    struct frame frame;
    int r = frame_receive(socket, &frame);

    if (r < 0)
        return err_errno(err, -r, "listening to the container's monitor");
    if (r == 0)
        return err_set(err, ERR_IO, "the container's monitor was killed");
    r = frame.type == MONITOR_FAILED ? frame_take_error(&frame, err) : 0;
    frame_release(&frame);
    return r;
}

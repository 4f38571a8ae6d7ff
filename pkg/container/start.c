#include "container/container.h"

#include "container/host.h"
#include "container/mounts.h"
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
        .join = container_join,
        .overlay = &overlay,
        .forget = container_mounts_anonymous(&c->options) ? container_volumes_drop : NULL,
        .housekeeping = sweep,
    };
    int r = container_mounts_sources(&c->options, err);

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
    for (;;) {
        struct frame frame;
        int r = frame_receive(socket, &frame);
        uint32_t type = frame.type;

        if (r < 0)
            return err_errno(err, -r, "listening to the container's monitor");
        if (r == 0)
            return err_set(err, ERR_IO, "the container's monitor was killed");
        r = type == MONITOR_FAILED ? frame_take_error(&frame, err) : 0;
        frame_release(&frame);
        if (r < 0 || type == MONITOR_STARTED)
            return r;
    }
}

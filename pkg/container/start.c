#include "container/container.h"

#include "base/time.h"
#include "container/apparmor.h"
#include "container/host.h"
#include "container/mounts.h"
#include "container/volume.h"
#include "monitor/monitor.h"
#include "monitor/restart.h"
#include "sys/fd.h"
#include "sys/frame.h"

#include <fcntl.h>
#include <sys/stat.h>

static const int64_t second = 1000000000; /* ns */

enum { SWEEP_SHARE = 50, SWEEP_PAUSE_MAX = 60 /* s */ };
#define SWEEP_FILE ".swept~" /* in the state directory; its time says until when nobody need sweep again */

static int64_t swept_until(int state)
{
    struct stat st;

    return fstatat(state, SWEEP_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0
                                                                    : st.st_mtim.tv_sec * second + st.st_mtim.tv_nsec;
}

/* Each start looks after all containers, which may be a thousand: at most a fiftieth of the time is spent on it. */
static void sweep(struct store *s)
{
    int64_t now = time_now(), begin = time_monotonic(), until;
    _cleanup_fd_ int fd = -1;
    struct timespec times[2];
    int state;

    if (store_dir(s, STORE_STATE, &state, NULL) < 0)
        return;
    until = swept_until(state);
    if (until > now && until - now < SWEEP_PAUSE_MAX * second)
        return;
    container_sweep(s, NULL);
    until = now + SWEEP_SHARE * (time_monotonic() - begin);
    times[0] = times[1] = (struct timespec){until / second, until % second};
    fd = openat(state, SWEEP_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0)
        futimens(fd, times);
}

int container_start(struct container *c, const struct config *config, unsigned attach, int *ret_socket, struct err *err)
{
    const char *id = store_container_id(c->dir);
    _cleanup_free_ char *upper = str_printf("containers/%s/upper", id);
    _cleanup_free_ char *work = str_printf("containers/%s/work", id);
    const struct container_build *build = c->build;
    struct runtime_overlay overlay = {.dir = store_root_path(c->store),
                                      .lower = c->lower,
                                      .upper = build ? (char *)build->upper : upper,
                                      .work = build ? (char *)build->work : work,
                                      .discard = c->record.remove};
    struct monitor_job job = {
        .store = c->store,
        .dir = c->dir,
        .record = &c->record,
        .options = &c->options,
        .spec = &c->spec,
        .join = container_join,
        .overlay = &overlay,
        .config = config,
        .forget = container_mounts_anonymous(&c->options) ? container_volumes_drop : NULL,
        .housekeeping = sweep,
        .bound = build != NULL,
        .made = build ? build->made : 0,
    };
    int r = container_mounts_sources(&c->options, err);

    if (r == 0)
        r = container_apparmor_load(c->spec.process.apparmor_profile, err);
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

int container_start_alone(struct store *s, const struct config *config, const char *id, struct err *err)
{
    _cleanup_one_container_ struct container c = {0};
    _cleanup_fd_ int socket = -1;
    int r = container_open(s, id, &c, err);

    if (r == 0)
        r = container_start(&c, config, 0, &socket, err);
    return r < 0 ? r : container_await_start(socket, err);
}

/* Only what ran when the machine, or its monitor, went down without it; `stopped` is what the user did before. */
static bool is_to_come_back(struct store *s, const char *id, struct err *err)
{
    _cleanup_container_record_ struct store_container_record record = {0};
    _cleanup_engine_options_ struct engine_options options = {0};

    if (container_look(s, id, &record, err) < 0 || store_container_is_alive(record.status) || !record.started)
        return false;
    return container_read_options(s, id, &options, err) == 0 &&
           restart_after_boot(&options.host.restart_policy, record.stopped);
}

int container_start_all(struct store *s, const struct config *config,
                        void (*started)(const char *id, const struct err *failed), struct err *err)
{
    _cleanup_strv_ char **ids = NULL;
    int r = store_container_list(s, &ids, err);

    STRV_FOREACH (id, ids) {
        struct err why = ERR_INIT;

        if (is_to_come_back(s, *id, &why) && container_start_alone(s, config, *id, &why) == 0)
            started(*id, NULL);
        else if (why.kind && why.kind != ERR_NOT_FOUND && why.kind != ERR_BUSY) /* removed, or started, meanwhile */
            started(*id, &why);
    }
    return r;
}

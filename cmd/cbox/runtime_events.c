#include "base/time.h"
#include "runtime.h"
#include "runtime/events.h"
#include "runtime/stats.h"
#include "sys/fd.h"

#include <stdio.h>

struct events_options {
    const char *interval;
    bool stats;
};

static const struct events_options defaults = {.interval = "5s"};

static const struct cli_option options[] = {
    CLI_STRING(struct events_options, 0, "interval", interval, "Time between two statistics", .word = "duration",
               .shown_default = "5s"),
    CLI_FLAG(struct events_options, 0, "stats", stats, "Display statistics once and end"),
};

/* An event is a line, and out at once: its reader waits for it. */
static int print_event(const char *type, const char *id, const struct stats *stats, struct err *err)
{
    _cleanup_buf_ struct buf line = BUF_INIT;
    int r;

    stats_event_dump(type, id, stats, &line);
    buf_addc(&line, '\n');
    r = fd_write_all(STDOUT_FILENO, line.p, line.len);
    return r < 0 ? err_errno(err, -r, "writing an event") : 0;
}

static int print_stats(const struct runtime_instance *inst, const struct cgroup *cg, struct err *err)
{
    _cleanup_stats_ struct stats stats = {0};
    int r = stats_read(cg, (pid_t)inst->record.pid, &stats, err);

    return r < 0 ? r : print_event("stats", inst->id, &stats, err);
}

static int follow(const struct runtime_instance *inst, const struct cgroup *cg, int process, int64_t interval,
                  struct err *err)
{
    _cleanup_events_ struct events events = {.notice = -1};
    int64_t next = time_monotonic() + interval;
    int r = events_open(cg, process, &events, err);

    while (r == 0) {
        int64_t left = MAX_OF(next - time_monotonic(), (int64_t)0);
        enum events_what what;

        r = events_wait(&events, (int)MIN_OF(left / 1000000 + 1, (int64_t)INT32_MAX), &what, err);
        if (r < 0 || what == EVENTS_END)
            break;
        if (what == EVENTS_OOM)
            r = print_event("oom", inst->id, NULL, err);
        if (r == 0 && time_monotonic() >= next) {
            r = print_stats(inst, cg, err);
            next += interval;
        }
    }
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct events_options *o = opts;
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_fd_ int process = -1;
    int64_t interval;
    int r = time_parse_duration(o->interval, &interval, err);

    if (r < 0)
        return err_wrap(err, "--interval");
    if (interval <= 0)
        return err_set(err, ERR_INVALID, "--interval: '%s' is not above 0", o->interval);
    r = cbox_runtime_load(ctx, operands[0], false, &inst, err);
    if (r < 0)
        return r;
    process = runtime_instance_process(&inst);
    if (process < 0)
        return err_set(err, ERR_INVALID, "container not running: %s", inst.id);
    r = runtime_instance_cgroup(&inst, &host, &cg, err);
    if (r < 0)
        return r;
    return o->stats ? print_stats(&inst, cg, err) : follow(&inst, cg, process, interval, err);
}

static const struct cli_example examples[] = {
    {"What a container uses now", "cbox runtime events --stats box"},
    {"Every ten seconds until its end, and when the kernel kills for want of memory",
     "cbox runtime events --interval 10s box"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_events = {
    .summary = "Show what a container uses, and out of memory kills",
    .operands = "CONTAINER",
    .standalone = true,
    .one_failure = true,
    CLI_OPTIONS(struct events_options, options),
    .defaults = &defaults,
    .examples = examples,
    .run = run,
};

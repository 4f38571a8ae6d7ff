#include "monitor/monitor.h"

#include "base/log.h"
#include "base/time.h"
#include "monitor/internal.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

/* Who runs no longer than this shall not pay for what pays off later. */
static const int64_t moment = 500000000; /* ns */

/* The exit code that stands for a container which could not be started (Docker's). */
static int failure_code(int kind)
{
    return kind == ERR_NO_COMMAND ? 127 : kind == ERR_NO_EXEC ? 126 : 125;
}

void monitor_note(const struct monitor *m)
{
    struct err why = ERR_INIT;

    if (store_container_write(m->job.dir, m->job.record, false, &why) < 0)
        log_debug("%s", why.text);
}

/* Writes down that it runs. Not durable: after a power cut nothing runs, whatever the record says. What runs without a
 * record that says so would be neither listed nor found: that is no start. */
static int note_started(struct monitor *m, struct err *err)
{
    struct store_container_record *record = m->job.record;
    char boot[PROC_BOOT_ID_MAX];

    proc_boot_id(boot);
    str_replace(&record->boot_id, str_dup(boot));
    str_replace(&record->error, NULL);
    record->status = STORE_CONTAINER_RUNNING;
    record->started = time_now();
    record->restarts = m->restarts.count;
    record->exit_code = 0;
    record->oom_killed = record->stopped = false;
    record->pid = m->program.process.pid;
    if (proc_number(m->program.process.pid, PROC_START_TIME, &record->pid_start) < 0)
        record->pid_start = 0; /* ended already */
    if (m->job.bound)          /* what its record says is enough to end it */
        return 0;
    return store_container_write(m->job.dir, record, false, err);
}

/* What it does not need any more, and would keep alive: the caller's descriptors (ours are close-on-exec) and
 * directory. */
static void let_go(struct monitor *m)
{
    int null = m->let_go ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);

    if (m->let_go)
        return;
    m->let_go = true;
    for (int i = 0; i < 3 && null >= 0; i++)
        dup2(null, i);
    fd_close(null);
    fd_close_inherited();
    if (chdir("/") < 0)
        log_debug("/: %s", strerror(errno));
}

/* Everything of the container that does not outlive its monitor goes; then everybody hears of it. With --rm the
 * container goes out of sight before, and its files are deleted afterwards. */
static void end_container(struct monitor *m, uint32_t type, const void *data, size_t len)
{
    const struct monitor_job *job = &m->job;
    struct err why = ERR_INIT;
    int r = program_clean_up(&m->program, &why);

    networks_end(&m->networks, job); /* who hears of the end finds its ports free */
    output_close(&m->output);        /* who hears of the end finds the whole log */
    if (job->record->remove && job->forget)
        job->forget(job->store, job->record->id);
    if (r == 0)
        r = job->record->remove ? store_container_remove(job->store, job->dir, job->record, false, &why)
                                : store_container_write(job->dir, job->record, true, &why);
    if (r < 0)
        log_debug("cleaning up: %s", why.text);
    if (job->record->remove)
        monitor_tell(job->store, job->record, "destroy", NULL, NULL);
    server_close(&m->server, job->store, job->record->id);
    if (job->record->remove)
        health_forget(store_state_path(job->store), job->record->id);
    else
        store_container_unlock(job->dir);
    server_tell_all(&m->server, type, data, len, NULL, 0);
    let_go(m);
    if (job->record->remove) {
        r = store_container_delete(job->store, job->dir, &why);
        if (r == 0)
            r = store_empty_trash(job->store, &why); /* over which an earlier one may have been killed */
        if (r < 0)
            log_debug("%s", why.text);
    }
    m->over = true;
}

static void start_failed(struct monitor *m, const struct err *err)
{
    struct store_container_record *record = m->job.record;

    str_replace(&record->error, str_dup(err->text));
    record->status = record->finished ? STORE_CONTAINER_EXITED : STORE_CONTAINER_CREATED;
    if (!record->finished)
        record->started = 0;
    record->pid = 0;
    record->exit_code = failure_code(err->kind);
    streams_end(&m->streams);
    end_container(m, MONITOR_FAILED, err, sizeof(*err));
}

void monitor_finish(struct monitor *m)
{
    const struct store_container_record *record = m->job.record;
    struct monitor_end end = {.code = (int32_t)record->exit_code, .oom_killed = record->oom_killed};

    loop_set_timer(&m->loop, &m->pause, 0);
    m->job.record->status = STORE_CONTAINER_EXITED;
    end_container(m, MONITOR_ENDED, &end, sizeof(end));
}

/* Whether it is to be started again, and when: at `pause` from now. */
static bool decide(struct monitor *m, int code)
{
    struct restart_end end = {.code = code, .ran = time_monotonic() - m->since, .stopped = m->stopping};

    if (!m->restart)
        return restart_decide(&m->job.options->host.restart_policy, &end, &m->restarts);
    m->restarts = (struct restart_state){0};
    return true;
}

static void tell_end(const struct monitor *m)
{
    const struct store_container_record *record = m->job.record;
    char code[16], seconds[24];

    if (record->oom_killed)
        monitor_tell(m->job.store, record, "oom", NULL, NULL);
    snprintf(code, sizeof(code), "%d", (int)record->exit_code);
    snprintf(seconds, sizeof(seconds), "%lld", (long long)((time_monotonic() - m->since) / 1000000000));
    monitor_tell_two(m->job.store, record, "die", "execDuration", seconds, "exitCode", code);
    monitor_tell_volumes(&m->job, false);
}

static void program_ended(struct loop_watch *w, uint32_t events _unused_)
{
    struct monitor *m = w->data;
    struct store_container_record *record = m->job.record;
    struct monitor_end end = {0};

    loop_watch(&m->loop, w, 0);
    w->fd = -1;
    end.code = program_reap(&m->job, &m->program);
    record->exit_code = end.code;
    record->finished = time_now();
    record->pid = 0;
    record->stopped = m->stopping && !m->restart;
    record->oom_killed = program_oom_killed(&m->program);
    health_end(&m->health);
    streams_end(&m->streams);
    monitor_end_following(m);
    output_end(&m->output);
    tell_end(m);
    end.again = decide(m, end.code);
    if (!end.again) {
        monitor_finish(m);
        return;
    }
    program_clean_up(&m->program, NULL);
    networks_pause(&m->networks, &m->job);
    record->status = STORE_CONTAINER_RESTARTING;
    monitor_note(m);
    loop_set_timer(&m->loop, &m->pause, time_monotonic() + (m->restart ? 0 : m->restarts.pause));
    server_tell_all(&m->server, MONITOR_ENDED, &end, sizeof(end), NULL, 0);
}

static int begin_service(void *data, struct err *err)
{
    struct monitor *m = data;

    if (m->server.listener.fd >= 0 || m->job.bound)
        return 0;
    if (m->attach)
        monitor_tell(m->job.store, m->job.record, "attach", NULL, NULL);
    return server_listen(&m->server, m->job.store, m->job.record->id, err);
}

static void health_changed(void *data, const char *status)
{
    struct monitor *m = data;

    str_replace(&m->job.record->health, str_dup(status));
    monitor_note(m);
}

static void begin_health(struct monitor *m)
{
    const struct oci_container_config *config = &m->job.options->config.config;
    const struct health_job job = {.loop = &m->loop,
                                   .state = store_state_path(m->job.store),
                                   .check = config->healthcheck,
                                   .shell = config->shell,
                                   .spec = m->job.spec,
                                   .record = m->job.record,
                                   .changed = health_changed,
                                   .data = m};

    if (health_is_wanted(config->healthcheck))
        health_begin(&m->health, &job, m->program.process.pid, m->program.process.pidfd);
}

/* One run begins. */
static int begin(struct monitor *m, struct err *err)
{
    int r = output_open(&m->output, &m->loop, &m->job, err);

    if (r == 0)
        r = networks_begin(&m->networks, &m->loop, &m->job, err);
    networks_join(&m->networks, m->job.spec);
    if (r == 0)
        r = program_start(&m->job, &m->streams, &m->program, begin_service, m, err);
    if (r == 0) {
        m->since = time_monotonic();
        m->stopping = m->restart = false;
        r = note_started(m, err);
        if (r < 0) {
            proc_signal(m->program.process.pidfd, SIGKILL);
            program_reap(&m->job, &m->program);
        }
    }
    if (r < 0)
        return r;
    m->program_watch = (struct loop_watch){.fd = m->program.process.pidfd, .ready = program_ended, .data = m};
    loop_watch(&m->loop, &m->program_watch, EPOLLIN);
    monitor_tell_volumes(&m->job, true);
    monitor_tell(m->job.store, m->job.record, "start", NULL, NULL);
    begin_health(m);
    loop_set_timer(&m->loop, &m->rest, m->since + moment);
    if (!m->attach && !m->job.bound) /* who follows it, waits for it anyway */
        let_go(m);
    server_tell_all(&m->server, MONITOR_STARTED, NULL, 0, &m->program.process.pidfd, 1);
    return 0;
}

static void keep_house(struct monitor *m)
{
    if (m->job.housekeeping)
        m->job.housekeeping(m->job.store);
    m->job.housekeeping = NULL;
}

static void rest(struct loop_timer *t)
{
    let_go(t->data);
    keep_house(t->data);
    monitor_slim();
}

static void begin_again(struct loop_timer *t)
{
    struct monitor *m = t->data;
    struct err err = ERR_INIT;

    if (begin(m, &err) < 0)
        start_failed(m, &err);
}

static void asked(void *data, struct connection *from, const struct frame *frame)
{
    monitor_answer(data, from, frame);
}

static void gone(void *data, struct connection *c)
{
    struct monitor *m = data;

    monitor_detach(m, c);
    if (m->job.bound && m->program_watch.fd >= 0)
        proc_signal(m->program_watch.fd, SIGKILL);
}

/* The first run, whose failure is the start's. Its follower is there before the first byte is read. */
static void begin_first(struct monitor *m)
{
    struct err err = ERR_INIT;
    struct connection *starter;

    if (begin(m, &err) < 0) {
        start_failed(m, &err);
        return;
    }
    starter = m->server.connections;
    if (m->attach && starter)
        monitor_attach(m, starter, m->attach);
}

static int be_monitor(const struct monitor_job *job, int socket, unsigned attach)
{
    struct monitor m = {.job = *job,
                        .attach = attach,
                        .networks = NETWORKS_NONE,
                        .program = PROGRAM_NONE,
                        .program_watch = {.fd = -1},
                        .pause = {.due = begin_again, .data = &m},
                        .rest = {.due = rest, .data = &m},
                        .server = {.loop = &m.loop, .listener = {.fd = -1}, .asked = asked, .gone = gone, .data = &m}};
    struct err err = ERR_INIT;
    int r = loop_open(&m.loop, &err);

    if (r < 0)
        return 1;
    streams_init(&m.streams, &m.loop);
    m.streams.written = output_written;
    m.streams.data = &m.output;
    server_adopt(&m.server, socket);
    begin_first(&m);
    while (r == 0 && (!m.over || streams_are_late(&m.streams)))
        r = loop_step(&m.loop, &err);
    keep_house(&m);
    return r < 0;
}

int monitor_fork(const struct monitor_job *job, unsigned attach, int *ret_socket, struct err *err)
{
    int pair[2], r = frame_pair(pair);
    pid_t pid;

    if (r < 0)
        return err_errno(err, -r, "making a pair of sockets");
    pid = fork();
    if (pid == 0) {
        fd_close(pair[0]);
        setsid();
        prctl(PR_SET_NAME, "cbox-monitor");
        signal(SIGPIPE, SIG_IGN); /* followers come and go */
        _exit(be_monitor(job, pair[1], attach));
    }
    fd_close(pair[1]);
    if (pid < 0) {
        r = err_errno(err, errno, "starting the monitor");
        fd_close(pair[0]);
        return r;
    }
    *ret_socket = pair[0];
    return 0;
}

/* The health check in the monitor's loop. */
#include "base/log.h"
#include "base/time.h"
#include "event/event.h"
#include "monitor/health_internal.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* What starting a probe may take beside its own time, before it is given up with its prober. */
#define START_LIMIT INT64_C(60000000000)

static void begin_probe(struct loop_timer *t);

static void announce(struct health *h)
{
    const struct store_container_record *r = h->job.record;
    _cleanup_free_ char *action = str_printf("health_status: %s", h->state.status);

    event_emit(h->job.state, "container", action, r->id, r->labels, "image", r->image, "name", r->name, NULL);
}

/* `changed`: the status did. */
static void note(struct health *h, bool changed)
{
    health_write(h->job.state, h->job.record->id, &h->state);
    if (changed && h->job.changed)
        h->job.changed(h->job.data, h->state.status);
}

static void set_timer(struct health *h, void (*due)(struct loop_timer *t), int64_t from_now)
{
    h->timer.due = due;
    h->timer.data = h;
    loop_set_timer(h->job.loop, &h->timer, from_now ? time_monotonic() + from_now : 0);
}

static void plan_next(struct health *h)
{
    set_timer(h, begin_probe, health_interval(&h->state, h->job.check, h->started, time_now()));
}

/* The prober goes, and the probe with it: it dies with its parent. */
static void drop_prober(struct health *h)
{
    struct health_prober *p = &h->prober;

    if (p->answer.fd < 0)
        return;
    loop_watch(h->job.loop, &p->answer, 0);
    p->answer.fd = fd_close(p->answer.fd);
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    buf_free(&p->bytes);
}

static void take_result(struct health *h, struct health_result *result)
{
    bool changed = health_judge(&h->state, h->job.check, h->started, result);

    note(h, changed);
    if (changed)
        announce(h);
    plan_next(h);
}

static void prober_failed(struct health *h, const char *why)
{
    struct health_result result = {.start = time_now(), .end = time_now(), .exit_code = -1, .output = str_dup(why)};

    drop_prober(h);
    take_result(h, &result);
}

static void prober_late(struct loop_timer *t)
{
    prober_failed(t->data, "The health check could not be started in time");
}

static void answer_ready(struct loop_watch *w, uint32_t events _unused_)
{
    struct health *h = w->data;
    struct buf *bytes = &h->prober.bytes;
    struct health_answer answer;
    struct health_result result;
    ssize_t n = read(w->fd, buf_reserve(bytes, sizeof(answer)), sizeof(answer));

    if (n > 0)
        buf_grown(bytes, (size_t)n);
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    if (bytes->len != sizeof(answer)) {
        prober_failed(h, "The health check was killed");
        return;
    }
    memcpy(&answer, bytes->p, sizeof(answer));
    drop_prober(h);
    result = (struct health_result){
        .start = answer.start, .end = answer.end, .exit_code = answer.exit_code, .output = str_dup(answer.output)};
    take_result(h, &result);
}

/* Keeps `fd` and what the probe takes, and nothing else of the monitor's: neither its lock nor what its followers wait
 * for the end of. */
static _Noreturn void be_prober(struct health *h, int fd)
{
    enum { ANSWER = 3, FIRST_PROCESS, REST };
    struct health_result result;
    struct health_answer answer = {0};
    int to = fcntl(fd, F_DUPFD, REST), pidfd = fcntl(h->pidfd, F_DUPFD, REST);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "cbox-health");
    if (to < 0 || pidfd < 0 || dup3(to, ANSWER, O_CLOEXEC) < 0 || dup3(pidfd, FIRST_PROCESS, O_CLOEXEC) < 0)
        _exit(1);
    close_range(REST, ~0U, 0);
    h->pidfd = FIRST_PROCESS;
    health_probe(h, &result);
    answer = (struct health_answer){.start = result.start, .end = result.end, .exit_code = result.exit_code};
    snprintf(answer.output, sizeof(answer.output), "%s", result.output ? result.output : "");
    _exit(fd_write_all(ANSWER, &answer, sizeof(answer)) < 0);
}

static void begin_probe(struct loop_timer *t)
{
    struct health *h = t->data;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0) {
        prober_failed(h, strerror(errno));
        return;
    }
    h->prober.pid = fork();
    if (h->prober.pid == 0)
        be_prober(h, ends[1]);
    fd_close(ends[1]);
    if (h->prober.pid < 0) {
        fd_close(ends[0]);
        prober_failed(h, strerror(errno));
        return;
    }
    fd_set_nonblock(ends[0], 1);
    h->prober.answer = (struct loop_watch){.fd = ends[0], .ready = answer_ready, .data = h};
    loop_watch(h->job.loop, &h->prober.answer, EPOLLIN);
    set_timer(h, prober_late, health_timeout(h->job.check) + START_LIMIT);
}

void health_begin(struct health *h, const struct health_job *job, pid_t pid, int pidfd)
{
    h->job = *job;
    h->pid = pid;
    h->pidfd = pidfd;
    h->started = time_now();
    h->prober.answer.fd = -1;
    health_state_begin(&h->state);
    note(h, true);
    plan_next(h);
}

void health_end(struct health *h)
{
    if (!h->pid)
        return;
    drop_prober(h);
    set_timer(h, begin_probe, 0);
    h->pid = 0;
    note(h, health_state_end(&h->state));
    health_state_release(&h->state);
}

void health_look_at(struct health *h, const struct oci_healthcheck *check, char *const *shell,
                    const struct oci_spec *spec)
{
    if (!health_is_wanted(check))
        health_end(h);
    h->job.check = check;
    h->job.shell = shell;
    h->job.spec = spec;
}

void health_pause(struct health *h, bool paused)
{
    if (!h->pid)
        return;
    drop_prober(h);
    if (paused)
        set_timer(h, begin_probe, 0);
    else
        plan_next(h);
}

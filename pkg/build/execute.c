#include "build/execute.h"

#include "base/time.h"
#include "image/signals.h"
#include "sys/aside.h"
#include "sys/fd.h"
#include "sys/frame.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- telling ---- */

static struct build_event about(const struct building *b, size_t stage, enum build_event_kind kind)
{
    const struct build_stage *s = &b->plan->stages.v[stage];
    const struct build_progress *p = &b->progress[stage];

    return (struct build_event){.kind = kind,
                                .step = p->first + p->next,
                                .steps = b->plan->n_steps,
                                .stage = s->name,
                                .title = s->steps.v[p->next].title};
}

static void tell(const struct building *b, const struct build_event *e)
{
    b->watcher->event(b->watcher->data, e);
}

static void tell_plan(struct building *b)
{
    size_t first = 0;

    tell(b, &(struct build_event){.kind = BUILD_PLANNED, .steps = b->plan->n_steps});
    for (size_t i = 0; i < b->plan->n_order; i++) {
        const struct build_stage *s = &b->plan->stages.v[b->plan->order[i]];
        struct build_progress *p = &b->progress[b->plan->order[i]];

        p->first = first;
        for (p->next = 0; p->next < s->steps.n; p->next++) {
            struct build_event e = about(b, b->plan->order[i], BUILD_STEP);

            tell(b, &e);
        }
        p->next = 0;
        first += s->steps.n;
    }
}

/* ---- what a stage stands on ---- */

static bool is_done(const struct building *b, size_t stage)
{
    return b->progress[stage].next == b->plan->stages.v[stage].steps.n;
}

static bool is_there(const struct building *b, const struct build_source *source)
{
    return source->kind != BUILD_SOURCE_STAGE || is_done(b, source->index);
}

static bool is_ready(const struct building *b, size_t stage)
{
    const struct build_stage *s = &b->plan->stages.v[stage];
    const struct build_progress *p = &b->progress[stage];
    const struct build_step *step;

    if (is_done(b, stage) || p->busy)
        return false;
    step = &s->steps.v[p->next];
    if (step->kind == BUILD_STEP_FROM)
        return s->scratch || is_there(b, &s->base);
    VEC_FOREACH (source, &step->sources)
        if (!is_there(b, source))
            return false;
    return true;
}

void build_source_layers(const struct building *b, const struct build_source *source, build_layers *ret)
{
    if (source->kind == BUILD_SOURCE_STAGE) {
        VEC_FOREACH (layer, &b->progress[source->index].layers)
            *VEC_PUSH(ret) = *layer;
    } else if (source->kind == BUILD_SOURCE_IMAGE) {
        const struct oci_image_config *config = &b->plan->images.v[source->index].config;

        for (size_t i = 0; i < oci_image_config_layers(config); i++)
            oci_image_config_diff_id(config, i, VEC_PUSH(ret));
    }
}

static void take_base(struct building *b, size_t stage)
{
    const struct build_stage *s = &b->plan->stages.v[stage], *base;
    struct build_progress *p = &b->progress[stage];

    if (s->scratch)
        return;
    build_source_layers(b, &s->base, &p->layers);
    if (s->base.kind != BUILD_SOURCE_STAGE)
        return;
    base = &b->plan->stages.v[s->base.index];
    VEC_FOREACH (layer, &b->progress[s->base.index].made)
        *VEC_PUSH(&p->made) = *layer;
    for (size_t i = 0; i < s->base_history; i++)
        s->config.history.v[i].empty_layer = base->config.history.v[i].empty_layer;
}

/* ---- steps that are done ---- */

static void take_done(struct building *b, size_t stage, const struct build_done *done)
{
    struct build_stage *s = &b->plan->stages.v[stage];
    struct build_progress *p = &b->progress[stage];
    const struct build_step *step = &s->steps.v[p->next];

    strv_add(&b->keys, done->key);
    s->config.history.v[step->history].empty_layer = done->layer.empty;
    if (done->layer.empty)
        return;
    *VEC_PUSH(&p->layers) = done->layer.diff_id;
    *VEC_PUSH(&p->made) = done->layer;
}

static void end_step(struct building *b, size_t stage, bool cached, int64_t began)
{
    struct build_event e = about(b, stage, cached ? BUILD_CACHED : BUILD_DONE);

    e.nanoseconds = time_monotonic() - began;
    tell(b, &e);
    b->progress[stage].next++;
    b->progress[stage].busy = false;
}

/* ---- workers ---- */

static int start_worker(struct building *b, size_t stage, struct err *err)
{
    struct build_worker w = {.stage = stage, .began = time_monotonic()};
    struct build_event e = about(b, stage, BUILD_STARTED);
    pid_t builder = getpid();
    int pair[2], r = frame_pair(pair);

    if (r < 0)
        return err_errno(err, -r, "making a pair of sockets");
    fflush(NULL);
    w.pid = fork();
    if (w.pid == 0) {
        aside_begin(builder);
        fd_close(pair[0]);
        fd_close(b->stop[1]);
        VEC_FOREACH (other, &b->workers)
            fd_close(other->socket);
        build_work(b, stage, pair[1]);
    }
    fd_close(pair[1]);
    if (w.pid < 0) {
        fd_close(pair[0]);
        return err_errno(err, errno, "starting a process");
    }
    w.socket = pair[0];
    *VEC_PUSH(&b->workers) = w;
    b->progress[stage].busy = true;
    tell(b, &e);
    return 0;
}

static void reap(struct building *b, size_t worker)
{
    struct build_worker *w = &b->workers.v[worker];

    fd_close(w->socket);
    while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *w = b->workers.v[--b->workers.n];
}

static void take_exit(struct building *b, const struct frame *f)
{
    int32_t code;

    if (f->len < sizeof(code))
        return;
    memcpy(&code, f->data, sizeof(code));
    b->result->exit_code = code;
    if (f->len > sizeof(code))
        str_replace(&b->result->debug_container, str_ndup(f->data + sizeof(code), f->len - sizeof(code)));
}

static int take_failure(struct building *b, size_t stage, const struct frame *f, struct err *err)
{
    const struct build_step *step = &b->plan->stages.v[stage].steps.v[b->progress[stage].next];
    struct build_event e = about(b, stage, BUILD_FAILED);
    struct err why = ERR_INIT;
    int r = f ? frame_take_error(f, &why) : err_set(&why, ERR_IO, "the process that did it was killed");

    e.why = &why;
    tell(b, &e);
    if (r != ERR_INTERRUPTED) {
        b->result->problem.at = step->at;
        str_replace(&b->result->problem.message, str_dup(why.text));
        err_wrap(&why, "%s:%u", b->result->dockerfile.name, step->at.line);
    }
    if (err)
        *err = why;
    return r;
}

static void pass_on(const struct building *b, size_t stage, const struct frame *f)
{
    struct build_event e = about(b, stage, f->type == BUILD_WORD_TEXT ? BUILD_TEXT : BUILD_EXPLAINED);
    size_t skip = f->type == BUILD_WORD_TEXT && f->len ? 1 : 0;

    e.stream = skip ? f->data[0] : 0;
    e.text = f->data + skip;
    e.len = f->len - skip;
    tell(b, &e);
}

static void pass_progress(const struct building *b, size_t stage, const struct frame *f)
{
    struct build_event e = about(b, stage, BUILD_PROGRESS);
    int64_t numbers[2];

    if (f->len != sizeof(numbers))
        return;
    memcpy(numbers, f->data, sizeof(numbers));
    e.now = numbers[0];
    e.total = numbers[1];
    tell(b, &e);
}

static int take_result(struct building *b, size_t worker, const struct frame *f, struct err *err)
{
    struct build_worker *w = &b->workers.v[worker];
    size_t stage = w->stage;
    int64_t began = w->began;
    struct build_done done;

    if (f->len != sizeof(done))
        return err_set(err, ERR_INTERNAL, "a result of %u bytes", f->len);
    memcpy(&done, f->data, sizeof(done));
    reap(b, worker);
    take_done(b, stage, &done);
    end_step(b, stage, done.cached, began);
    return 0;
}

/* One message. */
static int hear(struct building *b, size_t worker, struct err *err)
{
    struct build_worker *w = &b->workers.v[worker];
    size_t stage = w->stage;
    struct frame f = {0};
    int r = frame_receive(w->socket, &f);

    if (r != 1 || f.type == BUILD_WORD_FAILED) {
        reap(b, worker);
        b->progress[stage].busy = false;
        r = take_failure(b, stage, r == 1 ? &f : NULL, err);
    } else if (f.type == BUILD_WORD_DONE) {
        r = take_result(b, worker, &f, err);
    } else {
        r = 0;
        if (f.type == BUILD_WORD_EXIT)
            take_exit(b, &f);
        else if (f.type == BUILD_WORD_PROGRESS)
            pass_progress(b, stage, &f);
        else
            pass_on(b, stage, &f);
    }
    frame_release(&f);
    return r;
}

/* ---- all of it ---- */

static int begin_step(struct building *b, size_t stage, struct err *err)
{
    const struct build_stage *s = &b->plan->stages.v[stage];
    int64_t began = time_monotonic();
    struct build_done done = {.cached = true};

    if (s->steps.v[b->progress[stage].next].kind == BUILD_STEP_FROM) {
        take_base(b, stage);
        end_step(b, stage, true, began);
        return 0;
    }
    if (!build_find_at_once(b, stage, &done))
        return start_worker(b, stage, err);
    take_done(b, stage, &done);
    end_step(b, stage, true, began);
    return 0;
}

/* Until nothing more can be begun at the moment. */
static int begin_ready(struct building *b, struct err *err)
{
    size_t most = (size_t)MAX_OF(sysconf(_SC_NPROCESSORS_ONLN), 1L) + 1;
    bool begun = true;
    int r = 0;

    while (r == 0 && begun) {
        begun = false;
        for (size_t i = 0; r == 0 && i < b->plan->n_order; i++)
            if (b->workers.n < most && is_ready(b, b->plan->order[i])) {
                begun = true;
                r = begin_step(b, b->plan->order[i], err);
            }
    }
    return r;
}

static int wait_for_news(struct building *b, struct err *err)
{
    struct pollfd *fds = mem_zalloc(b->workers.n + 1, sizeof(*fds));
    size_t n = b->workers.n;
    int r = 0;

    for (size_t i = 0; i < n; i++)
        fds[i] = (struct pollfd){.fd = b->workers.v[i].socket, .events = POLLIN};
    fds[n] = (struct pollfd){.fd = b->wake_fd, .events = POLLIN};
    if (poll(fds, n + 1, b->watcher->tick ? b->watcher->tick : -1) < 0 && errno != EINTR)
        r = err_errno(err, errno, "waiting for a step");
    if (b->watcher->tick)
        tell(b, &(struct build_event){.kind = BUILD_TICK});
    if (r == 0)
        r = image_signals_check(err);
    for (size_t i = n; r == 0 && i-- > 0;) /* backwards: who ends has his place taken by one who was heard */
        if (fds[i].revents)
            r = hear(b, i, err);
    free(fds);
    return r;
}

/* Whatever they are at: what they say is not listened to any more. */
static void stop_all(struct building *b)
{
    b->stop[1] = fd_close(b->stop[1]);
    VEC_FOREACH (w, &b->workers)
        kill(w->pid, SIGTERM);
    while (b->workers.n) {
        struct build_worker *w = &b->workers.v[0];
        struct build_event e = about(b, w->stage, BUILD_CANCELED);
        struct frame f = {0};

        while (frame_receive(w->socket, &f) == 1)
            frame_release(&f);
        tell(b, &e);
        reap(b, 0);
    }
}

int build_execute(struct building *b, struct err *err)
{
    int r = 0;

    if (pipe2(b->stop, O_CLOEXEC) < 0)
        return err_errno(err, errno, "making a pipe");
    tell_plan(b);
    while (r == 0) {
        r = begin_ready(b, err);
        if (r < 0 || b->workers.n == 0)
            break;
        r = wait_for_news(b, err);
    }
    stop_all(b);
    b->stop[0] = fd_close(b->stop[0]);
    free(b->workers.v);
    b->workers.v = NULL;
    b->workers.cap = 0;
    return r;
}

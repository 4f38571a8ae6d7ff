/* What a monitor is asked for. */
#include "base/log.h"
#include "monitor/documents.h"
#include "monitor/internal.h"
#include "sys/fd.h"

static void done(struct monitor *m, struct connection *to, const int *pidfd)
{
    uint8_t mask = pidfd ? 1 << MONITOR_PROGRAM : 0;

    server_tell(&m->server, to, MONITOR_DONE, &mask, sizeof(mask), pidfd, pidfd != NULL);
}

static void refuse(struct monitor *m, struct connection *to, int kind, const char *text)
{
    struct err err = ERR_INIT;

    err_set(&err, kind, "%s", text);
    server_tell(&m->server, to, MONITOR_REFUSED, &err, sizeof(err), NULL, 0);
}

static void done_running(struct monitor *m, struct connection *to)
{
    done(m, to, m->program_watch.fd >= 0 ? &m->program_watch.fd : NULL);
}

/* ---- streams ---- */

/* In the order of enum monitor_stream; those that were made for this are to be closed once they were sent. */
static int gather(struct monitor *m, struct connection *c, unsigned wanted, struct monitor_fds *ret)
{
    struct streams *s = &m->streams;

    c->follows = true;
    if (wanted & 1 << MONITOR_INPUT && s->input >= 0) {
        ret->fds[MONITOR_INPUT] = s->input;
        c->input = true;
    }
    for (int which = MONITOR_OUTPUT; which <= MONITOR_ERRORS; which++) {
        struct stream_tap **tap = &c->taps[which - MONITOR_OUTPUT];
        int fd = wanted & 1U << which && !*tap ? streams_tap(s, (enum monitor_stream)which, tap) : -EPIPE;

        if (fd < 0 && fd != -EPIPE)
            return fd;
        ret->fds[which] = MAX_OF(fd, -1);
    }
    ret->fds[MONITOR_TERMINAL] = s->terminal;
    ret->fds[MONITOR_PROGRAM] = m->program_watch.fd;
    return 0;
}

void monitor_attach(struct monitor *m, struct connection *c, unsigned wanted)
{
    struct monitor_fds all = MONITOR_FDS_NONE;
    int fds[FRAME_FDS_MAX], r = gather(m, c, wanted, &all);
    uint8_t mask = 0;
    size_t n = 0;

    for (size_t i = 0; i < MONITOR_STREAMS; i++)
        if (all.fds[i] >= 0 && n < FRAME_FDS_MAX) {
            mask |= (uint8_t)(1U << i);
            fds[n++] = all.fds[i];
        }
    if (r == 0)
        server_tell(&m->server, c, MONITOR_DONE, &mask, sizeof(mask), fds, n);
    else
        refuse(m, c, ERR_IO, strerror(-r));
    fd_close(all.fds[MONITOR_OUTPUT]);
    fd_close(all.fds[MONITOR_ERRORS]);
}

static void answer_attach(struct monitor *m, struct connection *from, const struct frame *frame)
{
    if (frame->len != 1) {
        refuse(m, from, ERR_INVALID, "it has to say which streams");
    } else if (m->program_watch.fd < 0) {
        refuse(m, from, ERR_BUSY, "cannot attach to a restarting container, wait until the container is running");
    } else {
        monitor_attach(m, from, (unsigned char)*frame->data);
        monitor_tell(m->job.store, m->job.record, "attach", NULL, NULL);
    }
}

/* Input that is attached once ends with its follower. */
static void end_input(struct monitor *m, struct connection *c)
{
    if (c->input && m->job.options->config.stdin_once)
        streams_close_input(&m->streams);
    c->input = false;
}

/* Nobody will read what a container that is removed at its end writes when nobody follows: its program is to know. Of
 * others there is the log. The follower's tap may be gone already: its pipe broke before it said so. */
static void let_go_of_output(struct monitor *m, size_t i, struct stream_tap *tap)
{
    struct stream_source *source = &m->streams.sources[i];

    if (tap)
        streams_untap(&m->streams, tap);
    if (!source->taps && m->job.record->remove)
        streams_close_source(source);
}

static void answer_let_go(struct monitor *m, struct connection *from, const struct frame *frame)
{
    unsigned streams = frame->len == 1 && from->follows ? (unsigned char)*frame->data : 0;

    if (streams & 1 << MONITOR_INPUT)
        end_input(m, from);
    for (size_t i = 0; i < ARRAY_SIZE(from->taps); i++)
        if (streams & 1U << (MONITOR_OUTPUT + i))
            let_go_of_output(m, i, from->taps[i]);
    done(m, from, NULL);
}

void monitor_detach(struct monitor *m, struct connection *c)
{
    end_input(m, c);
    for (size_t i = 0; i < ARRAY_SIZE(c->taps); i++)
        if (c->taps[i])
            streams_untap(&m->streams, c->taps[i]);
}

/* Who followed it may be slow to let go, or to end: by then another run may have begun. */
void monitor_end_following(struct monitor *m)
{
    for (struct connection *c = m->server.connections; c; c = c->next)
        c->follows = c->input = false;
}

/* ---- life ---- */

static void answer_stopping(struct monitor *m, struct connection *from, const struct frame *frame _unused_)
{
    m->stopping = m->job.record->stopped = true;
    m->restart = false;
    monitor_note(m);
    done_running(m, from);
    if (m->program_watch.fd < 0 && !m->over)
        monitor_finish(m);
}

static void answer_restart(struct monitor *m, struct connection *from, const struct frame *frame _unused_)
{
    m->restart = true;
    if (m->program_watch.fd < 0 && !m->over)
        loop_set_timer(&m->loop, &m->pause, 1); /* at once */
    done_running(m, from);
}

static void answer_rename(struct monitor *m, struct connection *from, const struct frame *frame)
{
    str_replace(&m->job.record->name, str_ndup(frame->data, frame->len));
    monitor_note(m);
    networks_rename(&m->networks, &m->job);
    done(m, from, NULL);
}

/* Options and specification, if they can be read. */
static void reload(struct monitor *m)
{
    struct engine_options options = {0};
    struct oci_spec spec = {0};
    struct err why = ERR_INIT;
    int r = documents_read_options(m->job.dir, &options, &why);

    if (r == 0) {
        r = documents_read_spec(m->job.dir, &spec, &why);
        if (r < 0)
            engine_options_release(&options);
    }
    if (r < 0) {
        log_debug("%s", why.text);
        return;
    }
    engine_options_release(&m->own_options);
    oci_spec_release(&m->own_spec);
    m->own_options = options;
    m->own_spec = spec;
    m->job.options = &m->own_options;
    m->job.spec = &m->own_spec;
    health_look_at(&m->health, m->own_options.config.config.healthcheck, m->own_options.config.config.shell,
                   &m->own_spec);
}

static void answer_reload(struct monitor *m, struct connection *from, const struct frame *frame _unused_)
{
    reload(m);
    done(m, from, NULL);
}

static void answer_paused(struct monitor *m, struct connection *from, const struct frame *frame)
{
    if (m->program_watch.fd < 0) {
        refuse(m, from, ERR_BUSY, "it does not run");
        return;
    }
    m->job.record->status = frame->len && *frame->data ? STORE_CONTAINER_PAUSED : STORE_CONTAINER_RUNNING;
    health_pause(&m->health, m->job.record->status == STORE_CONTAINER_PAUSED);
    monitor_note(m);
    done(m, from, NULL);
}

/* ---- networks ---- */

static void answer(struct monitor *m, struct connection *to, int r, const struct err *why)
{
    if (r < 0)
        server_tell(&m->server, to, MONITOR_REFUSED, why, sizeof(*why), NULL, 0);
    else
        done(m, to, NULL);
}

static int change_networks(struct monitor *m, const struct engine_endpoint *add, const char *remove, struct err *err)
{
    int r = monitor_write_networks(m->job.dir, m->job.record, add, remove, err);

    if (r == 0)
        reload(m);
    return r;
}

/* Only while it runs: between two runs the options alone are changed, which the next one reads. */
static void answer_connect(struct monitor *m, struct connection *from, const struct frame *frame)
{
    struct engine_endpoint wanted = {0};
    struct err why = ERR_INIT;
    int r = json_parse(frame->data, frame->len, &engine_endpoint_type, &wanted, &why);

    if (r == 0 && m->program_watch.fd >= 0)
        r = networks_connect(&m->networks, &m->job, m->program.process.pid, &wanted, &why);
    if (r == 0) {
        r = change_networks(m, &wanted, NULL, &why);
        if (r < 0)
            networks_disconnect(&m->networks, &m->job, wanted.network, NULL);
    }
    json_free(&engine_endpoint_type, &wanted);
    answer(m, from, r, &why);
}

static void answer_disconnect(struct monitor *m, struct connection *from, const struct frame *frame)
{
    _cleanup_free_ char *network = str_ndup(frame->data, frame->len);
    struct err why = ERR_INIT;
    int r = networks_disconnect(&m->networks, &m->job, network, &why);

    if (r == 0)
        r = change_networks(m, NULL, network, &why);
    answer(m, from, r, &why);
}

static const struct {
    enum monitor_message message;
    void (*answer)(struct monitor *m, struct connection *from, const struct frame *frame);
} answers[] = {
    {MONITOR_ATTACH, answer_attach},   {MONITOR_LET_GO, answer_let_go},   {MONITOR_STOPPING, answer_stopping},
    {MONITOR_RESTART, answer_restart}, {MONITOR_RENAME, answer_rename},   {MONITOR_RELOAD, answer_reload},
    {MONITOR_PAUSED, answer_paused},   {MONITOR_CONNECT, answer_connect}, {MONITOR_DISCONNECT, answer_disconnect},
};

void monitor_answer(struct monitor *m, struct connection *from, const struct frame *frame)
{
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        if (answers[i].message == frame->type) {
            answers[i].answer(m, from, frame);
            return;
        }
    refuse(m, from, ERR_UNSUPPORTED, "this container's monitor does not know what it is asked for");
}

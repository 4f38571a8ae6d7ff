#include "monitor/streams.h"

#include "sys/fd.h"

#include <fcntl.h>

/* What is read at once, and what a pipe may hold at its end (pipe(7): the most that an unprivileged user may set). */
enum { READ_MAX = 65536, REST_MAX = 1 << 20 };

void streams_init(struct streams *s, struct loop *loop)
{
    *s = (struct streams){.loop = loop, .theirs = {-1, -1, -1}, .input = -1, .terminal = -1};
    for (size_t i = 0; i < ARRAY_SIZE(s->sources); i++)
        s->sources[i] = (struct stream_source){
            .streams = s, .which = i ? MONITOR_ERRORS : MONITOR_OUTPUT, .watch = {.fd = -1}, .bytes = BUF_INIT};
}

static void close_theirs(struct streams *s)
{
    for (size_t i = 0; i < ARRAY_SIZE(s->theirs); i++)
        s->theirs[i] = fd_close(s->theirs[i]);
}

int streams_open(struct streams *s, bool input, struct err *err)
{
    for (int i = input ? 0 : 1; i < 3; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
            return err_errno(err, errno, "making a pipe");
        s->theirs[i] = ends[i ? 1 : 0];
        if (i)
            s->sources[i - 1].watch.fd = ends[0];
        else
            s->input = ends[1];
    }
    return 0;
}

static void unlink_tap(struct stream_tap **list, const struct stream_tap *tap)
{
    while (*list && *list != tap)
        list = &(*list)->next;
    if (*list)
        *list = tap->next;
}

/* Reads on when all followers have taken what there was. */
static void settle(struct stream_source *source)
{
    bool taken = true;

    for (const struct stream_tap *tap = source->taps; tap; tap = tap->next)
        taken = taken && tap->done == source->bytes.len;
    if (taken) {
        buf_clear(&source->bytes);
        for (struct stream_tap *tap = source->taps; tap; tap = tap->next)
            tap->done = 0;
    }
    if (source->watch.fd >= 0)
        loop_watch(source->streams->loop, &source->watch, taken ? EPOLLIN : 0);
}

void streams_untap(struct streams *s, struct stream_tap *tap)
{
    struct stream_source *source = tap->source;

    loop_watch(s->loop, &tap->watch, 0);
    unlink_tap(source ? &source->taps : &s->late, tap);
    fd_close(tap->watch.fd);
    buf_free(&tap->rest);
    if (tap->owner)
        *tap->owner = NULL;
    free(tap);
    if (source)
        settle(source);
}

/* Gives bytes to a follower: how many it took. */
static size_t give(const struct stream_tap *tap, const char *bytes, size_t len, bool *ret_gone)
{
    size_t given = 0;

    while (given < len && !*ret_gone) {
        ssize_t n = write(tap->watch.fd, bytes + given, len - given);

        if (n > 0)
            given += (size_t)n;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            *ret_gone = true;
    }
    return given;
}

static void feed(struct stream_tap *tap)
{
    const struct buf *bytes = tap->source ? &tap->source->bytes : &tap->rest;
    bool gone = false;

    tap->done += give(tap, bytes->p + tap->done, bytes->len - tap->done, &gone);
    if (gone || (!tap->source && tap->done == bytes->len))
        streams_untap(tap->streams, tap);
    else
        loop_watch(tap->streams->loop, &tap->watch, tap->done < bytes->len ? EPOLLOUT : 0);
}

static void feed_all(struct stream_source *source)
{
    for (struct stream_tap *tap = source->taps, *next; tap; tap = next) {
        next = tap->next;
        feed(tap);
    }
    settle(source);
}

static void tap_ready(struct loop_watch *w, uint32_t events _unused_)
{
    struct stream_tap *tap = w->data;
    struct stream_source *source = tap->source;

    feed(tap);
    if (source)
        settle(source);
}

int streams_tap(struct streams *s, enum monitor_stream which, struct stream_tap **owner)
{
    struct stream_source *source = &s->sources[which == MONITOR_ERRORS];
    struct stream_tap *tap;
    int ends[2];

    if (source->watch.fd < 0)
        return -EPIPE;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    fd_set_nonblock(ends[1], 1);
    tap = mem_zalloc(1, sizeof(*tap));
    *tap = (struct stream_tap){.streams = s,
                               .source = source,
                               .watch = {.fd = ends[1], .ready = tap_ready, .data = tap},
                               .done = source->bytes.len, /* what was read before is not for it */
                               .owner = owner,
                               .next = source->taps};
    source->taps = *owner = tap;
    return ends[0];
}

/* Reads once, to be logged and given out: how much; 0 at the end. */
static ssize_t take(struct stream_source *source)
{
    char *to = buf_reserve(&source->bytes, READ_MAX);
    ssize_t n = read(source->watch.fd, to, READ_MAX);

    if (n > 0) {
        buf_grown(&source->bytes, (size_t)n);
        if (source->streams->written)
            source->streams->written(source->streams->data, source->which, to, (size_t)n);
    }
    return n < 0 ? -errno : n;
}

/* Followers go on with what they have not taken yet, each by itself. */
static void part_with(struct stream_source *source)
{
    struct streams *s = source->streams;
    struct stream_tap *tap;

    while ((tap = source->taps)) {
        source->taps = tap->next;
        tap->source = NULL;
        tap->next = s->late;
        s->late = tap;
        buf_add(&tap->rest, source->bytes.p + tap->done, source->bytes.len - tap->done);
        tap->done = 0;
        feed(tap);
    }
    buf_free(&source->bytes);
}

void streams_close_source(struct stream_source *source)
{
    struct streams *s = source->streams;

    if (source->watch.fd < 0)
        return;
    loop_watch(s->loop, &source->watch, 0);
    if (source->watch.fd == s->terminal)
        s->terminal = -1;
    source->watch.fd = fd_close(source->watch.fd);
    part_with(source);
}

static void source_ready(struct loop_watch *w, uint32_t events _unused_)
{
    struct stream_source *source = w->data;
    ssize_t n = take(source);

    if (n > 0)
        feed_all(source);
    else if (n != -EAGAIN && n != -EINTR) /* nobody holds the other end any more (EIO: of a terminal) */
        streams_close_source(source);
}

void streams_begin(struct streams *s, int terminal)
{
    close_theirs(s); /* or their ends would never be seen */
    s->terminal = terminal;
    if (terminal >= 0)
        s->sources[0].watch.fd = terminal;
    for (size_t i = 0; i < ARRAY_SIZE(s->sources); i++) {
        struct loop_watch *w = &s->sources[i].watch;

        if (w->fd < 0)
            continue;
        *w = (struct loop_watch){.fd = w->fd, .ready = source_ready, .data = &s->sources[i]};
        fd_set_nonblock(w->fd, 1);
        loop_watch(s->loop, w, EPOLLIN);
    }
}

void streams_close_input(struct streams *s)
{
    s->input = fd_close(s->input);
}

void streams_end(struct streams *s)
{
    close_theirs(s);
    streams_close_input(s);
    for (size_t i = 0; i < ARRAY_SIZE(s->sources); i++) {
        struct stream_source *source = &s->sources[i];
        size_t rest = 0;

        for (ssize_t n = 1; source->watch.fd >= 0 && n > 0 && rest < REST_MAX; rest += (size_t)MAX_OF(n, 0))
            n = take(source);
        streams_close_source(source);
    }
    s->terminal = fd_close(s->terminal);
}

bool streams_are_late(const struct streams *s)
{
    return s->late != NULL;
}

void streams_release(struct streams *s)
{
    streams_end(s);
    while (s->late)
        streams_untap(s, s->late);
}

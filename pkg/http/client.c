#include "http/internal.h"

#include "base/time.h"

static const int64_t millisecond = 1000000;

int http_new(const struct http_options *options, struct http **ret, struct err *err)
{
    struct http *h;
    struct http_limits *limits;
    int r = http_curl_open(err);

    if (r < 0)
        return r;
    h = mem_zalloc(1, sizeof(*h));
    h->options = *options;
    limits = &h->options.limits;
    limits->connect_seconds = limits->connect_seconds ? limits->connect_seconds : 15;
    limits->stall_seconds = limits->stall_seconds ? limits->stall_seconds : 20;
    limits->stall_rate = limits->stall_rate ? limits->stall_rate : 1024;
    limits->pause_ms = limits->pause_ms ? limits->pause_ms : 250;
    h->multi = http_curl.curl_multi_init();
    if (!h->multi) {
        free(h);
        return err_set(err, ERR_IO, "libcurl has no memory");
    }
    http_setup_authorities(h);
    *ret = h;
    return 0;
}

/* Frees ended transfers; all of them with `all`. */
static void reap(struct http *h, bool all)
{
    struct http_transfer **at = &h->transfers;

    while (*at) {
        struct http_transfer *t = *at;

        if (t->state != HTTP_ENDED && !all) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        /* Harmless where it was removed before. */
        if (t->easy)
            http_curl.curl_multi_remove_handle(h->multi, t->easy);
        http_transfer_free(t);
    }
}

void http_free(struct http *h)
{
    reap(h, true);
    http_curl.curl_multi_cleanup(h->multi);
    strv_free(h->answered);
    free(h->ca_dir);
    free(h->ca_bundle);
    free(h);
}

struct http_transfer *http_get(struct http *h, const struct http_request *request, const struct http_ops *ops,
                               void *ctx)
{
    return http_send(h, request, ops, ctx);
}

struct http_transfer *http_send(struct http *h, const struct http_request *request, const struct http_ops *ops,
                                void *ctx)
{
    struct http_transfer *t = mem_zalloc(1, sizeof(*t)), **at = &h->transfers;

    t->client = h;
    t->ops = ops;
    t->ctx = ctx;
    t->url = str_dup(request->url);
    t->origin = str_dup(request->origin);
    t->headers = strv_copy(request->headers);
    t->authorization = str_dup(request->authorization);
    t->form = str_dup(request->form);
    t->start = t->at = request->start;
    t->size = request->size;
    t->once = request->once;
    t->method = str_dup(request->method);
    t->body = request->body;
    if (request->body.bytes)
        t->body.bytes = t->body_bytes = mem_dup(request->body.bytes, (size_t)request->body.size);
    t->due = request->not_before;
    t->small = request->small;
    while (*at)
        at = &(*at)->next;
    *at = t;
    return t;
}

void http_cancel(struct http_transfer *t)
{
    /* libcurl may be inside of it, so it goes later. */
    t->state = HTTP_ENDED;
}

static void begin_due(struct http *h)
{
    int64_t now = time_monotonic();

    for (struct http_transfer *t = h->transfers; t; t = t->next)
        if (t->state == HTTP_PAUSED && t->due <= now)
            http_transfer_begin(t);
}

/* The time until the next pause ends in ms, -1 where none does. */
static int next_due(const struct http *h)
{
    int64_t now = time_monotonic(), next = INT64_MAX;

    for (const struct http_transfer *t = h->transfers; t; t = t->next)
        if (t->state == HTTP_PAUSED)
            next = MIN_OF(next, MAX_OF(t->due - now, 0));
    return next == INT64_MAX ? -1 : (int)((next + millisecond - 1) / millisecond);
}

static void collect(struct http *h)
{
    CURLMsg *message;
    int left;

    while ((message = http_curl.curl_multi_info_read(h->multi, &left))) {
        char *private = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        http_curl.curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        http_transfer_attempted((struct http_transfer *)private, code);
    }
}

/* One turn of all transfers without waiting. */
static void turn(struct http *h)
{
    int running;

    begin_due(h);
    http_curl.curl_multi_perform(h->multi, &running);
    collect(h);
    reap(h, false);
}

static int min_timeout(int a, int b)
{
    if (a < 0 || b < 0)
        return MAX_OF(a, b);
    return MIN_OF(a, b);
}

/* curl_multi_poll() says neither which of our descriptors hung up nor that a signal came: so who is ready is asked for
 * afterwards, and no wait is longer than a second. */
static void wait_once(struct http *h, const struct pollfd *fds, size_t n_fds, int timeout_ms)
{
    enum { FDS_MAX = 64 };
    struct curl_waitfd waits[FDS_MAX];
    unsigned n = (unsigned)MIN_OF(n_fds, (size_t)FDS_MAX);

    for (unsigned i = 0; i < n; i++)
        waits[i] = (struct curl_waitfd){
            .fd = fds[i].fd,
            .events = (short)((fds[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
                              (fds[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0)),
        };
    if (n_fds > FDS_MAX)
        timeout_ms = min_timeout(timeout_ms, 10);
    http_curl.curl_multi_poll(h->multi, waits, n, min_timeout(timeout_ms, 1000), NULL);
}

static int interrupted(const struct http *h, struct err *err)
{
    if (h->options.interrupted && *h->options.interrupted)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    return 0;
}

static int poll_plain(struct http *h, struct pollfd *fds, size_t n_fds, int timeout_ms, struct err *err)
{
    int ready;

    if (!n_fds)
        return 0;
    ready = poll(fds, n_fds, timeout_ms);
    if (ready < 0 && errno != EINTR)
        return err_errno(err, errno, "poll");
    if (interrupted(h, err) < 0)
        return ERR_INTERRUPTED;
    return MAX_OF(ready, 0);
}

int http_wait(struct http *h, struct pollfd *fds, size_t n_fds, int timeout_ms, struct err *err)
{
    int64_t end = timeout_ms < 0 ? INT64_MAX : time_monotonic() + timeout_ms * millisecond;
    unsigned ended = h->ended;

    reap(h, false);
    if (!h->transfers)
        return poll_plain(h, fds, n_fds, timeout_ms, err);
    for (;;) {
        int ready = 0;
        int64_t left;

        if (interrupted(h, err) < 0)
            return ERR_INTERRUPTED;
        turn(h);
        if (n_fds)
            ready = poll_plain(h, fds, n_fds, 0, err);
        left = end == INT64_MAX ? -1 : (end - time_monotonic()) / millisecond;
        if (ready || h->ended != ended || !h->transfers || (end != INT64_MAX && left <= 0))
            return ready;
        wait_once(h, fds, n_fds, min_timeout((int)left, next_due(h)));
    }
}

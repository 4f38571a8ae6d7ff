#include "http/http.h"
#include "sys/fd.h"

struct download {
    int fd;
    int64_t bytes, max;
    bool done;
    void (*answered)(void *data, const struct http_response *response);
    void *data;
    struct err err;
};

static int on_data(void *ctx, const void *bytes, size_t len, struct err *err)
{
    struct download *d = ctx;
    int r;

    d->bytes += (int64_t)len;
    if (d->max && d->bytes > d->max)
        return err_set(err, ERR_LIMIT, "the server sends more than %lld bytes", (long long)d->max);
    r = fd_write_all(d->fd, bytes, len);
    return r < 0 ? err_errno(err, -r, "writing what was downloaded") : 0;
}

static int on_restart(void *ctx, struct err *err)
{
    struct download *d = ctx;

    d->bytes = 0;
    if (lseek(d->fd, 0, SEEK_SET) < 0 || ftruncate(d->fd, 0) < 0)
        return err_errno(err, errno, "writing what was downloaded");
    return 0;
}

static void on_done(void *ctx, int status, const struct http_response *response, const struct err *err)
{
    struct download *d = ctx;

    d->done = true;
    if (status < 0)
        d->err = *err;
    else if (response->status < 200 || response->status > 299)
        err_set(&d->err, response->status == 404 ? ERR_NOT_FOUND : ERR_NETWORK, "the server answered with status %d",
                response->status);
    else if (d->answered)
        d->answered(d->data, response);
}

int http_download(struct http *h, const char *url, int fd, int64_t max,
                  void (*answered)(void *data, const struct http_response *response), void *data, struct err *err)
{
    static const struct http_ops ops = {.data = on_data, .restart = on_restart, .done = on_done};
    const struct http_request request = {.url = url, .size = -1};
    _cleanup_free_ char *scheme = NULL, *authority = NULL;
    struct download d = {.fd = fd, .max = max, .answered = answered, .data = data};
    /* No credentials in it, which would be shown. */
    int r = http_url_origin(url, &scheme, &authority, err);

    if (r == 0)
        http_get(h, &request, &ops, &d);
    while (r >= 0 && !d.done)
        r = http_wait(h, NULL, 0, -1, err);
    if (r < 0)
        return r;
    if (d.err.kind && err)
        *err = d.err;
    return d.err.kind;
}

/* Downloads: a queue in front of requests. */
#include "registry/internal.h"

#include "base/log.h"
#include "base/time.h"
#include "oci/manifest.h"

static void unlink_download(struct registry_download *d)
{
    struct registry_download **at = &d->registry->downloads;

    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
}

static void download_free(struct registry_download *d)
{
    oci_reference_release(&d->ref);
    strv_free(d->urls);
    free(d);
}

static void end(struct registry_download *d, int status, const struct err *err)
{
    const struct registry_download_ops *ops = d->ops;
    struct registry *r = d->registry;
    void *ctx = d->ctx;

    unlink_download(d);
    download_free(d);
    r->ended++;
    ops->done(ctx, status, err);
}

static int on_data(void *ctx, const void *bytes, size_t len, struct err *err)
{
    struct registry_download *d = ctx;

    return d->ops->data(d->ctx, bytes, len, err);
}

static int on_restart(void *ctx, struct err *err)
{
    struct registry_download *d = ctx;

    return d->ops->restart(d->ctx, err);
}

static int on_check(void *ctx, const struct http_response *response, struct err *err)
{
    struct registry_download *d = ctx;
    int r = d->ops->check ? d->ops->check(d->ctx, err) : 0;

    return r < 0 ? err_wrap(err, "from %s", response->authority) : 0;
}

/* ---- places that the layer itself names ---- */

static bool ask_elsewhere(struct registry_download *d);

static void elsewhere_done(void *ctx, int status, const struct http_response *response, const struct err *err)
{
    struct registry_download *d = ctx;
    struct err failure = err ? *err : ERR_INIT;

    d->elsewhere = NULL;
    if (status == 0 && (response->status < 200 || response->status > 299))
        status = err_set(&failure, ERR_NOT_FOUND, "%s answers with status %d", response->authority, response->status);
    if (status == 0)
        status = on_check(d, response, &failure);
    /* What came of it may be wrong: the next one begins anew. */
    if (status < 0 && d->urls[d->next_url] && on_restart(d, &failure) == 0) {
        d->start = 0;
        if (ask_elsewhere(d))
            return;
    }
    end(d, status, status < 0 ? &failure : NULL);
}

static const struct http_ops elsewhere_ops = {on_data, on_restart, elsewhere_done};

/* Asks the next of the URLs, if there is one: nothing is shown to it, and what it sends is believed by its digest
 * alone. An image must not make this machine ask without TLS, where its own services would answer. */
static bool ask_elsewhere(struct registry_download *d)
{
    for (const char *url; d->urls && (url = d->urls[d->next_url]);) {
        d->next_url++;
        if (!str_after(url, "https://")) {
            log_debug("registry: %s is passed over: it is not https", url);
            continue;
        }
        d->elsewhere =
            http_get(d->registry->http, &(struct http_request){.url = url, .start = d->start, .size = d->size},
                     &elsewhere_ops, d);
        return true;
    }
    return false;
}

static void on_done(void *ctx, int status, const struct err *err)
{
    struct registry_download *d = ctx;

    d->request = NULL;
    if (status != ERR_NOT_FOUND || !ask_elsewhere(d))
        end(d, status, err);
}

static const struct registry_request_ops request_ops = {on_data, on_restart, on_check, on_done};

static void begin(struct registry_download *d)
{
    struct registry_request_options options = {
        .ref = &d->ref, .digest = &d->digest, .start = d->start, .size = d->size};
    struct registry_repository *repository;
    struct err err = ERR_INIT;

    if (d->start == d->size)
        end(d, 0, NULL);
    else if (registry_repository_get(d->registry, &d->ref, &repository, &err) < 0)
        end(d, err.kind, &err);
    else
        d->request = registry_request_new(d->registry, repository, &options, &request_ops, d);
}

void registry_downloads_begin(struct registry *r)
{
    int64_t running = 0;
    struct registry_download *queued;

    /* done() may change the list, so every look at it starts from its beginning. */
    do {
        queued = NULL;
        running = 0;
        for (struct registry_download *d = r->downloads; d; d = d->next) {
            bool runs = d->request || d->elsewhere;

            running += runs;
            if (!queued && !runs)
                queued = d;
        }
        if (queued && running < *r->config->max_concurrent_downloads)
            begin(queued);
        else
            queued = NULL;
    } while (queued);
}

struct registry_download *registry_download(struct registry *r, const struct oci_reference *ref,
                                            const struct oci_descriptor *blob, int64_t start,
                                            const struct registry_download_ops *ops, void *ctx)
{
    struct registry_download *d = mem_zalloc(1, sizeof(*d)), **at = &r->downloads;
    struct oci_layer_kind kind;

    d->registry = r;
    oci_reference_copy(ref, &d->ref);
    d->digest = blob->digest;
    if (blob->media_type && oci_layer_classify(blob->media_type, &kind, NULL) == 0 && kind.foreign)
        d->urls = strv_copy(blob->urls);
    d->start = start;
    d->size = blob->size;
    d->ops = ops;
    d->ctx = ctx;
    while (*at)
        at = &(*at)->next;
    *at = d;
    return d;
}

void registry_download_cancel(struct registry_download *d)
{
    if (d->request)
        registry_request_cancel(d->request);
    if (d->elsewhere)
        http_cancel(d->elsewhere);
    unlink_download(d);
    download_free(d);
}

size_t registry_downloads(const struct registry *r)
{
    size_t n = 0;

    for (const struct registry_download *d = r->downloads; d; d = d->next)
        n++;
    return n;
}

void registry_downloads_release(struct registry *r)
{
    while (r->downloads) {
        struct registry_download *d = r->downloads;

        r->downloads = d->next;
        download_free(d);
    }
}

void registry_begin_queued(struct registry *r)
{
    registry_downloads_begin(r);
    registry_uploads_begin(r);
}

int registry_wait(struct registry *r, struct pollfd *fds, size_t n_fds, int timeout_ms, struct err *err)
{
    const int64_t millisecond = 1000000;
    int64_t end = timeout_ms < 0 ? INT64_MAX : time_monotonic() + timeout_ms * millisecond;
    unsigned ended = r->ended;

    for (;;) {
        int64_t left = timeout_ms < 0 ? -1 : MAX_OF(end - time_monotonic(), 0) / millisecond;
        int ready;

        registry_begin_queued(r);
        /* Those that had nothing to fetch are at their end already: look, but do not wait. */
        ready = http_wait(r->http, fds, n_fds, r->ended != ended ? 0 : (int)left, err);
        if (ready != 0 || r->ended != ended || (!r->downloads && !r->uploads) ||
            (timeout_ms >= 0 && time_monotonic() >= end))
            return ready;
    }
}

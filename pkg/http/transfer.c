/* The life of one transfer: attempts, each perhaps over several redirects, until there is an answer to give. */
#include "http/internal.h"

#include "base/id.h"
#include "base/log.h"
#include "base/num.h"
#include "base/time.h"

enum {
    REDIRECTS_MAX = 10,
    ATTEMPTS_MAX = 100,   /* of a transfer that makes progress each time */
    RETRY_AFTER_MAX = 60, /* seconds; who asks for more is not waited for */

    /* How much a failure counts. A transfer ends when they reach the limit without a byte in between. */
    PENALTY_MAX = 6,
    PENALTY_PASSING = 1,
    PENALTY_STALL = 3,       /* it took long already */
    PENALTY_UNREACHABLE = 4, /* most likely a wrong name or a machine that is off */
};

static const int64_t second = 1000000000, millisecond = 1000000;

static bool is_passing_status(int status)
{
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

bool http_may_pass(int status, const struct http_response *response)
{
    return status == ERR_NETWORK || (status == 0 && is_passing_status(response->status));
}

/* To be followed with the same method and body; what else some servers mean by the older ones holds for GET alone. */
static bool is_redirect(const struct http_transfer *t, int status)
{
    bool reads = !t->method || str_eq(t->method, "HEAD");

    return status == 307 || status == 308 || (reads && (status == 301 || status == 302 || status == 303));
}

static void response_clear(struct http_transfer *t)
{
    strv_free(t->response.headers);
    buf_free(&t->response.body);
    t->response = (struct http_response){0};
    t->header_bytes = 0;
    t->began = t->at;
    t->body_wanted = t->progress = t->body_cut = false;
}

void http_transfer_free(struct http_transfer *t)
{
    if (t->easy)
        http_curl.curl_easy_cleanup(t->easy);
    http_curl.curl_slist_free_all(t->sent_headers);
    response_clear(t);
    strv_free(t->headers);
    free(t->url);
    free(t->method);
    free(t->body_bytes);
    free(t->origin);
    free(t->authorization);
    free(t->form);
    free(t->scheme);
    free(t->authority);
    free(t->current_url);
    free(t->current_scheme);
    free(t->current_authority);
    free(t);
}

bool http_transfer_elsewhere(const struct http_transfer *t)
{
    return !str_eq(t->scheme, t->current_scheme) || !str_eq(t->authority, t->current_authority);
}

void http_transfer_end(struct http_transfer *t)
{
    if (t->state == HTTP_ENDED)
        return;
    t->state = HTTP_ENDED;
    t->client->ended++;
    t->response.authority = t->current_authority ? t->current_authority : t->authority;
    t->response.elsewhere = http_transfer_elsewhere(t);
    t->ops->done(t->ctx, t->err.kind, &t->response, t->err.kind ? &t->err : NULL);
}

/* Where the next request of this attempt goes. */
static int aim(struct http_transfer *t, char *url)
{
    char *scheme, *authority;
    int r;

    str_replace(&t->current_url, url);
    r = http_url_origin(url, &scheme, &authority, &t->err);
    if (r < 0)
        return r;
    str_replace(&t->current_scheme, scheme);
    str_replace(&t->current_authority, authority);
    return 0;
}

static void submit(struct http_transfer *t)
{
    CURLMcode code;

    response_clear(t);
    t->state = HTTP_RUNNING;
    if (http_setup(t) < 0) {
        http_transfer_end(t);
        return;
    }
    code = http_curl.curl_multi_add_handle(t->client->multi, t->easy);
    if (code != CURLM_OK) {
        err_set(&t->err, ERR_IO, "libcurl: %s", http_curl.curl_multi_strerror(code));
        http_transfer_end(t);
    }
}

void http_transfer_begin(struct http_transfer *t)
{
    t->redirects = 0;
    t->attempts++;
    if (aim(t, str_dup(t->url)) < 0) {
        http_transfer_end(t);
        return;
    }
    if (!t->scheme) {
        t->scheme = str_dup(t->current_scheme);
        t->authority = str_dup(t->current_authority);
    }
    submit(t);
}

static void follow(struct http_transfer *t)
{
    const char *location = http_response_header(&t->response, "Location", 0);
    bool was_https = str_eq(t->current_scheme, "https");
    char *url = NULL;

    if (!location)
        err_set(&t->err, ERR_INVALID, "%s redirects without saying where to", t->current_authority);
    else if (++t->redirects > REDIRECTS_MAX)
        err_set(&t->err, ERR_LIMIT, "%s redirects more than %d times", t->authority, REDIRECTS_MAX);
    else if (http_url_resolve(t->current_url, location, &url, &t->err) >= 0 && aim(t, url) >= 0 && was_https &&
             !t->insecure && !str_eq(t->current_scheme, "https"))
        err_set(&t->err, ERR_TLS, "%s redirects to %s without TLS", t->authority, t->current_authority);
    if (t->err.kind) {
        http_transfer_end(t);
        return;
    }
    log_debug("http: %s redirects to %s", t->authority, t->current_authority);
    submit(t);
}

/* Half to one and a half of the pause that doubles with each failure. */
static int64_t back_off(const struct http *h, int failures)
{
    char hex[5];
    int64_t pause = h->options.limits.pause_ms * millisecond << MAX_OF(MIN_OF(failures - 1, 5), 0);

    id_hex(hex, 4);
    return pause / 2 + pause * strtol(hex, NULL, 16) / 0xffff;
}

/* The seconds that a server asks to wait, 0 where it does not (or with a date, which nobody sends). */
static int64_t retry_after(const struct http_response *response)
{
    const char *text = http_response_header(response, "Retry-After", 0);
    int64_t seconds;

    if (!text || num_parse_i64(text, 0, INT32_MAX, &seconds, NULL) < 0)
        return 0;
    return seconds;
}

int64_t http_pause(const struct http *h, const struct http_response *response, int failures)
{
    int64_t wait = retry_after(response);

    return wait > RETRY_AFTER_MAX ? -1 : wait * second + back_off(h, failures);
}

static int penalty_of(const struct http_transfer *t, CURLcode code)
{
    if (t->response.failure == HTTP_UNREACHABLE || t->response.failure == HTTP_UNKNOWN_HOST)
        return strv_contains(t->client->answered, t->current_authority) ? PENALTY_PASSING : PENALTY_UNREACHABLE;
    return code == CURLE_OPERATION_TIMEDOUT ? PENALTY_STALL : PENALTY_PASSING;
}

/* Whether an attempt that failed got us further. Of one that stalled, what it would have got at the lowest rate that is
 * suffered, so that a server that trickles does not go on for as long as it likes. */
static bool got_further(const struct http_transfer *t, int penalty)
{
    const struct http_limits *limits = &t->client->options.limits;

    return t->progress &&
           (penalty != PENALTY_STALL || t->at - t->began >= (int64_t)limits->stall_rate * limits->stall_seconds);
}

/* Pauses for another attempt: false where there shall be none. */
static bool try_again(struct http_transfer *t, int penalty)
{
    int64_t wait;

    if (t->method)
        return false;
    if (got_further(t, penalty))
        t->penalty = t->failures = 0;
    t->penalty += penalty;
    t->failures++;
    wait = http_pause(t->client, &t->response, t->failures);
    if (t->penalty >= PENALTY_MAX || t->attempts >= ATTEMPTS_MAX || wait < 0)
        return false;
    if (t->once && t->at == t->start && !strv_contains(t->client->answered, t->authority))
        return false;
    if (t->size < 0 && t->at > 0) {
        t->at = 0;
        if (t->ops->restart(t->ctx, &t->err) < 0)
            return false;
    }
    t->due = time_monotonic() + wait;
    t->state = HTTP_PAUSED;
    log_debug("http: %s: trying again in %lld ms", t->current_authority,
              (long long)((t->due - time_monotonic()) / millisecond));
    return true;
}

static void answered(struct http_transfer *t)
{
    int status = t->response.status;

    if (!strv_contains(t->client->answered, t->current_authority))
        strv_add(&t->client->answered, t->current_authority);
    if (is_redirect(t, status) && !t->form) {
        follow(t);
        return;
    }
    if (status == 416 && t->at > 0) {
        /* What is asked for lies outside of what the server thinks it has: once more from the beginning. */
        t->at = 0;
        if (t->ops->restart(t->ctx, &t->err) >= 0 && try_again(t, PENALTY_STALL))
            return;
    }
    if (is_passing_status(status) && try_again(t, PENALTY_PASSING))
        return;
    if (t->body_wanted && t->size >= 0 && t->at < t->size) {
        if (try_again(t, PENALTY_PASSING))
            return;
        if (!t->err.kind)
            err_set(&t->err, ERR_CORRUPT, "wrong size: expected %lld bytes, %s sends %lld", (long long)t->size,
                    t->current_authority, (long long)t->at);
    }
    http_transfer_end(t);
}

void http_transfer_attempted(struct http_transfer *t, CURLcode code)
{
    http_curl.curl_multi_remove_handle(t->client->multi, t->easy);
    if (t->state != HTTP_RUNNING)
        return;
    if (t->err.kind)
        http_transfer_end(t);
    else if (code == CURLE_OK || t->body_cut)
        answered(t);
    else {
        http_failure_set(t, code);
        log_debug("http: %s", t->err.text);
        if (t->err.kind == ERR_NETWORK) {
            struct err failure = t->err;

            t->err = ERR_INIT;
            if (try_again(t, penalty_of(t, code)))
                return;
            if (!t->err.kind)
                t->err = failure;
        }
        http_transfer_end(t);
    }
}

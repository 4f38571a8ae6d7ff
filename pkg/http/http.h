/* HTTP(S) transfers: many at once in one thread, tried again where that helps, continued where they stopped.
 *
 * libcurl moves the bytes; what a transfer means is decided here. A redirect is followed to http(s) only, from https to
 * http only where certificates are not checked either, and takes the Authorization header along to the same scheme,
 * host and port alone. A failure that may pass (reset, cut, stall, 408, 429, 5xx) is tried again after a growing pause,
 * or after what Retry-After says; bytes that were handed over are not asked for again where the server knows ranges.
 * Everything that a server can make long (headers, answers that tell of errors, redirects, tries) is capped; one that
 * trickles is taken for one that stalls.
 *
 * A request with a method of its own is sent once, since only its maker knows what came of half of it: he tries again
 * with http_may_pass() and http_pause(). Its redirects are followed where method and body stay what they are (307,
 * 308). A body above 1 MiB waits for a "100 Continue" (for a second at most, as libcurl does), so that a refusal comes
 * before the bytes go.
 *
 * Nothing happens, and nothing is called back, outside http_wait(). A client belongs to one thread of one process; a
 * forked child must not touch it. Name resolution may run in a thread of libcurl's.
 *
 * This is the only place that includes libcurl's headers. Proxies come from the environment as curl has it
 * (https_proxy, no_proxy, …); loopback addresses are never reached through one. SSL_CERT_FILE and SSL_CERT_DIR take the
 * place of the system's authorities, as with OpenSSL.
 */
#pragma once

#include "base/buf.h"
#include "base/strv.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct http;

/* How to speak TLS with one host, beyond the system's authorities. Borrowed for the client's life. */
struct http_tls {
    const char *ca_pem;                   /* certificates trusted as well, as PEM text; or NULL */
    const char *client_cert, *client_key; /* PEM files: both or neither */
    bool insecure;                        /* certificates are not checked */
};

/* Zero means the usual value. */
struct http_limits {
    int connect_seconds; /* for connection and handshake: 15 */
    int stall_seconds;   /* with less than `stall_rate`: 20 */
    int stall_rate;      /* bytes a second: 1024 */
    int pause_ms;        /* before the second try, doubled for each further one: 250 */
};

struct http_options {
    const volatile sig_atomic_t *interrupted; /* non-zero: everything ends with ERR_INTERRUPTED; may be NULL */
    const char *user_agent;
    /* What holds for `authority` ("host" or "host:port"), asked on behalf of `origin`, which is another one after a
     * redirect or when the request says so; *ret may stay NULL. An error fails the transfer. May be NULL. */
    int (*tls)(void *ctx, const char *authority, const char *origin, const struct http_tls **ret, struct err *err);
    void *ctx;
    struct http_limits limits;
};

/* Opens libcurl on first use: ERR_UNSUPPORTED without it. The strings of `options` are borrowed. */
int http_new(const struct http_options *options, struct http **ret, struct err *err);

/* Drops transfers under way without calling back. */
void http_free(struct http *h);
MEM_DEFINE_CLEANUP(struct http, http_free);

/* Why there was no answer. */
enum http_failure {
    HTTP_ANSWERED,
    HTTP_UNKNOWN_HOST,
    HTTP_UNREACHABLE,       /* nothing listens, or nothing answers */
    HTTP_NO_TLS,            /* it listens and speaks something else, most likely plain HTTP */
    HTTP_UNKNOWN_AUTHORITY, /* nobody that is trusted signed the certificate */
    HTTP_BAD_CERTIFICATE,   /* another name, expired, … */
    HTTP_WANTS_CERTIFICATE, /* of ours */
    HTTP_BROKEN,            /* anything else */
};

struct http_response {
    enum http_failure failure;
    int status;            /* 200, …; 0 without an answer */
    char **headers;        /* "Name: value" of the last answer, at most 64 KiB in all */
    struct buf body;       /* of an answer other than 2xx: its first 64 KiB at most */
    const char *authority; /* who was asked last: "host:port" */
    bool elsewhere;        /* and that is not who the request was for: a redirect led to another scheme, host or port */
};

/* The value of the `nth` (from 0) header of this name, or NULL. */
const char *http_response_header(const struct http_response *response, const char *name, size_t nth);

/* What a request carries: bytes, or a part of a file. */
struct http_body {
    const void *bytes; /* copied; NULL: from `fd` */
    int fd;            /* read with pread(2) from `offset` on; the caller's, open until done() */
    int64_t offset;
    int64_t size;
};

struct http_request {
    const char *url;           /* http:// or https:// */
    const char *method;        /* "HEAD", "PUT", …; NULL: GET */
    struct http_body body;     /* beside GET and HEAD; of size 0: an empty one */
    int64_t not_before;        /* time_monotonic() */
    const char *origin;        /* the authority on whose behalf it is asked; NULL: that of `url` */
    char *const *headers;      /* "Name: value", sent to everybody who is asked; or NULL */
    const char *authorization; /* value of that header, or NULL */
    const char *form;          /* NAME=VALUE&…, escaped, to be sent by POST; NULL: a GET. Follows no redirect */
    int64_t start;             /* first byte wanted; > 0 only with `size` */
    int64_t size;              /* of the whole body if that is known, else -1 */
    bool small;                /* and nothing large follows from there: over HTTP/2 where the server offers it */
    bool once;                 /* no second try where nobody answers: there is another place to ask */
};

struct http_ops {
    /* Bytes of a 2xx answer, in order. Never beyond `size`. */
    int (*data)(void *ctx, const void *bytes, size_t len, struct err *err);
    /* What was handed over (and, with `start`, what was there before) is void: it begins again at the first byte. */
    int (*restart)(void *ctx, struct err *err);
    /* Called exactly once, as the last, unless cancelled. `status` 0: there is an answer, whatever it says, and of a
     * 2xx one all bytes were handed over. Else the failure, with `err`. `response` is good during the call. */
    void (*done)(void *ctx, int status, const struct http_response *response, const struct err *err);
    /* `now` bytes of the request's body are on their way; less than before where it begins again. May be NULL. */
    void (*sent)(void *ctx, int64_t now);
};

struct http_transfer;

/* Queues a request; its strings are copied, `ops` is borrowed. May be called from inside the callbacks. The handle is
 * good until done() was called. The bytes of a 2xx answer go to `data`, which only a GET needs: else they are dropped
 * without one. */
struct http_transfer *http_send(struct http *h, const struct http_request *request, const struct http_ops *ops,
                                void *ctx);

/* The same for a GET, or the POST of a form. */
struct http_transfer *http_get(struct http *h, const struct http_request *request, const struct http_ops *ops,
                               void *ctx);

/* Whether another try may help: a failure (`status`, of done()) of the network, or an answer that says so (408, 429,
 * 500, 502, 503, 504). */
bool http_may_pass(int status, const struct http_response *response);

/* How long to wait before another try, in nanoseconds, after `failures` (1, …) of them: what Retry-After asks for, and
 * half to one and a half of a pause that doubles each time. -1 where the server asks for more than is waited for. */
int64_t http_pause(const struct http *h, const struct http_response *response, int failures);

/* Nothing is called for this transfer from now on. May be called from inside the callbacks. */
void http_cancel(struct http_transfer *t);

/* Moves transfers on until one of `fds` is ready, a transfer ended (its done() ran), `timeout_ms` passed (-1: none), or
 * there are no transfers. Returns the number of `fds` that are ready, with revents as poll(2) sets them, or
 * ERR_INTERRUPTED. Without transfers it is a plain poll, and returns 0 at once where there is no descriptor either. */
int http_wait(struct http *h, struct pollfd *fds, size_t n_fds, int timeout_ms, struct err *err);

/* One GET from its beginning to its end, into the file `fd` at its start; with nothing else under way in `h`. `max`:
 * bytes at most (0: any number), ERR_LIMIT. ERR_NOT_FOUND for a 404. `answered` sees the answer's headers once all is
 * there; may be NULL. */
int http_download(struct http *h, const char *url, int fd, int64_t max,
                  void (*answered)(void *data, const struct http_response *response), void *data, struct err *err);

/* URLs. */

/* Whether `host` ("localhost", "127.0.0.1:5000", "[::1]:443") is this machine by its very name. */
bool http_is_loopback(const char *authority);

/* Scheme ("https"), authority ("host:port", lower case; the port only where it is not the scheme's), both freed by the
 * caller; ERR_INVALID for anything but an http(s) URL with a host and without credentials. Needs http_new() first. */
int http_url_origin(const char *url, char **ret_scheme, char **ret_authority, struct err *err);

/* `location` seen from `base`. The caller frees it. ERR_INVALID. */
int http_url_resolve(const char *base, const char *location, char **ret, struct err *err);

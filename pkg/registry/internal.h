/* Between the parts of the registry client; not for use elsewhere. */
#pragma once

#include "http/http.h"
#include "registry/certs.h"
#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/registry.h"

/* One place that serves a registry's content: a mirror or the registry itself. */
struct registry_endpoint {
    char *scheme;      /* "https", "http" */
    char *authority;   /* "mirror.example:5000" */
    char *prefix;      /* of the path, before /v2/: "" or "/docker" */
    char *account;     /* the host by which credentials are found */
    char *index;       /* the authority that answers searches */
    bool may_be_plain; /* http:// may be tried where there is no TLS */
    bool down;         /* could not be reached, or gave wrong bytes: asked last */
    bool answered;     /* to a request that writes: trying again is worth it */
};

/* A registry as references name it, with the places to ask in order. */
struct registry_host {
    struct registry_host *next;
    char *domain;
    VEC(struct registry_endpoint) endpoints;
};

struct registry_token;

/* What is to be done with a repository, beside reading from it. Borrowed strings. */
struct registry_scope {
    bool push;
    const char *mount_from; /* path of another repository of the same registry that blobs come from; or NULL */
};

/* What is known of a repository at one endpoint for one scope. */
struct registry_access {
    struct registry_access *next; /* for another scope */
    char *scope;                  /* "repository:team/app:pull,push repository:team/base:pull" */
    char *authorization;          /* header's value, or NULL */
    int64_t expires;              /* time_monotonic(); 0: never */
    bool proven;                  /* somebody was let in with the authorization */
    struct registry_token *pending;
};

struct registry_repository {
    struct registry_repository *next;
    struct registry_host *host;
    char *path;
    struct registry_access **access; /* a list for each endpoint */
    size_t preferred;                /* endpoint that answered last */
};

struct registry_download {
    struct registry_download *next;
    struct registry *registry;
    struct oci_reference ref;
    struct digest digest;
    int64_t start, size;
    const struct registry_download_ops *ops;
    void *ctx;
    char **urls; /* where a layer is that registries may not have, to be asked after them */
    size_t next_url;
    struct registry_request *request; /* both NULL: queued */
    struct http_transfer *elsewhere;  /* from one of `urls` */
};

struct registry {
    const struct config *config;
    bool insecure; /* every host is what `insecure` in the configuration makes of one */
    struct http *http;
    struct registry_certs *certs;
    struct registry_credentials credentials;
    bool credentials_loaded;
    struct registry_login *login; /* borrowed, in their place: somebody logs in */
    struct registry_host *hosts;
    struct registry_repository *repositories;
    struct registry_request *requests;
    struct registry_token *tokens;
    struct registry_download *downloads;
    struct registry_call *calls;
    struct registry_upload *uploads;
    unsigned ended; /* downloads and uploads whose done() ran, ever */
};

/* endpoint.c: found or made, owned by the client. ERR_INVALID for a mirror that is no URL. */
int registry_repository_get(struct registry *r, const struct oci_reference *ref, struct registry_repository **ret,
                            struct err *err);
void registry_endpoints_release(struct registry *r);

/* Its authority as http_url_origin() has those of URLs, to be compared with one: a reference may say the port that
 * https has anyway, and capitals. The caller frees it. */
char *registry_endpoint_authority(const struct registry_endpoint *e);

/* Whether a host may be trusted without certificate, and spoken to without TLS. */
bool registry_is_insecure(const struct registry *r, const char *host);

/* access.c: authorization. */

/* What is known for `scope` (NULL: reading) at endpoint `i`; found or made, owned by the repository. */
struct registry_access *registry_access_get(struct registry_repository *repository, size_t i,
                                            const struct registry_scope *scope);
void registry_access_release(struct registry_access *a);

/* The header's value to send now; NULL for none. */
const char *registry_access_current(const struct registry_access *a);

/* Somebody who sent this was let in. */
void registry_access_prove(struct registry_access *a, const char *sent);

/* Whether a 401 is one more that leads nowhere, of which there may be few in a row: not where others get on with what
 * was refused, since a token that is soon used up goes to who comes first. */
bool registry_access_is_futile(const struct registry_access *a, const char *sent);

/* Told once how it ended: 0, and registry_access_current() has what to send; or the failure. */
typedef void (*registry_token_done)(void *ctx, int status, const struct err *err);

enum {
    REGISTRY_WAITING,    /* `done` will be called */
    REGISTRY_AUTHORIZED, /* registry_access_current() has what to send */
    REGISTRY_REFUSED,    /* there is nothing to send that was not refused: the 401 stands */
};

/* Answers the challenges of a 401 from endpoint `i`: one of the above, or a failure. `scope` (NULL: reading) is what
 * was tried, with what registry_access_get() has for it: `sent`, or NULL. A scope has its own token, so what pushes
 * passes the same scope for all its requests. */
int registry_authorize(struct registry *r, struct registry_repository *repository, size_t i,
                       const struct registry_scope *scope, const struct http_response *response, const char *sent,
                       registry_token_done done, void *ctx, struct err *err);

/* token.c: what token servers give. */
struct registry_token_request {
    struct registry_repository *repository;
    size_t endpoint;
    struct registry_access *access; /* for which the token is */
    const struct registry_challenge *challenge;
    char *const *scopes;
    const struct registry_login *login;
};

/* Asks: REGISTRY_WAITING, or ERR_AUTH, ERR_TLS for a challenge that names no place where that may be. */
int registry_token_fetch(struct registry *r, const struct registry_token_request *q, struct registry_token **ret,
                         struct err *err);
void registry_token_wait(struct registry_token *t, registry_token_done done, void *ctx);

struct registry_token_answer {
    char *token, *access_token, *refresh_token;
    int64_t expires_in; /* seconds */
};

/* ERR_INVALID; ERR_AUTH without a token that can be sent, which is then `token`. The caller releases `ret` after 0. */
int registry_token_parse(const char *text, size_t len, struct registry_token_answer *ret, struct err *err);
void registry_token_answer_release(struct registry_token_answer *a);
bool registry_token_is_good(const char *token);

/* Forgets who waits. */
void registry_token_leave(struct registry *r, void *ctx);
void registry_tokens_release(struct registry *r);

/* request.c: a GET below /v2/NAME/, from whichever endpoint has it. */
struct registry_request_ops {
    int (*data)(void *ctx, const void *bytes, size_t len, struct err *err);
    int (*restart)(void *ctx, struct err *err);
    /* Judges a complete answer; may be NULL. A failure is the endpoint's, so the next one is asked. */
    int (*check)(void *ctx, const struct http_response *response, struct err *err);
    void (*done)(void *ctx, int status, const struct err *err);
};

struct registry_request_options {
    const struct oci_reference *ref;
    const struct digest *digest; /* of what is fetched; NULL: the manifest that the reference's tag names */
    bool manifest;
    const char *target;  /* instead of both: path and query behind the endpoint's prefix, as "/v2/a/tags/list" */
    const char *missing; /* what to say where that is not found */
    bool index;          /* of the host that answers searches */
    const size_t *only;  /* the one endpoint to ask; NULL: whichever has it */
    int64_t start, size; /* as in struct http_request */
};

/* `ops` is borrowed; the request is gone when done() is called, which never happens inside this call. */
struct registry_request *registry_request_new(struct registry *r, struct registry_repository *repository,
                                              const struct registry_request_options *options,
                                              const struct registry_request_ops *ops, void *ctx);
void registry_request_cancel(struct registry_request *q);
void registry_requests_release(struct registry *r);

/* For asking for manifests. */
extern const char *const registry_accept_manifests[];

/* problem.c: an answer that says no. */
struct registry_problem {
    const struct oci_reference *ref;
    const struct digest *digest; /* as in struct registry_request_options */
    bool manifest;
    bool push; /* something was to be written */
    const char *missing;
};

/* Sets `err` from status and body, in Docker's words. */
int registry_problem_set(const struct registry_problem *what, const struct http_response *response, struct err *err);

/* An answer 429: with what it says about limits. */
int registry_problem_limited(const struct http_response *response, struct err *err);

/* Adds what the user can do about an answer that never came. */
void registry_problem_hint(const struct config *config, const struct http_response *response, struct err *err);

/* registry.c: a document of other kinds, waited for. */
struct registry_page {
    struct buf bytes;  /* with the limit that the caller has set */
    char *link, *date; /* values of these headers, or NULL */
    size_t endpoint;   /* that answered */
};

/* The caller releases `ret`, also on failure. */
int registry_fetch_page(struct registry *r, const struct registry_request_options *options, struct registry_page *ret,
                        struct err *err);
void registry_page_release(struct registry_page *p);

/* listing.c: a part of a URL, with everything that is not letter, digit or one of "-._~" as %XX. */
void registry_url_escape(struct buf *url, const char *text);

/* download.c */

/* Starts queued downloads while there is room. */
void registry_downloads_begin(struct registry *r);
void registry_downloads_release(struct registry *r);

/* Starts what is queued, downloads and uploads, while there is room. */
void registry_begin_queued(struct registry *r);

/* location.c: where an upload goes. */
struct registry_location {
    char *url;    /* NULL: not known yet */
    bool foreign; /* at another host than the registry's: it gets no authorization */
};

/* From the Location of an answer, relative or not; without one it stays what it was. ERR_INVALID, ERR_TLS. */
int registry_location_set(struct registry_location *l, struct registry_repository *repository,
                          const struct http_response *response, struct err *err);
void registry_location_release(struct registry_location *l);

/* call.c: one request that writes, or that belongs to it, to the registry itself. */
enum { REGISTRY_FAILURES_MAX = 6 }; /* that may have passed, in a row */

struct registry_call_options {
    const char *method;
    const char *path;                         /* below /v2/NAME/ */
    const struct registry_location *location; /* in place of `path` */
    char *const *headers;
    struct http_body body;
    const char *mount_from; /* as in struct registry_scope */
    bool once;              /* a failure that may pass is told like any other; else it is tried again some times */
    int64_t not_before;     /* as in struct http_request */
};

struct registry_call_ops {
    /* As in struct http_ops; an answer of any status. A 401 is one with which nothing could be done. */
    void (*done)(void *ctx, int status, const struct http_response *response, const struct err *err);
    void (*sent)(void *ctx, int64_t now); /* may be NULL */
};

/* `ops` is borrowed, all else copied; the call is gone when done() is called, never inside this call. */
struct registry_call *registry_call_new(struct registry *r, struct registry_repository *repository,
                                        const struct registry_call_options *options,
                                        const struct registry_call_ops *ops, void *ctx);
void registry_call_cancel(struct registry_call *c);
void registry_calls_release(struct registry *r);

/* Compares what an answer says it stored with what was sent. ERR_CORRUPT. */
int registry_check_digest(const struct http_response *response, const struct digest *expected, struct err *err);

/* upload.c */
void registry_uploads_begin(struct registry *r);
void registry_uploads_release(struct registry *r);

/* Between the parts of the HTTP client; not for use elsewhere. */
#pragma once

#include "http/http.h"

/* Its macros would get in the way of calls through a table. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#define HTTP_CURL_FUNCTIONS(F)  \
    F(curl_global_init)         \
    F(curl_version_info)        \
    F(curl_easy_init)           \
    F(curl_easy_cleanup)        \
    F(curl_easy_reset)          \
    F(curl_easy_setopt)         \
    F(curl_easy_getinfo)        \
    F(curl_easy_strerror)       \
    F(curl_multi_init)          \
    F(curl_multi_cleanup)       \
    F(curl_multi_setopt)        \
    F(curl_multi_add_handle)    \
    F(curl_multi_remove_handle) \
    F(curl_multi_perform)       \
    F(curl_multi_poll)          \
    F(curl_multi_info_read)     \
    F(curl_multi_strerror)      \
    F(curl_slist_append)        \
    F(curl_slist_free_all)      \
    F(curl_url)                 \
    F(curl_url_cleanup)         \
    F(curl_url_get)             \
    F(curl_url_set)             \
    F(curl_free)

/* libcurl's functions, good after http_curl_open(). */
#define HTTP_CURL_MEMBER(fn) __typeof__(&fn) fn;
struct http_curl {
    HTTP_CURL_FUNCTIONS(HTTP_CURL_MEMBER)
};
extern struct http_curl http_curl;

int http_curl_open(struct err *err);

struct http {
    struct http_options options;
    CURLM *multi;
    struct http_transfer *transfers; /* all, in the order of their start */
    char **answered;                 /* authorities that answered once: they exist, so trying again is worth it */
    /* Where authorities are looked for: the system's hashed directory, or else its bundle; or what the user set. */
    char *ca_dir, *ca_bundle;
    bool own_authorities;
    unsigned ended; /* transfers whose done() ran, ever */
};

enum http_state {
    HTTP_PAUSED,  /* until `due` */
    HTTP_RUNNING, /* libcurl has it */
    HTTP_ENDED,   /* to be freed */
};

struct http_transfer {
    struct http *client;
    struct http_transfer *next;
    const struct http_ops *ops;
    void *ctx;

    /* the request */
    char *url;
    char *origin; /* or NULL */
    char **headers;
    char *authorization;
    char *form;               /* or NULL */
    char *scheme, *authority; /* of `url`: where `authorization` may go */
    int64_t start, size;
    bool once, small;
    char *method; /* or NULL */
    struct http_body body;
    char *body_bytes; /* ours, where they are in memory */

    /* the state */
    enum http_state state;
    int64_t due; /* time_monotonic() */
    int64_t at;  /* bytes of the body that were handed over, `start` included */
    int redirects;
    int failures; /* since there was progress */
    int penalty;  /* of these, weighed */
    int attempts; /* ever */

    /* the attempt */
    CURL *easy;
    struct curl_slist *sent_headers;
    char *current_url, *current_scheme, *current_authority;
    char trouble[CURL_ERROR_SIZE];
    int64_t sent; /* of the request's body */
    size_t header_bytes;
    int64_t began; /* `at` when it began */
    bool body_wanted, progress, body_cut;
    bool insecure; /* without a look at the certificate */
    struct http_response response;
    struct err err; /* of our own making, inside a callback of libcurl's */
};

/* transfer.c: the life of one transfer. */

/* Gives it to libcurl, or ends it. */
void http_transfer_begin(struct http_transfer *t);

/* libcurl is done with the attempt: follow, try again, or end. */
void http_transfer_attempted(struct http_transfer *t, CURLcode code);

/* Ends it with the error in t->err (kind != 0), or else with the answer, by calling done(). */
void http_transfer_end(struct http_transfer *t);

void http_transfer_free(struct http_transfer *t);

/* Whether the attempt is with another scheme, host or port than the one that the request names. */
bool http_transfer_elsewhere(const struct http_transfer *t);

/* receive.c: callbacks of libcurl's while an attempt runs. */
size_t http_receive_header(char *line, size_t size, size_t n, void *data);
size_t http_receive_body(char *bytes, size_t size, size_t n, void *data);

/* body.c: the body of a request, while libcurl runs an attempt. */
void http_body_setup(struct http_transfer *t);

/* setup.c: a handle for one attempt. Sets t->err on failure. */
int http_setup(struct http_transfer *t);
/* For how many seconds nothing may happen. */
int http_setup_patience(const struct http_transfer *t);
/* Finds the system's authorities. */
void http_setup_authorities(struct http *h);

/* failure.c: t->err and t->response.failure from what libcurl says. */
void http_failure_set(struct http_transfer *t, CURLcode code);

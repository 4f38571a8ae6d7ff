/* One GET from whichever endpoint has it: mirrors first, authorization when it is asked for, plain HTTP where it is
 * allowed and nothing else is spoken. */
#include "registry/internal.h"

#include "oci/manifest.h"

#include "base/log.h"

enum { AUTHORIZATIONS_MAX = 4 }; /* futile ones, without a byte: a token may expire as soon as it is there */

struct registry_request {
    struct registry_request *next;
    struct registry *registry;
    struct registry_repository *repository;
    struct oci_reference ref;
    struct digest digest;
    bool manifest, index; /* and further, as in struct registry_request_options */
    char *target, *missing;
    int64_t size, at; /* `at`: where the next byte goes */
    const struct registry_request_ops *ops;
    void *ctx;

    size_t endpoint;
    bool *tried; /* one for each endpoint */
    int authorizations;
    bool asked_tls; /* by the attempt under way */
    char *sent;     /* authorization of the attempt under way */
    struct http_transfer *transfer;
    bool own_failure; /* of whoever takes the data: no other endpoint would help */
    struct err err;   /* of the endpoint that says most about the failure; of equals the last in order, the registry */
    size_t err_endpoint;
};

static void ask(struct registry_request *q);

static struct registry_endpoint *endpoint_of(const struct registry_request *q)
{
    return &q->repository->host->endpoints.v[q->endpoint];
}

static void request_free(struct registry_request *q)
{
    struct registry_request **at = &q->registry->requests;

    while (*at && *at != q)
        at = &(*at)->next;
    if (*at)
        *at = q->next;
    oci_reference_release(&q->ref);
    free(q->tried);
    free(q->target);
    free(q->missing);
    free(q->sent);
    free(q);
}

static void finish(struct registry_request *q, int status, const struct err *err)
{
    struct err copy = err ? *err : ERR_INIT;
    const struct registry_request_ops *ops = q->ops;
    void *ctx = q->ctx;

    request_free(q);
    ops->done(ctx, status, status < 0 ? &copy : NULL);
}

/* How much a failure says about what the user asked for. */
enum { WEIGHT_NONE, WEIGHT_SILENCE, WEIGHT_TROUBLE, WEIGHT_ANSWER };

static int weight(const struct registry_request *q, int kind)
{
    /* Mirrors have no search; that one of them says so is no news. */
    if (q->index && kind == ERR_NOT_FOUND)
        return WEIGHT_SILENCE;
    switch (kind) {
    case 0:
        return WEIGHT_NONE;
    case ERR_NOT_FOUND:
    case ERR_AUTH:
        return WEIGHT_ANSWER;
    case ERR_NETWORK:
        return WEIGHT_SILENCE;
    default:
        return WEIGHT_TROUBLE;
    }
}

/* The next endpoint that was not asked: the one that answered last, then in order, then those that are down. */
static bool choose(struct registry_request *q)
{
    size_t n = q->repository->host->endpoints.n, preferred = q->repository->preferred;

    for (int down = 0; down < 2; down++)
        for (size_t k = 0; k <= n; k++) {
            size_t i = k ? k - 1 : preferred;

            if (!q->tried[i] && q->repository->host->endpoints.v[i].down == (down == 1)) {
                q->endpoint = i;
                q->tried[i] = true;
                return true;
            }
        }
    return false;
}

static int on_data(void *ctx, const void *bytes, size_t len, struct err *err)
{
    struct registry_request *q = ctx;
    int r = q->ops->data(q->ctx, bytes, len, err);

    q->at += (int64_t)len;
    q->authorizations = 0;
    q->own_failure = r < 0;
    return r;
}

static int on_restart(void *ctx, struct err *err)
{
    struct registry_request *q = ctx;
    int r = q->ops->restart(q->ctx, err);

    q->at = 0;
    q->own_failure = r < 0;
    return r;
}

/* What an endpoint delivered was wrong: nothing of it is built upon. */
static int begin_anew(struct registry_request *q)
{
    return q->at > 0 ? on_restart(q, &q->err) : 0;
}

static void endpoint_failed(struct registry_request *q, const struct err *err)
{
    bool wrong = err->kind == ERR_CORRUPT || err->kind == ERR_LIMIT || err->kind == ERR_INVALID;

    log_debug("registry: %s: %s", endpoint_of(q)->authority, err->text);
    if (err->kind == ERR_CORRUPT)
        endpoint_of(q)->down = true;
    if (weight(q, err->kind) > weight(q, q->err.kind) ||
        (weight(q, err->kind) == weight(q, q->err.kind) && q->endpoint >= q->err_endpoint)) {
        q->err = *err;
        q->err_endpoint = q->endpoint;
    }
    q->authorizations = 0;
    if (!choose(q) || (wrong && begin_anew(q) < 0)) {
        finish(q, q->err.kind, &q->err);
        return;
    }
    ask(q);
}

/* Plain HTTP instead of TLS, where that may be. Another request may have found it out meanwhile. */
static bool fall_back(struct registry_request *q, const struct http_response *response)
{
    struct registry_endpoint *e = endpoint_of(q);

    if (!e->may_be_plain || !q->asked_tls || response->elsewhere ||
        (response->failure != HTTP_NO_TLS && response->failure != HTTP_UNREACHABLE))
        return false;
    str_replace(&e->scheme, str_dup("http"));
    return true;
}

static void no_answer(struct registry_request *q, const struct http_response *response, const struct err *err)
{
    struct err failure = *err;

    if (q->own_failure) {
        finish(q, failure.kind, &failure);
        return;
    }
    if (fall_back(q, response)) {
        ask(q);
        return;
    }
    if (response->failure != HTTP_ANSWERED && response->failure != HTTP_BROKEN && !response->elsewhere)
        endpoint_of(q)->down = true;
    registry_problem_hint(q->registry->config, response, &failure);
    endpoint_failed(q, &failure);
}

static void refused(struct registry_request *q, const struct http_response *response)
{
    struct err failure = ERR_INIT;

    registry_problem_set(&(struct registry_problem){.ref = &q->ref,
                                                    .digest = q->digest.algorithm ? &q->digest : NULL,
                                                    .manifest = q->manifest,
                                                    .missing = q->missing},
                         response, &failure);
    endpoint_failed(q, &failure);
}

static struct registry_access *access_of(struct registry_request *q)
{
    return registry_access_get(q->repository, q->endpoint, NULL);
}

static void authorized(void *ctx, int status, const struct err *err)
{
    struct registry_request *q = ctx;

    if (status < 0)
        endpoint_failed(q, err);
    else
        ask(q);
}

static void unauthorized(struct registry_request *q, const struct http_response *response)
{
    struct err failure = ERR_INIT;
    int r = REGISTRY_REFUSED;

    q->authorizations += registry_access_is_futile(access_of(q), q->sent);
    if (q->authorizations <= AUTHORIZATIONS_MAX)
        r = registry_authorize(q->registry, q->repository, q->endpoint, NULL, response, q->sent, authorized, q,
                               &failure);
    if (r == REGISTRY_AUTHORIZED)
        ask(q);
    else if (r == REGISTRY_REFUSED)
        refused(q, response);
    else if (r < 0)
        endpoint_failed(q, &failure);
}

static void on_done(void *ctx, int status, const struct http_response *response, const struct err *err)
{
    struct registry_request *q = ctx;
    struct err failure = ERR_INIT;
    int r;

    q->transfer = NULL;
    if (status < 0) {
        no_answer(q, response, err);
        return;
    }
    /* To whom a redirect led is not the registry: his challenge would get its credentials. */
    if (response->status == 401 && !response->elsewhere) {
        unauthorized(q, response);
        return;
    }
    registry_access_prove(access_of(q), q->sent);
    if (response->status < 200 || response->status > 299) {
        refused(q, response);
        return;
    }
    r = q->ops->check ? q->ops->check(q->ctx, response, &failure) : 0;
    if (r < 0) {
        endpoint_failed(q, &failure);
        return;
    }
    q->repository->preferred = q->endpoint;
    finish(q, 0, NULL);
}

static const struct http_ops http_ops = {on_data, on_restart, on_done};

const char *const registry_accept_manifests[] = {
    "Accept: " OCI_MEDIA_INDEX ", " OCI_MEDIA_DOCKER_INDEX ", " OCI_MEDIA_MANIFEST ", " OCI_MEDIA_DOCKER_MANIFEST,
    NULL,
};

static char *url_of(const struct registry_request *q)
{
    const struct registry_endpoint *e = endpoint_of(q);
    char digest[DIGEST_TEXT_MAX];

    if (q->target)
        return str_printf("%s://%s%s%s", e->scheme, q->index ? e->index : e->authority, e->prefix, q->target);
    return str_printf("%s://%s%s/v2/%s/%s/%s", e->scheme, e->authority, e->prefix, q->ref.path,
                      q->manifest ? "manifests" : "blobs",
                      q->digest.algorithm ? digest_format(&q->digest, digest) : q->ref.tag);
}

static void ask(struct registry_request *q)
{
    struct registry *r = q->registry;
    _cleanup_free_ char *url = url_of(q);
    size_t left = 0;

    for (size_t i = 0; i < q->repository->host->endpoints.n; i++)
        left += !q->tried[i];
    if (q->size < 0 && q->at > 0) {
        /* Without a size nothing is continued. */
        if (begin_anew(q) < 0) {
            finish(q, q->err.kind, &q->err);
            return;
        }
    }
    q->asked_tls = strcmp(endpoint_of(q)->scheme, "https") == 0;
    str_replace(&q->sent, str_dup(registry_access_current(access_of(q))));
    q->transfer = http_get(r->http,
                           &(struct http_request){
                               .url = url,
                               .headers = q->manifest ? (char *const *)registry_accept_manifests : NULL,
                               .authorization = q->sent,
                               .start = q->at,
                               .size = q->size,
                               .small = q->target != NULL,
                               .once = left > 0 || (q->asked_tls && endpoint_of(q)->may_be_plain) ||
                                       weight(q, q->err.kind) == WEIGHT_ANSWER,
                           },
                           &http_ops, q);
}

struct registry_request *registry_request_new(struct registry *r, struct registry_repository *repository,
                                              const struct registry_request_options *options,
                                              const struct registry_request_ops *ops, void *ctx)
{
    struct registry_request *q = mem_zalloc(1, sizeof(*q));

    q->registry = r;
    q->repository = repository;
    q->tried = mem_zalloc(repository->host->endpoints.n, sizeof(*q->tried));
    q->ops = ops;
    q->ctx = ctx;
    oci_reference_copy(options->ref, &q->ref);
    if (options->digest)
        q->digest = *options->digest;
    q->manifest = options->manifest;
    q->index = options->index;
    q->target = str_dup(options->target);
    q->missing = str_dup(options->missing);
    for (size_t i = 0; options->only && i < repository->host->endpoints.n; i++)
        q->tried[i] = i != *options->only;
    q->size = options->size;
    q->at = options->start;
    q->next = r->requests;
    r->requests = q;
    choose(q);
    ask(q);
    return q;
}

void registry_request_cancel(struct registry_request *q)
{
    registry_token_leave(q->registry, q);
    if (q->transfer)
        http_cancel(q->transfer);
    request_free(q);
}

void registry_requests_release(struct registry *r)
{
    while (r->requests)
        request_free(r->requests);
}

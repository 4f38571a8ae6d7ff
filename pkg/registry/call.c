/* One request that writes, or asks whether there is something to write: always to the registry itself, whatever mirrors
 * it has. Authorization when it is asked for, plain HTTP where it is allowed and nothing else is spoken, other tries
 * where the failure may pass. */
#include "registry/internal.h"

#include "base/log.h"
#include "base/time.h"

enum {
    AUTHORIZATIONS_MAX = 4,   /* futile ones in a row: a token may expire as soon as it is there */
    FAILURES_UNREACHABLE = 3, /* counted for one where nobody ever answered: most likely a wrong name */
};

struct registry_call {
    struct registry_call *next;
    struct registry *registry;
    struct registry_repository *repository;
    char *method;
    char *path; /* below /v2/NAME/; NULL: `url` */
    char *url;
    bool authorize; /* whoever is asked may see the authorization */
    char **headers;
    struct http_body body;
    char *body_bytes;
    struct registry_scope scope;
    char *mount_from;
    bool once;
    int64_t not_before;
    const struct registry_call_ops *ops;
    void *ctx;

    int authorizations, failures;
    bool asked_tls; /* by the attempt under way */
    char *sent;     /* authorization of the attempt under way */
    struct http_transfer *transfer;
};

static void ask(struct registry_call *c);

static size_t endpoint_index(const struct registry_call *c)
{
    return c->repository->host->endpoints.n - 1;
}

static struct registry_endpoint *endpoint_of(const struct registry_call *c)
{
    return &c->repository->host->endpoints.v[endpoint_index(c)];
}

static void call_free(struct registry_call *c)
{
    struct registry_call **at = &c->registry->calls;

    while (*at && *at != c)
        at = &(*at)->next;
    if (*at)
        *at = c->next;
    free(c->method);
    free(c->path);
    free(c->url);
    strv_free(c->headers);
    free(c->body_bytes);
    free(c->mount_from);
    free(c->sent);
    free(c);
}

static void finish(struct registry_call *c, int status, const struct http_response *response, const struct err *err)
{
    static const struct http_response nothing;
    const struct registry_call_ops *ops = c->ops;
    struct err copy = err ? *err : ERR_INIT;
    void *ctx = c->ctx;

    call_free(c);
    ops->done(ctx, status, response ? response : &nothing, status < 0 ? &copy : NULL);
}

static void on_sent(void *ctx, int64_t now)
{
    struct registry_call *c = ctx;

    if (c->ops->sent)
        c->ops->sent(c->ctx, now);
}

static bool fall_back(struct registry_call *c, const struct http_response *response)
{
    struct registry_endpoint *e = endpoint_of(c);

    if (!c->path || !e->may_be_plain || !c->asked_tls || response->elsewhere ||
        (response->failure != HTTP_NO_TLS && response->failure != HTTP_UNREACHABLE))
        return false;
    str_replace(&e->scheme, str_dup("http"));
    return true;
}

/* Whether it is asked once more, after a pause. */
static bool try_again(struct registry_call *c, int status, const struct http_response *response)
{
    bool unreachable = response->failure == HTTP_UNREACHABLE || response->failure == HTTP_UNKNOWN_HOST;
    int64_t pause;

    if (c->once || !http_may_pass(status, response))
        return false;
    c->failures += unreachable && !endpoint_of(c)->answered ? FAILURES_UNREACHABLE : 1;
    pause = http_pause(c->registry->http, response, c->failures);
    if (c->failures >= REGISTRY_FAILURES_MAX || pause < 0)
        return false;
    c->not_before = time_monotonic() + pause;
    log_debug("registry: %s: %s again in %lld ms", endpoint_of(c)->authority, c->method, (long long)pause / 1000000);
    ask(c);
    return true;
}

static struct registry_access *access_of(struct registry_call *c)
{
    return registry_access_get(c->repository, endpoint_index(c), &c->scope);
}

static void authorized(void *ctx, int status, const struct err *err)
{
    struct registry_call *c = ctx;

    if (status < 0)
        finish(c, status, NULL, err);
    else
        ask(c);
}

static void unauthorized(struct registry_call *c, const struct http_response *response)
{
    struct err failure = ERR_INIT;
    int r = REGISTRY_REFUSED;

    c->authorizations += registry_access_is_futile(access_of(c), c->sent);
    if (c->authorizations <= AUTHORIZATIONS_MAX)
        r = registry_authorize(c->registry, c->repository, endpoint_index(c), &c->scope, response, c->sent, authorized,
                               c, &failure);
    if (r == REGISTRY_AUTHORIZED)
        ask(c);
    else if (r != REGISTRY_WAITING)
        finish(c, r < 0 ? r : 0, response, &failure);
}

static void on_done(void *ctx, int status, const struct http_response *response, const struct err *err)
{
    struct registry_call *c = ctx;
    struct err failure = err ? *err : ERR_INIT;

    c->transfer = NULL;
    if (status == 0)
        endpoint_of(c)->answered = true;
    if (status < 0 && fall_back(c, response)) {
        ask(c);
        return;
    }
    /* To whom a redirect led is not the registry: his challenge would get its credentials. */
    if (status == 0 && response->status == 401 && c->authorize && !response->elsewhere) {
        unauthorized(c, response);
        return;
    }
    if (status == 0)
        registry_access_prove(access_of(c), c->sent);
    if (try_again(c, status, response))
        return;
    if (status < 0)
        registry_problem_hint(c->registry->config, response, &failure);
    finish(c, status, response, &failure);
}

static const struct http_ops http_ops = {.done = on_done, .sent = on_sent};

static void ask(struct registry_call *c)
{
    const struct registry_endpoint *e = endpoint_of(c);
    if (c->path)
        str_replace(&c->url,
                    str_printf("%s://%s%s/v2/%s/%s", e->scheme, e->authority, e->prefix, c->repository->path, c->path));
    c->asked_tls = str_after(c->url, "https:");
    str_replace(&c->sent, c->authorize ? str_dup(registry_access_current(access_of(c))) : NULL);
    c->transfer = http_send(c->registry->http,
                            &(struct http_request){
                                .url = c->url,
                                .method = c->method,
                                .origin = e->authority,
                                .headers = c->headers,
                                .body = c->body,
                                .authorization = c->sent,
                                .not_before = c->not_before,
                                .size = -1,
                            },
                            &http_ops, c);
    c->not_before = 0;
}

struct registry_call *registry_call_new(struct registry *r, struct registry_repository *repository,
                                        const struct registry_call_options *options,
                                        const struct registry_call_ops *ops, void *ctx)
{
    struct registry_call *c = mem_zalloc(1, sizeof(*c));

    c->registry = r;
    c->repository = repository;
    c->method = str_dup(options->method);
    c->path = str_dup(options->path);
    c->url = str_dup(options->location ? options->location->url : NULL);
    c->authorize = !options->location || !options->location->foreign;
    c->headers = strv_copy(options->headers);
    c->body = options->body;
    if (options->body.bytes)
        c->body.bytes = c->body_bytes = mem_dup(options->body.bytes, (size_t)options->body.size);
    c->mount_from = str_dup(options->mount_from);
    c->scope = (struct registry_scope){.push = true, .mount_from = c->mount_from};
    c->once = options->once;
    c->not_before = options->not_before;
    c->ops = ops;
    c->ctx = ctx;
    c->next = r->calls;
    r->calls = c;
    ask(c);
    return c;
}

void registry_call_cancel(struct registry_call *c)
{
    registry_token_leave(c->registry, c);
    if (c->transfer)
        http_cancel(c->transfer);
    call_free(c);
}

void registry_calls_release(struct registry *r)
{
    while (r->calls)
        call_free(r->calls);
}

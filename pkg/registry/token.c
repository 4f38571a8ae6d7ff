/* Tokens that a token server gives: anonymously, against user name and password ("registry/spec/auth/token" of Docker's
 * registry), or against an identity token ("registry/spec/auth/oauth"). */
#include "registry/internal.h"

#include "base/time.h"

enum {
    TOKEN_ANSWER_MAX = 256 << 10,
    LIFETIME_DEFAULT = 60, /* seconds, by the specification */
    LIFETIME_MAX = 24 * 3600,
};

struct waiter {
    registry_token_done done;
    void *ctx;
};

struct registry_token {
    struct registry_token *next;
    struct registry *registry;
    struct registry_repository *repository;
    struct registry_access *access;
    size_t endpoint;
    char *realm, *service; /* `realm` as it is asked, without a fragment */
    char **scopes;
    struct registry_login login;
    bool elsewhere; /* than the registry: nothing else is asked of that host */
    bool posted;    /* the attempt under way is the POST of an identity token */
    struct buf answer;
    VEC(struct waiter) waiters;
};

static const struct json_field answer_fields[] = {
    JSON_FIELD(struct registry_token_answer, "token", JSON_K_STRING, token),
    JSON_FIELD(struct registry_token_answer, "access_token", JSON_K_STRING, access_token),
    JSON_FIELD(struct registry_token_answer, "refresh_token", JSON_K_STRING, refresh_token),
    JSON_FIELD(struct registry_token_answer, "expires_in", JSON_K_INT64, expires_in),
};
static const struct json_type answer_type = {
    "token", sizeof(struct registry_token_answer), answer_fields, ARRAY_SIZE(answer_fields), false,
};

void registry_token_answer_release(struct registry_token_answer *a)
{
    json_free(&answer_type, a);
}

/* It is going into a header: nothing but visible characters. */
bool registry_token_is_good(const char *s)
{
    for (const char *p = s; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f)
            return false;
    return *s != 0;
}

int registry_token_parse(const char *text, size_t len, struct registry_token_answer *ret, struct err *err)
{
    int r = json_parse(text, len, &answer_type, ret, err);

    if (r < 0)
        return r;
    if (str_empty(ret->token))
        str_replace(&ret->token, steal_ptr(&ret->access_token));
    if (!ret->token || !registry_token_is_good(ret->token)) {
        registry_token_answer_release(ret);
        return err_set(err, ERR_AUTH, "the answer holds no token");
    }
    ret->expires_in = ret->expires_in > 0 ? MIN_OF(ret->expires_in, LIFETIME_MAX) : LIFETIME_DEFAULT;
    return 0;
}

static const struct registry_endpoint *endpoint_of(const struct registry_token *t)
{
    return &t->repository->host->endpoints.v[t->endpoint];
}

static void token_free(struct registry_token *t)
{
    buf_free(&t->answer);
    free(t->waiters.v);
    free(t->realm);
    free(t->service);
    strv_free(t->scopes);
    registry_login_release(&t->login);
    free(t);
}

static int accept_answer(struct registry_token *t, struct err *err)
{
    _cleanup_(registry_token_answer_release) struct registry_token_answer a = {0};
    struct registry_login *login = t->registry->login;
    int r = registry_token_parse(buf_str(&t->answer), t->answer.len, &a, err);

    if (r < 0)
        return r;
    str_replace(&t->access->authorization, str_printf("Bearer %s", a.token));
    t->access->proven = false;
    t->access->expires = time_monotonic() + a.expires_in * 1000000000;
    if (login && !str_empty(a.refresh_token))
        str_replace(&login->identity_token, steal_ptr(&a.refresh_token));
    return 0;
}

static void unlink_token(struct registry_token *t)
{
    struct registry_token **at = &t->registry->tokens;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
}

static int on_data(void *ctx, const void *bytes, size_t len, struct err *err)
{
    struct registry_token *t = ctx;

    return buf_append(&t->answer, bytes, len, err);
}

static int on_restart(void *ctx, struct err *err)
{
    struct registry_token *t = ctx;

    (void)err;
    buf_clear(&t->answer);
    return 0;
}

/* No token: of somebody who showed no credentials, that he would need some, as when the registry itself says so. */
static int refused(const struct registry_token *t, const struct http_response *response, struct err *err)
{
    const char *domain = t->repository->host->domain;
    const struct oci_reference ref = {.domain = (char *)domain, .path = t->repository->path};

    if (registry_login_is_empty(&t->login))
        return registry_problem_set(&(struct registry_problem){.ref = &ref, .manifest = true}, response, err);
    if (t->login.identity_token)
        err_set(err, ERR_AUTH, "%s refuses the identity token", response->authority);
    else
        err_set(err, ERR_AUTH, "%s refuses user name or password", response->authority);
    return t->registry->login ? ERR_AUTH : err_hint(err, "log in again: cbox login %s", domain);
}

static void send_request(struct registry_token *t, bool post);

static void on_done(void *ctx, int status, const struct http_response *response, const struct err *err)
{
    struct registry_token *t = ctx;
    struct err failure = ERR_INIT;

    /* Servers that know no POST take the identity token as a password. */
    if (status == 0 && t->posted && (response->status == 404 || response->status == 405)) {
        send_request(t, false);
        return;
    }
    if (status < 0) {
        failure = *err;
        registry_problem_hint(t->registry->config, response, &failure);
    } else if (response->status == 401 || response->status == 403 || (t->posted && response->status == 400))
        status = refused(t, response, &failure);
    else if (response->status == 429)
        status = registry_problem_limited(response, &failure);
    else if (response->status < 200 || response->status > 299)
        status = err_set(&failure, response->status >= 500 ? ERR_NETWORK : ERR_AUTH, "%s answers with status %d",
                         response->authority, response->status);
    else
        status = accept_answer(t, &failure);
    if (status < 0)
        err_wrap(&failure, "asking for access to %s", endpoint_of(t)->authority);
    t->access->pending = NULL;
    /* Those who wait may leave while others are told, so it can be found until all were. */
    for (size_t i = 0; i < t->waiters.n; i++)
        if (t->waiters.v[i].done)
            t->waiters.v[i].done(t->waiters.v[i].ctx, status, status < 0 ? &failure : NULL);
    unlink_token(t);
    token_free(t);
}

static const struct http_ops token_ops = {on_data, on_restart, on_done};

/* NAME=VALUE, behind what is there. */
static void add_field(struct buf *fields, const char *name, const char *value)
{
    buf_addf(fields, "%s%s=", fields->len ? "&" : "", name);
    registry_url_escape(fields, value);
}

/* OAuth 2.0 (RFC 6749), 6. */
static void format_form(const struct registry_token *t, struct buf *ret)
{
    _cleanup_free_ char *scope = strv_join(t->scopes, " ");

    add_field(ret, "grant_type", "refresh_token");
    add_field(ret, "client_id", "cbox");
    if (!str_empty(t->service))
        add_field(ret, "service", t->service);
    if (!str_empty(scope))
        add_field(ret, "scope", scope);
    add_field(ret, "refresh_token", t->login.identity_token);
}

static void format_query(const struct registry_token *t, struct buf *ret)
{
    if (!str_empty(t->service))
        add_field(ret, "service", t->service);
    STRV_FOREACH (scope, t->scopes)
        add_field(ret, "scope", *scope);
    if (!str_empty(t->login.username))
        add_field(ret, "account", t->login.username);
    if (t->registry->login) { /* a login wants a token that stays */
        add_field(ret, "offline_token", "true");
        add_field(ret, "client_id", "cbox");
    }
}

static void send_request(struct registry_token *t, bool post)
{
    const struct registry_login *login = &t->login;
    struct registry_login identity = {.username = login->username ? login->username : (char *)"<token>",
                                      .password = login->identity_token};
    _cleanup_free_ char *basic = registry_login_basic(login->identity_token ? &identity : login), *url = NULL;
    _cleanup_buf_ struct buf fields = BUF_INIT;

    if (post)
        format_form(t, &fields);
    else
        format_query(t, &fields);
    t->posted = post;
    if (!post && fields.len)
        url = str_printf("%s%c%s", t->realm, strchr(t->realm, '?') ? '&' : '?', fields.p);
    http_get(t->registry->http,
             &(struct http_request){.url = url ? url : t->realm,
                                    .form = post ? fields.p : NULL,
                                    .origin = endpoint_of(t)->authority,
                                    .authorization = post ? NULL : basic,
                                    .size = -1,
                                    .small = t->elsewhere},
             &token_ops, t);
}

/* Whether a token may be fetched without TLS: where the registry itself is spoken to so, but for its being on this
 * machine, which says nothing of others. */
static bool may_be_plain(const struct registry *r, const struct registry_endpoint *e, const char *authority)
{
    if (strcmp(e->scheme, "https") == 0 && !e->may_be_plain)
        return false;
    return !http_is_loopback(e->authority) || http_is_loopback(authority) || registry_is_insecure(r, e->account) ||
           registry_is_insecure(r, authority);
}

/* Where to ask. Credentials go there, so it must be as safe as the registry has to be. */
static int check_realm(const struct registry *r, const struct registry_endpoint *e, const char *realm,
                       bool *ret_elsewhere, struct err *err)
{
    _cleanup_free_ char *own = registry_endpoint_authority(e), *scheme = NULL, *authority = NULL;

    if (str_empty(realm) || http_url_origin(realm, &scheme, &authority, err) < 0)
        return err_set(err, ERR_AUTH, "%s names no place to ask for a token", e->authority);
    if (strcmp(scheme, "https") != 0 && !may_be_plain(r, e, authority))
        return err_set(err, ERR_TLS, "%s asks to fetch a token without TLS from %s", e->authority, authority);
    *ret_elsewhere = strcmp(authority, own) != 0;
    return 0;
}

int registry_token_fetch(struct registry *r, const struct registry_token_request *q, struct registry_token **ret,
                         struct err *err)
{
    const char *realm = registry_challenge_param(q->challenge, "realm");
    struct registry_token *t;
    bool elsewhere = false;
    int status = check_realm(r, &q->repository->host->endpoints.v[q->endpoint], realm, &elsewhere, err);

    if (status < 0)
        return status;
    t = mem_zalloc(1, sizeof(*t));
    t->registry = r;
    t->repository = q->repository;
    t->endpoint = q->endpoint;
    t->access = q->access;
    t->elsewhere = elsewhere;
    t->realm = str_ndup(realm, strcspn(realm, "#"));
    t->service = str_dup(registry_challenge_param(q->challenge, "service"));
    t->scopes = strv_copy(q->scopes);
    registry_login_copy(q->login, &t->login);
    t->answer.max = TOKEN_ANSWER_MAX;
    t->next = r->tokens;
    *ret = r->tokens = t;
    send_request(t, t->login.identity_token != NULL);
    return REGISTRY_WAITING;
}

void registry_token_wait(struct registry_token *t, registry_token_done done, void *ctx)
{
    *VEC_PUSH(&t->waiters) = (struct waiter){done, ctx};
}

void registry_token_leave(struct registry *r, void *ctx)
{
    for (struct registry_token *t = r->tokens; t; t = t->next)
        VEC_FOREACH (w, &t->waiters)
            if (w->ctx == ctx)
                w->done = NULL;
}

void registry_tokens_release(struct registry *r)
{
    while (r->tokens) {
        struct registry_token *t = r->tokens;

        r->tokens = t->next;
        token_free(t);
    }
}

/* Authorization: Basic from the user's credentials, or a token that a token server gives (anonymously, or against the
 * credentials). Docker's token authentication, "registry/spec/auth/token". One token is fetched at a time for a
 * repository at an endpoint and a scope; whoever needs it meanwhile waits for it. */
#include "registry/internal.h"

#include "base/log.h"
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
    bool anonymous; /* there are no credentials to ask with */
    struct http_transfer *transfer;
    struct buf answer;
    VEC(struct waiter) waiters;
};

struct answer {
    char *token, *access_token;
    int64_t expires_in;
};

static const struct json_field answer_fields[] = {
    JSON_FIELD(struct answer, "token", JSON_K_STRING, token),
    JSON_FIELD(struct answer, "access_token", JSON_K_STRING, access_token),
    JSON_FIELD(struct answer, "expires_in", JSON_K_INT64, expires_in),
};
static const struct json_type answer_type = {
    "token", sizeof(struct answer), answer_fields, ARRAY_SIZE(answer_fields), false,
};

static void answer_release(struct answer *a)
{
    json_free(&answer_type, a);
}

/* In the words of token servers: resources with what is to be done, parted by blanks. */
static char *format_scope(const char *path, const struct registry_scope *scope)
{
    const char *from = scope ? scope->mount_from : NULL;
    _cleanup_free_ char *mount = from && strcmp(from, path) != 0 ? str_printf(" repository:%s:pull", from) : NULL;

    return str_printf("repository:%s:pull%s%s", path, scope && scope->push ? ",push" : "", mount ? mount : "");
}

struct registry_access *registry_access_get(struct registry_repository *repository, size_t i,
                                            const struct registry_scope *scope)
{
    _cleanup_free_ char *text = format_scope(repository->path, scope);
    struct registry_access *a = repository->access[i];

    while (a && strcmp(a->scope, text) != 0)
        a = a->next;
    if (a)
        return a;
    a = mem_zalloc(1, sizeof(*a));
    a->scope = steal_ptr(&text);
    a->next = repository->access[i];
    return repository->access[i] = a;
}

void registry_access_release(struct registry_access *a)
{
    while (a) {
        struct registry_access *next = a->next;

        free(a->scope);
        free(a->authorization);
        free(a);
        a = next;
    }
}

const char *registry_access_current(const struct registry_access *a)
{
    return a->expires && a->expires <= time_monotonic() ? NULL : a->authorization;
}

static const struct registry_endpoint *endpoint_of(const struct registry_token *t)
{
    return &t->repository->host->endpoints.v[t->endpoint];
}

static void token_free(struct registry_token *t)
{
    buf_free(&t->answer);
    free(t->waiters.v);
    free(t);
}

/* It is going into a header: nothing but visible characters. */
static bool is_token(const char *s)
{
    for (const char *p = s; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f)
            return false;
    return *s != 0;
}

static int accept_answer(struct registry_token *t, struct err *err)
{
    struct registry_access *access = t->access;
    _cleanup_(answer_release) struct answer a = {0};
    const char *token;
    int64_t lifetime;
    int r = json_parse(buf_str(&t->answer), t->answer.len, &answer_type, &a, err);

    if (r < 0)
        return r;
    token = str_empty(a.token) ? a.access_token : a.token;
    if (!token || !is_token(token))
        return err_set(err, ERR_AUTH, "the answer holds no token");
    lifetime = a.expires_in > 0 ? MIN_OF(a.expires_in, LIFETIME_MAX) : LIFETIME_DEFAULT;
    str_replace(&access->authorization, str_printf("Bearer %s", token));
    access->expires = time_monotonic() + lifetime * 1000000000;
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
    const struct oci_reference ref = {.domain = t->repository->host->domain, .path = t->repository->path};

    if (t->anonymous)
        return registry_problem_set(&(struct registry_problem){.ref = &ref, .manifest = true}, response, err);
    return err_set(err, ERR_AUTH, "%s refuses user name or password", response->authority);
}

static void on_done(void *ctx, int status, const struct http_response *response, const struct err *err)
{
    struct registry_token *t = ctx;
    struct err failure = ERR_INIT;

    if (status < 0) {
        failure = *err;
        registry_problem_hint(t->registry->config, response, &failure);
    } else if (response->status == 401 || response->status == 403)
        status = refused(t, response, &failure);
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

static void add_query(struct buf *url, const char *name, const char *value)
{
    buf_addf(url, "%c%s=", strchr(buf_str(url), '?') ? '&' : '?', name);
    for (const char *p = value; *p; p++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *p))
            buf_addc(url, *p);
        else
            buf_addf(url, "%%%02X", (unsigned)(unsigned char)*p);
}

/* "pull,push" and "delete,pull" are "pull,push,delete". */
static char *join_actions(const char *a, const char *b)
{
    _cleanup_strv_ char **actions = strv_split(a, ','), **more = strv_split(b, ',');

    STRV_FOREACH (action, more)
        if (!strv_contains(actions, *action))
            strv_add(&actions, *action);
    return strv_join(actions, ",");
}

/* Adds the scopes in `text` to a list in which each resource stands once. */
static void add_scopes(char ***list, const char *text)
{
    _cleanup_strv_ char **scopes = strv_split(text, ' ');

    STRV_FOREACH (scope, scopes) {
        const char *colon = strrchr(*scope, ':');
        size_t n = colon ? (size_t)(colon - *scope) + 1 : 0;
        char **known = *list;

        while (known && *known && (!n || strncmp(*known, *scope, n) != 0 || strchr(*known + n, ':')))
            known++;
        if (!n)
            continue;
        if (known && *known) {
            _cleanup_free_ char *actions = join_actions(*known + n, *scope + n);

            str_replace(known, str_printf("%.*s%s", (int)n, *scope, actions));
        } else
            strv_add(list, *scope);
    }
}

/* What to ask for: what the registry says that is missing, and for more than reading what is wanted as well. A proxy
 * may know the repository by another name, so its own word for reading is enough. */
static char **scopes_wanted(const struct registry_access *access, const struct registry_scope *scope,
                            const struct registry_challenge *c)
{
    char **list = NULL;

    STRV_FOREACH (param, c->params) {
        const char *text = str_after(*param, "scope=");

        if (text)
            add_scopes(&list, text);
    }
    if (!list || scope)
        add_scopes(&list, access->scope);
    return list;
}

/* The URL to ask for a token. Credentials go there, so it must be as safe as the registry has to be. */
static int token_url(const struct registry_token *t, const struct registry_challenge *c, char *const *scopes,
                     struct buf *ret, struct err *err)
{
    const struct registry_endpoint *e = endpoint_of(t);
    const char *realm = registry_challenge_param(c, "realm"), *service = registry_challenge_param(c, "service");
    _cleanup_free_ char *scheme = NULL, *authority = NULL;

    if (str_empty(realm) || http_url_origin(realm, &scheme, &authority, err) < 0)
        return err_set(err, ERR_AUTH, "%s names no place to ask for a token", e->authority);
    if (strcmp(scheme, "https") != 0 && strcmp(e->scheme, "https") == 0 && !e->may_be_plain)
        return err_set(err, ERR_TLS, "%s asks to fetch a token without TLS from %s", e->authority, authority);
    buf_add(ret, realm, strcspn(realm, "#"));
    if (!str_empty(service))
        add_query(ret, "service", service);
    STRV_FOREACH (scope, scopes)
        add_query(ret, "scope", *scope);
    return 0;
}

static int find_basic(struct registry *r, const struct registry_repository *repository, size_t i, char **ret,
                      struct err *err)
{
    const struct registry_endpoint *e = &repository->host->endpoints.v[i];

    if (!r->credentials_loaded) {
        int status = registry_credentials_load(&r->credentials, err);

        if (status < 0)
            return status;
        r->credentials_loaded = true;
    }
    *ret = registry_credentials_basic(&r->credentials, e->account, repository->path);
    return 0;
}

static int fetch_token(struct registry *r, struct registry_repository *repository, size_t i,
                       struct registry_access *access, const struct registry_challenge *challenge, char *const *scopes,
                       const char *basic, struct registry_token **ret, struct err *err)
{
    struct registry_token *t = mem_zalloc(1, sizeof(*t));
    _cleanup_buf_ struct buf url = BUF_INIT;
    int status;

    t->registry = r;
    t->repository = repository;
    t->endpoint = i;
    t->access = access;
    t->answer.max = TOKEN_ANSWER_MAX;
    status = token_url(t, challenge, scopes, &url, err);
    if (status < 0) {
        token_free(t);
        return status;
    }
    t->anonymous = !basic;
    t->transfer =
        http_get(r->http,
                 &(struct http_request){
                     .url = buf_str(&url), .origin = endpoint_of(t)->authority, .authorization = basic, .size = -1},
                 &token_ops, t);
    t->next = r->tokens;
    *ret = r->tokens = access->pending = t;
    return 0;
}

static void read_challenges(const struct http_response *response, struct registry_challenges *ret)
{
    const char *value;

    for (size_t i = 0; (value = http_response_header(response, "WWW-Authenticate", i)); i++)
        if (registry_challenge_parse(value, ret, NULL) < 0)
            log_debug("registry: %s sends a malformed challenge: %s", response->authority, value);
}

int registry_authorize(struct registry *r, struct registry_repository *repository, size_t i,
                       const struct registry_scope *scope, const struct http_response *response, const char *sent,
                       registry_token_done done, void *ctx, struct err *err)
{
    _cleanup_challenges_ struct registry_challenges challenges = {0};
    _cleanup_free_ char *basic = NULL;
    struct registry_access *access = registry_access_get(repository, i, scope);
    const struct registry_challenge *bearer;
    struct registry_token *t = access->pending;
    const char *now = registry_access_current(access);
    int status = 0;

    if (now && !str_eq(now, sent))
        return REGISTRY_AUTHORIZED; /* for another request meanwhile */
    read_challenges(response, &challenges);
    bearer = registry_challenge_find(&challenges, "bearer");
    /* With a good token that does not reach far enough another one would be the same. */
    if (bearer && sent && str_eq(registry_challenge_param(bearer, "error"), "insufficient_scope"))
        return REGISTRY_REFUSED;
    if (!t) {
        status = find_basic(r, repository, i, &basic, err);
        if (status < 0)
            return status;
    }
    if (!t && bearer) {
        _cleanup_strv_ char **scopes = scopes_wanted(access, scope, bearer);

        status = fetch_token(r, repository, i, access, bearer, scopes, basic, &t, err);
        if (status < 0)
            return status;
    }
    if (t) {
        *VEC_PUSH(&t->waiters) = (struct waiter){done, ctx};
        return REGISTRY_WAITING;
    }
    if (!basic || str_eq(basic, sent) || !registry_challenge_find(&challenges, "basic"))
        return REGISTRY_REFUSED;
    str_replace(&access->authorization, steal_ptr(&basic));
    access->expires = 0;
    return REGISTRY_AUTHORIZED;
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

/* What a registry is shown: Basic from the user's credentials, a token that he was given for it, or one of a token
 * server (token.c). One token is fetched at a time for a repository at an endpoint and a scope; whoever needs it
 * meanwhile waits for it. */
#include "registry/internal.h"

#include "base/log.h"
#include "base/time.h"

/* In the words of token servers: resources with what is to be done, parted by blanks. The registry itself is none. */
static char *format_scope(const char *path, const struct registry_scope *scope)
{
    const char *from = scope ? scope->mount_from : NULL;
    _cleanup_free_ char *mount = from && strcmp(from, path) != 0 ? str_printf(" repository:%s:pull", from) : NULL;

    if (!*path)
        return str_dup("");
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

void registry_access_prove(struct registry_access *a, const char *sent)
{
    a->proven = a->proven || (sent && str_eq(a->authorization, sent));
}

bool registry_access_is_futile(const struct registry_access *a, const char *sent)
{
    return !sent || (str_eq(a->authorization, sent) && !a->proven);
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

        while (n && known && *known && (strncmp(*known, *scope, n) != 0 || strchr(*known + n, ':')))
            known++;
        if (n && known && *known) {
            _cleanup_free_ char *actions = join_actions(*known + n, *scope + n);

            str_replace(known, str_printf("%.*s%s", (int)n, *scope, actions));
        } else if (**scope)
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

static int find_login(struct registry *r, const struct registry_repository *repository, size_t i,
                      struct registry_login *ret, struct err *err)
{
    const struct registry_endpoint *e = &repository->host->endpoints.v[i];

    if (r->login) {
        registry_login_copy(r->login, ret);
        return 0;
    }
    if (!r->credentials_loaded) {
        int status = registry_credentials_load(&r->credentials, err);

        if (status < 0) {
            registry_credentials_release(&r->credentials);
            return status;
        }
        r->credentials_loaded = true;
    }
    return registry_credentials_find(&r->credentials, e->account, repository->path, ret, err);
}

static void read_challenges(const struct http_response *response, struct registry_challenges *ret)
{
    const char *value;

    for (size_t i = 0; (value = http_response_header(response, "WWW-Authenticate", i)); i++)
        if (registry_challenge_parse(value, ret, NULL) < 0)
            log_debug("registry: %s sends a malformed challenge: %s", response->authority, value);
}

/* What needs no token server; REGISTRY_REFUSED where it was tried or there is none. */
static int show(struct registry_access *access, char *authorization, const char *sent)
{
    if (!authorization || str_eq(authorization, sent)) {
        free(authorization);
        return REGISTRY_REFUSED;
    }
    str_replace(&access->authorization, authorization);
    access->expires = 0;
    access->proven = false;
    return REGISTRY_AUTHORIZED;
}

/* Nobody has asked for a token yet. */
static int begin(struct registry *r, const struct registry_token_request *q,
                 const struct registry_challenges *challenges, const char *sent, struct registry_token **ret,
                 struct err *err)
{
    const struct registry_challenge *bearer = q->challenge;

    if (!str_empty(q->login->registry_token) && registry_token_is_good(q->login->registry_token))
        return show(q->access, str_printf("Bearer %s", q->login->registry_token), sent);
    if (bearer)
        return registry_token_fetch(r, q, ret, err);
    if (!registry_challenge_find(challenges, "basic"))
        return REGISTRY_REFUSED;
    return show(q->access, registry_login_basic(q->login), sent);
}

int registry_authorize(struct registry *r, struct registry_repository *repository, size_t i,
                       const struct registry_scope *scope, const struct http_response *response, const char *sent,
                       registry_token_done done, void *ctx, struct err *err)
{
    _cleanup_challenges_ struct registry_challenges challenges = {0};
    struct registry_access *access = registry_access_get(repository, i, scope);
    const char *now = registry_access_current(access);
    int status = REGISTRY_WAITING;

    if (now && !str_eq(now, sent))
        return REGISTRY_AUTHORIZED; /* for another request meanwhile */
    if (!access->pending) {
        _cleanup_login_ struct registry_login login = {0};
        _cleanup_strv_ char **scopes = NULL;
        const struct registry_challenge *bearer;

        read_challenges(response, &challenges);
        bearer = registry_challenge_find(&challenges, "bearer");
        /* With a good token that does not reach far enough another one would be the same. */
        if (bearer && sent && str_eq(registry_challenge_param(bearer, "error"), "insufficient_scope"))
            return REGISTRY_REFUSED;
        status = find_login(r, repository, i, &login, err);
        if (status < 0)
            return status;
        scopes = bearer ? scopes_wanted(access, scope, bearer) : NULL;
        status = begin(r, &(struct registry_token_request){repository, i, access, bearer, scopes, &login}, &challenges,
                       sent, &access->pending, err);
    }
    if (status == REGISTRY_WAITING)
        registry_token_wait(access->pending, done, ctx);
    return status;
}

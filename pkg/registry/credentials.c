#include "registry/credentials.h"

#include "base/base64.h"
#include "registry/credentials_file.h"
#include "registry/helper.h"
#include "sys/fd.h"

#include <stdio.h>

enum { AUTH_MAX = 64 << 10 };

static const char hub_key[] = "https://index.docker.io/v1/";

static const struct json_field credential_fields[] = {
    JSON_FIELD(struct registry_credential, NULL, JSON_K_STRING, key),
    JSON_FIELD(struct registry_credential, "auth", JSON_K_STRING, auth),
    JSON_FIELD(struct registry_credential, "username", JSON_K_STRING, login.username),
    JSON_FIELD(struct registry_credential, "password", JSON_K_STRING, login.password),
    JSON_FIELD(struct registry_credential, "identitytoken", JSON_K_STRING, login.identity_token),
    JSON_FIELD(struct registry_credential, "registrytoken", JSON_K_STRING, login.registry_token),
};
static const struct json_type credential_type = {
    "auth", sizeof(struct registry_credential), credential_fields, ARRAY_SIZE(credential_fields), false,
};

static const struct json_field credentials_fields[] = {
    JSON_FIELD(struct registry_credentials, "auths", JSON_K_DICT, auths, .type = &credential_type),
    JSON_FIELD(struct registry_credentials, "credHelpers", JSON_K_MAP, helpers),
    JSON_FIELD(struct registry_credentials, "credsStore", JSON_K_STRING, store),
};
static const struct json_type credentials_type = {
    "auth file", sizeof(struct registry_credentials), credentials_fields, ARRAY_SIZE(credentials_fields), false,
};

void registry_login_release(struct registry_login *l)
{
    free(l->username);
    free(l->password);
    free(l->identity_token);
    free(l->registry_token);
    *l = (struct registry_login){0};
}

bool registry_login_is_empty(const struct registry_login *l)
{
    return str_empty(l->username) && str_empty(l->password) && str_empty(l->identity_token) &&
           str_empty(l->registry_token);
}

void registry_login_copy(const struct registry_login *l, struct registry_login *ret)
{
    *ret = (struct registry_login){
        .username = str_dup(l->username),
        .password = str_dup(l->password),
        .identity_token = str_dup(str_given(l->identity_token)),
        .registry_token = str_dup(str_given(l->registry_token)),
    };
}

char *registry_login_basic(const struct registry_login *l)
{
    _cleanup_free_ char *plain = NULL, *coded = NULL;

    if (str_empty(l->username) || !l->password)
        return NULL;
    plain = str_printf("%s:%s", l->username, l->password);
    coded = base64_encode(plain, strlen(plain));
    return str_printf("Basic %s", coded);
}

void registry_credentials_release(struct registry_credentials *c)
{
    VEC_FOREACH (a, &c->answers) {
        free(a->question);
        registry_login_release(&a->login);
    }
    free(c->answers.v);
    free(c->path);
    json_free(&credentials_type, c);
}

/* What "auth" says, in the place of user name and password. */
static void decode(struct registry_credential *c)
{
    _cleanup_buf_ struct buf plain = BUF_INIT_MAX(AUTH_MAX);
    size_t n;

    if (str_empty(c->auth))
        return;
    str_replace(&c->login.username, NULL);
    str_replace(&c->login.password, NULL);
    if (base64_decode(c->auth, &plain, NULL) < 0)
        return;
    while (plain.len && !plain.p[plain.len - 1])
        plain.len--; /* some tools pad it with zeros */
    n = strcspn(buf_str(&plain), ":");
    if (n >= plain.len || strlen(plain.p) < plain.len)
        return;
    c->login.username = str_ndup(plain.p, n);
    if (n + 1 < plain.len || str_empty(c->login.identity_token))
        c->login.password = str_ndup(plain.p + n + 1, plain.len - n - 1);
}

int registry_credentials_parse(const char *text, size_t len, struct registry_credentials *ret, struct err *err)
{
    int r = 0;

    *ret = (struct registry_credentials){0};
    if (len != strspn(text, " \t\r\n")) /* a file that somebody emptied */
        r = json_parse(text, len, &credentials_type, ret, err);
    VEC_FOREACH (c, &ret->auths)
        decode(c);
    return r;
}

static int load(enum credentials_purpose purpose, struct registry_credentials *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(CREDENTIALS_FILE_MAX);
    bool must_exist;
    _cleanup_free_ char *path = registry_credentials_path(purpose, &must_exist);
    int r = 0;

    *ret = (struct registry_credentials){0};
    if (path && (must_exist || access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)))
        r = fd_read_user_file(path, &text, err);
    if (r >= 0) {
        r = registry_credentials_parse(buf_str(&text), text.len, ret, err);
        ret->path = steal_ptr(&path);
        if (r >= 0)
            return 0;
        err_wrap(err, "%s", ret->path);
    }
    err_wrap(err, "credentials");
    return err ? err->kind = ERR_AUTH : ERR_AUTH;
}

int registry_credentials_load(struct registry_credentials *ret, struct err *err)
{
    return load(CREDENTIALS_READ, ret, err);
}

int registry_credentials_load_own(struct registry_credentials *ret, struct err *err)
{
    return load(CREDENTIALS_WRITE, ret, err);
}

bool registry_is_docker_hub(const char *host)
{
    static const char *const names[] = {"docker.io", "index.docker.io", "registry-1.docker.io"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(host, names[i]) == 0)
            return true;
    return false;
}

const char *registry_credentials_key(const char *domain)
{
    return registry_is_docker_hub(domain) ? hub_key : domain;
}

/* Keys with a scheme are Docker's: their path means a version of the protocol. */
size_t registry_credentials_closeness(const char *key, const char *domain, const char *path)
{
    _cleanup_free_ char *host = NULL;
    const char *rest = str_after(key, "https://");
    bool has_scheme;
    size_t n;

    if (!rest)
        rest = str_after(key, "http://");
    has_scheme = rest != NULL;
    if (!rest)
        rest = key;
    n = strcspn(rest, "/");
    host = str_ndup(rest, n);
    if (strcmp(host, domain) != 0 && !(registry_is_docker_hub(host) && registry_is_docker_hub(domain)))
        return 0;
    if (has_scheme || !rest[n] || !rest[n + 1])
        return 1;
    rest += n + 1;
    n = strlen(rest);
    return strncmp(rest, path, n) == 0 && (!path[n] || path[n] == '/') ? 1 + n : 0;
}

/* The entry that is closest; `useful`: of those that hold anything. Of several for the registry itself it is the one
 * that a login writes, since an old one may still stand before it under another name. */
static const struct registry_credential *closest(const struct registry_credentials *c, const char *domain,
                                                 const char *path, bool useful)
{
    const char *usual = registry_credentials_key(domain);
    const struct registry_credential *best = NULL;
    size_t best_closeness = 0;

    VEC_FOREACH (i, &c->auths) {
        size_t n = registry_credentials_closeness(i->key, domain, path);
        bool closer = n > best_closeness || (n && n == best_closeness && str_eq(i->key, usual));

        if (closer && !(useful && registry_login_is_empty(&i->login))) {
            best = i;
            best_closeness = n;
        }
    }
    return best;
}

const char *registry_credentials_helper(const struct registry_credentials *c, const char *domain, const char *path)
{
    const char *best = c->store;
    size_t best_closeness = 0;

    STRV_FOREACH (helper, c->helpers) {
        const char *equals = strchr(*helper, '=');
        _cleanup_free_ char *key = str_ndup(*helper, (size_t)(equals - *helper));
        size_t n = registry_credentials_closeness(key, domain, path);

        if (n > best_closeness) {
            best = equals + 1;
            best_closeness = n;
        }
    }
    return str_given(best);
}

/* What the program has for a server, from memory where it was asked before. */
static int ask(struct registry_credentials *c, const char *helper, const char *server, struct registry_login *ret,
               struct err *err)
{
    _cleanup_free_ char *question = str_printf("%s %s", helper, server);
    struct registry_helper_answer *a = NULL;
    int r;

    VEC_FOREACH (known, &c->answers)
        if (strcmp(known->question, question) == 0)
            a = known;
    if (!a) {
        struct registry_login login;

        r = registry_helper_get(helper, c->path, server, &login, err);
        if (r < 0)
            return r;
        a = VEC_PUSH(&c->answers);
        *a = (struct registry_helper_answer){steal_ptr(&question), login};
    }
    registry_login_copy(&a->login, ret);
    return 0;
}

int registry_credentials_find(struct registry_credentials *c, const char *domain, const char *path,
                              struct registry_login *ret, struct err *err)
{
    const char *helper = registry_credentials_helper(c, domain, path), *key = registry_credentials_key(domain);
    const struct registry_credential *named = closest(c, domain, path, false), *useful = closest(c, domain, path, true);
    int r = 0;

    *ret = (struct registry_login){0};
    /* With such a program an entry of the file is empty: the name under which the program has the rest. */
    if (helper && named && strcmp(named->key, key) != 0)
        r = ask(c, helper, named->key, ret, err);
    if (r == 0 && helper && registry_login_is_empty(ret))
        r = ask(c, helper, key, ret, err);
    if (r == 0 && useful && registry_login_is_empty(ret))
        registry_login_copy(&useful->login, ret);
    return r;
}

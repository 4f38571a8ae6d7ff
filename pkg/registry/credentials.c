#include "registry/credentials.h"

#include "base/base64.h"
#include "sys/fd.h"

#include <stdio.h>

enum { FILE_MAX = 1 << 20, AUTH_MAX = 64 << 10 };

static const struct json_field credential_fields[] = {
    JSON_FIELD(struct registry_credential, NULL, JSON_K_STRING, key),
    JSON_FIELD(struct registry_credential, "auth", JSON_K_STRING, auth),
    JSON_FIELD(struct registry_credential, "username", JSON_K_STRING, username),
    JSON_FIELD(struct registry_credential, "password", JSON_K_STRING, password),
};
static const struct json_type credential_type = {
    "auth", sizeof(struct registry_credential), credential_fields, ARRAY_SIZE(credential_fields), false,
};

static const struct json_field credentials_fields[] = {
    JSON_FIELD(struct registry_credentials, "auths", JSON_K_DICT, auths, .type = &credential_type),
};
static const struct json_type credentials_type = {
    "auth file", sizeof(struct registry_credentials), credentials_fields, ARRAY_SIZE(credentials_fields), false,
};

void registry_credentials_release(struct registry_credentials *c)
{
    json_free(&credentials_type, c);
}

int registry_credentials_load(struct registry_credentials *ret, struct err *err)
{
    const char *named = getenv("REGISTRY_AUTH_FILE"), *docker = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(FILE_MAX);
    _cleanup_free_ char *path = NULL;
    int r;

    *ret = (struct registry_credentials){0};
    if (!str_empty(named))
        path = str_dup(named);
    else if (!str_empty(docker))
        path = str_printf("%s/config.json", docker);
    else if (!str_empty(home))
        path = str_printf("%s/.docker/config.json", home);
    if (!path || (str_empty(named) && access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR)))
        return 0;
    r = fd_read_user_file(path, &text, err);
    if (r >= 0) {
        r = json_parse(buf_str(&text), text.len, &credentials_type, ret, err);
        if (r >= 0)
            return 0;
        err_wrap(err, "%s", path);
    }
    err_wrap(err, "credentials");
    return err ? err->kind = ERR_AUTH : ERR_AUTH;
}

static bool is_docker_hub(const char *host)
{
    static const char *const names[] = {"docker.io", "index.docker.io", "registry-1.docker.io"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(host, names[i]) == 0)
            return true;
    return false;
}

/* How closely `key` names the repository: 0 not at all, else the more the closer. Keys with a scheme are Docker's:
 * their path means a version of the protocol. */
static size_t closeness(const char *key, const char *domain, const char *path)
{
    const char *rest = str_after(key, "https://");
    _cleanup_free_ char *host = NULL;
    bool has_scheme;
    size_t n;

    if (!rest)
        rest = str_after(key, "http://");
    has_scheme = rest != NULL;
    if (!rest)
        rest = key;
    n = strcspn(rest, "/");
    host = str_ndup(rest, n);
    if (strcmp(host, domain) != 0 && !(is_docker_hub(host) && is_docker_hub(domain)))
        return 0;
    if (has_scheme || !rest[n] || !rest[n + 1])
        return 1;
    rest += n + 1;
    n = strlen(rest);
    return strncmp(rest, path, n) == 0 && (!path[n] || path[n] == '/') ? 1 + n : 0;
}

static char *basic(const struct registry_credential *c)
{
    _cleanup_buf_ struct buf plain = BUF_INIT_MAX(AUTH_MAX);
    _cleanup_free_ char *coded = NULL;

    if (!str_empty(c->auth)) {
        if (base64_decode(c->auth, &plain, NULL) < 0)
            return NULL;
        while (plain.len && !plain.p[plain.len - 1])
            plain.len--; /* some tools pad it with zeros */
        if (!plain.len || !memchr(plain.p, ':', plain.len))
            return NULL;
    } else if (!str_empty(c->username) && c->password)
        buf_addf(&plain, "%s:%s", c->username, c->password);
    else
        return NULL;
    coded = base64_encode(plain.p, plain.len);
    return str_printf("Basic %s", coded);
}

char *registry_credentials_basic(const struct registry_credentials *c, const char *domain, const char *path)
{
    char *best = NULL;
    size_t best_closeness = 0;

    VEC_FOREACH (i, &c->auths) {
        size_t n = closeness(i->key, domain, path);
        char *header = n > best_closeness ? basic(i) : NULL;

        if (header) {
            str_replace(&best, header);
            best_closeness = n;
        }
    }
    return best;
}

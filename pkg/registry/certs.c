#include "registry/certs.h"

#include "registry/credentials.h"

#include "sys/fd.h"

#include <dirent.h>

enum { PEM_MAX = 1 << 20 };

struct entry {
    struct entry *next;
    char *authority, *origin;
    struct buf pem;
    char *client_cert, *client_key;
    struct http_tls tls;
};

struct registry_certs {
    const struct config *config;
    bool insecure;
    struct entry *entries;
};

struct registry_certs *registry_certs_new(const struct config *config, bool insecure)
{
    struct registry_certs *c = mem_zalloc(1, sizeof(*c));

    c->config = config;
    c->insecure = insecure;
    return c;
}

static void entry_free(struct entry *e)
{
    free(e->authority);
    free(e->origin);
    free(e->client_cert);
    free(e->client_key);
    buf_free(&e->pem);
    free(e);
}
MEM_DEFINE_CLEANUP(struct entry, entry_free);

void registry_certs_free(struct registry_certs *c)
{
    while (c->entries) {
        struct entry *e = c->entries;

        c->entries = e->next;
        entry_free(e);
    }
    free(c);
}

const struct config_registry *registry_certs_settings(const struct config *config, const char *authority)
{
    const struct config_registry *found = config_find_registry(config, authority);

    return found || !registry_is_docker_hub(authority) ? found : config_find_registry(config, "docker.io");
}

static int add_pem(struct entry *e, const char *path, struct err *err)
{
    int r = fd_read_user_file(path, &e->pem, err);

    if (r >= 0)
        r = buf_append(&e->pem, "\n", 1, err);
    if (r >= 0)
        return 0;
    err_wrap(err, "certificate");
    /* What is not found must not look like the image. */
    return err ? err->kind = ERR_TLS : ERR_TLS;
}

/* The names in a directory, sorted; NULL where there is no such directory. */
static int list(const char *path, char ***ret, struct err *err)
{
    DIR *dir = opendir(path);
    struct dirent *d;

    if (!dir)
        return errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(err, errno, "%s", path);
    while ((d = readdir(dir)))
        strv_add(ret, d->d_name);
    closedir(dir);
    strv_sort(*ret);
    return 0;
}

static void set_client(struct entry *e, const char *dir, const char *cert)
{
    _cleanup_free_ char *stem = str_ndup(cert, strlen(cert) - strlen(".cert"));

    e->client_cert = str_printf("%s/%s", dir, cert);
    e->client_key = str_printf("%s/%s.key", dir, stem);
}

/* 1: the directory is there and counts. */
static int read_dir(struct entry *e, const char *dir, bool own, struct err *err)
{
    _cleanup_strv_ char **names = NULL;
    int r = list(dir, &names, err);

    if (r < 0 || !names)
        return r;
    STRV_FOREACH (name, names) {
        _cleanup_free_ char *path = str_printf("%s/%s", dir, *name);

        if (str_ends(*name, ".crt")) {
            r = add_pem(e, path, err);
            if (r < 0)
                return r;
        } else if (own && !e->client_cert && str_ends(*name, ".cert"))
            set_client(e, dir, *name);
    }
    return 1;
}

/* The directories of one host, which may be named with the port that https has anyway. */
static int read_dirs(struct registry_certs *c, struct entry *e, const char *authority, bool own, struct err *err)
{
    const char *last = strrchr(authority, ':');
    bool has_port = last && !strchr(last, ']');

    STRV_FOREACH (base, c->config->certs_dirs) {
        _cleanup_free_ char *dir = str_printf("%s/%s", *base, authority);
        int r = read_dir(e, dir, own, err);

        if (r == 0 && !has_port) {
            str_replace(&dir, str_printf("%s/%s:443", *base, authority));
            r = read_dir(e, dir, own, err);
        }
        if (r != 0)
            return MIN_OF(r, 0);
    }
    return 0;
}

static int read_host(struct registry_certs *c, struct entry *e, const char *authority, bool own, struct err *err)
{
    const struct config_registry *settings = registry_certs_settings(c->config, authority);

    if (c->insecure || (settings && settings->insecure))
        e->tls.insecure = true;
    if (settings && settings->ca) {
        int r = add_pem(e, settings->ca, err);

        if (r < 0)
            return r;
    }
    if (own && settings && settings->client_cert) {
        e->client_cert = str_dup(settings->client_cert);
        e->client_key = str_dup(settings->client_key);
    }
    return read_dirs(c, e, authority, own, err);
}

int registry_certs_find(struct registry_certs *c, const char *authority, const char *origin,
                        const struct http_tls **ret, struct err *err)
{
    _cleanup_(entry_free_cleanup) struct entry *e = NULL;
    int r;

    for (struct entry *i = c->entries; i; i = i->next)
        if (strcmp(i->authority, authority) == 0 && strcmp(i->origin, origin) == 0) {
            *ret = &i->tls;
            return 0;
        }
    e = mem_zalloc(1, sizeof(*e));
    e->pem.max = PEM_MAX;
    e->authority = str_dup(authority);
    e->origin = str_dup(origin);
    r = read_host(c, e, authority, true, err);
    if (r >= 0 && strcmp(authority, origin) != 0)
        r = read_host(c, e, origin, false, err);
    if (r < 0)
        return r;
    e->tls.ca_pem = e->pem.len ? e->pem.p : NULL;
    e->tls.client_cert = e->client_cert;
    e->tls.client_key = e->client_key;
    *ret = &e->tls;
    e->next = c->entries;
    c->entries = steal_ptr(&e);
    return 0;
}

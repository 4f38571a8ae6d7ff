#include "registry/internal.h"

static const char hub_domain[] = "docker.io", hub_authority[] = "registry-1.docker.io";
static const char hub_index[] = "index.docker.io"; /* where Docker searches */

static int add_mirror(struct registry_host *host, const char *url, struct err *err)
{
    struct registry_endpoint *e;
    char *scheme, *authority;
    const char *path;
    size_t n;
    int r = http_url_origin(url, &scheme, &authority, err);

    if (r < 0)
        return err_wrap(err, "mirror of %s", host->domain);
    e = VEC_PUSH(&host->endpoints);
    e->scheme = scheme;
    e->authority = authority;
    e->account = str_dup(authority);
    e->index = str_dup(authority);
    path = strstr(url, "://") + 3;
    path += strcspn(path, "/");
    n = strcspn(path, "?#");
    while (n && path[n - 1] == '/')
        n--;
    e->prefix = str_ndup(path, n);
    return 0;
}

bool registry_is_insecure(const struct registry *r, const char *host)
{
    const struct config_registry *settings = registry_certs_settings(r->config, host);

    return r->insecure || (settings && settings->insecure);
}

static void add_registry(const struct registry *r, struct registry_host *host)
{
    bool is_hub = strcmp(host->domain, hub_domain) == 0;
    struct registry_endpoint *e = VEC_PUSH(&host->endpoints);

    e->scheme = str_dup("https");
    e->authority = str_dup(is_hub ? hub_authority : host->domain);
    e->index = str_dup(is_hub ? hub_index : host->domain);
    e->prefix = str_dup("");
    e->account = str_dup(host->domain);
    e->may_be_plain = registry_is_insecure(r, host->domain) || http_is_loopback(host->domain);
}

char *registry_endpoint_authority(const struct registry_endpoint *e)
{
    _cleanup_free_ char *url = str_printf("%s://%s/", e->scheme, e->authority), *scheme = NULL;
    char *authority;

    return http_url_origin(url, &scheme, &authority, NULL) < 0 ? str_dup(e->authority) : authority;
}

static void host_free(struct registry_host *host)
{
    VEC_FOREACH (e, &host->endpoints) {
        free(e->scheme);
        free(e->authority);
        free(e->prefix);
        free(e->account);
        free(e->index);
    }
    free(host->endpoints.v);
    free(host->domain);
    free(host);
}
MEM_DEFINE_CLEANUP(struct registry_host, host_free);

static int get_host(struct registry *r, const char *domain, struct registry_host **ret, struct err *err)
{
    _cleanup_(host_free_cleanup) struct registry_host *host = NULL;
    const struct config_registry *settings = config_find_registry(r->config, domain);

    for (struct registry_host *i = r->hosts; i; i = i->next)
        if (strcmp(i->domain, domain) == 0) {
            *ret = i;
            return 0;
        }
    host = mem_zalloc(1, sizeof(*host));
    host->domain = str_dup(domain);
    STRV_FOREACH (url, settings ? settings->mirrors : NULL)
        if (add_mirror(host, *url, err) < 0)
            return ERR_INVALID;
    add_registry(r, host);
    host->next = r->hosts;
    *ret = r->hosts = host;
    host = NULL;
    return 0;
}

int registry_repository_get(struct registry *r, const struct oci_reference *ref, struct registry_repository **ret,
                            struct err *err)
{
    struct registry_repository *repository;
    struct registry_host *host;

    for (repository = r->repositories; repository; repository = repository->next)
        if (strcmp(repository->host->domain, ref->domain) == 0 && strcmp(repository->path, ref->path) == 0) {
            *ret = repository;
            return 0;
        }
    if (get_host(r, ref->domain, &host, err) < 0)
        return ERR_INVALID;
    repository = mem_zalloc(1, sizeof(*repository));
    repository->host = host;
    repository->path = str_dup(ref->path);
    repository->access = mem_zalloc(host->endpoints.n, sizeof(*repository->access));
    repository->next = r->repositories;
    *ret = r->repositories = repository;
    return 0;
}

void registry_endpoints_release(struct registry *r)
{
    while (r->repositories) {
        struct registry_repository *repository = r->repositories;

        r->repositories = repository->next;
        for (size_t i = 0; i < repository->host->endpoints.n; i++)
            registry_access_release(repository->access[i]);
        free(repository->access);
        free(repository->path);
        free(repository);
    }
    while (r->hosts) {
        struct registry_host *host = r->hosts;

        r->hosts = host->next;
        host_free(host);
    }
}

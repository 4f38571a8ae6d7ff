/* Where an upload goes: a registry says it anew with every answer. */
#include "registry/internal.h"

void registry_location_release(struct registry_location *l)
{
    free(l->url);
    *l = (struct registry_location){0};
}

/* A registry behind a proxy that ends TLS may not know of it, and names itself without. */
static char *with_tls(const char *url)
{
    return str_printf("https%s", url + strlen("http"));
}

int registry_location_set(struct registry_location *l, struct registry_repository *repository,
                          const struct http_response *response, struct err *err)
{
    const struct registry_endpoint *e = &repository->host->endpoints.v[repository->host->endpoints.n - 1];
    _cleanup_free_ char *base =
        str_printf("%s://%s%s/v2/%s/blobs/uploads/", e->scheme, e->authority, e->prefix, repository->path);
    _cleanup_free_ char *own = registry_endpoint_authority(e), *url = NULL, *scheme = NULL, *authority = NULL;
    const char *text = http_response_header(response, "Location", 0);
    bool plain;
    int r;

    if (str_empty(text))
        return l->url ? 0 : err_set(err, ERR_INVALID, "%s does not say where the upload goes", e->authority);
    r = http_url_resolve(l->url ? l->url : base, text, &url, err);
    if (r == 0)
        r = http_url_origin(url, &scheme, &authority, err);
    if (r < 0)
        return err_wrap(err, "%s says where the upload goes", e->authority);
    plain = strcmp(scheme, "http") == 0 && strcmp(e->scheme, "https") == 0;
    l->foreign = strcmp(authority, own) != 0;
    if (plain && l->foreign)
        return err_set(err, ERR_TLS, "%s wants the upload to go to %s without TLS", e->authority, authority);
    str_replace(&l->url, plain ? with_tls(url) : steal_ptr(&url));
    return 0;
}

#include "registry/login.h"

#include "registry/internal.h"

enum { ANSWER_MAX = 64 << 10 };

int registry_login_server(const char *server, char **ret, struct err *err)
{
    _cleanup_free_ char *host = NULL, *name = NULL;
    _cleanup_reference_ struct oci_reference ref = {0};
    const char *rest = str_after(server, "https://");

    if (!rest)
        rest = str_after(server, "http://");
    host = str_ndup(rest ? rest : server, strcspn(rest ? rest : server, "/"));
    if (!*server || registry_is_docker_hub(host)) {
        *ret = str_dup("docker.io");
        return 0;
    }
    /* A host alone may be a word that names an image as well: the grammar of references tells hosts. */
    name = str_printf("%s/x", host);
    if (oci_reference_parse(name, &ref, NULL) < 0 || strcmp(ref.domain, host) != 0)
        return err_set(err, ERR_INVALID, "\"%.200s\" is no registry: a host is expected, such as registry.example:5000",
                       server);
    *ret = steal_ptr(&host);
    return 0;
}

/* One place, by its index among the endpoints of the registry itself. The caller releases `page`. */
static int ask_endpoint(struct registry *r, const char *domain, size_t endpoint, struct registry_page *page,
                        struct err *err)
{
    const struct oci_reference ref = {.domain = (char *)domain, .path = (char *)""};

    return registry_fetch_page(
        r,
        &(struct registry_request_options){
            .ref = &ref, .target = "/v2/", .missing = "this is no registry", .only = &endpoint, .size = -1},
        page, err);
}

static int find_host(struct registry *r, const char *domain, struct registry_host **ret, struct err *err)
{
    const struct oci_reference ref = {.domain = (char *)domain, .path = (char *)""};
    struct registry_repository *repository;
    int status = registry_repository_get(r, &ref, &repository, err);

    if (status == 0)
        *ret = repository->host;
    return status;
}

int registry_login_check(struct registry *r, const char *domain, struct registry_login *login, struct err *err)
{
    _cleanup_(registry_page_release) struct registry_page page = {.bytes = BUF_INIT_MAX(ANSWER_MAX)};
    struct registry_host *host = NULL;
    int status = find_host(r, domain, &host, err);

    if (status < 0)
        return status;
    r->login = login;
    status = ask_endpoint(r, domain, host->endpoints.n - 1, &page, err);
    r->login = NULL;
    if (status == ERR_AUTH)
        err_wrap(err, "unauthorized: incorrect username or password");
    else if (status == 0 && login->identity_token)
        str_replace(&login->password, NULL);
    return status < 0 ? err_wrap(err, "login to %s", domain) : 0;
}

int registry_ask(struct registry *r, const char *domain,
                 void (*answered)(void *data, const struct registry_place *place, const char *date,
                                  const struct err *failed),
                 void *data, struct err *err)
{
    struct registry_host *host = NULL;
    int status = find_host(r, domain, &host, err);

    for (size_t i = 0; status == 0 && i < host->endpoints.n; i++) {
        _cleanup_(registry_page_release) struct registry_page page = {.bytes = BUF_INIT_MAX(ANSWER_MAX)};
        struct err failed = ERR_INIT;
        int refused = ask_endpoint(r, domain, i, &page, &failed);

        answered(data, &(struct registry_place){host->endpoints.v[i].authority, i + 1 < host->endpoints.n}, page.date,
                 refused < 0 ? &failed : NULL);
    }
    return status;
}

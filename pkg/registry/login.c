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

int registry_login_check(struct registry *r, const char *domain, struct registry_login *login, struct err *err)
{
    const struct oci_reference ref = {.domain = (char *)domain, .path = (char *)""};
    _cleanup_(registry_page_release) struct registry_page page = {.bytes = BUF_INIT_MAX(ANSWER_MAX)};
    struct registry_repository *repository;
    size_t itself;
    int status = registry_repository_get(r, &ref, &repository, err);

    if (status < 0)
        return status;
    itself = repository->host->endpoints.n - 1;
    r->login = login;
    status = registry_fetch_page(
        r,
        &(struct registry_request_options){
            .ref = &ref, .target = "/v2/", .missing = "this is no registry", .only = &itself, .size = -1},
        &page, err);
    r->login = NULL;
    if (status == ERR_AUTH)
        err_wrap(err, "unauthorized: incorrect username or password");
    else if (status == 0 && login->identity_token)
        str_replace(&login->password, NULL);
    return status < 0 ? err_wrap(err, "login to %s", domain) : 0;
}

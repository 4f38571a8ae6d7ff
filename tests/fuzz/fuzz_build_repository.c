/* The URL of a repository: what becomes arguments of git is none of its options, and nothing secret is in it. */
#include "build/context.h"
#include "build/repository.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct repository *r)
{
    const char *host = strstr(r->url, "://");

    if (r->ref && (*r->ref == '-' || strpbrk(r->ref, " \t\n:^~?*[\\") || strstr(r->ref, "..")))
        abort();
    if (r->subdir && (*r->subdir == '/' || strncmp(r->subdir, "../", 3) == 0 || strstr(r->subdir, "/../")))
        abort();
    if (!r->origin != !r->user || !r->origin != !r->password)
        abort();
    if (!r->origin)
        return;
    if (strpbrk(r->user, "\r\n") || strpbrk(r->password, "\r\n") || !host ||
        strncmp(r->url, r->origin, strlen(r->origin)) != 0 || strpbrk(r->origin, "@= \n"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = str_ndup((const char *)data, size), *shown = build_hide_secrets(str_dup(text));
    struct repository repository;
    struct err err = ERR_INIT;
    int r;

    if (strlen(shown) != strlen(text))
        abort();
    if (!build_is_repository(text))
        return 0;
    r = repository_parse(text, &repository, &err);
    if ((r < 0) != (err.kind < 0) || (r < 0 && !err.text[0]))
        abort();
    if (r == 0)
        check(&repository);
    repository_release(&repository);
    return 0;
}

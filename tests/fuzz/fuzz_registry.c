/* What lies in the user's file of credentials and what programs, token servers and registries answer: credentials,
 * tokens, searches, tag lists, links to a next page; and the file as it is when an entry was changed. The first byte
 * says which. */
#include "registry/internal.h"

#include "registry/credentials_file.h"
#include "registry/helper.h"
#include "registry/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_header(const char *value)
{
    for (const char *p = value; p && *p; p++)
        if ((unsigned char)*p < 0x20)
            abort();
}

static void check_credentials(const char *text, size_t size)
{
    static const char *const domains[] = {"docker.io", "registry.example:5000", "a"};
    struct registry_credentials c;

    if (registry_credentials_parse(text, size, &c, NULL) == 0) {
        for (size_t i = 0; i < ARRAY_SIZE(domains); i++) {
            _cleanup_login_ struct registry_login login = {0};
            _cleanup_free_ char *basic = NULL;

            (void)registry_credentials_helper(&c, domains[i], "team/app");
            /* No program is run here. */
            strv_free(steal_ptr(&c.helpers));
            str_replace(&c.store, NULL);
            if (registry_credentials_find(&c, domains[i], "team/app", &login, NULL) < 0)
                abort();
            basic = registry_login_basic(&login);
            check_header(basic);
        }
    }
    registry_credentials_release(&c);
}

/* An entry that is put in is found, whatever else there is, and one that is taken out is not. */
static void check_edit(const char *text, size_t size)
{
    static const char *const path[] = {"auths", "https://new.example/v1/", NULL};
    _cleanup_buf_ struct buf whole = BUF_INIT;
    struct registry_credentials c;
    bool found = false;

    if (registry_credentials_parse(text, size, &c, NULL) < 0)
        return;
    registry_credentials_release(&c);
    buf_add(&whole, text, size);
    if (json_edit(&whole, path, "{\"auth\":\"dTpw\"}", NULL) < 0)
        return;
    if (registry_credentials_parse(whole.p, whole.len, &c, NULL) < 0)
        abort();
    VEC_FOREACH (a, &c.auths)
        found = found || (strcmp(a->key, path[1]) == 0 && str_eq(a->login.password, "p"));
    registry_credentials_release(&c);
    if (!found || json_edit(&whole, path, NULL, NULL) < 0 ||
        registry_credentials_parse(whole.p, whole.len, &c, NULL) < 0)
        abort();
    VEC_FOREACH (a, &c.auths)
        if (strcmp(a->key, path[1]) == 0)
            abort();
    registry_credentials_release(&c);
}

static void check_helper(const char *text, size_t size)
{
    _cleanup_login_ struct registry_login login = {0};

    if (registry_helper_parse(text, size, &login, NULL) == 0 && login.identity_token && login.password)
        abort();
}

static void check_token(const char *text, size_t size)
{
    struct registry_token_answer a;

    if (registry_token_parse(text, size, &a, NULL) < 0)
        return;
    check_header(a.token);
    if (str_empty(a.token) || a.expires_in <= 0)
        abort();
    registry_token_answer_release(&a);
}

static void check_search(const char *text, size_t size)
{
    struct registry_search s;

    if (registry_search_parse(text, size, &s, NULL) == 0)
        registry_search_release(&s);
}

static void check_tags(const char *text, size_t size)
{
    _cleanup_strv_ char **tags = NULL;

    if (registry_tags_parse(text, size, &tags, NULL) < 0 && tags)
        abort();
    STRV_FOREACH (tag, tags)
        if (!**tag)
            abort();
}

static void check_link(const char *text, size_t size)
{
    _cleanup_free_ char *value = str_ndup(text, size), *link = registry_next_link(value);

    if (link && strchr(link, '>'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(const char *text, size_t size) = {
        check_credentials, check_edit, check_helper, check_token, check_search, check_tags, check_link,
    };
    _cleanup_free_ char *text = NULL;

    if (!size)
        return 0;
    text = mem_alloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    checks[(size_t)(*data - '0') % ARRAY_SIZE(checks)](text, size - 1);
    return 0;
}

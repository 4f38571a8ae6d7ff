#include "registry/listing.h"

#include "registry/internal.h"

#include <strings.h>

enum {
    PAGE_MAX = 4 << 20,
    TAGS_PAGE = 1000,
    TAGS_MAX = 100000,
    TAG_LENGTH_MAX = 128,
};

void registry_url_escape(struct buf *url, const char *text)
{
    for (const char *p = text; *p; p++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *p))
            buf_addc(url, *p);
        else
            buf_addf(url, "%%%02X", (unsigned)(unsigned char)*p);
}

/* ---- tags ---- */

struct tags {
    char **tags;
};

static const struct json_field tags_fields[] = {
    JSON_FIELD(struct tags, "tags", JSON_K_STRV, tags),
};
static const struct json_type tags_type = {
    "tag list", sizeof(struct tags), tags_fields, ARRAY_SIZE(tags_fields), false,
};

int registry_tags_parse(const char *text, size_t len, char ***ret, struct err *err)
{
    struct tags t;
    int r = json_parse(text, len, &tags_type, &t, err);

    if (r < 0)
        return r;
    STRV_FOREACH (tag, t.tags)
        if (r == 0 && (!**tag || strlen(*tag) > TAG_LENGTH_MAX))
            r = err_set(err, ERR_INVALID, "tag list: \"%.200s\" is no tag", *tag);
    if (r == 0)
        *ret = steal_ptr(&t.tags);
    json_free(&tags_type, &t);
    return r;
}

/* The parameters behind a link's target, up to the comma that ends them: whether one is rel with "next" among its
 * words. RFC 8288, 3. */
static bool is_next(const char **at)
{
    bool next = false;
    const char *p = *at;

    while (*p == ';' || *p == ' ' || *p == '\t') {
        bool is_rel;
        size_t n;

        p += strspn(p, "; \t");
        n = strcspn(p, "=;, \t");
        is_rel = n == 3 && strncasecmp(p, "rel", 3) == 0;
        p += n;
        p += strspn(p, " \t");
        if (*p != '=')
            continue;
        p += 1 + strspn(p + 1, " \t");
        if (*p == '"') {
            n = strcspn(++p, "\"");
        } else
            n = strcspn(p, ";, \t");
        for (size_t i = 0; is_rel && i + 4 <= n; i++)
            next = next || (strncasecmp(p + i, "next", 4) == 0 && (i == 0 || p[i - 1] == ' ') &&
                            (i + 4 == n || p[i + 4] == ' '));
        p += n;
        p += *p == '"';
        p += strspn(p, " \t");
    }
    *at = p;
    return next;
}

char *registry_next_link(const char *value)
{
    while (*value) {
        const char *target;
        size_t n;

        value += strspn(value, ", \t");
        if (*value != '<')
            return NULL;
        target = value + 1;
        n = strcspn(target, ">");
        if (!target[n])
            return NULL;
        value = target + n + 1;
        value += strspn(value, " \t");
        if (is_next(&value))
            return str_ndup(target, n);
        if (*value && *value != ',')
            return NULL;
    }
    return NULL;
}

/* The link as a path behind the endpoint's prefix. A whole URL must be of the endpoint; a query alone belongs to the
 * page that it stands in. */
static char *target_of(const struct registry_endpoint *e, const char *page, const char *link)
{
    _cleanup_free_ char *own = registry_endpoint_authority(e), *scheme = NULL, *authority = NULL;
    const char *path = link, *rest;

    if (*link == '?')
        return str_printf("%.*s%s", (int)strcspn(page, "?"), page, link);
    if (strstr(link, "://") && http_url_origin(link, &scheme, &authority, NULL) == 0 && str_eq(scheme, e->scheme) &&
        str_eq(authority, own)) {
        path = strstr(link, "://") + 3;
        path += strcspn(path, "/?#");
    }
    if (*path != '/' || path[1] == '/')
        return NULL;
    rest = str_after(path, e->prefix);
    /* Behind a prefix that it cuts off, a proxy may pass on what the registry says. */
    return str_dup(rest && *rest == '/' ? rest : path);
}

static int next_page(const struct registry_host *host, const struct registry_page *page, char **target, struct err *err)
{
    const struct registry_endpoint *e = &host->endpoints.v[page->endpoint];
    _cleanup_free_ char *link = page->link ? registry_next_link(page->link) : NULL, *next = NULL;

    if (link) {
        next = target_of(e, *target, link);
        if (!next || strpbrk(next, " #\\") || strcmp(next, *target) == 0)
            return err_set(err, ERR_INVALID, "%s continues its tags at \"%.200s\", which is no next page of it",
                           e->authority, link);
    }
    str_replace(target, steal_ptr(&next));
    return 0;
}

/* Moves what `from` has to the end of `to`. */
static int take_tags(char ***to, size_t *n, size_t limit, char **from, struct err *err)
{
    for (char **tag = from; tag && *tag && !(limit && *n >= limit); tag++) {
        if (*n >= TAGS_MAX)
            return err_set(err, ERR_LIMIT, "more than %d tags", TAGS_MAX);
        strv_take_at(to, (*n)++, str_dup(*tag));
    }
    return 0;
}

int registry_list_tags(struct registry *r, const struct oci_reference *ref, size_t limit, char ***ret, struct err *err)
{
    _cleanup_free_ char *name = oci_reference_familiar_name(ref), *target = NULL, *missing = NULL;
    _cleanup_strv_ char **tags = NULL;
    struct registry_repository *repository;
    size_t n = 0, endpoint;
    const size_t *only = NULL;
    int status = registry_repository_get(r, ref, &repository, err);

    target = str_printf("/v2/%s/tags/list?n=%zu", ref->path, limit ? MIN_OF(limit, (size_t)TAGS_PAGE) : TAGS_PAGE);
    missing = str_printf("repository %s not found", name);
    while (status == 0 && target && !(limit && n >= limit)) {
        _cleanup_(registry_page_release) struct registry_page page = {.bytes = BUF_INIT_MAX(PAGE_MAX)};
        const struct registry_request_options options = {
            .ref = ref, .target = target, .missing = missing, .only = only, .size = -1};
        _cleanup_strv_ char **more = NULL;

        status = registry_fetch_page(r, &options, &page, err);
        if (status < 0)
            return status;
        status = registry_tags_parse(buf_str(&page.bytes), page.bytes.len, &more, err);
        if (status == 0)
            status = take_tags(&tags, &n, limit, more, err);
        if (status == 0)
            status = next_page(repository->host, &page, &target, err);
        if (!more && target && status == 0)
            status = err_set(err, ERR_INVALID, "an empty page with another one behind it");
        if (status < 0)
            return err_wrap(err, "tags of %s", name);
        endpoint = page.endpoint;
        only = &endpoint;
    }
    if (status == 0)
        *ret = steal_ptr(&tags);
    return status;
}

/* ---- search ---- */

static const struct json_field found_fields[] = {
    JSON_FIELD(struct registry_found, "name", JSON_K_STRING, name),
    JSON_FIELD(struct registry_found, "description", JSON_K_STRING, description),
    JSON_FIELD(struct registry_found, "star_count", JSON_K_INT64, stars),
    JSON_FIELD(struct registry_found, "is_official", JSON_K_BOOL, official),
    JSON_FIELD(struct registry_found, "is_automated", JSON_K_BOOL, automated),
};
static const struct json_type found_type = {
    "result", sizeof(struct registry_found), found_fields, ARRAY_SIZE(found_fields), false,
};

static const struct json_field search_fields[] = {
    JSON_FIELD(struct registry_search, "results", JSON_K_ARRAY, results, .type = &found_type),
};
static const struct json_type search_type = {
    "search answer", sizeof(struct registry_search), search_fields, ARRAY_SIZE(search_fields), false,
};

void registry_search_release(struct registry_search *s)
{
    json_free(&search_type, s);
}

int registry_search_parse(const char *text, size_t len, struct registry_search *ret, struct err *err)
{
    return json_parse(text, len, &search_type, ret, err);
}

int registry_search(struct registry *r, const char *domain, const char *term, int limit, struct registry_search *ret,
                    struct err *err)
{
    const struct oci_reference ref = {.domain = (char *)domain, .path = (char *)""};
    _cleanup_(registry_page_release) struct registry_page page = {.bytes = BUF_INIT_MAX(PAGE_MAX)};
    _cleanup_free_ char *missing = str_printf("%s has no search", domain);
    _cleanup_buf_ struct buf target = BUF_INIT;
    int status;

    buf_adds(&target, "/v1/search?q=");
    registry_url_escape(&target, term);
    buf_addf(&target, "&n=%d", limit);
    status =
        registry_fetch_page(r,
                            &(struct registry_request_options){
                                .ref = &ref, .target = buf_str(&target), .missing = missing, .index = true, .size = -1},
                            &page, err);
    if (status < 0)
        return status;
    status = registry_search_parse(buf_str(&page.bytes), page.bytes.len, ret, err);
    return status < 0 ? err_wrap(err, "searching %s", domain) : 0;
}

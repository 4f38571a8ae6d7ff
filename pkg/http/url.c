#include "http/internal.h"

#include <arpa/inet.h>

bool http_is_loopback(const char *authority)
{
    _cleanup_free_ char *host = NULL;
    struct in_addr v4;
    struct in6_addr v6;

    if (*authority == '[') {
        host = str_ndup(authority + 1, strcspn(authority + 1, "]"));
        return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    }
    host = str_ndup(authority, strcspn(authority, ":"));
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcasecmp(host, "localhost") == 0;
}

static void url_free(CURLU **u)
{
    http_curl.curl_url_cleanup(*u);
}

/* A part of `u` that the caller frees, NULL where there is none. */
static char *part(CURLU *u, CURLUPart what, unsigned flags)
{
    char *text = NULL, *copy;

    if (http_curl.curl_url_get(u, what, &text, flags) != CURLUE_OK)
        return NULL;
    copy = str_dup(text);
    http_curl.curl_free(text);
    return copy;
}

static char *lower(char *s)
{
    for (char *p = s; p && *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    return s;
}

static int origin(CURLU *u, const char *url, char **ret_scheme, char **ret_authority, struct err *err)
{
    _cleanup_free_ char *scheme = lower(part(u, CURLUPART_SCHEME, 0)), *host = lower(part(u, CURLUPART_HOST, 0));
    _cleanup_free_ char *port = part(u, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
    _cleanup_free_ char *user = part(u, CURLUPART_USER, 0), *password = part(u, CURLUPART_PASSWORD, 0);
    const char *rest = str_after(url + strcspn(url, ":"), "://");

    /* libcurl takes one slash, or three; who looks for the path behind the host expects two. */
    if (!scheme || (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0) || str_empty(host) || !rest ||
        *rest == '/')
        return err_set(err, ERR_INVALID, "\"%.200s\" is not an http or https URL", url);
    if (user || password)
        return err_set(err, ERR_INVALID, "URL for %s with credentials in it", host);
    *ret_scheme = steal_ptr(&scheme);
    *ret_authority = port ? str_printf("%s:%s", host, port) : steal_ptr(&host);
    return 0;
}

static int refuse(CURLUcode why, const char *url, struct err *err)
{
    const char *end = strstr(url, "://"), *authority = end ? end + 3 : url;

    if (why == CURLUE_BAD_PORT_NUMBER)
        return err_set(err, ERR_INVALID, "invalid port in \"%.*s\"", (int)strcspn(authority, "/?#"), authority);
    return err_set(err, ERR_INVALID, "\"%.200s\" is not a URL", url);
}

int http_url_origin(const char *url, char **ret_scheme, char **ret_authority, struct err *err)
{
    _cleanup_(url_free) CURLU *u = http_curl.curl_url();
    CURLUcode code = http_curl.curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    if (code != CURLUE_OK)
        return refuse(code, url, err);
    return origin(u, url, ret_scheme, ret_authority, err);
}

int http_url_resolve(const char *base, const char *location, char **ret, struct err *err)
{
    _cleanup_(url_free) CURLU *u = http_curl.curl_url();
    char *url;

    /* Set upon an absolute URL, a relative one is resolved against it. A location may hold spaces and such. */
    if (http_curl.curl_url_set(u, CURLUPART_URL, base, 0) != CURLUE_OK ||
        http_curl.curl_url_set(u, CURLUPART_URL, location, CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return err_set(err, ERR_INVALID, "redirected to \"%.200s\", which is not a URL", location);
    url = part(u, CURLUPART_URL, 0);
    if (!url)
        return err_set(err, ERR_INVALID, "redirected to \"%.200s\", which is not a URL", location);
    *ret = url;
    return 0;
}

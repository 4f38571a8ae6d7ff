/* A URL's bytes in a file without a name: for ADD, and for contexts that are archives elsewhere. */
#include "build/context_internal.h"

#include "http/http.h"
#include "image/spool.h"
#include "store/spool.h"
#include "sys/fd.h"

#include <ctype.h>
#include <limits.h>
#include <strings.h>
#include <time.h>

static const int64_t bytes_max = (int64_t)64 << 30;

bool build_is_url(const char *source)
{
    return strncasecmp(source, "http://", 7) == 0 || strncasecmp(source, "https://", 8) == 0;
}

/* ---- its name ---- */

/* Only what can be the name of a file; NULL otherwise. The caller frees it. */
static char *safe_name(const char *text, size_t len)
{
    char *name = len && len <= NAME_MAX && !memchr(text, '/', len) ? str_ndup(text, len) : NULL;

    if (name && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0))
        str_replace(&name, NULL);
    return name;
}

static int hex_value(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

char *build_url_unescape(const char *text, size_t len)
{
    char *out = mem_alloc(len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        bool escaped = text[i] == '%' && i + 2 < len && isxdigit((unsigned char)text[i + 1]) &&
                       isxdigit((unsigned char)text[i + 2]);

        out[n++] = escaped ? (char)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2])) : text[i];
        i += escaped ? 2 : 0;
    }
    out[n] = 0;
    return out;
}

static char *name_of_url(const char *url)
{
    const char *host = strstr(url, "://") + 3, *path = strchr(host, '/');
    size_t n = path ? strcspn(path, "?#") : 0, start;
    _cleanup_free_ char *plain = NULL;

    while (n && path[n - 1] == '/')
        n--;
    for (start = n; start && path[start - 1] != '/';)
        start--;
    if (!n)
        return NULL;
    plain = build_url_unescape(path + start, n - start);
    return safe_name(plain, strlen(plain));
}

/* filename="x" of Content-Disposition; RFC 6266. */
static char *name_of_header(const char *value)
{
    const char *p = value ? strcasestr(value, "filename=") : NULL, *slash;
    size_t n;

    if (!p)
        return NULL;
    p += strlen("filename=");
    n = *p == '"' ? strcspn(++p, "\"") : strcspn(p, "; \t");
    while ((slash = memchr(p, '/', n))) {
        n -= (size_t)(slash + 1 - p);
        p = slash + 1;
    }
    return safe_name(p, n);
}

/* ---- the download ---- */

struct answer {
    char *name; /* as the server calls it */
    int64_t time;
};

static void on_answer(void *data, const struct http_response *response)
{
    const char *modified = http_response_header(response, "Last-Modified", 0);
    struct answer *a = data;
    struct tm tm = {0};

    a->name = name_of_header(http_response_header(response, "Content-Disposition", 0));
    if (modified && strptime(modified, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        a->time = timegm(&tm);
}

static int download(const char *url, int fd, const volatile sig_atomic_t *stop, struct answer *a, struct err *err)
{
    _cleanup_(http_free_cleanup) struct http *http = NULL;
    const struct http_options options = {.interrupted = stop, .user_agent = "cbox"};
    int r = http_new(&options, &http, err);

    if (r == 0)
        r = http_download(http, url, fd, bytes_max, on_answer, a, err);
    if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
        r = err_errno(err, errno, "lseek");
    return r;
}

int build_fetch(struct store *s, const char *url, const volatile sig_atomic_t *stop, int *ret_fd, char **ret_name,
                int64_t *ret_time, struct digest *ret_digest, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    struct digest_computed digest;
    struct answer answer = {0};
    int r = store_spool_open(s, &fd, err);

    if (r == 0)
        r = download(url, fd, stop, &answer, err);
    if (r == 0)
        r = image_spool_digest(fd, -1, &digest, err);
    if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
        r = err_errno(err, errno, "lseek");
    if (r < 0) {
        _cleanup_free_ char *shown = build_hide_secrets(str_ndup(url, strcspn(url, "?#")));

        free(answer.name);
        return r == ERR_INTERRUPTED ? r : err_wrap(err, "%s", shown);
    }
    *ret_name = name_of_url(url);
    if (!*ret_name)
        *ret_name = steal_ptr(&answer.name);
    free(answer.name);
    *ret_time = answer.time;
    *ret_digest = digest.digest;
    *ret_fd = steal_fd(&fd);
    return 0;
}

/* What a server sends, piece by piece, while libcurl runs an attempt. Returning another count than what was given ends
 * the attempt; t->err says why. */
#include "http/internal.h"

#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    HEADERS_MAX = 64 << 10,
    BODY_MAX = 64 << 10,
};

static void headers_clear(struct http_transfer *t)
{
    strv_free(t->response.headers);
    t->response.headers = NULL;
    t->response.status = 0;
    t->header_bytes = 0;
}

static bool is_success(const struct http_transfer *t)
{
    return t->response.status >= 200 && t->response.status < 300;
}

static int restart(struct http_transfer *t)
{
    if (t->at == 0)
        return 0;
    t->at = t->began = 0;
    return t->ops->restart(t->ctx, &t->err);
}

static int wrong_size(struct http_transfer *t, int64_t size)
{
    return err_set(&t->err, ERR_CORRUPT, "wrong size: expected %" PRId64 " bytes, %s sends %" PRId64, t->size,
                   t->current_authority, size);
}

/* Content-Range: bytes FIRST-LAST/SIZE, where SIZE may be "*". RFC 9110, 14.4. */
static int check_range(struct http_transfer *t)
{
    const char *range = http_response_header(&t->response, "Content-Range", 0);
    const char *bytes = range ? str_after(range, "bytes ") : NULL;
    char *end;
    int64_t first, size;

    if (!bytes || *bytes < '0' || *bytes > '9')
        goto malformed;
    first = strtoll(bytes, &end, 10);
    end += strcspn(end, "/");
    if (!*end || first != t->at)
        goto malformed;
    if (end[1] != '*' && num_parse_i64(end + 1, 0, INT64_MAX, &size, NULL) < 0)
        goto malformed;
    if (end[1] != '*' && size != t->size)
        return wrong_size(t, size);
    return 0;

malformed:
    return err_set(&t->err, ERR_CORRUPT, "%s answers with another range than the one asked for: \"%.100s\"",
                   t->current_authority, range ? range : "");
}

static int check_length(struct http_transfer *t)
{
    const char *text = http_response_header(&t->response, "Content-Length", 0);
    int64_t length;

    if (t->size < 0 || !text || num_parse_i64(text, 0, INT64_MAX, &length, NULL) < 0)
        return 0;
    return t->at + length == t->size ? 0 : wrong_size(t, t->at + length);
}

/* All headers of an answer are there. */
static int headers_complete(struct http_transfer *t)
{
    int r = 0;

    t->body_wanted = is_success(t);
    if (!t->body_wanted)
        return 0;
    if (t->response.status == 206 && t->at > 0)
        r = check_range(t);
    else
        r = restart(t); /* it may be that Range was not understood */
    return r < 0 ? r : check_length(t);
}

static void add_header(struct http_transfer *t, const char *line, size_t n)
{
    const char *colon = memchr(line, ':', n);
    const char *value = colon ? colon + 1 : NULL;

    if (!colon || colon == line || memchr(line, 0, n))
        return;
    while (value < line + n && (*value == ' ' || *value == '\t'))
        value++;
    strv_addf(&t->response.headers, "%.*s: %.*s", (int)(colon - line), line, (int)(line + n - value), value);
}

/* "HTTP/1.1 200 OK"; 0 where there are no three digits. */
static int read_status(const char *line, size_t n)
{
    const char *space = memchr(line, ' ', n);
    int status = 0;

    if (!space || line + n - space < 4)
        return 0;
    for (const char *p = space + 1; p < space + 4; p++) {
        if (*p < '0' || *p > '9')
            return 0;
        status = status * 10 + (*p - '0');
    }
    return status;
}

size_t http_receive_header(char *line, size_t size, size_t n, void *data)
{
    struct http_transfer *t = data;
    size_t given = size * n;

    n = given;
    if (t->state != HTTP_RUNNING)
        return 0;
    while (n && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
        n--;
    if (!n) {
        /* 1xx are not the answer yet. */
        return t->response.status >= 200 && headers_complete(t) < 0 ? 0 : given;
    }
    if (n > 5 && memcmp(line, "HTTP/", 5) == 0) {
        headers_clear(t);
        t->response.status = read_status(line, n);
        return given;
    }
    t->header_bytes += n;
    if (t->header_bytes > HEADERS_MAX) {
        err_set(&t->err, ERR_LIMIT, "%s answers with more than %d KiB of headers", t->current_authority,
                HEADERS_MAX >> 10);
        return 0;
    }
    add_header(t, line, n);
    return given;
}

size_t http_receive_body(char *bytes, size_t size, size_t n, void *data)
{
    struct http_transfer *t = data;
    size_t given = size * n;

    n = given;
    if (t->state != HTTP_RUNNING)
        return 0;
    if (!t->body_wanted) {
        t->response.body.max = BODY_MAX;
        if (buf_append(&t->response.body, bytes, n, NULL) == 0)
            return n;
        t->body_cut = true; /* enough of it */
        return 0;
    }
    if (t->size >= 0 && (int64_t)n > t->size - t->at) {
        err_set(&t->err, ERR_CORRUPT, "wrong size: expected %" PRId64 " bytes, %s sends more", t->size,
                t->current_authority);
        return 0;
    }
    t->progress = true;
    t->at += (int64_t)n;
    if (!t->ops->data)
        return given;
    return t->ops->data(t->ctx, bytes, n, &t->err) < 0 ? 0 : given;
}

const char *http_response_header(const struct http_response *response, const char *name, size_t nth)
{
    size_t n = strlen(name);

    STRV_FOREACH (h, response->headers)
        if (strncasecmp(*h, name, n) == 0 && (*h)[n] == ':' && nth-- == 0)
            return *h + n + 2;
    return NULL;
}

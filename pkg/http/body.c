/* The body of a request, on its way to libcurl: read where it lies, piece by piece.
 *
 * On a connection that had served before and breaks without an answer libcurl sends a request once more by itself. What
 * lies in memory is small and may be sent so; of a file, some of which the server may have kept, it may not. */
#include "http/internal.h"

#include "sys/fd.h"

#include <inttypes.h>

enum { SEND_BUFFER = 512 << 10 };

static size_t read_body(char *to, size_t size, size_t n, void *data)
{
    struct http_transfer *t = data;
    size_t want = (size_t)MIN_OF((int64_t)(size * n), t->body.size - t->sent);
    ssize_t got = (ssize_t)want;

    if (t->state != HTTP_RUNNING)
        return CURL_READFUNC_ABORT;
    if (t->body.bytes)
        memcpy(to, (const char *)t->body.bytes + t->sent, want);
    else
        got = fd_pread_all(t->body.fd, to, want, t->body.offset + t->sent);
    if (got < 0)
        err_errno(&t->err, (int)-got, "reading what is to be sent to %s", t->current_authority);
    else if ((size_t)got < want)
        err_set(&t->err, ERR_CORRUPT, "what is to be sent to %s ends at %" PRId64 " of %" PRId64 " bytes",
                t->current_authority, t->sent + got, t->body.size);
    if (t->err.kind)
        return CURL_READFUNC_ABORT;
    t->sent += got;
    if (t->ops->sent)
        t->ops->sent(t->ctx, t->sent);
    return want;
}

static int seek_body(void *data, curl_off_t offset, int origin)
{
    struct http_transfer *t = data;

    if (origin != SEEK_SET || offset < 0 || offset > t->sent || (!t->body.bytes && offset != t->sent))
        return CURL_SEEKFUNC_FAIL;
    t->sent = offset;
    return CURL_SEEKFUNC_OK;
}

void http_body_setup(struct http_transfer *t)
{
    t->sent = 0;
    http_curl.curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
    http_curl.curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->body.size);
    http_curl.curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, read_body);
    http_curl.curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
    http_curl.curl_easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, seek_body);
    http_curl.curl_easy_setopt(t->easy, CURLOPT_SEEKDATA, t);
    http_curl.curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BUFFER);
}

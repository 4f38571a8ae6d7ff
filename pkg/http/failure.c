#include "http/internal.h"

#include <inttypes.h>

static const struct {
    CURLcode code;
    enum http_failure failure;
    int kind;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, HTTP_UNKNOWN_HOST, ERR_NETWORK},
    {CURLE_COULDNT_RESOLVE_PROXY, HTTP_UNKNOWN_HOST, ERR_NETWORK},
    {CURLE_COULDNT_CONNECT, HTTP_UNREACHABLE, ERR_NETWORK},
    {CURLE_SSL_CONNECT_ERROR, HTTP_NO_TLS, ERR_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, HTTP_BAD_CERTIFICATE, ERR_TLS},
    {CURLE_SSL_CERTPROBLEM, HTTP_BROKEN, ERR_TLS},
    {CURLE_SSL_CACERT_BADFILE, HTTP_BROKEN, ERR_TLS}, /* of a host's own authorities: the system's are looked up */
    {CURLE_SSL_CIPHER, HTTP_BROKEN, ERR_TLS},
    {CURLE_SSL_ENGINE_INITFAILED, HTTP_BROKEN, ERR_TLS},
    {CURLE_OUT_OF_MEMORY, HTTP_BROKEN, ERR_IO},
    {CURLE_UNSUPPORTED_PROTOCOL, HTTP_BROKEN, ERR_INVALID},
    {CURLE_URL_MALFORMAT, HTTP_BROKEN, ERR_INVALID},
};

/* The part of libcurl's message that says more than its beginning. */
static const char *detail(const struct http_transfer *t, CURLcode code)
{
    static const char *const prefixes[] = {"SSL certificate problem: ", "SSL: "};

    /* The connection was reset before libcurl had asked who is at its other end. */
    if (str_after(t->trouble, "getpeername() failed"))
        return "connection lost";
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        const char *rest = str_after(t->trouble, prefixes[i]);

        if (rest)
            return rest;
    }
    return *t->trouble ? t->trouble : http_curl.curl_easy_strerror(code);
}

static int timed_out(struct http_transfer *t)
{
    curl_off_t connected = 0;

    /* Zero until there is a connection and its handshake came to an end. */
    http_curl.curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    if (!connected) {
        t->response.failure = HTTP_UNREACHABLE;
        return err_set(&t->err, ERR_NETWORK, "connecting to %s: no answer in %d seconds", t->current_authority,
                       t->client->options.limits.connect_seconds);
    }
    if (t->at > t->began)
        return err_set(&t->err, ERR_NETWORK, "%s sends less than %d bytes a second for %d seconds",
                       t->current_authority, t->client->options.limits.stall_rate,
                       t->client->options.limits.stall_seconds);
    return err_set(&t->err, ERR_NETWORK, "%s %s nothing for %d seconds", t->current_authority,
                   t->sent < t->body.size ? "takes" : "sends", http_setup_patience(t));
}

static int unreachable(struct http_transfer *t, CURLcode code)
{
    long errnum = 0;

    http_curl.curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &errnum);
    if (errnum > 0)
        err_errno(&t->err, (int)errnum, "connecting to %s", t->current_authority);
    else
        err_set(&t->err, ERR_NETWORK, "connecting to %s: %s", t->current_authority, detail(t, code));
    return t->err.kind = ERR_NETWORK;
}

void http_failure_set(struct http_transfer *t, CURLcode code)
{
    int kind = ERR_NETWORK;

    t->response.failure = HTTP_BROKEN;
    for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
        if (failures[i].code == code) {
            t->response.failure = failures[i].failure;
            kind = failures[i].kind;
        }
    /* So libcurl says that the connection went away inside the handshake. */
    if (t->response.failure == HTTP_NO_TLS && strstr(t->trouble, "SSL_connect:"))
        kind = ERR_NETWORK;
    if (t->response.failure == HTTP_BAD_CERTIFICATE && (strstr(t->trouble, "issuer") || strstr(t->trouble, "self")))
        t->response.failure = HTTP_UNKNOWN_AUTHORITY;
    /* With TLS 1.3 the server says after the handshake that it wants another client certificate. */
    if (strstr(t->trouble, "SSL routines") && strstr(t->trouble, " alert "))
        kind = ERR_TLS;
    if (kind == ERR_TLS && strstr(t->trouble, "certificate required"))
        t->response.failure = HTTP_WANTS_CERTIFICATE;
    if (code == CURLE_OPERATION_TIMEDOUT)
        timed_out(t);
    else if (t->response.failure == HTTP_UNREACHABLE)
        unreachable(t, code);
    else if (t->response.failure == HTTP_UNKNOWN_HOST)
        err_set(&t->err, kind, "%s: no such host, or no name server answers", t->current_authority);
    else if (t->response.failure == HTTP_WANTS_CERTIFICATE)
        err_set(&t->err, kind, "%s wants a client certificate", t->current_authority);
    else if (t->response.failure == HTTP_NO_TLS)
        err_set(&t->err, kind, "%s: no TLS connection: %s", t->current_authority, detail(t, code));
    else if (t->response.failure == HTTP_BAD_CERTIFICATE || t->response.failure == HTTP_UNKNOWN_AUTHORITY)
        err_set(&t->err, kind, "%s: certificate not accepted: %s", t->current_authority, detail(t, code));
    else if (code == CURLE_SSL_CACERT_BADFILE && t->client->own_authorities)
        err_set(&t->err, kind, "%s: what SSL_CERT_FILE or SSL_CERT_DIR names holds no certificates in PEM",
                t->current_authority);
    else if (code == CURLE_SSL_CACERT_BADFILE)
        err_set(&t->err, kind, "%s: what is set as certificates of its authority is not PEM", t->current_authority);
    else if (code == CURLE_SSL_CERTPROBLEM)
        err_set(&t->err, kind, "%s: client certificate: %s", t->current_authority, detail(t, code));
    else if (t->at > t->start && t->size >= 0)
        err_set(&t->err, kind, "%s: connection lost at %" PRId64 " of %" PRId64 " bytes (%s)", t->current_authority,
                t->at, t->size, detail(t, code));
    else
        err_set(&t->err, kind, "%s: %s", t->current_authority, detail(t, code));
}

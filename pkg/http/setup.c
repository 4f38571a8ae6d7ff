#include "http/internal.h"

#include "sys/dl.h"
#include "sys/fd.h"

#include <dirent.h>
#include <inttypes.h>
#include <sys/socket.h>

enum {
    RECEIVE_BUFFER = 512 << 10,
    BUNDLE_MAX = 16 << 20,
    EXPECT_ABOVE = 1 << 20,
    PATIENCE = 6, /* times the usual, with a server that has to digest and store what it was sent */
};

struct http_curl http_curl;

#define SYMBOL(fn) DL_SYMBOL(http_curl, fn),
static const struct dl_symbol symbols[] = {HTTP_CURL_FUNCTIONS(SYMBOL)};
static struct dl_library library = {"libcurl.so.4", "libcurl4", symbols, ARRAY_SIZE(symbols), NULL};

int http_curl_open(struct err *err)
{
    int r;

    if (library.handle)
        return 0;
    r = dl_open(&library, err);
    if (r < 0)
        return r;
    if (http_curl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_UNSUPPORTED, "libcurl cannot be initialised");
    return 0;
}

/* OpenSSL finds a certificate in a directory by the hash that is its name, so nothing needs to be read beforehand;
 * the bundle costs 10 to 30 ms a connection. Not every system keeps such a directory. */
static bool is_hashed(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir)))
        found = strspn(entry->d_name, "0123456789abcdef") == 8 && entry->d_name[8] == '.' && entry->d_name[9] >= '0' &&
                entry->d_name[9] <= '9';
    if (dir)
        closedir(dir);
    return found;
}

void http_setup_authorities(struct http *h)
{
    curl_version_info_data *info = http_curl.curl_version_info(CURLVERSION_NOW);
    const char *file = str_given(getenv("SSL_CERT_FILE")), *dir = str_given(getenv("SSL_CERT_DIR"));

    h->own_authorities = file || dir;
    if (h->own_authorities) {
        h->ca_bundle = str_dup(file);
        h->ca_dir = str_dup(dir);
        return;
    }
    if (info->age < CURLVERSION_SEVENTH)
        return;
    if (info->capath && is_hashed(info->capath))
        h->ca_dir = str_dup(info->capath);
    else if (info->cainfo && access(info->cainfo, F_OK) == 0)
        h->ca_bundle = str_dup(info->cainfo);
    else
        h->own_authorities = true; /* none: libcurl would fail for want of its file, also where no TLS is spoken */
}

/* libcurl takes `ca_pem` in the place of the bundle, not beside it. */
static int trust(struct http_transfer *t, const struct http_tls *tls)
{
    _cleanup_buf_ struct buf pem = BUF_INIT_MAX(BUNDLE_MAX);
    struct curl_blob blob = {.flags = CURL_BLOB_COPY};
    struct http *h = t->client;
    int r = 0;

    if (h->ca_dir || h->own_authorities) {
        http_curl.curl_easy_setopt(t->easy, CURLOPT_CAPATH, h->ca_dir);
        http_curl.curl_easy_setopt(t->easy, CURLOPT_CAINFO, h->ca_bundle);
    }
    if (!tls || !tls->ca_pem)
        return 0;
    if (h->ca_bundle && access(h->ca_bundle, F_OK) == 0)
        r = fd_read_user_file(h->ca_bundle, &pem, &t->err);
    if (r >= 0)
        r = buf_append(&pem, tls->ca_pem, strlen(tls->ca_pem), &t->err);
    if (r < 0)
        return r;
    blob.data = pem.p;
    blob.len = pem.len;
    if (http_curl.curl_easy_setopt(t->easy, CURLOPT_CAINFO_BLOB, &blob) != CURLE_OK)
        return err_set(&t->err, ERR_UNSUPPORTED, "libcurl is too old for certificates of single hosts");
    return 0;
}

static int setup_tls(struct http_transfer *t)
{
    struct http *h = t->client;
    const struct http_tls *tls = NULL;
    const char *for_whom = t->origin ? t->origin : t->authority;
    int r = 0;

    if (h->options.tls)
        r = h->options.tls(h->options.ctx, t->current_authority, for_whom, &tls, &t->err);
    if (r < 0)
        return r;
    t->insecure = tls && tls->insecure;
    if (t->insecure) {
        http_curl.curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 0L);
        http_curl.curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (tls && tls->client_cert) {
        http_curl.curl_easy_setopt(t->easy, CURLOPT_SSLCERT, tls->client_cert);
        http_curl.curl_easy_setopt(t->easy, CURLOPT_SSLKEY, tls->client_key);
    }
    http_curl.curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    return trust(t, tls);
}

/* libcurl's sockets would survive an exec. */
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)data;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void setup_headers(struct http_transfer *t)
{
    struct curl_slist *list = NULL;

    STRV_FOREACH (header, t->headers)
        list = http_curl.curl_slist_append(list, *header);
    if (t->method && t->body.size <= EXPECT_ABOVE)
        list = http_curl.curl_slist_append(list, "Expect:"); /* libcurl would with any body */
    if (t->authorization && !http_transfer_elsewhere(t)) {
        _cleanup_free_ char *line = str_printf("Authorization: %s", t->authorization);

        list = http_curl.curl_slist_append(list, line);
    }
    http_curl.curl_slist_free_all(t->sent_headers);
    t->sent_headers = list;
    http_curl.curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, list);
}

static void setup_range(struct http_transfer *t)
{
    char range[32];

    if (t->at <= 0)
        return;
    snprintf(range, sizeof(range), "%" PRId64 "-", t->at);
    http_curl.curl_easy_setopt(t->easy, CURLOPT_RANGE, range);
}

int http_setup_patience(const struct http_transfer *t)
{
    return t->client->options.limits.stall_seconds * (t->method && !str_eq(t->method, "HEAD") ? PATIENCE : 1);
}

static void setup_method(struct http_transfer *t)
{
    if (str_eq(t->method, "HEAD"))
        http_curl.curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
    else if (!str_eq(t->method, "GET")) {
        http_body_setup(t);
        http_curl.curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, t->method);
    }
}

int http_setup(struct http_transfer *t)
{
    const struct http_limits *limits = &t->client->options.limits;
    CURL *e = t->easy;

    if (e)
        http_curl.curl_easy_reset(e);
    else
        e = t->easy = http_curl.curl_easy_init();
    if (!e)
        return err_set(&t->err, ERR_IO, "libcurl has no memory");
    *t->trouble = 0;
    http_curl.curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    http_curl.curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->trouble);
    http_curl.curl_easy_setopt(e, CURLOPT_URL, t->current_url);
    http_curl.curl_easy_setopt(e, CURLOPT_USERAGENT, t->client->options.user_agent);
    http_curl.curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, http_receive_header);
    http_curl.curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    http_curl.curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, http_receive_body);
    http_curl.curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    http_curl.curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    http_curl.curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    http_curl.curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
    http_curl.curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    /* Parallel transfers have connections of their own: through the streams of one HTTP/2 connection, layers cost half
     * as much CPU again, and twice as much at the server, and share one congestion window. Nor does what comes before
     * layers use HTTP/2: they could not have its connection then, and another handshake made a pull from loopback 21 ms
     * longer (53 to 75), and takes two or three round trips elsewhere. What stands alone has nothing to lose. */
    http_curl.curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                               t->small ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    http_curl.curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)limits->connect_seconds);
    http_curl.curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)limits->stall_rate);
    http_curl.curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)http_setup_patience(t));
    if (http_is_loopback(t->current_authority))
        http_curl.curl_easy_setopt(e, CURLOPT_PROXY, "");
    if (t->form)
        http_curl.curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, t->form);
    setup_headers(t);
    setup_range(t);
    if (t->method)
        setup_method(t);
    return str_eq(t->current_scheme, "https") ? setup_tls(t) : 0;
}

#include "server.h"

#include "base/time.h"
#include "http/http.h"

#define BODY "0123456789abcdefghijklmnopqrstuvwxyz"
enum { BODY_LEN = sizeof(BODY) - 1 };

static struct server server, other;

static int range_of(const struct server_exchange *x)
{
    const char *range = strstr(x->request, "Range: bytes=");

    return range ? atoi(range + strlen("Range: bytes=")) : 0;
}

/* The blob from `start` on, of which only `n` bytes are sent. */
static void send_part(struct server_exchange *x, int start, int n)
{
    _cleanup_free_ char *head = NULL;

    if (start)
        head = str_printf("HTTP/1.1 206 Partial\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n", start,
                          BODY_LEN - 1, BODY_LEN, BODY_LEN - start);
    else
        head = str_printf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY_LEN);
    server_send_text(x, head);
    server_send(x, BODY + start, (size_t)n);
    x->close = n < BODY_LEN - start;
}

static void send_huge_headers(struct server_exchange *x)
{
    server_send_text(x, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 5000 && !x->close; i++)
        server_send_text(x, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
    server_send_text(x, "\r\n");
    x->close = true;
}

static void send_long_error(struct server_exchange *x)
{
    server_send_text(x, "HTTP/1.1 404 Nope\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 100000 && !x->close; i++)
        server_send_text(x, "endless page ");
    x->close = true;
}

static void redirect(struct server_exchange *x, const char *to)
{
    _cleanup_free_ char *line = str_printf("Location: %s\r\n", to);

    server_reply(x, "307 Elsewhere", line, "");
}

/* A byte at a time, for as long as anybody listens. */
static void trickle(struct server_exchange *x)
{
    server_send_text(x, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (!x->close) {
        server_send(x, "x", 1);
        usleep(20000);
    }
}

/* Says when to come again, and whether that was kept to. */
static void answer_later(struct server_exchange *x)
{
    static int64_t first; /* one connection is one process */

    if (!first) {
        first = time_monotonic();
        server_reply(x, server_asked(x, "/later/429") ? "429 Slow" : "503 Down", "Retry-After: 1\r\n", "");
    } else
        server_reply(x, "200 OK", "", time_monotonic() - first < 1000000000 ? "early" : "late");
}

static void answer(struct server_exchange *x)
{
    _cleanup_free_ char *there = NULL;
    int start = range_of(x);

    if (server_asked(x, "/blob"))
        send_part(x, start, BODY_LEN - start);
    else if (server_asked(x, "/cut")) /* a third each time */
        send_part(x, start, x->nth < 2 ? BODY_LEN / 3 : BODY_LEN - start);
    else if (server_asked(x, "/cut-norange"))
        send_part(x, 0, x->nth == 0 ? BODY_LEN / 2 : BODY_LEN);
    else if (server_asked(x, "/cut-always"))
        send_part(x, start, 0);
    else if (server_asked(x, "/wrong-range")) {
        server_send_text(x, "HTTP/1.1 206 P\r\nContent-Range: bytes 1-35/36\r\nContent-Length: 35\r\n\r\n");
        x->close = true;
    } else if (server_asked(x, "/wrong-length"))
        server_reply(x, "200 OK", "", BODY "!");
    else if (server_asked(x, "/too-long")) {
        server_send_text(x, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" BODY "!");
        x->close = true;
    } else if (server_asked(x, "/416") && start)
        server_reply(x, "416 No", "", "");
    else if (server_asked(x, "/416"))
        send_part(x, 0, BODY_LEN);
    else if (server_asked(x, "/huge-headers"))
        send_huge_headers(x);
    else if (server_asked(x, "/long-error"))
        send_long_error(x);
    else if (server_asked(x, "/busy"))
        x->nth < 2 ? server_reply(x, "429 Slow", "Retry-After: 0\r\n", "") : server_reply(x, "200 OK", "", BODY);
    else if (server_asked(x, "/later/429") || server_asked(x, "/later/503"))
        answer_later(x);
    else if (server_asked(x, "/much-too-busy"))
        server_reply(x, "429 Slow", "Retry-After: 3600\r\n", "limit");
    else if (server_asked(x, "/always-503"))
        server_reply(x, "503 Down", "", "down");
    else if (server_asked(x, "/silent"))
        pause();
    else if (server_asked(x, "/trickle"))
        trickle(x);
    else if (strncmp(x->request, "POST /form ", 11) == 0)
        server_reply(x, "200 OK", "", "taken");
    else if (strncmp(x->request, "POST /form-moved ", 17) == 0)
        redirect(x, "/form");
    else if (server_asked(x, "/relative"))
        redirect(x, "blob");
    else if (server_asked(x, "/loop"))
        redirect(x, "/loop");
    else if (server_asked(x, "/no-location"))
        server_reply(x, "302 Found", "", "");
    else if (server_asked(x, "/to-file"))
        redirect(x, "file:///etc/passwd");
    else if (server_asked(x, "/with-password"))
        redirect(x, "http://a:b@127.0.0.1/");
    else if (strncmp(x->request, "GET /to/", 8) == 0) {
        there = str_printf("http://127.0.0.1:%d/blob", atoi(x->request + 8));
        redirect(x, there);
    } else if (server_asked(x, "/odd")) {
        server_send_text(x, "HTTP/1.1 200 OK\r\nX-A:  b \r\nx-a:c\r\nContent-Length: 0\r\n\r\n");
        x->close = true;
    } else if (server_asked(x, "/garbage")) {
        server_send_text(x, "SSH-2.0-OpenSSH\r\n");
        x->close = true;
    } else
        server_reply(x, "404 Not Found", "Content-Type: application/json\r\n", "{}");
}

/* What a transfer did. */
struct seen {
    struct buf body;
    int restarts, dones, status, answer;
    enum http_failure failure;
    struct err err;
    char *error_body;
    char *x_a;
    struct http_transfer *cancel; /* from inside data() */
    bool refuse;
};

static int on_data(void *ctx, const void *bytes, size_t len, struct err *err)
{
    struct seen *s = ctx;

    if (s->cancel)
        http_cancel(s->cancel);
    if (s->refuse)
        return err_set(err, ERR_NO_SPACE, "disk is full");
    buf_add(&s->body, bytes, len);
    return 0;
}

static int on_restart(void *ctx, struct err *err)
{
    struct seen *s = ctx;

    (void)err;
    s->restarts++;
    buf_clear(&s->body);
    return 0;
}

static void on_done(void *ctx, int status, const struct http_response *response, const struct err *err)
{
    struct seen *s = ctx;
    const char *second = http_response_header(response, "X-A", 1);

    s->dones++;
    s->status = status;
    s->answer = response->status;
    s->failure = response->failure;
    s->error_body = str_dup(buf_str(&response->body));
    s->x_a = second ? str_dup(second) : NULL;
    if (err)
        s->err = *err;
}

static const struct http_ops ops = {on_data, on_restart, on_done};

static void seen_release(struct seen *s)
{
    buf_free(&s->body);
    free(s->error_body);
    free(s->x_a);
    *s = (struct seen){0};
}

static struct http *new_client(void)
{
    struct http_options options = {.user_agent = "test",
                                   .limits = {.connect_seconds = 2, .stall_seconds = 1, .pause_ms = 1}};
    struct http *h = NULL;
    struct err err;

    assert_ok(http_new(&options, &h, &err));
    return h;
}

static char *url(const struct server *s, const char *path)
{
    return str_printf("http://127.0.0.1:%d%s", s->port, path);
}

/* One transfer from start to end. */
static void get(const char *path, int64_t start, int64_t size, struct seen *s)
{
    _cleanup_(http_free_cleanup) struct http *h = new_client();
    _cleanup_free_ char *u = url(&server, path);
    struct err err;

    *s = (struct seen){0};
    http_get(h, &(struct http_request){.url = u, .authorization = "Basic c2VjcmV0", .start = start, .size = size}, &ops,
             s);
    while (!s->dones)
        assert_ok(http_wait(h, NULL, 0, -1, &err));
}

static void expect(const char *path, int64_t start, int64_t size, const char *body, int restarts)
{
    struct seen s;

    print_message("%s\n", path);
    get(path, start, size, &s);
    if (s.status < 0)
        fail_msg("%s", s.err.text);
    assert_int_equal(s.answer / 100, 2);
    assert_string_equal(buf_str(&s.body), body);
    assert_int_equal(s.restarts, restarts);
    seen_release(&s);
}

static void expect_failure(const char *path, int64_t start, int64_t size, int kind, const char *says)
{
    struct seen s;

    print_message("%s\n", path);
    get(path, start, size, &s);
    assert_int_equal(s.status, kind);
    if (!strstr(s.err.text, says))
        fail_msg("\"%s\" does not say \"%s\"", s.err.text, says);
    seen_release(&s);
}

static void test_whole(void **state)
{
    (void)state;
    expect("/blob", 0, -1, BODY, 0);
    expect("/blob", 0, BODY_LEN, BODY, 0);
    expect("/blob", 10, BODY_LEN, BODY + 10, 0);
}

static void test_continued(void **state)
{
    (void)state;
    expect("/cut", 0, BODY_LEN, BODY, 0);
    assert_int_equal(server_requests_with(&server, "Range: bytes=12-"), 1);
    assert_int_equal(server_requests_with(&server, "Range: bytes=24-"), 1);
    expect("/cut-norange", 0, BODY_LEN, BODY, 1);
    expect("/416", 5, BODY_LEN, BODY, 1);
}

/* Of unknown size nothing is continued. */
static void test_cut_of_unknown_size(void **state)
{
    (void)state;
    expect("/cut", 0, -1, BODY, 2);
}

static void test_cut_for_good(void **state)
{
    (void)state;
    expect_failure("/cut-always", 0, BODY_LEN, ERR_NETWORK, "127.0.0.1");
    assert_int_equal(server_requests_with(&server, "/cut-always"), 6);
}

static void test_wrong_sizes(void **state)
{
    (void)state;
    expect_failure("/wrong-range", 5, BODY_LEN, ERR_CORRUPT, "another range than the one asked for: \"bytes 1-35/36\"");
    expect_failure("/wrong-length", 0, BODY_LEN, ERR_CORRUPT, "expected 36 bytes, 127.0.0.1");
    expect_failure("/too-long", 0, BODY_LEN, ERR_CORRUPT, "sends more");
    expect_failure("/blob", 0, BODY_LEN + 1, ERR_CORRUPT, "expected 37 bytes");
}

static void test_huge(void **state)
{
    struct seen s;

    (void)state;
    expect_failure("/huge-headers", 0, -1, ERR_LIMIT, "more than 64 KiB of headers");
    get("/long-error", 0, -1, &s);
    assert_int_equal(s.status, 0);
    assert_int_equal(s.answer, 404);
    assert_in_range(strlen(s.error_body), 1, 64 << 10);
    seen_release(&s);
}

static void test_busy(void **state)
{
    struct seen s;

    (void)state;
    expect("/busy", 0, -1, BODY, 0);
    get("/much-too-busy", 0, -1, &s);
    assert_int_equal(s.answer, 429);
    assert_string_equal(s.error_body, "limit");
    assert_int_equal(server_requests_with(&server, "/much-too-busy"), 1);
    seen_release(&s);
    get("/always-503", 0, -1, &s);
    assert_int_equal(s.answer, 503);
    assert_int_equal(server_requests_with(&server, "/always-503"), 6);
    seen_release(&s);
}

static void test_retry_after(void **state)
{
    (void)state;
    expect("/later/429", 0, -1, "late", 0);
    expect("/later/503", 0, -1, "late", 0);
    assert_int_equal(atomic_load(&server.log->n), 4);
}

static void test_stall(void **state)
{
    (void)state;
    expect_failure("/silent", 0, -1, ERR_NETWORK, "sends nothing for 1 seconds");
    assert_int_equal(server_requests_with(&server, "/silent"), 2);
}

/* 50 bytes a second where 1024 are the least: twice, and it is over. */
static void test_trickle(void **state)
{
    (void)state;
    expect_failure("/trickle", 0, 1000000, ERR_NETWORK, "sends less than 1024 bytes a second for 1 seconds");
    assert_int_equal(server_requests_with(&server, "GET /trickle "), 2);
    assert_int_equal(server_requests_with(&server, "Range: bytes="), 1);
}

static void post(const char *path, struct seen *s)
{
    _cleanup_(http_free_cleanup) struct http *h = new_client();
    _cleanup_free_ char *u = url(&server, path);
    struct err err;

    *s = (struct seen){0};
    http_get(h, &(struct http_request){.url = u, .form = "a=b&c=%20", .size = -1}, &ops, s);
    while (!s->dones)
        assert_ok(http_wait(h, NULL, 0, -1, &err));
}

static void test_form(void **state)
{
    struct seen s;

    (void)state;
    post("/form", &s);
    assert_int_equal(s.answer, 200);
    assert_string_equal(buf_str(&s.body), "taken");
    assert_int_equal(server_requests_with(&server, "Content-Type: application/x-www-form-urlencoded"), 1);
    assert_int_equal(server_requests_with(&server, "Content-Length: 9"), 1);
    seen_release(&s);
    /* What is in it goes nowhere else. */
    post("/form-moved", &s);
    assert_int_equal(s.answer, 307);
    assert_int_equal(server_requests_with(&server, "POST /form "), 1);
    seen_release(&s);
}

static void test_redirects(void **state)
{
    _cleanup_free_ char *same = str_printf("/to/%d", server.port), *away = str_printf("/to/%d", other.port);

    (void)state;
    expect("/relative", 0, -1, BODY, 0);
    expect("/relative", 10, BODY_LEN, BODY + 10, 0);
    expect(same, 0, -1, BODY, 0);
    assert_int_equal(server_requests_with(&server, "Authorization: Basic c2VjcmV0"), atomic_load(&server.log->n));
    expect(away, 0, -1, BODY, 0);
    assert_int_equal(atomic_load(&other.log->n), 1);
    assert_int_equal(server_requests_with(&other, "Authorization"), 0);
    expect_failure("/loop", 0, -1, ERR_LIMIT, "more than 10 times");
    expect_failure("/no-location", 0, -1, ERR_INVALID, "without saying where");
    expect_failure("/to-file", 0, -1, ERR_INVALID, "not an http or https URL");
    expect_failure("/with-password", 0, -1, ERR_INVALID, "with credentials in it");
}

static void test_nobody(void **state)
{
    _cleanup_(http_free_cleanup) struct http *h = new_client();
    struct seen s = {0};
    struct err err;
    struct server gone = {0};
    _cleanup_free_ char *u = NULL;

    (void)state;
    server_start(&gone, answer);
    u = url(&gone, "/blob");
    server_stop(&gone);
    http_get(h, &(struct http_request){.url = u, .size = -1}, &ops, &s);
    while (!s.dones)
        assert_ok(http_wait(h, NULL, 0, -1, &err));
    assert_int_equal(s.status, ERR_NETWORK);
    assert_int_equal(s.failure, HTTP_UNREACHABLE);
    assert_non_null(strstr(s.err.text, "Connection refused"));
    seen_release(&s);
    http_get(h, &(struct http_request){.url = "ftp://127.0.0.1/", .size = -1}, &ops, &s);
    while (!s.dones)
        assert_ok(http_wait(h, NULL, 0, -1, &err));
    assert_int_equal(s.status, ERR_INVALID);
    seen_release(&s);
}

static void test_no_http(void **state)
{
    struct seen s;
    _cleanup_free_ char *u = NULL;
    _cleanup_(http_free_cleanup) struct http *h = new_client();
    struct err err;

    (void)state;
    get("/garbage", 0, -1, &s);
    assert_true(s.status < 0);
    seen_release(&s);
    u = str_printf("https://127.0.0.1:%d/blob", server.port);
    http_get(h, &(struct http_request){.url = u, .size = -1}, &ops, &s);
    while (!s.dones)
        assert_ok(http_wait(h, NULL, 0, -1, &err));
    assert_int_equal(s.status, ERR_TLS);
    assert_int_equal(s.failure, HTTP_NO_TLS);
    seen_release(&s);
}

static void test_headers(void **state)
{
    struct seen s;

    (void)state;
    get("/odd", 0, -1, &s);
    assert_int_equal(s.status, 0);
    assert_string_equal(s.x_a, "c");
    seen_release(&s);
}

static void test_own_failure(void **state)
{
    _cleanup_(http_free_cleanup) struct http *h = new_client();
    _cleanup_free_ char *u = url(&server, "/blob");
    struct seen s = {.refuse = true};
    struct err err;

    (void)state;
    http_get(h, &(struct http_request){.url = u, .size = -1}, &ops, &s);
    while (!s.dones)
        assert_ok(http_wait(h, NULL, 0, -1, &err));
    assert_int_equal(s.status, ERR_NO_SPACE);
    assert_string_equal(s.err.text, "disk is full");
    assert_int_equal(atomic_load(&server.log->n), 1);
    seen_release(&s);
}

static void test_cancelled(void **state)
{
    _cleanup_(http_free_cleanup) struct http *h = new_client();
    _cleanup_free_ char *u = url(&server, "/blob"), *silent = url(&server, "/silent");
    struct seen s = {0}, inside = {0}, last = {0};
    struct http_transfer *t;
    struct err err;

    (void)state;
    t = http_get(h, &(struct http_request){.url = u, .size = -1}, &ops, &s);
    http_cancel(t);
    assert_int_equal(http_wait(h, NULL, 0, -1, &err), 0);
    inside.cancel = http_get(h, &(struct http_request){.url = u, .size = -1}, &ops, &inside);
    http_get(h, &(struct http_request){.url = u, .size = -1}, &ops, &last);
    while (!last.dones)
        assert_ok(http_wait(h, NULL, 0, -1, &err));
    assert_ok(http_wait(h, NULL, 0, -1, &err));
    assert_int_equal(s.dones + inside.dones, 0);
    http_get(h, &(struct http_request){.url = silent, .size = -1}, &ops, &s);
    assert_int_equal(http_wait(h, NULL, 0, 20, &err), 0); /* under way when the client goes */
    assert_int_equal(s.dones, 0);
    seen_release(&inside);
    seen_release(&last);
}

static void test_descriptors_and_interrupt(void **state)
{
    static volatile sig_atomic_t stop;
    struct http_options options = {.interrupted = &stop, .user_agent = "test"};
    _cleanup_(http_free_cleanup) struct http *h = NULL;
    _cleanup_free_ char *silent = url(&server, "/silent");
    struct seen s = {0};
    struct err err;
    int pipes[2];
    char byte;
    struct pollfd fds[2];

    (void)state;
    assert_ok(http_new(&options, &h, &err));
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    fds[0] = (struct pollfd){.fd = -1};
    fds[1] = (struct pollfd){.fd = pipes[0], .events = POLLIN};
    http_get(h, &(struct http_request){.url = silent, .size = -1}, &ops, &s);
    assert_int_equal(http_wait(h, fds, 2, 10, &err), 0);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    assert_int_equal(http_wait(h, fds, 2, -1, &err), 1);
    assert_int_equal(fds[1].revents, POLLIN);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    close(pipes[1]); /* the end of a pipe is POLLHUP alone */
    assert_int_equal(http_wait(h, fds, 2, -1, &err), 1);
    assert_int_equal(fds[1].revents, POLLHUP);
    close(pipes[0]);
    stop = 1;
    assert_fails(http_wait(h, NULL, 0, -1, &err), ERR_INTERRUPTED, "interrupted");
    stop = 0;
    assert_int_equal(s.dones, 0);
}

static void test_urls(void **state)
{
    _cleanup_(http_free_cleanup) struct http *h = new_client();
    static const char *const loopback[] = {"localhost",      "LOCALHOST:1", "127.0.0.1",
                                           "127.1.2.3:5000", "[::1]",       "[::1]:443"};
    static const char *const remote[] = {"localhost.example", "1127.0.0.1", "128.0.0.1:1", "[::2]:1", "127.example"};
    char *scheme, *authority;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(loopback); i++)
        assert_true(http_is_loopback(loopback[i]));
    for (size_t i = 0; i < ARRAY_SIZE(remote); i++)
        assert_false(http_is_loopback(remote[i]));
    assert_ok(http_url_origin("HTTPS://R.Example:443/x?y", &scheme, &authority, &err));
    assert_string_equal(scheme, "https");
    assert_string_equal(authority, "r.example");
    free(scheme);
    free(authority);
    assert_fails(http_url_origin("https://", &scheme, &authority, &err), ERR_INVALID, "URL");
    assert_fails(http_url_origin("https:/x/y", &scheme, &authority, &err), ERR_INVALID, "URL");
    assert_fails(http_url_origin("https:///x/y", &scheme, &authority, &err), ERR_INVALID, "URL");
    assert_fails(http_url_origin("gopher://x/", &scheme, &authority, &err), ERR_INVALID, "URL");
    assert_fails(http_url_origin("https://h:99999/v2/", &scheme, &authority, &err), ERR_INVALID,
                 "invalid port in \"h:99999\"");
    assert_fails(http_url_origin("https://u@x/", &scheme, &authority, &err), ERR_INVALID, "credentials");
}

static int start(void **state)
{
    (void)state;
    server_start(&server, answer);
    server_start(&other, answer);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_stop(&server);
    server_stop(&other);
    return 0;
}

#define server_test(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        server_test(test_whole),        server_test(test_continued),   server_test(test_cut_of_unknown_size),
        server_test(test_cut_for_good), server_test(test_wrong_sizes), server_test(test_huge),
        server_test(test_busy),         server_test(test_stall),       server_test(test_retry_after),
        server_test(test_redirects),    server_test(test_trickle),     server_test(test_form),
        server_test(test_nobody),       server_test(test_no_http),     server_test(test_headers),
        server_test(test_own_failure),  server_test(test_cancelled),   server_test(test_descriptors_and_interrupt),
        cmocka_unit_test(test_urls),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}

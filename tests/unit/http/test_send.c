/* Requests with a method and a body. */
#include "server.h"

#include "http/http.h"

enum { LARGE = 3 << 20 };

static struct server server, other;

static bool is_request(const struct server_exchange *x, const char *line)
{
    size_t n = strlen(line);

    return strncmp(x->request, line, n) == 0 && x->request[n] == ' ';
}

/* What came back, in the answer. */
static void echo(struct server_exchange *x)
{
    size_t len;
    _cleanup_free_ char *body = server_body(x, &len);
    uint32_t sum = 0;
    _cleanup_free_ char *line = NULL;

    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + (unsigned char)body[i];
    line = str_printf("X-Body: %zu %u\r\n", len, sum);
    server_reply(x, "201 Created", line, "dropped");
}

static void redirect(struct server_exchange *x, const char *status, int port)
{
    _cleanup_free_ char *line = str_printf("Location: http://127.0.0.1:%d/echo\r\n", port);

    free(server_body(x, NULL));
    server_reply(x, status, line, "");
}

static void answer(struct server_exchange *x)
{
    if (is_request(x, "PUT /echo") || is_request(x, "PATCH /echo") || is_request(x, "POST /echo"))
        echo(x);
    else if (is_request(x, "PUT /refuse")) {
        server_reply(x, "413 Too Large", "Connection: close\r\n", "too large");
        x->close = true;
    } else if (is_request(x, "PUT /here"))
        redirect(x, "307 Here", x->port);
    else if (strncmp(x->request, "PUT /to/", 8) == 0)
        redirect(x, "308 There", atoi(x->request + 8));
    else if (is_request(x, "POST /see"))
        redirect(x, "303 See", x->port);
    else if (is_request(x, "PUT /busy")) {
        free(server_body(x, NULL));
        server_reply(x, "503 Busy", "Retry-After: 2\r\n", "");
    } else if (is_request(x, "PUT /hang-up"))
        x->close = true;
    else if (is_request(x, "HEAD /head"))
        server_send_text(x, "HTTP/1.1 200 OK\r\nX-Body: head\r\nContent-Length: 1000000\r\n\r\n");
    else
        server_reply(x, "404 Not Found", "", "");
}

struct seen {
    int dones, status, answer;
    bool may_pass;
    int64_t pause, sent;
    char *body; /* as the server saw it */
    struct err err;
    struct http *client;
};

static void on_done(void *ctx, int status, const struct http_response *response, const struct err *err)
{
    struct seen *s = ctx;

    s->dones++;
    s->status = status;
    s->answer = response->status;
    s->may_pass = http_may_pass(status, response);
    s->pause = http_pause(s->client, response, 1);
    s->body = str_dup(http_response_header(response, "X-Body", 0));
    if (err)
        s->err = *err;
}

static void on_sent(void *ctx, int64_t now)
{
    struct seen *s = ctx;

    s->sent = now;
}

static const struct http_ops ops = {.done = on_done, .sent = on_sent};

static struct seen ask(const char *method, const char *path, const struct http_body *body)
{
    struct http_options options = {.user_agent = "test",
                                   .limits = {.connect_seconds = 2, .stall_seconds = 1, .pause_ms = 1}};
    _cleanup_(http_free_cleanup) struct http *h = NULL;
    _cleanup_free_ char *url = str_printf("http://127.0.0.1:%d%s", server.port, path);
    struct http_request request = {.url = url, .method = method, .authorization = "Basic c2VjcmV0", .size = -1};
    struct seen s = {0};
    struct err err;

    print_message("%s %s\n", method, path);
    if (body)
        request.body = *body;
    assert_ok(http_new(&options, &h, &err));
    s.client = h;
    http_send(h, &request, &ops, &s);
    while (!s.dones)
        assert_ok(http_wait(h, NULL, 0, -1, &err));
    assert_int_equal(s.dones, 1);
    return s;
}

static void expect(const char *method, const char *path, const struct http_body *body, const char *seen)
{
    struct seen s = ask(method, path, body);

    if (s.status < 0)
        fail_msg("%s", s.err.text);
    assert_int_equal(s.answer / 100, 2);
    assert_string_equal(s.body, seen);
    free(s.body);
}

static char *sum_of(const char *bytes, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + (unsigned char)bytes[i];
    return str_printf("%zu %u", len, sum);
}

static char *large_bytes(void)
{
    char *bytes = mem_alloc(LARGE);

    for (size_t i = 0; i < LARGE; i++)
        bytes[i] = (char)(i * 7919 >> 3);
    return bytes;
}

static int large_file(const char *bytes)
{
    int fd = open("large", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, LARGE), LARGE);
    return fd;
}

static void test_memory(void **state)
{
    const struct http_body body = {.bytes = "hello", .size = 5};
    _cleanup_free_ char *sum = sum_of("hello", 5);

    (void)state;
    expect("PUT", "/echo", &body, sum);
    expect("PATCH", "/echo", &body, sum);
    expect("POST", "/echo", NULL, "0 0");
    assert_int_equal(server_requests_with(&server, "Content-Length: 0\r"), 1);
    assert_int_equal(server_requests_with(&server, "Expect:"), 0);
    assert_int_equal(server_requests_with(&server, "chunked"), 0);
}

static void test_file(void **state)
{
    _cleanup_free_ char *bytes = large_bytes(), *all = sum_of(bytes, LARGE), *part = sum_of(bytes + 1000, 70000);
    int fd = large_file(bytes);

    (void)state;
    expect("PUT", "/echo", &(struct http_body){.fd = fd, .size = LARGE}, all);
    expect("PATCH", "/echo", &(struct http_body){.fd = fd, .offset = 1000, .size = 70000}, part);
    assert_int_equal(server_requests_with(&server, "Expect: 100-continue"), 1);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), LARGE); /* its position is left alone */
    close(fd);
}

static void test_short_file(void **state)
{
    _cleanup_free_ char *bytes = large_bytes();
    int fd = large_file(bytes);
    struct seen s;

    (void)state;
    s = ask("PUT", "/echo", &(struct http_body){.fd = fd, .offset = LARGE - 10, .size = 20});
    assert_int_equal(s.status, ERR_CORRUPT);
    assert_non_null(strstr(s.err.text, "ends at 10 of 20 bytes"));
    close(fd);
}

/* Who refuses does so before the bytes are on their way. */
static void test_refused(void **state)
{
    _cleanup_free_ char *bytes = large_bytes();
    struct seen s = ask("PUT", "/refuse", &(struct http_body){.bytes = bytes, .size = LARGE});

    (void)state;
    assert_int_equal(s.status, 0);
    assert_int_equal(s.answer, 413);
    assert_false(s.may_pass);
    assert_int_equal(s.sent, 0);
}

static void test_redirects(void **state)
{
    const struct http_body body = {.bytes = "hello", .size = 5};
    _cleanup_free_ char *sum = sum_of("hello", 5), *away = str_printf("/to/%d", other.port);
    struct seen s;

    (void)state;
    expect("PUT", "/here", &body, sum);
    assert_int_equal(server_requests_with(&server, "Authorization: Basic c2VjcmV0"), 2);
    expect("PUT", away, &body, sum);
    assert_int_equal(server_requests_with(&other, "PUT /echo"), 1);
    assert_int_equal(server_requests_with(&other, "Authorization"), 0);
    s = ask("POST", "/see", &body);
    assert_int_equal(s.answer, 303);
    assert_int_equal(server_requests_with(&server, "GET "), 0);
}

/* Once, whatever happens; it is said whether another try may help, and when. */
static void test_once(void **state)
{
    const struct http_body body = {.bytes = "hello", .size = 5};
    struct seen s = ask("PUT", "/busy", &body);

    (void)state;
    assert_int_equal(s.answer, 503);
    assert_true(s.may_pass);
    assert_in_range(s.pause, INT64_C(2000000000), INT64_C(2100000000));
    assert_int_equal(server_requests_with(&server, "PUT /busy"), 1);
    s = ask("PUT", "/hang-up", &body);
    assert_int_equal(s.status, ERR_NETWORK);
    assert_true(s.may_pass);
    assert_int_equal(server_requests_with(&server, "PUT /hang-up"), 1);
}

static void test_head(void **state)
{
    (void)state;
    expect("HEAD", "/head", NULL, "head");
}

static int start(void **state)
{
    server_start(&server, answer);
    server_start(&other, answer);
    return scratch_setup(state);
}

static int stop(void **state)
{
    server_stop(&server);
    server_stop(&other);
    return scratch_teardown(state);
}

#define server_test(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        server_test(test_memory),    server_test(test_file), server_test(test_short_file), server_test(test_refused),
        server_test(test_redirects), server_test(test_once), server_test(test_head),
    };

    return cmocka_run_group_tests_name("http sending", tests, NULL, NULL);
}

/* Uploads against a server that plays the registry, without TLS: which requests follow from which answers. */
#include "../http/server.h"

#include "registry/registry.h"

enum { LARGE = 300000, SMALL = 1000 };

static struct server server, other;
static char large_digest[DIGEST_TEXT_MAX], small_digest[DIGEST_TEXT_MAX];

static bool asked_for(const struct server_exchange *x, const char *part)
{
    size_t n = strcspn(x->request, "\r");
    const char *at = strstr(x->request, part);

    return at && at < x->request + n;
}

static bool is_method(const struct server_exchange *x, const char *method)
{
    size_t n = strlen(method);

    return strncmp(x->request, method, n) == 0 && x->request[n] == ' ';
}

static void reply_at(struct server_exchange *x, const char *status, const char *location, const char *more)
{
    _cleanup_free_ char *headers = str_printf("Location: %s\r\n%s", location, more);

    free(server_body(x, NULL));
    server_reply(x, status, headers, "");
}

/* What is said to have been stored is what the path says. */
static void stored(struct server_exchange *x)
{
    const char *digest = strstr(x->request, "digest=");
    _cleanup_free_ char *line =
        str_printf("Docker-Content-Digest: %.*s\r\n", (int)strcspn(digest + 7, " &"), digest + 7);

    free(server_body(x, NULL));
    server_reply(x, "201 Created", line, "");
}

static void answer_head(struct server_exchange *x)
{
    bool there = asked_for(x, "/v2/there/") || (asked_for(x, "/v2/late/") && x->nth > 0);
    _cleanup_free_ char *text = str_printf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n", there ? "200 OK" : "404 No",
                                           asked_for(x, small_digest) ? SMALL : LARGE);

    server_send_text(x, text);
}

static void answer_patch(struct server_exchange *x)
{
    size_t len;

    if (asked_for(x, "/v2/cut/") && !strstr(x->request, "Content-Range: 100000-")) {
        free(server_body(x, &len));
        x->close = true;
    } else if (asked_for(x, "/v2/no-patch/"))
        reply_at(x, "405 No", "/", "");
    else if (asked_for(x, "/v2/part/") && !strstr(x->request, "Content-Range: 1000-"))
        reply_at(x, "202 Accepted", "/v2/part/up/2", "Range: 0-999\r\n");
    else if (asked_for(x, "/v2/lost/") && asked_for(x, "up/1"))
        reply_at(x, "404 No", "/", "");
    else if (asked_for(x, "/v2/odd-range/"))
        reply_at(x, "202 Accepted", "/v2/odd-range/up/1", "Range: 0-99999999999999999999\r\n");
    else
        reply_at(x, "202 Accepted", "up/2?b=%2F&c", "Range: 0-299999\r\n");
}

static void answer_post(struct server_exchange *x)
{
    _cleanup_free_ char *away = str_printf("http://127.0.0.1:%d/v2/away/up/1", other.port);

    if (asked_for(x, "mount=") && asked_for(x, "from=giver"))
        reply_at(x, "201 Created", "/v2/x/blobs/x", "");
    else if (asked_for(x, "/v2/denied/"))
        server_reply(x, "403 No", "",
                     "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"requested access to the resource is denied\"}]}");
    else if (asked_for(x, "/v2/large/"))
        server_reply(x, "413 No", "", "");
    else if (asked_for(x, "/v2/busy/") && x->nth < 2)
        server_reply(x, "429 Slow", "Retry-After: 0\r\n", "");
    else if (asked_for(x, "/v2/away/"))
        reply_at(x, "202 Accepted", away, "");
    else if (asked_for(x, "/v2/nowhere/"))
        server_reply(x, "202 Accepted", "", "");
    else if (asked_for(x, "/v2/lost/"))
        reply_at(x, "202 Accepted", x->nth ? "up/2" : "up/1", "");
    else
        reply_at(x, "202 Accepted", "up/1?a=b%2Fc", "");
}

static void answer_put(struct server_exchange *x)
{
    if (asked_for(x, "/manifests/lie"))
        reply_at(x, "201 Created", "/",
                 "Docker-Content-Digest: sha256:0000000000000000000000000000000000000000000000000000000000000000\r\n");
    else if (asked_for(x, "/manifests/read-only"))
        server_reply(x, "405 No", "", "{\"errors\":[{\"code\":\"UNSUPPORTED\",\"message\":\"read-only\"}]}");
    else if (asked_for(x, "/manifests/"))
        reply_at(x, "201 Created", "/", "");
    else if (asked_for(x, "/v2/late/")) {
        free(server_body(x, NULL));
        x->close = true;
    } else
        stored(x);
}

static void answer(struct server_exchange *x)
{
    if (asked_for(x, "/token")) {
        _cleanup_free_ char *body = str_printf("{\"token\":\"token-%d\",\"expires_in\":300}", x->nth);

        server_reply(x, "200 OK", "", body);
    } else if (asked_for(x, "/v2/guarded/") && (!strstr(x->request, "Bearer token-") || x->nth % 2 == 0)) {
        _cleanup_free_ char *line =
            str_printf("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=\"s\"\r\n", x->port);

        free(server_body(x, NULL));
        server_reply(x, "401 No", line, "");
    } else if (is_method(x, "HEAD"))
        answer_head(x);
    else if (is_method(x, "PATCH"))
        answer_patch(x);
    else if (is_method(x, "POST"))
        answer_post(x);
    else if (is_method(x, "PUT"))
        answer_put(x);
    else if (asked_for(x, "/v2/cut/"))
        reply_at(x, "204 No Content", "/v2/cut/blobs/uploads/up/3", "Range: bytes=0-99999\r\n");
    else
        server_reply(x, "404 No", "", "");
}

static struct config config = {.max_concurrent_downloads = &(int64_t){2}};

struct seen {
    struct registry_upload *upload;
    int fd, wanted, dones, status;
    enum registry_uploaded how;
    int64_t sent;
    struct err err;
};

static int on_wanted(void *ctx, struct err *err)
{
    struct seen *s = ctx;

    s->wanted++;
    if (s->fd < 0)
        return err_set(err, ERR_NOT_FOUND, "it is gone");
    registry_upload_send(s->upload, s->fd);
    return 0;
}

static void on_sent(void *ctx, int64_t now)
{
    ((struct seen *)ctx)->sent = now;
}

static void on_done(void *ctx, int status, enum registry_uploaded how, const struct err *err)
{
    struct seen *s = ctx;

    s->dones++;
    s->status = status;
    s->how = how;
    if (err)
        s->err = *err;
}

static const struct registry_upload_ops ops = {on_wanted, on_sent, on_done};

static void reference(const char *rest, struct oci_reference *ret)
{
    _cleanup_free_ char *text = str_printf("127.0.0.1:%d/%s", server.port, rest);
    struct err err;

    assert_ok(oci_reference_parse(text, ret, &err));
    oci_reference_default_tag(ret);
}

static int file_of(int64_t size, char digest[DIGEST_TEXT_MAX])
{
    _cleanup_free_ char *bytes = mem_zalloc(1, (size_t)size);
    int fd = open("blob", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct digest_computed computed;
    struct err err;

    assert_int_equal(write(fd, bytes, (size_t)size), size);
    assert_ok(digest_compute(DIGEST_SHA256, bytes, (size_t)size, &computed, &err));
    digest_format(&computed.digest, digest);
    return fd;
}

static struct seen push(const char *repository, int64_t size, const char *from, bool missing)
{
    _cleanup_(registry_free_cleanup) struct registry *r = NULL;
    _cleanup_reference_ struct oci_reference ref = {0};
    struct oci_descriptor blob = {.size = size};
    struct seen s = {0};
    struct err err;
    int fd = file_of(size, size == LARGE ? large_digest : small_digest);

    print_message("%s\n", repository);
    assert_ok(digest_parse(size == LARGE ? large_digest : small_digest, &blob.digest, &err));
    reference(repository, &ref);
    assert_ok(registry_new(&config, NULL, &r, &err));
    s.fd = missing ? -1 : fd;
    s.upload = registry_upload(r, &ref, &blob, from, &ops, &s);
    while (!s.dones)
        assert_int_equal(registry_wait(r, NULL, 0, -1, &err), 0);
    assert_int_equal(s.dones, 1);
    assert_int_equal(registry_uploads(r), 0);
    close(fd);
    return s;
}

static void expect(const char *repository, int64_t size, enum registry_uploaded how)
{
    struct seen s = push(repository, size, NULL, false);

    if (s.status < 0)
        fail_msg("%s", s.err.text);
    assert_int_equal(s.how, how);
    assert_int_equal(s.wanted, how == REGISTRY_SENT);
    if (how == REGISTRY_SENT)
        assert_int_equal(s.sent, size);
}

static void expect_failure(const char *repository, int kind, const char *says)
{
    struct seen s = push(repository, LARGE, NULL, false);

    assert_int_equal(s.status, kind);
    if (!strstr(s.err.text, says))
        fail_msg("\"%s\" does not say \"%s\"", s.err.text, says);
}

static void test_steps(void **state)
{
    (void)state;
    expect("there", LARGE, REGISTRY_EXISTED);
    assert_int_equal(server_requests_with(&server, "POST "), 0);
    expect("fresh", LARGE, REGISTRY_SENT);
    assert_int_equal(server_requests_with(&server, "PATCH /v2/fresh/blobs/uploads/up/1?a=b%2Fc HTTP"), 1);
    assert_int_equal(server_requests_with(&server, "PUT /v2/fresh/blobs/uploads/up/up/2?b=%2F&c&digest=sha256:"), 1);
    expect("small", SMALL, REGISTRY_SENT);
    assert_int_equal(server_requests_with(&server, "PATCH /v2/small"), 0);
    assert_int_equal(server_requests_with(&server, "PUT /v2/small/blobs/uploads/up/1?a=b%2Fc&digest="), 1);
    expect("no-patch", LARGE, REGISTRY_SENT);
    expect("busy", LARGE, REGISTRY_SENT);
}

static void test_mount(void **state)
{
    struct seen s = push("taker", LARGE, "giver", false);

    (void)state;
    assert_int_equal(s.status, 0);
    assert_int_equal(s.how, REGISTRY_MOUNTED);
    s = push("taker", LARGE, "miser", false);
    assert_int_equal(s.status, 0);
    assert_int_equal(s.how, REGISTRY_SENT);
    assert_int_equal(server_requests_with(&server, "&from=miser"), 1);
}

static void test_going_on(void **state)
{
    (void)state;
    expect("cut", LARGE, REGISTRY_SENT);
    assert_int_equal(server_requests_with(&server, "PATCH /v2/cut/"), 2);
    assert_int_equal(server_requests_with(&server, "PATCH /v2/cut/blobs/uploads/up/3"), 1);
    assert_int_equal(server_requests_with(&server, "Content-Range: 100000-299999"), 1);
    expect("part", LARGE, REGISTRY_SENT);
    assert_int_equal(server_requests_with(&server, "Content-Range: 1000-299999"), 1);
    expect("lost", LARGE, REGISTRY_SENT);
    assert_int_equal(server_requests_with(&server, "POST /v2/lost/"), 2);
    expect("late", LARGE, REGISTRY_SENT); /* stored, and the answer lost */
    assert_int_equal(server_requests_with(&server, "HEAD /v2/late/"), 2);
}

static void test_failures(void **state)
{
    struct seen s;

    (void)state;
    expect_failure("denied", ERR_AUTH, "denied: requested access to the resource is denied");
    expect_failure("large", ERR_LIMIT, "larger than the registry takes");
    expect_failure("nowhere", ERR_INVALID, "does not say where the upload goes");
    expect_failure("odd-range", ERR_NETWORK, "keeps nothing of what it is sent");
    s = push("gone", LARGE, NULL, true);
    assert_int_equal(s.status, ERR_NOT_FOUND);
    assert_string_equal(s.err.text, "it is gone");
}

static void test_authorization(void **state)
{
    (void)state;
    expect("guarded", LARGE, REGISTRY_SENT);
    assert_true(server_requests_with(&server, "scope=repository%3Aguarded%3Apull%2Cpush") > 1);
    expect("away", LARGE, REGISTRY_SENT);
    assert_int_equal(server_requests_with(&other, "PATCH /v2/away/up/1"), 1);
    assert_int_equal(server_requests_with(&other, "Authorization"), 0);
}

static void test_manifests(void **state)
{
    _cleanup_(registry_free_cleanup) struct registry *r = NULL;
    _cleanup_reference_ struct oci_reference tag = {0}, lie = {0}, no = {0}, there = {0};
    struct digest_computed computed;
    struct err err;
    bool has;

    (void)state;
    assert_ok(registry_new(&config, NULL, &r, &err));
    reference("a:tag", &tag);
    reference("a:lie", &lie);
    reference("a:read-only", &no);
    assert_ok(registry_push_manifest(r, &tag, false, "{}", 2, "application/x", &computed, &err));
    assert_int_equal(server_requests_with(&server, "PUT /v2/a/manifests/tag "), 1);
    assert_int_equal(server_requests_with(&server, "Content-Type: application/x\r"), 1);
    assert_ok(registry_push_manifest(r, &tag, true, "{}", 2, "application/x", &computed, &err));
    assert_int_equal(server_requests_with(&server, "PUT /v2/a/manifests/sha256:44136fa355b3678a1146ad16f7e8649e"), 1);
    assert_fails(registry_push_manifest(r, &lie, false, "{}", 2, "application/x", &computed, &err), ERR_CORRUPT,
                 "for something else");
    assert_fails(registry_push_manifest(r, &no, false, "{}", 2, "application/x", &computed, &err), ERR_UNSUPPORTED,
                 "pushing to");
    assert_ok(registry_has_manifest(r, &tag, &computed.digest, &has, &err));
    assert_false(has);
    reference("there", &there);
    assert_ok(registry_has_manifest(r, &there, &computed.digest, &has, &err));
    assert_true(has);
}

/* Who cancels is not called back, whatever was under way. */
static void test_cancelled(void **state)
{
    _cleanup_(registry_free_cleanup) struct registry *r = NULL;
    _cleanup_reference_ struct oci_reference ref = {0};
    struct oci_descriptor blob = {.size = LARGE};
    struct seen s = {.fd = file_of(LARGE, large_digest)}, t = {.fd = s.fd};
    struct err err;

    (void)state;
    assert_ok(digest_parse(large_digest, &blob.digest, &err));
    reference("fresh", &ref);
    assert_ok(registry_new(&config, NULL, &r, &err));
    s.upload = registry_upload(r, &ref, &blob, NULL, &ops, &s);
    t.upload = registry_upload(r, &ref, &blob, NULL, &ops, &t);
    assert_int_equal(registry_wait(r, NULL, 0, 1, &err), 0);
    registry_upload_cancel(s.upload);
    while (!t.dones)
        assert_int_equal(registry_wait(r, NULL, 0, -1, &err), 0);
    assert_int_equal(s.dones, 0);
    assert_int_equal(t.status, 0);
    close(s.fd);
}

static int start(void **state)
{
    int r = scratch_setup(state);

    close(file_of(LARGE, large_digest));
    close(file_of(SMALL, small_digest));
    server_start(&other, answer);
    server_start(&server, answer); /* knows of the other, and of the digests */
    return r;
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
        server_test(test_steps),     server_test(test_mount),         server_test(test_going_on),
        server_test(test_failures),  server_test(test_authorization), server_test(test_manifests),
        server_test(test_cancelled),
    };

    return cmocka_run_group_tests_name("registry uploads", tests, NULL, NULL);
}

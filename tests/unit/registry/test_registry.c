/* The protocol against a server that plays registry, token server and mirror, without TLS. */
#include "../http/server.h"

#include "registry/internal.h"

#define BLOB "0123456789abcdefghijklmnopqrstuvwxyz"
enum { BLOB_LEN = sizeof(BLOB) - 1 };
#define MANIFEST "{\"schemaVersion\":2,\"layers\":[]}"
#define TYPE     "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n"

static struct server server, mirror;
static char blob_digest[DIGEST_TEXT_MAX], manifest_digest[DIGEST_TEXT_MAX];

static bool asked_for(const struct server_exchange *x, const char *part)
{
    size_t n = strcspn(x->request, "\r");
    const char *at = strstr(x->request, part);

    return at && at < x->request + n;
}

static void challenge(struct server_exchange *x, const char *more)
{
    _cleanup_free_ char *line =
        str_printf("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=\"s v\"%s\r\n", x->port, more);

    server_reply(x, "401 Unauthorized", line,
                 "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication required\"}]}");
}

static void send_blob(struct server_exchange *x)
{
    const char *range = strstr(x->request, "Range: bytes=");
    int start = range ? atoi(range + 13) : 0;
    _cleanup_free_ char *line =
        start ? str_printf("Content-Range: bytes %d-%d/%d\r\n", start, BLOB_LEN - 1, BLOB_LEN) : str_dup("");

    server_reply(x, start ? "206 Partial" : "200 OK", line, BLOB + start);
}

/* Tokens are good for one request each. */
static void answer_guarded(struct server_exchange *x)
{
    if (!strstr(x->request, "Authorization: Bearer token-"))
        challenge(x, ",scope=\"repository:guarded:pull\"");
    else if (x->nth % 2 == 0)
        challenge(x, ",error=\"invalid_token\"");
    else if (asked_for(x, "/manifests/"))
        server_reply(x, "200 OK", TYPE, MANIFEST);
    else
        send_blob(x);
}

static void answer(struct server_exchange *x)
{
    if (asked_for(x, "/token?")) {
        _cleanup_free_ char *body = str_printf("{\"token\":\"token-%d\",\"expires_in\":300}", x->nth);

        server_reply(x, "200 OK", "", body);
    } else if (asked_for(x, "/v2/guarded/"))
        answer_guarded(x);
    else if (asked_for(x, "/private/")) {
        _cleanup_free_ char *line =
            str_printf("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/private/gate\"\r\n", x->port);

        server_reply(x, asked_for(x, "/private/gate?") ? "403 No" : "401 No", line,
                     "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"access forbidden\"}]}");
    } else if (asked_for(x, "/v2/busy/")) {
        _cleanup_free_ char *line =
            str_printf("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/busy\"\r\n", x->port);

        server_reply(x, "401 No", line, "");
    } else if (asked_for(x, "/busy?"))
        server_reply(x, "429 No",
                     "Retry-After: 5400\r\nratelimit-limit: 100;w=21600\r\nratelimit-remaining: 3;w=21600\r\n", "");
    else if (asked_for(x, "/v2/elsewhere/")) {
        _cleanup_free_ char *line = str_printf("Location: http://127.0.0.1:%d/v2/greedy/\r\n", mirror.port);

        server_reply(x, "307 There", line, "");
    } else if (asked_for(x, "/v2/bad-token/"))
        server_reply(x, "401 No", "WWW-Authenticate: Bearer realm=\"ftp://x/\"\r\n", "");
    else if (asked_for(x, "/v2/open-token/"))
        server_reply(x, "401 No", "WWW-Authenticate: Bearer realm=\"http://192.0.2.1/token\"\r\n", "");
    else if (asked_for(x, "/v2/scope/"))
        challenge(x, strstr(x->request, "Bearer token") ? ",error=\"insufficient_scope\"" : "");
    else if (asked_for(x, "/v2/basic/") && !strstr(x->request, "Authorization: Basic dTpw\r"))
        server_reply(x, "401 No", "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
    else if (asked_for(x, "/v2/denied/"))
        server_reply(x, "403 No", "",
                     "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"requested access is denied\"}]}");
    else if (asked_for(x, "/v2/no-name/"))
        server_reply(x, "404 No", "", "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"not known\"}]}");
    else if (asked_for(x, "/manifests/none") || asked_for(x, "/blobs/sha256:0000"))
        server_reply(x, "404 No", "",
                     "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}");
    else if (asked_for(x, "/manifests/html"))
        server_reply(x, "200 OK", "Content-Type: text/html\r\n", "<html>");
    else if (asked_for(x, "/manifests/limit"))
        server_reply(
            x, "429 No", "Retry-After: 999\r\n",
            "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"You have reached your pull rate limit.\"}]}");
    else if (asked_for(x, "/manifests/promise"))
        server_reply(x, "200 OK",
                     TYPE "Docker-Content-Digest: sha256:"
                          "0000000000000000000000000000000000000000000000000000000000000000\r\n",
                     MANIFEST);
    else if (asked_for(x, "/manifests/"))
        server_reply(x, "200 OK", TYPE, MANIFEST);
    else if (asked_for(x, "/blobs/"))
        send_blob(x);
    else
        server_reply(x, "400 What", "", "");
}

/* Has everything, and everything is wrong. */
static void answer_mirror(struct server_exchange *x)
{
    if (asked_for(x, "/v2/greedy/"))
        challenge(x, "");
    else if (asked_for(x, "/v2/flipped/"))
        server_reply(x, "200 OK", "", "0123456789abcdefghijklmnopqrstuvwxyZ");
    else
        server_reply(x, asked_for(x, "/v2/absent/") ? "404 No" : "200 OK", "", "wrong");
}

static struct config_registry registry_settings;
static char *mirrors[3];
static struct config config = {.registries = {&registry_settings, 1, 1}, .max_concurrent_downloads = &(int64_t){2}};

static struct registry *new_client(void)
{
    struct registry *r = NULL;
    struct err err;

    assert_ok(registry_new(&config, NULL, &r, &err));
    return r;
}

static void reference(const char *rest, struct oci_reference *ret)
{
    _cleanup_free_ char *text = str_printf("127.0.0.1:%d/%s", server.port, rest);
    struct err err;

    assert_ok(oci_reference_parse(text, ret, &err));
    oci_reference_default_tag(ret);
}

static int fetch(struct registry *r, const char *name, struct registry_manifest *m, struct err *err)
{
    _cleanup_reference_ struct oci_reference ref = {0};

    reference(name, &ref);
    return registry_fetch_manifest(r, &ref, NULL, m, err);
}

static void test_manifest(void **state)
{
    _cleanup_(registry_free_cleanup) struct registry *r = new_client();
    _cleanup_registry_manifest_ struct registry_manifest m = {0};
    _cleanup_free_ char *by_digest = str_printf("a@%s", manifest_digest);
    char digest[DIGEST_TEXT_MAX];
    struct err err;

    (void)state;
    assert_ok(fetch(r, "a/b", &m, &err));
    assert_string_equal(buf_str(&m.bytes), MANIFEST);
    assert_string_equal(m.media_type, "application/vnd.oci.image.manifest.v1+json");
    assert_string_equal(digest_format(&m.digest.digest, digest), manifest_digest);
    registry_manifest_release(&m);
    assert_ok(fetch(r, by_digest, &m, &err));
    assert_int_equal(server_requests_with(&server, manifest_digest), 1);
    assert_int_equal(server_requests_with(&server, "Authorization"), 0);
}

static void test_manifest_refused(void **state)
{
    static const struct {
        const char *name, *says;
        int kind;
    } cases[] = {
        {"a:none", "manifest for 127.0.0.1:%d/a:none not found: manifest unknown", ERR_NOT_FOUND},
        {"no-name", "repository 127.0.0.1:%d/no-name:latest not found: name unknown: not known", ERR_NOT_FOUND},
        {"denied",
         "pull access denied for 127.0.0.1:%d/denied, repository does not exist or may require authorization: "
         "denied: requested access is denied",
         ERR_AUTH},
        {"scope",
         "pull access denied for 127.0.0.1:%d/scope, repository does not exist or may require authorization: "
         "unauthorized: authentication required",
         ERR_AUTH},
        {"basic/x",
         "pull access denied for 127.0.0.1:%d/basic/x, repository does not exist or may require authorization",
         ERR_AUTH},
        {"private/x",
         "pull access denied for 127.0.0.1:%d/private/x, repository does not exist or may require authorization: "
         "denied: access forbidden",
         ERR_AUTH},
        {"bad-token", "127.0.0.1:%d names no place to ask for a token", ERR_AUTH},
        {"open-token", "127.0.0.1:%d asks to fetch a token without TLS from 192.0.2.1", ERR_TLS},
        {"busy",
         "asking for access to 127.0.0.1:%1$d: 127.0.0.1:%1$d answers with status 429 (too many requests); 3 of 100 "
         "pulls "
         "in 6 hours are left",
         ERR_NETWORK},
        {"a:limit",
         "127.0.0.1:%d answers with status 429 (too many requests): toomanyrequests: "
         "You have reached your pull rate limit.",
         ERR_NETWORK},
        {"a:html", "manifest for 127.0.0.1:%1$d/a:html: 127.0.0.1:%1$d answers with an HTML page instead of a manifest",
         ERR_INVALID},
        {"a:promise", "manifest for 127.0.0.1:%1$d/a:promise: from 127.0.0.1:%1$d: wrong digest: expected sha256:0000",
         ERR_CORRUPT},
        {"a@sha256:1111111111111111111111111111111111111111111111111111111111111111",
         "wrong digest: expected sha256:1111", ERR_CORRUPT},
    };
    _cleanup_(registry_free_cleanup) struct registry *r = new_client();
    struct registry_manifest m = {0};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        _cleanup_free_ char *says = str_printf(cases[i].says, server.port);
#pragma GCC diagnostic pop

        print_message("%s\n", cases[i].name);
        assert_fails(fetch(r, cases[i].name, &m, &err), cases[i].kind, says);
        assert_null(m.bytes.p);
    }
}

static void test_tokens(void **state)
{
    _cleanup_(registry_free_cleanup) struct registry *r = new_client();
    _cleanup_registry_manifest_ struct registry_manifest m = {0};
    struct err err;

    (void)state;
    assert_ok(fetch(r, "guarded", &m, &err)); /* 401, token, 401 of an expired one, another token, 200 */
    assert_int_equal(server_requests_with(&server, "GET /token?service=s%20v&scope=repository%3Aguarded%3Apull "), 1);
    assert_true(server_requests_with(&server, "GET /token?") >= 1);
}

/* u:p for the server. */
static void write_credentials(void)
{
    _cleanup_free_ char *text = str_printf("{\"auths\":{\"127.0.0.1:%d\":{\"auth\":\"dTpw\"}}}", server.port);
    int fd = open("auth.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    setenv("REGISTRY_AUTH_FILE", "auth.json", 1);
}

static void test_basic(void **state)
{
    _cleanup_(registry_free_cleanup) struct registry *r = new_client();
    _cleanup_registry_manifest_ struct registry_manifest m = {0};
    struct registry_manifest none = {0};
    struct err err;

    (void)state;
    write_credentials();
    assert_ok(fetch(r, "basic/x", &m, &err));
    assert_fails(fetch(r, "private/x", &none, &err), ERR_AUTH, "refuses user name or password");
}

/* Whoever a redirect names is not the registry: his challenge gets neither the credentials nor a token. */
static void test_challenge_of_another(void **state)
{
    _cleanup_(registry_free_cleanup) struct registry *r = new_client();
    struct registry_manifest m = {0};
    struct err err;

    (void)state;
    write_credentials();
    assert_fails(fetch(r, "elsewhere", &m, &err), ERR_AUTH, "pull access denied");
    assert_int_equal(server_requests_with(&mirror, "/v2/greedy/"), 1);
    assert_int_equal(server_requests_with(&mirror, "/token"), 0);
    assert_int_equal(server_requests_with(&mirror, "Authorization"), 0);
    assert_int_equal(server_requests_with(&server, "Authorization"), 0);
}

struct got {
    struct buf bytes;
    int restarts, dones, status;
    struct err err;
};

static int on_data(void *ctx, const void *bytes, size_t len, struct err *err)
{
    struct got *g = ctx;

    (void)err;
    buf_add(&g->bytes, bytes, len);
    return 0;
}

static int on_restart(void *ctx, struct err *err)
{
    struct got *g = ctx;

    (void)err;
    g->restarts++;
    buf_clear(&g->bytes);
    return 0;
}

static void on_done(void *ctx, int status, const struct err *err)
{
    struct got *g = ctx;

    g->dones++;
    g->status = status;
    if (err)
        g->err = *err;
}

static const struct registry_download_ops ops = {on_data, on_restart, on_done};

static void blob(struct oci_descriptor *d)
{
    *d = (struct oci_descriptor){.media_type = (char *)"x", .size = BLOB_LEN};
    assert_int_equal(digest_parse(blob_digest, &d->digest, NULL), 0);
}

static void test_downloads(void **state)
{
    static const int starts[] = {0, 10, BLOB_LEN, 0, 0};
    _cleanup_(registry_free_cleanup) struct registry *r = new_client();
    _cleanup_reference_ struct oci_reference ref = {0}, guarded = {0};
    struct got got[6] = {0};
    struct oci_descriptor d, missing;
    struct registry_download *cancelled;
    struct err err;

    (void)state;
    blob(&d);
    blob(&missing);
    memset(missing.digest.hex, '0', 64);
    reference("a", &ref);
    reference("guarded", &guarded);
    for (size_t i = 0; i < 4; i++)
        registry_download(r, &ref, &d, starts[i], &ops, &got[i]);
    registry_download(r, &guarded, &d, 0, &ops, &got[4]);
    registry_download(r, &ref, &missing, 0, &ops, &got[5]);
    cancelled = registry_download(r, &ref, &d, 0, &ops, NULL);
    assert_int_equal(registry_downloads(r), 7);
    registry_download_cancel(cancelled);
    while (registry_downloads(r))
        assert_ok(registry_wait(r, NULL, 0, -1, &err));
    assert_ok(registry_wait(r, NULL, 0, -1, &err));
    for (size_t i = 0; i < 5; i++) {
        if (got[i].status)
            fail_msg("%zu: %s", i, got[i].err.text);
        assert_int_equal(got[i].dones, 1);
        assert_string_equal(buf_str(&got[i].bytes), BLOB + starts[i]);
        buf_free(&got[i].bytes);
    }
    assert_int_equal(got[5].status, ERR_NOT_FOUND);
    assert_non_null(strstr(got[5].err.text, "blob 127.0.0.1"));
}

static void test_small_blob(void **state)
{
    _cleanup_(registry_free_cleanup) struct registry *r = new_client();
    _cleanup_reference_ struct oci_reference ref = {0};
    _cleanup_buf_ struct buf out = BUF_INIT_MAX(BLOB_LEN + 2);
    struct oci_descriptor d;
    struct err err;

    (void)state;
    reference("a", &ref);
    blob(&d);
    buf_adds(&out, "> ");
    assert_ok(registry_fetch_blob(r, &ref, &d, &out, &err));
    assert_string_equal(buf_str(&out), "> " BLOB);
    assert_fails(registry_fetch_blob(r, &ref, &d, &out, &err), ERR_LIMIT, "at most 0");
    buf_clear(&out);
    d.digest.hex[0] ^= 1;
    assert_fails(registry_fetch_blob(r, &ref, &d, &out, &err), ERR_CORRUPT, "wrong digest");
    assert_int_equal(out.len, 0);
    d.size--;
    assert_fails(registry_fetch_blob(r, &ref, &d, &out, &err), ERR_CORRUPT, "expected 35 bytes");
}

/* One that is off, one that delivers rubbish, and then the registry. */
static void test_mirrors(void **state)
{
    _cleanup_(registry_free_cleanup) struct registry *r = NULL;
    _cleanup_registry_manifest_ struct registry_manifest m = {0};
    _cleanup_free_ char *host = str_printf("127.0.0.1:%d", server.port),
                        *wrong = str_printf("http://127.0.0.1:%d/prefix/", mirror.port);
    _cleanup_free_ char *by_digest = str_printf("a@%s", manifest_digest);
    struct err err;

    (void)state;
    mirrors[0] = (char *)"http://127.0.0.1:1";
    mirrors[1] = wrong;
    registry_settings = (struct config_registry){.host = host, .mirrors = mirrors};
    r = new_client();
    assert_ok(fetch(r, by_digest, &m, &err));
    assert_string_equal(buf_str(&m.bytes), MANIFEST);
    assert_int_equal(server_requests_with(&mirror, "GET /prefix/v2/a/manifests/sha256:"), 1);
    registry_manifest_release(&m);
    assert_ok(fetch(r, "absent:latest", &m, &err));
    registry_manifest_release(&m);
    /* Of several failures the one that says most about the image. */
    assert_fails(fetch(r, "absent:none", &m, &err), ERR_NOT_FOUND, "manifest unknown");
    registry_settings = (struct config_registry){.host = (char *)"unused"};
}

static int judge(void *ctx, struct err *err)
{
    const struct got *g = ctx;

    return strcmp(buf_str(&g->bytes), BLOB) == 0 ? 0 : err_set(err, ERR_CORRUPT, "these are not they");
}

static const struct registry_download_ops judged_ops = {on_data, on_restart, on_done, judge};

/* What whoever takes the bytes finds wrong with them is the mirror's fault, which is not asked first again. */
static void test_wrong_bytes(void **state)
{
    _cleanup_(registry_free_cleanup) struct registry *r = NULL;
    _cleanup_free_ char *host = str_printf("127.0.0.1:%d", server.port),
                        *wrong = str_printf("http://127.0.0.1:%d", mirror.port);
    _cleanup_reference_ struct oci_reference ref = {0};
    struct oci_descriptor d;
    struct err err;

    (void)state;
    blob(&d);
    reference("flipped", &ref);
    mirrors[0] = wrong;
    mirrors[1] = NULL;
    registry_settings = (struct config_registry){.host = host, .mirrors = mirrors};
    r = new_client();
    for (int i = 0; i < 2; i++) {
        struct got got = {0};

        registry_download(r, &ref, &d, 0, &judged_ops, &got);
        while (registry_downloads(r))
            assert_ok(registry_wait(r, NULL, 0, -1, &err));
        assert_int_equal(got.status, 0);
        assert_int_equal(got.restarts, i == 0);
        assert_string_equal(buf_str(&got.bytes), BLOB);
        buf_free(&got.bytes);
    }
    assert_int_equal(server_requests_with(&mirror, "/v2/flipped/blobs/"), 1);
    registry_free(steal_ptr(&r));
    /* Nobody else to ask */
    registry_settings = (struct config_registry){.host = (char *)"unused"};
    r = new_client();
    str_replace(&ref.domain, str_printf("127.0.0.1:%d", mirror.port));
    for (int i = 0; i < 2; i++) {
        struct got got = {0};

        registry_download(r, &ref, &d, 0, &judged_ops, &got);
        while (registry_downloads(r))
            assert_ok(registry_wait(r, NULL, 0, -1, &err));
        assert_int_equal(got.status, ERR_CORRUPT);
        assert_int_equal(got.dones, 1);
        assert_non_null(strstr(got.err.text, "from 127.0.0.1:"));
        buf_free(&got.bytes);
    }
}

static void note_status(void *ctx, int status, const struct err *err)
{
    (void)err;
    *(int *)ctx = status;
}

/* A token for `scope`, from a challenge that names `more`. */
static void authorize(const struct registry_scope *scope, const char *more)
{
    _cleanup_(registry_free_cleanup) struct registry *r = new_client();
    _cleanup_reference_ struct oci_reference ref = {0};
    _cleanup_strv_ char **headers = NULL;
    struct http_response response = {.status = 401, .authority = "registry"};
    struct registry_repository *repository;
    const struct registry_access *access;
    int status = 1;
    struct err err;

    reference("team/app", &ref);
    strv_addf(&headers, "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=s%s", server.port, more);
    response.headers = headers;
    assert_ok(registry_repository_get(r, &ref, &repository, &err));
    assert_int_equal(registry_authorize(r, repository, 0, scope, &response, NULL, note_status, &status, &err),
                     REGISTRY_WAITING);
    while (status == 1)
        assert_ok(http_wait(r->http, NULL, 0, -1, &err));
    assert_int_equal(status, 0);
    access = registry_access_get(repository, 0, scope);
    assert_non_null(str_after(registry_access_current(access), "Bearer token-"));
    /* For another scope nothing is known. */
    assert_null(registry_access_current(registry_access_get(repository, 0, &(struct registry_scope){true, "third"})));
}

static void check_scopes(const char *scopes)
{
    _cleanup_free_ char *line = str_printf("GET /token?service=s&scope=%s HTTP", scopes);

    if (server_requests_with(&server, line) != 1)
        fail_msg("not asked for %s, but: %.200s", scopes, server.log->requests[atomic_load(&server.log->n) - 1]);
}

static void test_scopes(void **state)
{
    (void)state;
    authorize(NULL, "");
    check_scopes("repository%3Ateam%2Fapp%3Apull");
    authorize(NULL, ",scope=\"repository:proxy/team/app:pull\"");
    check_scopes("repository%3Aproxy%2Fteam%2Fapp%3Apull");
    authorize(&(struct registry_scope){.push = true}, "");
    check_scopes("repository%3Ateam%2Fapp%3Apull%2Cpush");
    authorize(&(struct registry_scope){.push = true, .mount_from = "base"},
              ",scope=\"repository:team/app:pull,delete registry:catalog:*\",scope=\"repository:base:pull x:y:z\"");
    check_scopes("repository%3Ateam%2Fapp%3Apull%2Cdelete%2Cpush&scope=registry%3Acatalog%3A%2A&scope="
                 "repository%3Abase%3Apull&scope=x%3Ay%3Az");
}

static void check_insecure(bool insecure, const char *name, bool expected)
{
    const struct registry_options options = {.insecure = insecure};
    _cleanup_(registry_free_cleanup) struct registry *r = NULL;
    _cleanup_reference_ struct oci_reference ref = {0};
    struct registry_repository *repository;
    const struct http_tls *tls = NULL;
    struct err err;

    assert_ok(registry_new(&config, &options, &r, &err));
    assert_ok(oci_reference_parse(name, &ref, &err));
    assert_ok(registry_repository_get(r, &ref, &repository, &err));
    assert_int_equal(repository->host->endpoints.v[0].may_be_plain, expected);
    assert_ok(registry_certs_find(r->certs, "r.example", "r.example", &tls, &err));
    assert_int_equal(tls->insecure, insecure);
}

/* One client trusts every host, the other none but those of the configuration. */
static void test_insecure(void **state)
{
    (void)state;
    check_insecure(false, "r.example/a", false);
    check_insecure(true, "r.example/a", true);
    check_insecure(true, "alpine", true);
    check_insecure(false, "127.0.0.1:1/a", true); /* loopback needs no TLS */
}

static int start(void **state)
{
    server_start(&mirror, answer_mirror); /* first: the other one knows its port */
    server_start(&server, answer);
    return scratch_setup(state);
}

static int stop(void **state)
{
    server_stop(&server);
    server_stop(&mirror);
    unsetenv("REGISTRY_AUTH_FILE");
    return scratch_teardown(state);
}

static int digests(void **state)
{
    struct digest_computed d;

    (void)state;
    if (digest_compute(DIGEST_SHA256, BLOB, BLOB_LEN, &d, NULL) < 0)
        return -1;
    digest_format(&d.digest, blob_digest);
    if (digest_compute(DIGEST_SHA256, MANIFEST, strlen(MANIFEST), &d, NULL) < 0)
        return -1;
    digest_format(&d.digest, manifest_digest);
    registry_settings.host = (char *)"unused";
    unsetenv("HOME");
    unsetenv("DOCKER_CONFIG");
    unsetenv("REGISTRY_AUTH_FILE");
    return 0;
}

#define server_test(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

/* Whether an upload that goes to `to` gets the authorization of the registry `domain`. */
static bool is_own(struct registry *r, const char *domain, const char *to)
{
    const struct oci_reference ref = {.domain = (char *)domain, .path = (char *)"a/b"};
    _cleanup_(registry_location_release) struct registry_location place = {0};
    _cleanup_free_ char *header = str_printf("Location: %s", to);
    char *headers[] = {header, NULL};
    const struct http_response response = {.headers = headers};
    struct registry_repository *repository;
    struct err err;

    assert_ok(registry_repository_get(r, &ref, &repository, &err));
    assert_ok(registry_location_set(&place, repository, &response, &err));
    return !place.foreign;
}

/* A reference may say the port that a URL leaves out, and capitals. */
static void test_own_location(void **state)
{
    static const struct config nothing;
    struct registry *r;
    struct err err;

    (void)state;
    assert_ok(registry_new(&nothing, NULL, &r, &err));
    assert_true(is_own(r, "a.example:443", "https://a.example/v2/a/b/blobs/uploads/1"));
    assert_true(is_own(r, "a.example:443", "/v2/a/b/blobs/uploads/1"));
    assert_true(is_own(r, "A.example:5000", "https://a.example:5000/v2/a/b/blobs/uploads/1"));
    assert_true(is_own(r, "a.example", "https://a.example:443/v2/a/b/blobs/uploads/1"));
    assert_false(is_own(r, "a.example:443", "https://a.example:5000/v2/a/b/blobs/uploads/1"));
    assert_false(is_own(r, "a.example", "https://b.example/v2/a/b/blobs/uploads/1"));
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        server_test(test_manifest),
        server_test(test_manifest_refused),
        server_test(test_tokens),
        server_test(test_basic),
        server_test(test_challenge_of_another),
        server_test(test_downloads),
        server_test(test_small_blob),
        server_test(test_mirrors),
        server_test(test_wrong_bytes),
        server_test(test_scopes),
        cmocka_unit_test(test_insecure),
        cmocka_unit_test(test_own_location),
    };

    return cmocka_run_group_tests_name("registry", tests, digests, NULL);
}

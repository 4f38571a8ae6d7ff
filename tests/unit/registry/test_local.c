/* What lies on the user's disk: credentials and certificates. */
#include "../unit.h"

#include "registry/certs.h"
#include "registry/credentials.h"

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void check_basic(const struct registry_credentials *c, const char *domain, const char *path,
                        const char *expected)
{
    _cleanup_free_ char *got = registry_credentials_basic(c, domain, path);

    if (expected)
        assert_string_equal(got, expected);
    else
        assert_null(got);
}

static void test_credentials(void **state)
{
    struct registry_credentials c = {0};
    struct err err;

    (void)state;
    put("auth.json", "{\"auths\":{"
                     "\"https://index.docker.io/v1/\":{\"auth\":\"aHViOng=\"}," /* hub:x */
                     "\"r.example:5000\":{\"username\":\"u\",\"password\":\"p:w\"},"
                     "\"q.example\":{\"auth\":\"cTox\"},\"q.example/team\":{\"auth\":\"dDoy\"}," /* q:1, t:2 */
                     "\"http://old.example/v2/\":{\"auth\":\"bzoxAAA=\"},"                       /* o:1 and zeros */
                     "\"bad.example\":{\"auth\":\"!\"},\"nocolon.example\":{\"auth\":\"YWJj\"},"
                     "\"token.example\":{\"identitytoken\":\"x\"},\"empty.example\":{}},"
                     "\"credsStore\":\"desktop\",\"HttpHeaders\":{}}");
    setenv("REGISTRY_AUTH_FILE", "auth.json", 1);
    assert_ok(registry_credentials_load(&c, &err));
    check_basic(&c, "docker.io", "library/alpine", "Basic aHViOng=");
    check_basic(&c, "registry-1.docker.io", "a/b", "Basic aHViOng=");
    check_basic(&c, "r.example:5000", "a", "Basic dTpwOnc=");
    check_basic(&c, "r.example", "a", NULL);
    check_basic(&c, "q.example", "other", "Basic cTox");
    check_basic(&c, "q.example", "team/x", "Basic dDoy");
    check_basic(&c, "q.example", "team", "Basic dDoy");
    check_basic(&c, "q.example", "teams/x", "Basic cTox");
    check_basic(&c, "old.example", "v2", "Basic bzox");
    check_basic(&c, "bad.example", "a", NULL);
    check_basic(&c, "nocolon.example", "a", NULL);
    check_basic(&c, "token.example", "a", NULL);
    check_basic(&c, "empty.example", "a", NULL);
    registry_credentials_release(&c);
    unsetenv("REGISTRY_AUTH_FILE");
}

static void test_credentials_places(void **state)
{
    struct registry_credentials c = {0};
    struct err err;

    (void)state;
    setenv("REGISTRY_AUTH_FILE", "missing.json", 1);
    assert_fails(registry_credentials_load(&c, &err), ERR_AUTH, "missing.json");
    unsetenv("REGISTRY_AUTH_FILE");
    setenv("DOCKER_CONFIG", "missing", 1);
    assert_ok(registry_credentials_load(&c, &err));
    assert_int_equal(c.auths.n, 0);
    put("config.json", "{\"auths\":{\"a.example\":{\"auth\":\"cTox\"}}}");
    setenv("DOCKER_CONFIG", ".", 1);
    assert_ok(registry_credentials_load(&c, &err));
    check_basic(&c, "a.example", "x", "Basic cTox");
    registry_credentials_release(&c);
    put("config.json", "{\"auths\":{\"a.example\":{\"auth\":1}}}");
    assert_fails(registry_credentials_load(&c, &err), ERR_AUTH,
                 "./config.json: auth file: auths.a.example.auth: string");
    unsetenv("DOCKER_CONFIG");
}

static void test_certs(void **state)
{
    char *dirs[] = {(char *)"first", (char *)"second", NULL};
    struct config_registry hub = {.host = (char *)"docker.io", .ca = (char *)"hub.pem", .insecure = true};
    struct config config = {.certs_dirs = dirs, .registries = {&hub, 1, 1}};
    _cleanup_(registry_certs_free_cleanup) struct registry_certs *certs = registry_certs_new(&config, false);
    const struct http_tls *tls = NULL, *again = NULL;
    struct err err;

    (void)state;
    mkdir("first", 0700);
    mkdir("second", 0700);
    mkdir("first/a.example:5000", 0700);
    mkdir("second/a.example:5000", 0700);
    mkdir("second/b.example:443", 0700);
    put("hub.pem", "HUB");
    put("first/a.example:5000/z.crt", "Z");
    put("first/a.example:5000/ca.crt", "CA");
    put("first/a.example:5000/me.cert", "");
    put("first/a.example:5000/me.key", "");
    put("first/a.example:5000/readme", "no");
    put("second/a.example:5000/ca.crt", "not this one");
    put("second/b.example:443/ca.crt", "B");

    assert_ok(registry_certs_find(certs, "a.example:5000", "a.example:5000", &tls, &err));
    assert_string_equal(tls->ca_pem, "CA\nZ\n");
    assert_string_equal(tls->client_cert, "first/a.example:5000/me.cert");
    assert_string_equal(tls->client_key, "first/a.example:5000/me.key");
    assert_false(tls->insecure);
    assert_ok(registry_certs_find(certs, "a.example:5000", "a.example:5000", &again, &err));
    assert_ptr_equal(tls, again);

    assert_ok(registry_certs_find(certs, "b.example", "b.example", &tls, &err));
    assert_string_equal(tls->ca_pem, "B\n");
    assert_ok(registry_certs_find(certs, "registry-1.docker.io", "registry-1.docker.io", &tls, &err));
    assert_string_equal(tls->ca_pem, "HUB\n");
    assert_true(tls->insecure);
    assert_ok(registry_certs_find(certs, "c.example", "c.example", &tls, &err));
    assert_null(tls->ca_pem);

    /* Redirected: its authorities hold, its client certificate is not shown. */
    assert_ok(registry_certs_find(certs, "c.example", "a.example:5000", &tls, &err));
    assert_string_equal(tls->ca_pem, "CA\nZ\n");
    assert_null(tls->client_cert);

    mkdir("first/d.example", 0700);
    mkdir("first/d.example/ca.crt", 0700);
    assert_fails(registry_certs_find(certs, "d.example", "d.example", &tls, &err), ERR_TLS, "first/d.example/ca.crt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_credentials),
        scratch_test(test_credentials_places),
        scratch_test(test_certs),
    };

    unsetenv("HOME");
    unsetenv("DOCKER_CONFIG");
    unsetenv("REGISTRY_AUTH_FILE");
    return cmocka_run_group_tests_name("registry files", tests, NULL, NULL);
}

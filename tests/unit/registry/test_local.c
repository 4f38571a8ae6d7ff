/* What lies on the user's disk: credentials and certificates. */
#include "../unit.h"

#include "registry/certs.h"
#include "registry/credentials.h"
#include "sys/fd.h"

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void check_basic(struct registry_credentials *c, const char *domain, const char *path, const char *expected)
{
    _cleanup_login_ struct registry_login login = {0};
    _cleanup_free_ char *got = NULL;
    struct err err;

    assert_ok(registry_credentials_find(c, domain, path, &login, &err));
    got = registry_login_basic(&login);
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
                     "\"https://two.example\":{\"auth\":\"bzox\"},\"two.example\":{\"auth\":\"cTox\"},"
                     "\"bad.example\":{\"auth\":\"!\"},\"nocolon.example\":{\"auth\":\"YWJj\"},"
                     "\"token.example\":{\"identitytoken\":\"x\"},\"empty.example\":{}},"
                     "\"HttpHeaders\":{}}");
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
    check_basic(&c, "two.example", "a", "Basic cTox");
    check_basic(&c, "bad.example", "a", NULL);
    check_basic(&c, "nocolon.example", "a", NULL);
    check_basic(&c, "token.example", "a", NULL);
    check_basic(&c, "empty.example", "a", NULL);
    registry_credentials_release(&c);
    unsetenv("REGISTRY_AUTH_FILE");
}

static void test_tokens(void **state)
{
    _cleanup_(registry_credentials_release) struct registry_credentials c = {0};
    _cleanup_login_ struct registry_login a = {0}, b = {0};
    struct err err;

    (void)state;
    put("auth.json", "{\"auths\":{\"a.example\":{\"auth\":\"dTo=\",\"identitytoken\":\"id\"}," /* u: */
                     "\"b.example\":{\"registrytoken\":\"reg\",\"identitytoken\":\"\"}}}");
    setenv("REGISTRY_AUTH_FILE", "auth.json", 1);
    assert_ok(registry_credentials_load(&c, &err));
    unsetenv("REGISTRY_AUTH_FILE");
    assert_ok(registry_credentials_find(&c, "a.example", "x", &a, &err));
    assert_string_equal(a.username, "u");
    assert_null(a.password);
    assert_string_equal(a.identity_token, "id");
    assert_ok(registry_credentials_find(&c, "b.example", "", &b, &err));
    assert_string_equal(b.registry_token, "reg");
    assert_null(b.identity_token);
}

/* ---- programs that keep credentials ---- */

/* Keeps one server in a file, and notes what it was called with. */
static const char helper[] = "#!/bin/sh\n"
                             "input=$(cat)\n"
                             "echo \"$0 $* $input\" >>calls\n"
                             "test -t 0 && exit 9\n"
                             "case $1 in\n"
                             "get) test -f \"kept-$(echo $input | tr -c 'a-z.\\n' _)\" || { echo credentials not found "
                             "in native keychain; exit 1; }\n"
                             "    cat \"kept-$(echo $input | tr -c 'a-z.\\n' _)\" ;;\n"
                             "store) echo \"$input\" >stored ;;\n"
                             "esac\n";

static void put_program(const char *path, const char *text)
{
    put(path, text);
    chmod(path, 0700);
}

static void use_helpers(const char *config)
{
    _cleanup_free_ char *path = str_printf("%s:/usr/bin:/bin", getenv("PWD_BIN"));

    put("config.json", config);
    setenv("DOCKER_CONFIG", ".", 1);
    setenv("PATH", path, 1);
}

/* A directory of its own for programs, in PATH. */
static int helper_setup(void **state)
{
    char *cwd;

    if (scratch_setup(state) < 0)
        return -1;
    cwd = getcwd(NULL, 0);
    mkdir("bin", 0700);
    str_replace(&cwd, str_printf("%s/bin", cwd));
    setenv("PWD_BIN", cwd, 1);
    free(cwd);
    put_program("bin/docker-credential-mine", helper);
    return 0;
}

static int helper_teardown(void **state)
{
    unsetenv("DOCKER_CONFIG");
    return scratch_teardown(state);
}

static int calls(void)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    int n = 0;

    if (fd_read_user_file("calls", &text, NULL) < 0)
        return 0;
    for (const char *p = buf_str(&text); *p; p++)
        n += *p == '\n';
    return n;
}

static void test_helper_get(void **state)
{
    _cleanup_(registry_credentials_release) struct registry_credentials c = {0};
    struct registry_login login = {0};
    struct err err;

    (void)state;
    use_helpers("{\"auths\":{\"f.example\":{\"auth\":\"cTox\"},\"a.example/team\":{}},"
                "\"credsStore\":\"mine\",\"credHelpers\":{\"n.example\":\"\",\"gone.example\":\"gone\","
                "\"evil.example\":\"../bin/mine\",\"bad.example\":\"bad\",\"odd.example\":\"odd\"}}");
    put("kept-a.example", "{\"ServerURL\":\"a.example\",\"Username\":\"u\",\"Secret\":\"p:w\"}");
    put("kept-t.example", "{\"Username\":\"<token>\",\"Secret\":\"id\"}");
    put("kept-https___index.docker.io_v__", "{\"Username\":\"hub\",\"Secret\":\"x\"}");
    put_program("bin/docker-credential-bad", "#!/bin/sh\necho the vault is locked\necho more\nexit 2\n");
    put_program("bin/docker-credential-odd", "#!/bin/sh\necho '{\"Secret\":\"hush\"}'\nexit 1\n");
    assert_ok(registry_credentials_load(&c, &err));
    check_basic(&c, "a.example", "x", "Basic dTpwOnc=");
    check_basic(&c, "a.example", "x", "Basic dTpwOnc=");
    assert_int_equal(calls(), 1); /* asked once */
    /* The entry that is closer first: the program has nothing under that name. */
    check_basic(&c, "a.example", "team/x", "Basic dTpwOnc=");
    check_basic(&c, "docker.io", "library/alpine", "Basic aHViOng=");
    check_basic(&c, "f.example", "x", "Basic cTox"); /* the program has nothing, the file has */
    check_basic(&c, "n.example", "x", NULL);         /* "": no program */
    assert_ok(registry_credentials_find(&c, "t.example", "x", &login, &err));
    assert_string_equal(login.identity_token, "id");
    assert_null(login.username);
    registry_login_release(&login);
    assert_fails(registry_credentials_find(&c, "gone.example", "x", &login, &err), ERR_AUTH,
                 "./config.json: running docker-credential-gone: No such file");
    assert_fails(registry_credentials_find(&c, "evil.example", "x", &login, &err), ERR_INVALID, "../bin/mine");
    assert_fails(registry_credentials_find(&c, "bad.example", "x", &login, &err), ERR_AUTH,
                 "docker-credential-bad get: the vault is locked");
    assert_fails(registry_credentials_find(&c, "odd.example", "x", &login, &err), ERR_AUTH, "exit code 1");
    assert_null(strstr(err.text, "hush"));
    put_program("bin/docker-credential-odd", "#!/bin/sh\necho '{\"Secret\":'\n");
    assert_fails(registry_credentials_find(&c, "odd.example", "x", &login, &err), ERR_AUTH, "answers nonsense");
}

static void check_file(const char *path, const char *expected)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct stat st;
    struct err err;

    assert_ok(fd_read_user_file(path, &text, &err));
    assert_string_equal(buf_str(&text), expected);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void save(const char *domain, const char *username, const char *password, const char *identity)
{
    const struct registry_login login = {
        .username = (char *)username, .password = (char *)password, .identity_token = (char *)identity};
    _cleanup_free_ char *path = NULL;
    struct err err;

    assert_ok(registry_credentials_save(domain, &login, &path, &err));
    assert_non_null(path);
}

static void erase(const char *domain, bool known)
{
    bool was;
    struct err err;

    assert_ok(registry_credentials_erase(domain, &was, &err));
    assert_int_equal(was, known);
}

static void test_save(void **state)
{
    struct stat st;

    (void)state;
    setenv("DOCKER_CONFIG", "new/dir", 1);
    erase("a.example", false);
    assert_int_equal(access("new", F_OK), -1);
    umask(0);
    save("docker.io", "u", "p", NULL);
    umask(022);
    check_file("new/dir/config.json",
               "{\n\t\"auths\": {\n\t\t\"https://index.docker.io/v1/\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}\n");
    assert_int_equal(stat("new/dir", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    /* Through a link, beside what is none of our business. */
    put("target.json", "{ \"z\": 1.10,\n  \"auths\": { \"b\": {\"auth\":\"\"} }, \"detachKeys\": \"q\" }");
    chmod("target.json", 0644);
    unlink("new/dir/config.json");
    assert_int_equal(symlink("../../target.json", "new/dir/config.json"), 0);
    save("a.example:5000", "u", "p", NULL);
    check_file("target.json", "{ \"z\": 1.10,\n  \"auths\": { \"b\": {\"auth\":\"\"}, "
                              "\"a.example:5000\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t} }, \"detachKeys\": \"q\" }");
    assert_int_equal(lstat("new/dir/config.json", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    save("a.example:5000", "u", "p", "i\"d");
    check_file("target.json", "{ \"z\": 1.10,\n  \"auths\": { \"b\": {\"auth\":\"\"}, "
                              "\"a.example:5000\": {\n\t\t\t\"auth\": \"dTo=\",\n\t\t\t\"identitytoken\": "
                              "\"i\\\"d\"\n\t\t} }, \"detachKeys\": \"q\" }");
    erase("a.example:5000", true);
    check_file("target.json", "{ \"z\": 1.10,\n  \"auths\": { \"b\": {\"auth\":\"\"} }, \"detachKeys\": \"q\" }");
    erase("a.example:5000", false);
    put("target.json",
        "{\"auths\": {\"https://a.example/v2/\": {}, \"a.example/team\": {}, \"http://a.example\": {}}}");
    erase("a.example", true);
    check_file("target.json", "{\"auths\": { \"a.example/team\": {}}}");
    unlink("target.json"); /* a link that leads nowhere */
    save("c.example", "u", "p", NULL);
    assert_int_equal(access("target.json", F_OK), 0);
    unsetenv("DOCKER_CONFIG");
}

static void test_save_refused(void **state)
{
    const struct registry_login login = {.username = (char *)"u", .password = (char *)"p"};
    char *path = NULL;
    struct err err;

    (void)state;
    setenv("REGISTRY_AUTH_FILE", "auth.json", 1);
    put("auth.json", "{ broken");
    assert_fails(registry_credentials_save("a", &login, &path, &err), ERR_INVALID, "auth.json");
    check_file("auth.json", "{ broken");
    put("auth.json", "{\"auths\": []}");
    assert_fails(registry_credentials_save("a", &login, &path, &err), ERR_INVALID, "auth.json");
    check_file("auth.json", "{\"auths\": []}");
    unlink("auth.json");
    save("a.example", "u", "p", NULL);
    assert_int_equal(access("auth.json", F_OK), 0);
    unsetenv("REGISTRY_AUTH_FILE");
}

static void test_helper_save(void **state)
{
    _cleanup_buf_ struct buf stored = BUF_INIT;
    struct err err;

    (void)state;
    use_helpers("{\"credsStore\":\"mine\"}");
    save("a.example", "u", "p\"w", NULL);
    check_file("config.json", "{\"credsStore\":\"mine\",\"auths\": {\n\t\t\"a.example\": {}\n\t}}");
    assert_ok(fd_read_user_file("stored", &stored, &err));
    assert_string_equal(buf_str(&stored), "{\"ServerURL\":\"a.example\",\"Username\":\"u\",\"Secret\":\"p\\\"w\"}\n");
    buf_clear(&stored);
    save("a.example", "u", NULL, "id");
    assert_ok(fd_read_user_file("stored", &stored, &err));
    assert_string_equal(buf_str(&stored), "{\"ServerURL\":\"a.example\",\"Username\":\"<token>\",\"Secret\":\"id\"}\n");
    put("kept-b.example", "{\"Username\":\"u\",\"Secret\":\"p\"}");
    erase("b.example", true); /* which the file does not name */
    erase("a.example", true);
    check_file("config.json", "{\"credsStore\":\"mine\",\"auths\": {}}");
    erase("a.example", false);
    put_program("bin/docker-credential-mine", "#!/bin/sh\necho disk is full\nexit 1\n");
    assert_fails(registry_credentials_save("a.example",
                                           &(struct registry_login){.username = (char *)"u", .password = (char *)"p"},
                                           NULL, &err),
                 ERR_AUTH, "docker-credential-mine store: disk is full");
    check_file("config.json", "{\"credsStore\":\"mine\",\"auths\": {}}");
}

static void test_podman_places(void **state)
{
    _cleanup_(registry_credentials_release) struct registry_credentials c = {0}, d = {0};
    struct err err;

    (void)state;
    setenv("HOME", ".", 1);
    setenv("XDG_RUNTIME_DIR", "run", 1);
    unsetenv("XDG_CONFIG_HOME");
    mkdir("run", 0700);
    mkdir("run/containers", 0700);
    mkdir(".docker", 0700);
    put("run/containers/auth.json", "{\"auths\":{\"a.example\":{\"auth\":\"cTox\"}}}");
    assert_ok(registry_credentials_load(&c, &err));
    check_basic(&c, "a.example", "x", "Basic cTox");
    put(".docker/config.json", "{}"); /* Docker's file wins by being there */
    assert_ok(registry_credentials_load(&d, &err));
    check_basic(&d, "a.example", "x", NULL);
    unsetenv("XDG_RUNTIME_DIR");
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
    registry_credentials_release(&c);
    put("config.json", "{\"auths\":{\"a.example\":{\"auth\":\"cTox\"}}}");
    setenv("DOCKER_CONFIG", ".", 1);
    assert_ok(registry_credentials_load(&c, &err));
    check_basic(&c, "a.example", "x", "Basic cTox");
    registry_credentials_release(&c);
    put("config.json", "{\"auths\":{\"a.example\":{\"auth\":1}}}");
    assert_fails(registry_credentials_load(&c, &err), ERR_AUTH,
                 "./config.json: auth file: auths.a.example.auth: string");
    registry_credentials_release(&c);
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
        scratch_test(test_tokens),
        scratch_test(test_save),
        scratch_test(test_save_refused),
        scratch_test(test_podman_places),
        cmocka_unit_test_setup_teardown(test_helper_get, helper_setup, helper_teardown),
        cmocka_unit_test_setup_teardown(test_helper_save, helper_setup, helper_teardown),
        scratch_test(test_certs),
    };

    unsetenv("HOME");
    unsetenv("DOCKER_CONFIG");
    unsetenv("REGISTRY_AUTH_FILE");
    return cmocka_run_group_tests_name("registry files", tests, NULL, NULL);
}

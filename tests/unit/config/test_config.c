#include "../unit.h"

#include "config/config.h"

/* The user's own file is below XDG_CONFIG_HOME; the machine's in /etc is whatever the machine has. */
static struct err err;

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void test_defaults(void **state)
{
    struct config c;

    (void)state;
    write_file("c.json", "{}");
    assert_ok(config_load("c.json", &c, &err));
    assert_null(c.root);
    assert_null(c.state);
    assert_int_equal(c.registries.n, 0);
    assert_string_equal(c.certs_dirs[0], "/etc/cbox/certs.d");
    assert_string_equal(c.certs_dirs[1], "/etc/docker/certs.d");
    assert_null(c.certs_dirs[2]);
    assert_int_equal(*c.max_concurrent_downloads, 3);
    config_release(&c);
    config_release(&c);
}

static void test_everything(void **state)
{
    const struct config_registry *r;
    struct config c;

    (void)state;
    write_file("c.json", "{\"root\": \"/srv/cbox\", \"state\": \"/run/x\", \"certs_dirs\": [\"/c\"],"
                         " \"max_concurrent_downloads\": 8, \"publish_address\": \"loopback\","
                         " \"log_driver\": \"local\", \"log_options\": {\"max-size\": \"1m\", \"compress\": \"false\"},"
                         " \"registries\": {"
                         "   \"docker.io\": {\"mirrors\": [\"https://a\", \"http://b:1\"]},"
                         "   \"h:5000\": {\"insecure\": true, \"ca\": \"/ca.pem\", \"client_cert\": \"/c.pem\","
                         "                \"client_key\": \"/k.pem\"}}}");
    assert_ok(config_load("c.json", &c, &err));
    assert_string_equal(c.root, "/srv/cbox");
    assert_string_equal(c.state, "/run/x");
    assert_string_equal(c.certs_dirs[0], "/c");
    assert_null(c.certs_dirs[1]);
    assert_int_equal(*c.max_concurrent_downloads, 8);
    assert_string_equal(c.publish_address, "loopback");
    assert_string_equal(c.log_driver, "local");
    assert_string_equal(c.log_options[0], "compress=false");
    assert_string_equal(c.log_options[1], "max-size=1m");
    r = config_find_registry(&c, "docker.io");
    assert_non_null(r);
    assert_string_equal(r->mirrors[1], "http://b:1");
    assert_false(r->insecure);
    r = config_find_registry(&c, "h:5000");
    assert_non_null(r);
    assert_true(r->insecure);
    assert_string_equal(r->ca, "/ca.pem");
    assert_string_equal(r->client_key, "/k.pem");
    assert_null(config_find_registry(&c, "h"));
    config_release(&c);
}

static void test_pools(void **state)
{
    static const struct {
        const char *pool, *says;
    } bad[] = {
        {"{\"size\": 24}", "base: missing"},
        {"{\"base\": \"10.0.0.0\", \"size\": 24}", "is not an IP network"},
        {"{\"base\": \"10.0.0.1/16\", \"size\": 24}", "has bits set behind its prefix"},
        {"{\"base\": \"127.0.0.0/8\", \"size\": 24}", "not for networks"},
        {"{\"base\": \"10.0.0.0/16\", \"size\": 8}", "have 16 to 30 bits"},
        {"{\"base\": \"10.0.0.0/16\", \"size\": 31}", "have 16 to 30 bits"},
        {"{\"base\": \"fd00::/40\", \"size\": 127}", "have 40 to 126 bits"},
        {"{\"base\": \"10.0.0.0/16\", \"length\": 24}", "length"},
    };
    struct config c;

    (void)state;
    write_file("c.json", "{\"address_pools\": [{\"base\": \"10.200.0.0/16\", \"size\": 24},"
                         "                     {\"base\": \"fd00::/40\", \"size\": 64}]}");
    assert_ok(config_load("c.json", &c, &err));
    assert_int_equal(c.address_pools.n, 2);
    assert_string_equal(c.address_pools.v[1].base, "fd00::/40");
    assert_int_equal(c.address_pools.v[1].size, 64);
    config_release(&c);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_free_ char *text = str_printf("{\"address_pools\": [%s]}", bad[i].pool);

        write_file("c.json", text);
        assert_fails(config_load("c.json", &c, &err), ERR_INVALID, bad[i].says);
        assert_non_null(strstr(err.text, "address_pools[0]"));
        config_release(&c);
    }
}

static void test_usual_place(void **state)
{
    struct config c;

    (void)state;
    assert_int_equal(mkdir("cbox", 0755), 0);
    write_file("cbox/config.json", "{\"root\": \"/mine\", \"registries\": {\"only.here\": {\"insecure\": true}}}");
    setenv("XDG_CONFIG_HOME", ".", 1);
    assert_ok(config_load(NULL, &c, &err));
    assert_string_equal(c.root, "/mine");
    assert_non_null(config_find_registry(&c, "only.here"));
    config_release(&c);

    setenv("XDG_CONFIG_HOME", "./nowhere", 1);
    assert_ok(config_load(NULL, &c, &err));
    assert_null(config_find_registry(&c, "only.here"));
    config_release(&c);
}

static void test_named_file_must_exist(void **state)
{
    struct config c;

    (void)state;
    assert_fails(config_load("none.json", &c, &err), ERR_NOT_FOUND, "none.json");
    config_release(&c);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"", "c.json"},
        {"[]", "c.json"},
        {"{\"root\": 1}", "root"},
        {"{\"root\": \"srv\"}", "absolute"},
        {"{\"state\": \"../x\"}", "absolute"},
        {"{\"rooot\": \"/srv\"}", "rooot"},
        {"{\"certs_dirs\": [\"x\"]}", "certs_dirs"},
        {"{\"publish_address\": \"everywhere\"}",
         "\"everywhere\" is neither \"all\" nor \"loopback\" nor an IP address"},
        {"{\"publish_address\": \"224.0.0.1\"}", "publish_address"},
        {"{\"log_driver\": 1}", "log_driver"},
        {"{\"log_options\": {\"max-size\": 10}}", "max-size"},
        {"{\"log_options\": [\"max-size=10\"]}", "log_options"},
        {"{\"max_concurrent_downloads\": -1}", "max_concurrent_downloads"},
        {"{\"max_concurrent_downloads\": 65}", "1 to 64"},
        {"{\"max_concurrent_downloads\": 0}", "1 to 64"},
        {"{\"registries\": {\"https://h\": {}}}", "without scheme"},
        {"{\"registries\": {\"\": {}}}", "without scheme"},
        {"{\"registries\": {\"h\": {\"mirrors\": [\"h2:5000\"]}}}", "neither https:// nor http://"},
        {"{\"registries\": {\"h\": {\"mirror\": []}}}", "mirror"},
        {"{\"registries\": {\"h\": {\"ca\": \"ca.pem\"}}}", "absolute"},
        {"{\"registries\": {\"h\": {\"client_key\": \"/k\"}}}", "belong together"},
        {"{\"registries\": {\"h\": {\"insecure\": \"yes\"}}}", "insecure"},
    };
    struct config c;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        write_file("c.json", bad[i].text);
        assert_fails(config_load("c.json", &c, &err), ERR_INVALID, bad[i].part);
        config_release(&c);
    }
    write_file("c.json", "{\"rooot\": \"/srv\"}");
    assert_fails(config_load("c.json", &c, &err), ERR_INVALID, "rooot");
    assert_non_null(strstr(err.hint, "root"));
    config_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_defaults),    scratch_test(test_everything),
        scratch_test(test_usual_place), scratch_test(test_named_file_must_exist),
        scratch_test(test_pools),       scratch_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

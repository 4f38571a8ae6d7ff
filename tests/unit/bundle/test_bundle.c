#include "../unit.h"

#include "bundle/bundle.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* An image config as `text`, made a spec with `options`, whose id and directories are filled in. */
static int make(const char *text, struct bundle_options options, struct oci_spec *ret, struct err *err)
{
    _cleanup_image_config_ struct oci_image_config image = {0};
    _cleanup_free_ char *whole = str_printf("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":%s,"
                                            "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
                                            text);

    if (oci_image_config_parse(whole, strlen(whole), &image, err) < 0)
        fail_msg("%s", err->text);
    options.id = ID;
    options.files = "/store/containers/" ID;
    options.rootfs = "/store/containers/" ID "/rootfs";
    return bundle_make(&image, &options, ret, err);
}

static void expect_args(const char *image, const char *entrypoint, const char *operands, const char *expected)
{
    _cleanup_strv_ char **args = *operands ? strv_split(operands, ' ') : NULL;
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_free_ char *got = NULL;
    struct err err;

    assert_ok(make(image, (struct bundle_options){.entrypoint = entrypoint, .args = args}, &spec, &err));
    got = strv_join(spec.process.args, " ");
    assert_string_equal(got, expected);
}

static void test_entrypoint_and_command(void **state)
{
    static const char both[] = "{\"Entrypoint\":[\"/e\",\"-x\"],\"Cmd\":[\"c\"]}", cmd[] = "{\"Cmd\":[\"c\",\"d\"]}";
    struct oci_spec spec;
    struct err err;

    (void)state;
    expect_args(both, NULL, "", "/e -x c");
    expect_args(both, NULL, "a b", "/e -x a b");
    expect_args(cmd, NULL, "", "c d");
    expect_args(cmd, NULL, "a", "a");
    expect_args(both, "/n", "", "/n"); /* takes the image's command away */
    expect_args(both, "/n", "a", "/n a");
    expect_args(both, "", "a", "a");
    assert_fails(make(both, (struct bundle_options){.entrypoint = ""}, &spec, &err), ERR_INVALID,
                 "no command specified");
    assert_fails(make("{}", (struct bundle_options){0}, &spec, &err), ERR_INVALID, "no command specified");
}

static void test_environment(void **state)
{
    char *env[] = {(char *)"A=1", (char *)"FROM_HOST", (char *)"ABSENT", (char *)"IMAGE", (char *)"PATH=/mine", NULL};
    char *host[] = {(char *)"FROM_HOST=h=1", (char *)"OTHER=x", NULL};
    char *bad[] = {(char *)"=x", NULL};
    _cleanup_spec_ struct oci_spec spec = {0};
    struct oci_spec none;
    _cleanup_free_ char *got = NULL;
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"],\"Env\":[\"IMAGE=i\",\"A=0\",\"TERM=dumb\"]}",
                   (struct bundle_options){.env = env, .host_env = host, .terminal = true, .hostname = "h"}, &spec,
                   &err));
    got = strv_join(spec.process.env, "|");
    assert_string_equal(got, "PATH=/mine|HOSTNAME=h|TERM=dumb|A=1|FROM_HOST=h=1");
    assert_fails(make("{\"Cmd\":[\"c\"]}", (struct bundle_options){.env = bad}, &none, &err), ERR_INVALID,
                 "invalid environment variable: =x");
}

static void test_defaults(void **state)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"],\"WorkingDir\":\"/a/../b/\",\"User\":\"www:web\"}",
                   (struct bundle_options){.memory = 64 << 20, .cpu_quota = 50000, .cpu_period = 100000}, &spec, &err));
    assert_ok(oci_spec_check(&spec, &err));
    assert_string_equal(spec.hostname, "0123456789ab");
    assert_string_equal(spec.process.cwd, "/b");
    assert_string_equal(spec.process.user.username, "www:web");
    assert_false(spec.root.readonly);
    assert_int_equal(strv_len(spec.process.capabilities.bounding), 14);
    assert_false(strv_contains(spec.process.capabilities.bounding, "CAP_SYS_ADMIN"));
    assert_true(strv_contains(spec.platform.masked_paths, "/proc/kcore"));
    assert_true(strv_contains(spec.platform.readonly_paths, "/proc/sys"));
    assert_int_equal(spec.platform.resources.memory.limit, 64 << 20);
    assert_int_equal(spec.platform.resources.memory.swap, 128 << 20);
    assert_string_equal(spec.platform.cgroups_path, "/cbox/" ID);
    assert_non_null(oci_spec_namespace(&spec, "network"));
    assert_true(strv_contains(spec.platform.sysctl, "net.ipv4.ip_unprivileged_port_start=0"));
    /* everything is denied before the runtime allows its own */
    assert_int_equal(spec.platform.resources.devices.n, 1);
    assert_false(spec.platform.resources.devices.v[0].allow);
    assert_string_equal(spec.mounts.v[0].destination, "/proc");
}

static void test_host_network(void **state)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"]}", (struct bundle_options){.host_network = true}, &spec, &err));
    assert_null(oci_spec_namespace(&spec, "network"));
    assert_null(spec.platform.sysctl);
    assert_non_null(oci_spec_namespace(&spec, "pid"));
}

static void test_relative_workdir(void **state)
{
    struct oci_spec spec;
    struct err err;

    (void)state;
    assert_fails(make("{\"Cmd\":[\"c\"]}", (struct bundle_options){.workdir = "a"}, &spec, &err), ERR_INVALID,
                 "'a' is invalid, it needs to be an absolute path");
}

static void test_volumes(void **state)
{
    static const struct {
        const char *text, *source, *destination, *propagation;
        bool readonly;
    } good[] = {
        {"/a:/b", "/a", "/b", NULL, false},
        {"/a/../c/:/b//d:ro", "/c", "/b/d", NULL, true},
        {"/a:/b:ro,rshared", "/a", "/b", "rshared", true},
        {"/a:/b:z", "/a", "/b", NULL, false},
        {"/a:/b:cached,ro", "/a", "/b", NULL, true},
        {"/a:/b:delegated", "/a", "/b", NULL, false},
        {"/a:/b:consistent", "/a", "/b", NULL, false},
        {"/proc:/proc", "/proc", "/proc", NULL, false},
        {"/a:/proc/meminfo", "/a", "/proc/meminfo", NULL, false},
        {"/a:/process", "/a", "/process", NULL, false},
        {".:/b", "/home/me", "/b", NULL, false},
        {"./d:/b", "/home/me/d", "/b", NULL, false},
        {"../src/:/b", "/home/src", "/b", NULL, false},
        {".hidden:/b", "/home/me/.hidden", "/b", NULL, false},
    };
    static const struct {
        const char *text, *says;
        int kind;
    } bad[] = {
        {"/a", "invalid volume \"/a\"", ERR_UNSUPPORTED},
        {"data:/b", "\"data\" is not an absolute path", ERR_UNSUPPORTED},
        {"/a:b", "\"b\" is not an absolute path", ERR_INVALID},
        {"/a:/", "cannot be \"/\"", ERR_INVALID},
        {"/a:/..", "cannot be \"/\"", ERR_INVALID},
        {"/a:/b:wr", "invalid mode: wr", ERR_INVALID},
        {"/a:/b:ro,rw", "invalid mode: ro,rw", ERR_INVALID},
        {"/a:/b:shared,slave", "invalid mode: shared,slave", ERR_INVALID},
        {"/a:/b:ro:x", "invalid volume", ERR_INVALID},
        {":/b", "invalid volume", ERR_UNSUPPORTED},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct bundle_volume v;

        assert_ok(bundle_parse_volume(good[i].text, "/home/me", &v, &err));
        assert_string_equal(v.source, good[i].source);
        assert_string_equal(v.destination, good[i].destination);
        assert_true(str_eq(v.propagation, good[i].propagation));
        assert_int_equal(v.readonly, good[i].readonly);
        bundle_volume_release(&v);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct bundle_volume v;

        assert_fails(bundle_parse_volume(bad[i].text, "/home/me", &v, &err), bad[i].kind, bad[i].says);
    }
}

static void test_volume_mounts(void **state)
{
    struct bundle_volume volumes[] = {{(char *)"/h", (char *)"/c", NULL, true}};
    _cleanup_spec_ struct oci_spec spec = {0};
    const struct oci_mount *mount = NULL;
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"]}", (struct bundle_options){.volumes = volumes, .n_volumes = 1}, &spec, &err));
    VEC_FOREACH (m, &spec.mounts)
        if (str_eq(m->destination, "/c"))
            mount = m;
    assert_non_null(mount);
    assert_true(strv_contains(mount->options, "rro"));
    assert_true(strv_contains(mount->options, "rbind"));
    assert_true(strv_contains(mount->options, "rprivate"));
}

/* What a volume shares with the host is shared from the beginning, and nothing else is. */
static void test_shared_volumes(void **state _unused_)
{
    static const struct {
        const char *propagation, *root;
    } cases[] = {{NULL, NULL}, {"rslave", NULL}, {"shared", "shared"}, {"rshared", "shared"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bundle_volume volumes[] = {{(char *)"/h", (char *)"/c", (char *)cases[i].propagation, false}};
        _cleanup_spec_ struct oci_spec spec = {0};
        struct err err;

        assert_ok(make("{\"Cmd\":[\"c\"]}", (struct bundle_options){.volumes = volumes, .n_volumes = 1}, &spec, &err));
        assert_true(str_eq(spec.platform.rootfs_propagation, cases[i].root));
    }
}

/* The destinations of the mounts that stand behind the default ones, or are those. */
static char *destinations(const struct oci_spec *spec, bool defaults)
{
    _cleanup_strv_ char **all = NULL;

    VEC_FOREACH (m, &spec->mounts)
        if (str_eq(m->type, "bind") != defaults)
            strv_add(&all, m->destination);
    return strv_join(all, " ");
}

static void test_mounts_are_in_order(void **state)
{
    struct bundle_volume volumes[] = {
        {(char *)"/1", (char *)"/x/in/deep", NULL, false}, {(char *)"/2", (char *)"/dev/shm", NULL, false},
        {(char *)"/3", (char *)"/x", NULL, false},         {(char *)"/4", (char *)"/x/in", NULL, false},
        {(char *)"/5", (char *)"/etc", NULL, false},       {(char *)"/6", (char *)"/etc/hosts", NULL, false},
    };
    _cleanup_spec_ struct oci_spec spec = {0}, none = {0};
    _cleanup_free_ char *binds = NULL, *defaults = NULL, *without_dev = NULL;
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"]}", (struct bundle_options){.volumes = volumes, .n_volumes = ARRAY_SIZE(volumes)},
                   &spec, &err));
    binds = destinations(&spec, false);
    assert_string_equal(binds, "/x /etc /etc/resolv.conf /etc/hostname /dev/shm /x/in /etc/hosts /x/in/deep");
    defaults = destinations(&spec, true);
    assert_string_equal(defaults, "/proc /dev /dev/pts /sys /sys/fs/cgroup /dev/mqueue");
    volumes[0].destination = (char *)"/dev";
    volumes[1].destination = (char *)"/sys";
    assert_ok(make("{\"Cmd\":[\"c\"]}", (struct bundle_options){.volumes = volumes, .n_volumes = 2}, &none, &err));
    without_dev = destinations(&none, true);
    assert_string_equal(without_dev, "/proc");
}

static void test_duplicate_mounts(void **state)
{
    struct bundle_volume volumes[] = {{(char *)"/1", (char *)"/x", NULL, false},
                                      {(char *)"/2", (char *)"/x", NULL, false}};
    struct oci_spec spec;
    struct err err;

    (void)state;
    assert_fails(make("{\"Cmd\":[\"c\"]}", (struct bundle_options){.volumes = volumes, .n_volumes = 2}, &spec, &err),
                 ERR_INVALID, "Duplicate mount point: /x");
}

static void test_readonly_files(void **state)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"]}", (struct bundle_options){.readonly = true}, &spec, &err));
    VEC_FOREACH (m, &spec.mounts)
        if (str_after(m->destination, "/etc/"))
            assert_true(strv_contains(m->options, "ro"));
}

static void test_env_file(void **state)
{
    _cleanup_strv_ char **env = NULL;
    _cleanup_free_ char *got = NULL;
    struct err err;

    (void)state;
    assert_ok(bundle_parse_env_file("# comment\nA=1\r\n\n  B=x y # z\nC\n", &env, &err));
    got = strv_join(env, "|");
    assert_string_equal(got, "A=1|B=x y # z|C");
    strv_free(env);
    env = NULL;
    assert_ok(bundle_parse_env_file("\xef\xbb\xbf"
                                    "A=\xc3\xa9\n",
                                    &env, &err));
    assert_string_equal(env[0], "A=\xc3\xa9");
    assert_fails(bundle_parse_env_file("A=1\nB=\xff\n", &env, &err), ERR_INVALID, "line 2: invalid utf8 bytes");
    assert_fails(bundle_parse_env_file("A=1\nB C=2\n", &env, &err), ERR_INVALID, "line 2: variable 'B C'");
    assert_fails(bundle_parse_env_file("=1", &env, &err), ERR_INVALID, "line 1: no variable name");
}

static void test_labels(void **state)
{
    struct err err;

    (void)state;
    assert_ok(bundle_check_label("a=b c", &err));
    assert_ok(bundle_check_label("a", &err));
    assert_fails(bundle_check_label("", &err), ERR_INVALID, "invalid label '': empty name");
    assert_fails(bundle_check_label("=b", &err), ERR_INVALID, "invalid label '=b': empty name");
    assert_fails(bundle_check_label("a b=c", &err), ERR_INVALID, "label 'a b=c' contains whitespaces");
}

/* The runtime fills in the user's own where there is none. */
static void test_empty_home(void **state)
{
    char *env[] = {(char *)"HOME=", NULL};
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    (void)state;
    assert_ok(make("{\"Cmd\":[\"c\"],\"Env\":[\"HOME=/i\"]}", (struct bundle_options){.env = env}, &spec, &err));
    assert_null(strv_env_get(spec.process.env, "HOME"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entrypoint_and_command),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_host_network),
        cmocka_unit_test(test_relative_workdir),
        cmocka_unit_test(test_volumes),
        cmocka_unit_test(test_volume_mounts),
        cmocka_unit_test(test_shared_volumes),
        cmocka_unit_test(test_mounts_are_in_order),
        cmocka_unit_test(test_duplicate_mounts),
        cmocka_unit_test(test_readonly_files),
        cmocka_unit_test(test_env_file),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_empty_home),
    };

    return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}

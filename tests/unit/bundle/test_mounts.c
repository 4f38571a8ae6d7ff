#include "../unit.h"

#include "bundle/mounts.h"

/* The mount of a --mount as the engine's JSON. */
static void expect_mount(const char *text, const char *json)
{
    struct engine_mount m = {0};
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct err err;

    assert_ok(bundle_parse_mount(text, "/here", &m, &err));
    json_dump(&engine_mount_type, &m, false, &out);
    json_free(&engine_mount_type, &m);
    assert_string_equal(buf_str(&out), json);
}

static void refuse_mount(const char *text, const char *part)
{
    struct engine_mount m = {0};
    struct err err;

    assert_fails(bundle_parse_mount(text, "/here", &m, &err), ERR_INVALID, part);
    json_free(&engine_mount_type, &m);
}

static void test_mount(void **state)
{
    (void)state;
    expect_mount("type=bind,source=/a,target=/b,readonly",
                 "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\",\"ReadOnly\":true}");
    expect_mount("TYPE=Bind,src=./a,dst=/b,ro=false", "{\"Type\":\"bind\",\"Source\":\"/here/a\",\"Target\":\"/b\"}");
    expect_mount("target=/b", "{\"Type\":\"volume\",\"Target\":\"/b\"}");
    expect_mount("type=volume,src=v,destination=/b,volume-nocopy,volume-label=x=y,volume-subpath=in/side",
                 "{\"Type\":\"volume\",\"Source\":\"v\",\"Target\":\"/b\",\"VolumeOptions\":{\"NoCopy\":true,"
                 "\"Labels\":{\"x\":\"y\"},\"Subpath\":\"in/side\"}}");
    expect_mount("dst=/b,volume-driver=local,volume-opt=type=nfs,\"volume-opt=o=addr=1.2.3.4,rw\"",
                 "{\"Type\":\"volume\",\"Target\":\"/b\",\"VolumeOptions\":{\"DriverConfig\":{\"Name\":\"local\","
                 "\"Options\":{\"type\":\"nfs\",\"o\":\"addr=1.2.3.4,rw\"}}}}");
    expect_mount("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777",
                 "{\"Type\":\"tmpfs\",\"Target\":\"/t\",\"TmpfsOptions\":{\"SizeBytes\":1048576,\"Mode\":1023}}");
    expect_mount("type=bind,src=/a,\"dst=/b \"\"c\"\"\"",
                 "{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b \\\"c\\\"\"}");
}

static void test_mount_refused(void **state)
{
    (void)state;
    refuse_mount("", "must be a key=value pair");
    refuse_mount("foo", "invalid field 'foo' must be a key=value pair");
    refuse_mount("foo=bar,dst=/x", "unexpected key 'foo' in 'foo=bar'");
    refuse_mount("type=,dst=/x", "type is required");
    refuse_mount("type=bind,src=/x", "target is required");
    refuse_mount("dst=/x,ro=maybe", "invalid value for ro: maybe");
    refuse_mount("dst=/x,tmpfs-size=1q", "invalid value for tmpfs-size: 1q");
    refuse_mount("dst=/x,tmpfs-mode=9", "invalid value for tmpfs-mode: 9");
    refuse_mount("type=bind,src=/a,dst=/x,tmpfs-size=1m", "cannot mix 'tmpfs-*' options with mount type 'bind'");
    refuse_mount("dst=/x,bind-propagation=shared", "cannot mix 'bind-*' options with mount type 'volume'");
    refuse_mount("dst=/x,image-subpath=a", "cannot mix 'image-*' options with mount type 'volume'");
    refuse_mount("type=bind,src=/a,dst=/x,bind-recursive=nope", "must be \"enabled\", \"disabled\"");
    refuse_mount("type=bind,src=/a,dst=/x,bind-recursive=writable", "requires 'readonly'");
    refuse_mount("type=bind,src=/a,dst=/x,ro,bind-recursive=readonly", "requires 'bind-propagation=rprivate'");
    refuse_mount("\"dst=/x", "quoted-field");
    refuse_mount("\"dst=/x\"y", "quoted-field");
    refuse_mount("dst=/x\"y", "bare \"");
}

static void test_volume(void **state)
{
    _cleanup_strv_ char **binds = NULL, **volumes = NULL;
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"", "invalid empty volume spec"},
        {":/x", "empty section between colons"},
        {"/x:", "empty section between colons"},
        {"/a::/x", "empty section between colons"},
        {"/a:/b:/c:/d", "invalid volume specification"},
        {"/a:ro", "invalid volume specification"},
        {"/a:b", "mount path must be absolute"},
        {"/a:/b/..", "destination can't be '/'"},
        {"/a:/b:ro,rw", "invalid mode: ro,rw"},
        {"/a:/b:nope", "invalid mode: nope"},
        {"v1:/b:rshared", "field BindOptions must not be specified"},
        {"anon", "mount path must be absolute"},
        {"/", "destination can't be '/'"},
    };
    struct err err;

    (void)state;
    assert_ok(bundle_take_volume("./a:/b", "/here", &binds, &volumes, &err));
    assert_ok(bundle_take_volume("v1:/c:ro,nocopy", "/here", &binds, &volumes, &err));
    assert_ok(bundle_take_volume("/anon/", "/here", &binds, &volumes, &err));
    assert_ok(bundle_take_volume("/anon", "/here", &binds, &volumes, &err));
    assert_int_equal(strv_len(binds), 2);
    assert_string_equal(binds[0], "/here/a:/b");
    assert_string_equal(binds[1], "v1:/c:ro,nocopy");
    assert_int_equal(strv_len(volumes), 1);
    assert_string_equal(volumes[0], "/anon");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(bundle_take_volume(bad[i].text, "/here", &binds, &volumes, &err), ERR_INVALID, bad[i].part);
    assert_int_equal(strv_len(binds), 2);
}

static void test_check(void **state)
{
    struct engine_volume_options v = {.subpath = (char *)"a/../../b"};
    struct engine_mount m = {.type = (char *)"volume", .source = (char *)"v1", .target = (char *)"/x"};
    struct err err;

    (void)state;
    assert_ok(bundle_check_mount(&m, &err));
    m.volume_options = &v;
    assert_fails(bundle_check_mount(&m, &err), ERR_INVALID, "subpath must be a relative path within the volume");
    v.subpath = (char *)"/a";
    assert_fails(bundle_check_mount(&m, &err), ERR_INVALID, "subpath must be a relative path within the volume");
    v.subpath = (char *)"a/../b";
    assert_ok(bundle_check_mount(&m, &err));
    m.source = NULL;
    assert_fails(bundle_check_mount(&m, &err), ERR_INVALID, "anonymous volumes");
    m = (struct engine_mount){.type = (char *)"bind", .source = (char *)"rel", .target = (char *)"/x"};
    assert_fails(bundle_check_mount(&m, &err), ERR_INVALID, "invalid mount config for type \"bind\": ");
    m = (struct engine_mount){.type = (char *)"tmpfs", .source = (char *)"x", .target = (char *)"/x"};
    assert_fails(bundle_check_mount(&m, &err), ERR_INVALID, "field Source must not be specified");
    m = (struct engine_mount){.type = (char *)"nope", .target = (char *)"/x"};
    assert_fails(bundle_check_mount(&m, &err), ERR_INVALID, "mount type unknown");
}

static void expect_tmpfs(const char *options, const char *wanted)
{
    _cleanup_strv_ char **list = NULL;
    _cleanup_free_ char *joined = NULL;
    struct err err;

    assert_ok(bundle_tmpfs_options(options, &list, &err));
    joined = strv_join(list, ",");
    assert_string_equal(joined, wanted);
}

static void test_tmpfs(void **state)
{
    _cleanup_strv_ char **list = NULL;
    struct err err;

    (void)state;
    expect_tmpfs("", "noexec,nosuid,nodev,rprivate");
    expect_tmpfs("exec,size=1m,ro", "nosuid,nodev,rprivate,exec,size=1m,ro");
    expect_tmpfs("exec,noexec", "nosuid,nodev,rprivate,noexec");
    expect_tmpfs("defaults,rw", "noexec,nosuid,nodev,rprivate,rw");
    assert_fails(bundle_tmpfs_options("nope", &list, &err), ERR_INVALID, "invalid tmpfs option \"nope\"");
    assert_fails(bundle_take_tmpfs("x", &list, &err), ERR_INVALID, "mount path must be absolute");
    assert_fails(bundle_take_tmpfs("/:size=1m", &list, &err), ERR_INVALID, "destination can't be '/'");
    assert_ok(bundle_take_tmpfs("/a//b:size=1m", &list, &err));
    assert_string_equal(list[0], "/a/b=size=1m");
}

/* The outer ones first, and what covers what. */
static void test_specification(void **state)
{
    static const char text[] =
        "{\"Mounts\":[{\"Type\":\"bind\",\"Destination\":\"/a/b\",\"Propagation\":\"rslave\",\"MountType\":\"bind\","
        "\"MountSource\":\"/s\",\"MountOptions\":[\"rbind\",\"rslave\"]},{\"Type\":\"bind\",\"Destination\":\"/a\","
        "\"Propagation\":\"rprivate\",\"MountType\":\"bind\",\"MountSource\":\"/t\",\"MountOptions\":[\"rbind\"]}],"
        "\"HostConfig\":{\"Tmpfs\":{\"/z\":\"size=1m\"}}}";
    _cleanup_engine_options_ struct engine_options o = {0};
    _cleanup_spec_ struct oci_spec spec = {0};
    struct err err;

    (void)state;
    assert_ok(json_parse(text, strlen(text), &engine_options_type, &o, &err));
    assert_ok(bundle_mounts(&o, &spec, &err));
    assert_int_equal(spec.mounts.n, 3);
    assert_string_equal(spec.mounts.v[0].destination, "/a");
    assert_string_equal(spec.mounts.v[1].destination, "/z");
    assert_string_equal(spec.mounts.v[1].type, "tmpfs");
    assert_string_equal(spec.mounts.v[2].destination, "/a/b");
    assert_string_equal(spec.mounts.v[2].source, "/s");
    assert_string_equal(spec.platform.rootfs_propagation, "slave");
    assert_true(bundle_mounts_at(&o, "/a") && bundle_mounts_at(&o, "/z") && !bundle_mounts_at(&o, "/a/c"));
    assert_true(bundle_mounts_hide(&o, "/a/c") && bundle_mounts_hide(&o, "/z") && !bundle_mounts_hide(&o, "/ab"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mount), cmocka_unit_test(test_mount_refused), cmocka_unit_test(test_volume),
        cmocka_unit_test(test_check), cmocka_unit_test(test_tmpfs),         cmocka_unit_test(test_specification),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "../unit.h"

#include "explain/mountinfo.h"

#include <sys/sysmacros.h>

static const char host_text[] = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
                                "28 27 0:30 / /run rw shared:5 - tmpfs tmpfs rw\n"
                                "29 27 254:0 /var/data /srv rw - ext4 /dev/vda rw\n";

static const char text[] = "40 39 0:50 / / rw - overlay overlay rw,lowerdir=a:b\n"
                           "nonsense\n"
                           "41 40 0:51 / /proc rw,nosuid,nodev,noexec - proc proc rw\n"
                           "42 41 0:51 /sys /proc/sys ro,nosuid master:3 propagate_from:2 - proc proc rw\n"
                           "43 40 254:0 /etc/a\\040b\\134 /etc/x\\012y rw shared:9 - ext4 /dev/vda rw\n"
                           "44 40 0:30 /docker.sock /run/docker.sock rw - tmpfs tmpfs rw\n"
                           "45 40 254:0 /var/data/deep /deep rw - ext4 /dev/vda rw\n"
                           "46 40 254:0 /var/database /base rw - ext4 /dev/vda rw\n"
                           "47 40 0:52 / /proc rw - tmpfs tmpfs rw\n"
                           "48 40 x:y / /no rw - tmpfs tmpfs rw\n"
                           "49 40 0:60 / /cut rw -\n";

static void test_fields(void **state)
{
    _cleanup_explain_mounts_ explain_mounts m = {0};

    (void)state;
    explain_mounts_parse(text, &m);
    assert_int_equal(m.n, 8);
    assert_int_equal(m.v[2].id, 42);
    assert_int_equal(m.v[2].parent, 41);
    assert_true(m.v[2].device == makedev(0, 51));
    assert_string_equal(m.v[2].root, "/sys");
    assert_true(strv_contains(m.v[2].options, "ro"));
    assert_int_equal(strv_len(m.v[2].fields), 2);
    assert_string_equal(m.v[2].fields[0], "master:3");
    assert_string_equal(m.v[3].root, "/etc/a b\\");
    assert_string_equal(m.v[3].target, "/etc/x\ny");
    assert_string_equal(m.v[0].super[1], "lowerdir=a:b");
    /* What was mounted last lies on top. */
    assert_string_equal(explain_mount_at(&m, "/proc")->type, "tmpfs");
    assert_null(explain_mount_at(&m, "/pro"));
}

static void origin(const explain_mounts *m, const explain_mounts *host, const char *target, const char *expected)
{
    _cleanup_free_ char *path = explain_mount_origin(explain_mount_at(m, target), host);

    if (expected)
        assert_string_equal(path, expected);
    else
        assert_null(path);
}

static void test_origin(void **state)
{
    _cleanup_explain_mounts_ explain_mounts m = {0}, host = {0};

    (void)state;
    explain_mounts_parse(text, &m);
    explain_mounts_parse(host_text, &host);
    origin(&m, &host, "/", NULL);
    origin(&m, &host, "/etc/x\ny", "/etc/a b\\");
    origin(&m, &host, "/run/docker.sock", "/run/docker.sock");
    origin(&m, &host, "/deep", "/srv/deep"); /* by the nearest of the host's mounts */
    origin(&m, &host, "/base", "/var/database");
}

static void test_within(void **state)
{
    (void)state;
    assert_true(explain_path_within("/etc", "/etc"));
    assert_true(explain_path_within("/etc/ssh", "/etc"));
    assert_true(explain_path_within("/etc", "/"));
    assert_false(explain_path_within("/etcetera", "/etc"));
    assert_false(explain_path_within("/", "/etc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_within),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

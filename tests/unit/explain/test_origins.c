#include "../unit.h"

#include "explain/origins.h"

static const char host_lines[] = "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                                 "21 20 8:2 / /srv rw shared:2 - ext4 /dev/sda2 rw\n"
                                 "22 20 0:5 / /dev rw - devtmpfs devtmpfs rw\n";

static const char lines[] = "100 99 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/proc/self/fd/3\n"
                            "101 100 0:51 / /proc rw,nosuid,nodev,noexec - proc proc rw\n"
                            "102 100 0:52 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755\n"
                            "103 100 8:1 /store/volumes/data/_data /data rw - ext4 /dev/sda1 rw\n"
                            "104 100 8:2 /pictures /mnt/with\\040blank ro,nosuid shared:2 - ext4 /dev/sda2 rw\n"
                            "105 104 0:60 / /mnt/with\\040blank/sub rw master:2 - tmpfs tmpfs rw\n"
                            "106 100 8:1 /store/containers/ID/hosts /etc/hosts rw - ext4 /dev/sda1 rw\n"
                            "114 100 8:1 /store/containers/OTHER/hosts /etc/theirs rw - ext4 /dev/sda1 rw\n"
                            "115 100 8:1 /store/containers/OTHER/upper /upper rw - ext4 /dev/sda1 rw\n"
                            "107 100 9:9 / /foreign rw - xfs /dev/sdz rw\n"
                            "108 101 0:52 /null /proc/kcore ro - tmpfs tmpfs rw\n"
                            "109 102 0:53 / /dev/shm rw,nosuid,nodev,noexec - tmpfs tmpfs rw,size=1024k\n"
                            "110 100 8:1 /store/layers/sha256/ab/tree /layer ro - ext4 /dev/sda1 rw\n"
                            "111 100 0:5 / /bound/dev rw - devtmpfs devtmpfs rw\n"
                            "112 100 8:1 /store/volumes/data /notvolume rw - ext4 /dev/sda1 rw\n"
                            "113 100 8:1 /store/volumes/data/volume.json /norits rw - ext4 /dev/sda1 rw\n";

/* What is told of `lines`, each fact as "NAME: TEXT" behind a mark for what is weak. */
static char *told(const char *container, const char *host, const struct engine_options *o)
{
    _cleanup_explain_mounts_ explain_mounts mounts = {0}, of_host = {0};
    _cleanup_explain_facts_ explain_facts facts = {0};
    struct explain_origin_view v = {&mounts, o, "/store", "ID", "/proc/1/mountinfo"};
    struct buf text = BUF_INIT;

    explain_mounts_parse(container, &mounts);
    explain_mounts_parse(host, &of_host);
    VEC_FOREACH (m, &mounts) {
        m->origin = explain_mount_origin(m, &of_host);
        m->to_host = strv_contains(m->fields, "shared:2");
    }
    explain_origins_describe(&v, &facts);
    VEC_FOREACH (f, &facts) {
        assert_string_equal(f->source, "/proc/1/mountinfo");
        buf_addf(&text, "%s%s: %s\n", f->weak ? "! " : "", f->name, f->text);
    }
    return buf_steal(&text);
}

static void test_each_mount_says_where_it_comes_from(_unused_ void **state)
{
    struct engine_mount_point bound = {.type = (char *)"bind", .destination = (char *)"/bound/dev"};
    struct engine_options o = {.mounts = {&bound, 1, 1}};
    _cleanup_free_ char *text = told(lines, host_lines, &o);

    assert_string_equal(
        text,
        "/proc: proc of the kernel: the kernel's list of processes, and of its own settings; writable, closed to "
        "set-user-ID, devices, programs (nosuid, nodev, noexec)\n"
        "/dev: tmpfs: memory, gone when the container ends, at most 64MiB; writable, closed to set-user-ID (nosuid)\n"
        "/data: volume data: /store/volumes/data/_data; writable\n"
        "! /mnt/with blank: /srv/pictures of the host; read-only, closed to set-user-ID (nosuid); recursive: with 1 "
        "mount below it; shared: what is mounted in it here appears on the host, and the other way round\n"
        "! /mnt/with blank/sub: tmpfs: memory, gone when the container ends, at most half of the host's memory; "
        "writable; slave: what the host mounts in it appears here\n"
        "/etc/hosts: written by cbox for this container: /store/containers/ID/hosts; writable\n"
        "/etc/theirs: written by cbox for the container whose network it has: /store/containers/OTHER/hosts; "
        "writable\n"
        "! /upper: /store/containers/OTHER/upper of the host; writable\n"
        "/foreign: xfs (/dev/sdz), of which the host sees nothing; writable\n"
        "/dev/shm: tmpfs: memory, gone when the container ends, at most 1MiB; writable, closed to set-user-ID, "
        "devices, programs (nosuid, nodev, noexec)\n"
        "/layer: a layer of the store: /store/layers/sha256/ab/tree; read-only\n"
        "! /bound/dev: /dev of the host; writable\n"
        "! /notvolume: /store/volumes/data of the host; writable\n"
        "! /norits: /store/volumes/data/volume.json of the host; writable\n");
}

static void test_a_read_only_file_system_is_read_only(_unused_ void **state)
{
    _cleanup_free_ char *text =
        told("1 0 0:1 / / rw - overlay overlay rw\n2 1 8:2 / /x rw - ext4 /dev/sda2 ro\n", host_lines, NULL);

    assert_string_equal(text, "/x: /srv of the host; read-only\n");
}

static void test_what_is_asked_for_is_told_of_one_that_does_not_run(_unused_ void **state)
{
    static char *ro[] = {(char *)"rbind", (char *)"ro", (char *)"rshared", NULL};
    static char *sized[] = {(char *)"noexec", (char *)"size=4096", NULL};
    struct oci_mount wanted[] = {
        {.destination = (char *)"/a", .source = (char *)"/host/a", .type = (char *)"bind", .options = ro},
        {.destination = (char *)"/t", .source = (char *)"tmpfs", .type = (char *)"tmpfs", .options = sized},
        {.destination = (char *)"/v", .source = (char *)"/store/volumes/one/_data/in", .options = ro},
    };
    struct oci_spec spec = {.root.readonly = true, .mounts = {wanted, 3, 3}};
    _cleanup_explain_mounts_ explain_mounts mounts = {0};
    _cleanup_explain_facts_ explain_facts facts = {0};
    struct explain_origin_view v = {&mounts, NULL, "/store", "ID", NULL};
    struct explain_subject subject = {.spec = &spec};
    struct err err;

    assert_ok(explain_mounts_of(&subject, &mounts, &err));
    assert_true(explain_mount_is_readonly(explain_mount_of(&mounts, "/")));
    explain_origins_describe(&v, &facts);
    assert_int_equal(facts.n, 3);
    assert_string_equal(facts.v[0].text,
                        "/host/a of the host; read-only; shared: what is mounted in it here appears on "
                        "the host, and the other way round");
    assert_string_equal(facts.v[1].text,
                        "tmpfs: memory, gone when the container ends, at most 4KiB; writable, closed to "
                        "programs (noexec)");
    assert_string_equal(cli_value_get(&facts.v[2].value, "Origin")->text, "volume");
    assert_string_equal(cli_value_get(&facts.v[2].value, "Name")->text, "one");
}

static void found(const explain_mounts *mounts, const char *path, int64_t id)
{
    const struct explain_mount *m = explain_mount_of(mounts, path);

    assert_non_null(m);
    assert_int_equal(m->id, id);
}

static void test_a_path_lies_in_the_mount_that_the_kernel_meets(_unused_ void **state)
{
    _cleanup_explain_mounts_ explain_mounts mounts = {0};

    explain_mounts_parse("10 9 0:1 / / rw - overlay overlay rw\n"
                         "11 10 0:2 / /a/b rw - tmpfs tmpfs rw\n"
                         "12 10 0:3 / /c rw - tmpfs tmpfs rw\n"
                         "13 12 0:4 / /c/d rw - tmpfs tmpfs rw\n"
                         "14 12 0:5 / /c rw - tmpfs tmpfs rw\n" /* over the one at /c, and over /c/d */
                         "15 10 0:6 / /a rw - tmpfs tmpfs rw\n" /* hides /a/b */,
                         &mounts);
    found(&mounts, "/", 10);
    found(&mounts, "/ab", 10);
    found(&mounts, "/a", 15);
    found(&mounts, "/a/b/x", 15);
    found(&mounts, "/c/x", 14);
    found(&mounts, "/c/d/x", 14);
    mounts.v[0].parent = 10; /* as the first of all mounts has it */
    found(&mounts, "/x", 10);
    assert_null(explain_mount_of(&(explain_mounts){0}, "/"));
}

/* A volume that a run of an image would make has no name yet. */
static void test_a_volume_to_be_made(_unused_ void **state)
{
    struct engine_mount_point point = {
        .type = (char *)"volume", .name = (char *)"0123", .destination = (char *)"/v", .anonymous = true};
    struct engine_options o = {.mounts = {&point, 1, 1}};
    _cleanup_free_ char *text =
        told("103 100 8:1 /store/volumes/0123/_data /v rw - ext4 /dev/sda1 rw\n", host_lines, &o);

    assert_string_equal(text, "/v: a new volume, with what the image has there; writable\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_volume_to_be_made),
        cmocka_unit_test(test_each_mount_says_where_it_comes_from),
        cmocka_unit_test(test_a_read_only_file_system_is_read_only),
        cmocka_unit_test(test_what_is_asked_for_is_told_of_one_that_does_not_run),
        cmocka_unit_test(test_a_path_lies_in_the_mount_that_the_kernel_meets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

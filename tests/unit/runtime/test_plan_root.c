/* The root file system as a plan. OCI runtime specification 1.3: config.md, "Root", "Mounts", "Linux mount options";
 * config-linux.md, "Devices", "Rootfs Mount Propagation", "Control groups". */
#include "../unit.h"

#include "runtime/plan.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

/* The plan of what `rest` adds to a small specification; `host` may be NULL. */
static int make_on(const struct cgroup_host *host, const char *namespaces, const char *linux_members, const char *rest,
                   struct oci_spec *spec, struct plan *ret, struct err *err)
{
    _cleanup_free_ char *text = str_printf(
        "{\"ociVersion\":\"1.3.0\",\"process\":{\"terminal\":true,\"cwd\":\"/\",\"args\":[\"true\"]},"
        "\"root\":{\"path\":\"rootfs\"}%s,\"linux\":{%s\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"}%s]}}",
        rest, linux_members, namespaces);
    struct cgroup_host none = {0};

    if (oci_spec_parse(text, strlen(text), spec, err) < 0)
        fail_msg("%s: %s", text, err->text);
    struct runtime_start start = {.spec = spec, .host = host ? host : &none, .bundle = "/bundle"};

    return plan_make(&start, ret, err);
}

#define make(linux_members, rest, spec, plan, err) make_on(NULL, "", linux_members, rest, spec, plan, err)

static const struct plan_step *find(const struct plan *p, enum plan_op op, const char *target)
{
    VEC_FOREACH (s, &p->steps)
        if (s->op == op && (!target || str_eq(s->target, target)))
            return s;
    fail_msg("no step %d %s", op, target ? target : "");
    return NULL;
}

static size_t count(const struct plan *p, enum plan_op op, const char *target)
{
    size_t n = 0;

    VEC_FOREACH (s, &p->steps)
        n += s->op == op && (!target || str_eq(s->target, target));
    return n;
}

/* ---- options ---- */

static struct plan_mount parse(const char *type, const char *options, enum plan_op op)
{
    _cleanup_strv_ char **list = strv_split(options, ',');
    struct oci_mount m = {.destination = (char *)"/t", .type = (char *)type, .source = (char *)"/s", .options = list};
    struct plan_step s = {.target = "/t"};
    struct plan p = {0};
    struct err err;

    assert_ok(plan_parse_mount(&m, NULL, &p, &s, &err));
    assert_int_equal(s.op, op);
    strv_free(s.mount.data);
    if (s.mount.data)
        s.mount.data = (char **)(uintptr_t)1;
    return s.mount;
}

#define RO MOUNT_ATTR_RDONLY
#define AT MOUNT_ATTR__ATIME

/* Every option of the table in "Linux mount options", and none of them for the file system. */
static void test_every_option(void **state _unused_)
{
    static const struct {
        const char *options;
        uint64_t set, clear, set_below, clear_below;
        unsigned long flags;
    } cases[] = {
        {"ro", RO, 0, 0, 0, 0},
        {"rw", 0, RO, 0, 0, 0},
        {"rro", 0, 0, RO, 0, 0},
        {"rrw", 0, 0, 0, RO, 0},
        {"nosuid", MOUNT_ATTR_NOSUID, 0, 0, 0, 0},
        {"suid", 0, MOUNT_ATTR_NOSUID, 0, 0, 0},
        {"rnosuid", 0, 0, MOUNT_ATTR_NOSUID, 0, 0},
        {"rsuid", 0, 0, 0, MOUNT_ATTR_NOSUID, 0},
        {"nodev", MOUNT_ATTR_NODEV, 0, 0, 0, 0},
        {"dev", 0, MOUNT_ATTR_NODEV, 0, 0, 0},
        {"rnodev", 0, 0, MOUNT_ATTR_NODEV, 0, 0},
        {"rdev", 0, 0, 0, MOUNT_ATTR_NODEV, 0},
        {"noexec", MOUNT_ATTR_NOEXEC, 0, 0, 0, 0},
        {"exec", 0, MOUNT_ATTR_NOEXEC, 0, 0, 0},
        {"rnoexec", 0, 0, MOUNT_ATTR_NOEXEC, 0, 0},
        {"rexec", 0, 0, 0, MOUNT_ATTR_NOEXEC, 0},
        {"nodiratime", MOUNT_ATTR_NODIRATIME, 0, 0, 0, 0},
        {"diratime", 0, MOUNT_ATTR_NODIRATIME, 0, 0, 0},
        {"rnodiratime", 0, 0, MOUNT_ATTR_NODIRATIME, 0, 0},
        {"rdiratime", 0, 0, 0, MOUNT_ATTR_NODIRATIME, 0},
        {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0, 0, 0, 0},
        {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW, 0, 0, 0},
        {"rnosymfollow", 0, 0, MOUNT_ATTR_NOSYMFOLLOW, 0, 0},
        {"rsymfollow", 0, 0, 0, MOUNT_ATTR_NOSYMFOLLOW, 0},
        {"relatime", 0, AT, 0, 0, 0},
        {"norelatime", 0, AT, 0, 0, 0},
        {"rrelatime", 0, 0, 0, AT, 0},
        {"rnorelatime", 0, 0, 0, AT, 0},
        {"noatime", MOUNT_ATTR_NOATIME, AT, 0, 0, 0},
        {"atime", 0, AT, 0, 0, 0},
        {"rnoatime", 0, 0, MOUNT_ATTR_NOATIME, AT, 0},
        {"ratime", 0, 0, 0, AT, 0},
        {"strictatime", MOUNT_ATTR_STRICTATIME, AT, 0, 0, 0},
        {"nostrictatime", 0, AT, 0, 0, 0},
        {"rstrictatime", 0, 0, MOUNT_ATTR_STRICTATIME, AT, 0},
        {"rnostrictatime", 0, 0, 0, AT, 0},
        {"sync", 0, 0, 0, 0, MS_SYNCHRONOUS},
        {"sync,async", 0, 0, 0, 0, 0},
        {"dirsync", 0, 0, 0, 0, MS_DIRSYNC},
        {"mand", 0, 0, 0, 0, MS_MANDLOCK},
        {"mand,nomand", 0, 0, 0, 0, 0},
        {"lazytime", 0, 0, 0, 0, 1 << 25},
        {"lazytime,nolazytime", 0, 0, 0, 0, 0},
        {"iversion", 0, 0, 0, 0, MS_I_VERSION},
        {"iversion,noiversion", 0, 0, 0, 0, 0},
        {"silent", 0, 0, 0, 0, MS_SILENT},
        {"silent,loud", 0, 0, 0, 0, 0},
        {"acl", 0, 0, 0, 0, MS_POSIXACL},
        {"acl,noacl", 0, 0, 0, 0, 0},
        {"defaults", 0, 0, 0, 0, 0},
        {"ro,nosuid,rw,noatime", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME, RO | AT, 0, 0, 0}, /* the later wins */
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct plan_mount m = parse("ext4", cases[i].options, PLAN_MOUNT);

        if (m.set != cases[i].set || m.clear != cases[i].clear || m.set_below != cases[i].set_below ||
            m.clear_below != cases[i].clear_below || m.flags != cases[i].flags || m.data)
            fail_msg("%s", cases[i].options);
    }
}

static void test_propagation_and_kinds(void **state _unused_)
{
    static const struct {
        const char *word;
        unsigned long flag;
        bool recursive;
    } cases[] = {
        {"private", MS_PRIVATE, false},       {"rprivate", MS_PRIVATE, true},       {"slave", MS_SLAVE, false},
        {"rslave", MS_SLAVE, true},           {"shared", MS_SHARED, false},         {"rshared", MS_SHARED, true},
        {"unbindable", MS_UNBINDABLE, false}, {"runbindable", MS_UNBINDABLE, true},
    };
    struct plan_mount m;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        m = parse("tmpfs", cases[i].word, PLAN_MOUNT);
        assert_true(m.propagation == cases[i].flag);
        assert_true(m.propagate_recursive == cases[i].recursive);
        assert_null(m.data);
    }
    /* "A mount is a bind mount if it has either bind or rbind in the options", whatever its type */
    assert_false(parse("none", "bind", PLAN_BIND).recursive);
    assert_true(parse(NULL, "rbind,ro", PLAN_BIND).recursive);
    assert_true(parse("ext4", "rbind", PLAN_BIND).recursive);
    parse("bind", "ro", PLAN_BIND);
    /* remount: of the file system, and with bind of the mount */
    assert_non_null(parse("tmpfs", "remount,size=4k", PLAN_REMOUNT).data);
    assert_true(parse("bind", "remount,ro", PLAN_CHANGE).set == RO);
    assert_true(parse("tmpfs", "tmpcopyup", PLAN_MOUNT).copy_up);
    assert_non_null(parse("bind", "X-mount.subdir=a/b", PLAN_BIND).subdir);
    assert_non_null(parse("overlay", "ro,X-mount.subdir=a", PLAN_MOUNT).subdir);
    assert_null(parse("overlay", "ro,X-mount.subdir=a", PLAN_MOUNT).data);
    assert_true(parse("bind", "idmap", PLAN_BIND).map);
    assert_true(parse("bind", "rbind,ridmap", PLAN_BIND).map_recursive);
    /* "unknown options as filesystem-specific ones" */
    assert_non_null(parse("tmpfs", "size=1k", PLAN_MOUNT).data);
}

static void test_known_options(void **state _unused_)
{
    _cleanup_strv_ char **known = plan_mount_options();
    static const char *const some[] = {"acl", "bind", "defaults", "rro", "ridmap", "tmpcopyup", "rnostrictatime"};

    for (size_t i = 0; i < ARRAY_SIZE(some); i++)
        assert_true(strv_contains(known, some[i]));
    for (size_t i = 1; known[i]; i++)
        assert_true(strcmp(known[i - 1], known[i]) < 0);
}

/* ---- where things are ---- */

#define MOUNT(members) ",\"mounts\":[{" members "}]"

static void test_paths(void **state _unused_)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_plan_ struct plan p = {0};
    struct err err;

    /* "path is either an absolute path or a relative path to the bundle"; so are sources of binds; a relative
     * destination is one below "/" */
    assert_ok(
        make("", MOUNT("\"destination\":\"data/x\",\"source\":\"vol\",\"options\":[\"rbind\"]"), &spec, &p, &err));
    find(&p, PLAN_ROOT_DIRECTORY, "/bundle/rootfs");
    assert_string_equal(find(&p, PLAN_BIND, "/data/x")->source, "/bundle/vol");
}

static void test_refusals(void **state _unused_)
{
    static const struct {
        const char *rest, *says;
    } cases[] = {
        {MOUNT("\"destination\":\"/\",\"type\":\"tmpfs\""), "mounts[0]: destination: nothing can be mounted on the"},
        {MOUNT("\"destination\":\"/a/..\",\"type\":\"tmpfs\""), "mounts[0]: destination: nothing can be"},
        {MOUNT("\"destination\":\"/v\",\"options\":[\"bind\"]"), "mounts[0]: source: missing"},
        {MOUNT("\"destination\":\"/v\""), "mounts[0]: type: missing"},
        {MOUNT("\"destination\":\"/v\",\"source\":\"/s\",\"options\":[\"bind\",\"size=1\"]"),
         "mounts[0]: options: no such option of a bind mount: \"size=1\""},
        {MOUNT("\"destination\":\"/v\",\"type\":\"proc\",\"options\":[\"tmpcopyup\"]"), "tmpcopyup is for a tmpfs"},
    };
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_spec_ struct oci_spec spec = {0};
        struct plan p;

        assert_fails(make("", cases[i].rest, &spec, &p, &err), ERR_INVALID, cases[i].says);
    }
}

/* "Rootfs Mount Propagation". */
static void test_root_propagation(void **state _unused_)
{
    static const struct {
        const char *member;
        unsigned long first, last; /* 0: none */
        bool recursive;
    } cases[] = {
        {"", MS_SLAVE, 0, false},
        {"\"rootfsPropagation\":\"private\",", MS_PRIVATE, 0, false},
        {"\"rootfsPropagation\":\"rslave\",", MS_SLAVE, 0, false},
        {"\"rootfsPropagation\":\"shared\",", MS_SHARED, MS_SHARED, false},
        {"\"rootfsPropagation\":\"rshared\",", MS_SHARED, MS_SHARED, true},
        {"\"rootfsPropagation\":\"unbindable\",", MS_PRIVATE, MS_UNBINDABLE, false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_spec_ struct oci_spec spec = {0};
        _cleanup_plan_ struct plan p = {0};
        const struct plan_step *first, *last = NULL;
        struct err err;

        assert_ok(make(cases[i].member, "", &spec, &p, &err));
        first = find(&p, PLAN_PROPAGATION, "/");
        VEC_FOREACH (s, &p.steps)
            last = s->op == PLAN_PROPAGATION ? s : last;
        assert_true(first->mount.propagation == cases[i].first);
        assert_true(first->flag);
        assert_string_equal(first->source, "/bundle/rootfs");
        assert_true(first < find(&p, PLAN_ROOT_DIRECTORY, NULL));
        assert_int_equal(count(&p, PLAN_PROPAGATION, NULL), cases[i].last ? 2 : 1);
        if (cases[i].last) {
            assert_true(last->mount.propagation == cases[i].last);
            assert_true(last->flag == cases[i].recursive);
            assert_null(last->source);
            assert_true(last > find(&p, PLAN_PIVOT, NULL));
        }
    }
}

/* What is filled after it is mounted is read-only after that. */
static void test_late_read_only(void **state _unused_)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_plan_ struct plan p = {0};
    struct err err;

    assert_ok(make("\"maskedPaths\":[\"/dev/x\"],",
                   ",\"mounts\":[{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"options\":[\"ro\",\"nosuid\"]},"
                   "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"options\":[\"ro\"]}]",
                   &spec, &p, &err));
    assert_true(find(&p, PLAN_MOUNT, "/dev")->mount.set == MOUNT_ATTR_NOSUID);
    assert_true(find(&p, PLAN_MOUNT, "/sys")->mount.set == RO);
    assert_true(find(&p, PLAN_CHANGE, "/dev")->mount.set == RO);
    assert_true(find(&p, PLAN_CHANGE, "/dev") > find(&p, PLAN_TERMINAL, NULL));
    assert_true(find(&p, PLAN_CHANGE, "/dev") < find(&p, PLAN_MASK_PATH, NULL));
    assert_int_equal(count(&p, PLAN_CHANGE, NULL), 1);
}

/* "Mount Label", and which field an error is about. */
static void test_labels_and_fields(void **state _unused_)
{
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_plan_ struct plan p = {0};
    struct err err;

    assert_ok(
        make("\"mountLabel\":\"u:r:t\",\"maskedPaths\":[\"/a\",\"/b\"],\"sysctl\":{},",
             ",\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\"},{\"destination\":\"/t\",\"type\":\"tmpfs\"},"
             "{\"destination\":\"/b\",\"source\":\"/b\",\"options\":[\"bind\"]}]",
             &spec, &p, &err));
    assert_string_equal(find(&p, PLAN_MOUNT, "/t")->label, "u:r:t");
    assert_null(find(&p, PLAN_MOUNT, "/proc")->label);
    assert_null(find(&p, PLAN_BIND, "/b")->label);
    assert_string_equal(find(&p, PLAN_BIND, "/b")->field, "mounts[2]");
    assert_string_equal(find(&p, PLAN_MASK_PATH, "/b")->field, "linux.maskedPaths[1]");
    assert_string_equal(find(&p, PLAN_ROOT_DIRECTORY, NULL)->field, "root.path");
}

/* sysctl(8): dots and slashes change places unless a slash comes first. */
static void test_sysctl_names(void **state _unused_)
{
    static const struct {
        const char *name, *path; /* NULL: refused */
    } cases[] = {
        {"net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"},
        {"net/ipv4/conf/eth0.1/forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"},
        {"net.ipv4.conf.eth0/1.forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"},
        {"net/../kernel/core_pattern", NULL},
        {"net.//.kernel.core_pattern", NULL},
        {"net", NULL},
        {"net.", NULL},
        {"net..ipv4", NULL},
        {"user.max_user_namespaces", NULL},
        {"kernel/core_pattern", NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *members = str_printf("\"sysctl\":{\"%s\":\"1\"},", cases[i].name);
        _cleanup_spec_ struct oci_spec spec = {0};
        _cleanup_plan_ struct plan p = {0};
        struct err err = ERR_INIT;
        int r = make_on(NULL, ",{\"type\":\"network\"}", members, "", &spec, &p, &err);

        if (r != (cases[i].path ? 0 : ERR_INVALID))
            fail_msg("%s: %d %s", cases[i].name, r, err.text);
        if (r == 0)
            find(&p, PLAN_SYSCTL, cases[i].path);
    }
}

/* ---- cgroups ---- */

#define CGROUP MOUNT("\"destination\":\"/c\",\"type\":\"cgroup\",\"source\":\"cgroup\",\"options\":[\"nosuid\",\"ro\"]")

static void test_cgroup_v1(void **state _unused_)
{
    struct cgroup_hierarchy both[] = {
        {1, 1 << CGROUP_CPU, (char *)"cpu,cpuacct", (char *)"/me", (char *)"/sys/fs/cgroup/cpu,cpuacct"},
        {1, 0, (char *)"name=systemd", (char *)"/me", (char *)"/sys/fs/cgroup/systemd"},
    };
    struct cgroup_host host = {.hierarchies = {both, 2, 2}};
    static const char *const bound[] = {",{\"type\":\"cgroup\"}", ""};
    struct err err;

    /* with a namespace of its own and without: the container's own cgroups, and no others */
    for (size_t i = 0; i < ARRAY_SIZE(bound); i++) {
        _cleanup_spec_ struct oci_spec spec = {0};
        _cleanup_plan_ struct plan p = {0};

        assert_ok(make_on(&host, bound[i], "", CGROUP, &spec, &p, &err));
        assert_string_equal(find(&p, PLAN_MOUNT, "/c")->type, "tmpfs");
        assert_string_equal(find(&p, PLAN_SYMLINK, "/c/cpuacct")->source, "cpu,cpuacct");
        assert_true(find(&p, PLAN_CHANGE, "/c")->mount.set == RO);
        assert_string_equal(find(&p, PLAN_BIND, "/c/cpu,cpuacct")->source, "/sys/fs/cgroup/cpu,cpuacct/me");
        assert_string_equal(find(&p, PLAN_BIND, "/c/systemd")->source, "/sys/fs/cgroup/systemd/me");
        assert_true(find(&p, PLAN_BIND, "/c/systemd")->mount.set == (RO | MOUNT_ATTR_NOSUID));
    }
}

/* Of somebody else's namespace only the kernel knows what it shows; and who may mount could change the host's. */
static void test_cgroup_v1_of_its_own(void **state _unused_)
{
    static const struct {
        const char *namespaces, *members;
    } cases[] = {
        {",{\"type\":\"cgroup\",\"path\":\"/proc/1/ns/cgroup\"}", ""},
        {",{\"type\":\"cgroup\"},{\"type\":\"user\"}",
         "\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"
         "\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"},
        {",{\"type\":\"cgroup\"}", ""},
    };
    struct cgroup_hierarchy both[] = {
        {1, 1 << CGROUP_CPU, (char *)"cpu,cpuacct", (char *)"/me", (char *)"/sys/fs/cgroup/cpu,cpuacct"},
        {1, 0, (char *)"name=systemd", (char *)"/me", (char *)"/sys/fs/cgroup/systemd"},
    };
    struct cgroup_host host = {.hierarchies = {both, 2, 2}};
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_spec_ struct oci_spec spec = {0};
        _cleanup_plan_ struct plan first = {0}, p = {0};

        assert_ok(make_on(&host, cases[i].namespaces, cases[i].members, CGROUP, &spec, &first, &err));
        if (i == 2)
            strv_add(&spec.process.capabilities.bounding, "CAP_SYS_ADMIN");
        assert_ok(plan_make(&(struct runtime_start){.spec = &spec, .host = &host, .bundle = "/bundle"}, &p, &err));
        assert_string_equal(find(&p, PLAN_MOUNT, "/c/cpu,cpuacct")->type, "cgroup");
        assert_true(strv_contains(find(&p, PLAN_MOUNT, "/c/systemd")->mount.data, "none"));
    }
}

static void test_cgroup_v2(void **state _unused_)
{
    struct cgroup_hierarchy one = {2, 1 << CGROUP_CPU, (char *)"", (char *)"/me", (char *)"/sys/fs/cgroup"};
    struct cgroup_host host = {.hierarchies = {&one, 1, 1}};
    _cleanup_spec_ struct oci_spec spec = {0}, shared = {0};
    _cleanup_plan_ struct plan p = {0}, q = {0};
    struct err err;

    assert_ok(make_on(&host, ",{\"type\":\"cgroup\"}", "", CGROUP, &spec, &p, &err));
    assert_string_equal(find(&p, PLAN_MOUNT, "/c")->type, "cgroup2");
    assert_string_equal(find(&p, PLAN_MOUNT, "/c")->bind, "/sys/fs/cgroup/me");
    assert_ok(make_on(&host, "", "", CGROUP, &shared, &q, &err));
    assert_string_equal(find(&q, PLAN_MOUNT, "/c")->type, "cgroup2");
    assert_string_equal(find(&q, PLAN_MOUNT, "/c")->bind, "/sys/fs/cgroup");
}

/* ---- devices ---- */

static void test_devices(void **state _unused_)
{
    _cleanup_spec_ struct oci_spec spec = {0}, bound = {0};
    _cleanup_plan_ struct plan p = {0}, q = {0};
    const struct plan_step *s;
    struct err err;

    assert_ok(
        make("\"devices\":[{\"type\":\"u\",\"path\":\"/dev/a\",\"major\":1,\"minor\":5,\"fileMode\":384,\"uid\":7,"
             "\"gid\":8},{\"type\":\"b\",\"path\":\"/x/b\",\"major\":8,\"minor\":1,\"fileMode\":0},"
             "{\"type\":\"p\",\"path\":\"/f\",\"major\":3},{\"type\":\"c\",\"path\":\"/dev/"
             "ptmx\",\"major\":5,\"minor\":2}],",
             "", &spec, &p, &err));
    s = find(&p, PLAN_DEVICE, "/dev/a");
    assert_int_equal(s->mode, S_IFCHR | 0600);
    assert_true(s->device == makedev(1, 5));
    assert_int_equal(s->uid, 7);
    assert_int_equal(s->gid, 8);
    assert_int_equal(find(&p, PLAN_DEVICE, "/x/b")->mode, S_IFBLK);
    assert_int_equal(find(&p, PLAN_DEVICE, "/f")->mode, S_IFIFO | 0666);
    assert_true(find(&p, PLAN_DEVICE, "/f")->device == 0);
    assert_int_equal(count(&p, PLAN_DEVICE, "/dev/ptmx"), 0);
    find(&p, PLAN_DEVICE, "/dev/tty"); /* "Default Devices" */
    /* the host's own /dev has its devices */
    assert_ok(
        make("", MOUNT("\"destination\":\"/dev\",\"source\":\"/dev\",\"options\":[\"rbind\"]"), &bound, &q, &err));
    assert_int_equal(count(&q, PLAN_DEVICE, NULL), 0);
    assert_int_equal(count(&q, PLAN_SYMLINK, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_option),
        cmocka_unit_test(test_propagation_and_kinds),
        cmocka_unit_test(test_known_options),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_root_propagation),
        cmocka_unit_test(test_late_read_only),
        cmocka_unit_test(test_cgroup_v1),
        cmocka_unit_test(test_cgroup_v1_of_its_own),
        cmocka_unit_test(test_cgroup_v2),
        cmocka_unit_test(test_labels_and_fields),
        cmocka_unit_test(test_sysctl_names),
        cmocka_unit_test(test_devices),
    };

    return cmocka_run_group_tests_name("runtime/plan_root", tests, NULL, NULL);
}

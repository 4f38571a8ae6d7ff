#include "../unit.h"

#include "explain/weakened.h"

static const struct explain_subject subject = {.name = "web", .pid = 7, .pidfd = -1};

/* What a container has that was run without options, to be made to differ in one thing. */
static const char plain_mounts[] = "1 0 0:50 / / rw - overlay overlay rw\n"
                                   "2 1 0:51 / /proc rw - proc proc rw\n"
                                   "3 1 0:52 / /sys ro,nosuid - sysfs sysfs rw\n"
                                   "4 3 0:53 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n"
                                   "5 2 0:54 / /proc/keys ro - tmpfs tmpfs rw\n"
                                   "6 2 0:51 /sys /proc/sys ro - proc proc rw\n";
static char *masked[] = {(char *)"/proc/keys", NULL}, *closed[] = {(char *)"/proc/sys", NULL};

struct plain {
    struct explain_space spaces[EXPLAIN_SPACES];
    struct explain_status status;
    explain_mounts mounts;
    struct explain_state state;
};

static void make_plain(struct plain *p, const char *more_mounts)
{
    _cleanup_free_ char *text = str_printf("%s%s", plain_mounts, more_mounts);

    *p = (struct plain){0};
    for (size_t i = 0; i < EXPLAIN_SPACES; i++)
        p->spaces[i] = (struct explain_space){.kind = &explain_space_kinds[i], .inode = 100 + i};
    p->spaces[6].host = p->spaces[7].host = true; /* users and clocks are the host's anyway */
    p->status.seccomp = 2;
    p->status.capabilities[EXPLAIN_BOUNDING] = 0xff;
    explain_mounts_parse(text, &p->mounts);
    p->state = (struct explain_state){
        .subject = &subject,
        .spaces = p->spaces,
        .status = &p->status,
        .usual = 0xff,
        .all = 0xffff,
        .mounts = &p->mounts,
        .masked = masked,
        .closed = closed,
        .root = "/var/lib/cbox",
        .state = "/run/cbox",
        .device_source = "/devices.list",
    };
}

static void release(struct plain *p)
{
    explain_mounts_release(&p->mounts);
}

/* The lines that are said, "NAME: TEXT" each. */
static void expect(struct plain *p, const char *lines)
{
    _cleanup_explain_facts_ explain_facts facts = {0};
    _cleanup_buf_ struct buf out = BUF_INIT;

    explain_state_weakened(&p->state, &facts);
    VEC_FOREACH (f, &facts) {
        buf_addf(&out, "%s: %s\n", f->name, f->text);
        assert_true(f->weak);
        assert_non_null(f->source);
    }
    assert_string_equal(buf_str(&out), lines);
    release(p);
}

static void test_plain(void **state)
{
    struct plain p;

    (void)state;
    make_plain(&p, "");
    expect(&p, "");
    /* Fewer rights than usual are no weakness. */
    make_plain(&p, "");
    p.status.capabilities[EXPLAIN_BOUNDING] = 0;
    expect(&p, "");
    /* Nor is another container that joined this one's namespaces. */
    make_plain(&p, "");
    p.spaces[0].others = (char *[]){(char *)"container db", NULL};
    expect(&p, "");
}

static void test_rights(void **state)
{
    struct plain p;

    (void)state;
    make_plain(&p, "");
    p.status.capabilities[EXPLAIN_BOUNDING] |= 1 << 12;
    expect(&p, "CAP_NET_ADMIN: it may configure interfaces, addresses, routes and firewall rules of its network\n");
    make_plain(&p, "");
    p.status.capabilities[EXPLAIN_BOUNDING] = 0x7fff;
    expect(&p, "capabilities: 7 more of root's rights than usual: CAP_SETPCAP, CAP_LINUX_IMMUTABLE, "
               "CAP_NET_BIND_SERVICE, CAP_NET_BROADCAST, CAP_NET_ADMIN, CAP_NET_RAW, CAP_IPC_LOCK\n");
    make_plain(&p, "");
    p.status.seccomp = 0;
    p.state.unconfined = true;
    expect(&p, "system calls: no filter: all of the kernel can be reached, and what is wrong in it\n"
               "apparmor: no profile confines it, though the host has one for containers\n");
    make_plain(&p, "");
    p.state.devices = (char *[]){(char *)"/dev/fuse", (char *)"/dev/kvm", NULL};
    expect(&p, "devices: it may open /dev/fuse, /dev/kvm of the host\n");
    make_plain(&p, "");
    p.state.every_device = true;
    expect(&p, "devices: every device of the host: its disks, memory and terminals\n");
    /* Each alone is no privileged container, all three together are. */
    make_plain(&p, "");
    p.state.every_device = true;
    p.state.all = 0xff;
    p.status.seccomp = 0;
    expect(&p, "privileged: it has all rights of root, every device and no filter of system calls: root inside is root "
               "of the host\n"
               "devices: every device of the host: its disks, memory and terminals\n"
               "system calls: no filter: all of the kernel can be reached, and what is wrong in it\n");
}

static void test_namespaces(void **state)
{
    struct plain p;

    (void)state;
    make_plain(&p, "");
    p.spaces[2].host = true;
    p.spaces[0].joined = true;
    p.spaces[0].others = (char *[]){(char *)"container db", NULL};
    expect(&p,
           "pid namespace: shared with container db (100): they see and signal each other's processes\n"
           "net namespace: the host's (102): it has the host's interfaces and ports, and reaches what listens on the "
           "host's loopback alone\n");
}

static void mount_of(struct plain *p, const char *origin, const char *options, const char *target)
{
    _cleanup_free_ char *line = str_printf("9 1 0:60 / %s %s - ext4 x rw\n", target, options);

    make_plain(p, line);
    p->mounts.v[p->mounts.n - 1].origin = str_dup(origin);
}

static void test_mounts(void **state)
{
    struct plain p;

    (void)state;
    mount_of(&p, "/", "rw", "/host");
    expect(&p, "/host: is / of the host, to be read and written: all files of the host\n");
    mount_of(&p, "/etc/ssh", "ro", "/x");
    expect(&p, "/x: is /etc/ssh of the host, to be read: its configuration, with its users, passwords and keys\n");
    mount_of(&p, "/run/docker.sock", "ro", "/var/run/docker.sock");
    expect(
        &p,
        "/var/run/docker.sock: is /run/docker.sock of the host, to be read: who speaks to docker's socket is root of "
        "the host, by a container of his own making\n");
    mount_of(&p, "/srv/engine/docker.sock", "rw", "/s");
    expect(&p, "/s: is /srv/engine/docker.sock of the host, to be read and written: who speaks to docker's socket is "
               "root of the host, by a container of his own making\n");
    mount_of(&p, "/run/cbox/monitor", "rw", "/m");
    expect(&p, "/m: is /run/cbox/monitor of the host, to be read and written: cbox's own: who speaks to its monitors "
               "commands their containers\n");
    mount_of(&p, "/var/lib/cbox", "rw", "/c");
    expect(&p,
           "/c: is /var/lib/cbox of the host, to be read and written: cbox's own: every image, volume and container\n");
    /* What is anybody's, or cbox's own doing. */
    mount_of(&p, "/srv/www", "rw", "/www");
    expect(&p, "");
    mount_of(&p, "/etcetera", "rw", "/x");
    expect(&p, "");
    mount_of(&p, "/var/lib/cbox/volumes/v/_data", "rw", "/v");
    expect(&p, "");
    mount_of(&p, "/var/lib/cbox/containers/0123/hosts", "rw", "/etc/hosts");
    expect(&p, "");
    mount_of(&p, "/dev/null", "ro", "/proc/timer_list");
    expect(&p, "");
    mount_of(&p, "/sys", "ro", "/sys");
    expect(&p, "");
    mount_of(&p, "/dev/shm", "rw", "/dev/shm");
    expect(&p, "");
    /* But a file of the host's with such a name is one of the host's. */
    mount_of(&p, "/etc/hosts", "rw", "/etc/hosts");
    expect(
        &p,
        "/etc/hosts: is /etc/hosts of the host, to be read and written: its configuration, with its users, passwords "
        "and keys\n");
}

/* The same places of the kernel's are the host's where an option binds them. */
static void test_mounts_that_are_bound(void **state)
{
    struct engine_mount_point points[] = {{.type = (char *)"bind", .destination = (char *)"/sys/fs/cgroup"},
                                          {.type = (char *)"bind", .destination = (char *)"/dev/shm"},
                                          {.type = (char *)"bind", .destination = (char *)"/nothing"}};
    const struct engine_options options = {.mounts = {points, ARRAY_SIZE(points), ARRAY_SIZE(points)}};
    const struct explain_subject bound = {.name = "web", .pid = 7, .pidfd = -1, .options = &options};
    struct plain p;

    (void)state;
    mount_of(&p, "/sys/fs/cgroup", "rw", "/sys/fs/cgroup");
    p.state.subject = &bound;
    expect(&p, "/sys/fs/cgroup: is /sys/fs/cgroup of the host, to be read and written: its devices, drivers and "
               "control groups\n");
    mount_of(&p, "/dev/shm", "rw", "/dev/shm");
    p.state.subject = &bound;
    expect(&p, "/dev/shm: is /dev/shm of the host, to be read and written: the shared memory of its programs\n");
    mount_of(&p, "/dev/null", "rw", "/nothing");
    p.state.subject = &bound;
    expect(&p, "");
}

static void test_mounts_below(void **state)
{
    static const char *const origins[] = {"/etc", "/etc/ssl", "/run/docker.sock", "/srv"};
    struct plain p;

    (void)state;
    make_plain(&p, "9 1 0:60 / /a rw - ext4 x rw\n10 9 0:61 / /a/ssl rw - ext4 x rw\n"
                   "11 9 0:62 / /a/sock rw - ext4 x rw\n12 9 0:63 / /a/b rw - ext4 x rw\n");
    for (size_t i = 0; i < ARRAY_SIZE(origins); i++)
        p.mounts.v[p.mounts.n - ARRAY_SIZE(origins) + i].origin = str_dup(origins[i]);
    expect(&p,
           "/a: is /etc of the host, to be read and written: its configuration, with its users, passwords and keys\n"
           "/a/sock: is /run/docker.sock of the host, to be read and written: who speaks to docker's socket is root of "
           "the host, by a container of his own making\n");
}

static void test_kernel(void **state)
{
    struct plain p;

    (void)state;
    make_plain(&p, "");
    for (size_t i = p.mounts.n - 2; i < p.mounts.n; i++)
        str_replace(&p.mounts.v[i].target, str_dup("/elsewhere"));
    expect(&p, "not hidden: what tells of the host's memory, keys, hardware and timers can be read: /proc/keys\n"
               "not closed: settings of the host's kernel can be written: /proc/sys\n");
    make_plain(&p, "9 2 0:51 /sys /proc/sys rw - proc proc rw\n");
    expect(&p, "not closed: settings of the host's kernel can be written: /proc/sys\n");
    make_plain(&p, "9 1 0:52 / /sys rw - sysfs sysfs rw\n");
    expect(&p, "sysfs: /sys can be written: devices, drivers and the power of the host\n");
    make_plain(&p, "9 3 0:53 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    expect(&p, "control groups: it can change its own limits, and make control groups below its own\n");
    make_plain(&p, "9 1 0:60 / /m rw shared:4 - ext4 x rw\n");
    p.mounts.v[p.mounts.n - 1].to_host = true;
    expect(&p, "mounts below /m: what is mounted there inside is mounted on the host as well\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_namespaces),   cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_mounts_below), cmocka_unit_test(test_mounts_that_are_bound),
        cmocka_unit_test(test_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The life of a cgroup on the host that this runs on: making, joining, killing, removing. */
#include "cgroup_live.h"

#include "base/strv.h"
#include "sys/fd.h"

#include <sys/stat.h>

static const struct oci_resources nothing = {0};

static int pause_long(void)
{
    pause();
    return 0;
}

static bool exists(void)
{
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct err err = ERR_INIT;
    int r = cgroup_open(&cg, &live_host, live_path, &err);

    assert_true(r == 0 || r == ERR_NOT_FOUND);
    return r == 0;
}

/* Exit status: how many hierarchies have us elsewhere. */
static int count_strangers(void)
{
    struct cgroup_host here;
    int n = 0;

    if (cgroup_host_detect(&here, NULL) < 0)
        return 100;
    VEC_FOREACH (h, &here.hierarchies)
        n += !str_eq(h->self, live_path);
    return n;
}

static void test_join(_unused_ void **state)
{
    struct cgroup *cg;
    int status;

    live_require(0);
    cg = live_create(&nothing);
    assert_true(exists());
    status = live_run(cg, count_strangers);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    live_end(cg);
    assert_false(exists());
}

/* v1 counts cgroups that were removed for a moment more, and refuses to close all devices as long as it does. */
static void test_used_before(_unused_ void **state)
{
    live_require(1U << CGROUP_DEVICES);
    for (int i = 0; i < 10; i++) {
        _cleanup_cgroup_plan_ struct cgroup_plan plan = {0}, empty = {0};
        _cleanup_free_ char *below = str_printf("%s/below", live_path);
        struct cgroup *cg = live_create(&nothing), *inner = NULL;
        struct err err;

        assert_ok(cgroup_plan_make(&plan, &live_host, &nothing, &err));
        assert_ok(cgroup_create(&inner, &live_host, below, &empty, &err));
        live_end(inner);
        assert_ok(cgroup_apply(cg, &plan, &err));
        live_end(cg);
    }
}

/* Without clone3(2)'s help. */
static void test_join_later(_unused_ void **state)
{
    _cleanup_cgroup_join_ struct cgroup_join join = CGROUP_JOIN_INIT;
    struct cgroup *cg;
    struct err err;
    pid_t pid;
    int status;

    live_require(0);
    cg = live_create(&nothing);
    assert_ok(cgroup_join_open(cg, &join, &err));
    pid = fork();
    if (pid == 0)
        _exit(cgroup_join_self(&join, false) < 0 ? 200 : count_strangers());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    live_end(cg);
}

static ino_t inode_of(const struct cgroup_member *m)
{
    struct stat st;

    assert_int_equal(stat(m->dir, &st), 0);
    return st.st_ino;
}

/* While somebody is in one hierarchy only, on the way into the others or out of them, none is touched. */
static void test_exists(_unused_ void **state)
{
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    _cleanup_free_ ino_t *inodes = NULL;
    struct cgroup *cg, *second;
    struct err err;
    char go = 0;
    int ready[2];
    pid_t pid;

    live_require(0);
    cg = live_create(&nothing);
    inodes = mem_alloc(cg->members.n * sizeof(*inodes));
    for (size_t i = 0; i < cg->members.n; i++)
        inodes[i] = inode_of(&cg->members.v[i]);
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        int r = fd_write_text(cg->members.v[cg->members.n - 1].fd, "cgroup.procs", "0");

        _exit(r < 0 || write(ready[1], "", 1) != 1 ? 200 : pause_long());
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &go, 1), 1);
    close(ready[0]);
    assert_fails(cgroup_create(&second, &live_host, live_path, &plan, &err), ERR_EXISTS, "has processes");
    for (size_t i = 0; i < cg->members.n; i++)
        assert_int_equal(inode_of(&cg->members.v[i]), inodes[i]);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    /* What is empty is used as it is. */
    assert_ok(cgroup_create(&second, &live_host, live_path, &plan, &err));
    for (size_t i = 0; i < cg->members.n; i++)
        assert_int_equal(inode_of(&second->members.v[i]), inodes[i]);
    cgroup_free(second);
    live_end(cg);
}

static void test_remove(_unused_ void **state)
{
    struct cgroup *cg, *again;
    struct err err;

    live_require(0);
    cg = live_create(&nothing);
    VEC_FOREACH (m, &cg->members) {
        assert_int_equal(mkdirat(m->fd, "a", 0755), 0); /* what a container makes below */
        assert_int_equal(mkdirat(m->fd, "a/b", 0755), 0);
    }
    assert_ok(cgroup_open(&again, &live_host, live_path, &err));
    assert_ok(cgroup_remove(cg, &err));
    assert_ok(cgroup_remove(again, &err)); /* gone already */
    cgroup_free(cg);
    cgroup_free(again);
    assert_fails(cgroup_open(&again, &live_host, live_path, &err), ERR_NOT_FOUND, live_path);
}

static void test_list(_unused_ void **state)
{
    _cleanup_strv_ char **names = NULL, **none = NULL;
    _cleanup_free_ char *parent = NULL; /* skip() would leak it */
    struct cgroup *cg;
    struct err err;

    live_require(0);
    parent = str_ndup(live_path, strlen(live_path) - strlen("/container"));
    cg = live_create(&nothing);
    assert_ok(cgroup_list(&live_host, parent, &names, &err));
    assert_int_equal(strv_len(names), 1); /* once, in however many hierarchies it is */
    assert_string_equal(names[0], "container");
    assert_ok(cgroup_list(&live_host, "/cbox-unit-absent", &none, &err));
    assert_int_equal(strv_len(none), 0);
    live_end(cg);
}

static void test_bad_path(_unused_ void **state)
{
    static const char *const paths[] = {"", "/", "relative", "/a/../b", "/a/./b", "/a//b", "/a/"};
    const struct cgroup_plan plan = {0};
    struct cgroup *cg;
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        assert_fails(cgroup_create(&cg, &live_host, paths[i], &plan, &err), ERR_INVALID, "cgroup path");
        assert_fails(cgroup_open(&cg, &live_host, paths[i], &err), ERR_INVALID, "cgroup path");
    }
}

/* ---- killing ---- */

static int pause_with_family(void)
{
    for (int i = 0; i < 20; i++)
        if (fork() == 0)
            break;
    pause();
    return 0;
}

/* Forks away from under whoever kills by a list. */
static int fork_forever(void)
{
    for (;;) {
        pid_t pid = fork();

        if (pid > 0)
            _exit(0);
        usleep(100);
    }
}

static void kill_and_remove(int (*kill_fn)(struct cgroup *cg, struct err *err), int (*workload)(void))
{
    struct cgroup *cg = live_create(&nothing);
    pid_t pid = live_start(cg, workload);
    struct err err;

    usleep(20000); /* a moment for the family to grow; the result does not depend on it */
    assert_ok(kill_fn(cg, &err));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    live_end(cg);
}

static void test_kill(_unused_ void **state)
{
    live_require(0);
    kill_and_remove(cgroup_kill, pause_with_family);
    kill_and_remove(cgroup_kill, fork_forever);
}

static void test_kill_by_list(_unused_ void **state)
{
    live_require(1U << CGROUP_FREEZER);
    kill_and_remove(cgroup_kill_by_list, pause_with_family);
    kill_and_remove(cgroup_kill_by_list, fork_forever);
}

/* ---- without root ---- */

enum { SOMEBODY = 12345 };

/* Runs `fn` as somebody without privileges; its result is the exit status. */
static int run_unprivileged(int (*fn)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(setgid(SOMEBODY) < 0 || setuid(SOMEBODY) < 0 ? 100 : fn());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

/* Without limits a container starts, in no cgroup of its own; with one it does not. */
static int create_unprivileged(void)
{
    struct oci_resources limited = {.pids = {&(int64_t){20}}};
    struct cgroup_host host;
    struct cgroup_plan plan = {0};
    struct cgroup *cg;
    struct err err = ERR_INIT;

    if (cgroup_host_detect(&host, &err) < 0 || host.delegated)
        return 1;
    if (cgroup_create(&cg, &host, live_path, &plan, &err) < 0 || cg->members.n)
        return 2;
    if (cgroup_plan_make(&plan, &host, &limited, &err) < 0)
        return 3;
    return cgroup_create(&cg, &host, live_path, &plan, &err) == ERR_PERMISSION ? 0 : 4;
}

static void test_unprivileged(_unused_ void **state)
{
    live_require(1U << CGROUP_PIDS);
    assert_int_equal(run_unprivileged(create_unprivileged), 0);
}

/* In a cgroup that belongs to the user, as systemd's user@.service does. */
static int create_delegated(void)
{
    struct oci_resources limited = {.pids = {&(int64_t){3}}};
    struct cgroup_host host;
    struct cgroup_plan plan;
    struct cgroup *cg;
    struct err err = ERR_INIT;
    int status;

    if (cgroup_host_detect(&host, &err) < 0 || !host.delegated)
        return 1;
    if (!str_ends(host.hierarchies.v[0].base, "/container") || cgroup_plan_make(&plan, &host, &limited, &err) < 0)
        return 2;
    if (cgroup_create(&cg, &host, "/cbox/one", &plan, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 3;
    }
    live_host = host;
    snprintf(live_path, sizeof(live_path), "%s/cbox/one", host.hierarchies.v[0].base + strlen("/sys/fs/cgroup"));
    status = live_run(cg, count_strangers);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return 4;
    return cgroup_remove(cg, &err) < 0 ? 5 : 0;
}

static int enter_and_drop(void)
{
    return run_unprivileged(create_delegated);
}

static void give_away(struct cgroup *cg)
{
    static const char *const files[] = {".", "cgroup.procs", "cgroup.subtree_control"};
    struct cgroup_member *m = &cg->members.v[0];

    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        assert_int_equal(fchownat(m->fd, files[i], SOMEBODY, SOMEBODY, 0), 0);
}

static void test_delegated(_unused_ void **state)
{
    struct oci_resources limited = {.pids = {&(int64_t){100}}}; /* so that there is a controller to hand down */
    _cleanup_free_ char *path = NULL;                           /* skip() would leak it */
    struct cgroup_plan none = {0};
    struct cgroup *cg, *session;
    struct err err;

    live_require(1U << CGROUP_PIDS);
    if (!str_eq(cgroup_host_mode(&live_host), "v2")) {
        print_message("not a pure v2 host\n");
        skip();
    }
    path = str_printf("%s/session", live_path);
    cg = live_create(&limited);
    give_away(cg);
    assert_ok(cgroup_create(&session, &live_host, path, &none, &err));
    give_away(session);
    assert_int_equal(WEXITSTATUS(live_run(session, enter_and_drop)), 0);
    cgroup_free(session);
    live_end(cg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),      cmocka_unit_test(test_join_later),   cmocka_unit_test(test_exists),
        cmocka_unit_test(test_remove),    cmocka_unit_test(test_list),         cmocka_unit_test(test_bad_path),
        cmocka_unit_test(test_kill),      cmocka_unit_test(test_kill_by_list), cmocka_unit_test(test_unprivileged),
        cmocka_unit_test(test_delegated), cmocka_unit_test(test_used_before),
    };

    return cmocka_run_group_tests_name("runtime/cgroup_live", tests, live_setup, live_teardown);
}

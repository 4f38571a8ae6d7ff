/* For tests that make cgroups: below a parent of their own, which the teardown removes. They are skipped where none can
 * be made. */
#pragma once

#include "../unit.h"

#include "oci/spec.h"
#include "runtime/cgroup_internal.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct cgroup_host live_host;
static char live_path[64]; /* of the one cgroup most tests make */

static inline int live_setup(_unused_ void **state)
{
    struct err err = ERR_INIT;

    snprintf(live_path, sizeof(live_path), "/cbox-unit-%d/container", getpid());
    if (cgroup_host_detect(&live_host, &err) < 0)
        print_message("%s\n", err.text);
    return err.kind;
}

static inline int live_teardown(_unused_ void **state)
{
    _cleanup_cgroup_ struct cgroup *parent = NULL;
    _cleanup_free_ char *path = str_ndup(live_path, strlen(live_path) - strlen("/container"));
    struct err err = ERR_INIT;

    if (cgroup_open(&parent, &live_host, path, &err) == 0)
        cgroup_kill(parent, &err);
    if (parent && cgroup_remove(parent, &err) < 0)
        print_message("%s\n", err.text);
    cgroup_host_release(&live_host);
    return 0;
}

/* Skips unless there is a place to make cgroups and a controller for each bit of `needed`. */
static inline void live_require(unsigned needed)
{
    if (getuid() != 0) {
        print_message("not root\n");
        skip();
    }
    if (!live_host.hierarchies.n) {
        print_message("no cgroups on this host\n");
        skip();
    }
    for (int c = 0; c < CGROUP_CONTROLLERS; c++)
        if ((needed & 1U << c) && !cgroup_host_find(&live_host, (enum cgroup_controller)c)) {
            print_message("this host has no %s controller\n", cgroup_controller_name((enum cgroup_controller)c, 1));
            skip();
        }
}

static inline struct cgroup *live_create(const struct oci_resources *resources)
{
    _cleanup_cgroup_plan_ struct cgroup_plan plan = {0};
    struct cgroup *cg = NULL;
    struct err err;

    assert_ok(cgroup_plan_make(&plan, &live_host, resources, &err));
    assert_ok(cgroup_create(&cg, &live_host, live_path, &plan, &err));
    return cg;
}

/* Starts `fn` in the cgroup, as the runtime does; its result is the exit status. */
static inline pid_t live_start(const struct cgroup *cg, int (*fn)(void))
{
    _cleanup_cgroup_join_ struct cgroup_join join = CGROUP_JOIN_INIT;
    struct clone_args args = {.exit_signal = SIGCHLD};
    struct err err;
    pid_t pid;

    assert_ok(cgroup_join_open(cg, &join, &err));
    if (join.clone_fd >= 0) {
        args.flags = CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)join.clone_fd;
    }
    pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    assert_true(pid >= 0);
    if (pid == 0) {
        int r = cgroup_join_self(&join, join.clone_fd >= 0);

        if (r < 0)
            fprintf(stderr, "joining: %s\n", strerror(-r));
        _exit(r < 0 ? 200 : fn());
    }
    return pid;
}

/* The same, and waits until it has joined every hierarchy: for what is done to it from outside. */
static inline pid_t live_start_inside(const struct cgroup *cg, int (*fn)(void))
{
    pid_t pid = live_start(cg, fn);
    size_t n = 0;

    while (n < cg->members.n) {
        cgroup_pid_list pids = {0};
        bool there = false;

        assert_int_equal(cgroup_read_pids(cg->members.v[n].fd, &pids), 0);
        VEC_FOREACH (p, &pids)
            there |= *p == pid;
        free(pids.v);
        n += there;
        usleep(there ? 0 : 500);
    }
    return pid;
}

static inline int live_run(const struct cgroup *cg, int (*fn)(void))
{
    int status = -1;

    assert_true(waitpid(live_start(cg, fn), &status, 0) > 0);
    return status;
}

static inline void live_end(struct cgroup *cg)
{
    struct err err;

    assert_ok(cgroup_remove(cg, &err));
    cgroup_free(cg);
}

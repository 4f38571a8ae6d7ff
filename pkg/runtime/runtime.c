#include "runtime/runtime.h"

#include "runtime/child.h"
#include "runtime/plan.h"
#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/proc.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>

/* As fork(2), with new namespaces and a descriptor of the child. 0 in the child. */
static pid_t clone_child(uint64_t flags, int cgroup_fd, int *ret_pidfd, bool *ret_cloned_into)
{
    struct clone_args args = {
        .flags = flags | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)ret_pidfd,
        .exit_signal = SIGCHLD,
    };
    long pid;

    *ret_cloned_into = false;
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup_fd;
        *ret_cloned_into = true; /* what the child sees */
        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid >= 0 || (errno != EINVAL && errno != ENOSYS && errno != E2BIG))
            return (pid_t)pid;
        *ret_cloned_into = false;
        args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
        args.cgroup = 0;
    }
    pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid < 0 && errno == ENOSYS) /* before 5.3, or a filter that does not know it */
        pid = syscall(SYS_clone, args.flags | SIGCHLD, NULL, ret_pidfd, NULL, NULL);
    return (pid_t)pid;
}

static void __attribute__((noreturn)) be_child(struct child *c)
{
    struct err err = ERR_INIT;

    child_run(c, &err);
    frame_send_error(c->sync, CHILD_ERROR, &err);
    _exit(125);
}

int runtime_start(const struct runtime_start *start, struct runtime_process *ret, struct err *err)
{
    _cleanup_plan_ struct plan plan = {0};
    _cleanup_cgroup_join_ struct cgroup_join join = CGROUP_JOIN_INIT;
    struct child child = {.start = start, .plan = &plan, .root = -1, .terminal = -1, .mask = -1};
    int sync[2], pidfd = -1, r = plan_make(start->spec, start->host, start->overlay != NULL, &plan, err);
    pid_t pid;

    if (r == 0 && start->cgroup) {
        r = cgroup_join_open(start->cgroup, &join, err);
        child.join = &join;
    }
    if (r < 0)
        return r;
    r = frame_pair(sync);
    if (r < 0)
        return err_errno(err, -r, "making a pair of sockets");
    pid = clone_child(plan.clone_flags, join.clone_fd, &pidfd, &child.cloned_into);
    if (pid == 0) {
        fd_close(sync[0]);
        child.sync = sync[1];
        be_child(&child);
    }
    fd_close(sync[1]);
    if (pid < 0) {
        r = err_errno(err, errno, "making the container's process");
        fd_close(sync[0]);
        return r;
    }
    *ret = (struct runtime_process){.pid = pid, .pidfd = pidfd, .terminal = -1, .sync = sync[0]};
    return 0;
}

int runtime_await(struct runtime_process *process, struct err *err)
{
    bool ready = false;

    for (;;) {
        struct frame frame;
        int r = frame_receive(process->sync, &frame);

        if (r < 0)
            return err_errno(err, -r, "listening to the container's process");
        if (r == 0) {
            process->sync = fd_close(process->sync);
            return ready ? 0 : err_set(err, ERR_IO, "the container's process ended before its program started");
        }
        if (frame.type == CHILD_TERMINAL && frame.n_fds == 1 && process->terminal < 0)
            process->terminal = steal_fd(&frame.fds[0]);
        ready |= frame.type == CHILD_READY;
        r = frame.type == CHILD_ERROR ? frame_take_error(&frame, err) : 0;
        frame_release(&frame);
        if (r < 0)
            return r;
    }
}

void runtime_process_release(struct runtime_process *process)
{
    process->pidfd = fd_close(process->pidfd);
    process->terminal = fd_close(process->terminal);
    process->sync = fd_close(process->sync);
}

#include "runtime/runtime.h"

#include "runtime/child.h"
#include "runtime/lsm.h"
#include "runtime/plan.h"
#include "sys/fd.h"
#include "sys/frame.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>

pid_t runtime_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd, bool *ret_cloned_into)
{
    /* A sibling's signal is the caller's own. */
    unsigned signal = flags & CLONE_PARENT ? 0 : SIGCHLD;
    struct clone_args args = {
        .flags = flags | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)ret_pidfd,
        .exit_signal = signal,
    };
    long pid;

    *ret_cloned_into = false;
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup_fd;
        *ret_cloned_into = true; /* what the child sees */
        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid >= 0 || (errno != EINVAL && errno != ENOSYS && errno != E2BIG))
            return pid < 0 ? -errno : (pid_t)pid;
        *ret_cloned_into = false;
        args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
        args.cgroup = 0;
    }
    pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid < 0 && errno == ENOSYS) /* before 5.3, or a filter that does not know it */
        pid = syscall(SYS_clone, args.flags | signal, NULL, ret_pidfd, NULL, NULL);
    return pid < 0 ? -errno : (pid_t)pid;
}

/* The lines of /proc/PID/uid_map. */
static char *format_mappings(const oci_id_mappings *mappings)
{
    struct buf text = BUF_INIT;

    VEC_FOREACH (m, mappings)
        buf_addf(&text, "%lld %lld %lld\n", (long long)m->container_id, (long long)m->host_id, (long long)m->size);
    return buf_steal(&text);
}

static int write_mapping(pid_t pid, const char *file, const oci_id_mappings *mappings, const char *field,
                         struct err *err)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/%s", (int)pid, file), *text = format_mappings(mappings);
    int r = mappings->n ? fd_write_text(AT_FDCWD, path, text) : 0;

    return r < 0 ? err_errno(err, -r, "%s: writing %s", field, path) : 0;
}

/* user_namespaces(7): without CAP_SETGID on the host, setgroups(2) has to be given up before groups can be mapped. */
static int write_mappings(pid_t pid, const struct oci_linux *l, struct err *err)
{
    _cleanup_free_ char *setgroups = str_printf("/proc/%d/setgroups", (int)pid);
    int r = write_mapping(pid, "uid_map", &l->uid_mappings, "linux.uidMappings", err);

    if (r == 0 && geteuid() != 0 && fd_write_text(AT_FDCWD, setgroups, "deny") < 0)
        errno = 0;
    return r < 0 ? r : write_mapping(pid, "gid_map", &l->gid_mappings, "linux.gidMappings", err);
}

/* Serves the process in between until the container's own is born. What either of them reports as its failure comes
 * before the end of the socket. */
static int follow_stage(const struct runtime_start *start, struct runtime_process *between, struct runtime_process *ret,
                        struct err *err)
{
    for (;;) {
        struct frame frame;
        int32_t pid;
        int r = frame_receive(between->sync, &frame);

        if (r < 0)
            return err_errno(err, -r, "listening to the container's process");
        if (r == 0)
            return err_set(err, ERR_IO, "the process between the runtime and the container was killed");
        if (frame.type == CHILD_ERROR) {
            r = frame_take_error(&frame, err);
        } else if (frame.type == CHILD_MAP) {
            r = write_mappings(between->pid, &start->spec->platform, err);
            r = r < 0 ? r : runtime_go_on(between, err);
        } else if (frame.type == CHILD_BORN && frame.len == sizeof(pid) && frame.n_fds == 1) {
            memcpy(&pid, frame.data, sizeof(pid));
            *ret = (struct runtime_process){
                .pid = pid, .pidfd = steal_fd(&frame.fds[0]), .terminal = -1, .sync = steal_fd(&between->sync)};
            r = 1;
        }
        frame_release(&frame);
        if (r != 0)
            return MIN_OF(r, 0);
    }
}

/* In the process that was just cloned. */
static void __attribute__((noreturn)) be_child(struct child *c)
{
    if (c->plan->stage)
        stage_be(c);
    child_be(c);
}

int runtime_start(const struct runtime_start *start, struct runtime_process *ret, struct err *err)
{
    _cleanup_plan_ struct plan plan = {0};
    _cleanup_cgroup_join_ struct cgroup_join join = CGROUP_JOIN_INIT;
    _cleanup_process_ struct runtime_process process = RUNTIME_PROCESS_INIT;
    _cleanup_seccomp_filter_ struct seccomp_filter filter = {0};
    const struct oci_linux *l = &start->spec->platform;
    struct child child = {.start = start,
                          .plan = &plan,
                          .hides = child_can_hide(),
                          .root = -1,
                          .terminal = -1,
                          .mask = -1,
                          .null = -1,
                          .labels = {-1, -1, -1}};
    int sync[2], r = plan_make(start, &plan, err);

    if (r == 0)
        r = lsm_check(&start->spec->process, err);
    if (r == 0 && (l->seccomp || l->seccomp_text)) {
        r = seccomp_filter_make(l->seccomp, l->seccomp_text, start->seccomp_cache, &filter, err);
        child.filter = &filter;
    }
    if (r == 0 && start->cgroup) {
        r = cgroup_join_open(start->cgroup, &join, err);
        child.join = &join;
    }
    if (r == 0)
        r = child_trees_open(&child, err);
    if (r < 0)
        return r;
    r = frame_pair(sync);
    if (r < 0) {
        child_trees_release(&child);
        return err_errno(err, -r, "making a pair of sockets");
    }
    process.sync = sync[0];
    process.pid = runtime_clone(plan.stage ? 0 : plan.clone_flags, join.clone_fd, &process.pidfd, &child.cloned_into);
    if (process.pid == 0) {
        fd_close(sync[0]);
        child.sync = sync[1];
        be_child(&child);
    }
    fd_close(sync[1]);
    child_trees_release(&child);
    if (process.pid < 0) {
        r = err_errno(err, -process.pid, "making the container's process");
        return process.pid == -EPERM && geteuid() != 0 ? err_hint(err, "run it as root, or with a user namespace") : r;
    }
    if (plan.stage) {
        r = follow_stage(start, &process, ret, err);
        process.sync = fd_close(process.sync); /* it ends with that, if it has not yet */
        proc_wait(process.pidfd);
        return r;
    }
    *ret = process;
    process = RUNTIME_PROCESS_INIT;
    return 0;
}

/* A filter's notification descriptor and the document beside it go to their agent before the program runs. */
static int pass_listener(struct runtime_process *process, const struct frame *frame, struct err *err)
{
    _cleanup_free_ char *path = str_ndup(frame->data, frame->len);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_SPEC_MAX);
    int r;

    if (frame->n_fds != 2 || lseek(frame->fds[1], 0, SEEK_SET) < 0)
        return err_set(err, ERR_INTERNAL, "linux.seccomp: no descriptor came");
    r = fd_read_rest(frame->fds[1], "the container's state", &text, err);
    if (r == 0)
        r = seccomp_listener_send(path, frame->fds[0], text.p, text.len, err);
    return r < 0 ? r : runtime_go_on(process, err);
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
            return ready ? RUNTIME_RUNS
                         : err_set(err, ERR_IO, "the container's process ended before its program started");
        }
        if (frame.type == CHILD_TERMINAL && frame.n_fds == 1 && process->terminal < 0)
            process->terminal = steal_fd(&frame.fds[0]);
        ready |= frame.type == CHILD_READY;
        r = frame.type == CHILD_ERROR      ? frame_take_error(&frame, err)
            : frame.type == CHILD_PID      ? runtime_go_on(process, err)
            : frame.type == CHILD_LISTENER ? pass_listener(process, &frame, err)
            : frame.type == CHILD_HOOKS    ? (int)RUNTIME_HOOKS
            : frame.type == CHILD_WAITS    ? (int)RUNTIME_WAITS
                                           : 0;
        frame_release(&frame);
        if (r != 0)
            return r;
    }
}

int runtime_go_on(struct runtime_process *process, struct err *err)
{
    int32_t pid = process->pid;
    int r = frame_send(process->sync, CHILD_GO_ON, &pid, sizeof(pid), NULL, 0);

    return r < 0 ? err_errno(err, -r, "the container's process") : 0;
}

void runtime_process_release(struct runtime_process *process)
{
    process->pidfd = fd_close(process->pidfd);
    process->terminal = fd_close(process->terminal);
    process->sync = fd_close(process->sync);
}

/* The process between the runtime and a container, where one is needed.
 *
 * A process cannot enter a PID or time namespace itself, only its children can; it loses its rights on the host when it
 * enters a user namespace, and needs them before for namespaces that belong to the host. So a process that does not
 * outlive this joins what is joined, makes the user namespace, whose mappings only the parent can write, and clones the
 * container's process as its sibling. user_namespaces(7), pid_namespaces(7), time_namespaces(7), setns(2).
 */
#include "runtime/child.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>

enum { JOINS_MAX = 8 };

struct joining {
    const struct plan_join *join;
    int fd; /* -1: joined */
};

static void close_all(struct joining *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        all[i].fd = fd_close(all[i].fd);
}

static int fail_join(const struct plan_join *j, int errnum, struct err *err)
{
    if (errnum == EINVAL)
        return err_set(err, ERR_INVALID, "%s: %s is no %s namespace that can be joined", j->field, j->path, j->type);
    return err_errno(err, errnum, "%s: joining %s", j->field, j->path);
}

/* All but the mount namespace, in which the names of the others mean something else. */
static int open_all(const struct plan *plan, struct joining *all, struct err *err)
{
    size_t n = 0;

    VEC_FOREACH (j, &plan->joins) {
        all[n] = (struct joining){j, open(j->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
        if (all[n].fd < 0) {
            int r = err_errno(err, errno, "%s: %s", j->field, j->path);

            close_all(all, n);
            return r;
        }
        n++;
    }
    return 0;
}

/* What was opened by its pid is that process's if it is there afterwards. */
static int check_alive(const struct child *c, struct err *err)
{
    struct pollfd ended = {.fd = c->start->enter_pidfd, .events = POLLIN};

    if (!c->start->enter || poll(&ended, 1, 0) == 0)
        return 0;
    return err_set(err, ERR_NOT_FOUND, "the container has ended");
}

/* Those of a kind that `wanted` names. What is not permitted stays, if `patient`: it may be in another user
 * namespace. */
static int join_some(struct joining *all, size_t n, int wanted, bool patient, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (all[i].fd < 0 || !(all[i].join->flag & wanted))
            continue;
        if (setns(all[i].fd, all[i].join->flag) == 0)
            all[i].fd = fd_close(all[i].fd);
        else if (!patient || errno != EPERM)
            return fail_join(all[i].join, errno, err);
    }
    return 0;
}

/* Files that are made belong to the user namespace's root then. One without a root is for its maker to know. */
static void become_root(void)
{
    if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        errno = 0;
}

int stage_join(struct child *c, bool with_user, struct err *err)
{
    const int mount = CLONE_NEWNS, others = ~(CLONE_NEWNS | CLONE_NEWUSER);
    struct joining all[JOINS_MAX];
    size_t n = c->plan->joins.n;
    int r = open_all(c->plan, all, err);

    if (r < 0)
        return r;
    /* Whoever is in there already must not look into this process (CVE-2016-9962). */
    if (n)
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    r = check_alive(c, err);
    if (r == 0)
        r = join_some(all, n, others, with_user, err);
    if (r == 0 && with_user) {
        r = join_some(all, n, CLONE_NEWUSER, false, err);
        if (r == 0)
            become_root();
        if (r == 0)
            r = join_some(all, n, others, false, err);
    }
    if (r == 0 && c->start->enter) {
        r = child_binary(c, NULL, err);
        if (r < 0)
            r = err_wrap(err, "letting go of cbox's own binary");
    }
    if (r == 0)
        r = join_some(all, n, mount, false, err);
    close_all(all, n);
    return r;
}

/* A user namespace of its own: nobody else is in it, and what is below /proc/self has to be root's there. */
static int make_user(struct child *c, struct err *err)
{
    int r;

    if (unshare(CLONE_NEWUSER) < 0)
        return err_errno(err, errno, "linux.namespaces: making a user namespace");
    r = child_ask(c, CHILD_MAP, err);
    if (r < 0)
        return r;
    become_root();
    prctl(PR_SET_DUMPABLE, c->plan->joins.n ? 0 : 1, 0, 0, 0);
    return 0;
}

/* Clocks are set before anybody is in the namespace. */
static int make_time(struct child *c, struct err *err)
{
    if (unshare(CLONE_NEWTIME) < 0)
        return err_errno(err, errno, "linux.namespaces: making a time namespace");
    VEC_FOREACH (o, &c->start->spec->platform.time_offsets) {
        char line[64];
        int r;

        snprintf(line, sizeof(line), "%s %lld %lld", o->clock, (long long)o->secs, (long long)o->nanosecs);
        r = fd_write_text(AT_FDCWD, "/proc/self/timens_offsets", line);
        if (r < 0)
            return err_errno(err, -r, "linux.timeOffsets.%s", o->clock);
    }
    return 0;
}

static int report_birth(struct child *c, pid_t pid, int pidfd, struct err *err)
{
    int32_t number = pid;
    int r = frame_send(c->sync, CHILD_BORN, &number, sizeof(number), &pidfd, 1);

    return r < 0 ? err_errno(err, -r, "telling the parent") : 0;
}

/* The container's process says nothing before its birth is known. */
static int give_birth(struct child *c, uint64_t flags, struct err *err)
{
    int order[2], pidfd = -1;
    bool into;
    char byte;
    pid_t pid;

    if (pipe2(order, O_CLOEXEC) < 0)
        return err_errno(err, errno, "making a pipe");
    pid = runtime_clone(flags | CLONE_PARENT, -1, &pidfd, &into);
    if (pid == 0) {
        fd_close(order[1]);
        while (read(order[0], &byte, 1) < 0 && errno == EINTR)
            ;
        fd_close(order[0]);
        child_be(c);
    }
    if (pid < 0)
        return err_errno(err, -pid, "making the container's process");
    return report_birth(c, pid, pidfd, err);
}

/* Whoever is in the container already and may trace sees what the process that is put there has open, and would walk
 * from a directory of the host's to all of it (CVE-2016-9962). Nothing behind what is kept leads further. */
static void forget_host(const struct child *c)
{
    int kept[8 + CGROUP_JOIN_MAX] = {c->sync, c->start->enter_pidfd, c->start->stdio[0], c->start->stdio[1],
                                     c->start->stdio[2]};
    size_t n = 5;

    if (c->join) {
        kept[n++] = c->join->procs_fd;
        for (size_t i = 0; i < c->join->n_tasks; i++)
            kept[n++] = c->join->tasks[i];
    }
    child_close_descriptors(c, kept, n);
}

static int be_between(struct child *c, struct err *err)
{
    uint64_t flags = c->plan->clone_flags;
    int r;

    if (c->start->enter)
        forget_host(c);
    r = stage_join(c, c->plan->joins_user, err);

    if (r == 0 && flags & CLONE_NEWUSER)
        r = make_user(c, err);
    if (r == 0 && flags & CLONE_NEWTIME)
        r = make_time(c, err);
    return r < 0 ? r : give_birth(c, flags & ~(uint64_t)(CLONE_NEWUSER | CLONE_NEWTIME), err);
}

void stage_be(struct child *c)
{
    struct err err = ERR_INIT;

    if (be_between(c, &err) == 0)
        _exit(0);
    frame_send_error(c->sync, CHILD_ERROR, &err);
    _exit(125);
}

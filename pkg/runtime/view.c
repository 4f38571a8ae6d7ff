#include "runtime/view.h"

#include "base/log.h"
#include "runtime/child.h"
#include "runtime/mount.h"
#include "runtime/mount_internal.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <poll.h>
#include <sched.h>
#include <sys/wait.h>

#ifndef MS_SLAVE
#define MS_SLAVE (1 << 19)
#endif

/* ---- of one that does not run ---- */

/* Mounts what the specification binds into the root, in its order. */
static void bind_all(const struct oci_spec *spec, int root)
{
    _cleanup_plan_ struct plan p = {0};
    struct child c = {.plan = &p, .root = root, .terminal = -1, .mask = -1, .null = -1};

    VEC_FOREACH (m, &spec->mounts) {
        struct plan_step s = {.target = m->destination};
        struct err why = ERR_INIT;
        int r = plan_parse_mount(m, NULL, &p, &s, &why);

        if (r == 0 && s.op == PLAN_BIND)
            r = child_bind(&c, &s, &why);
        if (r < 0)
            log_debug("%s: %s", m->destination, why.text);
        strv_free(s.mount.data);
    }
}

static int view(const struct runtime_overlay *overlay, const char *target, const struct oci_spec *spec, int *ret_root,
                struct err *err)
{
    _cleanup_fd_ int place = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC), root = -1;
    int r;

    if (place < 0)
        return err_errno(err, errno, "%s", target);
    r = mount_overlay(place, overlay, err);
    if (r < 0)
        return r;
    root = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return err_errno(err, errno, "%s", target);
    if (spec)
        bind_all(spec, root);
    if (spec && spec->root.readonly && mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
        return err_errno(err, errno, "making %s read-only", target);
    *ret_root = steal_fd(&root);
    return 0;
}

int runtime_view(const struct runtime_overlay *overlay, const char *target, const struct oci_spec *spec, int *ret_root,
                 struct err *err)
{
    _cleanup_fd_ int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC); /* which mount_overlay() leaves */
    int r;

    if (unshare(CLONE_NEWNS) < 0)
        return err_errno(err, errno, "a mount namespace");
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return err_errno(err, errno, "mounts that are not shared with the host");
    r = view(overlay, target, spec, ret_root, err);
    if (cwd >= 0 && fchdir(cwd) < 0 && r == 0)
        r = err_errno(err, errno, "the working directory");
    return r;
}

/* ---- of one that runs ---- */

enum { SEEN = 1, FAILED };

/* Nothing of the container's is looked up: its namespace has the mount, and the mount is all that is taken. */
static _Noreturn void look(int pidfd, int socket)
{
    struct err err = ERR_INIT;
    int tree = -1, r = setns(pidfd, CLONE_NEWNS) < 0 ? -errno : 0;

    if (r == 0) {
        tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        r = tree < 0 ? -errno : 0;
    }
    if (r == 0) {
        frame_send(socket, SEEN, NULL, 0, &tree, 1);
    } else {
        if (r == -ESRCH)
            err_set(&err, ERR_NOT_FOUND, "the container has ended");
        else
            err_errno(&err, -r, "the container's root");
        frame_send_error(socket, FAILED, &err);
    }
    _exit(0);
}

int runtime_view_running(int pidfd, int *ret_root, struct err *err)
{
    struct frame answer = {0};
    int pair[2], r = frame_pair(pair);
    pid_t pid = r < 0 ? -1 : fork();

    if (pid < 0)
        return err_errno(err, r < 0 ? -r : errno, "starting a process");
    if (pid == 0)
        look(pidfd, pair[1]);
    fd_close(pair[1]);
    r = frame_receive(pair[0], &answer);
    fd_close(pair[0]);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (r == 1 && answer.type == FAILED)
        r = frame_take_error(&answer, err);
    else if (r != 1 || answer.type != SEEN || answer.n_fds != 1)
        r = err_set(err, ERR_IO, "the container's root cannot be seen");
    else
        r = 0;
    if (r == 0) {
        *ret_root = answer.fds[0];
        answer.fds[0] = -1;
    }
    frame_release(&answer);
    return r;
}

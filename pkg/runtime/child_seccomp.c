/* The filter of system calls is the very last thing before programs of the container: whatever it forbids, setting up
 * is done. */
#include "runtime/child.h"
#include "sys/fd.h"

#include <sys/mman.h>

/* The agent is told who we are to the host, which we do not know. */
int child_listener(struct child *c, const struct plan_step *s _unused_, struct err *err)
{
    return child_ask(c, CHILD_PID, err);
}

/* The document, as a file in memory: a long one would be too long for a message. */
static int write_state(const struct child *c, int *ret, struct err *err)
{
    struct oci_state state = {.version = (char *)OCI_SPEC_VERSION, .status = (char *)"creating"};
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_fd_ int fd = memfd_create("state", MFD_CLOEXEC);
    int r;

    if (c->start->state)
        state = *c->start->state;
    state.pid = c->pid;
    seccomp_listener_state(c->start->spec->platform.seccomp, &state, &text);
    r = fd < 0 ? -errno : fd_write_all(fd, text.p, text.len);
    if (r < 0)
        return err_errno(err, -r, "writing the container's state");
    *ret = steal_fd(&fd);
    return 0;
}

static int hand_over(struct child *c, int listener, int state, struct err *err)
{
    const char *path = c->start->spec->platform.seccomp->listener_path;
    int fds[] = {listener, state}, r = frame_send(c->sync, CHILD_LISTENER, path, strlen(path), fds, ARRAY_SIZE(fds));
    struct frame answer;

    if (r == 0)
        r = frame_receive(c->sync, &answer);
    if (r <= 0)
        return err_set(err, ERR_INTERRUPTED, "the runtime is gone");
    frame_release(&answer);
    return 0;
}

static int load(struct child *c, struct err *err)
{
    _cleanup_fd_ int listener = -1, state = -1;
    int r = c->filter->notifies ? write_state(c, &state, err) : 0;

    if (r < 0)
        return r;
    r = seccomp_filter_load(c->filter, &listener);
    if (r == -EACCES) {
        err_set(err, ERR_PERMISSION, "linux.seccomp: that takes CAP_SYS_ADMIN, or process.noNewPrivileges");
        return ERR_PERMISSION;
    }
    if (r < 0)
        return err_errno(err, -r, "linux.seccomp");
    return listener >= 0 ? hand_over(c, listener, state, err) : 0;
}

int child_filter(struct child *c, struct err *err)
{
    int r = c->filter ? load(c, err) : 0;

    c->filter = NULL;
    return r < 0 ? r : child_capabilities_settle(c, err);
}

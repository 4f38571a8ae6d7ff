#include "runtime/child.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int child_cgroup(struct child *c, const struct plan_step *s, struct err *err)
{
    int r = c->join ? cgroup_join_self(c->join, c->cloned_into) : 0;

    if (r < 0)
        return err_errno(err, -r, "cgroup");
    if (s->flag && unshare(CLONE_NEWCGROUP) < 0)
        return err_errno(err, errno, "unshare");
    return 0;
}

static int child_hostname(struct child *c _unused_, const struct plan_step *s, struct err *err)
{
    return sethostname(s->source, strlen(s->source)) < 0 ? err_errno(err, errno, "%s", s->source) : 0;
}

static int child_loopback(struct child *c _unused_, const struct plan_step *s _unused_, struct err *err)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    _cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        return err_errno(err, errno, "lo");
    return 0;
}

/* Through the container's own /proc, which is not read-only yet; something else in its place is not written to. */
static int child_sysctl(struct child *c, const struct plan_step *s, struct err *err)
{
    _cleanup_fd_ int fd = child_open_proc(c, str_after(s->target, "/proc/"), O_WRONLY, err);
    int r = fd < 0 ? fd : fd_write_all(fd, s->source, strlen(s->source));

    return fd >= 0 && r < 0 ? err_errno(err, -r, "%s", s->source) : r;
}

int child_run(struct child *c, struct err *err)
{
    static int (*const steps[])(struct child *, const struct plan_step *, struct err *) = {
        [PLAN_BINARY] = child_binary,
        [PLAN_CGROUP] = child_cgroup,
        [PLAN_OOM_SCORE] = child_oom_score,
        [PLAN_PROPAGATION] = child_propagation,
        [PLAN_ROOT_OVERLAY] = child_root_overlay,
        [PLAN_ROOT_DIRECTORY] = child_root_directory,
        [PLAN_ROOT_ENTERED] = child_root_entered,
        [PLAN_MOUNT] = child_mount,
        [PLAN_BIND] = child_bind,
        [PLAN_REMOUNT] = child_remount,
        [PLAN_CHANGE] = child_change,
        [PLAN_DEVICE] = child_device,
        [PLAN_SYMLINK] = child_symlink,
        [PLAN_TERMINAL] = child_terminal,
        [PLAN_USER] = child_user,
        [PLAN_DIRECTORY] = child_directory,
        [PLAN_SYSCTL] = child_sysctl,
        [PLAN_READONLY_PATH] = child_readonly_path,
        [PLAN_MASK_PATH] = child_mask_path,
        [PLAN_HOOKS_RUNTIME] = child_hooks_runtime,
        [PLAN_HOOKS_CREATE] = child_hooks_create,
        [PLAN_HOOKS_START] = child_hooks_start,
        [PLAN_PIVOT] = child_pivot,
        [PLAN_HOSTNAME] = child_hostname,
        [PLAN_DOMAINNAME] = child_domainname,
        [PLAN_AFFINITY] = child_affinity,
        [PLAN_LISTENER] = child_listener,
        [PLAN_LABELS] = child_labels,
        [PLAN_PERSONALITY] = child_personality,
        [PLAN_MEMORY_POLICY] = child_memory_policy,
        [PLAN_SCHEDULER] = child_scheduler,
        [PLAN_IO_PRIORITY] = child_io_priority,
        [PLAN_LOOPBACK] = child_loopback,
        [PLAN_RLIMIT] = child_rlimit,
        [PLAN_STDIO] = child_stdio,
        [PLAN_KEYRING] = child_keyring,
        [PLAN_NO_NEW_PRIVS] = child_no_new_privs,
        [PLAN_BOUNDING] = child_bounding,
        [PLAN_IDENTITY] = child_identity,
        [PLAN_WORKDIR] = child_workdir,
        [PLAN_PROGRAM] = child_program,
        [PLAN_GATE] = child_gate,
        [PLAN_EXEC] = child_exec,
    };

    umask(0); /* modes are what the plan says */
    if (!c->plan->stage) {
        int r = stage_join(c, false, err);

        if (r < 0)
            return r;
    }
    VEC_FOREACH (s, &c->plan->steps) {
        int r = steps[s->op](c, s, err);

        if (r < 0) {
            _cleanup_free_ char *what = plan_describe(s);

            return s->op == PLAN_EXEC || s->op == PLAN_PROGRAM ? r : err_wrap(err, "%s", what);
        }
    }
    return err_set(err, ERR_INTERNAL, "the plan of the container has no program");
}

void child_be(struct child *c)
{
    struct err err = ERR_INIT;

    child_run(c, &err);
    frame_send_error(c->sync, CHILD_ERROR, &err);
    _exit(125);
}

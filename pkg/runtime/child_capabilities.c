/* Capabilities of the program. Those that cannot be had are passed over with a debug line: config.md, "Linux Process",
 * wants a warning and no failure. capabilities(7). */
#include "base/log.h"
#include "runtime/child.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has(uint64_t set, unsigned long cap)
{
    return set >> cap & 1;
}

int child_bounding(struct child *c _unused_, const struct plan_step *s, struct err *err)
{
    for (unsigned long cap = 0; cap < 64; cap++) {
        if (has(s->number, cap) || prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
            continue;
        if (errno == EINVAL && cap > CAP_AUDIT_READ) /* beyond the last that this kernel has */
            return 0;
        if (errno != EPERM || prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 0)
            return err_errno(err, errno, "capability %lu", cap);
    }
    return 0;
}

static int get_sets(struct child_capabilities *ret)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[2] = {0};

    if (syscall(SYS_capget, &header, d) < 0)
        return -errno;
    ret->effective = d[0].effective | (uint64_t)d[1].effective << 32;
    ret->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
    ret->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
    return 0;
}

bool child_can_hide(void)
{
    struct child_capabilities now = {0};

    return get_sets(&now) == 0 && has(now.effective, CAP_SYS_PTRACE);
}

int child_hide(const struct child *c, struct err *err)
{
    /* The environment is the caller's, and those who may trace read it as well. */
    for (char **variable = environ; variable && *variable; variable++)
        memset(*variable, 0, strlen(*variable));
    if (c->hides && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_errno(err, errno, "prctl");
    return 0;
}

static int set_sets(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[2];

    for (int i = 0; i < 2; i++)
        d[i] = (struct __user_cap_data_struct){(uint32_t)(effective >> 32 * i), (uint32_t)(permitted >> 32 * i),
                                               (uint32_t)(inheritable >> 32 * i)};
    return syscall(SYS_capset, &header, d) < 0 ? -errno : 0;
}

static uint64_t bounding_set(void)
{
    uint64_t set = 0;

    int r;

    for (unsigned long cap = 0; cap < 64 && (r = prctl(PR_CAPBSET_READ, cap, 0, 0, 0)) >= 0; cap++)
        set |= (uint64_t)r << cap;
    return set;
}

static uint64_t within(uint64_t wanted, uint64_t can, const char *set)
{
    if (wanted & ~can)
        log_debug("process.capabilities.%s: %#llx cannot be granted", set, (unsigned long long)(wanted & ~can));
    return wanted & can;
}

static void raise_ambient(uint64_t ambient)
{
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long cap = 0; cap < 64; cap++)
        if (has(ambient, cap) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            log_debug("process.capabilities.ambient: %lu: %s", cap, strerror(errno));
}

int child_capabilities_set(struct child *c, struct err *err)
{
    const struct oci_process *process = &c->start->spec->process;
    const struct oci_capabilities *caps = &process->capabilities;
    /* A user by name who is not root gets none, so that not even the execve(2) is done with root's rights. */
    bool none = process->user.username && c->user.uid != 0;
    const uint64_t admin = (uint64_t)1 << CAP_SYS_ADMIN;
    struct child_capabilities now = {0}, *to = &c->capabilities;
    uint64_t ambient = 0, lent;
    int r = get_sets(&now);

    if (r < 0)
        return err_errno(err, -r, "capget");
    if (!none) {
        to->permitted = within(plan_capability_mask(caps->permitted), now.permitted, "permitted");
        to->effective = within(plan_capability_mask(caps->effective), to->permitted, "effective");
        to->inheritable = within(plan_capability_mask(caps->inheritable),
                                 now.inheritable | (now.permitted & bounding_set()), "inheritable");
        ambient = within(plan_capability_mask(caps->ambient), to->permitted & to->inheritable, "ambient");
    }
    /* Loading a filter takes no_new_privs or CAP_SYS_ADMIN, which for that is kept to the very end. */
    lent = c->filter && !process->no_new_privileges ? admin & now.permitted & ~to->effective : 0;
    to->lent = lent;
    r = set_sets(to->effective | lent, to->permitted | lent, to->inheritable);
    if (r < 0)
        return err_errno(err, -r, "capset");
    raise_ambient(ambient);
    return 0;
}

int child_capabilities_settle(struct child *c, struct err *err)
{
    struct child_capabilities *to = &c->capabilities;
    int r = to->lent ? set_sets(to->effective, to->permitted, to->inheritable) : 0;

    to->lent = false;
    return r < 0 ? err_errno(err, -r, "capset") : 0;
}

#include "layer/sandbox.h"

#include "base/log.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* A window of zstd takes 128 MiB; the rest of an unpacking stays below 16 (stream.h, tar.h). */
enum { EXTRA_MEMORY = 192 << 20 };

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void close_others(int tree_fd, int view_fd, const int *keep, size_t n_keep)
{
    size_t n = n_keep + 2;
    _cleanup_free_ int *kept = mem_zalloc(n, sizeof(*kept));
    unsigned from = 3;

    kept[0] = tree_fd;
    kept[1] = view_fd;
    for (size_t i = 0; i < n_keep; i++)
        kept[i + 2] = keep[i];
    qsort(kept, n, sizeof(*kept), by_number);
    for (size_t i = 0; i < n; i++) {
        if (kept[i] < (int)from)
            continue;
        if (kept[i] > (int)from)
            close_range(from, (unsigned)kept[i] - 1, 0);
        from = (unsigned)kept[i] + 1;
    }
    close_range(from, UINT_MAX, 0);
}

static void limit_memory(void)
{
    unsigned long long pages = 0;
    _cleanup_buf_ struct buf statm = BUF_INIT_MAX(256);
    struct rlimit limit;

    /* proc(5): the sixth number is what RLIMIT_DATA counts. */
    if (fd_read_file(AT_FDCWD, "/proc/self/statm", &statm, NULL) < 0 ||
        sscanf(buf_str(&statm), "%*u %*u %*u %*u %*u %llu", &pages) != 1 || getrlimit(RLIMIT_DATA, &limit) < 0)
        return;
    limit.rlim_cur = MIN_OF(limit.rlim_max, pages * (unsigned long long)sysconf(_SC_PAGESIZE) + EXTRA_MEMORY);
    if (setrlimit(RLIMIT_DATA, &limit) < 0)
        log_debug("unpacking without a limit of memory: %s", strerror(errno));
}

/* Another mount of the directory that is in no namespace: mount attributes for us alone, and nothing above it. */
static int clone_mount(int fd, unsigned attributes)
{
    struct mount_attr attr = {.attr_set = attributes | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
    _cleanup_fd_ int mount =
        (int)syscall(SYS_open_tree, fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | (unsigned)OPEN_TREE_CLOEXEC);

    if (mount < 0 || syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        return -1;
    return openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void replace_by_clone(int *dir, unsigned attributes)
{
    int fd = clone_mount(*dir, attributes);

    if (fd < 0) {
        log_debug("unpacking on a file system with devices: %s", strerror(errno));
        return;
    }
    fd_close(*dir);
    *dir = fd;
}

static void change_root(int *tree_fd)
{
    replace_by_clone(tree_fd, 0);
    if (fchdir(*tree_fd) < 0 || chroot(".") < 0)
        log_debug("unpacking without changing the root: %s", strerror(errno));
}

static const unsigned kept_capabilities[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,
                                             CAP_FSETID, CAP_MKNOD,        CAP_SETFCAP};

static int drop_capabilities(bool user_xattr, struct err *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    uint64_t keep = user_xattr ? 0 : UINT64_C(1) << CAP_SYS_ADMIN;

    for (size_t i = 0; i < ARRAY_SIZE(kept_capabilities); i++)
        keep |= UINT64_C(1) << kept_capabilities[i];
    if (syscall(SYS_capget, &header, data) < 0)
        return err_errno(err, errno, "reading the capabilities");
    /* The bounding set counts for exec(2) alone, which is forbidden; no_new_privs sees to the rest. */
    for (unsigned i = 0; i < 2; i++) {
        data[i].permitted &= (uint32_t)(keep >> (32 * i));
        data[i].effective = data[i].permitted;
        data[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &header, data) < 0)
        return err_errno(err, errno, "giving up capabilities");
    return 0;
}

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#endif

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* 6.15 */
#endif

#ifdef FILTER_ARCH
static const unsigned forbidden[] = {
    /* what CAP_SYS_ADMIN, CAP_MKNOD and CAP_DAC_OVERRIDE would otherwise open */
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_open_tree_attr,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_setns,
    SYS_unshare,
    SYS_open_by_handle_at,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_syslog,
    SYS_fanotify_init,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_acct,
    /* other processes, other programs */
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_getfd,
    SYS_pidfd_open,
    SYS_kcmp,
    SYS_kill,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    /* the network, and large parts of the kernel that nobody needs here */
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_io_uring_setup,
    SYS_userfaultfd,
    SYS_ioctl,
    SYS_personality,
};

#define ALLOW       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))

static void filter_system_calls(void)
{
    static const unsigned namespaces =
        CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    const struct sock_filter head[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        /* The x32 numbers of x86-64 would go by the list. */
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
        REFUSE,
        /* clone3's flags cannot be looked at; ENOSYS makes the C library take clone. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, namespaces, 0, 1),
        REFUSE,
        ALLOW,
        /* Of all processes only this one: abort(3) sends itself a signal, getrlimit(2) is prlimit64. The kernel too
         * looks at the lower half of a pid alone. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 4),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)getpid(), 0, 1),
        ALLOW,
        REFUSE,
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prlimit64, 0, 4),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        ALLOW,
        REFUSE,
    };
    struct sock_filter filter[ARRAY_SIZE(head) + 2 * ARRAY_SIZE(forbidden) + 1];
    struct sock_fprog program = {.filter = filter};
    unsigned short n = ARRAY_SIZE(head);

    memcpy(filter, head, sizeof(head));
    for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbidden[i], 0, 1);
        filter[n++] = (struct sock_filter)REFUSE;
    }
    filter[n++] = (struct sock_filter)ALLOW;
    program.len = n;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        log_debug("unpacking without a filter of system calls: %s", strerror(errno));
}
#else
static void filter_system_calls(void)
{
    log_debug("unpacking without a filter of system calls: not known on this architecture");
}
#endif

int layer_sandbox_enter(int *tree_fd, int *view_fd, const int *keep, size_t n_keep, bool user_xattr, struct err *err)
{
    int r;

    close_others(*tree_fd, view_fd ? *view_fd : -1, keep, n_keep);
    limit_memory();
    if (view_fd)
        replace_by_clone(view_fd, MOUNT_ATTR_RDONLY);
    change_root(tree_fd);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_errno(err, errno, "setting no_new_privs");
    r = drop_capabilities(user_xattr, err);
    if (r < 0)
        return r;
    filter_system_calls();
    return 0;
}

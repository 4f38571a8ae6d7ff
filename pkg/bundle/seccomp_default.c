/* Docker's default profile. What it leaves out are calls that reach the kernel itself (modules, clocks, keys,
 * rebooting), that namespaces do not cover, or that have been the way out of containers. Names that a kernel or
 * libseccomp does not know do no harm: they are passed over. */
#include "bundle/seccomp.h"

#include "base/strv.h"

/* A list of words, as a static vector. */
#define WORDS(...) ((char **)(const char *const[]){__VA_ARGS__, NULL})

static const char always[] =
    "_llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod "
    "chown chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
    "clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat "
    "dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait "
    "epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 "
    "fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl "
    "fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs "
    "fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake "
    "futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid "
    "geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid "
    "getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname "
    "getsockopt gettid gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init "
    "inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 "
    "io_setup io_submit ioctl ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset "
    "landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr listxattrat "
    "llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier memfd_create "
    "memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr "
    "mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink "
    "mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep "
    "newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free "
    "pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 "
    "pselect6_time64 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom "
    "recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2 "
    "restart_syscall riscv_hwprobe rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
    "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo "
    "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam "
    "sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr "
    "sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop "
    "semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area "
    "set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer "
    "setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 "
    "setrlimit setsid setsockopt setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown "
    "sigaltstack signalfd signalfd4 sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs "
    "statfs64 statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time "
    "timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 "
    "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate "
    "truncate64 ugetrlimit umask uname unlink unlinkat uretprobe utime utimensat utimensat_time64 utimes "
    "vfork vmsplice wait4 waitid waitpid write writev";

enum {
    /* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET */
    CLONE_NEW_ANY = 0x7e020000,
    ERRNO_ENOSYS = 38,
};

static const struct group {
    const char *names;
    const char *op; /* of one condition on the arguments; NULL: none */
    unsigned index;
    uint64_t value, value_two;
    int64_t errno_ret; /* 0: allowed */
    struct bundle_seccomp_when includes, excludes;
} groups[] = {
    {always},
    /* From 4.8 on a tracer does not get past the filter of whom it traces. */
    {"process_vm_readv process_vm_writev ptrace", .includes = {.min_kernel = (char *)"4.8"}},
    /* Any socket but AF_ALG (38) and AF_VSOCK (40). */
    {"socket", "SCMP_CMP_LT", 0, 38},
    {"socket", "SCMP_CMP_EQ", 0, 39},
    {"socket", "SCMP_CMP_GT", 0, 40},
    /* PER_LINUX, PER_LINUX32, UNAME26, both, and asking. */
    {"personality", "SCMP_CMP_EQ", 0, 0},
    {"personality", "SCMP_CMP_EQ", 0, 8},
    {"personality", "SCMP_CMP_EQ", 0, 0x20000},
    {"personality", "SCMP_CMP_EQ", 0, 0x20008},
    {"personality", "SCMP_CMP_EQ", 0, 0xffffffff},
    {"sync_file_range2 swapcontext", .includes = {.arches = WORDS("ppc64le")}},
    {"arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
     .includes = {.arches = WORDS("arm", "arm64")}},
    {"arch_prctl", .includes = {.arches = WORDS("amd64", "x32")}},
    {"modify_ldt", .includes = {.arches = WORDS("amd64", "x32", "x86")}},
    {"s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr", .includes = {.arches = WORDS("s390", "s390x")}},
    {"riscv_flush_icache", .includes = {.arches = WORDS("riscv64")}},
    {"open_by_handle_at", .includes = {.caps = WORDS("CAP_DAC_READ_SEARCH")}},
    {"bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules "
     "lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname "
     "sethostname setns syslog umount umount2 unshare",
     .includes = {.caps = WORDS("CAP_SYS_ADMIN")}},
    /* Without it, new processes and threads in the same namespaces alone. */
    {"clone", "SCMP_CMP_MASKED_EQ", 0, CLONE_NEW_ANY,
     .excludes = {.caps = WORDS("CAP_SYS_ADMIN"), .arches = WORDS("s390", "s390x")}},
    {"clone", "SCMP_CMP_MASKED_EQ", 1, CLONE_NEW_ANY, .includes = {.arches = WORDS("s390", "s390x")},
     .excludes = {.caps = WORDS("CAP_SYS_ADMIN")}},
    /* Its flags lie in memory, out of a filter's sight: C libraries take clone(2) then. */
    {"clone3", .errno_ret = ERRNO_ENOSYS, .excludes = {.caps = WORDS("CAP_SYS_ADMIN")}},
    {"reboot", .includes = {.caps = WORDS("CAP_SYS_BOOT")}},
    {"chroot", .includes = {.caps = WORDS("CAP_SYS_CHROOT")}},
    {"delete_module init_module finit_module", .includes = {.caps = WORDS("CAP_SYS_MODULE")}},
    {"acct", .includes = {.caps = WORDS("CAP_SYS_PACCT")}},
    {"kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace",
     .includes = {.caps = WORDS("CAP_SYS_PTRACE")}},
    {"iopl ioperm", .includes = {.caps = WORDS("CAP_SYS_RAWIO")}},
    {"settimeofday stime clock_settime clock_settime64", .includes = {.caps = WORDS("CAP_SYS_TIME")}},
    {"vhangup", .includes = {.caps = WORDS("CAP_SYS_TTY_CONFIG")}},
    {"get_mempolicy mbind set_mempolicy set_mempolicy_home_node", .includes = {.caps = WORDS("CAP_SYS_NICE")}},
    {"syslog", .includes = {.caps = WORDS("CAP_SYSLOG")}},
    {"bpf", .includes = {.caps = WORDS("CAP_BPF")}},
    {"perf_event_open", .includes = {.caps = WORDS("CAP_PERFMON")}},
};

/* The ABIs that a kernel of the first one runs as well. */
static const struct {
    const char *arch, *others;
} architectures[] = {
    {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86 SCMP_ARCH_X32"},
    {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"},
    {"SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS SCMP_ARCH_MIPS64N32"},
    {"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL SCMP_ARCH_MIPSEL64N32"},
    {"SCMP_ARCH_S390X", "SCMP_ARCH_S390"},
};

static int64_t *number(int64_t n)
{
    return mem_dup(&n, sizeof(n));
}

static void add_group(const struct group *g, struct oci_seccomp *to)
{
    struct oci_seccomp_rule *rule = VEC_PUSH(&to->syscalls);

    rule->names = strv_split(g->names, ' ');
    rule->action = str_dup(g->errno_ret ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
    if (g->errno_ret)
        rule->errno_ret = number(g->errno_ret);
    if (g->op)
        *VEC_PUSH(&rule->args) = (struct oci_seccomp_arg){g->index, g->value, g->value_two, str_dup(g->op)};
}

struct oci_seccomp *bundle_seccomp_default(const struct bundle_seccomp_host *host, char *const *capabilities)
{
    struct oci_seccomp *s = mem_zalloc(1, sizeof(*s));
    const char *arch = bundle_seccomp_arch(host);

    s->default_action = str_dup("SCMP_ACT_ERRNO");
    s->default_errno_ret = number(1); /* EPERM */
    for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
        if (str_eq(arch, architectures[i].arch)) {
            _cleanup_strv_ char **others = strv_split(architectures[i].others, ' ');

            strv_add(&s->architectures, arch);
            strv_extend(&s->architectures, others);
        }
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        const struct bundle_seccomp_rule conditions = {.includes = groups[i].includes, .excludes = groups[i].excludes};

        if (bundle_seccomp_applies(&conditions, host, capabilities, NULL) > 0)
            add_group(&groups[i], s);
    }
    return s;
}

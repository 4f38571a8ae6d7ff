/* What system calls would do that are kept from containers. */
#include "explain/syscalls.h"

const struct explain_syscall_group explain_syscall_groups[] = {
    {"kernel code", "init_module finit_module delete_module create_module",
     "load code into the kernel, or take it out"},
    {"kexec", "kexec_load kexec_file_load reboot", "stop the host, or start another kernel on it"},
    {"bpf", "bpf", "load programs that run in the kernel"},
    {"mounts", "mount umount2 pivot_root fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr",
     "mount file systems, move mounts and take them away"},
    {"namespaces", "unshare setns clone3",
     "make namespaces, in which much more kernel code can be reached, and enter those of others"},
    {"host name", "sethostname setdomainname", "rename the host, or the container"},
    {"clock", "settimeofday clock_settime", "set the clock, which is the host's"},
    {"keys", "add_key request_key keyctl", "use the kernel's keys, which no namespace keeps apart"},
    {"other processes", "kcmp pidfd_getfd process_madvise", "look into other processes, and take open files from them"},
    {"memory of others", "move_pages migrate_pages", "move the memory of processes between nodes"},
    {"memory nodes", "mbind get_mempolicy set_mempolicy set_mempolicy_home_node", "decide on which node memory lies"},
    {"page faults", "userfaultfd", "stop the kernel in the middle of a copy, which attacks on it are built of"},
    {"io_uring", "io_uring_setup io_uring_enter io_uring_register",
     "have the kernel do work by a queue, past this filter"},
    {"watching", "perf_event_open fanotify_init lookup_dcookie",
     "watch the kernel, the processors and what others open"},
    {"handles", "open_by_handle_at", "open files by number, past the walls between mounts"},
    {"I/O ports", "iopl ioperm", "talk to hardware past the kernel"},
    {"swap", "swapon swapoff", "give the host swap, or take it away"},
    {"accounting", "acct quotactl quotactl_fd", "change the accounting of processes and the quotas of disks"},
    {"kernel log", "syslog", "read and clear the kernel's log"},
    {"terminals", "vhangup", "hang up terminals"},
    {"obsolete",
     "_sysctl sysfs ustat uselib nfsservctl get_kernel_syms query_module getpmsg putpmsg afs_syscall tuxcall security "
     "vserver",
     "nothing that a program of today needs: old code that nobody looks after"},
};
const size_t explain_n_syscall_groups = ARRAY_SIZE(explain_syscall_groups);

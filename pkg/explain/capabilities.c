#include "explain/capabilities.h"

#include "bundle/bundle.h"
#include "explain/read.h"
#include "runtime/plan.h"

#include "base/num.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <inttypes.h>

/* In the order of their numbers. */
static const char *const words[][2] = {
    {"CAP_CHOWN", "change the owner of any file"},
    {"CAP_DAC_OVERRIDE", "read, write and execute files whatever their permissions"},
    {"CAP_DAC_READ_SEARCH", "read any file and directory, and open files by handle, past every mount"},
    {"CAP_FOWNER", "change permissions, times and attributes of files of others"},
    {"CAP_FSETID", "keep set-user-ID and set-group-ID bits on files that it changes"},
    {"CAP_KILL", "signal processes of other users"},
    {"CAP_SETGID", "become any group, and choose its groups"},
    {"CAP_SETUID", "become any user"},
    {"CAP_SETPCAP", "drop capabilities for good, and hand its own on"},
    {"CAP_LINUX_IMMUTABLE", "set and clear the immutable and append-only marks of files"},
    {"CAP_NET_BIND_SERVICE", "listen on ports below 1024"},
    {"CAP_NET_BROADCAST", "broadcast, and listen to multicasts"},
    {"CAP_NET_ADMIN", "configure interfaces, addresses, routes and firewall rules of its network"},
    {"CAP_NET_RAW", "send and receive raw packets, also forged ones, on its network"},
    {"CAP_IPC_LOCK", "lock any amount of memory against being swapped out"},
    {"CAP_IPC_OWNER", "use shared memory, semaphores and queues of others"},
    {"CAP_SYS_MODULE", "load code into the kernel: whoever has it has the host"},
    {"CAP_SYS_RAWIO", "reach I/O ports, physical memory and disks past the kernel"},
    {"CAP_SYS_CHROOT", "change its root directory, and enter mount namespaces"},
    {"CAP_SYS_PTRACE", "look into and change the memory of any process that it sees"},
    {"CAP_SYS_PACCT", "switch the accounting of processes on and off"},
    {"CAP_SYS_ADMIN", "mount, enter namespaces, set up devices and much else: nearly all of root"},
    {"CAP_SYS_BOOT", "restart the host, and load another kernel"},
    {"CAP_SYS_NICE", "give processes of others priority, real time and other processors"},
    {"CAP_SYS_RESOURCE", "exceed quotas and limits, also of files that are reserved for root"},
    {"CAP_SYS_TIME", "set the clock of the host"},
    {"CAP_SYS_TTY_CONFIG", "hang up and configure terminals"},
    {"CAP_MKNOD", "make device nodes; whether they open, the filter of devices says"},
    {"CAP_LEASE", "be told before others open a file, and hold them up"},
    {"CAP_AUDIT_WRITE", "write records to the kernel's audit log"},
    {"CAP_AUDIT_CONTROL", "switch audit of the kernel on and off, and change its rules"},
    {"CAP_SETFCAP", "give capabilities to files"},
    {"CAP_MAC_OVERRIDE", "pass over the rules of the security module Smack"},
    {"CAP_MAC_ADMIN", "change the rules of security modules"},
    {"CAP_SYSLOG", "read the kernel's log, with addresses in it, and clear it"},
    {"CAP_WAKE_ALARM", "wake the host from sleep by a timer"},
    {"CAP_BLOCK_SUSPEND", "keep the host from going to sleep"},
    {"CAP_AUDIT_READ", "read the kernel's audit log"},
    {"CAP_PERFMON", "measure and watch the kernel and all processes"},
    {"CAP_BPF", "load BPF programs, which run in the kernel"},
    {"CAP_CHECKPOINT_RESTORE", "choose numbers of new processes, and what a restored one needs"},
};

const char *explain_capability_words(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq(words[i][0], name))
            return words[i][1];
    return "what this version does not know";
}

uint64_t explain_capabilities_usual(void)
{
    static const struct engine_host_config nothing;
    _cleanup_strv_ char **names = bundle_capabilities(&nothing);

    return plan_capability_mask(names);
}

/* A kernel that is older knows fewer. */
uint64_t explain_capabilities_all(void)
{
    _cleanup_buf_ struct buf last = BUF_INIT_MAX(32);
    int64_t n = ARRAY_SIZE(words) - 1;

    if (fd_read_file(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", &last, NULL) == 0) {
        _cleanup_free_ char *line = str_ndup(buf_str(&last), strcspn(buf_str(&last), "\n"));

        (void)num_parse_i64(line, 0, 62, &n, NULL);
    }
    return (UINT64_C(2) << n) - 1;
}

char **explain_capability_list(uint64_t mask)
{
    char **list = NULL;

    for (size_t i = 0; i < 64; i++)
        if (mask >> i & 1) {
            if (i < ARRAY_SIZE(words))
                strv_add(&list, words[i][0]);
            else
                strv_addf(&list, "CAP_%zu", i);
        }
    return list;
}

static const struct {
    const char *name, *meaning, *none;
    size_t set;
} sets[] = {
    {"effective", "what counts when it asks for something now", "it may nothing that another user may not",
     EXPLAIN_EFFECTIVE},
    {"permitted", "what it can make count", "it has nothing to make count", EXPLAIN_PERMITTED},
    {"inheritable", "what programs get that have it marked", "no program gets any by its marks alone",
     EXPLAIN_INHERITABLE},
    {"ambient", "what programs keep that have no marks, whoever runs them", "none goes to a program by itself",
     EXPLAIN_AMBIENT},
    {"bounding", "what no program inside can ever have more of", "no program inside can ever have any",
     EXPLAIN_BOUNDING},
};

static void add_each(struct explain_fact *above, uint64_t mask, uint64_t unusual)
{
    _cleanup_strv_ char **names = explain_capability_list(mask), **more = explain_capability_list(mask & unusual);

    explain_strings(above, names);
    STRV_FOREACH (name, names) {
        struct explain_fact *fact = explain_below(above, *name, NULL, "%s", explain_capability_words(*name));

        fact->weak = strv_contains(more, *name);
    }
}

void explain_capabilities_add(const struct explain_status *status, uint64_t all, uint64_t usual, const char *source,
                              explain_facts *to)
{
    uint64_t kept = status->capabilities[EXPLAIN_BOUNDING] & all, dropped = all & ~kept;
    int n_all = __builtin_popcountll(all);

    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        uint64_t set = status->capabilities[sets[i].set];
        _cleanup_strv_ char **names = explain_capability_list(set);
        struct explain_fact *fact = explain_add(to, sets[i].name, source, "%d of %d: %s", __builtin_popcountll(set),
                                                n_all, set ? sets[i].meaning : sets[i].none);

        explain_strings(fact, names);
        fact->weak = sets[i].set == EXPLAIN_BOUNDING && (set & ~usual);
    }
    if (kept)
        add_each(explain_add(to, "kept", source, "A program inside that runs as root may"), kept, ~usual);
    if (dropped)
        add_each(explain_add(to, "dropped", source, "Nobody inside may, not even root"), dropped, 0);
}

int explain_capabilities(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_explain_status_ struct explain_status status = {0};
    _cleanup_free_ char *source = explain_source(subject, "status");
    int r = explain_status_of(subject, &status, err);

    if (r == 0)
        explain_capabilities_add(&status, explain_capabilities_all(), explain_capabilities_usual(), source, ret);
    return r;
}

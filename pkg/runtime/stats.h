/* What a container uses: one reading of its cgroups and of its network, whatever the versions of cgroups.
 *
 * What the kernel does not tell is 0 or an empty list: v2 counts no CPU time by CPU, v1 has no pressure. Limits that
 * are none are UINT64_MAX on v2 and what the kernel says on v1 (2^63 less a page), but 0 for processes.
 *
 * Documentation/admin-guide/cgroup-v1/, cgroup-v2.rst; proc_pid_net(5). The JSON is that of runc's `events --stats`,
 * which containerd and others read.
 */
#pragma once

#include "runtime/cgroup.h"

struct stats_memory_entry {
    uint64_t limit, usage, max, failures; /* bytes; `max`: the most there was; how often the limit was hit */
};

struct stats_value {
    char *name;
    uint64_t value;
};

struct stats_io_entry {
    uint64_t major, minor;
    char op[12]; /* "Read", "Write", "Total"; "" for counts that are of no kind */
    uint64_t value;
};
typedef VEC(struct stats_io_entry) stats_io_list;

/* The lists of block I/O, in the order of the JSON. */
enum stats_io {
    STATS_IO_BYTES,
    STATS_IO_OPERATIONS,
    STATS_IO_QUEUED,
    STATS_IO_SERVICE_TIME,
    STATS_IO_WAIT_TIME,
    STATS_IO_MERGED,
    STATS_IO_TIME,
    STATS_IO_SECTORS,
    STATS_IO_LISTS,
};

/* Of the time, in percent of the last 10, 60, 300 s, and µs at all: some or all processes waited. psi.rst. */
struct stats_pressure_line {
    double avg10, avg60, avg300;
    uint64_t total;
};

struct stats_pressure {
    bool known;
    struct stats_pressure_line some, full;
};

struct stats_hugepages {
    char *page_size; /* "2MB" */
    uint64_t usage, max, failures;
};

struct stats_rdma {
    char *device;
    uint64_t handles, objects, max_handles, max_objects; /* UINT32_MAX: no limit */
};

struct stats_interface {
    char *name;
    uint64_t received[4], sent[4]; /* bytes, packets, errors, dropped */
};

typedef VEC(uint64_t) stats_numbers;

/* v1's alone. */
enum { STATS_CPUSET_FLAGS = 8 };

struct stats {
    struct {
        uint64_t total, kernel, user; /* ns */
        stats_numbers percpu;
        stats_numbers percpu_kernel;
        stats_numbers percpu_user;
        uint64_t periods, throttled_periods, throttled_time; /* ns */
        struct stats_pressure pressure;
    } cpu;
    struct {
        stats_numbers cpus;
        stats_numbers mems;
        uint64_t flags[STATS_CPUSET_FLAGS]; /* by stats_cpuset_flags */
        int64_t relax_domain_level;
    } cpuset;
    struct {
        uint64_t cache; /* of files, bytes */
        struct stats_memory_entry usage;
        struct stats_memory_entry swap; /* memory and swap together */
        struct stats_memory_entry kernel, kernel_tcp;
        VEC(struct stats_value) raw; /* memory.stat */
        uint64_t oom_kills;
        struct stats_pressure pressure;
    } memory;
    struct {
        uint64_t current, limit; /* 0: none */
    } pids;
    struct {
        stats_io_list lists[STATS_IO_LISTS];
        struct stats_pressure pressure;
    } io;
    VEC(struct stats_hugepages) hugetlb;
    VEC(struct stats_rdma) rdma;
    VEC(struct stats_interface) network;
};

/* The names of cpuset's flags, as in the JSON; their files are "cpuset." and the name. */
extern const char *const stats_cpuset_flags[STATS_CPUSET_FLAGS];

/* Reads it all; `pid` is a process in the container's network namespace, 0 for none. ERR_IO and the like for a file
 * that is there and cannot be read. The caller releases `ret` after 0. */
int stats_read(const struct cgroup *cg, pid_t pid, struct stats *ret, struct err *err);
void stats_release(struct stats *stats);
#define _cleanup_stats_ _cleanup_(stats_release)

/* Appends an event of runc's: {"type":"stats","id":ID,"data":{…}}, and with no `stats` one that is its type alone. No
 * newline. */
void stats_event_dump(const char *type, const char *id, const struct stats *stats, struct buf *out);

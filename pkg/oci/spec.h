/* The runtime specification of a container (config.json of a bundle): what is to run, on which root file system, behind
 * which walls. OCI runtime specification 1.3, config.md and config-linux.md; every field for Linux, and none of other
 * systems. Plain data: a caller or bundle/ writes it, runtime/ carries it out.
 *
 * Absent and zero are the same where the specification gives 0 no meaning of its own: a memory limit of 0 is no limit.
 * Where it does, the member is a pointer, NULL for absent. A pointer to a struct is an object that may be absent as a
 * whole. Words (types, actions, policies) are kept as they are written; spec_words.h has them.
 */
#pragma once

#include "base/vec.h"
#include "json/json.h"

enum {
    OCI_SPEC_MAX = 4 << 20 /* bytes of a document that anybody reads; one with a long seccomp profile has 100 KiB */
};

#define OCI_SPEC_VERSION "1.3.0" /* of the specification that this follows, and the highest that it knows */

/* An annotation of ours: a small process stays in front of the program, reaps, and passes signals on. */
#define OCI_SPEC_INIT "io.cbox.init=true"

/* ---- process ---- */

struct oci_user {
    int64_t uid, gid;
    VEC(int64_t) additional_gids;
    int64_t *umask; /* NULL: 022 */
    /* "name|uid[:group|gid]", as an image or a user says it: to be looked up in /etc/passwd and /etc/group of the root
     * file system when that is there; then uid, gid and additional_gids are of no account. */
    char *username;
    char **groups; /* with that: further ones, by name or id */
};

struct oci_rlimit {
    char *type; /* "RLIMIT_NOFILE" */
    uint64_t soft, hard;
};

/* Names as "CAP_CHOWN". */
struct oci_capabilities {
    char **bounding, **effective, **inheritable, **permitted, **ambient;
};

struct oci_console_size {
    int64_t height, width; /* characters */
};

/* sched_setattr(2). */
struct oci_scheduler {
    char *policy; /* "SCHED_FIFO" */
    int64_t nice, priority;
    char **flags;                       /* "SCHED_FLAG_RESET_ON_FORK" */
    uint64_t runtime, deadline, period; /* nanoseconds; of SCHED_DEADLINE */
};

/* ioprio_set(2). */
struct oci_io_priority {
    char *class;      /* "IOPRIO_CLASS_BE" */
    int64_t priority; /* 0 (highest) to 7 */
};

/* Of exec alone, never of the container's first process: lists as "0-3,7"; NULL: as it comes. */
struct oci_cpu_affinity {
    char *initial; /* before the process is in the container's cgroup */
    char *final;   /* after that */
};

struct oci_process {
    bool terminal;
    struct oci_console_size console_size;
    struct oci_user user;
    char **args;
    char **env; /* NAME=VALUE */
    char *cwd;  /* absolute; NULL: there is no process in the document (oci_spec_has_process()) */
    struct oci_capabilities capabilities;
    VEC(struct oci_rlimit) rlimits;
    bool no_new_privileges;
    char *apparmor_profile;
    char *selinux_label;
    int64_t *oom_score_adj;              /* NULL: inherited */
    struct oci_scheduler *scheduler;     /* NULL: inherited */
    struct oci_io_priority *io_priority; /* NULL: inherited */
    struct oci_cpu_affinity *exec_cpu_affinity;
};

/* ---- root, mounts, hooks ---- */

struct oci_root {
    char *path; /* relative to the bundle or absolute */
    bool readonly;
};

/* Ids from `container_id` on inside are those from `host_id` on outside, `size` of them. */
struct oci_id_mapping {
    int64_t container_id, host_id, size;
};
typedef VEC(struct oci_id_mapping) oci_id_mappings;

struct oci_mount {
    char *destination;                          /* in the container; absolute, or relative to / in old documents */
    char *type;                                 /* of the file system; of no account with the option bind or rbind */
    char *source;                               /* of a bind: absolute or relative to the bundle */
    char **options;                             /* as mount(8) has them */
    oci_id_mappings uid_mappings, gid_mappings; /* of the mount: mount_setattr(2), MOUNT_ATTR_IDMAP */
};

struct oci_hook {
    char *path;       /* absolute, in the runtime's mount namespace or for startContainer the container's */
    char **args;      /* with argv[0]; NULL: the path alone */
    char **env;       /* NAME=VALUE */
    int64_t *timeout; /* seconds; NULL: none */
};
typedef VEC(struct oci_hook) oci_hook_list;

struct oci_hooks {
    oci_hook_list prestart, create_runtime, create_container, start_container, poststart, poststop;
};

/* ---- linux ---- */

struct oci_namespace {
    char *type; /* "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time" */
    char *path; /* of one to join; NULL: a new one */
};

struct oci_time_offset {
    char *clock; /* "monotonic", "boottime" */
    int64_t secs, nanosecs;
};

struct oci_device {
    char *type;             /* "c", "b", "u", "p" */
    char *path;             /* absolute, in the container */
    int64_t *major, *minor; /* NULL for "p" alone */
    int64_t *mode;          /* permissions; NULL: 0666 */
    int64_t uid, gid;
};

/* A network interface of the host that moves into the container. */
struct oci_net_device {
    char *host_name;
    char *name; /* inside; may end in "%d"; NULL: as outside */
};

/* One rule of the device controller; later rules win. */
struct oci_device_rule {
    bool allow;
    char *type;     /* "a" (all), "c", "b"; NULL: all */
    int64_t *major; /* NULL: any */
    int64_t *minor; /* NULL: any */
    char *access;   /* of "rwm" */
};

/* Bytes; 0: none given, -1: unlimited. */
struct oci_memory {
    int64_t limit;
    int64_t reservation;        /* soft */
    int64_t swap;               /* memory and swap together */
    int64_t kernel, kernel_tcp; /* obsolete: kernels since 5.4 have no limit of their own for it */
    int64_t *swappiness;        /* 0 to 100; NULL: as it is */
    bool disable_oom_killer;
    bool use_hierarchy;
    bool check_before_update; /* refuse a new limit below what is used */
};

struct oci_cpu {
    int64_t shares; /* relative to others: 2 to 262144, 1024 where nobody asks; 0: none given */
    int64_t quota;  /* microseconds in each period; 0: none given, -1: unlimited */
    int64_t period; /* microseconds */
    char *cpus;     /* "0-3,7"; NULL: all */
    char *mems;
    int64_t *burst;                            /* microseconds; NULL: as it is */
    int64_t realtime_runtime, realtime_period; /* microseconds; 0: none given */
    int64_t *idle;                             /* 1: SCHED_IDLE, 0: not; NULL: as it is */
};

/* A limit on the requests to one block device. */
struct oci_throttle {
    int64_t major, minor;
    int64_t rate; /* bytes or operations per second */
};
typedef VEC(struct oci_throttle) oci_throttles;

struct oci_weight_device {
    int64_t major, minor;
    int64_t weight, leaf_weight; /* 10 to 1000; 0: none given */
};

struct oci_block_io {
    oci_throttles read_bps, write_bps, read_iops, write_iops;
    int64_t weight, leaf_weight; /* 10 to 1000; 0: none given */
    VEC(struct oci_weight_device) weight_devices;
};

struct oci_pids {
    int64_t *limit; /* NULL: none given; -1: unlimited; 0 is a limit */
};

struct oci_hugepage_limit {
    char *page_size; /* "2MB" */
    uint64_t limit;  /* bytes */
};

struct oci_interface_priority {
    char *name;
    int64_t priority;
};

struct oci_network {
    int64_t *class_id; /* NULL: none given */
    VEC(struct oci_interface_priority) priorities;
};

struct oci_rdma {
    char *device;
    int64_t *hca_handles, *hca_objects; /* NULL: none given */
};

struct oci_resources {
    VEC(struct oci_device_rule) devices;
    struct oci_memory memory;
    struct oci_cpu cpu;
    struct oci_pids pids;
    struct oci_block_io block_io;
    VEC(struct oci_hugepage_limit) hugepage_limits;
    struct oci_network network;
    VEC(struct oci_rdma) rdma;
    char **unified; /* FILE=VALUE, of cgroup v2 */
};

struct oci_intel_rdt {
    char *clos_id; /* NULL: the container's id */
    char **schemata;
    char *l3_cache_schema, *mem_bw_schema;
    bool enable_monitoring;
};

struct oci_seccomp_arg {
    int64_t index; /* 0 to 5 */
    uint64_t value, value_two;
    char *op; /* "SCMP_CMP_EQ" */
};

struct oci_seccomp_rule {
    char **names;                     /* of system calls */
    char *action;                     /* "SCMP_ACT_ERRNO" */
    int64_t *errno_ret;               /* NULL: EPERM */
    VEC(struct oci_seccomp_arg) args; /* all of them must hold */
};

struct oci_seccomp {
    char *default_action;
    int64_t *default_errno_ret;
    char **architectures; /* "SCMP_ARCH_X86_64" */
    char **flags;         /* "SECCOMP_FILTER_FLAG_LOG" */
    char *listener_path, *listener_metadata;
    VEC(struct oci_seccomp_rule) syscalls;
};

struct oci_personality {
    char *domain; /* "LINUX", "LINUX32" */
    char **flags;
};

/* set_mempolicy(2). */
struct oci_memory_policy {
    char *mode;   /* "MPOL_BIND" */
    char *nodes;  /* "0-3,7" */
    char **flags; /* "MPOL_F_STATIC_NODES" */
};

struct oci_linux {
    VEC(struct oci_namespace) namespaces;
    oci_id_mappings uid_mappings, gid_mappings; /* of the user namespace */
    VEC(struct oci_time_offset) time_offsets;
    VEC(struct oci_device) devices;
    VEC(struct oci_net_device) net_devices;
    struct oci_resources resources;
    char *cgroups_path;       /* "/cbox/ID": below the root of every hierarchy; "SLICE:PREFIX:NAME" with systemd */
    char *rootfs_propagation; /* "private", "slave", …; NULL: private */
    char **masked_paths;
    char **readonly_paths;
    char **sysctl; /* NAME=VALUE, "net.ipv4.ip_forward=1" */
    char *mount_label;
    struct oci_seccomp *seccomp;
    char *seccomp_text; /* not of the document: a profile in its place, as JSON that is parsed only to compile it */
    struct oci_intel_rdt *intel_rdt;
    struct oci_personality *personality;
    struct oci_memory_policy *memory_policy;
};

struct oci_spec {
    char *version; /* "1.2.0" */
    struct oci_process process;
    struct oci_root root;
    char *hostname, *domainname;
    VEC(struct oci_mount) mounts; /* in the order in which they are made */
    struct oci_hooks hooks;
    struct oci_linux platform; /* "linux" */
    char **annotations;        /* NAME=VALUE */
};

extern const struct json_type oci_spec_type, oci_process_type, oci_resources_type, oci_seccomp_type, oci_hooks_type,
    oci_intel_rdt_type;

/* Parses and checks (oci_spec_check()). The caller releases `ret` after 0. ERR_INVALID; ERR_UNSUPPORTED for a version
 * that is not known. */
int oci_spec_parse(const char *text, size_t len, struct oci_spec *ret, struct err *err);

/* What no table can say: absolute paths, numbers in their ranges, known words, what contradicts or needs each other. A
 * document without a process passes (config.md, "Process": it is required at start only). ERR_INVALID names the field
 * as a path with its index. */
int oci_spec_check(const struct oci_spec *spec, struct err *err);

/* The part of it for resources, also of an update; `at` names them in errors ("linux.resources"). */
int oci_resources_check(const struct oci_resources *resources, const char *at, struct err *err);

void oci_spec_release(struct oci_spec *spec);
#define _cleanup_spec_ _cleanup_(oci_spec_release)

/* Appends the document, indented. */
void oci_spec_dump(const struct oci_spec *spec, bool indent, struct buf *out);

/* A configuration to begin with: `sh` in a bundle's "rootfs", with next to no capabilities, in namespaces of its own;
 * that of cgroups where asked for. The caller releases it. spec_default.c. */
void oci_spec_default(bool cgroup_namespace, struct oci_spec *ret);

/* Makes it one for a user of the host without root's rights, who is root inside and nobody else. */
void oci_spec_make_rootless(struct oci_spec *spec, int64_t uid, int64_t gid);

/* Whether the document has a process: it need not until it is started. */
static inline bool oci_spec_has_process(const struct oci_spec *spec)
{
    return spec->process.cwd != NULL;
}

/* Whether the container gets a namespace of its own or joins one: the entry, or NULL where it shares its parent's. */
const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec, const char *type);

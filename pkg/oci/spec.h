/* The runtime specification of a container (config.json of a bundle): what is to run, on which root file system, behind
 * which walls. OCI runtime specification 1.2, config.md and config-linux.md. Plain data: bundle/ writes it, runtime/
 * carries it out.
 *
 * Absent and zero are the same where the specification gives 0 no meaning of its own: a limit of 0 is no limit.
 */
#pragma once

#include "base/vec.h"
#include "json/json.h"

enum { OCI_SPEC_MAX = 1 << 20 /* bytes of a document that anybody reads */ };

struct oci_user {
    int64_t uid, gid;
    VEC(int64_t) additional_gids;
    int64_t *umask; /* NULL: 022 */
    /* "name|uid[:group|gid]", as an image or a user says it: to be looked up in /etc/passwd and /etc/group of the root
     * file system when that is there; then uid, gid and additional_gids are of no account. */
    char *username;
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

struct oci_process {
    bool terminal;
    struct oci_console_size console_size;
    struct oci_user user;
    char **args;
    char **env; /* NAME=VALUE */
    char *cwd;  /* absolute */
    struct oci_capabilities capabilities;
    VEC(struct oci_rlimit) rlimits;
    bool no_new_privileges;
    int64_t *oom_score_adj; /* NULL: inherited */
};

struct oci_root {
    char *path; /* relative to the bundle or absolute */
    bool readonly;
};

struct oci_mount {
    char *destination; /* absolute, in the container */
    char *type;        /* of the file system; "bind" or NULL with the option bind or rbind */
    char *source;
    char **options; /* as mount(8) has them */
};

struct oci_namespace {
    char *type; /* "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time" */
    char *path; /* of one to join; NULL: a new one */
};

struct oci_device {
    char *type; /* "c", "b", "u", "p" */
    char *path; /* absolute, in the container */
    int64_t major, minor;
    int64_t mode; /* permissions; 0: 0666 */
    int64_t uid, gid;
};

/* One rule of the device controller; later rules win. */
struct oci_device_rule {
    bool allow;
    char *type;     /* "a" (all), "c", "b"; NULL: all */
    int64_t *major; /* NULL: any */
    int64_t *minor; /* NULL: any */
    char *access;   /* of "rwm" */
};

struct oci_memory {
    int64_t limit;       /* bytes; 0: none given, -1: unlimited */
    int64_t reservation; /* bytes, soft; 0: none given, -1: unlimited */
    int64_t swap;        /* bytes of memory and swap together; 0: none given, -1: unlimited */
};

struct oci_cpu {
    int64_t shares; /* relative to others: 2 to 262144, 1024 where nobody asks; 0: none given */
    int64_t quota;  /* microseconds in each period; 0: none given, -1: unlimited */
    int64_t period; /* microseconds */
    char *cpus;     /* "0-3,7"; NULL: all */
    char *mems;
};

/* A limit on the requests to one block device. */
struct oci_throttle {
    int64_t major, minor;
    int64_t rate; /* bytes or operations per second */
};
typedef VEC(struct oci_throttle) oci_throttles;

struct oci_block_io {
    oci_throttles read_bps, write_bps, read_iops, write_iops;
};

struct oci_pids {
    int64_t limit; /* 0: none given, -1: unlimited */
};

struct oci_resources {
    VEC(struct oci_device_rule) devices;
    struct oci_memory memory;
    struct oci_cpu cpu;
    struct oci_pids pids;
    struct oci_block_io block_io;
};

struct oci_linux {
    VEC(struct oci_namespace) namespaces;
    VEC(struct oci_device) devices;
    struct oci_resources resources;
    char *cgroups_path;       /* "/cbox/ID": below the root of every hierarchy */
    char *rootfs_propagation; /* "private", "slave", …; NULL: private */
    char **masked_paths;
    char **readonly_paths;
    char **sysctl; /* NAME=VALUE, "net.ipv4.ip_forward=1" */
};

struct oci_spec {
    char *version; /* "1.2.0" */
    struct oci_process process;
    struct oci_root root;
    char *hostname;
    VEC(struct oci_mount) mounts; /* in the order in which they are made */
    struct oci_linux platform;    /* "linux" */
    char **annotations;           /* NAME=VALUE */
};

extern const struct json_type oci_spec_type, oci_process_type;

/* Parses and checks (oci_spec_check()). The caller releases `ret` after 0. ERR_INVALID. */
int oci_spec_parse(const char *text, size_t len, struct oci_spec *ret, struct err *err);

/* What no table can say: an absolute cwd and absolute destinations, arguments, numbers in their ranges, known
 * namespaces, each once. ERR_INVALID names the field. */
int oci_spec_check(const struct oci_spec *spec, struct err *err);

void oci_spec_release(struct oci_spec *spec);
#define _cleanup_spec_ _cleanup_(oci_spec_release)

/* Appends the document, indented. */
void oci_spec_dump(const struct oci_spec *spec, struct buf *out);

/* Whether the container gets a namespace of its own or joins one: the entry, or NULL where it shares its parent's. */
const struct oci_namespace *oci_spec_namespace(const struct oci_spec *spec, const char *type);

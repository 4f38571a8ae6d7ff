/* What a container was asked to be, in the words of Docker's Engine API (v1.44, POST /containers/create): its Config
 * and its HostConfig, with the names, units and meanings that `docker inspect` shows. Plain data, no I/O.
 *
 * The command line fills it in (cmd/cbox), bundle/ makes a runtime specification of it, container/ keeps it beside the
 * record (monitor/documents.h) and prints it, monitor/ reads from it what it has to do when the container ends. An
 * option has its place here or nowhere.
 */
#pragma once

#include "oci/image_config.h"

/* A path of the host's /dev, or with `cgroup_permissions` alone what may be done to it. HostConfig.Devices */
struct engine_device {
    char *path_on_host, *path_in_container, *cgroup_permissions;
};

/* HostConfig.BlkioWeightDevice; HostConfig.BlkioDeviceReadBps and its like */
struct engine_weight_device {
    char *path;
    int64_t weight;
};
typedef VEC(struct engine_weight_device) engine_weight_devices;
struct engine_rate_device {
    char *path;
    uint64_t rate;
};
typedef VEC(struct engine_rate_device) engine_rate_devices;

/* HostConfig.Ulimits; -1: unlimited */
struct engine_ulimit {
    char *name; /* without RLIMIT_, small */
    int64_t hard, soft;
};

/* HostConfig.DeviceRequests: --gpus and CDI */
struct engine_device_request {
    char *driver;
    int64_t count; /* -1: all */
    char **device_ids;
    char *capabilities; /* an array of arrays of words, as JSON */
    char **options;     /* NAME=VALUE */
};

/* HostConfig.Mounts: --mount */
struct engine_bind_options {
    char *propagation;
    bool non_recursive, create_mountpoint, read_only_non_recursive, read_only_force_recursive;
};
struct engine_volume_options {
    bool no_copy;
    char **labels;
    char *subpath;
    struct { /* DriverConfig */
        char *driver;
        char **driver_options;
    };
};
struct engine_image_options {
    char *subpath;
};
struct engine_tmpfs_options {
    int64_t size_bytes, mode;
};
struct engine_mount {
    char *type; /* "bind", "volume", "tmpfs", "image" */
    char *source, *target;
    bool read_only;
    char *consistency;
    struct engine_bind_options *bind_options;
    struct engine_volume_options *volume_options;
    struct engine_image_options *image_options;
    struct engine_tmpfs_options *tmpfs_options;
};

/* HostConfig.RestartPolicy */
struct engine_restart_policy {
    char *name; /* "no", "always", "unless-stopped", "on-failure" */
    int64_t maximum_retry_count;
};

/* HostConfig.LogConfig */
struct engine_log_config {
    char *type;    /* "json-file", "local", "journald", "syslog", "none" */
    char **config; /* NAME=VALUE */
};

/* HostConfig.PortBindings, as ranges: inspect shows each port of one. Kept so that ten thousand cost what one costs. */
struct engine_port_binding {
    char *protocol;          /* "tcp", "udp", "sctp" */
    int64_t container_first; /* the first port of the container, and of the host: 0: any */
    int64_t count;
    char *host_ip;                 /* "": the default of the configuration */
    int64_t host_first, host_last; /* host_last: with one port of the container, any of the host up to here; else 0 */
};
typedef VEC(struct engine_port_binding) engine_port_bindings;

/* NetworkingConfig.EndpointsConfig: one --network. What it got is in the network's table (network/endpoint.h). */
struct engine_endpoint {
    char *network; /* its name; "default" is "bridge" */
    char **aliases;
    char *ipv4_address, *ipv6_address; /* IPAMConfig */
    char **link_local_ips;
    char *mac_address;
    char **driver_opts; /* NAME=VALUE */
    int64_t gw_priority;
};
typedef VEC(struct engine_endpoint) engine_endpoints;

/* HostConfig. Strings, lists and numbers that were not given are empty, or 0. */
struct engine_host_config {
    char **binds; /* -v, as it was written, with names of volumes and absolute sources */
    char *container_id_file;
    struct engine_log_config log_config;
    char *network_mode; /* "none", "host", "container:ID", or the name of the first network */
    engine_port_bindings port_bindings;
    struct engine_restart_policy restart_policy;
    bool auto_remove;
    char *volume_driver;
    char **volumes_from;
    VEC(int64_t) console_size;  /* height and width */
    char **annotations;         /* NAME=VALUE */
    char **cap_add, **cap_drop; /* CAP_… */
    char *cgroupns_mode;
    char **dns, **dns_options, **dns_search, **extra_hosts;
    char **group_add;
    char *ipc_mode, *cgroup, *pid_mode, *uts_mode, *userns_mode;
    char **links;
    int64_t oom_score_adj;
    bool privileged, publish_all_ports, readonly_rootfs;
    char **security_opt;
    char **storage_opt; /* NAME=VALUE */
    char **tmpfs;       /* PATH=OPTIONS */
    int64_t shm_size;   /* bytes */
    char **sysctls;     /* NAME=VALUE */
    char *runtime;
    char *isolation;

    /* Resources, which `update` changes as well. */
    int64_t cpu_shares;
    int64_t memory; /* bytes, as the next ones */
    int64_t nano_cpus;
    char *cgroup_parent;
    int64_t blkio_weight;
    engine_weight_devices blkio_weight_device;
    engine_rate_devices blkio_device_read_bps, blkio_device_write_bps, blkio_device_read_iops, blkio_device_write_iops;
    int64_t cpu_period, cpu_quota; /* µs */
    int64_t cpu_realtime_period, cpu_realtime_runtime;
    char *cpuset_cpus, *cpuset_mems;
    VEC(struct engine_device) devices;
    char **device_cgroup_rules;
    VEC(struct engine_device_request) device_requests;
    int64_t memory_reservation;
    int64_t memory_swap;        /* -1: unlimited; 0: as much swap as memory */
    int64_t *memory_swappiness; /* NULL: not set */
    bool *oom_kill_disable;
    int64_t *pids_limit; /* NULL: not set; 0 and below: unlimited */
    VEC(struct engine_ulimit) ulimits;

    VEC(struct engine_mount) mounts;
    char **masked_paths, **readonly_paths; /* what came of the security options */
    bool *init;
};

/* Config. Of `config` count what the image says and what was asked for on top of it, put together. */
struct engine_config {
    char *hostname, *domainname;
    bool attach_stdin, attach_stdout, attach_stderr;
    bool tty, open_stdin, stdin_once;
    char *image;           /* as the user named it */
    int64_t *stop_timeout; /* seconds; NULL: 10 */
    struct oci_container_config config;
};

/* What was decided for a mount that is neither the kernel's nor ours: inspect's Mounts. */
struct engine_mount_point {
    char *type;        /* as above */
    char *name;        /* of the volume, or of the image */
    char *source;      /* on the host */
    char *destination; /* in the container */
    char *driver;      /* "local" */
    char *mode;        /* what -v said behind the second colon */
    bool rw;
    char *propagation;
    bool anonymous; /* a volume that has no other owner: goes with --rm, and with rm -v */

    /* How it is mounted, in the words of the runtime specification (bundle/mounts.h); inspect does not show them. */
    char *mount_type, *mount_source;
    char **mount_options;
    bool fill; /* while it is made, and not kept: an empty volume gets what the image has there */
};

/* The first of a container's documents (monitor/documents.h). */
struct engine_options {
    struct engine_config config;
    struct engine_host_config host;
    VEC(struct engine_mount_point) mounts;
    engine_endpoints networks;  /* none with "none", "host" and "container:…" */
    bool left_none;             /* with "none": it has left that, and may have networks */
    char **entrypoint_and_args; /* Path and Args: what is executed */
};

extern const struct json_type engine_options_type, engine_config_type, engine_host_config_type, engine_mount_point_type,
    engine_mount_type, engine_endpoint_type, engine_port_binding_type;

void engine_options_release(struct engine_options *o);

/* Whether it is on the network that is none. */
bool engine_is_on_none(const struct engine_options *o);
#define _cleanup_engine_options_ _cleanup_(engine_options_release)

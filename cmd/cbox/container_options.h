/* What `run` and `create` have in common: their options, what they ask for, and the making of the container. */
#pragma once

#include "cbox.h"
#include "container/container.h"
#include "oci/engine.h"

/* As the command line has them (container_options_table.h). Numbers and flags of the engine's own go straight to their
 * places. */
struct container_flags {
    struct engine_host_config host; /* numbers and flags alone */
    struct oci_healthcheck health;  /* the same */

    bool detach, init, interactive, no_healthcheck, oom_kill_disable, quiet, sig_proxy, tty;
    int64_t memory_swappiness, pids_limit, stop_timeout; /* the last: INT64_MIN where it was not given */
    const char *cgroup_parent, *cgroupns, *cidfile, *cpuset_cpus, *cpuset_mems, *detach_keys, *domainname, *entrypoint;
    const char *health_cmd, *hostname, *ip, *ip6, *ipc, *isolation, *log_driver, *mac_address, *name, *pid, *platform;
    const char *pull, *restart, *runtime, *stop_signal, *user, *userns, *uts, *volume_driver, *workdir;
    char **add_hosts, **annotations, **attach, **blkio_weight_devices, **cap_add, **cap_drop, **device_rules, **devices;
    char **dns, **dns_options, **dns_search, **env, **env_files, **expose, **gpus, **group_add, **label_files, **labels;
    char **link_local_ips, **log_opts, **mounts, **network_aliases, **networks, **publish, **read_bps, **read_iops,
        **security, **sysctls, **tmpfs, **ulimits, **volumes;
    char **volumes_from, **write_bps, **write_iops;
    const char *refused; /* by its check: options that cannot be given */
    bool refused_flag, harmless;
};

/* What stands in it where nothing is given. */
#define CONTAINER_FLAGS_DEFAULT                                                                 \
    {                                                                                           \
        .sig_proxy = true, .harmless = true, .memory_swappiness = -1, .stop_timeout = INT64_MIN \
    }

/* When an image is pulled. */
enum creation_pull { PULL_MISSING, PULL_ALWAYS, PULL_NEVER };

/* A container that is to be made. */
struct creation {
    struct engine_options options; /* as asked for */
    const char *name;              /* NULL: one is made up */
    const char *platform;          /* of the image if it has to be pulled, as it was written, or NULL */
    struct oci_platform wanted;    /* the same */
    enum creation_pull pull;
    bool quiet; /* show no pull */
};

/* Understands the options and their operands, IMAGE [COMMAND] [ARG...]. ERR_INVALID in Docker's words. The caller
 * releases `ret` in any case. */
int creation_read(const struct container_flags *flags, char **operands, struct creation *ret, struct err *err);
void creation_release(struct creation *c);
#define _cleanup_creation_ _cleanup_(creation_release)

/* --security-opt, appended; a profile of system calls is brought along as text, as Docker does. `build` has it, too. */
int creation_read_security(char *const *given, char ***ret, struct err *err);

/* The parts of it that are about networks and ports. container_networks.c */
int creation_read_networks(const struct container_flags *flags, struct engine_options *options, struct err *err);

/* The parts of it that are about limits. container_limits.c */
int creation_read_limits(const struct container_flags *flags, struct engine_host_config *host, struct err *err);

/* Makes it, after pulling the image where that is not there, and writes --cidfile. The caller releases `ret` after 0.
 */
int creation_carry_out(struct cli_context *ctx, struct store *s, const struct creation *c, struct container *ret,
                       struct err *err);

#include "container/update.h"
#include "bundle/parse.h"
#include "cbox.h"
#include "commands.h"
#include "container_checks.h"

#include <stdio.h>

struct update_options {
    struct engine_host_config limits; /* numbers alone */
    int64_t pids_limit;
    const char *cpuset_cpus, *cpuset_mems, *restart, *refused;
};

#define INT(letter, name, member, help, ...) CLI_INT(struct update_options, letter, name, member, help, __VA_ARGS__)

static const struct cli_option options[] = {
    INT(0, "blkio-weight", limits.blkio_weight, "Block IO (relative weight), between 10 and 1000, or 0 to disable",
        .word = "uint16", .max = UINT16_MAX),
    INT(0, "cpu-period", limits.cpu_period, "Limit CPU CFS (Completely Fair Scheduler) period"),
    INT(0, "cpu-quota", limits.cpu_quota, "Limit CPU CFS (Completely Fair Scheduler) quota"),
    INT(0, "cpu-rt-period", limits.cpu_realtime_period, "Limit the CPU real-time period in microseconds"),
    INT(0, "cpu-rt-runtime", limits.cpu_realtime_runtime, "Limit the CPU real-time runtime in microseconds"),
    INT('c', "cpu-shares", limits.cpu_shares, "CPU shares (relative weight)"),
    CLI_NANO(struct update_options, 0, "cpus", limits.nano_cpus, "Number of CPUs"),
    CLI_STRING(struct update_options, 0, "cpuset-cpus", cpuset_cpus, "CPUs in which to allow execution (0-3, 0,1)"),
    CLI_STRING(struct update_options, 0, "cpuset-mems", cpuset_mems, "MEMs in which to allow execution (0-3, 0,1)"),
    CLI_STRING(struct update_options, 0, "kernel-memory", refused, "Kernel memory limit", .check = refuse_kernel_memory,
               .hidden = true),
    CLI_SIZE(struct update_options, 'm', "memory", limits.memory, "Memory limit"),
    CLI_SIZE(struct update_options, 0, "memory-reservation", limits.memory_reservation, "Memory soft limit"),
    CLI_CUSTOM(struct update_options, 0, "memory-swap", limits.memory_swap, parse_bytes_or_none,
               "Swap limit equal to memory plus swap: -1 to enable unlimited swap", .word = "bytes"),
    INT(0, "pids-limit", pids_limit, "Tune container pids limit (set -1 for unlimited)", .min = INT64_MIN,
        .max = INT32_MAX),
    CLI_STRING(struct update_options, 0, "restart", restart, "Restart policy to apply when a container exits"),
};

struct updating {
    struct store *store; /* NULL: there is none */
    struct container_change change;
};

static int update_one(const char *name, void *data, struct err *err)
{
    const struct updating *u = data;
    int r = u->store ? container_update(u->store, name, &u->change, err)
                     : err_set(err, ERR_NOT_FOUND, "No such container: %s", name);

    if (r == 0)
        puts(name);
    return r;
}

static bool gives_nothing(const struct update_options *o)
{
    static const struct update_options none;

    return memcmp(o, &none, sizeof(none)) == 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct update_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    struct engine_host_config limits = o->limits; /* borrows */
    struct engine_restart_policy policy = {0};
    int64_t pids = o->pids_limit;
    struct updating u = {.change = {.limits = &limits, .restart = str_empty(o->restart) ? NULL : &policy}};
    int r;

    if (gives_nothing(o))
        return err_set(err, ERR_INVALID, "you must provide one or more flags when using this command");
    limits.cpuset_cpus = (char *)o->cpuset_cpus;
    limits.cpuset_mems = (char *)o->cpuset_mems;
    limits.pids_limit = pids ? &pids : NULL;
    r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && u.change.restart)
        r = bundle_parse_restart(o->restart, &policy, err);
    u.store = s;
    if (r == 0)
        r = cbox_for_each(operands, false, update_one, &u);
    free(policy.name);
    return r;
}

static const struct cli_example examples[] = {
    {"More memory for a container that runs", "cbox update --memory 512m --memory-swap 1g web"},
    {"Start it again whenever it ends", "cbox update --restart unless-stopped web"},
    {NULL, NULL},
};

const struct cli_command cmd_update = {
    .summary = "Update configuration of one or more containers",
    .description =
        "What is given takes the place of what was before, in effect at once for a container that runs, and\n"
        "kept for its next start. Either all of it is in effect afterwards or nothing.",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct update_options, options),
    .examples = examples,
    .run = run,
};

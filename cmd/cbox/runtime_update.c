#include "base/num.h"
#include "runtime.h"
#include "sys/fd.h"

struct update_options {
    const char *blkio_weight;
    const char *cpu_burst, *cpu_idle, *cpu_period, *cpu_quota, *cpu_rt_period, *cpu_rt_runtime, *cpu_share;
    const char *cpuset_cpus, *cpuset_mems;
    const char *kernel_memory, *kernel_memory_tcp, *memory, *memory_reservation, *memory_swap;
    const char *l3_cache_schema, *mem_bw_schema;
    const char *pids_limit;
    const char *resources;
};

#define TEXT(letter, name, member, help, ...) CLI_STRING(struct update_options, letter, name, member, help, __VA_ARGS__)

static const struct cli_option options[] = {
    TEXT(0, "blkio-weight", blkio_weight, "Weight of block I/O, 10 to 1000", .word = "n"),
    TEXT(0, "cpu-burst", cpu_burst, "Time saved up and used beyond the quota", .word = "us"),
    TEXT(0, "cpu-idle", cpu_idle, "1: only what others leave (SCHED_IDLE); 0: not so", .word = "0|1"),
    TEXT(0, "cpu-period", cpu_period, "Period of the quota", .word = "us"),
    TEXT(0, "cpu-quota", cpu_quota, "Time in each period; -1: no limit", .word = "us"),
    TEXT(0, "cpu-rt-period", cpu_rt_period, "Period of realtime scheduling", .word = "us"),
    TEXT(0, "cpu-rt-runtime", cpu_rt_runtime, "Time of realtime scheduling in each period", .word = "us"),
    TEXT(0, "cpu-share", cpu_share, "Shares of CPU time, relative to others", .word = "n"),
    TEXT(0, "cpuset-cpus", cpuset_cpus, "CPUs to run on (0-3, 0,1)", .word = "list"),
    TEXT(0, "cpuset-mems", cpuset_mems, "Memory nodes to use (0-3, 0,1)", .word = "list"),
    TEXT(0, "kernel-memory", kernel_memory, "Obsolete", .word = "bytes", .hidden = true),
    TEXT(0, "kernel-memory-tcp", kernel_memory_tcp, "Obsolete", .word = "bytes", .hidden = true),
    TEXT(0, "l3-cache-schema", l3_cache_schema, "Share of the L3 cache (Intel RDT)", .word = "schema"),
    TEXT(0, "mem-bw-schema", mem_bw_schema, "Share of memory bandwidth (Intel RDT)", .word = "schema"),
    TEXT(0, "memory", memory, "Memory limit; -1: none", .word = "bytes"),
    TEXT(0, "memory-reservation", memory_reservation, "Memory that is left to it when there is little",
         .word = "bytes"),
    TEXT(0, "memory-swap", memory_swap, "Limit of memory and swap together; -1: none", .word = "bytes"),
    TEXT(0, "pids-limit", pids_limit, "Number of processes; -1: no limit", .word = "n"),
    TEXT('r', "resources", resources, "File with linux.resources as in config.json, \"-\" for standard input",
         .word = "file", .values = CLI_VALUES_FILE),
};

/* What an option becomes in the resources. */
enum form {
    NUMBER,       /* int64_t */
    MAYBE_NUMBER, /* int64_t * */
    BYTES,        /* int64_t; 512m, -1 */
    WORD,         /* char * */
};

#define GOES(option, member, form)                                                                     \
    {                                                                                                  \
        offsetof(struct update_options, option), offsetof(struct oci_resources, member), form, #option \
    }

static const struct {
    size_t from, to;
    enum form form;
    const char *option; /* with '_' for '-' */
} table[] = {
    GOES(blkio_weight, block_io.weight, NUMBER),
    GOES(cpu_burst, cpu.burst, MAYBE_NUMBER),
    GOES(cpu_idle, cpu.idle, MAYBE_NUMBER),
    GOES(cpu_period, cpu.period, NUMBER),
    GOES(cpu_quota, cpu.quota, NUMBER),
    GOES(cpu_rt_period, cpu.realtime_period, NUMBER),
    GOES(cpu_rt_runtime, cpu.realtime_runtime, NUMBER),
    GOES(cpu_share, cpu.shares, NUMBER),
    GOES(cpuset_cpus, cpu.cpus, WORD),
    GOES(cpuset_mems, cpu.mems, WORD),
    GOES(kernel_memory, memory.kernel, BYTES),
    GOES(kernel_memory_tcp, memory.kernel_tcp, BYTES),
    GOES(memory, memory.limit, BYTES),
    GOES(memory_reservation, memory.reservation, BYTES),
    GOES(memory_swap, memory.swap, BYTES),
    GOES(pids_limit, pids.limit, MAYBE_NUMBER),
};

static int take(const char *text, enum form form, void *to, struct err *err)
{
    int64_t n = 0;
    int r = 0;

    if (form == WORD)
        *(char **)to = str_dup(text);
    else if (form == BYTES && !str_eq(text, "-1"))
        r = num_parse_size(text, &n, err);
    else
        r = num_parse_i64(text, -1, INT64_MAX, &n, err);
    if (r < 0 || form == WORD)
        return r;
    if (form == MAYBE_NUMBER)
        *(int64_t **)to = mem_dup(&n, sizeof(n));
    else
        *(int64_t *)to = n;
    return 0;
}

static int take_options(const struct update_options *o, struct oci_resources *ret, struct err *err)
{
    if (!str_empty(o->l3_cache_schema) || !str_empty(o->mem_bw_schema))
        return err_set(err, ERR_UNSUPPORTED, "%s: resource control of Intel CPUs is not for a container that runs",
                       str_empty(o->l3_cache_schema) ? "--mem-bw-schema" : "--l3-cache-schema");
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const char *text = *(const char *const *)((const char *)o + table[i].from);
        int r = str_empty(text) ? 0 : take(text, table[i].form, (char *)ret + table[i].to, err);

        if (r < 0) {
            _cleanup_free_ char *name = str_dup(table[i].option);

            for (char *p = name; (p = strchr(p, '_'));)
                *p = '-';
            return err_wrap(err, "--%s", name);
        }
    }
    return 0;
}

/* With a file, the other options are of no account, as in runc. */
static int take_file(const char *file, struct oci_resources *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_SPEC_MAX);
    int r = str_eq(file, "-") ? fd_read_rest(STDIN_FILENO, "standard input", &text, err)
                              : fd_read_user_file(file, &text, err);

    if (r == 0)
        r = json_parse(buf_str(&text), text.len, &oci_resources_type, ret, err);
    return r < 0 ? err_wrap(err, "--resources") : 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct update_options *o = opts;
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    struct oci_resources resources = {0};
    int r = str_empty(o->resources) ? take_options(o, &resources, err) : take_file(o->resources, &resources, err);

    if (r == 0)
        r = cbox_runtime_load(ctx, operands[0], true, &inst, err);
    if (r == 0)
        r = runtime_instance_update(&inst, &resources, err);
    json_free(&oci_resources_type, &resources);
    return r;
}

static const struct cli_example examples[] = {
    {"Half a CPU from now on", "cbox runtime update --cpu-quota 50000 --cpu-period 100000 box"},
    {"More memory", "cbox runtime update --memory 512m --memory-swap 512m box"},
    {"All limits of a document", "cbox runtime update --resources limits.json box"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_update = {
    .summary = "Change the limits of a container that runs",
    .description =
        "Either all of the new limits are in effect afterwards or none. What is not given stays as it is, and so does\n"
        "what the container's config.json says of devices.",
    .operands = "CONTAINER",
    .standalone = true,
    .one_failure = true,
    CLI_OPTIONS(struct update_options, options),
    .examples = examples,
    .run = run,
};

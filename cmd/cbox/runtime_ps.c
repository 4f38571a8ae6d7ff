#include "process_table.h"
#include "runtime.h"

#include <stdio.h>

struct ps_options {
    const char *format;
};

static const char *const formats[] = {"table", "json", NULL};

static const struct cli_option options[] = {
    CLI_STRING(struct ps_options, 'f', "format", format, "Form of the list", .word = "table|json",
               .values = CLI_VALUES_WORDS, .words = formats),
};

/* Its processes; none where it has ended and its cgroup is gone. */
static int read_pids(const struct runtime_instance *inst, cgroup_pid_list *ret, struct err *err)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct err why = ERR_INIT;
    int r = runtime_instance_cgroup(inst, &host, &cg, &why);

    if (r == 0)
        r = cgroup_pids(cg, ret, &why);
    if (r == ERR_NOT_FOUND)
        return 0;
    if (r < 0)
        *err = why;
    return r;
}

static void print_json(const cgroup_pid_list *pids)
{
    const char *before = "[";

    VEC_FOREACH (pid, pids) {
        printf("%s%d", before, *pid);
        before = ",";
    }
    puts(pids->n ? "]" : "null");
}

static void print_line(const char *text, void *data _unused_)
{
    puts(text);
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct ps_options *o = opts;
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    cgroup_pid_list pids = {0};
    int r = cbox_runtime_load(ctx, operands[0], false, &inst, err);

    if (r == 0)
        r = read_pids(&inst, &pids, err);
    if (r == 0 && str_eq(o->format, "json"))
        print_json(&pids);
    else if (r == 0)
        r = process_table(&pids, operands + 1, print_line, NULL, err);
    free(pids.v);
    return r;
}

static const struct cli_example examples[] = {
    {"All processes of a container", "cbox runtime ps box"},
    {"Their numbers, for programs", "cbox runtime ps --format json box"},
    {"What ps shows of them", "cbox runtime ps box -o pid,rss,comm"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_ps = {
    .summary = "Show the processes of a container",
    .operands = "CONTAINER [PS_OPTION...]",
    .stop_at_first = true,
    .standalone = true,
    .one_failure = true,
    CLI_OPTIONS(struct ps_options, options),
    .examples = examples,
    .run = run,
};

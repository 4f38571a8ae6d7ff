#include "runtime.h"
#include "sys/run.h"

#include <stdio.h>

/* What ps(1) may say. */
enum { OUTPUT_MAX = 64 << 20 };

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

/* The word of a line, from 0; NULL if it has fewer. */
static const char *word_at(const char *line, int n)
{
    for (const char *p = line;;) {
        p += strspn(p, " \t");
        if (!*p || *p == '\n')
            return NULL;
        if (n-- == 0)
            return p;
        p += strcspn(p, " \t\n");
    }
}

static int pid_column(const char *head)
{
    const char *word;

    for (int n = 0; (word = word_at(head, n)); n++)
        if (strcspn(word, " \t\n") == 3 && memcmp(word, "PID", 3) == 0)
            return n;
    return -1;
}

static bool contains(const cgroup_pid_list *pids, const char *word)
{
    long n = word ? strtol(word, NULL, 10) : 0;

    VEC_FOREACH (pid, pids)
        if (*pid == n)
            return true;
    return false;
}

/* ps(1) knows how to show processes, and cannot be told that these alone are wanted whatever its other options. */
static int print_table(const cgroup_pid_list *pids, char **ps_options, struct err *err)
{
    _cleanup_strv_ char **argv = NULL;
    _cleanup_buf_ struct buf output = BUF_INIT_MAX(OUTPUT_MAX);
    int column, r;

    strv_add(&argv, "ps");
    strv_extend(&argv, ps_options);
    if (!*ps_options)
        strv_add(&argv, "-ef");
    r = run_program(&(struct run){.argv = (const char *const *)argv, .output = &output, .errors = true}, err);
    if (r < 0)
        return r;
    if (r > 0)
        return err_set(err, ERR_INVALID, "ps: exit status %d: %s", r, buf_str(&output));
    column = pid_column(buf_str(&output));
    if (column < 0)
        return err_set(err, ERR_INVALID, "ps shows no column PID");
    for (const char *line = buf_str(&output), *next; *line; line = next) {
        size_t len = strcspn(line, "\n");

        next = line + len + (line[len] == '\n');
        if (line == output.p || contains(pids, word_at(line, column)))
            printf("%.*s\n", (int)len, line);
    }
    return 0;
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
        r = print_table(&pids, operands + 1, err);
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

#include "doctor/doctor.h"

#include "cbox.h"
#include "cli/format.h"
#include "cli/term.h"
#include "commands.h"
#include "explain/facts.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct doctor_options {
    const char *format;
};

static const struct cli_option options[] = {
    CLI_STRING(struct doctor_options, 0, "format", format,
               "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
};

static const struct cli_column columns[] = {
    {"Verdict", "VERDICT"}, {"Check", "CHECK"}, {"Found", "FOUND"}, {"Meaning", "MEANING"}, {"Remedy", "REMEDY"},
};
static const struct cli_columns table = {"{{.Verdict}}\t{{.Check}}\t{{.Found}}", columns, ARRAY_SIZE(columns)};

static int print_formatted(const doctor_findings *findings, const char *format, struct err *err)
{
    _cleanup_format_ struct cli_format f = {0};
    int r = cli_format_begin(&f, format, false, &table, err);

    VEC_FOREACH (finding, findings) {
        _cleanup_value_ struct cli_value row = {.kind = CLI_MAP};

        cli_value_put_text(&row, "Check", finding->check);
        cli_value_put_text(&row, "Verdict", doctor_verdict_name(finding->verdict));
        cli_value_put_text(&row, "Found", finding->found);
        cli_value_put_text(&row, "Meaning", finding->meaning);
        cli_value_put_text(&row, "Remedy", finding->remedy);
        if (r == 0)
            r = cli_format_row(&f, &row, err);
    }
    if (r == 0)
        cli_format_print(&f);
    return r;
}

enum { COLUMN = 23 };

/* Broken to lines of a terminal; who reads it from a pipe looks for whole ones. */
static void add_text(struct buf *out, const char *text)
{
    size_t width = cli_is_terminal(STDOUT_FILENO) ? cli_columns(STDOUT_FILENO) : 0;
    _cleanup_buf_ struct buf shown = BUF_INIT;

    cli_add_printable(&shown, text);
    explain_print_text(buf_str(&shown), COLUMN, width, out);
}

static void add_detail(struct buf *out, const char *text)
{
    if (!text)
        return;
    buf_addf(out, "%-*s", COLUMN, "");
    add_text(out, text);
}

/* To be copied, and therefore one line however long. */
static void add_remedy(struct buf *out, const char *text)
{
    if (!text)
        return;
    buf_addf(out, "%-*smend: ", COLUMN, "");
    cli_add_printable(out, text);
    buf_addc(out, '\n');
}

/* A line a finding; of what is not well also what it means and what mends it. */
static void print_plain(const doctor_findings *findings)
{
    size_t count[DOCTOR_FAILURE + 1] = {0};
    _cleanup_buf_ struct buf out = BUF_INIT;

    VEC_FOREACH (f, findings) {
        count[f->verdict]++;
        buf_addf(&out, "%-7s  %-13s ", doctor_verdict_name(f->verdict), f->check);
        add_text(&out, f->found);
        if (f->verdict == DOCTOR_OK)
            continue;
        add_detail(&out, f->meaning);
        add_remedy(&out, f->remedy);
    }
    buf_addf(&out, "%zu ok", count[DOCTOR_OK]);
    for (enum doctor_verdict v = DOCTOR_NOTE; v <= DOCTOR_FAILURE; v++)
        buf_addf(&out, ", %zu %s%s", count[v], doctor_verdict_name(v), count[v] == 1 ? "" : "s");
    buf_addc(&out, '\n');
    fwrite(out.p, 1, out.len, stdout);
}

/* The clock was right when the program was made. */
static int64_t built(void)
{
    struct stat st;

    return stat("/proc/self/exe", &st) == 0 ? (int64_t)st.st_mtim.tv_sec * 1000000000 : 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct doctor_options *o = opts;
    _cleanup_doctor_findings_ doctor_findings findings = {0};
    struct err broken = ERR_INIT;
    struct doctor_host host = {.config_error = &broken, .built = built()};
    int r = config_load(str_given(ctx->globals.config), &ctx->config, &broken);

    if (r == 0)
        host.config = &ctx->config;
    r = cbox_context_places(ctx, err);
    host.root = ctx->root;
    host.state = ctx->state;
    if (r == 0)
        r = doctor_examine(&host, operands, &findings, err);
    if (r == 0 && str_given(o->format))
        r = print_formatted(&findings, o->format, err);
    else if (r == 0)
        print_plain(&findings);
    if (r < 0)
        return r;
    VEC_FOREACH (f, &findings)
        if (f->verdict == DOCTOR_FAILURE)
            return 1;
    return 0;
}

static const struct cli_example examples[] = {
    {"Whether this host can do all that cbox does", "cbox system doctor"},
    {"Only what has to do with networks", "cbox system doctor links nftables forwarding firewall"},
    {"What is not well, for a program", "cbox system doctor --format '{{.Verdict}} {{.Check}}: {{.Remedy}}'"},
    {NULL, NULL},
};

static const char description[] =
    "Tries what cbox needs, each in a namespace or directory of its own, so that nothing is left of it: calls of the\n"
    "kernel, namespaces, control groups and their limits, the filter of system calls, an overlay in the store, the "
    "rules\n"
    "of a network. Looks at room on the disks, forwarding, rules of other programs, libraries, the configuration, the\n"
    "clock, and asks the registries that the configuration names or that the user is logged in to, for five seconds "
    "at\n"
    "most each. CHECK names one of: kernel, namespaces, users, ids, cgroups, limits, seccomp, labels, store, space,\n"
    "files, overlay, links, nftables, forwarding, firewall, libraries, configuration, clock, registries.\n"
    "\n"
    "A note is worth knowing, a warning says that something most do not need will not work, a failure that cbox will\n"
    "not. The exit code is 1 where something fails, else 0. What an image or container in the store lacks is found by\n"
    "cbox system check.";

const struct cli_command cmd_system_doctor = {
    .summary = "Check that this host can do what cbox asks of it",
    .description = description,
    .operands = "[CHECK...]",
    CLI_OPTIONS(struct doctor_options, options),
    .standalone = true,
    .examples = examples,
    .run = run,
};

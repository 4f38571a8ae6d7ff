#include "cbox.h"
#include "cli/format.h"
#include "commands.h"

#include "oci/platform.h"
#include "oci/spec.h"
#include "runtime.h"

#include <stdio.h>
#include <sys/utsname.h>

/* Set by the Makefile. */
#ifndef CBOX_VERSION
#define CBOX_VERSION "unknown"
#define CBOX_COMMIT  "unknown"
#endif

const char cbox_version[] = CBOX_VERSION;

int cbox_print_version(void)
{
    printf("cbox version %s, build %s\n", CBOX_VERSION, CBOX_COMMIT);
    return 0;
}

/* The form that callers of runc read. */
int cbox_runtime_print_version(const char *program)
{
    printf("%s version %s\ncommit: %s\nspec: %s\n", program, CBOX_VERSION, CBOX_COMMIT, OCI_SPEC_VERSION);
    return 0;
}

struct version_options {
    const char *format;
};

static const struct cli_option options[] = {
    CLI_STRING(struct version_options, 'f', "format", format, "Format output: 'json' or a Go template"),
};

/* Client and server are one program: templates may ask either. */
static struct cli_value describe(const struct oci_platform *platform, const char *kernel)
{
    struct cli_value part = {.kind = CLI_MAP}, all = {.kind = CLI_MAP};

    cli_value_put_text(&part, "Version", CBOX_VERSION);
    cli_value_put_text(&part, "GitCommit", CBOX_COMMIT);
    cli_value_put_text(&part, "Os", platform->os);
    cli_value_put_text(&part, "Arch", platform->architecture);
    cli_value_put_text(&part, "KernelVersion", kernel);
    cli_value_put(&all, "Client", cli_value_copy(&part));
    cli_value_put(&all, "Server", part);
    return all;
}

static int run(struct cli_context *ctx _unused_, const void *opts, char **operands _unused_, struct err *err)
{
    const struct version_options *o = opts;
    _cleanup_platform_ struct oci_platform platform = {0};
    _cleanup_value_ struct cli_value all = {0};
    _cleanup_free_ char *name = NULL;
    struct utsname host;

    if (uname(&host) < 0)
        return err_errno(err, errno, "uname");
    oci_platform_host(&platform);
    if (o->format) {
        all = describe(&platform, host.release);
        return cli_format_object(o->format, &all, err);
    }
    name = oci_platform_format(&platform);
    printf("cbox:\n");
    printf(" Version:      %s\n", CBOX_VERSION);
    printf(" Git commit:   %s\n", CBOX_COMMIT);
    printf(" OS/Arch:      %s\n", name);
    printf(" Kernel:       %s\n", host.release);
    return 0;
}

static const struct cli_example examples[] = {
    {"The number alone", "cbox version -f {{.Client.Version}}"},
    {NULL, NULL},
};

const struct cli_command cmd_version = {
    .summary = "Show the cbox version information",
    .standalone = true,
    CLI_OPTIONS(struct version_options, options),
    .examples = examples,
    .run = run,
};

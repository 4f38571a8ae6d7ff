#include "cbox.h"
#include "commands.h"

#include "oci/platform.h"

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

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_platform_ struct oci_platform platform = {0};
    _cleanup_free_ char *name = NULL;
    struct utsname host;

    (void)ctx, (void)opts, (void)operands;
    if (uname(&host) < 0)
        return err_errno(err, errno, "uname");
    oci_platform_host(&platform);
    name = oci_platform_format(&platform);
    printf("cbox:\n");
    printf(" Version:      %s\n", CBOX_VERSION);
    printf(" Git commit:   %s\n", CBOX_COMMIT);
    printf(" OS/Arch:      %s\n", name);
    printf(" Kernel:       %s\n", host.release);
    return 0;
}

const struct cli_command cmd_version = {
    .summary = "Show the cbox version information",
    .standalone = true,
    .run = run,
};

#include "image/import.h"
#include "base/num.h"
#include "base/time.h"
#include "cbox.h"
#include "commands.h"
#include "new_image.h"

#include <stdio.h>
#include <unistd.h>

struct import_options {
    char **change;
    const char *message;
    const char *platform;
};

static const struct cli_option options[] = {
    CLI_LIST(struct import_options, 'c', "change", change, "Apply Dockerfile instruction to the created image"),
    CLI_STRING(struct import_options, 'm', "message", message, "Set commit message for imported image"),
    CLI_STRING(struct import_options, 0, "platform", platform, "Set the image's platform, as linux/arm64",
               .word = "os/arch"),
};

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct import_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    _cleanup_reference_ struct oci_reference name = {0};
    struct image_import_options how = {.source = str_eq(operands[0], "-") ? NULL : operands[0],
                                       .platform = o->platform,
                                       .message = o->message,
                                       .changes = o->change};
    char text[DIGEST_TEXT_MAX];
    struct digest id = {0};
    int r = new_image_time(&how.created, err);

    if (r == 0 && operands[1]) {
        r = new_image_name(operands[1], "cannot import digest reference", &name, err);
        how.name = &name;
    }
    if (r == 0 && !how.source && isatty(STDIN_FILENO))
        r = err_set(err, ERR_INVALID, "standard input is a terminal, and no tar");
    if (r == 0)
        r = store_open(ctx->root, ctx->state, &store, err);
    if (r == 0)
        r = image_import(store, &how, &id, err);
    if (r == 0)
        printf("%s\n", digest_format(&id, text));
    return r;
}

static const char description[] =
    "Makes an image of one layer out of a tar of a root file system, plain or compressed with gzip or zstd. The layer "
    "is\n"
    "kept as it was given. --change takes CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, "
    "USER,\n"
    "VOLUME and WORKDIR as a Dockerfile has them. The time of creation is now, or SOURCE_DATE_EPOCH.";

static const struct cli_example examples[] = {
    {"A root file system from a file", "cbox import -m First rootfs.tar.gz mine:latest"},
    {"From another program", "cbox import - mine:latest"},
    {NULL, NULL},
};

const struct cli_command cmd_import = {
    .summary = "Import the contents from a tarball to create a filesystem image",
    .description = description,
    .operands = "file|URL|- [REPOSITORY[:TAG]]",
    .values = {CLI_VALUES_FILE, CLI_VALUES_IMAGE},
    CLI_OPTIONS(struct import_options, options),
    .examples = examples,
    .run = run,
};

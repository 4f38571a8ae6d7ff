#include "cbox.h"
#include "commands.h"
#include "image/image.h"

#include <stdio.h>

struct rmi_options {
    bool force;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct rmi_options, 'f', "force", force, "Force removal of the image"),
};

static void print_untagged(const char *name, void *data)
{
    (void)data;
    printf("Untagged: %s\n", name);
}

static void print_deleted(enum store_dir kind, const struct digest *d, void *data)
{
    char text[DIGEST_TEXT_MAX];

    (void)kind, (void)data;
    printf("Deleted: %s\n", digest_format(d, text));
}

/* Removes what can be removed; the last failure is the command's, the ones before it are printed here. */
static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct rmi_options *o = opts;
    const struct image_removal how = {.force = o->force, .untagged = print_untagged, .deleted = print_deleted};
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    int result = store_open(ctx->root, ctx->state, &store, err);

    if (result < 0)
        return result;
    STRV_FOREACH (name, operands) {
        struct err why = ERR_INIT;
        int r = image_remove(store, *name, &how, &why);

        if (r == 0)
            continue;
        if (result < 0)
            cbox_print_error(err);
        *err = why;
        result = r;
    }
    return result;
}

static const struct cli_example examples[] = {
    {"Remove a name, and with its last name the image", "cbox rmi alpine:3.20 registry.example:5000/team/app"},
    {NULL, NULL},
};

const struct cli_command cmd_rmi = {
    .summary = "Remove one or more images",
    .operands = "IMAGE [IMAGE...]",
    .values = {CLI_VALUES_IMAGE, CLI_VALUES_IMAGE},
    CLI_OPTIONS(struct rmi_options, options),
    .examples = examples,
    .run = run,
};

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
    fflush(stdout); /* done, whatever becomes of the deleting that follows */
}

static void print_deleted(enum store_dir kind, const struct digest *d, void *data)
{
    char text[DIGEST_TEXT_MAX];

    (void)kind, (void)data;
    printf("Deleted: %s\n", digest_format(d, text));
    fflush(stdout);
}

struct removal {
    struct store *store; /* NULL: there is none */
    struct image_removal how;
};

static int remove_one(const char *name, void *data, struct err *err)
{
    const struct removal *rm = data;

    return rm->store ? image_remove(rm->store, name, &rm->how, err)
                     : err_set(err, ERR_NOT_FOUND, "no such image: %s", name);
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct rmi_options *o = opts;
    struct removal rm = {.how = {.force = o->force, .untagged = print_untagged, .deleted = print_deleted}};
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    int r = cbox_open_existing_store(ctx, &store, err);

    rm.store = store;
    return r < 0 ? r : cbox_for_each(operands, o->force, remove_one, &rm);
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

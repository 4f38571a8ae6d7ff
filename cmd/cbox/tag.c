#include "cbox.h"
#include "commands.h"
#include "image/name.h"
#include "sys/fd.h"

/* The store lock keeps collection away between looking at the image and having its new name on disk. */
static int tag(struct store *s, const char *source, const struct oci_reference *target, struct err *err)
{
    _cleanup_(image_release) struct image image = {0};
    _cleanup_fd_ int lock = -1;
    int r = store_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);

    if (r == 0)
        r = image_open(s, source, &image, err);
    return r < 0 ? r : image_name_copy(s, target, &image.tag, err);
}

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    _cleanup_reference_ struct oci_reference target = {0};
    int r = oci_reference_parse(operands[1], &target, err);

    if (r < 0)
        return err_wrap(err, "error parsing reference: \"%s\" is not a valid repository/tag", operands[1]);
    if (target.digest.algorithm != DIGEST_NONE)
        return err_set(err, ERR_INVALID, "refusing to create a tag with a digest reference: %s", operands[1]);
    r = cbox_open_existing_store(ctx, &store, err);
    if (r == 0 && !store)
        r = err_set(err, ERR_NOT_FOUND, "no such image: %s", operands[0]);
    return r < 0 ? r : tag(store, operands[0], &target, err);
}

static const struct cli_example examples[] = {
    {"A name under which the image can be pushed", "cbox tag alpine registry.example:5000/team/base:3"},
    {NULL, NULL},
};

const struct cli_command cmd_tag = {
    .summary = "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    .operands = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    .values = {CLI_VALUES_IMAGE, CLI_VALUES_IMAGE},
    .examples = examples,
    .run = run,
};

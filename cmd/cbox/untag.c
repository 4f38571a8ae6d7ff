#include "cbox.h"
#include "commands.h"
#include "image/name.h"
#include "sys/fd.h"

#include <stdio.h>

static int untag_one(const char *name, void *data, struct err *err)
{
    struct store *s = data;
    _cleanup_(store_tag_release) struct store_tag t = {0};
    _cleanup_reference_ struct oci_reference ref = {0};
    _cleanup_free_ char *familiar = NULL;
    _cleanup_fd_ int lock = -1;
    int r = oci_reference_parse(name, &ref, err);

    if (r == 0 && !s)
        r = err_set(err, ERR_NOT_FOUND, "no such image: %s", name);
    if (r < 0)
        return r;
    oci_reference_default_tag(&ref);
    /* The store lock keeps collection away between looking at the image and having its record without a name on disk.
     */
    r = store_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);
    if (r == 0)
        r = store_tag_get(s, &ref, &t, err);
    if (r == 0 && ref.digest.algorithm != DIGEST_NONE && t.name.tag)
        r = err_set(err, ERR_NOT_FOUND, "%s is no name of its own: the image is there as %s:%s", name, t.name.path,
                    t.name.tag);
    if (r == 0)
        r = image_name_take(s, &t, err);
    if (r < 0)
        return r;
    familiar = oci_reference_familiar(&t.name);
    printf("Untagged: %s\n", familiar);
    return 0;
}

static int run(struct cli_context *ctx, const void *opts _unused_, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    int r = cbox_open_existing_store(ctx, &store, err);

    return r < 0 ? r : cbox_for_each(operands, false, untag_one, store);
}

static const struct cli_example examples[] = {
    {"Take a name away and keep the image", "cbox untag registry.example:5000/team/base:3"},
    {NULL, NULL},
};

const struct cli_command cmd_untag = {
    .summary = "Take names away from images, which stay",
    .description = "Unlike rmi it removes nothing: an image that loses its last name is kept without one, until\n"
                   "`cbox image prune` or its ID in `cbox rmi` takes it away.",
    .operands = "NAME[:TAG] [NAME[:TAG]...]",
    .values = {CLI_VALUES_IMAGE, CLI_VALUES_IMAGE},
    .examples = examples,
    .run = run,
};

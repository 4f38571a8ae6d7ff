/* What completion scripts ask for: names, one a line. */
#include "cbox.h"
#include "commands.h"

#include "oci/reference.h"
#include "store/network.h"
#include "store/tag.h"
#include "store/uses.h"
#include "store/volume.h"

#include <stdio.h>

static int print_images(struct store *s, struct err *err)
{
    struct store_tag_list tags = {0};
    int r = store_tag_list(s, &tags, err);

    VEC_FOREACH (tag, &tags) {
        _cleanup_free_ char *name = oci_reference_familiar(&tag->name);

        puts(name);
    }
    store_tag_list_release(&tags);
    return r;
}

static int print_container(const struct store_use *use, void *data, struct err *err)
{
    (void)data, (void)err;
    if (!use->extra)
        puts(use->name);
    return 0;
}

static int print_containers(struct store *s, struct err *err)
{
    return store_each_use(s, print_container, NULL, err);
}

static int print_volumes(struct store *s, struct err *err)
{
    _cleanup_strv_ char **names = NULL;
    int r = store_volume_list(s, &names, err);

    STRV_FOREACH (name, names)
        puts(*name);
    return r;
}

static int print_networks(struct store *s, struct err *err)
{
    _cleanup_strv_ char **names = NULL;
    int r = store_network_list(s, &names, err);

    STRV_FOREACH (name, names)
        puts(*name);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    static const struct {
        const char *name;
        int (*print)(struct store *s, struct err *err);
    } kinds[] = {{"image", print_images},
                 {"container", print_containers},
                 {"network", print_networks},
                 {"volume", print_volumes}};
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    int r = cbox_open_existing_store(ctx, &store, err);

    (void)opts;
    if (r < 0 || !store)
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(operands[0], kinds[i].name) == 0)
            return kinds[i].print(store, err);
    return err_set(err, ERR_INVALID, "%s: image, container, network or volume", operands[0]);
}

const struct cli_command cmd_complete = {
    .summary = "Print names for completion scripts",
    .operands = "KIND",
    .run = run,
};

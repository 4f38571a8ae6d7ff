#include "prune.h"

#include "base/num.h"
#include "confirm.h"
#include "event/event.h"
#include "image/prune.h"
#include "image/usage.h"

#include <inttypes.h>
#include <stdio.h>

/* The heading comes with the first line below it. */
struct view {
    bool said;
};

static void heading(struct view *v)
{
    if (!v->said)
        printf("Deleted Images:\n");
    v->said = true;
}

static void print_untagged(const char *name, void *data)
{
    heading(data);
    printf("untagged: %s\n", name);
}

static void print_deleted(enum store_dir kind _unused_, const struct digest *d, void *data)
{
    char text[DIGEST_TEXT_MAX];

    heading(data);
    printf("deleted: %s\n", digest_format(d, text));
}

static int prune_images(struct store *s, const struct image_filter *filter, bool all, bool downloads, struct err *err)
{
    struct view view = {0};
    struct image_removal how = {
        .downloads = downloads, .untagged = print_untagged, .deleted = print_deleted, .data = &view};
    int r = image_prune(s, filter, all, &how, err);

    if (view.said)
        printf("\n");
    return r;
}

static int prune(struct store *s, const struct prune_kind *kind, const struct prune_options *o, int64_t *ret_bytes,
                 struct err *err)
{
    _cleanup_image_filter_ struct image_filter filter = {0};
    _cleanup_usage_ struct image_usage before = {0};
    int r = image_filter_parse(s, o->filters, IMAGE_FILTER_PRUNE, &filter, err);

    if (r == 0)
        r = image_usage_walk(s, &before, err);
    if (r == 0 && kind->before)
        r = kind->before(s, &filter, err);
    if (r == 0)
        r = prune_images(s, &filter, o->all, kind->downloads, err);
    if (r == 0 && kind->after)
        r = kind->after(s, &filter, o->all, err);
    *ret_bytes = r == 0 ? image_usage_gone(s, &before) : 0;
    return r;
}

static void tell(struct store *s, int64_t bytes)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, bytes);
    event_emit(store_state_path(s), "image", "prune", "", NULL, "reclaimed", text, NULL);
}

int cbox_prune(struct cli_context *ctx, const struct prune_kind *kind, const struct prune_options *o, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    char size[NUM_TEXT_MAX];
    int64_t bytes = 0;
    int r;

    if (!o->force && !cbox_confirm(o->all ? kind->warning_all : kind->warning))
        return 0;
    r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && s)
        r = prune(s, kind, o, &bytes, err);
    if (r < 0)
        return r;
    if (s)
        tell(s, bytes);
    printf("Total reclaimed space: %s\n", num_format_size(bytes, size));
    return 0;
}

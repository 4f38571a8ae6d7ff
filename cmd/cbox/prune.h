/* What the prune commands share. */
#pragma once

#include "cbox.h"
#include "image/filter.h"

struct prune_options {
    bool all;
    char **filters;
    bool force;
    bool volumes; /* system prune alone */
};

/* What one of them removes beside images. */
struct prune_kind {
    const char *warning, *warning_all; /* cbox_confirm() */
    bool downloads;                    /* those that could be continued */
    int (*before)(struct store *s, const struct image_filter *filter, struct err *err);          /* or NULL */
    int (*after)(struct store *s, const struct image_filter *filter, bool all, struct err *err); /* or NULL */
};

/* Asks, removes and says what, and how much that freed: the whole of a command's run(). */
int cbox_prune(struct cli_context *ctx, const struct prune_kind *kind, const struct prune_options *o, struct err *err);

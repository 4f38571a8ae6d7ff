/* What comes of a build: an image in the store, archives, directories. */
#pragma once

#include "build/layer.h"
#include "build/plan.h"

/* A stage at its end. */
struct build_finished {
    const struct oci_platform *platform; /* that it was asked for */
    char *const *annotations;            /* of its manifest; or NULL */
    const char *inline_cache;            /* for its config (build_cache_inline()); NULL: none */
    const struct build_stage *stage;     /* its config has its history, with empty_layer in the right places */
    build_layers layers;                 /* diffIDs of the config */
    const struct build_layer *made;      /* of those layers that this and earlier builds made: sizes as tars */
    size_t n_made;
    const struct build_image *base; /* whose manifest tells of the layers below; NULL: scratch */
};

typedef VEC(struct build_finished) build_finished_all;

/* Makes config and manifest, and, where the request wants the image in the store (an output that is one, or none at
 * all), puts it there under all names (`tags` and those of the outputs; none: it is kept as one without a name).
 * Layers were settled before (store_build_settle()); those of steps are named by their diffID, as tars that are not
 * there until asked for. Of several platforms the names mean an index, and here the image of the host's platform, or
 * else of the first. `ret`: what is said of the image. */
int build_output_image(struct store *s, const struct build_request *q, const build_finished_all *all,
                       struct build_result *ret, struct err *err);

/* One of the other outputs: files, tar, OCI layout, Docker's archive. Of several platforms a folder each,
 * "linux_arm64", or an index. Signals are watched for by the caller (image/signals.h). */
int build_output_write(struct store *s, const struct build_request *q, const struct build_output *o,
                       const build_finished_all *all, struct err *err);

/* The layers of a root file system, and what made each of them. */
#pragma once

#include "digest/digest.h"
#include "explain/explain.h"

struct explain_layer {
    char *path;            /* of its directory, below the store's root */
    struct digest diff_id; /* none: the places to mount on, which are in no image */
    char *created_by;      /* the line of the image's history; NULL where none tells of it */
    size_t number;         /* in the image, the lowest is 1; 0: in none */
    int64_t bytes;         /* of its files; -1: not known */
};
typedef VEC(struct explain_layer) explain_layers;
void explain_layers_release(explain_layers *layers);
#define _cleanup_explain_layers_ _cleanup_(explain_layers_release)

/* Those of `lower` (struct explain_subject), in the same order. `config`: of the image; NULL where there is none. */
void explain_layers_of(char *const *lower, const struct oci_image_config *config, explain_layers *ret);

/* Those of the subject, with their sizes. What its image cannot be asked any more is left out. The caller releases
 * `ret`. */
void explain_layers_read(const struct explain_subject *subject, explain_layers *ret);

/* "layer 2", "lowest" of what is in no image; the caller frees it. */
char *explain_layer_name(const struct explain_layer *l);

/* "sha256:0123456789ab, made by RUN make"; the caller frees it. */
char *explain_layer_words(const struct explain_layer *l);

/* Puts it into a fact's value: DiffID, CreatedBy. */
void explain_layer_put(struct explain_fact *fact, const struct explain_layer *l);

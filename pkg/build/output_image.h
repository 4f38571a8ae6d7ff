/* Between the parts of outputs: not for use elsewhere. */
#pragma once

#include "build/output.h"
#include "image/documents.h"
#include "image/save.h"

typedef VEC(struct oci_descriptor) output_descriptors;
typedef VEC(struct oci_reference) output_names;
typedef VEC(struct image_made_blob) output_spools;

/* Config and manifest of what was built: the same for the same. */
int build_output_documents(struct store *s, const struct build_finished *f, struct image_documents *ret,
                           struct err *err);

/* The ID of a base image. */
int output_base_id(struct store *s, const struct build_image *base, struct digest *ret, struct err *err);

/* An OCI layout, or Docker's archive, of an image that need not be in the store. */
int output_archive(struct store *s, const struct build_request *q, const struct build_output *o,
                   const build_finished_all *all, struct err *err);

/* output_compress.c: layers that are tars as they are become compressed ones, in files without a name, and the manifest
 * says so. Others stay. */
int output_compress(struct store *s, const char *compression, struct image_documents *d, output_spools *spools,
                    struct err *err);
void output_spools_release(output_spools *s);

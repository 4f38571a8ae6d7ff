/* Between the parts of outputs: not for use elsewhere. */
#pragma once

#include "build/output.h"
#include "image/documents.h"

typedef VEC(struct oci_descriptor) output_descriptors;
typedef VEC(struct oci_reference) output_names;

/* Config and manifest of what was built: the same for the same. */
int build_output_documents(struct store *s, const struct build_finished *f, struct image_documents *ret,
                           struct err *err);

/* The ID of a base image. */
int output_base_id(struct store *s, const struct build_image *base, struct digest *ret, struct err *err);

/* An OCI layout, or Docker's archive, of an image that need not be in the store. */
int output_archive(struct store *s, const struct build_request *q, const struct build_output *o,
                   const struct build_finished *f, struct err *err);

/* Between the parts of outputs: not for use elsewhere. */
#pragma once

#include "build/output.h"
#include "image/documents.h"

typedef VEC(struct oci_descriptor) output_descriptors;
typedef VEC(struct oci_reference) output_names;

/* Config and manifest of what was built: the same for the same. */
int build_output_documents(struct store *s, const struct build_finished *f, struct image_documents *ret,
                           struct err *err);

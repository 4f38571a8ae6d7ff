/* --push, --load, and outputs that are pushed. Only for build. */
#pragma once

#include "build/build.h"
#include "cbox.h"

/* Makes of the two what --output would say, and looks at all outputs together. */
int build_outputs_complete(struct build_request *q, bool push, bool load, struct err *err);

/* After a build: pushes the names of outputs that are to be. A line for each on standard error unless `quiet`. */
int build_push(struct cli_context *ctx, struct store *s, const struct build_request *q, bool quiet, struct err *err);

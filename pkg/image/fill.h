/* Bytes of a blob from a file that is here. */
#pragma once

#include "store/blob.h"

/* Appends what the ingest is missing, from the blob that begins at `offset` of `fd`, until a signal comes
 * (image/signals.h). ERR_CORRUPT where the file ends too early; errors of the store. */
int image_fill(int fd, int64_t offset, struct store_ingest *in, struct err *err);

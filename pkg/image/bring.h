/* Blobs brought into the store from files, through the one door that checks them (store/blob.h). */
#pragma once

#include "store/transaction.h"

/* Brings in `size` bytes at `offset` of `fd` as the blob `digest`, unless the store has it, and stages it in `t`; what
 * an interrupted process left of it is gone on with. Waits while another process brings in the same; `t` is finished
 * before, since who waits may hold nothing. ERR_CORRUPT where the bytes are others or end too early, ERR_NO_SPACE,
 * ERR_IO, ERR_INTERRUPTED (image/signals.h). After ERR_NO_SPACE nothing of it is left. */
int image_bring_file(struct store *s, int fd, int64_t offset, const struct digest *digest, int64_t size,
                     struct store_transaction *t, struct err *err);

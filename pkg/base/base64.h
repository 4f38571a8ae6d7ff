/* Base 64 with the standard alphabet and padding. RFC 4648, section 4. */
#pragma once

#include "base/buf.h"

/* The caller frees it. */
char *base64_encode(const void *data, size_t len);

/* Appends what `text` stands for to `out`; missing padding is accepted. ERR_INVALID. */
int base64_decode(const char *text, struct buf *out, struct err *err);

/* What import and commit say of an image that they make. */
#pragma once

#include "oci/reference.h"

/* When it is made: now, or SOURCE_DATE_EPOCH, for images whose digests do not depend on the clock. ERR_INVALID. */
int new_image_time(int64_t *ret, struct err *err);

/* Its name, with a tag. ERR_INVALID, with `refusal` as the text for one with a digest. The caller releases `ret`. */
int new_image_name(const char *text, const char *refusal, struct oci_reference *ret, struct err *err);

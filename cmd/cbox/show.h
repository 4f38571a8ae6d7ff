/* How values look in lists, as Docker shows them. What these return is the caller's to free. */
#pragma once

#include "digest/digest.h"
#include "store/tag.h"

#include <stdbool.h>
#include <stdint.h>

/* The whole digest, or the twelve digits that people know an image by. */
char *show_digest(const struct digest *d, bool whole);

/* The repository of a record, "<none>" where the image has no name. */
char *show_repository(const struct store_tag *t);

/* "3 weeks ago"; "N/A" for 0, an unknown time. */
char *show_since(int64_t time);

/* "2024-05-22 18:18:12 +0000 UTC" and "2024-05-22T18:18:12Z", in local time; "N/A" for 0. */
char *show_time(int64_t time);
char *show_time_rfc3339(int64_t time);

/* "2024-05-22T18:18:12.000000001Z", always with nine digits. */
char *show_time_nano(int64_t time);

/* The first `width` characters, the last of them "…" where something was cut. */
char *show_start(const char *text, size_t width);

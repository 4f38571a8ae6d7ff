/* What filters of volumes and of networks are read with (--filter NAME=VALUE), and what their values mean. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/* Takes each word apart. ERR_INVALID in Docker's words for one that is no NAME=VALUE; the first error of `take`. */
int filter_words_each(char *const *words, int (*take)(void *data, const char *name, const char *value, struct err *err),
                      void *data, struct err *err);

/* "true", "1", "false", "0": 1 or 0 in `ret`, which stays as it is where false is returned. */
bool filter_words_truth(const char *value, int *ret);

/* Whether one of the patterns is found in the text, as a regular expression, or as a part of it where it is none. No
 * patterns are found everywhere. */
bool filter_words_found(char *const *patterns, const char *text);

/* Whether the labels (NAME=VALUE) have all of the first, and none of the second. */
bool filter_words_labels(char *const *labels, char *const *with, char *const *without);

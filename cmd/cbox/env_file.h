/* Files of variables, or of labels: --env-file, --label-file. */
#pragma once

#include "base/err.h"

/* Appends the lines, as bundle_parse_env_file() understands them. ERR_INVALID names file and line; errors of reading.
 */
int env_file_read(const char *path, char ***lines, struct err *err);

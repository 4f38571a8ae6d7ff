/* A file that a user asked for, large perhaps: whole under its name, or what was there before.
 *
 * It is written without a name in the directory where it is to be, so that nothing is left of it whatever happens to
 * the process, and gets its name when it is complete and on disk. Where it takes the place of another file it has a
 * name that starts with ".tmp-" for a moment before; where the file system knows no files without names, all the time.
 * What exists and is no regular file (a pipe, /dev/null) is written to as it is. open(2), O_TMPFILE.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum { OUTPUT_NAME_MAX = 40 };

struct output {
    int fd;                          /* to write to; owned by the output */
    int dir;                         /* -1: written to as it is */
    const char *path;                /* borrowed */
    char temporary[OUTPUT_NAME_MAX]; /* in `dir`; "" while the file has no name */
};

#define OUTPUT_NONE ((struct output){.fd = -1, .dir = -1})

/* `path` is borrowed until the end. ERR_NOT_FOUND, ERR_PERMISSION, ERR_INVALID (a directory), ERR_IO. */
int output_begin(const char *path, mode_t mode, struct output *ret, struct err *err);

/* Puts it on disk and gives it its name. */
int output_finish(struct output *o, struct err *err);

/* Gives it up unless it was finished. For OUTPUT_NONE it does nothing. */
void output_release(struct output *o);
#define _cleanup_output_ _cleanup_(output_release)

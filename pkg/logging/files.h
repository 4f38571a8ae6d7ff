/* The files of one log, as they are at one moment, and which of them comes behind which while they are rotated. */
#pragma once

#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* A file that was opened to be read; one that is compressed was unpacked into a file without a name. */
struct log_opened {
    int fd;
    struct stat as; /* of what lies in the directory */
};

struct log_files {
    int dir;          /* borrowed */
    const char *name; /* borrowed: of the newest */
    int64_t max_file;
    int64_t max_size; /* of each, but for its last line; 0: no bound */
};

void log_opened_release(struct log_opened *o);

/* Opens the file that was rotated `i` times: 1; 0 where there is none; or a negative kind. */
int log_files_open(const struct log_files *f, int64_t i, struct log_opened *ret, struct err *err);

/* How often a file that is open was rotated since, or -1 where it is gone. */
int64_t log_files_find(const struct log_files *f, int fd);

/* How many there are beside the newest, gaps not counted over two. */
int64_t log_files_count(const struct log_files *f);

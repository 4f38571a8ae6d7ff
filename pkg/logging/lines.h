/* Lines of a file that may be growing, and that anybody may have damaged. */
#pragma once

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest line of ours has six bytes for each of a piece, and its attributes. */
enum { LOG_LINE_MAX = 1 << 20 };

struct log_lines {
    int fd;         /* borrowed, read by pread(2); -1: there is nothing */
    int64_t offset; /* of what is read next */
    char *block;
    size_t size, from, to; /* of what was read and not handed out: [from, to) */
    bool too_long;         /* a line is being passed over */
};

void log_lines_release(struct log_lines *l);
#define _cleanup_lines_ _cleanup_(log_lines_release)

/* The next whole line without its newline, good until the next call and the caller's to change: 1; 0 where there is
 * none yet; or -errno. Longer ones than LOG_LINE_MAX are passed over. */
int log_lines_next(struct log_lines *l, char **ret, size_t *ret_len);

/* Where the last whole line of a file ends, or -errno. */
int64_t log_lines_end(int fd);

/* Where the last `*n` whole lines of a file begin; `*n` is what is missing of them. Or -errno. Reads from the end. */
int64_t log_lines_tail(int fd, int64_t *n);

#include "logging/lines.h"

#include "sys/fd.h"

#include <sys/stat.h>

enum { BLOCK = 256 << 10, TAIL_BLOCK = 64 << 10 };

void log_lines_release(struct log_lines *l)
{
    free(l->block);
    *l = (struct log_lines){.fd = -1};
}

/* Reads more behind what is there: how much, 0 at the end, or -errno. */
static ssize_t fill(struct log_lines *l)
{
    ssize_t n;

    if (l->from && l->to == l->size) {
        memmove(l->block, l->block + l->from, l->to - l->from);
        l->to -= l->from;
        l->from = 0;
    }
    if (l->to == l->size && l->size >= LOG_LINE_MAX) {
        l->to = 0;
        l->too_long = true;
    } else if (l->to == l->size) {
        l->size = l->size ? l->size * 2 : BLOCK;
        l->block = mem_resize(l->block, l->size, 1);
    }
    n = TEMP_FAILURE_RETRY(pread(l->fd, l->block + l->to, l->size - l->to, l->offset));
    if (n < 0)
        return -errno;
    l->to += (size_t)n;
    l->offset += n;
    return n;
}

int log_lines_next(struct log_lines *l, char **ret, size_t *ret_len)
{
    size_t seen = 0; /* bytes in which there is no newline */

    while (l->fd >= 0) {
        size_t left = l->to - l->from;
        char *line = left ? l->block + l->from : NULL,
             *newline = left > seen ? memchr(line + seen, '\n', left - seen) : NULL;
        ssize_t n;

        if (newline) {
            bool whole = !l->too_long;

            l->too_long = false;
            l->from += (size_t)(newline - line) + 1;
            seen = 0;
            if (l->from == l->to)
                l->from = l->to = 0;
            if (!whole)
                continue;
            *ret = line;
            *ret_len = (size_t)(newline - line);
            return 1;
        }
        seen = left;
        n = fill(l);
        if (n <= 0)
            return (int)n;
        if (l->to - l->from == (size_t)n)
            seen = 0; /* the rest was thrown away */
    }
    return 0;
}

int64_t log_lines_end(int fd)
{
    _cleanup_free_ char *block = mem_alloc(TAIL_BLOCK);
    int64_t end = lseek(fd, 0, SEEK_END);

    while (end > 0) {
        int64_t from = MAX_OF(end - TAIL_BLOCK, 0);
        ssize_t n = fd_pread_all(fd, block, (size_t)(end - from), from);
        const char *newline = n > 0 ? memrchr(block, '\n', (size_t)n) : NULL;

        if (n < 0)
            return n;
        if (newline)
            return from + (newline - block) + 1;
        end = from;
    }
    return end < 0 ? -errno : 0;
}

int64_t log_lines_tail(int fd, int64_t *n)
{
    _cleanup_free_ char *block = mem_alloc(TAIL_BLOCK);
    int64_t end = lseek(fd, 0, SEEK_END);
    bool in_last = true; /* the newline that ends the last line is one more than there are lines */

    if (end < 0)
        return -errno;
    while (end > 0) {
        int64_t from = MAX_OF(end - TAIL_BLOCK, 0);
        ssize_t got = fd_pread_all(fd, block, (size_t)(end - from), from);
        char *newline;

        if (got < 0)
            return got;
        for (size_t left = (size_t)got; (newline = memrchr(block, '\n', left)); left = (size_t)(newline - block)) {
            if (!in_last && --*n == 0)
                return from + (newline - block) + 1;
            in_last = false;
        }
        end = from;
    }
    if (!in_last)
        --*n; /* the first line has no newline before it */
    return 0;
}

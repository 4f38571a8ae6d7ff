/* Sorting texts, perhaps more of them than memory should hold: those beyond a limit lie in a file (sys/spill.h) in
 * sorted runs, which are merged when they are read.
 *
 * A text is any bytes, zeros too; the order is that of memcmp(3), and a text comes before those that it begins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sorter;

/* `most`: the bytes of memory that what is sorted may take, about. */
struct sorter *sorter_new(size_t most);
void sorter_free(struct sorter *s);

static inline void sorter_free_cleanup(struct sorter **s)
{
    sorter_free(*s);
}

/* Texts are shorter than 64 KiB. -errno. */
int sorter_add(struct sorter *s, const void *text, size_t len);

/* 1 and the next text, good until the next call; 0 at the end; -errno. After the first call nothing is added. */
int sorter_next(struct sorter *s, const char **ret, size_t *ret_len);

/* The memory that it takes at the moment. */
size_t sorter_memory(const struct sorter *s);

/* The names of a directory in their order, however many there are, while a tree is walked. */
#pragma once

#include "sys/sort.h"

/* What the directories that a walk has open take together: each that is opened may take half of what is left, and what
 * it has beyond that lies in a file. Zeroed at first. */
struct names_pool {
    size_t used;
};

struct names {
    struct names_pool *pool;
    struct sorter *sorter;
    size_t memory;
};

/* Reads all names of the directory, but "." and "..", wherever `dir` stands in it; O_PATH will do. -errno, -E2BIG where
 * there are more than `most`. The descriptor is not needed afterwards. names_close() in any case. */
int names_open(struct names_pool *pool, int dir, size_t most, struct names *ret);
void names_close(struct names *n);
#define _cleanup_names_ _cleanup_(names_close)
#define NAMES_NONE      ((struct names){0})

/* 1 and the next name, good until the next call, with its type (readdir(3), d_type; `ret_type` may be NULL); 0 at the
 * end; -errno. */
int names_next(struct names *n, const char **ret_name, unsigned char *ret_type);

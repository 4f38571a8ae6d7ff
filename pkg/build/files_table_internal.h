/* The form of a table: what files_table.c reads and files_table_write.c writes. Not for use elsewhere. */
#pragma once

#include "build/files_internal.h"

#include "base/vec.h"

#include <limits.h>

#define TABLE_MAGIC "cboxtab2"

struct table_header {
    char magic[8];
    int64_t written; /* seconds */
    int64_t index_at;
    uint64_t index_len, blocks;
    uint64_t check; /* over the index */
};

/* In the index, before the paths that blocks begin with. */
struct table_block {
    int64_t at;
    uint64_t check; /* over its bytes */
    uint32_t len, records;
};

/* In a block; then two numbers of 16 bits, how many bytes of the path are those of the path before and how many follow,
 * and these. */
struct table_record {
    uint64_t dev, ino;
    int64_t size, mtime, ctime; /* nanoseconds */
    unsigned char content[32];
    int64_t used; /* seconds: when a walk saw it last, about */
};

enum {
    TABLE_BLOCK_MAX = 256 << 10,
    TABLE_INDEX_MAX = 16 << 20,
    TABLE_MAX = BUILD_FILES_MAX * 2, /* records */
};

struct table_found {
    struct table_block block;
    const char *first;
};

/* Where one is in a table. */
struct table_cursor {
    size_t block; /* SIZE_MAX: nowhere yet */
    size_t pos, len, left;
    bool valid; /* there is: */
    struct table_record record;
    char path[PATH_MAX];
    size_t path_len;
};

struct files_table {
    struct store *store;
    char name[65];
    int fd; /* -1: there is none */
    char *index;
    VEC(struct table_found) blocks;
    char *bytes; /* of the block that is open */
    struct table_cursor at;
    int64_t opened, written;
    size_t learned; /* files that were asked for in vain */
};

static inline int64_t table_nanoseconds(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

uint64_t table_check(const char *p, size_t len);
int table_directory(struct store *s, int *ret_fd, struct err *err);

/* What is there under the table's name now. */
void table_load(struct files_table *t);
void table_unload(struct files_table *t);

/* Goes to the next record, from nowhere to the first; false at the end. */
bool table_next(struct files_table *t);

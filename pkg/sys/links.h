/* Files with several names, while a tree is gone through: by which name one was met first. Names lie in a file where
 * there are many (sys/spill.h), and what all names were met of is forgotten, so that a tree may have any number of such
 * files. */
#pragma once

#include "base/vec.h"
#include "sys/spill.h"

#include <stdbool.h>

struct stat;

/* A hostile tree has as many files of which not all names were met, and as long names, as it likes: what is remembered
 * at one time, and the bytes of names in memory where no file can be made. */
enum { LINKS_MAX = 3 << 19, LINKS_BYTES_MAX = 16 << 20 };

struct links_entry;

struct links {
    uint32_t *heads; /* by hash, the first of a chain of entries; numbers begin with 1 */
    VEC(struct links_entry) entries;
    uint32_t unused; /* a chain too */
    size_t known;    /* entries that are in use */
    struct spill names;
    bool failed; /* the disk is full, say: nothing is added until nothing is remembered */
    struct spill_reader reader;
};

/* The name that the file of `st` was met by before, good until the next call, or NULL. Remembers a file that has
 * several names as `path` where not, as long as there is room: what is not remembered is to be treated as a file of its
 * own. */
const char *links_known(struct links *l, const struct stat *st, const char *path);
void links_release(struct links *l);

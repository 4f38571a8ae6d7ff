/* Files with several names, while a tree is gone through: by which name one was met first. */
#pragma once

#include <stddef.h>

struct stat;

/* What is remembered together: a hostile tree has as many names, and as long ones, as it likes. */
enum { LINKS_BYTES_MAX = 128 << 20 };

struct links {
    void *tree; /* tsearch(3) */
    size_t bytes;
};

/* The name that the file of `st` was met by before, or NULL; remembers it as `path` where not, as long as there is
 * room: what is not remembered is to be treated as a file of its own. */
const char *links_known(struct links *l, const struct stat *st, const char *path);
void links_release(struct links *l);

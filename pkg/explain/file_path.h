/* A path as a container sees it: step by step, so that each link on the way can be told. */
#pragma once

#include "base/vec.h"

#include <stdbool.h>
#include <sys/stat.h>

struct explain_link {
    char *path, *to; /* where it stands, without links before it, and what it says */
};

struct explain_path {
    char *path;                     /* absolute, without links as far as it is there */
    VEC(struct explain_link) links; /* in the order in which they are followed */
    struct stat st;
};
void explain_path_release(struct explain_path *p);
#define _cleanup_explain_path_ _cleanup_(explain_path_release)

/* Follows `path` in `root`, which nothing leads out of. 0 or -errno: with -ENOENT `ret` is what is not there. The
 * kernel's links in proc, which lead from processes to their files, are not followed: they end the way. The caller
 * releases `ret` in any case. */
int explain_path_follow(int root, const char *path, struct explain_path *ret);

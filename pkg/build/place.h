/* Where COPY writes: the directories of the layers below and those of the upper directory, seen as one, as overlayfs
 * will show them.
 *
 * One stands in a directory and goes into others by one name each, with a pair of descriptors for every directory on
 * the way. Nothing is written by going: a directory is repeated in the upper one, with the attributes that it has
 * below, when place_write() is about to write into it. Nobody else changes either side. Times are set on leaving, since
 * what is written into a directory changes them.
 */
#pragma once

#include "base/buf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <sys/stat.h>

enum { PLACE_DEPTH_MAX = 256 };

struct place_level {
    int below;             /* as it is in the layers below, O_PATH; -1: it is not there, or hidden */
    int upper;             /* as it is in the upper directory; -1: not yet */
    size_t path;           /* the length of its path in `place.path` */
    struct timespec mtime; /* set on leaving, where there is `upper` */
    bool inherits;         /* what is made in it may get its group (set-group-ID) */
};

struct place {
    VEC(struct place_level) levels; /* the first is the root */
    struct buf path;                /* where one stands: "usr/lib", "" in the root */
    struct timespec epoch;          /* the time of directories that change, and of those that are made */
    uid_t owner[2];                 /* whom directories belong to that are made on the way: uid, gid */
    mode_t mode;                    /* and their mode */
    size_t ground;                  /* levels that are the root of place_walk(), 0 or 1: the root itself */
};

/* Stands in the root. `below` (-1: nothing is there) and `upper` are copied. place_release() in any case. */
int place_open(struct place *p, int below, int upper, struct err *err);
/* The same by other descriptors of the two, for a process that was forked and lost those that it had: what the root has
 * is left alone. */
int place_open_again(struct place *p, int below, int upper, struct err *err);
void place_release(struct place *p);

/* What has the name `name` here, not followed where it is a link: 1, 0 where there is nothing. */
int place_look(const struct place *p, const char *name, struct stat *ret, struct err *err);

/* Goes into a directory that is there; or makes one, with mode 0700 for now, which nothing has the name of. */
int place_enter(struct place *p, const char *name, struct err *err);
int place_make(struct place *p, const char *name, struct err *err);
int place_leave(struct place *p, struct err *err);

/* Where one stands. */
static inline struct place_level *place_top(const struct place *p)
{
    return &p->levels.v[p->levels.n - 1];
}

/* The upper directory of where one stands, made if need be, with all that it lies in. Good until place_leave(). */
int place_write(struct place *p, int *ret_upper, struct err *err);

/* Where a new directory takes the place of something that an earlier source brought: nothing of below shows in it. */
int place_make_opaque(struct place *p, struct err *err);

/* Goes from the root to `path`, following links inside of the root, the last one too; missing directories on the way
 * are made. With `directory` the last name has to be one as well, and is made; else, where it is nothing or no
 * directory, one stands in what it is to lie in, and `*ret_name` (NULL where it is a directory) is its name, which the
 * caller frees. ERR_EXISTS where something on the way is no directory. */
int place_walk(struct place *p, const char *path, bool directory, char **ret_name, struct err *err);

/* Copies the attributes that a layer keeps from one open file to another. 0 or -errno. */
int place_copy_xattrs(int from, int to);

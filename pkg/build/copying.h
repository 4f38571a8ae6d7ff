/* A COPY or ADD under way: what its parts share. Not for use outside of copy*.c and add*.c. */
#pragma once

#include "build/copy.h"
#include "build/place.h"

#include "sys/links.h"
#include "sys/names.h"

#include <sys/stat.h>

/* A directory of the source, the one that place_top() is made of. */
struct copying_source {
    int fd;
    bool whole; /* its attributes are those of the target: it was selected itself, or the target is new */
    struct stat st;
};

struct copying {
    struct build_copy_job *job;
    const struct dockerfile_copy *copy;
    const struct build_tree *tree; /* what is being copied from */
    struct place place;
    char *target;   /* absolute, without a slash at its end */
    bool directory; /* the target was written as a directory */
    bool several;   /* sources */
    bool not_root;  /* what is made belongs to somebody else */
    bool chown;
    uid_t owner[2]; /* of --chown: uid, gid */

    VEC(struct copying_source) sources;
    size_t ground; /* levels of `place` that the target itself has */
    bool selected; /* what is being copied; else whatever lies in a directory, with: */
    struct links links;
    struct names_pool names;
    char *buffer;
    int64_t files, bytes;
};

/* How files of a source are treated, beside --chown and --chmod. */
struct copying_from {
    bool keep_owner, keep_time;
};

/* Goes to where a file whose source is called `name` belongs: `*ret_name`, the caller's to free, in place_top(). */
int copying_file_target(struct copying *c, const char *name, char **ret_name, struct err *err);

/* A new file `name` in place_top(), in place of what is there (never a directory), open for writing. */
int copying_make_file(struct copying *c, const char *name, mode_t mode, int *ret_fd, struct err *err);

/* Owner, mode, attributes and time of a new file or directory; `from` is where attributes come from (-1: none), `st`
 * what it is to be. With --chown and --chmod applied. */
int copying_finish(struct copying *c, int fd, int from, const struct stat *st, const struct copying_from *how,
                   struct err *err);

/* Files of one selected source, the one that is being read. */
int copying_selected(struct copying *c, const struct build_selected *s, struct build_reading *reading, struct err *err);

/* All that lies in a directory which nobody selected from. */
int copying_directory(struct copying *c, int dir, const char *what, struct err *err);

/* Says how far it is, now and then. */
void copying_count(struct copying *c, int64_t bytes);

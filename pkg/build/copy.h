/* COPY and ADD, carried out: files of a selection into an upper directory.
 *
 * Where a target lies is seen in the root as it is below (a mount of all layers, for reading), with its links resolved
 * inside of it; what is written goes into the upper directory beside it, never through the mount: no copying up, and a
 * file costs what it costs. Directories on the way are repeated in the upper directory as they are below.
 *
 * Docker's rules: a directory's contents are copied, not itself; several sources, or a target with a slash at its end,
 * need a directory; missing directories are made with 0755 for root (or the owner that was asked for); a directory does
 * not take a file's place nor the other way round, where Docker refuses that. Owner: --chown, else root for a context
 * and the file's own for --from. Times: `epoch` for what comes from a context; else they stay as they are.
 */
#pragma once

#include "build/files.h"
#include "build/plan.h"

#include <signal.h>

/* What ADD fetched. */
struct build_fetched {
    int fd;       /* a file; -1: a repository, in `tree` */
    char *name;   /* where the target is a directory */
    int64_t time; /* Last-Modified; 0: none */
    struct digest digest;
    struct build_context repository;
};

struct build_copy_job {
    const struct build_step *step;
    const struct build_tree *tree;     /* and what was selected in it; of ADD also: */
    struct build_selection *selection; /* nothing for sources that are URLs, repositories and heredocs */
    VEC(struct build_fetched) fetched;
    int below; /* the root below, for reading; -1 with --link: nothing is looked at */
    int upper; /* where it is written */
    int64_t epoch;
    const volatile sig_atomic_t *stop;
    void (*progress)(int64_t files, int64_t bytes, void *data); /* may be NULL */
    void *data;
    bool changed; /* set: a file is not what was selected any more, so the key does not tell what was copied */
};

/* ERR_INVALID (also a user that the image does not know), ERR_EXISTS, ERR_INTERRUPTED, ERR_NO_SPACE, ERR_IO. */
int build_copy(struct build_copy_job *job, struct err *err);

/* WORKDIR: makes the directory in `upper` unless it is there below, for `user` (of the config; NULL or "": root). */
int build_make_directory(int below, int upper, const char *path, const char *user, int64_t epoch, struct err *err);

/* RUN, carried out: a container on the layers below, whose upper directory becomes the layer.
 *
 * It is a container like others (container/container.h), with a monitor, a network and limits, but has no name, is
 * shown to nobody, keeps no log, and is killed with the build. Its working files are gone when this returns; with
 * `keep` a failed one stays, as a container that the user can start: a shell in what the step left.
 *
 * Mounts: bind from a stage, an image or a context, written files thrown away (an overlay of its own); cache
 * directories that stay (store/build_cache.h); tmpfs; secrets as files on a tmpfs or variables; the agent's socket for
 * ssh. What is made in the image to mount on, and was not there, is removed from the layer again.
 */
#pragma once

#include "build/plan.h"

/* A place for RUN --mount=from=: the layers, or a directory of the host. */
struct build_mounted {
    char **lower;                /* as build_layer_stack() has them; NULL: `dir` */
    char *dir;                   /* absolute */
    const struct ignore *ignore; /* what of `dir` is not shown; NULL: all is */
};

struct build_run_job {
    struct store *store;
    const struct config *config;
    const struct build_request *request;
    const struct build_step *step;
    char **lower;                        /* of what lies below (build_layer_stack()) */
    int *lock;                           /* store_build_lock(), shared: let go of once nothing of `lower` or `mounted`
                                            is looked up any more, and set to -1; in any case; may be NULL */
    const struct build_mounted *mounted; /* by the index of run.mounts */
    int64_t epoch;                       /* SOURCE_DATE_EPOCH in its environment */
    bool keep;                           /* --debug */
    void (*output)(void *data, int stream, const char *text, size_t len);
    void *data;
    int stop_fd; /* readable: it is to be killed; ERR_INTERRUPTED */
};

struct build_run_result {
    int exit_code;
    bool oom_killed;
    char *kept; /* --debug: the container's name */
};

/* Runs to the end. `dir`, named `name`: a directory below tmp/ (build_layer_begin()) with `tree/`, which gets what the
 * step wrote, and `work/`: the overlay's own. 0 also for an exit code that is not 0. ERR_NO_EXEC, ERR_NO_COMMAND: the
 * shell is not in the image. The calling process has one thread. The monitor that it forks has copies of its
 * descriptors, and ends some moments later; killed, it takes its container with it. The caller releases `ret` after 0.
 */
int build_run(const struct build_run_job *job, int dir, const char *name, struct build_run_result *ret,
              struct err *err);
void build_run_result_release(struct build_run_result *r);

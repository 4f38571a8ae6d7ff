/* Carrying a plan out: every step in a process of its own, as soon as all that it needs is there. Not for use outside
 * pkg/build. */
#pragma once

#include "build/context.h"
#include "build/layer.h"
#include "build/plan.h"

#include <signal.h>

/* What came of a step. */
struct build_done {
    bool cached;
    struct build_layer layer;
    char key[65];
};

/* A stage, as far as its steps are done. */
struct build_progress {
    build_layers layers;          /* what the next step stands on */
    VEC(struct build_layer) made; /* those of them that no base image has */
    size_t next;                  /* the step that is next */
    size_t first;                 /* the number of its first step among all, for events */
    bool busy;                    /* that step is being done */
};

struct build_worker {
    pid_t pid;
    int socket;
    size_t stage;
    int64_t began;
};

struct building {
    struct store *store;
    const struct config *config;
    const struct build_request *request;
    const struct build_watcher *watcher;
    struct build_plan *plan;
    struct build_context *contexts;  /* by the index of plan->contexts */
    struct build_progress *progress; /* by the index of plan->stages */
    struct build_result *result;
    VEC(struct build_worker) workers;
    char **keys; /* of the steps that were done, for --cache-to */
    int stop[2]; /* closing the second end tells the workers to stop */
    int wake_fd; /* readable: a signal came */
};

/* Does all steps that the target needs. The error of the first that failed; the others were stopped then. */
int build_execute(struct building *b, struct err *err);

/* The layers behind a stage that is done, or an image: appended. A context has none. */
void build_source_layers(const struct building *b, const struct build_source *source, build_layers *ret);

/* ---- the worker's side (step.c) ---- */

/* From a worker to the builder. */
enum build_word {
    BUILD_WORD_TEXT = 1,  /* a byte with the stream, and what was written to it */
    BUILD_WORD_EXPLAINED, /* text */
    BUILD_WORD_PROGRESS,  /* two int64_t */
    BUILD_WORD_EXIT,      /* int32_t: the exit code of a RUN that failed; and with --debug the container's name */
    BUILD_WORD_DONE,      /* struct build_done; nothing follows */
    BUILD_WORD_FAILED,    /* the error */
};

/* In a process of its own. */
_Noreturn void build_work(const struct building *b, size_t stage, int socket);

/* What is in the way of doing it here, without a process: nothing where a step of few inputs is in the cache. */
bool build_find_at_once(const struct building *b, size_t stage, struct build_done *ret);

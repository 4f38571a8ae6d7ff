/* Building an image from a Dockerfile.
 *
 *     request -> Dockerfile parsed (dockerfile/) and context opened (context.h)
 *             -> plan.h: which stages and steps, with all that they say: a value, before anything is done
 *             -> execute.c: each step in a process of its own, as soon as what it needs is there:
 *                    key (cache.h, from files.h and the step) -> found, or
 *                    run.h, copy.h: an upper directory -> layer.h: a layer of the store
 *             -> output.h: image, archive, directory
 *
 * A step is done once for all builds that have the same key, whatever Dockerfile it stands in. What was done stays done
 * when a build fails, is interrupted or killed (store/build_cache.h).
 */
#pragma once

#include "config/config.h"
#include "dockerfile/dockerfile.h"
#include "oci/engine.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* --secret, --ssh */
struct build_secret {
    char *id;
    char *path; /* a file; or NULL */
    char *env;  /* a variable of the caller; or NULL */
};
struct build_ssh {
    char *id;     /* "default" */
    char **paths; /* a socket of an agent, or key files; NULL: SSH_AUTH_SOCK */
};

/* --build-context NAME=WHAT: a directory, a URL, "docker-image://NAME", "oci-layout://DIR[:TAG|@DIGEST]" */
struct build_named_context {
    char *name, *what;
};

/* --output */
enum build_output_type {
    BUILD_OUTPUT_IMAGE,  /* the store, with the names of `tags` */
    BUILD_OUTPUT_LOCAL,  /* files into the directory `dest` */
    BUILD_OUTPUT_TAR,    /* files as a tar to `dest`; NULL: standard output */
    BUILD_OUTPUT_OCI,    /* an OCI layout: a tar, or a directory with tar=false */
    BUILD_OUTPUT_DOCKER, /* an archive as `docker save` makes it */
    BUILD_OUTPUT_NONE,   /* the cache alone */
};
struct build_output {
    enum build_output_type type;
    char *dest;
    bool directory;    /* tar=false */
    char *name;        /* the image's, where it is not of `tags` */
    char *compression; /* "uncompressed", "gzip", "zstd"; NULL: as a save has it */
    bool push;         /* of IMAGE: all of its names are pushed afterwards, by the caller */
};

/* --cache-from, --cache-to */
enum build_cache_type {
    BUILD_CACHE_REGISTRY,
    BUILD_CACHE_LOCAL,
    BUILD_CACHE_INLINE, /* the image's own config; of --cache-to alone */
};
struct build_cache_place {
    enum build_cache_type type;
    char *where; /* a reference; a directory; NULL: inline */
    bool all;    /* mode=max: steps of all stages, not only those of the result */
};

/* --annotation */
struct build_annotation {
    bool manifest, index; /* of what: both where both were named */
    char *assignment;     /* KEY=VALUE */
};

struct build_request {
    const char *context;     /* a directory, a URL of an archive or a repository, "-": standard input */
    const char *file;        /* -f: a path, "-": standard input; NULL: Dockerfile in the context */
    char *const *build_args; /* NAME=VALUE; NAME alone was looked up by the caller */
    char *const *labels;     /* NAME=VALUE */
    char *const *tags;
    const char *target;     /* NULL: the last stage */
    char *const *platforms; /* normalised, each once (build_platforms_parse()); none: the host's */
    const char *network;    /* "default", "none", "host" or a network; of RUN */
    const struct engine_host_config
        *limits; /* of RUN: memory, cpus, ulimits, shm size, cgroup parent, security options, hosts; NULL: none */
    VEC(struct build_secret) secrets;
    VEC(struct build_ssh) ssh;
    VEC(struct build_named_context) contexts;
    VEC(struct build_output) outputs; /* none: the store */
    VEC(struct build_annotation) annotations;
    VEC(struct build_cache_place) cache_from, cache_to;
    bool no_cache;
    char *const *no_cache_filter; /* stages that are not taken from the cache */
    bool pull;                    /* base images are asked for anew */
    bool squash;
    bool debug;        /* a failed RUN leaves its files as a container */
    bool explain;      /* BUILD_EXPLAINED events */
    bool insecure;     /* --allow security.insecure */
    bool host_network; /* --allow network.host; as good as `network` "host" */
    int64_t epoch;     /* SOURCE_DATE_EPOCH in seconds */
    bool has_epoch;

    /* Brings an image that a FROM names: the pull of cmd/. `missing`: only where it is not here. */
    int (*pull_image)(void *data, const char *name, const char *platform, bool missing, struct err *err);
    void *pull_data;
};

/* What a build tells while it goes on, always on the calling process's own thread. */
enum build_event_kind {
    BUILD_PLANNED,   /* what there will be: `steps` of them, each told of by BUILD_STEP once, in their order */
    BUILD_STEP,      /* there is this step: `title` ("[build 2/5] COPY . /src") */
    BUILD_STARTED,   /* it begins */
    BUILD_PROGRESS,  /* `now` of `total` bytes or files, where a step counts */
    BUILD_TEXT,      /* what its program wrote: `text`, `len`, not cut at lines; `stream` 1 or 2 */
    BUILD_CACHED,    /* it was done before */
    BUILD_DONE,      /* it is done; `nanoseconds` */
    BUILD_FAILED,    /* it failed: `why` */
    BUILD_CANCELED,  /* it was given up, since another one failed */
    BUILD_EXPLAINED, /* why it was cached, or not: `text`, lines */
    BUILD_WARNING,   /* `problem` of the Dockerfile */
    BUILD_TICK,      /* time has passed, where the watcher wants to know */
};
struct build_event {
    enum build_event_kind kind;
    size_t step; /* an index */
    size_t steps;
    const char *stage; /* name or number of its stage */
    const char *title;
    const char *text;
    size_t len;
    int stream;
    int64_t now, total, nanoseconds;
    const struct err *why;
    const struct dockerfile_problem *problem;
};

struct build_watcher {
    void (*event)(void *data, const struct build_event *e);
    void *data;
    int tick; /* BUILD_TICK at least every so many milliseconds; 0: never */
};

struct build_result {
    struct digest id;       /* of the image's config; DIGEST_NONE: no image was asked for. Of several platforms that of
                               the host, or the first */
    struct digest manifest; /* and of its manifest; of several platforms of the index */
    int64_t manifest_size;
    bool index;
    char *dockerfile_name;
    struct dockerfile dockerfile;      /* as far as it was read: for excerpts, also after a failure */
    struct dockerfile_problem problem; /* where an error of the Dockerfile, or of a step, belongs; line 0: nowhere */
    int exit_code;                     /* of the RUN that failed; else 0 */
    char *debug_container;             /* with `debug`: the failed step's */
};

/* Builds. Signals (SIGINT, SIGTERM, SIGHUP) end it: ERR_INTERRUPTED. `ret` is the caller's to release in any case. */
int build(struct store *s, const struct config *config, const struct build_request *q, const struct build_watcher *w,
          struct build_result *ret, struct err *err);
void build_result_release(struct build_result *r);

/* Whether steps can run with the limits, the network and the hosts of the request: what `run` would say of them, before
 * there is anything to run. ERR_INVALID; ERR_NOT_FOUND for a network that is not there. */
int build_check_request(struct store *s, const struct build_request *q, struct err *err);

/* Whether one of its outputs is an image. */
bool build_makes_image(const struct build_request *q);

/* --call=outline and --call=targets: what the target asks for, or which there are (outline.h). `outline` is the
 * caller's to release after 0. */
struct build_outline;
int build_outline(struct store *s, const struct config *config, const struct build_request *q,
                  const struct build_watcher *w, struct build_outline *outline, struct build_result *ret,
                  struct err *err);
int build_targets(struct store *s, const struct config *config, const struct build_request *q,
                  const struct build_watcher *w, struct build_outline *outline, struct build_result *ret,
                  struct err *err);

/* --check: reads and checks, and does nothing else. Warnings are told as events; ERR_INVALID where the Dockerfile says
 * that they count as errors. */
int build_check(struct store *s, const struct config *config, const struct build_request *q,
                const struct build_watcher *w, struct build_result *ret, struct err *err);

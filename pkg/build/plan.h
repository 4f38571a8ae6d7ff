/* The plan of a build: which stages are needed, and of each the steps that change files, with everything that they say.
 * A plain value that is made before anything is done: of the Dockerfile, the arguments and the configs of the base
 * images alone. Instructions that change no file have had their effect on `config` and `history` by then.
 */
#pragma once

#include "build/build.h"
#include "dockerfile/read.h"
#include "oci/image_config.h"

typedef VEC(struct digest) build_layers; /* diffIDs, the lowest first, as an image config has them */

enum build_step_kind {
    BUILD_STEP_FROM, /* the first of each stage: what it begins with; nothing is done */
    BUILD_STEP_RUN,
    BUILD_STEP_COPY,    /* and ADD */
    BUILD_STEP_WORKDIR, /* makes the directory */
};

/* A source of files that is not the context: COPY --from, RUN --mount=from=. */
enum build_source_kind {
    BUILD_SOURCE_CONTEXT, /* the build's own, or a named one: `index` into the plan's contexts */
    BUILD_SOURCE_STAGE,   /* of this plan: `index` */
    BUILD_SOURCE_IMAGE,   /* `index` into the plan's images */
};
struct build_source {
    enum build_source_kind kind;
    size_t index;
};

/* What programs of RUN get; the same for all between two changes of it. */
struct build_environment {
    char **env;   /* the image's, and arguments that it does not name */
    char **quiet; /* not part of the key: proxies */
    char *said;   /* the arguments as history shows them: "|2 A=1 B=2 " */
};

struct build_step {
    enum build_step_kind kind;
    size_t stage;
    const struct dockerfile_instruction *instruction; /* borrowed; of a trigger: the plan's */
    struct dockerfile_span at; /* where an error of it belongs; of a trigger: the FROM that brought it */
    char *said;                /* "RUN make": the instruction, without the names and passwords that URLs have */
    char *title;               /* "[build 2/5] RUN make" */
    char *created_by;          /* history */
    size_t history;            /* the index of its entry in the stage's */
    struct oci_container_config config; /* as it stands here: user, working directory, environment, shell */
    struct dockerfile_run run;
    struct build_environment environment; /* of RUN; the stage's */
    struct dockerfile_copy copy;
    char *directory; /* WORKDIR: what is made, absolute; else the working directory, "/" where there is none */
    VEC(struct build_source) sources; /* one of COPY and ADD; of RUN by the index of `run.mounts`, unused ones too */
    bool no_cache;
};

struct build_stage {
    size_t index;  /* in the plan; of one that is not needed, since it is the same for another platform: that one's */
    size_t number; /* in the Dockerfile */
    size_t target; /* for which it was planned: the first of those that share it */
    bool shared;   /* several targets stand on it */
    char *label;   /* AS, or "stage-1"; NULL: the only one, without a name */
    char *name;    /* AS, or its number */
    bool planned;
    bool needed;   /* nothing below counts otherwise */
    int64_t epoch; /* seconds: what files of this stage and its documents are dated (layer.h) */
    bool scratch;
    struct build_source base;                    /* STAGE or IMAGE; not of scratch */
    size_t base_history;                         /* so many entries of the history are the base's */
    VEC(struct dockerfile_instruction) triggers; /* ONBUILD of the base */
    VEC(struct build_environment) environments;  /* of its steps */
    char **args;                                 /* NAME=VALUE of its ARGs, at its end */
    VEC(struct build_step) steps;
    struct oci_image_config
        config; /* at its end, with history; dates and rootfs are those of the base image (output.c makes its own) */
};

/* An image that a FROM or --from names, resolved. */
struct build_image {
    char *name;
    char *wanted; /* the platform that was asked for, or NULL */
    struct oci_platform platform;
    struct oci_image_config config;
    struct digest manifest;
};

/* What a build makes: a stage at its end, for a platform. */
struct build_target {
    struct oci_platform platform;
    size_t stage;
};

struct build_plan {
    VEC(struct build_target) targets; /* one, or one a platform that was asked for */
    VEC(struct build_stage) stages;   /* those of the Dockerfile, needed or not, once a target */
    VEC(struct build_image) images;
    VEC(struct build_named_context) contexts; /* [0] is the build's own; others that are directories */
    char **globals;                           /* NAME=VALUE of the ARGs in front of the stages, for the last target */
    size_t n_steps;                           /* of needed stages */
    size_t *order;
    size_t n_order; /* needed stages, each behind those that it stands on or takes files from */
};

/* A stage that is the same for several platforms, as one FROM --platform=$BUILDPLATFORM is that asks for nothing of the
 * target, is planned once. `image` gives an image's config; it is called once a name and platform. `problem`: where an
 * error belongs. The caller releases `ret` in any case. */
struct build_planning {
    const struct build_request *request;
    const struct dockerfile *file;
    int (*image)(void *data, const char *name, const char *platform, struct build_image *ret, struct err *err);
    void *data;
    dockerfile_problems *warnings; /* those that need more than the text; may be NULL */
};
int build_plan_make(const struct build_planning *p, struct build_plan *ret, struct dockerfile_problem *problem,
                    struct err *err);
void build_plan_release(struct build_plan *p);

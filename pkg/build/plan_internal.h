/* Between the parts of planning: not for use elsewhere. */
#pragma once

#include "build/plan.h"
#include "dockerfile/apply.h"

/* Each step has variables, arguments and labels of its own: a few long ones in front of many steps are a lot. */
enum { PLAN_COPIED_MAX = 256 << 20 };

struct planning {
    const struct build_planning *given;
    struct build_plan *plan;
    struct dockerfile_problem *problem;
    struct oci_platform host;
    size_t target;        /* that is planned */
    const char *platform; /* its platform, where one was asked for; or NULL */
    size_t first;         /* index of the first of its stages */
    char **platform_args; /* TARGETARCH=… and so on */
    char **globals;       /* ARGs before the first FROM, with their values */
    bool *consumed;       /* of the build arguments, by their index */
    size_t spent;         /* bytes of words, as struct words has it */
    size_t copied;        /* bytes that steps have of their own */
};

/* A stage while it is read. */
struct stage_reading {
    struct planning *planning;
    struct build_stage *stage;
    char **args;                          /* NAME=VALUE, of those that have a value */
    struct build_environment environment; /* of the next RUN; zero: ARG or ENV came since */
    struct dockerfile_applying applying;
};

/* Wraps `err` with the place, and says it in the problem. */
int plan_fail(struct planning *p, const struct dockerfile_span *at, struct err *err);

/* plan_arguments.c */
void plan_platform_args(struct planning *p);
int plan_global_args(struct planning *p, struct err *err);
int plan_stage_arg(struct stage_reading *r, const struct dockerfile_instruction *i, char **ret_created_by,
                   struct err *err);
/* What `name` was given by --build-arg, or NULL; it counts as consumed then. */
const char *plan_build_arg(struct planning *p, const char *name);
void plan_warn_unconsumed(struct planning *p);
/* Proxies, which need no ARG. The caller frees it. */
char **plan_proxies(struct planning *p, char *const *env);

/* plan_source.c: what a name means in the stage of this number; the stage behind it is planned then. `base`: a FROM's.
 */
int plan_find_source(struct planning *p, size_t number, const char *name, const char *platform, bool base,
                     struct build_source *ret, struct err *err);
int plan_check_references(struct planning *p, struct err *err);
int plan_find_image(struct planning *p, const char *name, const char *platform, size_t *ret, struct err *err);
int plan_find_context(struct planning *p, const char *name);

/* plan_step.c: one more copy of what it has is made; ERR_LIMIT. */
int plan_count_copy(struct planning *p, const struct oci_container_config *c, struct err *err);

/* plan_stage.c: the stage of this number in the Dockerfile, for the target under way; `*ret_index` is where it is. */
int plan_stage(struct planning *p, size_t number, size_t *ret_index, struct err *err);

/* plan_shared.c: a stage of another target that is the same, or NULL. */
struct build_stage *plan_find_same(struct build_plan *plan, const struct build_stage *stage);

/* plan_step.c: one instruction of a stage: a step, or a change of the config. */
int plan_instruction(struct stage_reading *r, const struct dockerfile_instruction *i, const struct dockerfile_span *at,
                     struct err *err);
void build_step_release(struct build_step *s);
void build_environment_release(struct build_environment *e);
/* Once all are there: "[build 2/5] RUN make", "[linux/arm64 build 2/5] RUN make" where there are several platforms. */
void plan_name_steps(const struct build_plan *plan, struct build_stage *stage);

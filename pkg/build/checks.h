/* Docker's build checks, with what only a build knows: base images and contexts. Not for use outside pkg/build. */
#pragma once

#include "build/context.h"
#include "build/plan.h"
#include "dockerfile/check.h"

struct build_checks {
    struct dockerfile_check_options options;
    dockerfile_problems problems; /* warnings of all kinds, also those without a rule */
};

/* What the text alone tells. ERR_INVALID for options that are none. The caller releases `ret` in any case. */
int build_checks_begin(const struct dockerfile *d, const struct build_request *q, struct build_checks *ret,
                       struct err *err);

/* What the plan tells. `contexts` by their index in the plan. */
void build_checks_plan(const struct dockerfile *d, const struct build_request *q, const struct build_plan *plan,
                       const struct build_context *contexts, struct build_checks *c);

void build_checks_release(struct build_checks *c);

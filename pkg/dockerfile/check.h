/* Docker's build checks: https://docs.docker.com/reference/build-checks/. Pure data.
 *
 * Those that follow from the text alone are made here; others need what a build knows (base images' platforms, what the
 * context has) and are reported by it in the same form.
 */
#pragma once

#include "dockerfile/dockerfile.h"

struct dockerfile_rule {
    const char *name; /* "StageNameCasing" */
    const char *what; /* "Stage names should be lowercase" */
    bool experimental;
};
extern const struct dockerfile_rule dockerfile_rules[]; /* ends with an empty one */

/* What `# check=skip=A,B;error=true` (or --build-arg BUILDKIT_DOCKERFILE_CHECK) says. */
struct dockerfile_check_options {
    char **skip; /* names, or "all" */
    char **experimental;
    bool error; /* warnings make the build fail */
};
int dockerfile_check_options_parse(const char *text, struct dockerfile_check_options *ret, struct err *err);
void dockerfile_check_options_release(struct dockerfile_check_options *o);

/* Adds what the text alone tells, in the order of lines; those that are skipped are not. `build_args`: NAME=VALUE. The
 * caller releases the problems. */
void dockerfile_check(const struct dockerfile *d, char *const *build_args, const struct dockerfile_check_options *o,
                      dockerfile_problems *to);

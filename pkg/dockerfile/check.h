/* Docker's build checks: https://docs.docker.com/reference/build-checks/. Pure data.
 *
 * Those that follow from the text alone are made by dockerfile_check(); two more need what a build knows, and are asked
 * for by it: dockerfile_check_variables(), dockerfile_check_copy(). InvalidBaseImagePlatform is the build's own, with
 * dockerfile_check_report(). A comment `# check=skip=…` right above an instruction counts for that one.
 */
#pragma once

#include "dockerfile/dockerfile.h"
#include "dockerfile/ignore.h"

enum dockerfile_rule_id {
    RULE_STAGE_NAME_CASING,
    RULE_FROM_AS_CASING,
    RULE_NO_EMPTY_CONTINUATION,
    RULE_CONSISTENT_INSTRUCTION_CASING,
    RULE_DUPLICATE_STAGE_NAME,
    RULE_RESERVED_STAGE_NAME,
    RULE_JSON_ARGS_RECOMMENDED,
    RULE_MAINTAINER_DEPRECATED,
    RULE_UNDEFINED_ARG_IN_FROM,
    RULE_WORKDIR_RELATIVE_PATH,
    RULE_UNDEFINED_VAR,
    RULE_MULTIPLE_INSTRUCTIONS_DISALLOWED,
    RULE_LEGACY_KEY_VALUE_FORMAT,
    RULE_INVALID_BASE_IMAGE_PLATFORM,
    RULE_REDUNDANT_TARGET_PLATFORM,
    RULE_SECRETS_USED_IN_ARG_OR_ENV,
    RULE_INVALID_DEFAULT_ARG_IN_FROM,
    RULE_FROM_PLATFORM_FLAG_CONST_DISALLOWED,
    RULE_COPY_IGNORED_FILE,
    RULE_INVALID_DEFINITION_DESCRIPTION,
    RULE_EXPOSE_PROTO_CASING,
    RULE_EXPOSE_INVALID_FORMAT,
};

struct dockerfile_rule {
    const char *name; /* "StageNameCasing" */
    const char *what; /* "Stage names should be lowercase" */
    bool experimental;
};
extern const struct dockerfile_rule dockerfile_rules[]; /* by id; ends with an empty one */

/* What `# check=skip=A,B;error=true` (or --build-arg BUILDKIT_DOCKERFILE_CHECK, which counts instead) says. */
struct dockerfile_check_options {
    char **skip; /* names, or "all" */
    char **experimental;
    bool error; /* warnings make the build fail */
};
/* NULL and "" say nothing. The caller releases `ret` in any case. */
int dockerfile_check_options_parse(const char *text, struct dockerfile_check_options *ret, struct err *err);
void dockerfile_check_options_release(struct dockerfile_check_options *o);

/* Adds what the text alone tells, in the order of lines; those that are skipped are not. `build_args`: NAME=VALUE. The
 * caller releases the problems. Of a file that was refused, what Docker finds before it comes to what is wrong. */
void dockerfile_check(const struct dockerfile *d, char *const *build_args, const struct dockerfile_check_options *o,
                      dockerfile_problems *to);

/* UndefinedVar in a stage: `env` is what it begins with, its base's environment. */
void dockerfile_check_variables(const struct dockerfile *d, size_t stage, char *const *env, char *const *build_args,
                                const struct dockerfile_check_options *o, dockerfile_problems *to);

/* CopyIgnoredFile: of a COPY or ADD whose `sources`, expanded, are files of a context with patterns. */
void dockerfile_check_copy(const struct dockerfile *d, const struct dockerfile_instruction *i, char *const *sources,
                           const struct ignore *patterns, const struct dockerfile_check_options *o,
                           dockerfile_problems *to);

/* Adds one that was found elsewhere, unless it is skipped. `message` is taken over. */
void dockerfile_check_report(const struct dockerfile *d, const struct dockerfile_instruction *i,
                             enum dockerfile_rule_id rule, char *message, const struct dockerfile_check_options *o,
                             dockerfile_problems *to);

/* ERR_INVALID, `lint violation found for rules: …`, where there are problems of rules and `o` says that they count as
 * errors; else 0. */
int dockerfile_check_result(const struct dockerfile_check_options *o, const dockerfile_problems *problems,
                            struct err *err);

/* What a comment right above an instruction says of the stage or argument `name` (NULL: of none), "# NAME WHAT",
 * without the name: docs.docker.com/reference/cli/docker/buildx/build, "Descriptions". The caller frees it; NULL:
 * nothing. */
char *dockerfile_description(const struct dockerfile *d, const struct dockerfile_instruction *i, const char *name);

/* What the parts of check.h share: not for use elsewhere. */
#pragma once

#include "dockerfile/check.h"

#include "base/strv.h"
#include "dockerfile/words.h"

struct checking {
    const struct dockerfile *d;
    char *const *build_args;
    const struct dockerfile_check_options *options;
    dockerfile_problems *to;
    size_t *spent; /* as of struct words */
};

void check_report(const struct checking *c, const struct dockerfile_instruction *i, enum dockerfile_rule_id rule,
                  const char *fmt, ...) _printf_(4, 5);

/* The comments right above an instruction, each without its `#` and blanks; an empty line or comment parts them from
 * what is above. The caller frees them. */
char **check_comments(const struct dockerfile *d, const struct dockerfile_instruction *i);

/* ---- check_from.c: names and platforms of FROM ---- */

/* How it is written. */
void check_from_casing(const struct checking *c, const struct dockerfile_instruction *from);

void check_stages(const struct checking *c);

/* Values of the arguments before the first FROM, with `build_args` or with their defaults alone: NAME=VALUE, predefined
 * ones too. `declared` gets the names of all. The caller frees both. */
char **check_globals(const struct checking *c, char *const *build_args, char ***declared);

/* ---- check_instructions.c ---- */

/* What is found while instructions are understood one after the other, up to the one that is wrong; the others ask what
 * all of them come to. */
void check_written(const struct checking *c);

void check_instructions(const struct checking *c);

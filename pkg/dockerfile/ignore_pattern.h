/* One pattern of ignore.h, made ready for many paths: not for use elsewhere.
 *
 * Docker turns a pattern into a regular expression of Go's, or into a comparison where it has no wildcard, and what
 * comes of that is what counts, surprises included: `\d` is any digit, `[*]` is no star, `a^b*` matches nothing.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IGNORE_PATTERN_MAX = 4096 };

enum ignore_pattern_kind {
    IGNORE_EXACT,
    IGNORE_PREFIX,
    IGNORE_SUFFIX,
    IGNORE_PROGRAM,
};

/* A step of a pattern: what it takes at the place reached so far. */
enum ignore_op {
    IGNORE_OP_CHARACTER,
    IGNORE_OP_CLASS,       /* one character of a set */
    IGNORE_OP_CLASSES,     /* any number of them */
    IGNORE_OP_DIRECTORIES, /* nothing, or anything that ends with a slash: `**` */
    IGNORE_OP_REST,        /* anything to the end, but newlines */
    IGNORE_OP_START,       /* `^`: nothing, at the start */
    IGNORE_OP_END,
    IGNORE_OP_BOUNDARY, /* of a word */
    IGNORE_OP_NO_BOUNDARY,
};

struct ignore_range {
    uint32_t from, to;
};

struct ignore_step {
    enum ignore_op op;
    uint32_t character;
    bool negated;
    size_t first, n; /* ranges of a class */
    size_t branch;   /* which of those with several ways to go on */
};

struct ignore_pattern {
    char *text; /* clean, without the `!` */
    bool back;  /* `!` */
    enum ignore_pattern_kind kind;
    const char *literal; /* in `text`: what it is compared with */
    size_t literal_len;
    struct ignore_step *steps; /* of a program */
    size_t n_steps, n_branches;
    struct ignore_range *ranges;
    size_t n_ranges;
    char *head, *tail; /* what each match begins and ends with: looked at first */
    size_t head_len, tail_len;
};

/* `text` is taken over. ERR_INVALID: `syntax error in pattern`. The caller releases `ret` in any case. */
int ignore_pattern_compile(char *text, struct ignore_pattern *ret, struct err *err);
void ignore_pattern_release(struct ignore_pattern *p);

bool ignore_pattern_matches(const struct ignore_pattern *p, const char *path, size_t len);

/* The character at `s` (its length to `*ret_len`); a byte that begins none counts as U+FFFD. */
uint32_t ignore_character(const char *s, size_t *ret_len);

/* Patterns of .dockerignore and of --exclude, exactly as Docker matches them (moby/patternmatcher): one a line, `#` at
 * the start of a line is a comment, `!` takes back, `**` any number of directories, Go's filepath.Match for the rest;
 * the last pattern that matches a path or one of its parents counts. Pure data.
 *
 * https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { IGNORE_FILE_MAX = 1 << 20, IGNORE_PATTERNS_MAX = 16384 };

struct ignore;

/* Reads a .dockerignore file; or takes patterns from a vector. ERR_INVALID names the pattern. */
int ignore_parse(const char *text, size_t len, struct ignore **ret, struct err *err);
int ignore_from_list(char *const *patterns, struct ignore **ret, struct err *err);
void ignore_free(struct ignore *g);
MEM_DEFINE_CLEANUP(struct ignore, ignore_free);

/* How the directory that something lies in was matched: what a walk hands down. Zeroed at the root. */
struct ignore_parent {
    unsigned char *matched; /* a bit a pattern; owned by the walk, NULL: none */
};
size_t ignore_state_size(const struct ignore *g); /* bytes of `matched` */

/* Whether `path` (clean, relative, without a leading slash) is left out. With `parent` its directory's state counts
 * instead of a look at each parent's name; `state` (may be NULL) gets its own. `g` may be NULL: nothing is. */
bool ignore_matches(const struct ignore *g, const char *path, const struct ignore_parent *parent,
                    struct ignore_parent *state);

/* Whether something below a directory that is left out may be taken back: only then is it looked into. */
bool ignore_may_take_back(const struct ignore *g, const char *directory);

/* Whether any pattern takes back (`!`). */
bool ignore_takes_back(const struct ignore *g);

/* Go's filepath.Match. ERR_INVALID for a pattern that is none. */
int ignore_glob(const char *pattern, const char *name, bool *ret, struct err *err);

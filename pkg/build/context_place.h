/* Where a context lies that does not lie with the user: not for use outside of context*.c and clone.c. */
#pragma once

#include "build/context.h"

/* tmp/context-UNIQUE/tree, locked: `ret->dir` is the tree, `ret->lock` the directory that it lies in. What a build
 * leaves that was killed is swept. */
int context_make_place(struct store *s, struct build_context *ret, struct err *err);

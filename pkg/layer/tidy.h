/* Making a layer's tree of an upper directory: what only means something to the overlay that wrote it, or only tells
 * when and where that was, goes. Afterwards the tree is what its tar says (layer/pack.h, as an upper directory).
 *
 * - Files that are younger than a time get that time; others keep theirs.
 * - Directories that were looked into, and that differ from those below in nothing but their times, go. So does a
 *   socket, which no tar can have.
 * - The top has the mode and owner of every layer's (layer/apply.h).
 */
#pragma once

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct layer_tidy {
    int lower;                         /* the root below as the step saw it, for reading; -1: there is none */
    int64_t epoch;                     /* seconds since 1970 */
    const volatile sig_atomic_t *stop; /* not 0: ERR_INTERRUPTED; may be NULL */
};

/* `tree`: for reading; nobody else changes it. `*ret_empty`: nothing is left in it, and it hides nothing. */
int layer_tidy(const struct layer_tidy *how, int tree, bool *ret_empty, struct err *err);

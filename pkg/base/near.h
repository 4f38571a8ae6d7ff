/* The nearest known name, for the hint behind an unknown one.
 *
 *     struct near near = near_to("runn");
 *     for (...)
 *         near_offer(&near, names[i]);
 *     if (near.best)
 *         err_hint(err, "did you mean '%s'?", near.best);
 */
#pragma once

struct near {
    const char *word;  /* what was written; borrowed */
    const char *best;  /* the nearest name offered so far, NULL while none is near enough to be meant; borrowed */
    unsigned distance; /* of `best`; a name must be nearer than this */
};

struct near near_to(const char *word);

/* Distance is the number of letters added, dropped, changed or swapped with their neighbour; a third of the word may
 * differ, and one in a short one. Of two names that are as near the first offered wins. */
void near_offer(struct near *near, const char *name);

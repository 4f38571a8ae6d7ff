/* Root's rights, which the kernel has in pieces. capabilities(7) */
#pragma once

#include "explain/status.h"

/* What one lets a process do, "change the owner of any file"; for one that is newer than this, that nobody knows. */
const char *explain_capability_words(const char *name);

/* Those that a container has that was run without options, and all that there are on this host: a bit each. */
uint64_t explain_capabilities_usual(void);
uint64_t explain_capabilities_all(void);

/* The names of the bits, in the kernel's order. The caller frees it. */
char **explain_capability_list(uint64_t mask);

/* What a status says of them, as facts. `all`: those that there are. */
void explain_capabilities_add(const struct explain_status *status, uint64_t all, uint64_t usual, const char *source,
                              explain_facts *to);

/* Hooks: programs of the bundle's author that are run at points of a container's life, with its state on their standard
 * input. OCI runtime specification 1.3, config.md, "POSIX-platform Hooks", and runtime.md, "Lifecycle".
 */
#pragma once

#include "oci/spec.h"
#include "oci/state.h"

/* Runs them in their order, each to its end. One that exits with another code than 0, does not end in its time (it is
 * killed with its process group then) or cannot be executed ends it: the error names `field` ("hooks.prestart"), its
 * index and what it last wrote. `dir` is where they start. Also for a freshly cloned process in other namespaces. */
int hooks_run(const oci_hook_list *list, const char *field, const struct oci_state *state, const char *dir,
              struct err *err);

/* The same, going on past those that fail, which go into the debug log: for hooks whose failure changes nothing. */
void hooks_try(const oci_hook_list *list, const char *field, const struct oci_state *state, const char *dir);

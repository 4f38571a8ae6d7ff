/* Layers as one tree, for reading. Not for use outside pkg/build. */
#pragma once

#include "build/plan.h"
#include "store/store.h"

/* Mounts the layers for the calling process alone (runtime/view.h), which has one thread: `*ret_root` is their root,
 * the caller's to close, and the mount goes with it. What lies below every container (store/skeleton.h) is nobody's,
 * and not seen; without layers there is nothing. `dir`, named `name` below tmp/, is a place of build_layer_begin(), in
 * which `view/` is made. Takes store_build_lock() shared for the moment. */
int build_view(struct store *s, const build_layers *layers, int dir, const char *name, int *ret_root, struct err *err);

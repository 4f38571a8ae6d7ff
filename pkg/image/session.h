/* What surrounds work that takes long: what crashed processes left is cleaned up, signals are watched for, and there is
 * a registry client that they interrupt. Not for use outside pkg/image.
 */
#pragma once

#include "image/signals.h"
#include "registry/registry.h"
#include "store/store.h"

struct image_session {
    struct registry *registry; /* NULL where none was asked for */
    struct image_signals signals;
};

/* `config` NULL: without a registry. `insecure` is that of struct registry_options. On failure there is nothing to end.
 * Called where no threads run yet. */
int image_session_begin(struct store *s, const struct config *config, bool insecure, struct image_session *ret,
                        struct err *err);
void image_session_end(struct image_session *session);

/* The lines of an image's layers while they come in. */
#pragma once

#include "cli/progress.h"
#include "image/image.h"

/* How one kind of event is shown. */
struct layers_view_state {
    const char *words;
    enum { LAYERS_VIEW_SAY, LAYERS_VIEW_BAR, LAYERS_VIEW_DONE } how;
};

/* Shows an event about a layer; `states` has one for each kind from IMAGE_EXISTS on. */
void layers_view_show(struct cli_progress *progress, const struct layers_view_state *states,
                      const struct image_event *e);

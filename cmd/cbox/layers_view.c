#include "layers_view.h"

#include <stdio.h>

void layers_view_show(struct cli_progress *progress, const struct layers_view_state *states,
                      const struct image_event *e)
{
    const struct layers_view_state *state = &states[e->kind];
    char label[13];

    if (e->kind == IMAGE_LAYER) {
        snprintf(label, sizeof(label), "%.12s", e->digest->hex);
        cli_progress_add(progress, label);
    } else if (state->how == LAYERS_VIEW_BAR)
        cli_progress_bar(progress, e->layer, state->words, e->now, e->total);
    else
        cli_progress_say(progress, e->layer, state->words, state->how == LAYERS_VIEW_DONE);
}

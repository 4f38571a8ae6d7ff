#include "push_view.h"

#include <stdio.h>

void push_view_begin(struct push_view *v)
{
    *v = (struct push_view){0};
    fflush(stdout);
    v->progress = cli_progress_new(fileno(stdout));
}

static void show_mounted(struct push_view *v, const struct image_push_event *e)
{
    char *state = str_printf("Mounted from %s", e->from);

    *VEC_PUSH(&v->states) = state;
    cli_progress_say(v->progress, e->layer, state, true);
}

void push_view_show(const struct image_push_event *e, void *data)
{
    struct push_view *v = data;
    char label[13];

    switch (e->kind) {
    case IMAGE_PUSH_LAYER:
        snprintf(label, sizeof(label), "%.12s", e->digest->hex);
        cli_progress_say(v->progress, cli_progress_add(v->progress, label), "Preparing", false);
        break;
    case IMAGE_PUSH_COMPRESSING:
        cli_progress_bar(v->progress, e->layer, "Compressing", e->now, e->total);
        break;
    case IMAGE_PUSH_FETCHING:
        cli_progress_bar(v->progress, e->layer, "Pulling", e->now, e->total);
        break;
    case IMAGE_PUSH_SENDING:
        cli_progress_bar(v->progress, e->layer, "Pushing", e->now, e->total);
        break;
    case IMAGE_PUSH_EXISTS:
        cli_progress_say(v->progress, e->layer, "Layer already exists", true);
        break;
    case IMAGE_PUSH_MOUNTED:
        show_mounted(v, e);
        break;
    case IMAGE_PUSH_SENT:
        cli_progress_say(v->progress, e->layer, "Pushed", true);
        break;
    case IMAGE_PUSH_SKIPPED:
        cli_progress_say(v->progress, e->layer, "Skipped foreign layer", true);
        break;
    }
}

void push_view_end(struct push_view *v)
{
    cli_progress_end(v->progress);
    VEC_FOREACH (state, &v->states)
        free(*state);
    free(v->states.v);
}

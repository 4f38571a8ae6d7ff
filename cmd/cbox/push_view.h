/* What goes to a registry, a line each, as `docker push` shows it: for push and image copy. */
#pragma once

#include "base/vec.h"
#include "cli/progress.h"
#include "image/push.h"

struct push_view {
    struct cli_progress *progress;
    VEC(char *) states; /* what the progress borrows */
};

/* On standard output. */
void push_view_begin(struct push_view *v);
void push_view_end(struct push_view *v);

/* As an event's function, with the view as its data. */
void push_view_show(const struct image_push_event *e, void *data);

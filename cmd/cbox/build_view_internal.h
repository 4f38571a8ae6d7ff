/* Between the parts of the view: not for use elsewhere. */
#pragma once

#include "build_view.h"

#include "base/buf.h"

enum { BUILD_VIEW_TAIL = 64 << 10 };

enum build_view_state { VIEW_WAITS, VIEW_RUNS, VIEW_CACHED, VIEW_DONE, VIEW_FAILED, VIEW_CANCELED };

struct build_view_step {
    char *title; /* printable */
    enum build_view_state state;
    int64_t began, took; /* nanoseconds, monotonic */
    int64_t now, total;
    struct buf line; /* what was written since the last end of a line */
    bool returned;   /* a carriage return stands at its end: what follows takes its place */
    struct buf tail; /* the end of what it wrote, whole lines */
};

struct build_view {
    enum build_view_mode mode;
    int fd;
    int64_t began, drawn_at;
    size_t rows; /* drawn on the screen, the cursor below them */
    size_t left; /* steps that were left above */
    size_t warnings;
    struct buf out;
    struct buf later; /* what a picture has no place for */
    VEC(struct build_view_step) steps;
};

void build_view_flush(struct build_view *v);

/* The events, by the mode. */
void build_view_plain(struct build_view *v, const struct build_event *e);
void build_view_json(struct build_view *v, const struct build_event *e);
void build_view_draw(struct build_view *v, bool last); /* build_view_tty.c */

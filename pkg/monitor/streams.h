/* The standard streams of a program, as its monitor holds them: what it writes goes to the log and to every follower,
 * what followers type goes to it without passing here.
 *
 * A source is where its output comes from: the reading ends of two pipes, or the master of its terminal. A tap is one
 * follower's pipe behind a source. Nothing is read from a source before all its taps have taken what was read, so that
 * the program waits for a slow follower as it would for a slow pipe. It never waits for the log.
 */
#pragma once

#include "base/buf.h"
#include "monitor/monitor.h"
#include "sys/loop.h"

#include <stdbool.h>

struct streams;
struct stream_source;

struct stream_tap {
    struct streams *streams;
    struct stream_source *source; /* NULL: it has ended, and `rest` is what this follower has not taken yet */
    struct loop_watch watch;
    size_t done; /* of what the source has read */
    struct buf rest;
    struct stream_tap **owner; /* set to NULL when the tap goes */
    struct stream_tap *next;
};

struct stream_source {
    struct streams *streams;
    enum monitor_stream which;
    struct loop_watch watch; /* .fd -1: there is none */
    struct buf bytes;
    struct stream_tap *taps;
};

struct streams {
    struct loop *loop;
    void (*written)(void *data, enum monitor_stream which, const char *bytes, size_t len); /* the log; may be NULL */
    void *data;
    int theirs[3]; /* become the program's 0, 1, 2; -1: /dev/null */
    int input;     /* the writing end of its input, or -1 */
    int terminal;  /* the master, or -1 */
    struct stream_source sources[2];
    struct stream_tap *late; /* taps without a source */
};

void streams_init(struct streams *s, struct loop *loop);

/* Makes the pipes of a program without a terminal, `input`: also that of its input. */
int streams_open(struct streams *s, bool input, struct err *err);

/* The program has its ends, and its terminal where it has one, which is taken over: reading begins. */
void streams_begin(struct streams *s, int terminal);

/* Adds a follower of the output or the errors: the reading end of its pipe, -EPIPE where there is no such stream, or
 * another -errno. `owner` is set to the tap. */
int streams_tap(struct streams *s, enum monitor_stream which, struct stream_tap **owner);

/* The follower is gone. */
void streams_untap(struct streams *s, struct stream_tap *tap);

/* No more is read from what it follows: the program learns that nobody reads. */
void streams_close_source(struct stream_source *source);

/* The writing end of its input is closed here. */
void streams_close_input(struct streams *s);

/* The program has ended: what it wrote is taken out of the pipes and logged, and everything is closed. Followers get
 * the rest as fast as they take it, by loop_step(), while streams_are_late(). A process elsewhere that was handed the
 * output is not waited for. */
void streams_end(struct streams *s);
bool streams_are_late(const struct streams *s);

void streams_release(struct streams *s);

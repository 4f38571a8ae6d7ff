/* Events: what happened to containers, images, volumes and networks, as `docker events` tells it. No daemon tells them:
 * every process writes its own into a journal in the state directory, one line of JSON an event by one write(2) with
 * O_APPEND, and readers follow the file. It is cut by renaming when it is large; what is older than two files is
 * forgotten, and after a reboot all.
 */
#pragma once

#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

struct event {
    char *type;        /* "container", "image", "volume", "network" */
    char *action;      /* "create", "start", "die", "health_status: healthy", "exec_start: sh -c x", … */
    char *actor;       /* the id */
    char **attributes; /* NAME=VALUE, sorted: name, image, exitCode, signal, labels */
    int64_t time;      /* time.h */
};

/* Writes one. `state`: the state directory (store_state_path()). An event that cannot be written is a debug line:
 * nothing fails because of it. `attributes` and pairs of `...` (name, value, …, NULL) go together; values that are NULL
 * are left out. */
void event_emit(const char *state, const char *type, const char *action, const char *actor, char *const *attributes,
                ...);

struct event_query {
    int64_t since, until; /* 0: from now on; and without end */
    int stop;             /* readable when the reading shall end (a signalfd), or -1 */
};

/* Hands over events in their order, those of the past first; `take` ends it with anything but 0. */
int event_read(const char *state, const struct event_query *query, int (*take)(const struct event *e, void *data),
               void *data, struct err *err);
void event_release(struct event *e);

/* Events: what happened to containers, images, volumes and networks, as `docker events` tells it. No daemon tells them:
 * every process writes its own into a journal in the state directory, and readers follow that.
 *
 *     <state>/events      a line of JSON an event, each by one write(2) with O_APPEND under the file's lock, shared
 *             events.1    what it was before it grew too large and was cut: renamed, under the same lock, exclusive
 *
 * What is older than the two files is forgotten, and after a reboot all is. A line that makes no sense is passed over.
 */
#pragma once

#include "base/err.h"
#include "base/strv.h"

#include <stdint.h>

enum {
    EVENT_LINE_MAX = 64 << 10,  /* of one event: one with too many labels loses them, too long a command is cut */
    EVENT_JOURNAL_MAX = 1 << 20 /* a journal of this size is cut, or a little later: of twice the size at the latest */
};

struct event {
    char *type;        /* "container", "image", "volume", "network" */
    char *action;      /* "create", "start", "die", "health_status: healthy", "exec_start: sh -c x", … */
    char *actor;       /* the id */
    char **attributes; /* NAME=VALUE, sorted by name: name, image, exitCode, signal, labels */
    int64_t time;      /* time.h */
};

/* Writes one. `state`: the state directory (store_state_path()). An event that cannot be written is a debug line:
 * nothing fails because of it. `attributes` (NAME=VALUE: the labels; NULL: none) and the pairs of `...` (name, value,
 * …, NULL) go together; the pairs win, and those whose value is NULL are left out.
 *
 *     event_emit(state, "container", "die", r->id, r->labels, "image", r->image, "name", r->name, "exitCode", code,
 *                NULL);
 */
void event_emit(const char *state, const char *type, const char *action, const char *actor, char *const *attributes,
                ...) __attribute__((sentinel));

struct event_query {
    int64_t since; /* 0: from now on */
    int64_t until; /* 0: without end; one that is to come is waited for */
};

/* Hands over events in the order in which they were written, those of the past first; `take` ends the reading with
 * anything but 0, which is returned. ERR_IO, ERR_PERMISSION. */
int event_read(const char *state, const struct event_query *query,
               int (*take)(const struct event *e, void *data, struct err *err), void *data, struct err *err);

/* A line of the journal. ERR_INVALID. The caller releases `ret` after 0. */
int event_parse(const char *line, size_t len, struct event *ret, struct err *err);
void event_release(struct event *e);
#define _cleanup_event_ _cleanup_(event_release)

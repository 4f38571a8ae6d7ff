/* Which events are meant: Docker's --filter of `events`. Of one name's values one has to fit; of several names, all.
 *
 *     type=container|image|…     event=ACTION; health_status, exec_create and exec_start alone stand for all of theirs
 *     container=, volume=, network=   the beginning of an id or of a name, as for the other kinds of objects
 *     image=                     an image, or the image of a container, with or without its tag
 *     label=NAME[=VALUE]         among the attributes. Here all values have to fit
 *     scope=local|swarm
 */
#pragma once

#include "event/event.h"

#include <stdbool.h>

struct event_filter {
    char **words; /* NAME=VALUE */
};

/* Reads "name=value" words; ERR_INVALID. The caller releases `ret` in any case. */
int event_filter_parse(char *const *words, struct event_filter *ret, struct err *err);
bool event_filter_match(const struct event_filter *f, const struct event *e);
void event_filter_release(struct event_filter *f);
#define _cleanup_event_filter_ _cleanup_(event_filter_release)

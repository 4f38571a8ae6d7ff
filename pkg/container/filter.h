/* Which containers are meant: Docker's --filter of `ps` and `container prune`. Of one name's values one has to fit, but
 * all labels have to; of several names all have to.
 *
 *     id=START, name=REGEX        name: an extended regular expression, or the whole name
 *     label=NAME[=VALUE]          label!=… not there (prune alone)
 *     status=created|running|paused|restarting|removing|exited|dead, exited=CODE
 *     health=none|starting|healthy|unhealthy
 *     ancestor=IMAGE, volume=NAME|SOURCE|DESTINATION, network=NAME
 *     publish=PORT[-PORT][/PROTOCOL], expose=…
 *     before=CONTAINER, since=CONTAINER, until=TIME (prune alone), is-task=BOOL (there are none)
 *
 * Reading needs the store, matching does not.
 */
#pragma once

#include "container/ports.h"
#include "oci/engine.h"
#include "store/container.h"

enum container_filter_for {
    CONTAINER_FILTER_LIST,
    CONTAINER_FILTER_PRUNE, /* label, label!, until */
};

struct container_filter_ports {
    bool outside; /* publish */
    char *protocol;
    int64_t first, last;
};

struct container_filter {
    char **words; /* NAME=VALUE, of those that are compared as they are */
    char **labels, **labels_without;
    VEC(struct digest) ancestors; /* of images */
    bool has_ancestor;            /* one was asked for, and perhaps not found */
    VEC(int64_t) codes;
    int64_t until;        /* 0: any */
    char *before, *since; /* ids, or NULL */
    bool no_tasks, tasks;
    VEC(struct container_filter_ports) ports; /* of publish and expose: one of them has to fit */
};

/* ERR_INVALID (`invalid filter 'x'`), ERR_NOT_FOUND for the container of before and since. `s` may be NULL where there
 * is no store. The caller releases `ret` in any case. */
int container_filter_parse(struct store *s, char *const *words, enum container_filter_for what,
                           struct container_filter *ret, struct err *err);
void container_filter_release(struct container_filter *f);
#define _cleanup_container_filter_ _cleanup_(container_filter_release)

bool container_filter_has(const struct container_filter *f, const char *name);

/* Whether it is meant, but for its place in a list (before, since). `options` may be NULL unless volumes are asked for,
 * `ports` unless those are. */
bool container_filter_match(const struct container_filter *f, const struct store_container_record *record,
                            const struct engine_options *options, const container_ports *ports);

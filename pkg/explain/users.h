/* Who the processes of a container are, inside and outside. user_namespaces(7), credentials(7) */
#pragma once

#include "explain/status.h"

/* Ids of a user namespace: /proc/PID/uid_map, gid_map. */
struct explain_id_range {
    int64_t inside, outside, size;
};
typedef VEC(struct explain_id_range) explain_id_map;

void explain_id_map_parse(const char *text, explain_id_map *ret);      /* the caller frees `ret->v` */
int64_t explain_id_inside(const explain_id_map *map, int64_t outside); /* -1: nobody inside is that */

/* What a status and the maps say, as facts. `sources`: of the status, the map of users, the map of groups. */
void explain_users_add(const struct explain_status *status, const explain_id_map maps[2], const char *const sources[3],
                       explain_facts *to);

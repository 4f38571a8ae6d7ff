/* Which networks a container is on: when it is made, and afterwards. */
#pragma once

#include "container/container.h"
#include "store/network.h"

/* Names the networks that were asked for as they are called, whatever they were called by (an id, the start of one).
 * ERR_NOT_FOUND: `network X not found`; ERR_INVALID for what such a network cannot have. For container_create(). */
int container_networks_find(struct store *s, struct engine_options *o, struct err *err);

/* Puts a container, by name, on one more network, at once where it runs. ERR_INVALID, ERR_EXISTS in Docker's words. */
int container_connect(struct store *s, const char *name, const struct engine_endpoint *wanted, struct err *err);

/* Takes it out. With `force` what is left there of a container that is gone is removed, too. */
int container_disconnect(struct store *s, const char *name, const char *network, bool force, struct err *err);

/* Gives back what a container has of networks whose monitor is gone, by its record; the caller has its lock. */
void container_networks_tidy(struct store *s, const struct store_container_record *record, bool forget);

/* Its new name in the tables of its networks, of one that does not run and is locked by the caller. */
void container_networks_rename(struct store *s, const char *id, const char *name);

/* What the files of monitor/networks.h share. */
#pragma once

#include "monitor/networks.h"

/* Adds a member that has its addresses; the last one then. */
int networks_add(struct networks *n, const struct monitor_job *job, const struct engine_endpoint *wanted,
                 struct err *err);

/* Takes one away that is not attached, and gives its addresses back. */
void networks_drop(struct networks *n, const struct monitor_job *job, struct networks_member *m);

/* How it is to look; borrows all of the member. And all of them, the way out first; the caller frees `ret->v`. */
struct attachment networks_attachment(const struct networks *n, const struct networks_member *m);
typedef VEC(struct attachment) attachments;
void networks_attachments(const struct networks *n, attachments *ret);

/* The rules of its network. */
int networks_guard(const struct monitor_job *job, const struct networks_member *m, struct err *err);

void networks_tell(const struct monitor_job *job, const struct networks_member *m, bool connected);

/* Claims the ports for the addresses of the way out, and publishes them, where they are not yet; nothing is done where
 * all is as it was. networks_ports.c */
int networks_claim(struct networks *n, const struct monitor_job *job, struct err *err);
int networks_publish(struct networks *n, const struct monitor_job *job, struct err *err);
void networks_unpublish(struct networks *n, const struct monitor_job *job);

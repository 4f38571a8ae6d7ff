/* Pulling from other commands. */
#pragma once

#include "cbox.h"

struct cbox_pull {
    const char *platform; /* or NULL */
    bool missing;         /* it was looked for and is not there, which is said first */
    bool quiet;
};

/* Pulls `reference` (as the user wrote it) in a forked child process that shows its progress on standard error, so that
 * the caller, which will clone containers, never loads libcurl or runs threads. 0 once the image is there; else the
 * child's error with its kind. SIGINT and SIGTERM end the child first. Opens the store anew: the caller holds no store
 * lock meanwhile. */
int cbox_pull_in_child(struct cli_context *ctx, const char *reference, const struct cbox_pull *how, struct err *err);

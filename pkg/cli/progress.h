/* Several things going on at once, a line each, as `docker pull` shows its layers.
 *
 * On a terminal the lines stay in place and are drawn anew, at most ten times a second:
 *
 *     a1b2c3d4e5f6: Downloading [====>                ]  12.3MB/45.6MB
 *     0f1e2d3c4b5a: Pull complete
 *
 * Anywhere else every new state of a line is one line of output, and numbers are left out. Lines that no longer fit on
 * the screen are left above it once they are done.
 */
#pragma once

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct cli_progress;

/* Draws on `fd`, which stays open and the caller's; nothing else may write there until the end. Writing errors are
 * ignored: progress is not worth a failure. */
struct cli_progress *cli_progress_new(int fd);

/* Adds a line (they are numbered from 0) and says what it is about. The label may be foreign text. */
size_t cli_progress_add(struct cli_progress *p, const char *label);

/* The line's state: "Waiting", "Verifying", a literal. `done` says that it is the last one. */
void cli_progress_say(struct cli_progress *p, size_t line, const char *state, bool done);

/* The line's state, a literal, with a bar: `now` of `total` bytes; a total of 0 is not known. */
void cli_progress_bar(struct cli_progress *p, size_t line, const char *state, int64_t now, int64_t total);

/* Draws the last state and frees. What follows on `fd` starts on a line of its own. NULL is fine. */
void cli_progress_end(struct cli_progress *p);
MEM_DEFINE_CLEANUP(struct cli_progress, cli_progress_end);

/* Help texts, in Docker's shape, from the tables of cli/cli.h. */
#pragma once

#include "base/buf.h"
#include "cli/cli.h"

/* Appends what `PATH --help` prints, in lines of at most `columns` (Docker's own break at 80). `command` lies below
 * `root` (or is it) and is called `path` ("cbox image ls"). */
void cli_help(const struct cli_command *root, const char *program, const struct cli_command *command, const char *path,
              unsigned columns, struct buf *out);

/* The topic of this name, or NULL. */
const struct cli_topic *cli_find_topic(const struct cli_command *root, const char *name);

/* Appends a topic as a terminal shows it; `bold`: its headings are. */
void cli_help_topic(const struct cli_topic *topic, bool bold, struct buf *out);

/* "cbox run [OPTIONS] IMAGE [COMMAND] [ARG...]" */
void cli_usage_line(const struct cli_command *command, const char *path, struct buf *out);

/* How an option's argument is called: its word or the kind's; "" for flags. */
const char *cli_option_word(const struct cli_option *option);

/* All ways to call `command` below `root`, as "cbox image ls"; the caller frees the vector. */
char **cli_command_paths(const struct cli_command *root, const char *program, const struct cli_command *command);

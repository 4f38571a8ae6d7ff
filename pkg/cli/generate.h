/* Completions and manual pages from the tables of cli/cli.h. `make generate` writes them to contrib/, and a lint fails
 * when what is there is not what the tables say.
 */
#pragma once

#include "base/buf.h"
#include "cli/cli.h"

/* Completion scripts. Names of images and containers are asked for when they are needed:
 * `PROGRAM __complete image|container` prints one a line. */
void cli_generate_bash(const struct cli_command *root, const char *program, struct buf *out);
void cli_generate_zsh(const struct cli_command *root, const char *program, struct buf *out);
void cli_generate_fish(const struct cli_command *root, const char *program, struct buf *out);

/* The manual page, man(7), of the command called `path` ("cbox image ls"). A command with several paths has its page
 * under the shortest one, the others refer to it. */
void cli_generate_man(const struct cli_command *root, const char *program, const struct cli_command *command,
                      const char *path, struct buf *out);

/* The README's table of commands, in Markdown. */
void cli_generate_markdown(const struct cli_command *root, const char *program, struct buf *out);

/* The manual page of a topic, in section 7. */
void cli_generate_man_topic(const char *program, const struct cli_topic *topic, struct buf *out);

/* ---- for the generators ---- */

/* Appends the names of the topics, blanks between. */
void cli_add_topics(struct buf *out, const struct cli_command *root);

/* Calls `visit` for `root` and each command below it that is not hidden, a group before its members. `alias` is the
 * command's other path or NULL. */
typedef void (*cli_visitor)(const struct cli_command *command, const char *path, const char *alias, void *data);
void cli_visit(const struct cli_command *root, const char *program, cli_visitor visit, void *data);

/* Appends `text` as one single-quoted word of a POSIX shell. */
void cli_add_shell_word(struct buf *out, const char *text);

/* Appends `text` with every '@' replaced by the program's name. */
void cli_add_template(struct buf *out, const char *text, const char *program);

/* The word for what may stand in an argument, which completion scripts use: "file", "image", "none". */
const char *cli_values_word(enum cli_values values);

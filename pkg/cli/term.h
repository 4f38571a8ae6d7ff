/* What the other end of a descriptor can show. */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

/* A terminal that moves its cursor: TERM is neither unset nor "dumb". */
bool cli_is_terminal(int fd);

/* The same, and the user did not ask for plain text (NO_COLOR, https://no-color.org). */
bool cli_wants_color(int fd);

/* The size of the terminal behind `fd`; 80 columns and 24 rows where there is none or it does not say. */
unsigned cli_columns(int fd);
unsigned cli_rows(int fd);

/* Appends `text` with what a terminal could take for a command made visible: control characters, C1 controls and bytes
 * that are no UTF-8 become '?'. For every text that an image, a registry or a container chose. */
void cli_add_printable(struct buf *out, const char *text);

/* How many columns `text` takes: its UTF-8 characters (without knowledge of wide ones). */
size_t cli_text_width(const char *text);

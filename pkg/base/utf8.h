/* Text of foreign origin on its way to a terminal. */
#pragma once

#include <stddef.h>

/* The length of the UTF-8 character at `s` (RFC 3629: no overlong forms, no surrogates). Else 0, at the end of the text
 * too. */
size_t utf8_length(const char *s);

/* The same if it can be shown: no control character, neither C0 nor DEL nor C1, which could command a terminal. */
size_t utf8_printable(const char *s);

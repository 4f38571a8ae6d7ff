/* Text of foreign origin on its way to a terminal. */
#pragma once

#include <stddef.h>

/* The length of the character at `s` if it can be shown: UTF-8 (RFC 3629: no overlong forms, no surrogates) and no
 * control character, neither C0 nor DEL nor C1, which could command a terminal. Else 0, at the end of the text too. */
size_t utf8_printable(const char *s);

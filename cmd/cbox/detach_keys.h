/* The keys that detach from a container, as Docker has them: "ctrl-p,ctrl-q". Plain data. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { DETACH_KEYS_MAX = 16 };

struct detach_keys {
    char keys[DETACH_KEYS_MAX];
    size_t n;     /* 0: none */
    size_t typed; /* so many of them were typed, and are held back */
};

/* Each is a character or "ctrl-" and one of a-z, @, [, \, ], ^, _; "DEL" too. NULL or "": ctrl-p,ctrl-q. ERR_INVALID in
 * Docker's words. */
int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *err);

/* What was typed goes through here: `len` bytes, for which there is room for DETACH_KEYS_MAX more. The start of a
 * sequence is held back until it is known to be none. How many bytes are left; `*ret_detach`: before them somebody
 * detached. */
size_t detach_keys_filter(struct detach_keys *k, char *bytes, size_t len, bool *ret_detach);

/* WWW-Authenticate: how a server wants to be asked. RFC 9110, 11.6.1. */
#pragma once

#include "base/err.h"
#include "base/strv.h"
#include "base/vec.h"

struct registry_challenge {
    char *scheme;  /* lower case: "bearer", "basic" */
    char **params; /* NAME=VALUE, names in lower case, quotes removed */
};

struct registry_challenges {
    VEC(struct registry_challenge) list;
};

/* Appends the challenges of one header's value. What cannot be read ends the reading with ERR_INVALID; challenges
 * before it stay. At most 16 challenges of 32 parameters, of 4 KiB each: ERR_LIMIT. */
int registry_challenge_parse(const char *value, struct registry_challenges *to, struct err *err);

void registry_challenges_release(struct registry_challenges *c);
#define _cleanup_challenges_ _cleanup_(registry_challenges_release)

/* The first one of a scheme, or NULL; a parameter of it, or NULL. */
const struct registry_challenge *registry_challenge_find(const struct registry_challenges *c, const char *scheme);
const char *registry_challenge_param(const struct registry_challenge *c, const char *name);

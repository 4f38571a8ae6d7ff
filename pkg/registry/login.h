/* Logging in: whether a registry takes what the user shows, before anything is kept (registry/credentials.h). */
#pragma once

#include "registry/credentials.h"
#include "registry/registry.h"

/* The host that a user means by SERVER: "docker.io" for nothing and for Docker Hub's names and URLs, else the host and
 * port of a name or URL whose path, as Docker has it, does not matter. ERR_INVALID. The caller frees `ret`. */
int registry_login_server(const char *server, char **ret, struct err *err);

/* Asks the registry itself, no mirror of it, for its /v2/ with `login`. Where its token server gives an identity token
 * for the password, that takes the password's place in `login`. ERR_AUTH where the registry refuses; else as other
 * calls. The client is for this call alone. */
int registry_login_check(struct registry *r, const char *domain, struct registry_login *login, struct err *err);

/* A place that serves a registry: one of its mirrors, or itself. */
struct registry_place {
    const char *authority; /* "host:port" */
    bool mirror;
};

/* Asks each place of a registry, mirrors first, for its /v2/ with what the user shows it, and tells how that went:
 * `date`, the Date header of an answer, or NULL; `failed`: why there was none, or the answer is no. Each failure is
 * waited for as by a pull; ERR_INTERRUPTED of one does not keep it from the next once the caller has taken it back. */
int registry_ask(struct registry *r, const char *domain,
                 void (*answered)(void *data, const struct registry_place *place, const char *date,
                                  const struct err *failed),
                 void *data, struct err *err);

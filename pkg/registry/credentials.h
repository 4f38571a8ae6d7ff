/* User names and passwords that the user keeps for registries: the "auths" of Docker's config.json and of the
 * containers-auth.json(5) file. */
#pragma once

#include "base/strv.h"
#include "json/json.h"

struct registry_credential {
    char *key;      /* "https://index.docker.io/v1/", "registry.example:5000", "registry.example/team" */
    char *auth;     /* base 64 of user:password */
    char *username; /* instead of `auth` */
    char *password;
};

struct registry_credentials {
    VEC(struct registry_credential) auths;
};

/* Reads $REGISTRY_AUTH_FILE (which must exist then), or $DOCKER_CONFIG/config.json, or ~/.docker/config.json; without a
 * file there are no credentials. ERR_AUTH names file and field. The caller releases `ret` in any case. */
int registry_credentials_load(struct registry_credentials *ret, struct err *err);

void registry_credentials_release(struct registry_credentials *c);

/* The value of an Authorization header for the repository `path` at `domain` ("docker.io"), from the entry that names
 * it most closely; NULL where there is none. The caller frees it. */
char *registry_credentials_basic(const struct registry_credentials *c, const char *domain, const char *path);

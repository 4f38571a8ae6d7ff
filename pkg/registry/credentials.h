/* What the user shows registries: kept in Docker's config.json, in the auth.json of podman and others
 * (containers-auth.json(5)), or by the programs that these name, docker-credential-NAME (registry/helper.h).
 *
 *     {
 *         "auths": {"registry.example:5000": {"auth": "dXNlcjpzZWNyZXQ="}},
 *         "credHelpers": {"gcr.example": "gcloud"},
 *         "credsStore": "secretservice"
 *     }
 *
 * All of it is secret: none of it goes into a log, an error or the arguments of a program.
 */
#pragma once

#include "base/strv.h"
#include "json/json.h"

/* Zeroes: nothing is known. */
struct registry_login {
    char *username, *password;
    char *identity_token; /* what a token server takes instead of a password (a refresh token) */
    char *registry_token; /* a bearer token, sent as it is */
};

void registry_login_release(struct registry_login *l);
#define _cleanup_login_ _cleanup_(registry_login_release)
bool registry_login_is_empty(const struct registry_login *l);
void registry_login_copy(const struct registry_login *l, struct registry_login *ret);

/* The value of an Authorization header, which the caller frees; NULL without a password. */
char *registry_login_basic(const struct registry_login *l);

/* An entry of "auths". */
struct registry_credential {
    char *key;  /* "https://index.docker.io/v1/", "registry.example:5000", "registry.example/team" */
    char *auth; /* base 64 of user:password */
    struct registry_login login;
};

struct registry_helper_answer {
    char *question;
    struct registry_login login;
};

struct registry_credentials {
    char *path; /* of the file, whether it is there or not; NULL without HOME */
    VEC(struct registry_credential) auths;
    char **helpers; /* HOST=NAME */
    char *store;    /* the program for all others, or NULL */
    VEC(struct registry_helper_answer) answers;
};

/* Reads $REGISTRY_AUTH_FILE (which must exist then), or $DOCKER_CONFIG/config.json, or ~/.docker/config.json; where
 * neither of the latter is there, $XDG_RUNTIME_DIR/containers/auth.json and ~/.config/containers/auth.json. Without a
 * file there are no credentials. ERR_AUTH names file and field. The caller releases `ret` in any case. */
int registry_credentials_load(struct registry_credentials *ret, struct err *err);
/* The same of the file that registry_credentials_save() changes, which need not be there. */
int registry_credentials_load_own(struct registry_credentials *ret, struct err *err);
void registry_credentials_release(struct registry_credentials *c);

/* What is known for the repository `path` ("" for the registry itself) at `domain` ("docker.io"), from the entry that
 * names it most closely. A program is asked once for each of its answers. ERR_AUTH where it cannot be. The caller
 * releases `ret`. */
int registry_credentials_find(struct registry_credentials *c, const char *domain, const char *path,
                              struct registry_login *ret, struct err *err);

/* The program that keeps what belongs to a registry, or NULL: the file does. */
const char *registry_credentials_helper(const struct registry_credentials *c, const char *domain, const char *path);

/* The name under which Docker keeps a registry: "https://index.docker.io/v1/" of its own, else the host. */
const char *registry_credentials_key(const char *domain);
bool registry_is_docker_hub(const char *host);

/* Keeps what is known of a registry, or forgets it: in the file that the environment names, or with the program that it
 * names. The file keeps everything else it holds byte for byte, has mode 0600 and appears whole; where it is a symbolic
 * link its target is written. The change is lost to nobody who does the same at the same time. `*ret_path`: the file,
 * which the caller frees. */
int registry_credentials_save(const char *domain, const struct registry_login *login, char **ret_path, struct err *err);
/* `*ret_known`: whether there was something to forget. */
int registry_credentials_erase(const char *domain, bool *ret_known, struct err *err);

/* Programs that keep the user's credentials: docker-credential-NAME with an action as its argument, what it is about on
 * its standard input, and its answer on standard output.
 * https://github.com/docker/docker-credential-helpers, "Development". */
#pragma once

#include "registry/credentials.h"

/* `name`: of the program, without "docker-credential-"; `file`: where it was named, for errors; `server`: as in
 * "auths". ERR_AUTH where the program is not there, fails, takes more than a minute or answers nonsense; ERR_INVALID
 * for a name that is none. */

/* What it has for the server; nothing where it has nothing. The caller releases `ret`. */
int registry_helper_get(const char *name, const char *file, const char *server, struct registry_login *ret,
                        struct err *err);
int registry_helper_store(const char *name, const char *file, const char *server, const struct registry_login *login,
                          struct err *err);
/* 0 also where it had nothing. */
int registry_helper_erase(const char *name, const char *file, const char *server, struct err *err);

/* The answer to "get". */
int registry_helper_parse(const char *text, size_t len, struct registry_login *ret, struct err *err);

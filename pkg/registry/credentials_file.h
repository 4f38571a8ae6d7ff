/* The file of credentials: which one it is, and how it is written. Between the parts of registry/credentials.h. */
#pragma once

#include "registry/credentials.h"

enum { CREDENTIALS_FILE_MAX = 1 << 20 };

enum credentials_purpose { CREDENTIALS_READ, CREDENTIALS_WRITE };

/* The caller frees it; NULL where the environment names no place. `*ret_must_exist`: the user named that very file. */
char *registry_credentials_path(enum credentials_purpose purpose, bool *ret_must_exist);

/* How closely the name of an entry is that of the repository `path` ("": the registry): 0 not at all, 1 the whole
 * registry, else the more the closer. */
size_t registry_credentials_closeness(const char *key, const char *domain, const char *path);

/* A document, with the user names and passwords that its entries have in base 64. */
int registry_credentials_parse(const char *text, size_t len, struct registry_credentials *ret, struct err *err);

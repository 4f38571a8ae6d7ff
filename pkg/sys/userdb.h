/* Users and groups of a root file system, from its /etc/passwd and /etc/group: read by ourselves, as a container's
 * image wrote them, without the host's name services. Paths are resolved inside the root; files are foreign bytes: at
 * most USERDB_FILE_MAX of each are read, and lines that make no sense are passed over. passwd(5), group(5).
 */
#pragma once

#include "base/err.h"
#include "base/vec.h"

#include <stdint.h>
#include <sys/types.h>

enum { USERDB_FILE_MAX = 8 << 20, USERDB_GROUPS_MAX = 1024 };

struct userdb_user {
    uid_t uid;
    gid_t gid;
    VEC(gid_t) groups; /* all of them, `gid` first, each once */
    char *home;        /* "/" where the user is not listed */
};

/* Finds "USER", "USER:GROUP" or "" (root), each part a name or a number, with Docker's rules: a number is always an id,
 * also one that no entry has; a user without an entry has group 0; a group that is named takes the place of all others.
 * ERR_INVALID names what is not there. The caller releases `ret` after 0. */
int userdb_find(int rootfd, const char *who, struct userdb_user *ret, struct err *err);

/* Adds a group, a name or a number, to the user's. ERR_INVALID: "Unable to find group …". */
int userdb_add_group(int rootfd, const char *group, struct userdb_user *user, struct err *err);

/* The home of the user with this id, or "/"; the caller frees it. ERR_LIMIT and ERR_IO. */
int userdb_home(int rootfd, uid_t uid, char **ret, struct err *err);

void userdb_user_release(struct userdb_user *user);
#define _cleanup_userdb_user_ _cleanup_(userdb_user_release)

/* How Docker writes a repository: "https://HOST/PATH.git#REF:DIRECTORY", with ssh:// and git:// likewise,
 * "USER@HOST:PATH#REF:DIRECTORY", or the same as a query: ?ref=, ?branch=, ?tag=, ?commit=, ?subdir=, ?keep-git-dir=.
 *
 * https://docs.docker.com/build/concepts/context/#url-fragments
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>

struct repository {
    char *url;    /* what git is given, without name and password */
    char *origin; /* "https://HOST:PORT" that those are for; NULL: there are none */
    char *user, *password;
    char *ref;    /* a branch, a tag, a commit; NULL: the default branch */
    char *subdir; /* clean, relative, within it; NULL: all of it */
    char *commit; /* what it has to be, or begin with; NULL: anything */
    bool keep_git_dir;
};

/* ERR_INVALID. repository_release() in any case. */
int repository_parse(const char *text, struct repository *ret, struct err *err);
void repository_release(struct repository *r);

/* A whole commit id: 40 or 64 hexadecimal digits. */
bool repository_is_commit(const char *ref);

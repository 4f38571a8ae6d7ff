/* The context of a build: a directory of the user's, or one that was made of a tar, an archive's URL or a repository.
 *
 * Only one that is the user's own lies outside of the store, and is read where it is: nothing is copied or sent. It may
 * change meanwhile, and it may be hostile (a checkout of somebody's): links in it are never followed out of it
 * (sys/path.h), devices and sockets are never opened.
 */
#pragma once

#include "base/buf.h"
#include "build/build.h"
#include "dockerfile/ignore.h"

#include <signal.h>

struct build_context {
    int dir;               /* O_PATH or readable; -1: there is none (a Dockerfile on standard input alone) */
    char *path;            /* the user's directory, absolute; NULL: made here */
    struct ignore *ignore; /* NULL: everything counts */
    char *name;            /* below tmp/, of one that was made; removed on release */
    int lock;
};
#define BUILD_CONTEXT_NONE ((struct build_context){.dir = -1, .lock = -1})

/* Opens `what`: a directory, "-" (a tar, compressed or not, or a Dockerfile: then there is nothing in the context), the
 * URL of an archive or of a Dockerfile, or a repository ("https://….git#ref:dir", "git@…", where git is there). `file`
 * (-f) is read into `dockerfile`, with its name as errors show it. The patterns of a directory come from
 * Dockerfile.dockerignore beside it, or .dockerignore; what was made here has none, as with BuildKit (MainContext() of
 * its frontend/dockerui), since nothing is left to be spared. ERR_NOT_FOUND: `unable to prepare context: path "x" not
 * found`, `failed to read dockerfile: open Dockerfile: no such file or directory`. The caller releases `ret` in any
 * case. */
int build_context_open(struct store *s, const char *what, const char *file, struct build_context *ret, char **ret_name,
                       struct buf *ret_dockerfile, struct err *err);
/* One without a Dockerfile: --build-context. */
int build_context_open_named(struct store *s, const char *what, struct build_context *ret, struct err *err);
void build_context_release(struct build_context *c);

/* Fetches a URL into a file without a name (ADD): `*ret_name` its last part or what the server calls it, `*ret_time`
 * its Last-Modified (0: none). Bytes are digested: `ret_digest`.
 * ERR_INTERRUPTED once `stop` is not 0. */
int build_fetch(struct store *s, const char *url, const volatile sig_atomic_t *stop, int *ret_fd, char **ret_name,
                int64_t *ret_time, struct digest *ret_digest, struct err *err);

/* Clones a repository into a new directory below tmp/ as a context. ERR_UNSUPPORTED without git on this host;
 * ERR_INTERRUPTED, and git with all of its processes gone, once `stop` is not 0. */
int build_clone(struct store *s, const char *repository, bool keep_git_dir, const volatile sig_atomic_t *stop,
                struct build_context *ret, struct err *err);
bool build_is_repository(const char *source);
bool build_is_url(const char *source);

/* Makes names and passwords of all URLs in a text unreadable, which others will see. Returns the text. */
char *build_hide_secrets(char *text);

/* What an instruction asks for, with its variables in place and its flags understood. ERR_INVALID in Docker's words,
 * without the file's name and line: the caller knows both and adds them.
 *
 * Where Docker expands variables they are expanded here, and nowhere else: in FROM, in flags, in the words of ADD and
 * COPY, in heredocs of COPY whose name has no quotes; not in RUN, CMD and ENTRYPOINT.
 */
#pragma once

#include "dockerfile/dockerfile.h"
#include "dockerfile/words.h"

#include <stdint.h>
#include <sys/types.h>

/* FROM */
struct dockerfile_from {
    char *base;     /* an image, the name of an earlier stage, or "scratch" */
    char *platform; /* --platform, or NULL */
};
int dockerfile_read_from(const struct dockerfile_instruction *i, const struct words *how, struct dockerfile_from *ret,
                         struct err *err);
void dockerfile_from_release(struct dockerfile_from *f);

/* ARG: NAME, or NAME=VALUE with the default, expanded, several in one instruction; appended to `ret`. */
int dockerfile_read_arg(const struct dockerfile_instruction *i, const struct words *how, char ***ret, struct err *err);

/* RUN --mount */
enum dockerfile_mount_type {
    DOCKERFILE_MOUNT_BIND,
    DOCKERFILE_MOUNT_CACHE,
    DOCKERFILE_MOUNT_TMPFS,
    DOCKERFILE_MOUNT_SECRET,
    DOCKERFILE_MOUNT_SSH,
};
struct dockerfile_mount {
    enum dockerfile_mount_type type;
    char *target;   /* as written, perhaps relative; NULL: the default of a secret or of ssh */
    char *source;   /* bind, cache: a path in `from`; NULL: all of it */
    char *from;     /* a stage, an image, a named context; NULL: the context (bind) or nothing (cache) */
    char *id;       /* cache, secret, ssh; NULL: the default */
    char *env;      /* secret: the variable that gets it; NULL: none */
    char *sharing;  /* cache: "shared", "private", "locked" */
    bool read_only; /* bind: the default; written files are thrown away where it is not */
    bool required;
    bool has_mode, has_uid, has_gid;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    int64_t size; /* tmpfs: bytes; 0: no limit */
};
struct dockerfile_run {
    char **argv;      /* what is executed: the exec form's words, or shell and text */
    char *shell_text; /* of the shell form, as given to the shell (heredocs with their bodies included); else NULL */
    char *script;     /* RUN <<EOF alone whose body starts with #!: the body is executed as a file; else NULL */
    VEC(struct dockerfile_mount) mounts;
    char *network;  /* "default", "none", "host" */
    char *security; /* "sandbox", "insecure" */
};
/* `shell`: SHELL's words, NULL: /bin/sh -c. */
int dockerfile_read_run(const struct dockerfile_instruction *i, const struct words *how, char *const *shell,
                        struct dockerfile_run *ret, struct err *err);
void dockerfile_run_release(struct dockerfile_run *r);

/* A mode as --chmod has it, octal or symbolic ("u=rwX,go=rX"), applied to what a file has. ERR_INVALID. */
int dockerfile_chmod_check(const char *text, struct err *err);
mode_t dockerfile_chmod_apply(const char *text, mode_t mode, bool directory);

/* COPY and ADD */
struct dockerfile_inline_file {
    char *name, *content;
};
struct dockerfile_copy {
    bool add;
    char **sources;                           /* as written but expanded; URLs and git repositories for ADD */
    VEC(struct dockerfile_inline_file) files; /* heredocs: they come behind the sources */
    char *target;        /* as written but expanded: relative to the working directory, a trailing slash kept */
    char *from;          /* a stage, an image, a named context; NULL: the context */
    char *chown, *chmod; /* or NULL */
    char **excludes;     /* patterns (ignore.h) */
    bool link, parents;
    char *checksum;    /* ADD: "sha256:…" */
    bool keep_git_dir; /* ADD of a repository */
    bool *unpack;      /* ADD: archives; NULL: local ones alone */
};
int dockerfile_read_copy(const struct dockerfile_instruction *i, const struct words *how, struct dockerfile_copy *ret,
                         struct err *err);
void dockerfile_copy_release(struct dockerfile_copy *c);

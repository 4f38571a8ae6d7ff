/* Paths that foreign bytes name: resolved by the kernel so that they cannot leave a directory.
 *
 * Beneath (RESOLVE_BENEATH): the path may not leave `dirfd` at any step; an absolute path, a `..` above it or a
 * symbolic link that points outside fails with EXDEV. For archives, whose members have no business with links at all.
 * In root (RESOLVE_IN_ROOT): `dirfd` is the root, as after chroot(2): absolute paths and links start there, `..` stops
 * there. For what names a place inside a container: mount targets, the working directory, /etc/passwd.
 * Neither follows the magic links of /proc. Kernels without openat2(2) (before 5.6) get a walk, component by component,
 * with O_PATH | O_NOFOLLOW, which gives the same answers as long as nobody renames directories at the same time.
 * openat2(2), path_resolution(7).
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* A new descriptor (O_CLOEXEC is added) or -errno. `mode` counts with O_CREAT. */
int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode);
int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode);

/* Makes the directory `path` and its missing parents below `rootfd`, each step resolved in the root, also behind
 * symbolic links to what is missing; an O_PATH descriptor of it, or -errno. What exists and is no directory gives
 * ENOTDIR. */
int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode);

/* Plain paths, which the user or we ourselves named: mkdir -p; 0 or -errno. */
int path_mkdirs(int dirfd, const char *path, mode_t mode);

/* Lexically cleaned: no `//`, `.`, or `name/..`; a leading `..` is kept in a relative path and dropped in an absolute
 * one. The empty path gives ".". The caller frees it. (Go's path.Clean.) */
char *path_clean(const char *path);

/* `a`/`b` with one slash between them, cleaned. The caller frees it. */
char *path_join(const char *a, const char *b);

/* The part behind the last slash, inside `path`. */
const char *path_base(const char *path);

/* Removes `name` below `dirfd`, whatever it is, with everything in it; follows no link and crosses no mount. What is
 * not there is no error. Directories without permission for their owner are opened up first. Safe while another process
 * changes the tree: it can at most make this fail. */
int path_remove_tree(int dirfd, const char *name, struct err *err);

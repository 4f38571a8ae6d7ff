/* A tree of files as a tar, while others may change it: entries are opened by name in a directory at hand and never
 * through a link (sys/copy_tree.h), in the order of their names, so that the same tree gives the same bytes.
 *
 * A file that grows meanwhile is cut, one that shrinks is filled up with zeros, one that goes is left out. Sockets have
 * no place in a tar. Extended attributes are those that mean something elsewhere: file capabilities, access control
 * lists and user.*.
 */
#pragma once

#include "base/err.h"
#include "layer/tar.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct layer_pack;

/* Writes to `fd`, from where it stands; it stays the caller's, as do all descriptors here. `upper`: what is packed is
 * the upper directory of an overlay, whose whiteouts and opaque directories become those of a layer (.wh.NAME,
 * .wh..wh..opq). `stop`: not 0 ends it with ERR_INTERRUPTED; may be NULL. */
struct layer_pack *layer_pack_new(int fd, bool upper, const volatile sig_atomic_t *stop);
void layer_pack_free(struct layer_pack *p);
MEM_DEFINE_CLEANUP(struct layer_pack, layer_pack_free);

/* For who wants to know what there is in the tar (layer/seal.h): it is told, and nothing is written to `fd`. The
 * checksum is codec_crc32() of a file's content, NULL for other members; what is a whiteout ('w') or an opaque
 * directory ('o') is a mark, by the path that is meant ("." for the top). */
struct layer_pack_watcher {
    void (*bytes)(void *data, const void *p, size_t len);
    int (*member)(void *data, const struct tar_member *m, const uint32_t *crc, struct err *err);
    int (*mark)(void *data, char type, const char *path, struct err *err);
    void *data;
};
void layer_pack_watch(struct layer_pack *p, const struct layer_pack_watcher *w);

/* Adds `name` below `dir`, and all that lies in it, under the name `as`. */
int layer_pack_add(struct layer_pack *p, int dir, const char *name, const char *as, struct err *err);

/* Adds what lies in the directory `dir`, under names that begin with `as` and a slash, or with nothing where that is
 * ""; with `itself` the directory as well. */
int layer_pack_add_contents(struct layer_pack *p, int dir, const char *as, bool itself, struct err *err);

/* Writes the end. */
int layer_pack_finish(struct layer_pack *p, struct err *err);

/* The bytes of the tar so far. */
int64_t layer_pack_bytes(const struct layer_pack *p);

/* What builds keep: build-cache/
 *
 *     records/HEX       a step that was done: a JSON document (struct store_build_record), named by its key
 *     layers/ALG/HEX/   layers as in layers/ (store/layer.h), not known to be on disk yet; with `kept` where a step was
 *                       kept that made it
 *     files/HEX         digests of files of a context, by inode, size and times (build/files.h)
 *     memos/HEX         small facts that follow from their name: what was digested, and to what
 *     mounts/HEX/       what RUN --mount=type=cache keeps: tree/, name
 *     running/HEX       locked by a build as long as it runs
 *     size              bytes that steps and mounts take, at least: what the ceiling is compared with
 *     boot              the boot id since which all but records and mounts is believed
 *     lock              shared: by who uses a path below layers/ until it is mounted; exclusive: by who moves or
 *                       removes
 *
 * A step is visible by a rename as soon as it is done, without waiting for the disk, so that whatever is killed, it is
 * done for the next build. After a power cut it may be damaged: then `boot` names another boot, and layers/ is thrown
 * away with the records that name them. At the end of a build everything is synced once, and its layers move to layers/
 * of the store, where records keep them alive (store/gc.h) until they are pruned.
 *
 * What is removed is what no running build can have found or made: it has not been used since the oldest of them began.
 */
#pragma once

#include "base/buf.h"
#include "base/vec.h"
#include "digest/digest.h"
#include "store/layer.h"
#include "store/needs.h"
#include "store/store.h"

/* One thing that a step depends on, for its key and for saying why a step was done again. */
struct store_build_input {
    char *name;  /* "argument VERSION", "file src/a.c", "below" */
    char *value; /* what it is, or its digest; never a secret */
};
typedef VEC(struct store_build_input) store_build_inputs;

struct store_build_record {
    char *key;             /* hexadecimal sha256 */
    char *step;            /* "RUN make": what is shown; steps with the same text are compared with each other */
    char *diff_id;         /* of its layer; NULL: it changed nothing */
    int64_t tar_size;      /* of that layer as a tar */
    int64_t bytes;         /* of its files */
    int64_t created, used; /* time.h; `used` is the time of the file */
    char *files;           /* where files were inputs: the name of a memo with their list (build/files.h), or NULL */
    store_build_inputs inputs;
};
void store_build_record_release(struct store_build_record *r);
#define _cleanup_build_record_ _cleanup_(store_build_record_release)

/* Begins to build: throws away what a power cut may have damaged, and keeps what is found and made from now on until
 * the descriptor is closed. Cheap; to be called before the others that a build calls. */
int store_build_begin(struct store *s, int *ret_running, struct err *err);

/* The lock above, released by closing. */
int store_build_lock(struct store *s, enum lock_mode mode, enum lock_wait wait, int *ret_fd, struct err *err);

/* The record of a key whose layer is there, marked as used: ERR_NOT_FOUND. Not under store_build_lock() exclusive. The
 * caller releases `ret` after 0. */
int store_build_find(struct store *s, const char *key, struct store_build_record *ret, struct err *err);

/* Keeps one, in place of an older one, for a build that has begun; its layer was added. Before it is written the
 * ceiling is enforced: `ceiling` bytes (0: none); a step for which there is no room, however much is removed, is not
 * kept, which is no failure. Not under store_build_lock(), whose exclusive form it may take. */
int store_build_keep(struct store *s, const struct store_build_record *r, int64_t ceiling, struct err *err);

/* All of them, in no order, without `inputs` unless asked for; each is released by the callee's caller after it. What
 * cannot be read is passed over. */
int store_build_each(struct store *s, bool inputs,
                     int (*each)(const struct store_build_record *r, void *data, struct err *err), void *data,
                     struct err *err);

/* A text as records have it: without bytes that are no UTF-8 and not endless. NULL stays NULL; the caller frees it. */
char *store_build_fit(const char *text);

/* A record as a line of JSON, and such a line from elsewhere, checked. The caller releases `ret` after 0. */
void store_build_record_write(const struct store_build_record *r, struct buf *out);
int store_build_record_take(const char *line, struct store_build_record *ret, struct err *err);

/* The caller releases `ret` after 0. */
int store_build_record_copy(const struct store_build_record *r, struct store_build_record *ret, struct err *err);

/* A place for a layer of a step: a new directory below tmp/ with an empty `tree/` (0755) and an empty `work/`, locked;
 * made where ext4 writes fast (store/placement.h). What nobody has locked is swept. The caller frees and closes. */
int store_build_stage(struct store *s, int *ret_dir, char **ret_name, int *ret_lock, struct err *err);

/* The layer of such a place: `tree/`, `manifest` as of store/layer.h and nothing else in it. It becomes visible under
 * its diffID; where that is there already, the place is thrown away. Not synced. */
int store_build_add_layer(struct store *s, const struct digest *diff_id, const struct store_layer_info *info,
                          const char *name, struct err *err);

/* Throws such a place away. What is not there any more is no error. */
int store_build_unstage(struct store *s, const char *name, struct err *err);

/* Whether the cache has the layer, before it is settled. */
bool store_build_layer_has(struct store *s, const struct digest *diff_id);

/* Where a layer's tree is, below the root, of the store or of the cache; "layers/sha256/…/tree". The caller frees it.
 * ERR_NOT_FOUND. To be called, and the path used, under store_build_lock() shared. */
int store_build_layer_path(struct store *s, const struct digest *diff_id, char **ret, struct err *err);

/* Syncs once and moves the layers of kept steps to layers/: at the end of a build, before its image gets a name, under
 * a lease for the image's layers where one of its steps may not have been kept. Not under store_build_lock(). What is
 * thrown away waits for the next store_empty_trash(). */
int store_build_settle(struct store *s, struct err *err);

/* What records keep, for collection: layers. To be called under the store lock, exclusive. */
int store_build_add_needs(struct store *s, struct store_needs *to, struct err *err);

/* Facts: `value` (at most STORE_BUILD_MEMO_MAX) under a name of hexadecimal digits. ERR_NOT_FOUND. */
enum { STORE_BUILD_MEMO_MAX = 64 << 20 };
int store_build_memo_read(struct store *s, const char *name, struct buf *ret, struct err *err);
int store_build_memo_write(struct store *s, const char *name, const void *value, size_t len, struct err *err);

/* The same for one that is longer than memory should hold: read from `*ret_fd`, which the caller closes; or written to
 * `fd` between begin and end, which makes it visible (`good`) or not, and closes. After a failed begin the end does
 * nothing but fail. */
struct store_build_memo {
    int dir, fd;
    char name[65], temporary[32];
};
int store_build_memo_open(struct store *s, const char *name, int *ret_fd, struct err *err);
int store_build_memo_begin(struct store *s, const char *name, struct store_build_memo *ret, struct err *err);
int store_build_memo_end(struct store_build_memo *m, bool good, struct err *err);

/* Removing. `older_than`: not used since then (time.h; 0: any); `keep_bytes`: the least recently used go until no more
 * than that is left (-1: regardless). `unshared`: steps whose layer an image needs as well stay, since their removal
 * would free nothing. What a running build uses stays, and what a lease keeps. Told of each, by the key of a step or
 * the name of a mount, with the bytes on disk that went with it. */
struct store_build_prune {
    int64_t older_than;
    int64_t keep_bytes;
    bool unshared;
    bool mounts; /* cache mounts as well, and what is remembered of contexts; else only steps and layers */
    void (*removed)(const char *what, int64_t bytes, void *data);
    void *data;
};
int store_build_prune(struct store *s, const struct store_build_prune *how, int64_t *ret_bytes, struct err *err);

/* The layers that are not settled, as store_each_digest(). */
int store_build_each_layer(struct store *s, int (*each)(const struct digest *d, void *data, struct err *err),
                           void *data, struct err *err);

/* Removes a layer that was found damaged, unless it was settled meanwhile; and records that cannot be read or whose
 * layer is not there. */
int store_build_drop_layer(struct store *s, const struct digest *diff_id, struct err *err);
int store_build_drop_broken(struct store *s, struct err *err);

/* Looks at all records: `broken` is told of those that cannot be read, or whose layer is not there. */
int store_build_check(struct store *s, void (*broken)(const char *key, const char *what, void *data), void *data,
                      struct err *err);

/* One thing of the cache, for `system df` and lists. */
struct store_build_item {
    bool mount;
    const char *name; /* key of a step, name of a mount */
    const char *step;
    struct digest diff_id; /* DIGEST_NONE: no layer */
    int64_t bytes;         /* of a mount on disk; of a step what its layer takes, nearly */
    int64_t created, used;
    bool in_use; /* of a mount: somebody has it */
};
int store_build_each_item(struct store *s,
                          int (*each)(const struct store_build_item *item, void *data, struct err *err), void *data,
                          struct err *err);

/* At the end of a build, when it is none of those that run any more: brings what is kept below `ceiling` (0: none),
 * cache mounts as well, which have grown since there was a ceiling to ask for them. A mount that is larger than that by
 * itself goes before all else. */
int store_build_trim(struct store *s, int64_t ceiling, struct err *err);

/* A cache mount's directory (made where it is missing, 0755 root: `*ret_new`), by the name that tells it from others.
 * `mode`: who is alone with it, LOCK_EXCLUSIVE; ERR_BUSY with LOCK_TRY. The caller frees the absolute path and closes
 * the descriptor, with which the lock goes; a mount that is locked stays. What it takes counts again after
 * store_build_mounts_grown(), which who used some calls at the end. */
int store_build_mount(struct store *s, const char *name, enum lock_mode mode, enum lock_wait wait, char **ret_path,
                      bool *ret_new, int *ret_lock, struct err *err);
void store_build_mounts_grown(struct store *s);

/* What the files of the build cache share: not for use elsewhere. */
#pragma once

#include "store/build_cache.h"

#define BUILD_RECORDS "records"
#define BUILD_FILES   "files"
#define BUILD_MEMOS   "memos"
#define BUILD_MOUNTS  "mounts"
#define BUILD_RUNNING "running"
#define BUILD_SIZE    "size"

/* What a layer's directory has besides, in the cache alone: a step was kept that made it. */
#define BUILD_KEPT "kept"

/* Whether anything was ever built here: who only looks makes nothing. */
bool store_build_exists(struct store *s);

/* A directory of the cache, made where it is missing; the caller closes it. */
int store_build_dir(struct store *s, const char *name, int *ret_fd, struct err *err);

/* A key, or the name of a memo: hexadecimal digits. */
bool store_build_name_good(const char *name);

/* Reads a record without its mark of use; `inputs` as store_build_each(). ERR_NOT_FOUND, ERR_CORRUPT. */
int store_build_record_read(int records, const char *key, bool inputs, struct store_build_record *ret, struct err *err);

/* Whether there is the layer of a record, or it has none. */
bool store_build_record_whole(struct store *s, const struct store_build_record *r);

/* Under the lock, exclusive: drops what may be damaged since it was written in an earlier boot. */
int store_build_drop_unsynced(struct store *s, struct err *err);

/* When the oldest running build began, in the clock of files; INT64_MAX: none runs. */
int store_build_oldest(struct store *s, int64_t *ret, struct err *err);

/* What a step takes on disk, nearly. */
int64_t store_build_record_size(const struct store_build_record *r);

/* Makes room for `bytes` more below `ceiling` (0: none), counts them, and says whether there is: 1, 0 or a failure.
 * What was counted is to be written before `*ret_lock` is closed, and neither of the other locks is held. */
int store_build_make_room(struct store *s, int64_t bytes, int64_t ceiling, int *ret_lock, struct err *err);

static inline int64_t store_build_time_of(const struct timespec *t)
{
    return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

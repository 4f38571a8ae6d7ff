/* What the store's files share among each other: not for use elsewhere. */
#pragma once

#include "store/blob.h"
#include "store/layer.h"

/* An unfinished blob's name below tmp/. */
#define STORE_PARTIAL_PREFIX "blob-"
#define STORE_LEASE_PREFIX   "lease-"
enum { STORE_PARTIAL_NAME_MAX = sizeof(STORE_PARTIAL_PREFIX) + STORE_DIGEST_PATH_MAX };
char *store_partial_name(const struct digest *d, char ret[STORE_PARTIAL_NAME_MAX]);

/* What waits to be deleted, below tmp/. */
#define STORE_TRASH "trash"

/* Where layers are unpacked, below tmp/, and what the name of a layer's lock ends with. */
#define STORE_STAGING    "layers"
#define STORE_STAGE_LOCK ".lock"

/* Makes tmp/layers/ where it is missing (store/layer.h). */
int store_staging_make(int tmp, struct err *err);

/* Writes `info` of a layer into its directory. */
int store_layer_write_info(int dir, const struct store_layer_info *info, struct err *err);

/* After a sync: whether everything that was written to the blob's file reached the disk. */
int store_ingest_check_written(const struct store_ingest *in, struct err *err);

/* The last step of a transaction, after everything was synced: gives the thing its name and unlocks it. The object
 * still has to be freed. */
int store_ingest_publish(struct store_ingest *in, struct err *err);
int store_stage_publish(struct store_stage *st, struct err *err);

/* Removes what crashed writers left among the tags, and empty directories. Under the exclusive store lock. */
int store_tag_tidy(struct store *s, struct err *err);

/* The two halves of store_discard() for a directory that is locked (flock(2)) by whoever discards it, and stays so
 * until it is deleted: an attempt to lock it for the deletion would meet that lock. `ret` is its name in the trash, ""
 * where there was nothing, which is nothing to delete. */
enum { STORE_TRASH_NAME_MAX = 40 };
int store_trash_put(struct store *s, enum store_dir dir, const char *name, char ret[STORE_TRASH_NAME_MAX],
                    struct err *err);
int store_trash_delete_held(struct store *s, const char *name, struct err *err);

/* As store_discard(), for a tree that running containers may have mounted, who go on with it although it is out of
 * sight: it is deleted by a later store_empty_trash() that finds no container running. */
int store_discard_used(struct store *s, enum store_dir dir, const char *name, struct err *err);

/* Calls `each` with the names in the directory `path` below `parent`, hidden ones left out, until a negative result. A
 * missing directory is an empty one. */
typedef int (*store_each_name_fn)(int dirfd, const char *name, void *data, struct err *err);
int store_each_name(int parent, const char *path, store_each_name_fn each, void *data, struct err *err);

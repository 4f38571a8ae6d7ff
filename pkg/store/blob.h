/* Blobs: manifests, configs and compressed layers under the digest of their bytes.
 *
 * There is one door in. Whoever brings a blob says beforehand which one (digest and size), writes it in pieces, and the
 * bytes are digested here as they pass; only a blob that was found to be what was said can be staged in a transaction,
 * which makes it visible (store/transaction.h). Small documents that were verified elsewhere come in with the
 * `struct digest_computed` that proves it.
 *
 * The unfinished blob is tmp/blob-ALGORITHM-HEX, a growing file, and at the same time the lock on itself. It survives
 * its writer, whatever happened to it, so that a later process goes on where the last one stopped (store/gc.h says for
 * how long). Another process may read what is already there while it grows (layer/source.h).
 */
#pragma once

#include "base/buf.h"
#include "digest/digest.h"
#include "store/store.h"

struct store_ingest;

/* Begins to bring in a blob, or goes on. Takes the lock on it: LOCK_WAIT waits while another process brings in the same
 * blob (hold no other layer's or blob's lock then), LOCK_TRY gives ERR_BUSY. When the blob is in the store, also after
 * waiting, `*ret` is NULL and there is nothing to do. What an earlier process left is read and digested again here.
 * ERR_INTERRUPTED when a signal came while waiting. The caller frees `*ret`. */
int store_ingest_begin(struct store *s, const struct digest *digest, int64_t size, enum lock_wait wait,
                       struct store_ingest **ret, struct err *err);

/* Ends it. What is not staged in a transaction stays behind for the next try, unlocked. */
void store_ingest_free(struct store_ingest *in);
MEM_DEFINE_CLEANUP(struct store_ingest, store_ingest_free);

/* Throws away what was written, so that the next try starts anew; to be freed afterwards. */
void store_ingest_discard(struct store_ingest *in);

/* Bytes that are there, from the blob's start: where to go on. Equal to the size: nothing to download. */
int64_t store_ingest_offset(const struct store_ingest *in);
int64_t store_ingest_size(const struct store_ingest *in);
const struct digest *store_ingest_digest(const struct store_ingest *in);

/* A descriptor, only for reading, of the growing file; the caller closes it. */
int store_ingest_open(const struct store_ingest *in, int *ret_fd, struct err *err);

/* Appends. ERR_CORRUPT when the blob becomes larger than announced, ERR_NO_SPACE, ERR_IO. */
int store_ingest_write(struct store_ingest *in, const void *data, size_t len, struct err *err);

/* Starts again at offset 0, for a source that cannot go on in the middle, or after a verification that failed. Readers
 * keep finding bytes, though they may be others than those that come. */
int store_ingest_restart(struct store_ingest *in, struct err *err);

/* Compares size and digest once everything was written. ERR_CORRUPT, and the bytes are thrown away. Afterwards the
 * ingest may be staged. */
int store_ingest_verify(struct store_ingest *in, struct err *err);

/* Whether the blob is in the store. */
bool store_blob_has(struct store *s, const struct digest *digest);

/* ERR_NOT_FOUND. The descriptor is for reading; `ret_size` may be NULL. */
int store_blob_open(struct store *s, const struct digest *digest, int *ret_fd, int64_t *ret_size, struct err *err);

/* A whole blob into `b`, whose `max` bounds it (documents are small). Not verified again: it was when it came in. */
int store_blob_read(struct store *s, const struct digest *digest, struct buf *b, struct err *err);

/* "sha256/HEX": a digest as a path below STORE_BLOBS and STORE_LAYERS. */
enum { STORE_DIGEST_PATH_MAX = 8 + DIGEST_HEX_MAX };
char *store_digest_path(const struct digest *d, char ret[STORE_DIGEST_PATH_MAX]);

/* Iterates over all blobs or layers in no order: calls `each` with every well-formed name; a negative result of it ends
 * the iteration and is returned. */
typedef int (*store_each_digest_fn)(const struct digest *d, void *data, struct err *err);
int store_each_digest(struct store *s, enum store_dir dir, store_each_digest_fn each, void *data, struct err *err);

/* Takes a blob out of sight and leaves it in the trash: for garbage collection under the store lock, and for a blob
 * that was found damaged. */
int store_blob_discard(struct store *s, const struct digest *digest, struct err *err);

/* Making finished things visible, many at once.
 *
 * Renaming a file over its name is atomic, but after a power cut the name may be there and the bytes may not: they must
 * be on disk first. fsync(2) of each of the 31,000 files of a large image takes minutes, so everything that a pull
 * brings is staged, written back together by one syncfs(2), and only then renamed, and the directories synced. A name
 * of an image is given afterwards, when all that it leads to is certain (store_tag_set()).
 *
 * What was staged stays locked until it has its name, so that whoever waits for it finds it there.
 */
#pragma once

#include "store/blob.h"
#include "store/layer.h"

struct store_transaction;

struct store_transaction *store_transaction_new(struct store *s);

/* Gives up what was not finished: blobs stay as partial files for the next try, layers are removed. */
void store_transaction_free(struct store_transaction *t);
MEM_DEFINE_CLEANUP(struct store_transaction, store_transaction_free);

/* Gives up, and throws the bytes of the blobs away as well: where there is no space, they do not keep it. */
void store_transaction_discard(struct store_transaction *t);

/* Takes over a verified ingest, a completed stage; the caller's pointer is consumed. */
void store_transaction_add_blob(struct store_transaction *t, struct store_ingest *in);
void store_transaction_add_layer(struct store_transaction *t, struct store_stage *st);

/* Adds a small document: written here, under the digest computed from `data`. What the store has already is left as it
 * is. */
int store_transaction_put(struct store_transaction *t, const void *data, size_t len,
                          const struct digest_computed *computed, struct err *err);

/* Lets a thread write back meanwhile what the transaction will have to wait for; it ends with the next finish. */
void store_transaction_write_back(struct store_transaction *t);

/* Makes everything visible and releases the locks; the transaction is empty and usable again. On failure some of it may
 * be visible (each thing whole), the rest is given up. An error of writing back (ERR_IO, ERR_NO_SPACE), whenever since
 * store_open() it happened, makes nothing visible and throws the blobs away. */
int store_transaction_finish(struct store_transaction *t, struct err *err);

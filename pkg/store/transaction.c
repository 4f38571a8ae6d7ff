#include "store/transaction.h"

#include "base/id.h"
#include "base/vec.h"
#include "store/internal.h"
#include "store/writeback.h"
#include "sys/atomic.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { DOCUMENT_NAME_MAX = 40 };

/* A small document, written to a locked file below tmp/. */
struct document {
    char name[DOCUMENT_NAME_MAX];
    struct digest digest;
    int lock;
};

struct store_transaction {
    struct store *store;
    struct store_writeback *writeback;
    VEC(struct store_ingest *) blobs;
    VEC(struct store_stage *) layers;
    VEC(struct document) documents;
};

struct store_transaction *store_transaction_new(struct store *s)
{
    struct store_transaction *t = mem_zalloc(1, sizeof(*t));

    t->store = s;
    return t;
}

static void drop_document(struct store *s, struct document *d)
{
    int tmp;

    if (d->lock >= 0 && store_dir(s, STORE_TMP, &tmp, NULL) == 0)
        unlinkat(tmp, d->name, 0);
    d->lock = fd_close(d->lock);
}

static void empty(struct store_transaction *t)
{
    VEC_FOREACH (in, &t->blobs)
        store_ingest_free(*in);
    VEC_FOREACH (st, &t->layers)
        store_stage_free(*st);
    VEC_FOREACH (d, &t->documents)
        drop_document(t->store, d);
    t->blobs.n = t->layers.n = t->documents.n = 0;
}

void store_transaction_free(struct store_transaction *t)
{
    if (!t)
        return;
    store_writeback_stop(t->writeback);
    empty(t);
    free(t->blobs.v);
    free(t->layers.v);
    free(t->documents.v);
    free(t);
}

void store_transaction_discard(struct store_transaction *t)
{
    VEC_FOREACH (in, &t->blobs)
        store_ingest_discard(*in);
    empty(t);
}

void store_transaction_add_blob(struct store_transaction *t, struct store_ingest *in)
{
    *VEC_PUSH(&t->blobs) = in;
}

void store_transaction_add_layer(struct store_transaction *t, struct store_stage *st)
{
    *VEC_PUSH(&t->layers) = st;
}

int store_transaction_put(struct store_transaction *t, const void *data, size_t len,
                          const struct digest_computed *computed, struct err *err)
{
    struct document d = {.digest = computed->digest, .lock = -1};
    char unique[25];
    int tmp, r;

    if (computed->size != (int64_t)len)
        return err_set(err, ERR_INTERNAL, "a document of %zu bytes under the digest of %lld", len,
                       (long long)computed->size);
    if (store_blob_has(t->store, &computed->digest))
        return 0;
    r = store_dir(t->store, STORE_TMP, &tmp, err);
    if (r < 0)
        return r;
    id_hex(unique, 24);
    snprintf(d.name, sizeof(d.name), "document-%s", unique);
    r = lock_take(tmp, d.name, LOCK_EXCLUSIVE, LOCK_TRY, &d.lock, err);
    if (r < 0)
        return r;
    r = fd_write_all(d.lock, data, len);
    if (r < 0) {
        r = err_errno(err, -r, "writing %s/tmp/%s", store_root_path(t->store), d.name);
        drop_document(t->store, &d);
        return r;
    }
    *VEC_PUSH(&t->documents) = d;
    return 0;
}

/* The directories into which the renames will go; made before the sync, so that it covers them. */
static int make_targets(struct store *s, const struct digest *d, enum store_dir dir, struct err *err)
{
    int parent;
    int r = store_dir(s, dir, &parent, err);

    if (r < 0)
        return r;
    if (mkdirat(parent, digest_algorithm_name(d->algorithm), 0700) < 0 && errno != EEXIST)
        return err_errno(err, errno, "making directory %s", digest_algorithm_name(d->algorithm));
    return 0;
}

static int prepare(struct store_transaction *t, struct err *err)
{
    int r = 0;

    VEC_FOREACH (in, &t->blobs)
        r = r < 0 ? r : make_targets(t->store, store_ingest_digest(*in), STORE_BLOBS, err);
    VEC_FOREACH (d, &t->documents)
        r = r < 0 ? r : make_targets(t->store, &d->digest, STORE_BLOBS, err);
    VEC_FOREACH (st, &t->layers)
        r = r < 0 ? r : make_targets(t->store, store_stage_diff_id(*st), STORE_LAYERS, err);
    return r;
}

static int publish_document(struct store *s, struct document *d, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    int tmp, blobs;
    int r = store_dir(s, STORE_TMP, &tmp, err);

    if (r == 0)
        r = store_dir(s, STORE_BLOBS, &blobs, err);
    if (r < 0)
        return r;
    if (renameat(tmp, d->name, blobs, store_digest_path(&d->digest, path)) < 0)
        return err_errno(err, errno, "storing blob %s", path);
    d->lock = fd_close(d->lock);
    return 0;
}

static int publish(struct store_transaction *t, struct err *err)
{
    int r = 0;

    VEC_FOREACH (in, &t->blobs) {
        r = r < 0 ? r : store_ingest_publish(*in, err);
        failpoint("transaction-blob");
    }
    VEC_FOREACH (d, &t->documents)
        r = r < 0 ? r : publish_document(t->store, d, err);
    VEC_FOREACH (st, &t->layers) {
        r = r < 0 ? r : store_stage_publish(*st, err);
        failpoint("transaction-layer");
    }
    return r;
}

/* Syncs the directories below `dir` in which names were given. */
static int sync_targets(struct store *s, enum store_dir dir, struct err *err)
{
    int parent;
    int r = store_dir(s, dir, &parent, err);

    for (enum digest_algorithm a = DIGEST_SHA256; r == 0 && a <= DIGEST_SHA512; a++)
        if (faccessat(parent, digest_algorithm_name(a), F_OK, 0) == 0)
            r = atomic_sync_dir(parent, digest_algorithm_name(a), err);
    return r;
}

/* Everything is on disk after this, or there is an error. The root's descriptor was opened with the store, before
 * anything was written through it, and syncfs(2) tells of every error since that it has not told of there. Blobs are
 * asked one by one as well: they are what nobody could make again without a registry, and kernels before 5.8 tell of
 * nothing else. */
static int sync_all(struct store_transaction *t, struct err *err)
{
    int root, r = store_dir(t->store, STORE_ROOT, &root, err);

    if (r == 0 && syncfs(root) < 0)
        r = err_errno(err, errno, "writing back %s", store_root_path(t->store));
    VEC_FOREACH (in, &t->blobs)
        r = r < 0 ? r : store_ingest_check_written(*in, err);
    return r;
}

void store_transaction_write_back(struct store_transaction *t)
{
    int root;

    if (!t->writeback && store_dir(t->store, STORE_ROOT, &root, NULL) == 0)
        t->writeback = store_writeback_start(root);
}

int store_transaction_finish(struct store_transaction *t, struct err *err)
{
    int r;

    store_writeback_stop(t->writeback);
    t->writeback = NULL;
    if (t->blobs.n + t->layers.n + t->documents.n == 0)
        return 0;
    failpoint("transaction-sync");
    r = prepare(t, err);
    if (r == 0) {
        r = sync_all(t, err);
        if (r < 0) /* the cache shows bytes that the disk lacks: nothing for a next try to go on with */
            store_transaction_discard(t);
    }
    failpoint("transaction-synced");
    if (r == 0)
        r = publish(t, err);
    if (r == 0)
        r = sync_targets(t->store, STORE_BLOBS, err);
    if (r == 0)
        r = sync_targets(t->store, STORE_LAYERS, err);
    failpoint("transaction-finished");
    empty(t);
    return r;
}

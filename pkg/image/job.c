#include "image/job.h"

#include "base/log.h"
#include "image/damage.h"
#include "image/spool.h"
#include "sys/fd.h"

#include <unistd.h>

enum { ANNOUNCE_STEP = 256 << 10 /* bytes between two words to an unpacker */ };

void image_job_tell(struct image_job *j, enum image_event_kind kind, int64_t now)
{
    const struct image_pull_options *o = j->work->options;
    struct image_event e = {
        .kind = kind, .layer = j->index, .digest = &j->blob->digest, .now = now, .total = j->blob->size};

    if (o->event)
        o->event(&e, o->data);
}

static int wrap(struct image_job *j, const char *doing, struct err *err)
{
    char text[DIGEST_TEXT_MAX];

    return err_wrap(err, "%s layer %zu/%zu (%.19s…)", doing, j->index + 1, j->work->n_jobs,
                    digest_format(&j->blob->digest, text));
}

void image_job_reset(struct image_job *j)
{
    if (j->download)
        registry_download_cancel(j->download);
    j->download = NULL;
    if (j->unpacker.pid > 0)
        j->work->unpackers--;
    unpacker_end(&j->unpacker);
    j->blob_fd = fd_close(j->blob_fd);
    store_ingest_free(j->ingest);
    store_stage_free(j->stage);
    j->ingest = NULL;
    j->stage = NULL;
    j->unpacked = j->restarted = j->verified = false;
    j->held = ERR_INIT;
}

/* ---- the blob ---- */

static int blob_restart(struct image_job *j, struct err *err)
{
    j->inherited = j->verified = false;
    j->restarted = j->unpacker.pid > 0;
    j->held = ERR_INIT;
    return store_ingest_restart(j->ingest, err);
}

static int blob_download(struct image_job *j, struct err *err);

/* What an earlier pull left is damaged: all of it anew. */
static int blob_again(struct image_job *j, const struct err *why, struct err *err)
{
    int r;

    log_debug("layer %zu: %s: downloading all of it", j->index + 1, why->text);
    if (j->download)
        registry_download_cancel(j->download);
    j->download = NULL;
    r = blob_restart(j, err);
    return r < 0 ? r : blob_download(j, err);
}

/* The blob, and what was unpacked of it, go into the transaction. */
static void job_staged(struct image_job *j)
{
    if (j->ingest)
        store_transaction_add_blob(j->work->transaction, j->ingest);
    j->ingest = NULL;
    j->blob_fd = fd_close(j->blob_fd);
    j->state = JOB_STAGED;
    image_job_tell(j, IMAGE_COMPLETE, j->blob->size);
}

/* All bytes are there: makes sure that they are the right ones, and tells the unpacker. */
static int blob_complete(struct image_job *j, struct err *err)
{
    struct err why = ERR_INIT;
    int r = j->verified ? 0 : store_ingest_verify(j->ingest, &why);

    if (r == ERR_CORRUPT && j->inherited)
        return blob_again(j, &why, err);
    if (r < 0) {
        *err = why;
        return wrap(j, j->work->registry ? "downloading" : "reading", err);
    }
    if (j->held.kind) {
        store_ingest_discard(j->ingest); /* worth nothing to a next try */
        *err = j->held;
        return wrap(j, "unpacking", err);
    }
    j->complete = true;
    j->inherited = false;
    image_job_tell(j, IMAGE_DOWNLOADED, j->blob->size);
    if (j->stage)
        unpacker_announce(&j->unpacker, j->blob->size, true);
    else
        job_staged(j);
    return 0;
}

static void announce(struct image_job *j, int64_t offset)
{
    if (offset - j->announced < ANNOUNCE_STEP)
        return;
    j->announced = offset;
    unpacker_announce(&j->unpacker, offset, false);
}

static int on_data(void *ctx, const void *bytes, size_t len, struct err *err)
{
    static const uint64_t one = 1;
    struct image_job *j = ctx;
    bool begins = store_ingest_offset(j->ingest) == 0;
    int r = store_ingest_write(j->ingest, bytes, len, err);

    if (r < 0)
        return r;
    if (begins)
        (void)!write(j->work->begun_fd, &one, sizeof(one));
    announce(j, store_ingest_offset(j->ingest));
    image_job_tell(j, IMAGE_DOWNLOADING, store_ingest_offset(j->ingest));
    return 0;
}

static int on_restart(void *ctx, struct err *err)
{
    return blob_restart(ctx, err);
}

/* Wrong bytes are the fault of who sent them, unless the first of them were here before: blob_complete() tells. */
static int on_check(void *ctx, struct err *err)
{
    struct image_job *j = ctx;
    int r = j->inherited ? 0 : store_ingest_verify(j->ingest, err);

    j->verified = r == 0 && !j->inherited;
    return r;
}

static void on_done(void *ctx, int status, const struct err *err)
{
    struct image_job *j = ctx;
    struct image_work *w = j->work;

    j->download = NULL;
    if (w->err.kind) /* one failure is enough */
        return;
    if (status < 0) {
        w->err = *err;
        wrap(j, "downloading", &w->err);
        return;
    }
    blob_complete(j, &w->err);
}

static const struct registry_download_ops download_ops = {on_data, on_restart, on_done, on_check};

/* All that is missing at once, from a file of ours. */
static int blob_fill(struct image_job *j, struct err *err)
{
    const struct image_pull_options *o = j->work->options;
    char text[DIGEST_TEXT_MAX];
    int r = o->fill ? o->fill(j->blob, j->ingest, o->data, err)
                    : err_set(err, ERR_NOT_FOUND, "%s is not in the store, and there is no registry to ask for it",
                              digest_format(&j->blob->digest, text));

    if (r == 0)
        return blob_complete(j, err);
    return r == ERR_INTERRUPTED ? r : wrap(j, "reading", err);
}

static int blob_download(struct image_job *j, struct err *err)
{
    struct image_work *w = j->work;
    int64_t start = store_ingest_offset(j->ingest);

    image_job_tell(j, IMAGE_DOWNLOADING, start);
    if (!w->registry)
        return blob_fill(j, err);
    j->download = registry_download(w->registry, w->name, j->blob, start, &download_ops, j);
    return 0;
}

/* Takes the lock on the blob, and queues its download where bytes are missing. ERR_BUSY. */
static int blob_begin(struct image_job *j, struct err *err)
{
    struct image_work *w = j->work;
    int r = store_ingest_begin(w->store, &j->blob->digest, j->blob->size, LOCK_TRY, &j->ingest, err);

    if (r < 0)
        return r;
    j->inherited = !j->ingest || store_ingest_offset(j->ingest) > 0;
    if (!j->ingest) {
        j->complete = true;
        return store_blob_open(w->store, &j->blob->digest, &j->blob_fd, NULL, err);
    }
    r = store_ingest_open(j->ingest, &j->blob_fd, err);
    if (r < 0)
        return r;
    if (store_ingest_offset(j->ingest) == j->blob->size)
        return blob_complete(j, err);
    return blob_download(j, err);
}

/* ---- unpacking ---- */

static bool is_damaged(struct image_job *j)
{
    struct image_work *w = j->work;

    if (!store_layer_has(w->store, &j->diff_id))
        return false;
    if (w->options->mending)
        return store_digests_have(w->options->mending->damaged, &j->diff_id);
    return image_layer_damaged(w->store, &j->diff_id, &w->look_at);
}

/* Takes the lock on the layer, if it is missing or damaged. ERR_BUSY. */
static int stage_begin(struct image_job *j, struct err *err)
{
    struct image_work *w = j->work;

    if (is_damaged(j))
        return store_stage_begin_again(w->store, &j->diff_id, LOCK_TRY, &j->stage, err);
    return store_stage_begin(w->store, &j->diff_id, LOCK_TRY, &j->stage, err);
}

/* The layer is whole, and its blob would say the same. */
static bool is_tree(const struct image_job *j)
{
    return j->work->options->trees && image_job_unpacks(j) && !j->stage &&
           digest_equal(&j->blob->digest, &j->diff_id) && !store_blob_has(j->work->store, &j->blob->digest);
}

int image_job_claim(struct image_job *j, struct err *err)
{
    bool waited = j->state == JOB_BUSY;
    struct err why = ERR_INIT;
    int r = image_job_unpacks(j) ? stage_begin(j, &why) : 0;

    j->state = JOB_ACTIVE;
    if (r == 0 && !is_tree(j)) /* a layer may be there that was packed in another way */
        r = blob_begin(j, &why);
    if (r == 0 && !j->stage && !j->ingest && j->state == JOB_ACTIVE) { /* nothing is to be done */
        image_job_reset(j);
        image_job_tell(j, waited ? IMAGE_COMPLETE : IMAGE_EXISTS, j->blob->size);
        j->state = JOB_DONE;
    }
    if (r == ERR_BUSY) {
        image_job_reset(j);
        if (!waited)
            image_job_tell(j, IMAGE_WAITING, 0);
        j->state = JOB_BUSY;
        return 0;
    }
    if (r < 0)
        *err = why;
    return r;
}

int image_job_unpack(struct image_job *j, struct err *err)
{
    int r = j->unpacked ? store_stage_restart(j->stage, err) : 0;

    if (r == 0)
        r = unpacker_start(j->blob_fd, !j->complete || j->ingest, store_stage_tree(j->stage),
                           store_stage_manifest(j->stage), &j->unpacker, err);
    if (r < 0)
        return wrap(j, "unpacking", err);
    j->unpacked = true;
    j->restarted = false;
    j->work->unpackers++;
    if (j->ingest) {
        j->announced = store_ingest_offset(j->ingest);
        unpacker_announce(&j->unpacker, j->announced, j->complete);
    }
    return 0;
}

/* Whether the blob in the store still has its digest, as far as that is known. */
static bool blob_is_whole(struct image_job *j)
{
    struct digest_computed computed;

    if (j->blob->digest.algorithm != DIGEST_SHA256)
        return true;
    return lseek(j->blob_fd, 0, SEEK_SET) == 0 && image_spool_digest(j->blob_fd, -1, &computed, NULL) == 0 &&
           digest_verify(&j->blob->digest, j->blob->size, &computed, NULL) == 0;
}

/* A blob of the store that does not unpack was damaged there: it is got anew, once. One that is as it should be stays,
 * for other images may need it: then this one lies about what is in it. */
static int job_heal(struct image_job *j, const struct err *why, struct err *err)
{
    int r;

    if (blob_is_whole(j)) {
        *err = *why;
        return wrap(j, "unpacking", err);
    }
    log_debug("layer %zu: %s: downloading it again", j->index + 1, why->text);
    image_job_reset(j);
    j->complete = false;
    r = store_blob_discard(j->work->store, &j->blob->digest, err);
    return r < 0 ? r : image_job_claim(j, err);
}

/* The bytes do not unpack, for which there are innocent reasons. */
static int job_corrupt(struct image_job *j, const struct err *why, struct err *err)
{
    if (j->restarted)
        return 0; /* the next step starts another unpacker */
    if (j->inherited)
        return j->ingest ? blob_again(j, why, err) : job_heal(j, why, err);
    if (!j->complete) {
        j->held = *why;
        return 0;
    }
    store_ingest_discard(j->ingest);
    *err = *why;
    return wrap(j, "unpacking", err);
}

static int job_finished(struct image_job *j, const struct layer_applied *applied, struct err *err)
{
    struct store_layer_info info = {.bytes = applied->bytes, .members = applied->members};
    int r = store_stage_complete(j->stage, &applied->diff_id, &info, err);

    if (r < 0)
        return r;
    store_transaction_add_layer(j->work->transaction, j->stage);
    j->stage = NULL;
    job_staged(j);
    return 0;
}

int image_job_news(struct image_job *j, struct err *err)
{
    struct layer_applied applied;
    struct err why = ERR_INIT;
    int64_t consumed;
    int r = unpacker_read(&j->unpacker, &consumed, &applied, &why);

    if (r == UNPACKER_NOTHING)
        return 0;
    if (r == UNPACKER_PROGRESS) {
        if (j->complete)
            image_job_tell(j, IMAGE_EXTRACTING, consumed);
        return 0;
    }
    j->work->unpackers--;
    unpacker_end(&j->unpacker);
    if (r == UNPACKER_FINISHED)
        r = j->complete ? job_finished(j, &applied, &why)
                        : err_set(&why, ERR_INTERNAL, "the unpacking ended before the blob");
    if (r == 0)
        return 0;
    if (r == ERR_CORRUPT)
        return job_corrupt(j, &why, err);
    *err = why;
    return wrap(j, "unpacking", err);
}

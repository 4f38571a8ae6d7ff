/* One layer on its way: its blob is downloaded, or is there, and an unpacker works on what has come of it. Shared by
 * layers.c, which has all of them in hand; not for use elsewhere.
 *
 * A blob without a diffID is a job as well, for what is kept and not unpacked: other platforms' layers and configs.
 *
 * Bytes can turn out to be wrong: those that an earlier pull left, those of a blob of the store, those that a server
 * sent before it began again. Then a job begins anew, once, and only what was downloaded from the start in this pull is
 * believed to be what the registry has.
 */
#pragma once

#include "image/image.h"
#include "image/unpacker.h"
#include "registry/registry.h"
#include "store/transaction.h"

enum image_job_state {
    JOB_TODO,
    JOB_BUSY,   /* another process is at it */
    JOB_ACTIVE, /* ours: being downloaded or unpacked */
    JOB_STAGED, /* handed to the transaction */
    JOB_DONE,   /* in the store */
};

/* One layer, or one blob. */
struct image_job {
    struct image_work *work;
    size_t index;
    const struct oci_descriptor *blob;
    struct digest diff_id; /* DIGEST_NONE: the blob is all that is wanted */
    enum image_job_state state;
    struct store_stage *stage;
    struct store_ingest *ingest; /* NULL: the blob is in the store */
    struct registry_download *download;
    int blob_fd;
    bool complete;  /* the blob is whole and verified */
    bool inherited; /* there are bytes from before this pull, perhaps damaged since */
    bool verified;  /* what was downloaded is what was asked for */
    int64_t announced;
    struct unpacker unpacker;
    bool unpacked;   /* the stage holds what an unpacker made */
    bool restarted;  /* the blob was, so the unpacker may have read bytes that are no longer those of the blob */
    struct err held; /* of an unpacker whose bytes may still be found wrong, which would be to blame */
};

/* All layers of a pull. */
struct image_work {
    struct store *store;
    struct registry *registry;
    const struct oci_reference *name;
    const struct image_pull_options *options;
    struct store_transaction *transaction;
    int wake_fd;
    int begun_fd; /* eventfd: of a layer that had nothing the first bytes came, so it can be unpacked */
    struct image_job *jobs;
    size_t n_jobs;
    size_t *order; /* indexes of jobs, the largest first: the last to end should be a small one */
    size_t unpackers, max_unpackers;
    int64_t look_at; /* image_layer_damaged()'s */
    struct err err;  /* of a download that failed */
};

/* Whether more than the blob is wanted. */
static inline bool image_job_unpacks(const struct image_job *j)
{
    return j->diff_id.algorithm != DIGEST_NONE;
}

/* Tells whoever watches the pull. */
void image_job_tell(struct image_job *j, enum image_event_kind kind, int64_t now);

/* Takes up a layer that is missing or damaged, and its download where bytes are missing; one that another process has
 * becomes JOB_BUSY. */
int image_job_claim(struct image_job *j, struct err *err);

/* Starts an unpacker; there are bytes for it. */
int image_job_unpack(struct image_job *j, struct err *err);

/* Something is to be read from the layer's unpacker. */
int image_job_news(struct image_job *j, struct err *err);

/* Gives up what is under way, with its locks. */
void image_job_reset(struct image_job *j);

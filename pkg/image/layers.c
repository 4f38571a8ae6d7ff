#include "image/layers.h"

#include "base/log.h"
#include "image/damage.h"
#include "image/unpacker.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ANNOUNCE_STEP = 256 << 10, /* bytes between two words to an unpacker */
    BUSY_RETRY_MS = 100,
    ACTIVE_MAX = 128,  /* each takes half a dozen descriptors, of which there are usually 1024 */
    UNPACKERS_MAX = 4, /* more would not fit into the memory that a pull may take */
};

enum job_state {
    JOB_TODO,
    JOB_BUSY,   /* another process is at it */
    JOB_ACTIVE, /* ours: being downloaded or unpacked */
    JOB_STAGED, /* handed to the transaction */
    JOB_DONE,   /* in the store */
};

/* One layer. */
struct job {
    struct work *work;
    size_t index;
    const struct oci_descriptor *blob;
    struct digest diff_id;
    enum job_state state;
    struct store_stage *stage;
    struct store_ingest *ingest; /* NULL: the blob is in the store */
    struct registry_download *download;
    int blob_fd;
    bool complete;  /* the blob is whole and verified */
    bool inherited; /* there are bytes from before this pull, perhaps damaged since */
    int64_t announced;
    struct unpacker unpacker;
    bool unpacked;   /* the stage holds what an unpacker made */
    bool restarted;  /* the blob was, so the unpacker may have read bytes that are no longer those of the blob */
    struct err held; /* of an unpacker whose bytes may still be found wrong, which would be to blame */
};

struct work {
    struct store *store;
    struct registry *registry;
    const struct oci_reference *name;
    const struct image_pull_options *options;
    struct store_transaction *transaction;
    int wake_fd;
    int begun_fd; /* eventfd: of a layer that had nothing the first bytes came, so it can be unpacked */
    struct job *jobs;
    size_t n_jobs;
    size_t *order; /* indexes of jobs, the largest first: the last to end should be a small one */
    size_t unpackers, max_unpackers;
    int64_t look_at; /* image_layer_damaged()'s */
    struct err err;  /* of a download that failed */
};

static void tell(struct job *j, enum image_event_kind kind, int64_t now)
{
    const struct image_pull_options *o = j->work->options;
    struct image_event e = {
        .kind = kind, .layer = j->index, .digest = &j->blob->digest, .now = now, .total = j->blob->size};

    if (o->event)
        o->event(&e, o->data);
}

static int wrap(struct job *j, const char *doing, struct err *err)
{
    char text[DIGEST_TEXT_MAX];

    return err_wrap(err, "%s layer %zu/%zu (%.19s…)", doing, j->index + 1, j->work->n_jobs,
                    digest_format(&j->blob->digest, text));
}

static void job_reset(struct job *j)
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
    j->unpacked = j->restarted = false;
    j->held = ERR_INIT;
}

/* ---- the blob ---- */

static int blob_restart(struct job *j, struct err *err)
{
    j->inherited = false;
    j->restarted = j->unpacker.pid > 0;
    j->held = ERR_INIT;
    return store_ingest_restart(j->ingest, err);
}

static void blob_download(struct job *j);

/* What an earlier pull left is damaged: all of it anew. */
static int blob_again(struct job *j, const struct err *why, struct err *err)
{
    int r;

    log_debug("layer %zu: %s: downloading all of it", j->index + 1, why->text);
    if (j->download)
        registry_download_cancel(j->download);
    j->download = NULL;
    r = blob_restart(j, err);
    if (r < 0)
        return r;
    blob_download(j);
    return 0;
}

/* All bytes are there: makes sure that they are the right ones, and tells the unpacker. */
static int blob_complete(struct job *j, struct err *err)
{
    struct err why = ERR_INIT;
    int r = store_ingest_verify(j->ingest, &why);

    if (r == ERR_CORRUPT && j->inherited)
        return blob_again(j, &why, err);
    if (r < 0) {
        *err = why;
        return wrap(j, "downloading", err);
    }
    if (j->held.kind) {
        store_ingest_discard(j->ingest); /* worth nothing to a next try */
        *err = j->held;
        return wrap(j, "unpacking", err);
    }
    j->complete = true;
    j->inherited = false;
    tell(j, IMAGE_DOWNLOADED, j->blob->size);
    unpacker_announce(&j->unpacker, j->blob->size, true);
    return 0;
}

static void announce(struct job *j, int64_t offset)
{
    if (offset - j->announced < ANNOUNCE_STEP)
        return;
    j->announced = offset;
    unpacker_announce(&j->unpacker, offset, false);
}

static int on_data(void *ctx, const void *bytes, size_t len, struct err *err)
{
    static const uint64_t one = 1;
    struct job *j = ctx;
    bool begins = store_ingest_offset(j->ingest) == 0;
    int r = store_ingest_write(j->ingest, bytes, len, err);

    if (r < 0)
        return r;
    if (begins)
        (void)!write(j->work->begun_fd, &one, sizeof(one));
    announce(j, store_ingest_offset(j->ingest));
    tell(j, IMAGE_DOWNLOADING, store_ingest_offset(j->ingest));
    return 0;
}

static int on_restart(void *ctx, struct err *err)
{
    return blob_restart(ctx, err);
}

static void on_done(void *ctx, int status, const struct err *err)
{
    struct job *j = ctx;
    struct work *w = j->work;

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

static const struct registry_download_ops download_ops = {on_data, on_restart, on_done};

static void blob_download(struct job *j)
{
    struct work *w = j->work;
    int64_t start = store_ingest_offset(j->ingest);

    j->download = registry_download(w->registry, w->name, j->blob, start, &download_ops, j);
    tell(j, IMAGE_DOWNLOADING, start);
}

/* Takes the lock on the blob, and queues its download where bytes are missing. ERR_BUSY. */
static int blob_begin(struct job *j, struct err *err)
{
    struct work *w = j->work;
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
    blob_download(j);
    return 0;
}

/* ---- unpacking ---- */

/* Takes up a layer that is missing or damaged, unless another process has it. */
static int job_claim(struct job *j, struct err *err)
{
    struct err why = ERR_INIT;
    struct work *w = j->work;
    bool damaged = store_layer_has(w->store, &j->diff_id) && image_layer_damaged(w->store, &j->diff_id, &w->look_at);
    int r = damaged ? store_stage_begin_again(w->store, &j->diff_id, LOCK_TRY, &j->stage, &why)
                    : store_stage_begin(w->store, &j->diff_id, LOCK_TRY, &j->stage, &why);

    if (r == 0 && !j->stage) {
        tell(j, j->state == JOB_BUSY ? IMAGE_COMPLETE : IMAGE_EXISTS, j->blob->size);
        j->state = JOB_DONE;
        return 0;
    }
    if (r == 0)
        r = blob_begin(j, &why);
    if (r == ERR_BUSY) {
        job_reset(j);
        if (j->state != JOB_BUSY)
            tell(j, IMAGE_WAITING, 0);
        j->state = JOB_BUSY;
        return 0;
    }
    if (r < 0) {
        *err = why;
        return r;
    }
    j->state = JOB_ACTIVE;
    return 0;
}

static int job_unpack(struct job *j, struct err *err)
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

/* As many unpackers as there are processors. A layer of which nothing is there yet does not take up one. */
static int start_unpackers(struct work *w, struct err *err)
{
    for (size_t i = 0; i < w->n_jobs && w->unpackers < w->max_unpackers; i++) {
        struct job *j = &w->jobs[w->order[i]];
        int r;

        if (j->state != JOB_ACTIVE || j->unpacker.pid > 0 || j->held.kind ||
            (!j->complete && store_ingest_offset(j->ingest) == 0))
            continue;
        r = job_unpack(j, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* A blob of the store that does not unpack was damaged there: it is got anew, once. */
static int job_heal(struct job *j, const struct err *why, struct err *err)
{
    int r;

    log_debug("layer %zu: %s: downloading it again", j->index + 1, why->text);
    job_reset(j);
    j->complete = false;
    r = store_blob_discard(j->work->store, &j->blob->digest, err);
    return r < 0 ? r : job_claim(j, err);
}

/* The bytes do not unpack, for which there are innocent reasons. */
static int job_corrupt(struct job *j, const struct err *why, struct err *err)
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

static int job_finished(struct job *j, const struct layer_applied *applied, struct err *err)
{
    struct store_layer_info info = {.bytes = applied->bytes, .members = applied->members};
    int r = store_stage_complete(j->stage, &applied->diff_id, &info, err);

    if (r < 0)
        return r;
    store_transaction_add_layer(j->work->transaction, j->stage);
    j->stage = NULL;
    if (j->ingest)
        store_transaction_add_blob(j->work->transaction, j->ingest);
    j->ingest = NULL;
    j->blob_fd = fd_close(j->blob_fd);
    j->state = JOB_STAGED;
    tell(j, IMAGE_COMPLETE, j->blob->size);
    return 0;
}

/* Something is to be read from the layer's unpacker. */
static int job_news(struct job *j, struct err *err)
{
    struct layer_applied applied;
    struct err why = ERR_INIT;
    int64_t consumed;
    int r = unpacker_read(&j->unpacker, &consumed, &applied, &why);

    if (r == UNPACKER_NOTHING)
        return 0;
    if (r == UNPACKER_PROGRESS) {
        if (j->complete)
            tell(j, IMAGE_EXTRACTING, consumed);
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

/* ---- all of them ---- */

static size_t count(const struct work *w, enum job_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n_jobs; i++)
        n += w->jobs[i].state == state;
    return n;
}

/* Waits for something to happen and deals with it. */
static int step(struct work *w, int timeout_ms, struct err *err)
{
    struct pollfd fds[UNPACKERS_MAX + 2];
    struct job *of[UNPACKERS_MAX + 2];
    uint64_t begun;
    size_t n = 0;
    int r = start_unpackers(w, err);

    if (r < 0)
        return r;
    fds[n++] = (struct pollfd){.fd = w->wake_fd, .events = POLLIN};
    fds[n++] = (struct pollfd){.fd = w->begun_fd, .events = POLLIN};
    for (size_t i = 0; i < w->n_jobs; i++) {
        if (w->jobs[i].unpacker.pid <= 0)
            continue;
        of[n] = &w->jobs[i];
        fds[n++] = (struct pollfd){.fd = w->jobs[i].unpacker.socket, .events = POLLIN};
    }
    r = registry_wait(w->registry, fds, n, timeout_ms, err);
    if (r < 0)
        return r;
    if (fds[0].revents)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    if (fds[1].revents)
        (void)!read(w->begun_fd, &begun, sizeof(begun));
    if (w->err.kind) {
        *err = w->err;
        return err->kind;
    }
    for (size_t i = 2; i < n; i++) {
        if (!fds[i].revents)
            continue;
        r = job_news(of[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Takes up as much as it may of what nobody else has, and works until that is finished. Nothing is held while others
 * are waited for. */
static int round_of(struct work *w, struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < w->n_jobs && r == 0 && count(w, JOB_ACTIVE) < ACTIVE_MAX; i++) {
        struct job *j = &w->jobs[w->order[i]];

        if (j->state == JOB_TODO || j->state == JOB_BUSY)
            r = job_claim(j, err);
    }
    if (count(w, JOB_ACTIVE) > 0)
        store_transaction_write_back(w->transaction);
    while (r == 0 && count(w, JOB_ACTIVE) > 0)
        r = step(w, -1, err);
    if (r < 0)
        return r;
    r = store_transaction_finish(w->transaction, err);
    for (size_t i = 0; i < w->n_jobs; i++)
        if (w->jobs[i].state == JOB_STAGED)
            w->jobs[i].state = JOB_DONE;
    if (r == 0 && count(w, JOB_BUSY) > 0)
        r = step(w, BUSY_RETRY_MS, err);
    return r;
}

/* ---- setting up ---- */

static const struct job *sorted_jobs; /* for compare_size() */

static int compare_size(const void *va, const void *vb)
{
    size_t a = *(const size_t *)va, b = *(const size_t *)vb;
    int64_t x = sorted_jobs[a].blob->size, y = sorted_jobs[b].blob->size;

    return x != y ? (x < y ? 1 : -1) : (a > b) - (a < b);
}

/* The same layer twice is brought once. The same blob as two layers is a lie: a blob unpacks to one thing. */
static int find_duplicates(struct work *w, struct err *err)
{
    for (size_t i = 0; i < w->n_jobs; i++) {
        for (size_t k = 0; k < i; k++) {
            struct job *a = &w->jobs[k], *b = &w->jobs[i];

            if (digest_equal(&a->diff_id, &b->diff_id)) {
                b->state = JOB_DONE;
                tell(b, IMAGE_EXISTS, b->blob->size);
                break;
            }
            if (digest_equal(&a->blob->digest, &b->blob->digest))
                return err_set(err, ERR_CORRUPT, "layers %zu and %zu are one blob, but the config says they differ",
                               k + 1, i + 1);
        }
    }
    return 0;
}

static int work_set_up(struct work *w, const struct image_documents *d, struct err *err)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    w->begun_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->begun_fd < 0)
        return err_errno(err, errno, "eventfd");
    w->max_unpackers = (size_t)MAX_OF(1, MIN_OF(processors, UNPACKERS_MAX));
    w->look_at = IMAGE_LOOK_AT_MAX;
    w->n_jobs = d->parsed_manifest.layers.n;
    w->jobs = mem_zalloc(w->n_jobs, sizeof(*w->jobs));
    w->order = mem_zalloc(w->n_jobs, sizeof(*w->order));
    for (size_t i = 0; i < w->n_jobs; i++) {
        struct job *j = &w->jobs[i];

        *j = (struct job){.work = w, .index = i, .blob_fd = -1, .unpacker = UNPACKER_NONE};
        j->blob = &d->parsed_manifest.layers.v[i];
        oci_image_config_diff_id(&d->parsed_config, i, &j->diff_id);
        w->order[i] = i;
    }
    sorted_jobs = w->jobs;
    qsort(w->order, w->n_jobs, sizeof(*w->order), compare_size);
    return 0;
}

static void work_release(struct work *w)
{
    for (size_t i = 0; i < w->n_jobs; i++)
        job_reset(&w->jobs[i]);
    free(w->jobs);
    free(w->order);
    fd_close(w->begun_fd);
}

/* Keeps collection away from everything that the image needs. */
static int take_lease(struct work *w, const struct image_documents *d, struct store_lease **ret, struct err *err)
{
    const struct image_document *documents[] = {&d->index, &d->manifest, &d->config};
    _cleanup_free_ struct digest *blobs = mem_zalloc(w->n_jobs + ARRAY_SIZE(documents), sizeof(*blobs));
    _cleanup_free_ struct digest *layers = mem_zalloc(w->n_jobs, sizeof(*layers));
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
        if (documents[i]->digest.digest.algorithm != DIGEST_NONE)
            blobs[n++] = documents[i]->digest.digest;
    for (size_t i = 0; i < w->n_jobs; i++) {
        blobs[n++] = w->jobs[i].blob->digest;
        layers[i] = w->jobs[i].diff_id;
    }
    return store_lease_take(w->store, blobs, n, layers, w->n_jobs, ret, err);
}

/* What was downloaded is kept for the next try, but not at the price of a full disk. */
static void make_space(struct work *w)
{
    for (size_t i = 0; i < w->n_jobs; i++)
        if (w->jobs[i].ingest)
            store_ingest_discard(w->jobs[i].ingest);
    store_transaction_discard(w->transaction);
}

int image_layers_bring(struct store *s, struct registry *registry, const struct oci_reference *name,
                       const struct image_documents *documents, const struct image_pull_options *options, int wake_fd,
                       struct store_transaction *t, struct store_lease **ret_lease, struct err *err)
{
    _cleanup_(work_release) struct work w = {
        .store = s, .registry = registry, .name = name, .options = options, .transaction = t, .wake_fd = wake_fd};
    int r = work_set_up(&w, documents, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < w.n_jobs; i++)
        tell(&w.jobs[i], IMAGE_LAYER, 0);
    r = find_duplicates(&w, err);
    if (r == 0)
        r = layer_open_libraries(err);
    if (r == 0)
        r = take_lease(&w, documents, ret_lease, err);
    if (r == 0)
        r = image_documents_put(documents, t, err);
    failpoint("pull-documents");
    do
        r = r < 0 ? r : round_of(&w, err);
    while (r == 0 && count(&w, JOB_DONE) < w.n_jobs);
    if (r == ERR_NO_SPACE)
        make_space(&w);
    return r;
}

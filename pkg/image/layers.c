#include "image/layers.h"

#include "image/damage.h"
#include "image/job.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <sys/eventfd.h>
#include <unistd.h>

enum {
    BUSY_RETRY_MS = 100,
    ACTIVE_MAX = 128,  /* each takes half a dozen descriptors, of which there are usually 1024 */
    UNPACKERS_MAX = 4, /* more would not fit into the memory that a pull may take */
};

/* As many unpackers as there are processors. A layer of which nothing is there yet does not take up one. */
static int start_unpackers(struct image_work *w, struct err *err)
{
    for (size_t i = 0; i < w->n_jobs && w->unpackers < w->max_unpackers; i++) {
        struct image_job *j = &w->jobs[w->order[i]];
        int r;

        if (j->state != JOB_ACTIVE || !j->stage || j->unpacker.pid > 0 || j->held.kind ||
            (!j->complete && store_ingest_offset(j->ingest) == 0))
            continue;
        r = image_job_unpack(j, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static size_t count(const struct image_work *w, enum image_job_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n_jobs; i++)
        n += w->jobs[i].state == state;
    return n;
}

/* As registry_wait(), with nothing to wait for but the descriptors where there is no registry. */
static int wait_for(struct image_work *w, struct pollfd *fds, size_t n, int timeout_ms, struct err *err)
{
    int r;

    if (w->registry)
        return registry_wait(w->registry, fds, n, timeout_ms, err);
    while ((r = poll(fds, n, timeout_ms)) < 0)
        if (errno != EINTR)
            return err_errno(err, errno, "poll");
    return r;
}

/* Waits for something to happen and deals with it. */
static int step(struct image_work *w, int timeout_ms, struct err *err)
{
    struct pollfd fds[UNPACKERS_MAX + 2];
    struct image_job *of[UNPACKERS_MAX + 2];
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
    r = wait_for(w, fds, n, timeout_ms, err);
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
        r = image_job_news(of[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Takes up as much as it may of what nobody else has, and works until that is finished. Nothing is held while others
 * are waited for. */
static int round_of(struct image_work *w, struct err *err)
{
    int r = 0;

    for (size_t i = 0; i < w->n_jobs && r == 0 && count(w, JOB_ACTIVE) < ACTIVE_MAX; i++) {
        struct image_job *j = &w->jobs[w->order[i]];

        if (j->state == JOB_TODO || j->state == JOB_BUSY)
            r = image_job_claim(j, err);
        if (r == 0 && !w->registry) /* the blob is whole now: unpack it while the next one is read */
            r = start_unpackers(w, err);
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

static const struct image_job *sorted_jobs; /* for compare_size() */

static int compare_size(const void *va, const void *vb)
{
    size_t a = *(const size_t *)va, b = *(const size_t *)vb;
    int64_t x = sorted_jobs[a].blob->size, y = sorted_jobs[b].blob->size;

    return x != y ? (x < y ? 1 : -1) : (a > b) - (a < b);
}

/* The same layer twice is brought once; packed in another way it is wanted as a blob too. The same blob as two layers
 * is a lie: a blob unpacks to one thing. */
static int find_duplicates(struct image_work *w, struct err *err)
{
    for (size_t i = 0; i < w->n_jobs; i++) {
        struct image_job *b = &w->jobs[i];

        for (size_t k = 0; k < i; k++) {
            const struct image_job *a = &w->jobs[k];
            bool same_layer = image_job_unpacks(b) && digest_equal(&a->diff_id, &b->diff_id);
            bool same_blob = digest_equal(&a->blob->digest, &b->blob->digest);

            if (same_blob && image_job_unpacks(b) && !same_layer)
                return err_set(err, ERR_CORRUPT, "layers %zu and %zu are one blob, but the config says they differ",
                               k + 1, i + 1);
            if (same_blob) {
                b->state = JOB_DONE;
                image_job_tell(b, IMAGE_EXISTS, b->blob->size);
                break;
            }
            if (same_layer)
                b->diff_id = (struct digest){0};
        }
    }
    return 0;
}

static int work_set_up(struct image_work *w, const struct image_documents *d, struct err *err)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n_layers = d->parsed_manifest.layers.n;

    w->begun_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->begun_fd < 0)
        return err_errno(err, errno, "eventfd");
    w->max_unpackers = (size_t)MAX_OF(1, MIN_OF(processors, UNPACKERS_MAX));
    w->look_at = IMAGE_LOOK_AT_MAX;
    w->n_jobs = n_layers + d->blobs.n;
    w->jobs = mem_zalloc(w->n_jobs, sizeof(*w->jobs));
    w->order = mem_zalloc(w->n_jobs, sizeof(*w->order));
    for (size_t i = 0; i < w->n_jobs; i++) {
        struct image_job *j = &w->jobs[i];

        *j = (struct image_job){.work = w, .index = i, .blob_fd = -1, .unpacker = UNPACKER_NONE};
        j->blob = i < n_layers ? &d->parsed_manifest.layers.v[i] : &d->blobs.v[i - n_layers];
        if (i < n_layers)
            oci_image_config_diff_id(&d->parsed_config, i, &j->diff_id);
        w->order[i] = i;
    }
    sorted_jobs = w->jobs;
    qsort(w->order, w->n_jobs, sizeof(*w->order), compare_size);
    return 0;
}

static void work_release(struct image_work *w)
{
    for (size_t i = 0; i < w->n_jobs; i++)
        image_job_reset(&w->jobs[i]);
    free(w->jobs);
    free(w->order);
    fd_close(w->begun_fd);
}

/* Keeps collection away from everything that the image needs. */
static int take_lease(struct image_work *w, const struct image_documents *d, struct store_lease **ret, struct err *err)
{
    const struct image_document *documents[] = {&d->index, &d->manifest, &d->config};
    size_t n_documents = ARRAY_SIZE(documents) + d->others.n, n = 0, n_layers = 0;
    _cleanup_free_ struct digest *blobs = mem_zalloc(w->n_jobs + n_documents, sizeof(*blobs));
    _cleanup_free_ struct digest *layers = mem_zalloc(w->n_jobs, sizeof(*layers));

    for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
        if (documents[i]->digest.digest.algorithm != DIGEST_NONE)
            blobs[n++] = documents[i]->digest.digest;
    VEC_FOREACH (other, &d->others)
        blobs[n++] = other->digest.digest;
    for (size_t i = 0; i < w->n_jobs; i++) {
        blobs[n++] = w->jobs[i].blob->digest;
        if (image_job_unpacks(&w->jobs[i]))
            layers[n_layers++] = w->jobs[i].diff_id;
    }
    return store_lease_take(w->store, blobs, n, layers, n_layers, ret, err);
}

/* What was downloaded is kept for the next try, but not at the price of a full disk. */
static void make_space(struct image_work *w)
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
    _cleanup_(work_release) struct image_work w = {
        .store = s, .registry = registry, .name = name, .options = options, .transaction = t, .wake_fd = wake_fd};
    int r = work_set_up(&w, documents, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < w.n_jobs; i++)
        image_job_tell(&w.jobs[i], IMAGE_LAYER, 0);
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

#include "image/check.h"
#include "image/layers.h"
#include "image/signals.h"
#include "image/verify.h"
#include "layer/apply.h"
#include "store/blob.h"
#include "sys/fd.h"

struct repairing {
    struct store *store;
    struct image_check *check;
    store_digests damaged; /* layers */
    struct registry *registry;
    int wake_fd;
};

static void repairing_release(struct repairing *rp)
{
    free(rp->damaged.v);
    if (rp->registry)
        registry_free(rp->registry);
}

/* ---- throwing away ---- */

static int discard(struct repairing *rp, struct image_fault *f, struct err *err)
{
    /* Damaged blobs are worth nothing; a damaged layer stays until there is a new one, since containers may run on it.
     */
    int r = 0;

    if (f->kind == IMAGE_FAULT_BLOB && !f->absent)
        r = store_blob_discard(rp->store, &f->digest, err);
    else if (f->kind == IMAGE_FAULT_LAYER && !f->needed_by && !f->absent)
        r = store_layer_discard(rp->store, &f->digest, err);
    else if (f->kind == IMAGE_FAULT_LAYER && !f->absent)
        *VEC_PUSH(&rp->damaged) = f->digest;
    if (r == 0 && !f->needed_by && (f->kind == IMAGE_FAULT_BLOB || f->kind == IMAGE_FAULT_LAYER))
        f->remedy = str_dup("removed, since nothing needs it");
    return r;
}

static int discard_all(struct repairing *rp, struct err *err)
{
    _cleanup_fd_ int lock = -1;
    int r = store_lock(rp->store, LOCK_EXCLUSIVE, LOCK_WAIT, &lock, err);

    VEC_FOREACH (f, &rp->check->faults)
        r = r < 0 ? r : discard(rp, f, err);
    store_digests_sort(&rp->damaged);
    return r;
}

/* ---- bringing in ---- */

static bool is_broken(const struct repairing *rp, enum image_fault_kind kind, const store_digests *needs)
{
    VEC_FOREACH (f, &rp->check->faults) {
        if (f->kind != kind || f->remedy)
            continue;
        VEC_FOREACH (d, needs)
            if (digest_equal(&f->digest, d))
                return true;
    }
    return false;
}

static int mend(struct repairing *rp, const struct store_tag *t, struct err *err)
{
    _cleanup_(image_documents_release) struct image_documents documents = {0};
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *tr = store_transaction_new(rp->store);
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL;
    const struct image_mending mending = {&rp->damaged};
    const struct image_pull_options options = {.mending = &mending};
    const struct image_wanted wanted = {.stored = t};
    /* An image without a name can only be mended with what is here. */
    struct registry *registry = store_tag_nameless(t) ? NULL : rp->registry;
    int r = image_documents_fetch(rp->store, registry, &t->name, &wanted, &documents, err);

    if (r < 0)
        return r;
    return image_layers_bring(rp->store, registry, &t->name, &documents, &options, rp->wake_fd, tr, &lease, err);
}

/* Which of the faults are none any more. */
static void look_again(struct repairing *rp, bool deep)
{
    VEC_FOREACH (f, &rp->check->faults) {
        _cleanup_free_ char *what = NULL;

        if (f->remedy)
            continue;
        if (f->kind == IMAGE_FAULT_BLOB && store_blob_has(rp->store, &f->digest))
            f->remedy = str_dup("downloaded again");
        else if (f->kind == IMAGE_FAULT_LAYER && image_layer_verify(rp->store, &f->digest, deep, &what) == 1 && !what)
            f->remedy = str_dup("unpacked again");
    }
}

static void say_why(struct repairing *rp, const struct store_needs *needs, const struct err *why)
{
    VEC_FOREACH (f, &rp->check->faults) {
        const store_digests *set = f->kind == IMAGE_FAULT_BLOB ? &needs->blobs : &needs->layers;
        bool meant = false;

        VEC_FOREACH (d, set)
            meant = meant || digest_equal(d, &f->digest);
        if (!f->remedy && meant && (f->kind == IMAGE_FAULT_BLOB || f->kind == IMAGE_FAULT_LAYER))
            str_replace(&f->hint, str_dup(why->text));
    }
}

static int mend_if_broken(struct repairing *rp, const struct store_tag *t, bool deep, struct err *err)
{
    _cleanup_needs_ struct store_needs needs = {0};
    struct err why = ERR_INIT;
    int r = store_needs_add_tag(rp->store, t, &needs, NULL); /* follows as far as it can be followed */

    if (r == 0 && !is_broken(rp, IMAGE_FAULT_BLOB, &needs.blobs) && !is_broken(rp, IMAGE_FAULT_LAYER, &needs.layers))
        return 0;
    r = mend(rp, t, &why);
    look_again(rp, deep);
    if (r < 0)
        say_why(rp, &needs, &why);
    return image_signals_check(err);
}

static void broken_tag(const char *file _unused_, const struct err *why _unused_, void *data _unused_) {}

static int mend_all(struct repairing *rp, bool deep, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    int r = store_tag_list_readable(rp->store, broken_tag, NULL, &tags, err);

    /* First by the names that a registry is known to have. */
    for (int local = 0; local < 2; local++)
        for (size_t i = 0; r == 0 && i < tags.n && image_check_open_faults(rp->check) > 0; i++)
            if (tags.v[i].local == (local == 1))
                r = mend_if_broken(rp, &tags.v[i], deep, err);
    return r;
}

int image_repair(struct store *s, const struct config *config, const struct image_check_options *options,
                 struct image_check *c, struct err *err)
{
    struct repairing rp = {.store = s, .check = c};
    struct image_signals signals;
    int r;

    if (image_check_open_faults(c) == 0)
        return 0;
    r = image_signals_begin(&signals, err);
    if (r < 0)
        return r;
    rp.wake_fd = signals.wake[0];
    r = registry_new(config, &(struct registry_options){.interrupted = &image_interrupted}, &rp.registry, err);
    if (r == 0)
        r = layer_open_libraries(err);
    if (r == 0)
        r = discard_all(&rp, err);
    if (r == 0)
        r = mend_all(&rp, options->deep, err);
    repairing_release(&rp);
    image_signals_end(&signals);
    return r;
}

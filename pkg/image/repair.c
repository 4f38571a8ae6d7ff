#include "image/check.h"
#include "image/layers.h"
#include "image/session.h"
#include "image/tree_blob.h"
#include "image/verify.h"
#include "layer/apply.h"
#include "store/blob.h"
#include "store/build_cache.h"
#include "store/gc.h"
#include "store/layer.h"
#include "store/uses.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

struct repairing {
    struct store *store;
    struct image_check *check;
    bool deep;
    struct stat *seen;     /* one for each fault; zeros where nothing is to be thrown away */
    store_digests damaged; /* layers */
    struct registry *registry;
    int wake_fd;
};

static void repairing_release(struct repairing *rp)
{
    free(rp->damaged.v);
    free(rp->seen);
}

/* ---- throwing away ---- */

static bool is_content(const struct image_fault *f)
{
    return f->kind == IMAGE_FAULT_BLOB || f->kind == IMAGE_FAULT_LAYER;
}

/* What lies under the name of a blob or layer at this moment: all zeros where nothing does. */
static int look_at(struct store *s, const struct image_fault *f, struct stat *ret, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    int dir, r = store_dir(s, f->kind == IMAGE_FAULT_BLOB ? STORE_BLOBS : STORE_LAYERS, &dir, err);

    *ret = (struct stat){0};
    if (r == 0 && fstatat(dir, store_digest_path(&f->digest, path), ret, AT_SYMLINK_NOFOLLOW) < 0)
        *ret = (struct stat){0};
    return r;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Whether it is still as it was found: another command may have brought it anew. 1, 0, or a failure. */
static int still_damaged(struct repairing *rp, const struct image_fault *f, struct err *err)
{
    _cleanup_free_ char *what = NULL;
    int r = f->kind == IMAGE_FAULT_BLOB ? image_blob_verify(rp->store, &f->digest, &what, err)
                                        : image_layer_verify(rp->store, &f->digest, rp->deep, &what);

    return r < 0 ? r : r == 1 && what;
}

/* Looks again at what was found damaged, before the lock that is held for moments alone: `seen` has what was looked at.
 */
static int look_at_all(struct repairing *rp, struct err *err)
{
    int r = 0;

    rp->seen = mem_zalloc(rp->check->faults.n, sizeof(*rp->seen));
    for (size_t i = 0; r >= 0 && i < rp->check->faults.n; i++) {
        struct image_fault *f = &rp->check->faults.v[i];

        if (!is_content(f) || f->absent)
            continue;
        r = look_at(rp->store, f, &rp->seen[i], err);
        r = r < 0 ? r : still_damaged(rp, f, err);
        if (r == 0)
            rp->seen[i] = (struct stat){0};
        r = r < 0 ? r : image_signals_check(err);
    }
    return r;
}

/* What is needed by now, as far as it can be followed: a pull may have begun to use what nobody needed. */
static int find_needs(struct store *s, struct store_needs *needs, struct err *err)
{
    int r = store_needs_add_known(s, needs, err);

    if (r == 0)
        r = store_leases_add(s, needs, err);
    store_digests_sort(&needs->blobs);
    store_digests_sort(&needs->layers);
    return r;
}

static int discard(struct repairing *rp, struct image_fault *f, bool needed, struct err *err)
{
    /* Damaged blobs are worth nothing; a damaged layer stays until there is a new one, since containers may run on it.
     */
    int r = 0;

    if (f->kind == IMAGE_FAULT_BLOB)
        r = store_blob_discard(rp->store, &f->digest, err);
    else if (!needed)
        r = store_layer_discard(rp->store, &f->digest, err);
    else
        *VEC_PUSH(&rp->damaged) = f->digest;
    if (r == 0 && !needed)
        f->remedy = str_dup("removed, since nothing needs it");
    return r;
}

/* Throws away what is still what it was when it was found to be damaged. */
static int discard_seen(struct repairing *rp, const struct store_needs *needs, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < rp->check->faults.n; i++) {
        struct image_fault *f = &rp->check->faults.v[i];
        const store_digests *of_kind = f->kind == IMAGE_FAULT_BLOB ? &needs->blobs : &needs->layers;
        struct stat now;

        if (!is_content(f) || f->absent)
            continue;
        r = look_at(rp->store, f, &now, err);
        if (r == 0 && rp->seen[i].st_ino && is_same(&rp->seen[i], &now))
            r = discard(rp, f, f->needed_by || store_digests_have(of_kind, &f->digest), err);
        else if (r == 0 && !f->needed_by)
            f->remedy = str_dup("mended or removed by another command");
    }
    return r;
}

static int discard_all(struct repairing *rp, struct err *err)
{
    _cleanup_needs_ struct store_needs now = {0};
    _cleanup_fd_ int lock = -1;
    int r = look_at_all(rp, err);

    if (r == 0)
        r = store_lock(rp->store, LOCK_EXCLUSIVE, LOCK_WAIT, &lock, err);
    if (r == 0)
        r = find_needs(rp->store, &now, err);
    if (r == 0)
        r = discard_seen(rp, &now, err);
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
    const struct image_pull_options options = {.mending = &mending, .trees = true};
    const struct image_wanted wanted = {.stored = t};
    /* An image without a name can only be mended with what is here. */
    struct registry *registry = store_tag_nameless(t) ? NULL : rp->registry;
    int r = image_documents_fetch(rp->store, registry, &t->name, &wanted, &documents, err);

    if (r < 0)
        return r;
    return image_layers_bring(rp->store, registry, &t->name, &documents, &options, rp->wake_fd, tr, &lease, err);
}

/* Which of the faults are none any more. */
static void look_again(struct repairing *rp)
{
    VEC_FOREACH (f, &rp->check->faults) {
        _cleanup_free_ char *what = NULL;

        if (f->remedy)
            continue;
        if (f->kind == IMAGE_FAULT_BLOB && store_blob_has(rp->store, &f->digest))
            f->remedy = str_dup("downloaded again");
        else if (f->kind == IMAGE_FAULT_LAYER && image_layer_verify(rp->store, &f->digest, rp->deep, &what) == 1 &&
                 !what)
            f->remedy = str_dup("unpacked again");
    }
}

/* A layer that was built here is nowhere else: no registry was to be asked. */
static bool is_built(const struct store_needs *needs, const struct image_fault *f)
{
    if (f->kind == IMAGE_FAULT_LAYER)
        VEC_FOREACH (d, &needs->blobs)
            if (digest_equal(d, &f->digest))
                return true;
    return false;
}

static void say_why(struct repairing *rp, const struct store_needs *needs, const struct err *why)
{
    VEC_FOREACH (f, &rp->check->faults) {
        const store_digests *set = f->kind == IMAGE_FAULT_BLOB ? &needs->blobs : &needs->layers;
        bool meant = false;

        VEC_FOREACH (d, set)
            meant = meant || digest_equal(d, &f->digest);
        if (!f->remedy && meant && (f->kind == IMAGE_FAULT_BLOB || f->kind == IMAGE_FAULT_LAYER))
            str_replace(&f->hint, str_dup(is_built(needs, f) ? IMAGE_TREE_REMEDY : why->text));
    }
}

static int mend_if_broken(struct repairing *rp, const struct store_tag *t, struct err *err)
{
    _cleanup_needs_ struct store_needs needs = {0};
    struct err why = ERR_INIT;
    int r = store_needs_add_tag(rp->store, t, &needs, NULL); /* follows as far as it can be followed */

    if (r == 0 && !is_broken(rp, IMAGE_FAULT_BLOB, &needs.blobs) && !is_broken(rp, IMAGE_FAULT_LAYER, &needs.layers))
        return 0;
    r = mend(rp, t, &why);
    look_again(rp);
    if (r < 0)
        say_why(rp, &needs, &why);
    return image_signals_check(err);
}

static void broken_tag(const char *file _unused_, const struct err *why _unused_, void *data _unused_) {}

static int mend_all(struct repairing *rp, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    int r = store_tag_list_readable(rp->store, broken_tag, NULL, &tags, err);

    /* First by the names that a registry is known to have. */
    for (int local = 0; local < 2; local++)
        for (size_t i = 0; r == 0 && i < tags.n && image_check_open_faults(rp->check) > 0; i++)
            if (tags.v[i].local == (local == 1))
                r = mend_if_broken(rp, &tags.v[i], err);
    return r;
}

/* What is kept for builds is done again by the next one. */
static int mend_steps(struct repairing *rp, struct err *err)
{
    int r = 0;

    VEC_FOREACH (f, &rp->check->faults)
        if (r == 0 && f->kind == IMAGE_FAULT_BUILD && f->digest.algorithm != DIGEST_NONE)
            r = store_build_drop_layer(rp->store, &f->digest, err);
    if (r == 0)
        r = store_build_drop_broken(rp->store, err);
    VEC_FOREACH (f, &rp->check->faults)
        if (r == 0 && f->kind == IMAGE_FAULT_BUILD)
            f->remedy = str_dup("removed: the next build does the step again");
    return r;
}

int image_repair(struct store *s, const struct config *config, const struct image_check_options *options,
                 struct image_check *c, struct err *err)
{
    struct repairing rp = {.store = s, .check = c, .deep = options->deep};
    struct image_session session;
    int r;

    if (image_check_open_faults(c) == 0)
        return 0;
    r = image_session_begin(s, config, false, &session, err);
    if (r < 0)
        return r;
    rp.registry = session.registry;
    rp.wake_fd = session.signals.wake[0];
    r = layer_open_libraries(err);
    if (r == 0)
        r = discard_all(&rp, err);
    if (r == 0)
        r = mend_all(&rp, err);
    if (r == 0)
        r = mend_steps(&rp, err);
    repairing_release(&rp);
    image_session_end(&session);
    return r;
}

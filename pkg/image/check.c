#include "image/check.h"

#include "image/internal.h"
#include "image/signals.h"
#include "image/tree_blob.h"
#include "image/verify.h"
#include "layer/apply.h"
#include "oci/manifest.h"
#include "store/blob.h"
#include "store/build_cache.h"
#include "store/container.h"
#include "store/layer.h"
#include "store/network.h"
#include "store/volume.h"
#include "sys/fd.h"

void image_check_release(struct image_check *c)
{
    VEC_FOREACH (f, &c->faults) {
        free(f->subject);
        free(f->what);
        free(f->needed_by);
        free(f->remedy);
        free(f->hint);
    }
    free(c->faults.v);
    *c = (struct image_check){0};
}

size_t image_check_open_faults(const struct image_check *c)
{
    size_t n = 0;

    VEC_FOREACH (f, &c->faults)
        n += !f->remedy;
    return n;
}

/* A layer that was built here, of which there is no blob. */
struct tree {
    struct digest layer;
    char *needed_by;
};

struct checking {
    struct store *store;
    const struct image_check_options *options;
    struct image_check *result;
    struct store_needs needs;    /* of all images and containers */
    store_digests blobs, layers; /* in the store */
    VEC(struct tree) trees;      /* layers that their blobs would follow from */
    size_t done;
};

static void checking_release(struct checking *c)
{
    store_needs_release(&c->needs);
    free(c->blobs.v);
    free(c->layers.v);
    VEC_FOREACH (tree, &c->trees)
        free(tree->needed_by);
    free(c->trees.v);
}

static struct image_fault *add_fault(struct checking *c, enum image_fault_kind kind, const struct digest *d,
                                     char *subject, const char *what)
{
    struct image_fault *f = VEC_PUSH(&c->result->faults);

    *f = (struct image_fault){.kind = kind, .subject = subject, .what = str_dup(what)};
    if (d)
        f->digest = *d;
    return f;
}

static char *subject_of(enum image_fault_kind kind, const struct digest *d)
{
    char text[DIGEST_TEXT_MAX];

    return str_printf("%s %s", kind == IMAGE_FAULT_BLOB ? "blob" : "layer", digest_format(d, text));
}

/* ---- what should be there ---- */

static struct image_fault *find_fault(struct checking *c, enum image_fault_kind kind, const struct digest *d)
{
    VEC_FOREACH (f, &c->result->faults)
        if (f->kind == kind && digest_equal(&f->digest, d))
            return f;
    return NULL;
}

/* One thing that somebody needs: it is there and whole, or there is a fault that says for whom it matters. */
static bool check_need(struct checking *c, enum image_fault_kind kind, const struct digest *d,
                       const struct store_needs *needs, const char *who)
{
    struct image_fault *f = find_fault(c, kind, d);
    bool there =
        kind == IMAGE_FAULT_BLOB ? image_blob_needed_is_there(c->store, needs, d) : store_layer_has(c->store, d);

    if (!f && there)
        return true;
    if (!f) {
        f = add_fault(c, kind, d, subject_of(kind, d), "is missing");
        f->absent = true;
    }
    if (!f->needed_by)
        f->needed_by = str_dup(who);
    return false;
}

static void note_tree(struct checking *c, const struct digest *d, const char *who)
{
    if (store_blob_has(c->store, d) || !store_layer_has(c->store, d))
        return;
    VEC_FOREACH (known, &c->trees)
        if (digest_equal(&known->layer, d))
            return;
    *VEC_PUSH(&c->trees) = (struct tree){*d, str_dup(who)};
}

/* What one image needs. `r` is how far its documents could be followed, and `why` not. */
static void check_needs(struct checking *c, const struct store_needs *needs, const char *who, int r,
                        const struct err *why)
{
    bool whole = true;

    VEC_FOREACH (d, &needs->blobs) {
        *VEC_PUSH(&c->needs.blobs) = *d;
        whole = check_need(c, IMAGE_FAULT_BLOB, d, needs, who) && whole;
        note_tree(c, d, who);
    }
    VEC_FOREACH (d, &needs->layers) {
        *VEC_PUSH(&c->needs.layers) = *d;
        whole = check_need(c, IMAGE_FAULT_LAYER, d, needs, who) && whole;
    }
    if (r < 0 && whole)
        add_fault(c, IMAGE_FAULT_IMAGE, NULL, str_printf("image %s", who), why->text)->needed_by = str_dup(who);
}

static char *name_of(const struct store_tag *t)
{
    char text[DIGEST_TEXT_MAX];

    return store_tag_nameless(t) ? str_dup(digest_format(&t->id, text)) : oci_reference_familiar(&t->name);
}

static void check_tag(struct checking *c, const struct store_tag *t)
{
    _cleanup_needs_ struct store_needs needs = {0};
    _cleanup_free_ char *who = name_of(t);
    struct err why = ERR_INIT;
    int r = store_needs_add_tag(c->store, t, &needs, &why);

    check_needs(c, &needs, who, r, &why);
    c->result->images++;
}

static void broken_tag(const char *file, const struct err *why, void *data)
{
    struct checking *c = data;
    struct image_fault *f = add_fault(c, IMAGE_FAULT_RECORD, NULL, str_printf("tags/%s", file), why->text);

    f->hint = str_dup(why->hint);
}

static int check_tags(struct checking *c, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    int r = store_tag_list_readable(c->store, broken_tag, c, &tags, err);

    for (size_t i = 0; r == 0 && i < tags.n; i++)
        check_tag(c, &tags.v[i]);
    return r;
}

static void check_container(struct checking *c, const char *id)
{
    _cleanup_container_ struct store_container *dir = NULL;
    _cleanup_container_record_ struct store_container_record record = {0};
    _cleanup_needs_ struct store_needs needs = {0};
    _cleanup_free_ char *who = NULL;
    struct err why = ERR_INIT;
    int r = store_container_open(c->store, id, &dir, &why);

    if (r == 0)
        r = store_container_read(dir, &record, &why);
    if (r == ERR_NOT_FOUND) /* being made, or removed */
        return;
    c->result->containers++;
    if (r < 0) {
        add_fault(c, IMAGE_FAULT_RECORD, NULL, str_printf("containers/%s", id), why.text)->hint =
            str_printf("remove it: cbox rm -f %.12s", id);
        return;
    }
    who = str_printf("container %s", record.name ? record.name : id);
    STRV_FOREACH (layer, record.layers) { /* of one that has no image */
        struct digest d;

        if (digest_parse(*layer, &d, NULL) == 0)
            *VEC_PUSH(&needs.layers) = d;
    }
    if (record.manifest.algorithm != DIGEST_NONE)
        r = store_needs_add_image(c->store, &record.manifest, &needs, &why);
    check_needs(c, &needs, who, r, &why);
}

static int check_containers(struct checking *c, struct err *err)
{
    _cleanup_strv_ char **ids = NULL;
    int r = store_container_list(c->store, &ids, err);

    STRV_FOREACH (id, ids)
        check_container(c, *id);
    return r;
}

static int check_volumes(struct checking *c, struct err *err)
{
    _cleanup_strv_ char **names = NULL;
    int r = store_volume_list(c->store, &names, err);

    STRV_FOREACH (name, names) {
        _cleanup_volume_ struct store_volume v = {0};
        struct err why = ERR_INIT;

        if (store_volume_read(c->store, *name, &v, &why) < 0 && why.kind != ERR_NOT_FOUND)
            add_fault(c, IMAGE_FAULT_RECORD, NULL, str_printf("volumes/%s", *name), why.text)->hint =
                str_printf("its files are in volumes/%s/_data; remove it: cbox volume rm %s", *name, *name);
    }
    return r;
}

static int check_networks(struct checking *c, struct err *err)
{
    _cleanup_strv_ char **names = NULL;
    int r = store_network_list(c->store, &names, err);

    STRV_FOREACH (name, names) {
        _cleanup_network_ struct store_network n = {0};
        struct err why = ERR_INIT;

        if (store_network_find(c->store, *name, &n, &why) < 0 && why.kind != ERR_NOT_FOUND)
            add_fault(c, IMAGE_FAULT_RECORD, NULL, str_printf("networks/%s", *name), why.text)->hint =
                str_printf("remove it: cbox network rm %s", *name);
    }
    return r;
}

static void broken_step(const char *key, const char *what, void *data)
{
    add_fault(data, IMAGE_FAULT_BUILD, NULL, str_printf("build-cache/records/%s", key), what);
}

static int check_steps(struct checking *c, struct err *err)
{
    int r = store_build_check(c->store, broken_step, c, err);

    return r < 0 ? r : store_build_add_needs(c->store, &c->needs, err);
}

/* ---- what is there ---- */

static int add_digest(const struct digest *d, void *data, struct err *err _unused_)
{
    *VEC_PUSH((store_digests *)data) = *d;
    return 0;
}

static int list_content(struct checking *c, struct err *err)
{
    int r = store_each_digest(c->store, STORE_BLOBS, add_digest, &c->blobs, err);

    return r < 0 ? r : store_each_digest(c->store, STORE_LAYERS, add_digest, &c->layers, err);
}

/* Takes down one thing that was looked at; `what` is NULL where it is whole. */
static void looked_at(struct checking *c, enum image_fault_kind kind, const struct digest *d, const char *what)
{
    if (what)
        add_fault(c, kind, d, subject_of(kind, d), what);
    if (c->options->progress)
        c->options->progress(++c->done, c->blobs.n + c->layers.n, c->options->data);
}

/* What a build left that was killed, or runs. */
static int check_fresh(struct checking *c, struct err *err)
{
    store_digests fresh = {0};
    int r = store_build_each_layer(c->store, add_digest, &fresh, err);

    for (size_t i = 0; r >= 0 && i < fresh.n; i++) {
        _cleanup_free_ char *what = NULL;

        if (!store_layer_has(c->store, &fresh.v[i]) &&
            image_layer_verify(c->store, &fresh.v[i], c->options->deep, &what) == 1 && what)
            add_fault(c, IMAGE_FAULT_BUILD, &fresh.v[i], subject_of(IMAGE_FAULT_LAYER, &fresh.v[i]), what);
        r = image_signals_check(err);
    }
    free(fresh.v);
    return r;
}

static int check_content(struct checking *c, struct err *err)
{
    int r = list_content(c, err);

    for (size_t i = 0; r >= 0 && i < c->blobs.n; i++) {
        _cleanup_free_ char *what = NULL;

        r = image_blob_verify(c->store, &c->blobs.v[i], &what, err);
        if (r > 0)
            looked_at(c, IMAGE_FAULT_BLOB, &c->blobs.v[i], what);
        r = r < 0 ? r : image_signals_check(err);
    }
    for (size_t i = 0; r >= 0 && i < c->layers.n; i++) {
        _cleanup_free_ char *what = NULL;

        r = image_layer_verify(c->store, &c->layers.v[i], c->options->deep, &what);
        if (r > 0)
            looked_at(c, IMAGE_FAULT_LAYER, &c->layers.v[i], what);
        r = r < 0 ? r : image_signals_check(err);
    }
    return MIN_OF(r, 0);
}

/* The bytes that a push or a save would make of a tree. */
static int check_tree(struct checking *c, const struct tree *tree, struct err *err)
{
    const struct oci_descriptor blob = {.media_type = (char *)OCI_MEDIA_LAYER, .digest = tree->layer};
    _cleanup_fd_ int fd = -1;
    struct image_fault *f;
    struct err why = ERR_INIT;
    int r = 0;

    if (!find_fault(c, IMAGE_FAULT_LAYER, &tree->layer))
        r = image_blob_open(c->store, &blob, &image_interrupted, &fd, &why);
    if (r == ERR_CORRUPT && store_layer_has(c->store, &tree->layer)) {
        f = add_fault(c, IMAGE_FAULT_LAYER, &tree->layer, subject_of(IMAGE_FAULT_LAYER, &tree->layer),
                      "is damaged: its files are not what was built");
        f->needed_by = str_dup(tree->needed_by);
        f->hint = str_dup(why.hint);
    } else if (r < 0 && r != ERR_CORRUPT && r != ERR_NOT_FOUND) {
        *err = why;
        return r;
    }
    return image_signals_check(err);
}

static size_t count_orphans(store_digests *there, store_digests *needed)
{
    size_t n = 0;

    store_digests_sort(needed);
    VEC_FOREACH (d, there)
        n += !store_digests_have(needed, d);
    return n;
}

static int check_records(struct checking *c, struct err *err)
{
    _cleanup_fd_ int lock = -1; /* no collection while it is found out what is needed */
    int r = store_lock(c->store, LOCK_SHARED, LOCK_WAIT, &lock, err);

    if (r == 0)
        r = check_tags(c, err);
    if (r == 0)
        r = check_containers(c, err);
    if (r == 0)
        r = check_volumes(c, err);
    if (r == 0)
        r = check_networks(c, err);
    return r;
}

/* First what is there, then what should be: what is removed in between is not missed. */
static int check(struct checking *c, struct err *err)
{
    int r = check_content(c, err);

    if (r == 0)
        r = check_fresh(c, err);
    if (r == 0)
        r = check_steps(c, err);
    if (r == 0)
        r = check_records(c, err);
    for (size_t i = 0; r == 0 && c->options->deep && i < c->trees.n; i++)
        r = check_tree(c, &c->trees.v[i], err);
    c->result->blobs = c->blobs.n;
    c->result->layers = c->layers.n;
    c->result->orphans = count_orphans(&c->blobs, &c->needs.blobs) + count_orphans(&c->layers, &c->needs.layers);
    return r;
}

int image_check(struct store *s, const struct image_check_options *options, struct image_check *ret, struct err *err)
{
    _cleanup_(checking_release) struct checking c = {.store = s, .options = options, .result = ret};
    struct image_signals signals;
    int r;

    *ret = (struct image_check){0};
    r = options->deep ? layer_open_libraries(err) : 0;
    if (r == 0)
        r = image_signals_begin(&signals, err);
    if (r < 0)
        return r;
    r = check(&c, err);
    image_signals_end(&signals);
    return r;
}

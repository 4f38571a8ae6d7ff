#include "image/load.h"

#include "base/log.h"
#include "image/bring.h"
#include "image/contents.h"
#include "image/layers.h"
#include "image/name.h"
#include "image/signals.h"
#include "layer/apply.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

enum { STAGED_MAX = 128 /* each keeps a descriptor, of which there are usually 1024 */ };

struct loading {
    struct store *store;
    struct image_archive *archive;
    const struct image_load_options *options;
    struct store_transaction *transaction;
    int wake_fd;
    size_t staged;
};

/* ---- progress ---- */

/* Of what image_layers_bring() tells: the layers were told of already. */
static void pass_event(const struct image_event *e, void *data)
{
    const struct loading *l = data;

    if (e->kind != IMAGE_LAYER)
        l->options->event(e, l->options->data);
}

static void tell(const struct loading *l, enum image_event_kind kind, size_t layer, const struct image_archive_blob *b)
{
    const struct image_event e = {.kind = kind, .layer = layer, .digest = &b->digest, .total = b->size};

    if (l->options->event)
        l->options->event(&e, l->options->data);
}

/* ---- blobs ---- */

/* Keeps collection away from all that the image needs, also from what is visible before a name leads to it. */
static int take_lease(const struct loading *l, const struct image_archived *image, struct store_lease **ret,
                      struct err *err)
{
    const struct image_documents *d = &image->documents;
    const struct image_document *documents[] = {&d->index, &d->manifest, &d->config};
    VEC(struct digest) blobs = {0}, layers = {0};
    int r;

    for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
        if (documents[i]->digest.digest.algorithm != DIGEST_NONE)
            *VEC_PUSH(&blobs) = documents[i]->digest.digest;
    VEC_FOREACH (b, &image->layers)
        *VEC_PUSH(&blobs) = b->digest;
    VEC_FOREACH (b, &image->blobs)
        *VEC_PUSH(&blobs) = b->digest;
    for (size_t i = 0; i < oci_image_config_layers(&d->parsed_config); i++)
        oci_image_config_diff_id(&d->parsed_config, i, VEC_PUSH(&layers));
    r = store_lease_take(l->store, blobs.v, blobs.n, layers.v, layers.n, ret, err);
    free(blobs.v);
    free(layers.v);
    return r;
}

static int bring_blob(struct loading *l, const struct image_archive_blob *b, struct err *err)
{
    struct image_archive_file file;
    int r;

    if (store_blob_has(l->store, &b->digest))
        return 0;
    r = image_archive_find(l->archive, b->name, &file, err);
    if (r < 0)
        return r;
    r = file.size == b->size
            ? image_bring_file(l->store, file.fd, file.offset, &b->digest, b->size, l->transaction, err)
            : err_set(err, ERR_CORRUPT, "has %lld bytes and should have %lld", (long long)file.size,
                      (long long)b->size);
    fd_close(file.fd);
    if (r < 0)
        return r == ERR_INTERRUPTED ? r : err_wrap(err, "%.255s", b->name);
    failpoint("load-blob");
    if (++l->staged < STAGED_MAX)
        return 0;
    l->staged = 0;
    return store_transaction_finish(l->transaction, err);
}

static int bring_blobs(struct loading *l, const struct image_archived *image, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < image->layers.n; i++) {
        tell(l, IMAGE_DOWNLOADING, i, &image->layers.v[i]);
        r = bring_blob(l, &image->layers.v[i], err);
    }
    VEC_FOREACH (b, &image->blobs)
        r = r < 0 ? r : bring_blob(l, b, err);
    if (r == 0)
        r = store_transaction_finish(l->transaction, err);
    if (r == ERR_NO_SPACE)
        store_transaction_discard(l->transaction);
    return r;
}

/* ---- names ---- */

/* A name that leads to the same already is left alone: a pull that gave it knows more than the archive. */
static int give_name(const struct loading *l, const struct image_archived *image, const char *name, struct err *err)
{
    const struct image_documents *d = &image->documents;
    const struct image_meaning meaning = {
        .target = *image_documents_target(d),
        .manifest = d->manifest.digest.digest,
        .id = d->config.digest.digest,
        .config = &d->parsed_config,
        .local = true,
        .complete = image->complete,
    };
    _cleanup_(store_tag_release) struct store_tag old = {0};
    _cleanup_reference_ struct oci_reference ref = {0};
    _cleanup_free_ char *familiar = NULL;
    struct image_loaded loaded = {.id = meaning.id};
    bool known, same;
    int r = name ? oci_reference_parse(name, &ref, err) : 0;

    if (r < 0)
        return r;
    known = name && store_tag_get(l->store, &ref, &old, NULL) == 0;
    same = known && digest_equal(&old.manifest, &meaning.manifest) && (old.complete || !meaning.complete);
    if (!same)
        r = image_name_give(l->store, name ? &ref : NULL, &meaning, NULL, err);
    if (r < 0)
        return r;
    familiar = name ? oci_reference_familiar(&ref) : NULL;
    loaded.name = familiar;
    loaded.replaced = known && !digest_equal(&old.id, &meaning.id) ? &old.id : NULL;
    l->options->loaded(&loaded, l->options->data);
    return 0;
}

/* An image that has a name here already needs no record as one without. */
static int give_no_name(const struct loading *l, const struct image_archived *image, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    const struct image_documents *d = &image->documents;
    const struct image_loaded loaded = {.id = d->config.digest.digest};
    int r = store_tag_list(l->store, &tags, err);

    for (size_t i = 0; r == 0 && i < tags.n; i++) {
        if (!digest_equal(&tags.v[i].manifest, &d->manifest.digest.digest) || image->complete)
            continue;
        l->options->loaded(&loaded, l->options->data);
        return 0;
    }
    return r < 0 ? r : give_name(l, image, NULL, err);
}

static int give_names(const struct loading *l, const struct image_archived *image, struct err *err)
{
    int r = 0;

    if (!image->names)
        return give_no_name(l, image, err);
    STRV_FOREACH (name, image->names)
        r = r < 0 ? r : give_name(l, image, *name, err);
    return r;
}

/* ---- the load ---- */

static int load_image(struct loading *l, const struct image_archived *image, struct err *err)
{
    const struct image_pull_options how = {.event = l->options->event ? pass_event : NULL, .data = l};
    const struct image_event begins = {.kind = IMAGE_PULLING, .digest = image_documents_target(&image->documents)};
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL, *layers_lease = NULL;
    int r = take_lease(l, image, &lease, err);

    if (r < 0)
        return r;
    if (l->options->event)
        l->options->event(&begins, l->options->data);
    for (size_t i = 0; i < image->layers.n; i++)
        tell(l, IMAGE_LAYER, i, &image->layers.v[i]);
    r = bring_blobs(l, image, err);
    failpoint("load-blobs");
    if (r == 0)
        r = image_layers_bring(l->store, NULL, NULL, &image->documents, &how, l->wake_fd, l->transaction, &layers_lease,
                               err);
    failpoint("load-layers");
    return r < 0 ? r : give_names(l, image, err);
}

static int load(struct loading *l, const char *path, struct err *err)
{
    _cleanup_(image_archive_free_cleanup) struct image_archive *archive = NULL;
    _cleanup_(image_contents_release) struct image_contents contents = {0};
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(l->store);
    int r = layer_open_libraries(err);

    if (r == 0)
        r = image_archive_open(l->store, path, l->wake_fd, &archive, err);
    l->archive = archive;
    l->transaction = t;
    if (r == 0)
        r = image_contents_read(archive, l->options, &contents, err);
    failpoint("load-contents");
    for (size_t i = 0; r == 0 && i < contents.images.n; i++)
        r = load_image(l, &contents.images.v[i], err);
    return r;
}

int image_load(struct store *s, const char *path, const struct image_load_options *options, struct err *err)
{
    struct loading l = {.store = s, .options = options};
    struct image_signals signals;
    struct err why = ERR_INIT;
    int r;

    if (store_sweep_unfinished(s, &why) < 0) /* no reason to go without the image */
        log_debug("%s", why.text);
    store_empty_trash_aside(s);
    r = image_signals_begin(&signals, err);
    if (r < 0)
        return r;
    l.wake_fd = signals.wake[0];
    r = load(&l, path, err);
    image_signals_end(&signals);
    return r;
}

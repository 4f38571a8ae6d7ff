#include "image/load.h"

#include "image/announce.h"
#include "image/contents.h"
#include "image/fill.h"
#include "image/layers.h"
#include "image/name.h"
#include "image/session.h"
#include "layer/apply.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

struct loading {
    struct store *store;
    struct image_archive *archive;
    const struct image_load_options *options;
    const struct image_archived *image; /* that is being loaded */
    int wake_fd;
};

static void pass_event(const struct image_event *e, void *data)
{
    const struct loading *l = data;

    l->options->event(e, l->options->data);
}

/* The bytes of a blob, for who checks them. */
static int fill(const struct oci_descriptor *blob, struct store_ingest *in, void *data, struct err *err)
{
    const struct loading *l = data;
    _cleanup_free_ char *usual = image_archive_blob_name(&blob->digest);
    const char *name = usual;
    struct image_archive_file file;
    int r;

    VEC_FOREACH (layer, &l->image->layers)
        if (digest_equal(&layer->digest, &blob->digest))
            name = layer->name;
    r = image_archive_find(l->archive, name, &file, err);
    if (r < 0)
        return r;
    r = file.size == blob->size ? image_fill(file.fd, file.offset, in, err)
                                : err_set(err, ERR_CORRUPT, "%.255s has %lld bytes and should have %lld", name,
                                          (long long)file.size, (long long)blob->size);
    fd_close(file.fd);
    failpoint("load-blob");
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
        .complete = l->options->all_platforms && d->index.digest.digest.algorithm != DIGEST_NONE,
    };
    _cleanup_(store_tag_release) struct store_tag old = {0};
    _cleanup_reference_ struct oci_reference ref = {0};
    _cleanup_free_ char *familiar = NULL;
    struct image_loaded loaded = {.id = meaning.id, .manifest = meaning.manifest};
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
    const struct image_loaded loaded = {.id = d->config.digest.digest, .manifest = d->manifest.digest.digest};
    int r = store_tag_list(l->store, &tags, err);

    for (size_t i = 0; r == 0 && i < tags.n && !l->options->all_platforms; i++) {
        if (!digest_equal(&tags.v[i].manifest, &d->manifest.digest.digest))
            continue;
        l->options->loaded(&loaded, l->options->data);
        return 0;
    }
    return r < 0 ? r : give_name(l, image, NULL, err);
}

static int give_names(const struct loading *l, const struct image_archived *image, struct err *err)
{
    int r = 0;

    if (!image->names || l->options->nameless)
        return give_no_name(l, image, err);
    STRV_FOREACH (name, image->names)
        r = r < 0 ? r : give_name(l, image, *name, err);
    return r;
}

static void tell_unrecorded(const struct loading *l, const struct image_archived *image)
{
    const struct image_documents *d = &image->documents;
    const struct image_loaded loaded = {.id = d->config.digest.digest, .manifest = d->manifest.digest.digest};

    l->options->loaded(&loaded, l->options->data);
}

/* ---- the load ---- */

static int load_image(struct loading *l, const struct image_archived *image, struct err *err)
{
    const struct image_pull_options how = {.event = l->options->event ? pass_event : NULL, .fill = fill, .data = l};
    const struct image_event begins = {.kind = IMAGE_PULLING, .digest = image_documents_target(&image->documents)};
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(l->store);
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL;
    int r;

    l->image = image;
    if (l->options->event)
        l->options->event(&begins, l->options->data);
    r = image_layers_bring(l->store, NULL, NULL, &image->documents, &how, l->wake_fd, t, &lease, err);
    failpoint("load-layers");
    if (r == 0 && l->options->unrecorded) {
        tell_unrecorded(l, image);
        return 0;
    }
    if (r == 0)
        r = give_names(l, image, err);
    if (r == 0)
        image_announce(l->store, "load", &image->documents.config.digest.digest, NULL);
    return r;
}

static int load(struct loading *l, const char *path, struct err *err)
{
    _cleanup_(image_archive_free_cleanup) struct image_archive *archive = NULL;
    _cleanup_(image_contents_release) struct image_contents contents = {0};
    int r = layer_open_libraries(err);

    if (r == 0)
        r = image_archive_open(l->store, path, &archive, err);
    l->archive = archive;
    if (r == 0) {
        r = image_contents_read(archive, l->options, &contents, err);
        if (r < 0 && r != ERR_INTERRUPTED)
            err_wrap(err, "%s", path ? path : "standard input");
    }
    failpoint("load-contents");
    VEC_FOREACH (image, &contents.images)
        r = r < 0 ? r : load_image(l, image, err);
    return r;
}

int image_load(struct store *s, const char *path, const struct image_load_options *options, struct err *err)
{
    struct loading l = {.store = s, .options = options};
    struct image_session session;
    int r = image_session_begin(s, NULL, false, &session, err);

    if (r < 0)
        return r;
    l.wake_fd = session.signals.wake[0];
    r = load(&l, path, err);
    image_session_end(&session);
    return r;
}

#include "image/local.h"

#include "image/announce.h"
#include "image/name.h"
#include "image/tree_blob.h"
#include "sys/failpoint.h"

static struct image_meaning meaning_of(const struct image_documents *d)
{
    return (struct image_meaning){
        .target = *image_documents_target(d),
        .manifest = d->manifest.digest.digest,
        .id = d->config.digest.digest,
        .config = &d->parsed_config,
        .local = true,
        .complete = d->index.digest.digest.algorithm != DIGEST_NONE,
    };
}

int image_local_bring(struct store *s, const struct image_documents *d, const struct oci_reference *name,
                      const struct image_pull_options *how, int wake_fd, struct err *err)
{
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL;
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    const struct image_meaning meaning = meaning_of(d);
    int r = image_layers_bring(s, NULL, NULL, d, how, wake_fd, t, &lease, err);

    failpoint("local-layer");
    return r < 0 ? r : image_name_give(s, name, &meaning, NULL, err);
}

/* ---- without bringing anything ---- */

/* All that a record leads to is there. */
static bool is_whole(struct store *s, const struct store_tag *t, struct store_needs *needs)
{
    if (store_needs_add_tag(s, t, needs, NULL) < 0)
        return false;
    VEC_FOREACH (d, &needs->blobs)
        if (!image_blob_needed_is_there(s, needs, d))
            return false;
    return true;
}

/* The same image, of one platform or, by the same index, of several. */
static bool is_known(const struct store_tag *t, const struct image_documents *d)
{
    bool several = d->index.digest.digest.algorithm != DIGEST_NONE;

    return digest_equal(&t->id, &d->config.digest.digest) && t->complete == several &&
           (!several || digest_equal(&t->target, &d->index.digest.digest));
}

/* A record of it: one with a name rather than one without. */
static const struct store_tag *find_known(struct store *s, const struct store_tag_list *tags,
                                          const struct image_documents *d, struct store_needs *needs)
{
    const struct store_tag *found = NULL;

    for (size_t i = 0; i < tags->n; i++)
        if (is_known(&tags->v[i], d) && (!found || store_tag_nameless(found)))
            found = &tags->v[i];
    return found && is_whole(s, found, needs) ? found : NULL;
}

static int take_lease(struct store *s, const struct image_documents *d, struct store_needs *needs,
                      struct store_lease **ret, struct err *err)
{
    *VEC_PUSH(&needs->blobs) = d->manifest.digest.digest;
    *VEC_PUSH(&needs->blobs) = d->config.digest.digest;
    VEC_FOREACH (layer, &d->parsed_manifest.layers)
        *VEC_PUSH(&needs->blobs) = layer->digest;
    *VEC_PUSH(&needs->blobs) = *image_documents_target(d);
    VEC_FOREACH (other, &d->others)
        *VEC_PUSH(&needs->blobs) = other->digest.digest;
    VEC_FOREACH (blob, &d->blobs)
        *VEC_PUSH(&needs->blobs) = blob->digest;
    for (size_t i = 0; i < oci_image_config_layers(&d->parsed_config); i++)
        oci_image_config_diff_id(&d->parsed_config, i, VEC_PUSH(&needs->layers));
    return store_lease_take(s, needs->blobs.v, needs->blobs.n, needs->layers.v, needs->layers.n, ret, err);
}

static int give_names(struct store *s, const struct image_documents *d, const struct store_tag *known,
                      const struct oci_reference *names, size_t n_names, struct err *err)
{
    const struct image_meaning meaning = meaning_of(d);
    int r = 0;

    if (n_names == 0 && !known)
        r = image_name_give(s, NULL, &meaning, NULL, err);
    for (size_t i = 0; r == 0 && i < n_names; i++) {
        if (known) { /* tells of itself */
            r = image_name_copy(s, &names[i], known, err);
            continue;
        }
        r = image_name_give(s, &names[i], &meaning, NULL, err);
        if (r == 0)
            image_announce(s, "tag", &meaning.id, &names[i]);
    }
    return r;
}

int image_local_name(struct store *s, const struct image_documents *d, const struct oci_reference *names,
                     size_t n_names, const char *action, struct err *err)
{
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL;
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    _cleanup_needs_ struct store_needs needs = {0};
    const struct store_tag *known = NULL;
    int r = store_tag_list(s, &tags, err);

    if (r == 0) {
        known = find_known(s, &tags, d, &needs);
        r = take_lease(s, d, &needs, &lease, err);
    }
    if (r == 0 && !known)
        r = image_documents_put(d, t, err);
    if (r == 0)
        r = store_transaction_finish(t, err);
    failpoint("local-documents");
    if (r == 0)
        r = give_names(s, d, known, names, n_names, err);
    if (r == 0 && action)
        image_announce(s, action, &d->config.digest.digest, NULL);
    return r;
}

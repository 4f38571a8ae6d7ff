#include "image/announce.h"
#include "image/layers.h"
#include "image/name.h"
#include "image/session.h"
#include "sys/failpoint.h"

/* Gives the image its name. */
static int give_name(struct store *s, const struct oci_reference *name, const struct image_documents *d,
                     bool all_platforms, struct image_pulled *ret, struct err *err)
{
    const struct image_meaning meaning = {
        .target = *image_documents_target(d),
        .manifest = d->manifest.digest.digest,
        .id = d->config.digest.digest,
        .config = &d->parsed_config,
        .complete = all_platforms && d->index.digest.digest.algorithm != DIGEST_NONE,
    };

    ret->target = meaning.target;
    ret->id = meaning.id;
    return image_name_give(s, name, &meaning, &ret->newer, err);
}

static int pull(struct store *s, struct registry *registry, const struct oci_reference *name,
                const struct image_pull_options *options, int wake_fd, struct image_pulled *ret, struct err *err)
{
    _cleanup_(image_documents_release) struct image_documents documents = {0};
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL;
    const struct image_wanted wanted = {options->platform, options->all_platforms};
    int r = image_documents_fetch(s, registry, name, &wanted, &documents, err);

    if (r < 0)
        return r;
    if (options->event) {
        struct image_event e = {.kind = IMAGE_PULLING, .digest = image_documents_target(&documents)};

        options->event(&e, options->data);
    }
    r = image_layers_bring(s, registry, name, &documents, options, wake_fd, t, &lease, err);
    if (r < 0)
        return r;
    failpoint("pull-layers");
    return give_name(s, name, &documents, options->all_platforms, ret, err);
}

int image_pull(struct store *s, const struct config *config, const struct oci_reference *name,
               const struct image_pull_options *options, struct image_pulled *ret, struct err *err)
{
    _cleanup_reference_ struct oci_reference full = {0};
    struct image_session session;
    int r = image_session_begin(s, config, options->insecure, &session, err);

    if (r < 0)
        return r;
    oci_reference_copy(name, &full);
    oci_reference_default_tag(&full);
    r = pull(s, session.registry, &full, options, session.signals.wake[0], ret, err);
    image_session_end(&session);
    if (r == 0)
        image_announce_name(s, "pull", &full, &ret->id);
    return r;
}

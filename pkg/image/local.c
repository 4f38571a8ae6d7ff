#include "image/local.h"

#include "image/name.h"
#include "sys/failpoint.h"

int image_local_bring(struct store *s, const struct image_documents *d, const struct oci_reference *name,
                      const struct image_pull_options *how, int wake_fd, struct err *err)
{
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL;
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(s);
    const struct image_meaning meaning = {
        .target = d->manifest.digest.digest,
        .manifest = d->manifest.digest.digest,
        .id = d->config.digest.digest,
        .config = &d->parsed_config,
        .local = true,
    };
    int r = image_layers_bring(s, NULL, NULL, d, how, wake_fd, t, &lease, err);

    failpoint("local-layer");
    return r < 0 ? r : image_name_give(s, name, &meaning, NULL, err);
}

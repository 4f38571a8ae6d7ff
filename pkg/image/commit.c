#include "image/commit.h"

#include "base/time.h"
#include "image/fill.h"
#include "image/internal.h"
#include "image/local.h"
#include "image/session.h"
#include "image/spool.h"
#include "layer/apply.h"
#include "store/blob.h"
#include "sys/fd.h"

#include <sys/stat.h>

enum { EMPTY_TAR = 1024 };

struct committing {
    struct store *store;
    const struct image_commit_options *options;
    int wake_fd;
    bool empty;
    struct digest_computed layer;
    struct oci_manifest below;
    struct oci_image_config config;
};

static void committing_release(struct committing *c)
{
    json_free(&oci_manifest_type, &c->below);
    oci_image_config_release(&c->config);
}

/* ---- what there is ---- */

static int read_below(struct committing *c, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    int r = store_blob_read(c->store, &c->options->manifest, &text, err);

    if (r == 0)
        r = oci_manifest_parse(buf_str(&text), text.len, &c->below, err);
    if (r == 0)
        r = image_read_config(c->store, &c->options->id, &c->config, err);
    return r < 0 ? err_wrap(err, "the container's image") : 0;
}

static int measure_layer(struct committing *c, struct err *err)
{
    struct stat st;

    if (fstat(c->options->layer, &st) < 0)
        return err_errno(err, errno, "the layer");
    c->empty = st.st_size <= EMPTY_TAR;
    if (!c->empty && c->below.layers.n >= OCI_LAYERS_MAX)
        return err_set(err, ERR_LIMIT, "the image has %zu layers, and one more is too many", c->below.layers.n);
    return image_spool_digest_range(c->options->layer, 0, st.st_size, &c->layer, err);
}

/* ---- documents ---- */

static int make_config(struct committing *c, struct image_document *ret, struct err *err)
{
    const struct image_commit_options *o = c->options;
    struct buf text = BUF_INIT;
    struct oci_history *history = VEC_PUSH(&c->config.history);
    char time[TIME_TEXT_MAX], digest[DIGEST_TEXT_MAX];
    int r;

    str_replace(&c->config.build_cache, NULL);
    json_free(&oci_container_config_type, &c->config.config);
    r = json_duplicate(&oci_container_config_type, o->config, &c->config.config, err);
    if (r < 0)
        return r;
    str_replace(&c->config.created, str_dup(time_format(o->created, time)));
    str_replace(&c->config.author, str_dup(str_given(o->author)));
    if (!c->empty)
        strv_add(&c->config.rootfs.diff_ids, digest_format(&c->layer.digest, digest));
    *history = (struct oci_history){
        .created = str_dup(time),
        .created_by = str_dup(o->created_by),
        .author = str_dup(str_given(o->author)),
        .comment = str_dup(str_given(o->message)),
        .empty_layer = c->empty,
    };
    oci_image_config_dump(&c->config, &text);
    return image_document_take(&text, ret, err);
}

static int make_manifest(struct committing *c, struct image_documents *d, struct err *err)
{
    VEC(struct oci_descriptor) layers = {0};
    int r;

    /* OCI's types, as the manifest is of OCI's. */
    VEC_FOREACH (layer, &c->below.layers)
        *VEC_PUSH(&layers) = (struct oci_descriptor){
            .media_type = (char *)image_layer_oci_type(layer), .digest = layer->digest, .size = layer->size};
    if (!c->empty)
        *VEC_PUSH(&layers) = (struct oci_descriptor){
            .media_type = (char *)OCI_MEDIA_LAYER, .digest = c->layer.digest, .size = c->layer.size};
    r = image_documents_make(d, layers.v, layers.n, NULL, err);
    free(layers.v);
    return r;
}

static int make_documents(struct committing *c, struct image_documents *d, struct err *err)
{
    int r = make_config(c, &d->config, err);

    return r < 0 ? r : make_manifest(c, d, err);
}

/* ---- the commit ---- */

/* Of the layers below nothing is missing. */
static int fill(const struct oci_descriptor *blob, struct store_ingest *in, void *data, struct err *err)
{
    const struct committing *c = data;
    char text[DIGEST_TEXT_MAX];

    if (!digest_equal(&blob->digest, &c->layer.digest))
        return err_set(err, ERR_NOT_FOUND, "%s of the container's image is not here",
                       digest_format(&blob->digest, text));
    return image_fill(c->options->layer, 0, in, err);
}

static int commit(struct committing *c, struct digest *ret_id, struct err *err)
{
    _cleanup_(image_documents_release) struct image_documents documents = {0};
    const struct image_pull_options how = {.fill = fill, .data = c, .trees = true};
    int r = layer_open_libraries(err);

    if (r == 0)
        r = read_below(c, err);
    if (r == 0)
        r = measure_layer(c, err);
    if (r == 0)
        r = make_documents(c, &documents, err);
    if (r == 0)
        r = image_local_bring(c->store, &documents, c->options->name, &how, c->wake_fd, err);
    *ret_id = documents.config.digest.digest;
    return r;
}

int image_commit(struct store *s, const struct image_commit_options *options, struct digest *ret_id, struct err *err)
{
    _cleanup_(committing_release) struct committing c = {.store = s, .options = options};
    struct image_session session;
    int r = image_session_begin(s, NULL, false, &session, err);

    if (r < 0)
        return r;
    c.wake_fd = session.signals.wake[0];
    r = commit(&c, ret_id, err);
    image_session_end(&session);
    return r;
}

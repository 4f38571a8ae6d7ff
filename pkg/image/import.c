#include "image/import.h"

#include "base/time.h"
#include "image/announce.h"
#include "image/change.h"
#include "image/fill.h"
#include "image/import_source.h"
#include "image/local.h"
#include "image/session.h"
#include "image/spool.h"
#include "layer/apply.h"
#include "sys/fd.h"

struct importing {
    struct store *store;
    const struct image_import_options *options;
    int wake_fd;
    int fd; /* the tar */
    struct digest_computed blob;
    struct digest diff_id;
    const char *media_type;
};

/* What the tar is: how it is packed, and its digest without that. */
static int examine(struct importing *im, struct err *err)
{
    enum oci_compression packed;
    struct digest_computed unpacked = im->blob;
    int r = image_spool_identify(im->fd, 0, &packed, err);

    if (r == 0 && packed != OCI_COMPRESSION_NONE)
        r = image_spool_measure(im->store, im->fd, &unpacked, err);
    if (r < 0)
        return r;
    im->media_type = image_layer_media_type(packed);
    im->diff_id = unpacked.digest;
    return 0;
}

/* ---- documents ---- */

static int make_config(const struct importing *im, struct image_document *ret, struct err *err)
{
    const struct image_import_options *o = im->options;
    _cleanup_image_config_ struct oci_image_config config = {0};
    struct buf text = BUF_INIT;
    struct oci_history *history = VEC_PUSH(&config.history);
    char time[TIME_TEXT_MAX], digest[DIGEST_TEXT_MAX];
    int r = 0;

    config.created = str_dup(time_format(o->created, time));
    if (o->platform)
        r = oci_platform_parse(o->platform, &config.platform, err);
    else
        oci_platform_host(&config.platform);
    if (r == 0)
        r = image_change(&config.config, o->changes, err);
    if (r < 0)
        return r;
    config.rootfs.type = str_dup("layers");
    strv_add(&config.rootfs.diff_ids, digest_format(&im->diff_id, digest));
    history->created = str_dup(config.created);
    history->comment = str_empty(o->message) ? image_import_describe(o->source) : str_dup(o->message);
    oci_image_config_dump(&config, &text);
    return image_document_take(&text, ret, err);
}

static int make_documents(const struct importing *im, struct image_documents *ret, struct err *err)
{
    const struct oci_descriptor layer = {
        .media_type = (char *)im->media_type, .digest = im->blob.digest, .size = im->blob.size};
    int r = make_config(im, &ret->config, err);

    return r < 0 ? r : image_documents_make(ret, &layer, 1, NULL, err);
}

/* ---- the import ---- */

/* The only blob that there is. */
static int fill(const struct oci_descriptor *blob, struct store_ingest *in, void *data, struct err *err)
{
    const struct importing *im = data;

    (void)blob;
    return image_fill(im->fd, 0, in, err);
}

static int import(struct importing *im, struct digest *ret_id, struct err *err)
{
    _cleanup_(image_documents_release) struct image_documents documents = {0};
    const struct image_pull_options how = {.fill = fill, .data = im};
    int r = layer_open_libraries(err);

    if (r == 0)
        r = image_import_open(im->store, im->options->source, &im->fd, &im->blob, err);
    if (r < 0)
        return r;
    r = examine(im, err);
    if (r < 0 && r != ERR_INTERRUPTED)
        err_wrap(err, "%s", im->options->source ? im->options->source : "standard input");
    if (r == 0)
        r = make_documents(im, &documents, err);
    if (r == 0)
        r = image_local_bring(im->store, &documents, im->options->name, &how, im->wake_fd, err);
    im->fd = fd_close(im->fd);
    *ret_id = documents.config.digest.digest;
    return r;
}

int image_import(struct store *s, const struct image_import_options *options, struct digest *ret_id, struct err *err)
{
    _cleanup_image_config_ struct oci_image_config probe = {0};
    struct importing im = {.store = s, .options = options, .fd = -1};
    struct image_session session;
    int r = image_change(&probe.config, options->changes, err); /* before what may take long */

    if (r < 0)
        return r;
    r = image_session_begin(s, NULL, false, &session, err);
    if (r < 0)
        return r;
    im.wake_fd = session.signals.wake[0];
    r = import(&im, ret_id, err);
    image_session_end(&session);
    if (r == 0 && options->name)
        image_announce(s, "tag", ret_id, options->name);
    if (r == 0)
        image_announce(s, "import", ret_id, NULL);
    return r;
}

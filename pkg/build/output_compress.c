/* compression=gzip|zstd of an archive: layers that are tars as they are get compressed, others stay. */
#include "build/output_image.h"

#include "image/signals.h"
#include "image/tree_blob.h"
#include "layer/compress.h"
#include "store/spool.h"
#include "sys/fd.h"

#include <unistd.h>

void output_spools_release(output_spools *s)
{
    VEC_FOREACH (spool, s)
        fd_close(spool->fd);
    free(s->v);
}

static int compress_layer(struct store *s, const struct oci_descriptor *layer, enum oci_compression to,
                          struct oci_descriptor *ret, output_spools *spools, struct err *err)
{
    const struct layer_compress_options options = {.to = to, .interrupted = &image_interrupted};
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = NULL;
    _cleanup_fd_ int in = -1, out = -1;
    struct layer_compressed done;
    int r = image_blob_open(s, layer, &image_interrupted, &in, err);

    if (r == 0)
        r = store_spool_open(s, &out, err);
    if (r < 0)
        return r;
    source = layer_source_file(in);
    r = layer_compress(source, out, &options, &done, err);
    if (r == 0)
        r = digest_verify(&layer->digest, -1, &done.diff_id, err);
    if (r < 0)
        return r;
    *ret = (struct oci_descriptor){
        .media_type = (char *)image_layer_media_type(to), .digest = done.blob.digest, .size = done.blob.size};
    *VEC_PUSH(spools) = (struct image_made_blob){.digest = done.blob.digest, .fd = steal_fd(&out)};
    return 0;
}

/* The manifest anew, with these layers. */
static int replace_manifest(struct image_documents *d, const output_descriptors *layers, struct err *err)
{
    struct image_documents now = {.config = d->config};
    int r;

    d->config = (struct image_document){.bytes = BUF_INIT};
    r = image_documents_make(&now, layers->v, layers->n, d->parsed_manifest.annotations, err);
    image_documents_release(d);
    *d = now;
    return r;
}

int output_compress(struct store *s, const char *compression, struct image_documents *d, output_spools *spools,
                    struct err *err)
{
    enum oci_compression to = str_eq(compression, "zstd") ? OCI_COMPRESSION_ZSTD : OCI_COMPRESSION_GZIP;
    struct oci_manifest before = d->parsed_manifest; /* whose texts the layers borrow */
    output_descriptors layers = {0};
    int r = layer_compress_open(to, err);

    VEC_FOREACH (layer, &before.layers) {
        struct oci_descriptor *now = VEC_PUSH(&layers);
        struct oci_layer_kind kind;

        *now = (struct oci_descriptor){.media_type = layer->media_type, .digest = layer->digest, .size = layer->size};
        if (r == 0)
            r = oci_layer_classify(layer->media_type, &kind, err);
        if (r == 0 && kind.compression == OCI_COMPRESSION_NONE && !kind.foreign)
            r = compress_layer(s, layer, to, now, spools, err);
    }
    if (r == 0)
        r = replace_manifest(d, &layers, err);
    free(layers.v);
    return r;
}

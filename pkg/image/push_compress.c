#include "image/push_internal.h"

#include "image/tree_blob.h"
#include "layer/source.h"
#include "store/blob.h"
#include "store/spool.h"
#include "sys/fd.h"

#include <sys/eventfd.h>

static void note_progress(int64_t consumed, void *data)
{
    struct push_compression *c = data;

    __atomic_store_n(&c->consumed, consumed, __ATOMIC_RELAXED);
}

int64_t push_compression_consumed(const struct push_compression *c)
{
    return __atomic_load_n(&c->consumed, __ATOMIC_RELAXED);
}

/* What was built here is a tree until now. Its digest is looked at when it is compressed. */
static int pack_tree(struct push_compression *c, struct err *err)
{
    struct push_blob *b = c->blob;
    int r = store_spool_open(b->push->store, &c->source_fd, err);

    c->tree = true;
    return r < 0 ? r : image_tree_pack(b->push->store, &b->diff_id, c->source_fd, &c->stop, err);
}

static int compress(struct push_compression *c, struct err *err)
{
    struct layer_compress_options options = {
        .to = c->blob->to, .progress = note_progress, .data = c, .interrupted = &c->stop};
    int r = c->source_fd < 0 ? pack_tree(c, err) : 0;

    if (r < 0)
        return r;
    c->source = layer_source_file(c->source_fd);
    return layer_compress(c->source, c->spool, &options, &c->result, err);
}

static void *compress_thread(void *data)
{
    struct push_compression *c = data;
    static const uint64_t one = 1;

    c->status = compress(c, &c->err);
    (void)!write(c->done_fd, &one, sizeof(one));
    return NULL;
}

/* A layer that is to be compressed has to be here: what it will become is not known to any registry yet. Of one that is
 * here as a tree there is no descriptor. */
static int open_blob(struct push_blob *b, int *ret_fd, struct err *err)
{
    char text[DIGEST_TEXT_MAX];
    int r;

    if (!store_blob_has(b->push->store, &b->as.digest) && image_blob_can_be_had(b->push->store, &b->as))
        return 0;
    r = store_blob_open(b->push->store, &b->as.digest, ret_fd, NULL, err);

    if (r != ERR_NOT_FOUND && r < 0)
        return r;
    if (r < 0) {
        err_wrap(err, "layer %.19s…", digest_format(&b->as.digest, text));
        return err_hint(err, "pull it again");
    }
    return 0;
}

int push_compression_begin(struct push_compression *c, struct push_blob *blob, struct err *err)
{
    int r;

    *c = (struct push_compression){.source_fd = -1, .spool = -1, .done_fd = -1, .blob = blob};
    r = layer_compress_open(blob->to, err);
    if (r == 0)
        r = open_blob(blob, &c->source_fd, err);
    if (r == 0)
        r = store_spool_open(blob->push->store, &c->spool, err);
    if (r == 0) {
        c->done_fd = eventfd(0, EFD_CLOEXEC);
        if (c->done_fd < 0)
            r = err_errno(err, errno, "eventfd");
    }
    if (r == 0) {
        if (pthread_create(&c->thread, NULL, compress_thread, c) != 0)
            r = err_set(err, ERR_IO, "no thread can be started");
    }
    if (r < 0) {
        c->blob = NULL;
        push_compression_stop(c);
    }
    return r;
}

/* By the name that the manifest's family has for it. */
static const char *media_type(const struct oci_descriptor *as, enum oci_compression to)
{
    bool docker = str_after(as->media_type, "application/vnd.docker.") != NULL;

    if (to == OCI_COMPRESSION_GZIP)
        return docker ? OCI_MEDIA_DOCKER_LAYER : OCI_MEDIA_LAYER_GZIP;
    return docker ? "application/vnd.docker.image.rootfs.diff.tar.zstd" : OCI_MEDIA_LAYER_ZSTD;
}

int push_compression_take(struct push_compression *c, struct err *err)
{
    struct push_blob *b = c->blob;
    char text[DIGEST_TEXT_MAX];
    int r;

    pthread_join(c->thread, NULL);
    c->blob = NULL;
    r = c->status;
    if (r < 0)
        *err = c->err;
    else if (c->tree)
        r = image_tree_check(&b->diff_id, &c->result.diff_id, err);
    else
        r = digest_verify(&b->diff_id, -1, &c->result.diff_id, err);
    if (r < 0) {
        err_wrap(err, "compressing layer %.19s…", digest_format(&b->as.digest, text));
    } else {
        oci_descriptor_release(&b->sent);
        b->sent = (struct oci_descriptor){
            .media_type = str_dup(media_type(&b->as, b->to)),
            .digest = c->result.blob.digest,
            .size = c->result.blob.size,
        };
        b->fd = steal_fd(&c->spool);
    }
    push_compression_stop(c);
    return r;
}

void push_compression_stop(struct push_compression *c)
{
    if (c->blob) {
        c->stop = 1;
        pthread_join(c->thread, NULL);
        c->blob = NULL;
    }
    layer_source_free(c->source);
    c->source = NULL;
    c->source_fd = fd_close(c->source_fd);
    c->spool = fd_close(c->spool);
    c->done_fd = fd_close(c->done_fd);
}

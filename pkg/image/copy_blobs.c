#include "image/copy_internal.h"

#include "store/spool.h"
#include "sys/fd.h"

static void tell(const struct copy_blob *b, enum image_push_event_kind kind, int64_t now)
{
    const struct image_copy_options *o = b->copy->options;
    struct image_push_event e = {.kind = kind,
                                 .layer = b->line,
                                 .digest = &b->d.digest,
                                 .from = b->copy->from->path,
                                 .now = now,
                                 .total = b->d.size};

    if (o->event)
        o->event(&e, o->data);
}

/* One failure is enough. */
static void failed(struct copy_blob *b, const struct err *err)
{
    char text[DIGEST_TEXT_MAX];

    if (b->copy->err.kind)
        return;
    b->copy->err = *err;
    err_wrap(&b->copy->err, "blob %.19s…", digest_format(&b->d.digest, text));
}

static void forget_bytes(struct copy_blob *b)
{
    b->spool = fd_close(b->spool);
    digest_stream_free(b->digest_stream);
    b->digest_stream = NULL;
}

/* ---- from the source ---- */

static int on_data(void *ctx, const void *bytes, size_t len, struct err *err)
{
    struct copy_blob *b = ctx;
    int r = fd_write_all(b->spool, bytes, len);

    if (r < 0)
        return err_errno(err, -r, "writing below %s/tmp", store_root_path(b->copy->store));
    digest_stream_update(b->digest_stream, bytes, len);
    b->offset += (int64_t)len;
    tell(b, IMAGE_PUSH_FETCHING, b->offset);
    return 0;
}

static int begin_at_start(struct copy_blob *b, struct err *err)
{
    b->offset = 0;
    digest_stream_free(b->digest_stream);
    b->digest_stream = NULL;
    if (lseek(b->spool, 0, SEEK_SET) < 0 || ftruncate(b->spool, 0) < 0)
        return err_errno(err, errno, "writing below %s/tmp", store_root_path(b->copy->store));
    return digest_stream_new(b->d.digest.algorithm, &b->digest_stream, err);
}

static int on_restart(void *ctx, struct err *err)
{
    return begin_at_start(ctx, err);
}

static int on_check(void *ctx, struct err *err)
{
    struct copy_blob *b = ctx;
    struct digest_computed computed;

    digest_stream_final(b->digest_stream, &computed);
    return digest_verify(&b->d.digest, b->d.size, &computed, err);
}

static void on_fetched(void *ctx, int status, const struct err *err)
{
    struct copy_blob *b = ctx;

    b->download = NULL;
    if (status < 0) {
        failed(b, err);
        return;
    }
    tell(b, IMAGE_PUSH_SENDING, 0);
    registry_upload_send(b->upload, b->spool);
}

static const struct registry_download_ops download_ops = {on_data, on_restart, on_fetched, on_check};

/* ---- to the destination ---- */

static int on_wanted(void *ctx, struct err *err)
{
    struct copy_blob *b = ctx;
    int r = store_spool_open(b->copy->store, &b->spool, err);

    if (r == 0)
        r = begin_at_start(b, err);
    if (r < 0)
        return r;
    b->download = registry_download(b->copy->registry, b->copy->from, &b->d, 0, &download_ops, b);
    return 0;
}

static void on_sent(void *ctx, int64_t now)
{
    tell(ctx, IMAGE_PUSH_SENDING, now);
}

static void on_done(void *ctx, int status, enum registry_uploaded how, const struct err *err)
{
    static const enum image_push_event_kind kinds[] = {
        [REGISTRY_EXISTED] = IMAGE_PUSH_EXISTS,
        [REGISTRY_MOUNTED] = IMAGE_PUSH_MOUNTED,
        [REGISTRY_SENT] = IMAGE_PUSH_SENT,
    };
    struct copy_blob *b = ctx;

    b->upload = NULL;
    forget_bytes(b);
    if (status < 0)
        failed(b, err);
    else
        tell(b, kinds[how], b->d.size);
}

static const struct registry_upload_ops upload_ops = {on_wanted, on_sent, on_done};

/* ---- all of them ---- */

static void give_up(struct copy_blob *b)
{
    if (b->download)
        registry_download_cancel(b->download);
    if (b->upload)
        registry_upload_cancel(b->upload);
    b->download = NULL;
    b->upload = NULL;
    forget_bytes(b);
}

void copy_blobs_release(struct copy *c)
{
    VEC_FOREACH (b, &c->blobs) {
        oci_descriptor_release(&(*b)->d);
        free(*b);
    }
    free(c->blobs.v);
}

int copy_blobs(struct copy *c, struct err *err)
{
    const char *mount = str_eq(c->from->domain, c->to->domain) ? c->from->path : NULL;
    int r = 0;

    VEC_FOREACH (b, &c->blobs)
        tell(*b, IMAGE_PUSH_LAYER, 0);
    VEC_FOREACH (b, &c->blobs) {
        if ((*b)->foreign)
            tell(*b, IMAGE_PUSH_SKIPPED, 0);
        else
            (*b)->upload = registry_upload(c->registry, c->to, &(*b)->d, mount, &upload_ops, *b);
    }
    while (r >= 0 && registry_uploads(c->registry) > 0) {
        struct pollfd wake = {.fd = c->wake_fd, .events = POLLIN};

        r = registry_wait(c->registry, &wake, 1, -1, err);
        if (r > 0)
            r = err_set(err, ERR_INTERRUPTED, "interrupted");
        if (r == 0 && c->err.kind) {
            *err = c->err;
            r = err->kind;
        }
    }
    VEC_FOREACH (b, &c->blobs)
        give_up(*b);
    return MIN_OF(r, 0);
}

#include "image/push.h"

#include "image/announce.h"
#include "image/push_internal.h"
#include "image/session.h"
#include "store/blob.h"
#include "store/gc.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

enum { PROGRESS_MS = 100 };

static void tell(const struct push_blob *b, enum image_push_event_kind kind, int64_t now, int64_t total)
{
    const struct image_push_options *o = b->push->options;
    struct image_push_event e = {
        .kind = kind, .layer = b->line, .digest = &b->as.digest, .from = b->mount_from, .now = now, .total = total};

    if (o->event && b->layer)
        o->event(&e, o->data);
}

/* ---- one blob ---- */

/* The registry lacks it: so it has to be here. */
static int on_wanted(void *ctx, struct err *err)
{
    struct push_blob *b = ctx;
    char text[DIGEST_TEXT_MAX];
    int64_t size = b->sent.size;
    int r = 0;

    if (b->fd < 0)
        r = store_blob_open(b->push->store, &b->sent.digest, &b->fd, &size, err);
    if (r == 0 && size != b->sent.size)
        r = err_set(err, ERR_CORRUPT, "it has %lld bytes instead of %lld", (long long)size, (long long)b->sent.size);
    if (r < 0) {
        err_wrap(err, "layer %.19s…", digest_format(&b->sent.digest, text));
        return err_hint(err, "pull it again");
    }
    tell(b, IMAGE_PUSH_SENDING, 0, b->sent.size);
    registry_upload_send(b->upload, b->fd);
    return 0;
}

static void on_sent(void *ctx, int64_t now)
{
    struct push_blob *b = ctx;

    tell(b, IMAGE_PUSH_SENDING, now, b->sent.size);
}

static void on_done(void *ctx, int status, enum registry_uploaded how, const struct err *err)
{
    static const enum image_push_event_kind kinds[] = {
        [REGISTRY_EXISTED] = IMAGE_PUSH_EXISTS,
        [REGISTRY_MOUNTED] = IMAGE_PUSH_MOUNTED,
        [REGISTRY_SENT] = IMAGE_PUSH_SENT,
    };
    struct push_blob *b = ctx;

    b->upload = NULL;
    b->done = true;
    if (status == 0)
        tell(b, kinds[how], b->sent.size, b->sent.size);
    else if (!b->push->err.kind) /* one failure is enough */
        b->push->err = *err;
}

static const struct registry_upload_ops upload_ops = {on_wanted, on_sent, on_done};

static void upload(struct push *p, struct registry *registry, struct push_blob *b)
{
    b->upload = registry_upload(registry, p->name, &b->sent, b->mount_from, &upload_ops, b);
}

/* ---- all of them ---- */

static struct push_blob *next_to_compress(struct push *p)
{
    VEC_FOREACH (b, &p->blobs)
        if (b->to != OCI_COMPRESSION_NONE && !b->upload && !b->done)
            return b;
    return NULL;
}

/* Takes what was compressed, and has the next layer compressed. */
static int compress_on(struct push *p, struct registry *registry, struct push_compression *c, bool ended,
                       struct err *err)
{
    struct push_blob *b = c->blob;
    int r = 0;

    if (b && ended) {
        r = push_compression_take(c, err);
        if (r == 0)
            upload(p, registry, b);
    } else if (b) {
        tell(b, IMAGE_PUSH_COMPRESSING, push_compression_consumed(c), b->as.size);
    }
    if (r < 0 || c->blob)
        return r;
    b = next_to_compress(p);
    if (!b)
        return 0;
    tell(b, IMAGE_PUSH_COMPRESSING, 0, b->as.size);
    return push_compression_begin(c, b, err);
}

static int step(struct push *p, struct registry *registry, struct push_compression *c, int wake_fd, struct err *err)
{
    struct pollfd fds[] = {{.fd = wake_fd, .events = POLLIN}, {.fd = c->blob ? c->done_fd : -1, .events = POLLIN}};
    int r = registry_wait(registry, fds, ARRAY_SIZE(fds), c->blob ? PROGRESS_MS : -1, err);

    if (r < 0)
        return r;
    if (fds[0].revents)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    if (p->err.kind) {
        *err = p->err;
        return err->kind;
    }
    return compress_on(p, registry, c, fds[1].revents, err);
}

static int push_blobs(struct push *p, struct registry *registry, int wake_fd, struct err *err)
{
    struct push_compression c = {.source_fd = -1, .spool = -1, .done_fd = -1};
    int r;

    VEC_FOREACH (b, &p->blobs) {
        b->done = b->foreign;
        if (b->foreign)
            tell(b, IMAGE_PUSH_SKIPPED, 0, 0);
        else if (b->to == OCI_COMPRESSION_NONE)
            upload(p, registry, b);
    }
    r = compress_on(p, registry, &c, false, err);
    while (r == 0 && (c.blob || registry_uploads(registry) > 0))
        r = step(p, registry, &c, wake_fd, err);
    push_compression_stop(&c);
    VEC_FOREACH (b, &p->blobs)
        if (b->upload)
            registry_upload_cancel(b->upload);
    return r;
}

/* Children before those that name them; the name comes last. */
static int push_documents(struct push *p, struct registry *registry, struct image_pushed *ret, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->documents.n; i++) {
        struct push_document *d = &p->documents.v[i];
        struct oci_reference name = *p->name; /* borrowed */
        struct digest_computed computed;
        bool last = i + 1 == p->documents.n;

        name.digest = d->now.digest;
        r = registry_push_manifest(registry, &name, !last, buf_str(&d->bytes), d->bytes.len, push_media_type(d),
                                   &computed, err);
        *ret = (struct image_pushed){.target = d->now.digest, .size = d->now.size};
    }
    return r;
}

/* Keeps collection away from what is sent, though the name may go to another image meanwhile. */
static int take_lease(struct push *p, struct store_lease **ret, struct err *err)
{
    _cleanup_free_ struct digest *blobs = mem_zalloc(p->documents.n + p->blobs.n, sizeof(*blobs));
    _cleanup_free_ struct digest *layers = mem_zalloc(p->blobs.n, sizeof(*layers)); /* that may be here as trees */
    size_t n = 0, n_layers = 0;

    VEC_FOREACH (d, &p->documents)
        blobs[n++] = d->as.digest;
    VEC_FOREACH (b, &p->blobs) {
        blobs[n++] = b->as.digest;
        if (b->to != OCI_COMPRESSION_NONE)
            layers[n_layers++] = b->diff_id;
    }
    return store_lease_take(p->store, blobs, n, layers, n_layers, ret, err);
}

static int push(struct push *p, struct registry *registry, int wake_fd, struct image_pushed *ret, struct err *err)
{
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL;
    int r = push_plan(p, err);

    if (r == 0)
        r = take_lease(p, &lease, err);
    if (r < 0)
        return r;
    VEC_FOREACH (b, &p->blobs)
        tell(b, IMAGE_PUSH_LAYER, 0, b->as.size);
    r = push_blobs(p, registry, wake_fd, err);
    failpoint("push-blobs");
    if (r == 0)
        r = push_rewrite(p, err);
    if (r == 0)
        r = push_documents(p, registry, ret, err);
    failpoint("push-documents");
    return r < 0 ? r : push_keep(p, err);
}

int image_push(struct store *s, const struct config *config, const struct oci_reference *name,
               const struct image_push_options *options, struct image_pushed *ret, struct err *err)
{
    _cleanup_(push_release) struct push p = {.store = s, .name = name, .options = options};
    struct image_session session;
    int r = image_session_begin(s, config, options->insecure, &session, err);

    if (r < 0)
        return r;
    r = push(&p, session.registry, session.signals.wake[0], ret, err);
    image_session_end(&session);
    if (r == 0)
        image_announce_name(s, "push", name, &p.tag.id);
    return r;
}

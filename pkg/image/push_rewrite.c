#include "image/push_internal.h"

#include "store/blob.h"
#include "store/gc.h"
#include "store/needs.h"
#include "store/transaction.h"
#include "sys/fd.h"

/* What a descriptor of the store's became. */
static const struct push_blob *find_blob(const struct push *p, const struct digest *d)
{
    VEC_FOREACH (b, &p->blobs)
        if (digest_equal(&b->as.digest, d))
            return b;
    return NULL;
}

static const struct push_document *find_document(const struct push *p, const struct digest *d)
{
    VEC_FOREACH (doc, &p->documents)
        if (digest_equal(&doc->as.digest, d))
            return doc;
    return NULL;
}

/* Docker's types and what OCI calls the same. */
static const struct {
    const char *docker, *oci;
} families[] = {
    {OCI_MEDIA_DOCKER_MANIFEST, OCI_MEDIA_MANIFEST},
    {OCI_MEDIA_DOCKER_INDEX, OCI_MEDIA_INDEX},
    {OCI_MEDIA_DOCKER_CONFIG, OCI_MEDIA_CONFIG},
    {OCI_MEDIA_DOCKER_LAYER, OCI_MEDIA_LAYER_GZIP},
    {"application/vnd.docker.image.rootfs.diff.tar", OCI_MEDIA_LAYER},
    {"application/vnd.docker.image.rootfs.diff.tar.zstd", OCI_MEDIA_LAYER_ZSTD},
};

static void to_oci(char **media_type)
{
    for (size_t i = 0; i < ARRAY_SIZE(families); i++)
        if (str_eq(*media_type, families[i].docker))
            str_replace(media_type, str_dup(families[i].oci));
}

/* podman and skopeo know zstd in OCI's manifests alone. */
static void make_oci(struct oci_manifest *m)
{
    bool zstd = false;

    VEC_FOREACH (layer, &m->layers)
        zstd = zstd || str_ends(layer->media_type, ".zstd");
    if (!zstd)
        return;
    to_oci(&m->media_type);
    to_oci(&m->config.media_type);
    VEC_FOREACH (layer, &m->layers)
        to_oci(&layer->media_type);
}

static void rewrite_manifest(const struct push *p, struct push_document *d)
{
    for (size_t i = 0; i < d->manifest.layers.n; i++) {
        struct oci_descriptor *layer = &d->manifest.layers.v[i];
        const struct push_blob *b = find_blob(p, &layer->digest);

        if (!b || digest_equal(&b->as.digest, &b->sent.digest))
            continue;
        oci_descriptor_release(layer);
        oci_descriptor_copy(&b->sent, layer);
        d->changed = true;
    }
    if (d->changed)
        make_oci(&d->manifest);
}

/* An attestation's entry names the manifest that it is about. */
static void rewrite_subject(const struct push *p, struct oci_descriptor *entry)
{
    static const char subject[] = "vnd.docker.reference.digest";
    const char *text = strv_env_get(entry->annotations, subject);
    const struct push_document *doc;
    char now[DIGEST_TEXT_MAX];
    struct digest digest;

    if (!text || digest_parse(text, &digest, NULL) < 0)
        return;
    doc = find_document(p, &digest);
    if (doc && doc->changed) {
        _cleanup_free_ char *assignment = str_printf("%s=%s", subject, digest_format(&doc->now.digest, now));

        strv_env_set(&entry->annotations, assignment);
    }
}

static void rewrite_index(const struct push *p, struct push_document *d)
{
    VEC_FOREACH (entry, &d->index.manifests) {
        const struct push_document *child = find_document(p, &entry->digest);

        if (!child || !child->changed)
            continue;
        entry->digest = child->now.digest;
        entry->size = child->now.size;
        str_replace(&entry->media_type, str_dup(push_media_type(child)));
        if (str_eq(entry->media_type, OCI_MEDIA_MANIFEST))
            to_oci(&d->index.media_type);
        d->changed = true;
    }
    VEC_FOREACH (entry, &d->index.manifests)
        if (d->changed)
            rewrite_subject(p, entry);
}

const char *push_media_type(const struct push_document *d)
{
    const char *own = d->is_index ? d->index.media_type : d->manifest.media_type;

    return d->changed && own ? own : d->as.media_type;
}

static int rewrite(const struct push *p, struct push_document *d, struct err *err)
{
    if (d->is_index)
        rewrite_index(p, d);
    else
        rewrite_manifest(p, d);
    if (!d->changed)
        return 0;
    buf_free(&d->bytes);
    d->bytes = BUF_INIT;
    if (d->is_index)
        json_dump(&oci_index_type, &d->index, true, &d->bytes);
    else
        json_dump(&oci_manifest_type, &d->manifest, true, &d->bytes);
    return digest_compute(DIGEST_SHA256, d->bytes.p, d->bytes.len, &d->now, err);
}

int push_rewrite(struct push *p, struct err *err)
{
    int r = 0;

    VEC_FOREACH (d, &p->documents)
        r = r < 0 ? r : rewrite(p, d, err);
    return r;
}

/* ---- keeping ---- */

/* A compressed layer, from its spool. */
static int keep_blob(struct push *p, const struct push_blob *b, struct store_transaction *t, struct err *err)
{
    enum { CHUNK = 256 << 10 };
    _cleanup_(store_ingest_free_cleanup) struct store_ingest *in = NULL;
    _cleanup_free_ char *chunk = mem_alloc(CHUNK);
    int r = store_ingest_begin(p->store, &b->sent.digest, b->sent.size, LOCK_WAIT, &in, err);

    while (r == 0 && in && store_ingest_offset(in) < b->sent.size) {
        ssize_t n = fd_pread_all(b->fd, chunk, CHUNK, store_ingest_offset(in));

        r = n > 0 ? store_ingest_write(in, chunk, (size_t)n, err)
                  : err_set(err, ERR_IO, "the compressed layer cannot be read again");
    }
    if (r == 0 && in)
        r = store_ingest_verify(in, err);
    if (r == 0 && in)
        store_transaction_add_blob(t, steal_ptr(&in));
    return r;
}

/* What the record will lead to: what was made, and what of the image was there before. */
static int take_lease(struct push *p, struct store_lease **ret, struct err *err)
{
    _cleanup_needs_ struct store_needs needs = {0};

    (void)store_needs_add_image(p->store, &p->tag.manifest, &needs, NULL); /* as far as it is here */
    VEC_FOREACH (d, &p->documents)
        *VEC_PUSH(&needs.blobs) = d->now.digest;
    VEC_FOREACH (b, &p->blobs)
        *VEC_PUSH(&needs.blobs) = b->sent.digest;
    return store_lease_take(p->store, needs.blobs.v, needs.blobs.n, needs.layers.v, needs.layers.n, ret, err);
}

static int keep_content(struct push *p, struct store_transaction *t, struct err *err)
{
    int r = 0;

    VEC_FOREACH (b, &p->blobs)
        if (r == 0 && !digest_equal(&b->as.digest, &b->sent.digest))
            r = keep_blob(p, b, t, err);
    VEC_FOREACH (d, &p->documents)
        if (r == 0 && d->changed)
            r = store_transaction_put(t, d->bytes.p, d->bytes.len, &d->now, err);
    return r < 0 ? r : store_transaction_finish(t, err);
}

/* What the record says from now on: nothing else where the registry got another image than the record is about, or only
 * a part of what is kept for it. All in `ret` but the digests is borrowed. */
static bool new_record(const struct push *p, struct store_tag *ret)
{
    const struct push_document *top = &p->documents.v[p->documents.n - 1];
    const struct push_document *own = find_document(p, &p->tag.manifest);

    if (!own || (p->tag.complete && !top->is_index))
        return false;
    *ret = p->tag;
    ret->manifest = own->now.digest;
    ret->target = top->now.digest;
    ret->local = false;
    return p->tag.local || !digest_equal(&p->tag.target, &ret->target) ||
           !digest_equal(&p->tag.manifest, &ret->manifest);
}

/* A push takes long: meanwhile the name may have been removed, or have gone to another image. Then it stays so. */
static bool name_stays(const struct push *p)
{
    _cleanup_(store_tag_release) struct store_tag now = {0};
    const struct store_tag *before = &p->tag;

    return store_tag_get(p->store, &before->name, &now, NULL) == 0 && str_eq(now.name.tag, before->name.tag) &&
           digest_equal(&now.name.digest, &before->name.digest) && digest_equal(&now.target, &before->target) &&
           digest_equal(&now.manifest, &before->manifest) && now.complete == before->complete;
}

int push_keep(struct push *p, struct err *err)
{
    _cleanup_(store_transaction_free_cleanup) struct store_transaction *t = store_transaction_new(p->store);
    _cleanup_(store_lease_free_cleanup) struct store_lease *lease = NULL;
    _cleanup_fd_ int lock = -1;
    struct store_tag record;
    int r;

    if (!new_record(p, &record))
        return 0;
    /* The lease comes before the look at the name: what that leads to stays until the new record is on disk. */
    r = take_lease(p, &lease, err);
    if (r == 0 && name_stays(p))
        r = keep_content(p, t, err);
    if (r == 0)
        r = store_tag_lock(p->store, &lock, err);
    return r < 0 || !name_stays(p) ? r : store_tag_set(p->store, &record, err);
}

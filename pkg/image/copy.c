#include "image/copy_internal.h"

#include "image/session.h"
#include "store/gc.h"

enum {
    DEPTH_MAX = 8,            /* of indexes in indexes */
    DOCUMENTS_MAX = 64 << 20, /* bytes, of all together */
    BLOBS_MAX = 1 << 13,      /* that they name */
};

static void document_release(struct copy_document *d)
{
    free(d->media_type);
    buf_free(&d->bytes);
}

static void copy_release(struct copy *c)
{
    copy_blobs_release(c);
    VEC_FOREACH (d, &c->documents)
        document_release(d);
    free(c->documents.v);
}

static bool in_one_repository(const struct copy *c)
{
    return str_eq(c->from->domain, c->to->domain) && str_eq(c->from->path, c->to->path);
}

/* ---- what there is to copy ---- */

static int add_blob(struct copy *c, const struct oci_descriptor *d, struct err *err)
{
    struct oci_layer_kind kind = {0};
    struct copy_blob *b;

    VEC_FOREACH (known, &c->blobs)
        if (digest_equal(&(*known)->d.digest, &d->digest))
            return 0;
    if (c->blobs.n >= BLOBS_MAX)
        return err_set(err, ERR_LIMIT, "an image of more than %d blobs", BLOBS_MAX);
    b = *VEC_PUSH(&c->blobs) = mem_zalloc(1, sizeof(*b));
    b->copy = c;
    b->line = c->blobs.n - 1;
    b->spool = -1;
    oci_descriptor_copy(d, &b->d);
    b->foreign = oci_layer_classify(d->media_type, &kind, NULL) == 0 && kind.foreign && d->urls;
    return 0;
}

static int add_manifest(struct copy *c, const struct copy_document *d, char **ret_type, struct err *err)
{
    _cleanup_manifest_ struct oci_manifest m = {0};
    int r = oci_manifest_parse_any(buf_str(&d->bytes), d->bytes.len, &m, err);

    if (r < 0)
        return r;
    *ret_type = steal_ptr(&m.media_type);
    r = add_blob(c, &m.config, err);
    VEC_FOREACH (layer, &m.layers)
        r = r < 0 ? r : add_blob(c, layer, err);
    return r;
}

static int add_content(struct copy *c, const struct oci_descriptor *d, unsigned depth, struct err *err);

static int add_index(struct copy *c, const struct copy_document *d, unsigned depth, char **ret_type, struct err *err)
{
    _cleanup_index_ struct oci_index index = {0};
    int r = oci_index_parse(buf_str(&d->bytes), d->bytes.len, &index, err);

    for (size_t i = 0; r == 0 && i < index.manifests.n; i++)
        r = add_content(c, &index.manifests.v[i], depth + 1, err);
    if (r == 0)
        *ret_type = steal_ptr(&index.media_type);
    return r;
}

/* The media type without what follows behind ";". */
static char *bare_type(const char *media_type)
{
    return media_type ? str_ndup(media_type, strcspn(media_type, "; \t")) : NULL;
}

/* Takes over what was fetched, after what it leads to. `as`: what whoever names it calls it, or NULL. */
static int add_document(struct copy *c, struct registry_manifest *fetched, const char *as, unsigned depth,
                        struct err *err)
{
    struct copy_document d = {.bytes = fetched->bytes, .digest = fetched->digest};
    _cleanup_free_ char *own = NULL;
    enum oci_document what;
    int r = oci_document_identify(as ? as : fetched->media_type, buf_str(&d.bytes), d.bytes.len, &what, err);

    c->document_bytes += (int64_t)d.bytes.len;
    if (r == 0 && c->document_bytes > DOCUMENTS_MAX)
        r = err_set(err, ERR_LIMIT, "manifests of more than %d MiB", DOCUMENTS_MAX >> 20);
    if (r == 0)
        r = what == OCI_DOCUMENT_INDEX ? add_index(c, &d, depth, &own, err) : add_manifest(c, &d, &own, err);
    if (r < 0)
        return r;
    d.media_type = own ? steal_ptr(&own) : bare_type(as ? as : fetched->media_type);
    if (str_empty(d.media_type))
        str_replace(&d.media_type, str_dup(what == OCI_DOCUMENT_INDEX ? OCI_MEDIA_INDEX : OCI_MEDIA_MANIFEST));
    fetched->bytes = BUF_INIT;
    *VEC_PUSH(&c->documents) = d;
    return 0;
}

static bool known(const struct copy *c, const struct digest *digest)
{
    VEC_FOREACH (d, &c->documents)
        if (digest_equal(&d->digest.digest, digest))
            return true;
    return false;
}

/* What an index names, unless the destination has it: then it has all that it leads to. */
static int add_content(struct copy *c, const struct oci_descriptor *d, unsigned depth, struct err *err)
{
    _cleanup_registry_manifest_ struct registry_manifest fetched = {0};
    bool has = known(c, &d->digest);
    int r = 0;

    if (depth > DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "indexes inside of indexes, more than %d deep", DEPTH_MAX);
    if (!has)
        r = registry_has_manifest(c->registry, c->to, &d->digest, &has, err);
    if (r < 0 || has)
        return r;
    r = registry_fetch_manifest(c->registry, c->from, &d->digest, &fetched, err);
    return r < 0 ? r : add_document(c, &fetched, str_given(d->media_type), depth, err);
}

/* Follows the platform from index to index: `ret` is what it leads to in place of the index. */
static int choose_platform(struct copy *c, struct registry_manifest *ret, struct err *err)
{
    _cleanup_platform_ struct oci_platform wanted = {0};
    int r = oci_platform_parse(c->options->platform, &wanted, err);

    for (unsigned depth = 0; r == 0 && depth < DEPTH_MAX; depth++) {
        _cleanup_index_ struct oci_index index = {0};
        const struct oci_descriptor *chosen;
        struct digest digest;
        enum oci_document what;

        r = oci_document_identify(ret->media_type, buf_str(&ret->bytes), ret->bytes.len, &what, err);
        if (r < 0 || what == OCI_DOCUMENT_MANIFEST)
            return r;
        r = oci_index_parse(buf_str(&ret->bytes), ret->bytes.len, &index, err);
        if (r == 0)
            r = oci_index_select(&index, &wanted, &chosen, err);
        if (r < 0)
            return r;
        digest = chosen->digest;
        registry_manifest_release(ret);
        *ret = (struct registry_manifest){0};
        r = registry_fetch_manifest(c->registry, c->from, &digest, ret, err);
    }
    return r < 0 ? r : err_set(err, ERR_LIMIT, "indexes inside of indexes, more than %d deep", DEPTH_MAX);
}

/* ---- copying ---- */

static int put_documents(struct copy *c, bool name_last, struct image_pushed *ret, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->documents.n; i++) {
        const struct copy_document *d = &c->documents.v[i];
        struct oci_reference to = *c->to; /* borrowed */
        struct digest_computed computed;
        bool last = i + 1 == c->documents.n;

        if (!last || !name_last || !to.tag)
            to.digest = d->digest.digest;
        r = registry_push_manifest(c->registry, &to, !last || !name_last, buf_str(&d->bytes), d->bytes.len,
                                   d->media_type, &computed, err);
        *ret = (struct image_pushed){.target = d->digest.digest, .size = d->digest.size};
    }
    return r;
}

static int copy_content(struct copy *c, bool name_last, struct image_pushed *ret, struct err *err)
{
    int r = in_one_repository(c) ? 0 : copy_blobs(c, err);

    return r < 0 ? r : put_documents(c, name_last, ret, err);
}

static int copy_named(struct copy *c, struct image_pushed *ret, struct err *err)
{
    _cleanup_registry_manifest_ struct registry_manifest top = {0};
    int r = registry_fetch_manifest(c->registry, c->from, NULL, &top, err);

    if (r == 0 && c->options->platform)
        r = choose_platform(c, &top, err);
    if (r == 0)
        r = add_document(c, &top, NULL, 0, err);
    return r < 0 ? r : copy_content(c, true, ret, err);
}

int image_copy_content(struct store *s, struct registry *registry, int wake_fd, const struct oci_reference *from,
                       const struct digest *digest, const struct oci_reference *to,
                       const struct image_copy_options *options, struct err *err)
{
    _cleanup_(copy_release) struct copy c = {
        .store = s, .registry = registry, .wake_fd = wake_fd, .from = from, .to = to, .options = options};
    struct oci_descriptor d = {.digest = *digest};
    struct image_pushed pushed;
    int r = add_content(&c, &d, 0, err);

    return r < 0 ? r : copy_content(&c, false, &pushed, err);
}

int image_copy(struct store *s, const struct config *config, const struct oci_reference *from,
               const struct oci_reference *to, const struct image_copy_options *options, struct image_pushed *ret,
               struct err *err)
{
    _cleanup_(copy_release) struct copy c = {.store = s, .from = from, .to = to, .options = options};
    struct image_session session;
    int r = image_session_begin(s, config, options->insecure, &session, err);

    if (r < 0)
        return r;
    c.registry = session.registry;
    c.wake_fd = session.signals.wake[0];
    r = copy_named(&c, ret, err);
    image_session_end(&session);
    return r;
}

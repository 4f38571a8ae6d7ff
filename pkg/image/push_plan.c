#include "image/internal.h"
#include "image/push_internal.h"

#include "store/blob.h"
#include "sys/fd.h"

enum { DEPTH_MAX = 8 /* of indexes in indexes */ };

static void document_release(struct push_document *d)
{
    oci_descriptor_release(&d->as);
    buf_free(&d->bytes);
    oci_manifest_release(&d->manifest);
    oci_index_release(&d->index);
}

void push_release(struct push *p)
{
    VEC_FOREACH (d, &p->documents)
        document_release(d);
    VEC_FOREACH (b, &p->blobs) {
        oci_descriptor_release(&b->as);
        oci_descriptor_release(&b->sent);
        free(b->mount_from);
        fd_close(b->fd);
    }
    free(p->documents.v);
    free(p->blobs.v);
    store_tag_release(&p->tag);
}

/* ---- blobs ---- */

static struct push_blob *find_blob(struct push *p, const struct digest *d)
{
    VEC_FOREACH (b, &p->blobs)
        if (digest_equal(&b->as.digest, d))
            return b;
    return NULL;
}

static struct push_blob *add_blob(struct push *p, const struct oci_descriptor *d)
{
    struct push_blob *b = find_blob(p, &d->digest);

    if (b)
        return b;
    b = VEC_PUSH(&p->blobs);
    b->push = p;
    b->fd = -1;
    oci_descriptor_copy(d, &b->as);
    oci_descriptor_copy(d, &b->sent);
    return b;
}

static enum oci_compression conversion(const struct push *p, enum oci_compression has)
{
    enum oci_compression wanted = p->options->compression;

    if (has == OCI_COMPRESSION_NONE)
        return wanted == OCI_COMPRESSION_NONE ? OCI_COMPRESSION_GZIP : wanted;
    return wanted == has ? OCI_COMPRESSION_NONE : wanted;
}

/* The layers of an image; their diffIDs are looked up where one is to be compressed. */
static int add_layers(struct push *p, const struct oci_manifest *m, struct err *err)
{
    _cleanup_image_config_ struct oci_image_config config = {0};
    bool config_read = false;

    for (size_t i = 0; i < m->layers.n; i++) {
        struct push_blob *b = add_blob(p, &m->layers.v[i]);
        struct oci_layer_kind kind;
        int r;

        b->layer = true;
        if (oci_layer_classify(m->layers.v[i].media_type, &kind, NULL) < 0)
            continue; /* of an artifact: as it is */
        b->foreign = kind.foreign && b->as.urls;
        b->to = kind.foreign ? OCI_COMPRESSION_NONE : conversion(p, kind.compression);
        if (b->to == OCI_COMPRESSION_NONE)
            continue;
        r = config_read ? 0 : image_read_config(p->store, &m->config.digest, &config, err);
        if (r == 0 && oci_image_config_layers(&config) != m->layers.n)
            r = err_set(err, ERR_CORRUPT, "the manifest has %zu layers and the config names %zu", m->layers.n,
                        oci_image_config_layers(&config));
        if (r < 0)
            return r;
        config_read = true;
        oci_image_config_diff_id(&config, i, &b->diff_id);
    }
    return 0;
}

/* ---- documents ---- */

static int add_document(struct push *p, const struct oci_descriptor *as, unsigned depth, struct err *err);

static int add_children(struct push *p, const struct oci_index *index, unsigned depth, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < index->manifests.n; i++)
        r = add_document(p, &index->manifests.v[i], depth + 1, err);
    return r;
}

static int missing(const struct push *p, const struct digest *d, struct err *err)
{
    _cleanup_free_ char *name = oci_reference_familiar(p->name);
    char text[DIGEST_TEXT_MAX];

    err_wrap(err, "image %s: %s", name, digest_format(d, text));
    return err_hint(err, "pull it again");
}

static int read_document(struct push *p, const struct oci_descriptor *as, struct push_document *d, struct err *err)
{
    enum oci_document what;
    int r;

    d->bytes = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    r = store_blob_read(p->store, &as->digest, &d->bytes, err);
    if (r == 0) /* others may have written to it */
        r = digest_compute(as->digest.algorithm, buf_str(&d->bytes), d->bytes.len, &d->now, err);
    if (r == 0)
        r = digest_verify(&as->digest, -1, &d->now, err);
    if (r < 0)
        return missing(p, &as->digest, err);
    r = oci_document_identify(str_given(as->media_type), buf_str(&d->bytes), d->bytes.len, &what, err);
    if (r < 0)
        return r;
    d->is_index = what == OCI_DOCUMENT_INDEX;
    return d->is_index ? oci_index_parse(buf_str(&d->bytes), d->bytes.len, &d->index, err)
                       : oci_manifest_parse_any(buf_str(&d->bytes), d->bytes.len, &d->manifest, err);
}

/* What the document calls itself, where nobody calls it anything: as Docker did before OCI. */
static const char *media_type_of(const struct push_document *d)
{
    const char *own = d->is_index ? d->index.media_type : d->manifest.media_type;

    if (own)
        return own;
    return d->is_index ? OCI_MEDIA_INDEX : OCI_MEDIA_MANIFEST;
}

static int take_document(struct push *p, struct push_document *d, unsigned depth, struct err *err)
{
    int r;

    if (str_empty(d->as.media_type))
        str_replace(&d->as.media_type, str_dup(media_type_of(d)));
    d->as.size = d->now.size;
    if (d->is_index) {
        r = add_children(p, &d->index, depth, err);
    } else {
        r = add_layers(p, &d->manifest, err);
        add_blob(p, &d->manifest.config);
    }
    if (r == 0) {
        *VEC_PUSH(&p->documents) = *d;
        *d = (struct push_document){0};
    }
    return r;
}

static int add_document(struct push *p, const struct oci_descriptor *as, unsigned depth, struct err *err)
{
    _cleanup_(document_release) struct push_document d = {0};
    int r;

    if (depth > DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "indexes inside of indexes, more than %d deep", DEPTH_MAX);
    VEC_FOREACH (known, &p->documents)
        if (digest_equal(&known->as.digest, &as->digest))
            return 0;
    oci_descriptor_copy(as, &d.as);
    r = read_document(p, as, &d, err);
    return r < 0 ? r : take_document(p, &d, depth, err);
}

/* ---- what the name means ---- */

static int no_platform(const struct push *p, const char *platform, struct err *err)
{
    _cleanup_free_ char *name = oci_reference_familiar(p->name);

    err_set(err, ERR_NOT_FOUND, "image %s was found but not for the platform %s: it is for %s", name, platform,
            p->tag.platform);
    return err_hint(err, "cbox pull --platform %s %s", platform, name);
}

/* The digest of the manifest for a platform: the record's own, or one that its index leads to. */
static int choose_platform(struct push *p, const char *platform, struct digest *ret, struct err *err)
{
    _cleanup_platform_ struct oci_platform wanted = {0}, has = {0};
    int r = oci_platform_parse(platform, &wanted, err);

    *ret = p->tag.manifest;
    if (r < 0)
        return r;
    if (p->tag.platform && oci_platform_parse(p->tag.platform, &has, NULL) == 0 &&
        oci_platform_distance(&wanted, &has) == 0)
        return 0;
    if (!p->tag.complete)
        return no_platform(p, platform, err);
    *ret = p->tag.target;
    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        struct push_document d = {.as = {.digest = *ret}};
        const struct oci_descriptor *chosen = NULL;

        r = read_document(p, &d.as, &d, err);
        if (r == 0 && d.is_index) {
            r = oci_index_select(&d.index, &wanted, &chosen, err);
            if (r == 0)
                *ret = chosen->digest;
        }
        document_release(&d);
        if (r < 0 || !chosen)
            return r;
    }
    return err_set(err, ERR_LIMIT, "indexes inside of indexes, more than %d deep", DEPTH_MAX);
}

static int choose(struct push *p, struct digest *ret, struct err *err)
{
    _cleanup_free_ char *name = NULL;

    if (!p->options->all_platforms && p->options->platform)
        return choose_platform(p, p->options->platform, ret, err);
    *ret = p->options->all_platforms ? p->tag.target : p->tag.manifest;
    if (!p->options->all_platforms || p->tag.complete || digest_equal(&p->tag.target, &p->tag.manifest))
        return 0;
    name = oci_reference_familiar(p->name);
    err_set(err, ERR_NOT_FOUND, "the other platforms of %s are not here", name);
    return err_hint(err, "cbox pull --all-platforms %s", name);
}

/* ---- where layers can be mounted from ---- */

static void offer_mount(struct push *p, const struct digest *d, const struct store_tag *t)
{
    struct push_blob *b = find_blob(p, d);

    if (b && !b->mount_from)
        b->mount_from = str_dup(t->name.path);
}

static void offer_mounts(struct push *p, const struct store_tag *t)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    _cleanup_manifest_ struct oci_manifest m = {0};

    if (store_blob_read(p->store, &t->manifest, &text, NULL) < 0 ||
        oci_manifest_parse_any(buf_str(&text), text.len, &m, NULL) < 0)
        return;
    offer_mount(p, &m.config.digest, t);
    VEC_FOREACH (layer, &m.layers)
        offer_mount(p, &layer->digest, t);
}

/* Other repositories of the registry that have an image of ours. */
static int find_mounts(struct push *p, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    int r = store_tag_list(p->store, &tags, err);

    for (size_t i = 0; r == 0 && i < tags.n; i++)
        if (!tags.v[i].local && str_eq(tags.v[i].name.domain, p->name->domain) &&
            !str_eq(tags.v[i].name.path, p->name->path))
            offer_mounts(p, &tags.v[i]);
    return r;
}

static int no_image(const struct push *p, struct err *err)
{
    _cleanup_free_ char *name = oci_reference_familiar(p->name);

    return err_set(err, ERR_NOT_FOUND, "an image does not exist locally with the tag: %s", name);
}

int push_plan(struct push *p, struct err *err)
{
    struct oci_descriptor top = {0};
    struct err why = ERR_INIT;
    size_t line = 0;
    int r = store_tag_get(p->store, p->name, &p->tag, &why);

    if (r == ERR_NOT_FOUND)
        return no_image(p, err);
    if (r < 0) {
        *err = why;
        return r;
    }
    r = choose(p, &top.digest, err);
    if (r == 0)
        r = add_document(p, &top, 0, err);
    if (r == 0)
        r = find_mounts(p, err);
    VEC_FOREACH (b, &p->blobs)
        if (b->layer)
            b->line = line++;
    return r;
}

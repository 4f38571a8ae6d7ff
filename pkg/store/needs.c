#include "store/needs.h"

#include "oci/image_config.h"
#include "oci/manifest.h"
#include "store/blob.h"
#include "store/uses.h"

enum { INDEX_DEPTH_MAX = 8 };

static int compare_digests(const void *a, const void *b)
{
    return strcmp(((const struct digest *)a)->hex, ((const struct digest *)b)->hex);
}

void store_digests_sort(store_digests *set)
{
    size_t n = 0;

    if (set->n > 1)
        qsort(set->v, set->n, sizeof(*set->v), compare_digests);
    for (size_t i = 0; i < set->n; i++)
        if (n == 0 || compare_digests(&set->v[n - 1], &set->v[i]) != 0)
            set->v[n++] = set->v[i];
    set->n = n;
}

bool store_digests_have(const store_digests *sorted, const struct digest *d)
{
    return sorted->n > 0 && bsearch(d, sorted->v, sorted->n, sizeof(*sorted->v), compare_digests);
}

void store_needs_release(struct store_needs *n)
{
    free(n->blobs.v);
    free(n->layers.v);
    *n = (struct store_needs){0};
}

int store_needs_add_image(struct store *s, const struct digest *digest, struct store_needs *to, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX), config_text = BUF_INIT_MAX(OCI_CONFIG_MAX);
    _cleanup_manifest_ struct oci_manifest manifest = {0};
    _cleanup_image_config_ struct oci_image_config config = {0};
    int r;

    *VEC_PUSH(&to->blobs) = *digest;
    r = store_blob_read(s, digest, &text, err);
    if (r == 0)
        r = oci_manifest_parse(buf_str(&text), text.len, &manifest, err);
    if (r < 0)
        return r;
    *VEC_PUSH(&to->blobs) = manifest.config.digest;
    VEC_FOREACH (layer, &manifest.layers)
        *VEC_PUSH(&to->blobs) = layer->digest;
    r = store_blob_read(s, &manifest.config.digest, &config_text, err);
    if (r == 0)
        r = oci_image_config_parse(buf_str(&config_text), config_text.len, &config, err);
    for (size_t i = 0; r == 0 && i < oci_image_config_layers(&config); i++)
        oci_image_config_diff_id(&config, i, VEC_PUSH(&to->layers));
    return r;
}

/* A tar that was built here, and is there as its tree alone (image/tree_blob.h). */
static bool is_tree(struct store *s, const struct oci_descriptor *layer)
{
    struct oci_layer_kind kind;

    return oci_layer_classify(layer->media_type, &kind, NULL) == 0 && kind.compression == OCI_COMPRESSION_NONE &&
           !store_blob_has(s, &layer->digest);
}

/* What was kept of another platform, or of no platform: blobs alone, and what they are made of. */
static int add_content(struct store *s, const struct buf *text, struct store_needs *to, struct err *err)
{
    _cleanup_manifest_ struct oci_manifest manifest = {0};
    int r = oci_manifest_parse_any(buf_str(text), text->len, &manifest, err);

    if (r < 0)
        return r;
    *VEC_PUSH(&to->blobs) = manifest.config.digest;
    VEC_FOREACH (layer, &manifest.layers) {
        *VEC_PUSH(&to->blobs) = layer->digest;
        if (is_tree(s, layer))
            *VEC_PUSH(&to->layers) = layer->digest;
    }
    return 0;
}

static int add_index(struct store *s, const struct digest *digest, unsigned depth, struct store_needs *to,
                     struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    _cleanup_index_ struct oci_index index = {0};
    int r;

    *VEC_PUSH(&to->blobs) = *digest;
    if (depth > INDEX_DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "indexes inside each other");
    r = store_blob_read(s, digest, &text, err);
    if (r == 0)
        r = oci_index_parse(buf_str(&text), text.len, &index, err);
    for (size_t i = 0; r == 0 && i < index.manifests.n; i++) {
        const struct oci_descriptor *entry = &index.manifests.v[i];
        _cleanup_buf_ struct buf child = BUF_INIT_MAX(OCI_MANIFEST_MAX);
        enum oci_document what;

        *VEC_PUSH(&to->blobs) = entry->digest;
        r = store_blob_read(s, &entry->digest, &child, err);
        if (r == 0)
            r = oci_document_identify(entry->media_type, buf_str(&child), child.len, &what, err);
        if (r == 0)
            r = what == OCI_DOCUMENT_INDEX ? add_index(s, &entry->digest, depth + 1, to, err)
                                           : add_content(s, &child, to, err);
    }
    return r;
}

int store_needs_add_index(struct store *s, const struct digest *index, struct store_needs *to, struct err *err)
{
    return add_index(s, index, 1, to, err);
}

int store_needs_add_tag(struct store *s, const struct store_tag *t, struct store_needs *to, struct err *err)
{
    int r;

    *VEC_PUSH(&to->blobs) = t->target;
    r = store_needs_add_image(s, &t->manifest, to, err);
    return r < 0 || !t->complete ? r : store_needs_add_index(s, &t->target, to, err);
}

struct known {
    struct store *store;
    struct store_needs *to;
};

static void pass_over(const char *file _unused_, const struct err *why _unused_, void *data _unused_) {}

static int add_use(const struct store_use *use, void *data, struct err *err _unused_)
{
    const struct known *k = data;
    struct digest d;

    if (use->manifest.algorithm != DIGEST_NONE)
        (void)store_needs_add_image(k->store, &use->manifest, k->to, NULL);
    STRV_FOREACH (layer, use->layers)
        if (digest_parse(*layer, &d, NULL) == 0)
            *VEC_PUSH(&k->to->layers) = d;
    return 0;
}

int store_needs_add_known(struct store *s, struct store_needs *to, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    struct known known = {s, to};
    int r = store_tag_list_readable(s, pass_over, NULL, &tags, err);

    for (size_t i = 0; r == 0 && i < tags.n; i++)
        (void)store_needs_add_tag(s, &tags.v[i], to, NULL);
    if (r == 0)
        (void)store_each_use(s, add_use, &known, NULL); /* a broken record is a fault of its own */
    return r;
}

#include "image/index.h"

/* Whether an entry before it is the same image: a final stage that does not care what it is for. */
static bool is_again(const struct image_index_entry *entries, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (digest_equal(&entries[k].documents.manifest.digest.digest, &entries[i].documents.manifest.digest.digest))
            return true;
    return false;
}

static int write_index(const struct image_index_entry *entries, size_t n, char *const *annotations,
                       struct image_document *ret, struct err *err)
{
    struct oci_index index = {.schema_version = 2,
                              .media_type = (char *)OCI_MEDIA_INDEX,
                              .annotations = (char **)annotations}; /* borrowed, but for the vector */
    struct buf text = BUF_INIT;

    for (size_t i = 0; i < n; i++)
        if (!is_again(entries, i))
            *VEC_PUSH(&index.manifests) =
                (struct oci_descriptor){.media_type = (char *)OCI_MEDIA_MANIFEST,
                                        .digest = entries[i].documents.manifest.digest.digest,
                                        .size = entries[i].documents.manifest.digest.size,
                                        .platform = (struct oci_platform *)entries[i].platform};
    json_dump(&oci_index_type, &index, false, &text);
    free(index.manifests.v);
    return image_document_take(&text, ret, err);
}

/* A manifest or config that is not the chosen one's. */
static void add_other(struct image_documents *d, struct image_document *other)
{
    *VEC_PUSH(&d->others) = *other;
    *other = (struct image_document){0};
}

static void add_blobs(struct image_documents *d, const struct oci_manifest *m)
{
    VEC_FOREACH (layer, &m->layers)
        oci_descriptor_copy(layer, VEC_PUSH(&d->blobs));
}

int image_index_make(struct image_index_entry *entries, size_t n, size_t chosen, char *const *annotations,
                     struct image_documents *ret, struct err *err)
{
    struct image_document index = {.bytes = BUF_INIT};
    int r = n > 1 ? write_index(entries, n, annotations, &index, err) : 0;

    *ret = entries[chosen].documents;
    entries[chosen].documents = (struct image_documents){0};
    ret->index = index;
    for (size_t i = 0; i < n; i++) {
        if (i == chosen)
            continue;
        add_blobs(ret, &entries[i].documents.parsed_manifest);
        add_other(ret, &entries[i].documents.manifest);
        add_other(ret, &entries[i].documents.config);
    }
    return r;
}

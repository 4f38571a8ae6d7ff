#include "image/contents.h"

#include "image/load.h"

void image_archived_release(struct image_archived *image)
{
    image_documents_release(&image->documents);
    strv_free(image->names);
    VEC_FOREACH (layer, &image->layers)
        free(layer->name);
    free(image->layers.v);
    *image = (struct image_archived){0};
}

void image_contents_release(struct image_contents *c)
{
    VEC_FOREACH (image, &c->images)
        image_archived_release(image);
    free(c->images.v);
    *c = (struct image_contents){0};
}

int image_archived_check(struct image_archived *image, const struct image_load_options *options, struct err *err)
{
    struct image_documents *d = &image->documents;
    int r = oci_manifest_parse(buf_str(&d->manifest.bytes), d->manifest.bytes.len, &d->parsed_manifest, err);

    if (r == 0)
        r = oci_image_config_parse(buf_str(&d->config.bytes), d->config.bytes.len, &d->parsed_config, err);
    return r < 0 ? r : image_documents_check(d, options->platform, err);
}

static size_t bytes_of(const struct image_documents *d)
{
    size_t bytes = d->index.bytes.len + d->manifest.bytes.len + d->config.bytes.len;

    VEC_FOREACH (other, &d->others)
        bytes += other->bytes.len;
    return bytes;
}

int image_contents_add(struct image_contents *c, struct image_archived *image, struct err *err)
{
    VEC_FOREACH (other, &c->images) {
        if (!digest_equal(image_documents_target(&other->documents), image_documents_target(&image->documents)) ||
            !digest_equal(&other->documents.manifest.digest.digest, &image->documents.manifest.digest.digest))
            continue;
        STRV_FOREACH (name, image->names)
            if (!strv_contains(other->names, *name))
                strv_add(&other->names, *name);
        image_archived_release(image);
        return 0;
    }
    /* Few bytes of an archive can name the same large config for many images. */
    c->bytes += bytes_of(&image->documents);
    if (c->bytes > IMAGE_DOCUMENTS_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "images with more than %d MiB of manifests and configs",
                       IMAGE_DOCUMENTS_BYTES_MAX >> 20);
    *VEC_PUSH(&c->images) = *image;
    *image = (struct image_archived){0};
    return 0;
}

int image_contents_read(struct image_archive *a, const struct image_load_options *options, struct image_contents *ret,
                        struct err *err)
{
    int r;

    *ret = (struct image_contents){0};
    if (options->choice || image_archive_has(a, "index.json"))
        r = image_contents_read_oci(a, options, ret, err);
    else if (image_archive_has(a, "manifest.json"))
        r = image_contents_read_docker(a, options, ret, err);
    else
        r = err_set(err, ERR_INVALID, "no archive of images: neither index.json nor manifest.json is in it");
    if (r == 0 && !ret->images.n)
        r = err_set(err, ERR_INVALID, "no image is in the archive");
    return r;
}

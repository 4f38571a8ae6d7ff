/* What images an archive holds: its list of names, links among them, the documents of both layouts. The first byte
 * chooses whether every platform is asked for. */
#include "image/contents.h"
#include "image/load.h"
#include "sys/fd.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What reading promises of each image, which loading relies on. */
static void check(const struct image_contents *c, bool all)
{
    VEC_FOREACH (image, &c->images) {
        const struct image_documents *d = &image->documents;

        if (d->parsed_manifest.layers.n != oci_image_config_layers(&d->parsed_config) ||
            d->manifest.digest.size != (int64_t)d->manifest.bytes.len ||
            d->config.digest.size != (int64_t)d->config.bytes.len || (!all && (d->others.n || d->blobs.n)) ||
            !digest_equal(&d->parsed_manifest.config.digest, &d->config.digest.digest))
            abort();
        STRV_FOREACH (name, image->names) {
            struct oci_reference ref = {0};

            if (oci_reference_parse(*name, &ref, NULL) < 0 || !ref.tag)
                abort();
            oci_reference_release(&ref);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(image_archive_free_cleanup) struct image_archive *archive = NULL;
    _cleanup_(image_contents_release) struct image_contents contents = {0};
    struct image_load_options options = {.all_platforms = size && data[0] & 1};
    struct err err = ERR_INIT;
    int fd = memfd_create("fuzz", MFD_CLOEXEC), r;

    if (!size || fd < 0 || fd_write_all(fd, data + 1, size - 1) < 0) {
        fd_close(fd);
        return 0;
    }
    r = image_archive_index(fd, (int64_t)size - 1, &archive, &err);
    if (r == 0)
        r = image_contents_read(archive, &options, &contents, &err);
    if ((r < 0) != (err.kind < 0) || (r < 0 && !err.text[0]))
        abort();
    if (r == 0)
        check(&contents, options.all_platforms);
    return 0;
}

#include "image/tree_blob.h"

#include "image/spool.h"
#include "layer/apply.h"
#include "layer/hasher.h"
#include "layer/pack.h"
#include "oci/manifest.h"
#include "store/blob.h"
#include "store/layer.h"
#include "store/spool.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <unistd.h>

/* The blob is a tar that is not packed: what it names is the layer itself. */
static bool is_plain_tar(const struct oci_descriptor *blob)
{
    struct oci_layer_kind kind;

    return blob->media_type && oci_layer_classify(blob->media_type, &kind, NULL) == 0 &&
           kind.compression == OCI_COMPRESSION_NONE;
}

bool image_blob_can_be_had(struct store *s, const struct oci_descriptor *blob)
{
    return store_blob_has(s, &blob->digest) || (is_plain_tar(blob) && store_layer_has(s, &blob->digest));
}

bool image_blob_needed_is_there(struct store *s, const struct store_needs *needs, const struct digest *d)
{
    if (store_blob_has(s, d))
        return true;
    VEC_FOREACH (layer, &needs->layers)
        if (digest_equal(layer, d))
            return store_layer_has(s, d);
    return false;
}

static int pack_tree(struct store *s, const struct digest *diff_id, struct layer_pack *pack, struct err *err)
{
    _cleanup_fd_ int tree = -1, dir = -1;
    int r = store_layer_open_tree(s, diff_id, &tree, err);

    if (r < 0)
        return r;
    dir = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return err_errno(err, errno, "its tree");
    r = layer_pack_add_contents(pack, dir, "", false, err);
    return r < 0 ? r : layer_pack_finish(pack, err);
}

int image_tree_pack(struct store *s, const struct digest *diff_id, int fd, const volatile sig_atomic_t *stop,
                    struct err *err)
{
    _cleanup_(layer_pack_free_cleanup) struct layer_pack *pack = layer_pack_new(fd, true, stop);

    return pack_tree(s, diff_id, pack, err);
}

static void add_bytes(void *data, const void *p, size_t len)
{
    hasher_add(data, p, len);
}

static int pass_member(void *data, const struct tar_member *m, const uint32_t *crc, struct err *err)
{
    (void)data, (void)m, (void)crc, (void)err;
    return 0;
}

static int pass_mark(void *data, char type, const char *path, struct err *err)
{
    (void)data, (void)type, (void)path, (void)err;
    return 0;
}

int image_tree_digest(struct store *s, const struct digest *diff_id, struct digest_computed *ret, struct err *err)
{
    _cleanup_(layer_pack_free_cleanup) struct layer_pack *pack = layer_pack_new(-1, true, NULL);
    _cleanup_(hasher_free_cleanup) struct hasher *hasher = NULL;
    struct layer_pack_watcher watcher = {.bytes = add_bytes, .member = pass_member, .mark = pass_mark};
    int r = layer_open_libraries(err);

    if (r == 0)
        r = hasher_new(DIGEST_SHA256, &hasher, err);
    if (r < 0)
        return r;
    watcher.data = hasher;
    layer_pack_watch(pack, &watcher);
    r = pack_tree(s, diff_id, pack, err);
    if (r == 0)
        hasher_final(hasher, ret);
    return r;
}

int image_tree_check(const struct digest *diff_id, const struct digest_computed *packed, struct err *err)
{
    char text[DIGEST_TEXT_MAX];

    if (digest_verify(diff_id, -1, packed, NULL) == 0)
        return 0;
    err_set(err, ERR_CORRUPT, "layer %s: its files are not what was built", digest_format(diff_id, text));
    return err_hint(err, IMAGE_TREE_REMEDY);
}

/* Into a file without a name. */
static int pack(struct store *s, const struct oci_descriptor *blob, const volatile sig_atomic_t *stop, int *ret_fd,
                struct err *err)
{
    _cleanup_fd_ int spool = -1;
    struct digest_computed packed;
    char text[DIGEST_TEXT_MAX];
    int r = store_spool_open(s, &spool, err);

    if (r == 0)
        r = image_tree_pack(s, &blob->digest, spool, stop, err);
    if (r == 0 && lseek(spool, 0, SEEK_SET) < 0)
        r = err_errno(err, errno, "the tar");
    if (r == 0)
        r = image_spool_digest(spool, -1, &packed, err);
    if (r == 0 && lseek(spool, 0, SEEK_SET) < 0)
        r = err_errno(err, errno, "the tar");
    if (r < 0)
        return r == ERR_INTERRUPTED ? r : err_wrap(err, "packing layer %.19s…", digest_format(&blob->digest, text));
    if (digest_verify(&blob->digest, -1, &packed, NULL) < 0) {
        err_set(err, ERR_CORRUPT, "layer %s: its files are not what was built, and blob %s is missing",
                digest_format(&blob->digest, text), text);
        return err_hint(err, "pull or load the image again; or " IMAGE_TREE_REMEDY);
    }
    *ret_fd = steal_fd(&spool);
    return 0;
}

int image_blob_open(struct store *s, const struct oci_descriptor *blob, const volatile sig_atomic_t *stop, int *ret_fd,
                    struct err *err)
{
    struct err why = ERR_INIT;
    int r = store_blob_open(s, &blob->digest, ret_fd, NULL, &why);

    if (r == ERR_NOT_FOUND && is_plain_tar(blob) && store_layer_has(s, &blob->digest))
        return pack(s, blob, stop, ret_fd, err);
    if (r < 0 && err)
        *err = why;
    return r;
}

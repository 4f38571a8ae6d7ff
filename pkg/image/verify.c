#include "image/verify.h"

#include "layer/verify.h"
#include "store/blob.h"
#include "store/build_cache.h"
#include "store/layer.h"
#include "sys/fd.h"

enum { CHUNK = 1 << 20 };

/* A failing disk is a finding as well. */
static char *unreadable(int errnum)
{
    return str_printf("cannot be read: %s", strerror(errnum));
}

static int digest_file(int fd, enum digest_algorithm algorithm, struct digest_computed *ret, char **ret_what,
                       struct err *err)
{
    _cleanup_(digest_stream_free_cleanup) struct digest_stream *stream = NULL;
    _cleanup_free_ char *chunk = mem_alloc(CHUNK);
    int r = digest_stream_new(algorithm, &stream, err);
    ssize_t n = 0;

    if (r < 0)
        return r;
    while ((n = fd_read_all(fd, chunk, CHUNK)) > 0)
        digest_stream_update(stream, chunk, (size_t)n);
    if (n < 0)
        *ret_what = unreadable((int)-n);
    digest_stream_final(stream, ret);
    return 0;
}

int image_blob_verify(struct store *s, const struct digest *d, char **ret_what, struct err *err)
{
    struct digest_computed computed;
    struct err why = ERR_INIT;
    _cleanup_fd_ int fd = -1;
    int r = store_blob_open(s, d, &fd, NULL, &why);

    *ret_what = NULL;
    if (r == ERR_NOT_FOUND)
        return 0;
    if (r < 0) {
        *ret_what = str_dup(why.text);
        return 1;
    }
    r = digest_file(fd, d->algorithm, &computed, ret_what, err);
    if (r < 0)
        return r;
    if (!*ret_what && digest_verify(d, -1, &computed, NULL) < 0)
        *ret_what = str_dup("is damaged: it has another digest");
    return 1;
}

struct differences {
    char *first;
    size_t n;
};

static bool on_difference(const char *path, const char *what, void *data)
{
    struct differences *d = data;

    if (d->n++ == 0)
        d->first = str_printf("%s %s", path, what);
    return true;
}

int image_layer_compare(struct store *s, const struct digest *diff_id, enum layer_verify_depth depth,
                        bool (*differs)(const char *path, const char *what, void *data), void *data, struct err *err)
{
    struct layer_verify_options options = {
        .user_xattr = geteuid() != 0, .depth = depth, .differs = differs, .data = data};
    _cleanup_fd_ int tree = -1, manifest = -1;
    struct store_layer_info info = {0};
    int64_t bytes = 0;
    int r = store_layer_read_info(s, diff_id, &info, err);

    if (r == 0)
        r = store_layer_open_tree(s, diff_id, &tree, err);
    if (r == 0)
        r = store_layer_open_manifest(s, diff_id, &manifest, err);
    if (r < 0)
        return r;
    options.tree_fd = tree;
    options.manifest_fd = manifest;
    r = layer_verify(&options, &bytes, err);
    if (r == 0 && bytes != info.bytes)
        r = err_set(err, ERR_CORRUPT, "the manifest has files of %lld bytes and not of %lld", (long long)bytes,
                    (long long)info.bytes);
    return r;
}

int image_layer_verify(struct store *s, const struct digest *diff_id, bool deep, char **ret_what)
{
    struct differences d = {0};
    struct err why = ERR_INIT;
    int r =
        image_layer_compare(s, diff_id, deep ? LAYER_VERIFY_CONTENTS : LAYER_VERIFY_ENTRIES, on_difference, &d, &why);
    bool there = store_layer_has(s, diff_id) || store_build_layer_has(s, diff_id);

    *ret_what = NULL;
    if (there && r < 0)
        *ret_what = str_printf("is damaged: %s", why.text);
    else if (there && d.n > 1)
        *ret_what = str_printf("is damaged: %s, and %zu more", d.first, d.n - 1);
    else if (there && d.n == 1)
        *ret_what = str_printf("is damaged: %s", d.first);
    free(d.first);
    return there;
}

#include "build/layer.h"

#include "base/strv.h"
#include "image/stack.h"
#include "layer/apply.h"
#include "layer/seal.h"
#include "layer/tidy.h"
#include "store/build_cache.h"
#include "sys/fd.h"

#include <fcntl.h>

int build_layer_begin(struct store *s, int *ret_dir, char **ret_name, int *ret_lock, struct err *err)
{
    return store_build_stage(s, ret_dir, ret_name, ret_lock, err);
}

/* Digests the tree and writes its manifest beside it. */
static int seal(int dir, int tree, struct build_layer *ret, struct err *err)
{
    _cleanup_fd_ int manifest = openat(dir, "manifest", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct layer_sealed sealed;
    int r;

    if (manifest < 0)
        return err_errno(err, errno, "making the layer's manifest");
    r = layer_open_libraries(err);
    if (r == 0)
        r = layer_seal(tree, manifest, NULL, &sealed, err);
    if (r < 0)
        return r;
    ret->diff_id = sealed.diff_id.digest;
    ret->tar_size = sealed.diff_id.size;
    ret->bytes = sealed.bytes;
    ret->members = sealed.members;
    return 0;
}

static int make(int dir, int64_t epoch, int lower, struct build_layer *ret, struct err *err)
{
    const struct layer_tidy tidy = {.lower = lower, .epoch = epoch};
    _cleanup_fd_ int tree = openat(dir, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int r;

    if (tree < 0)
        return err_errno(err, errno, "opening the step's files");
    r = layer_tidy(&tidy, tree, &ret->empty, err);
    return r < 0 || ret->empty ? r : seal(dir, tree, ret, err);
}

int build_layer_make(struct store *s, int dir, const char *name, int64_t epoch, int lower, struct build_layer *ret,
                     struct err *err)
{
    struct store_layer_info info;
    int r;

    *ret = (struct build_layer){.empty = false};
    r = make(dir, epoch, lower, ret, err);
    if (r < 0 || ret->empty) {
        store_build_unstage(s, name, NULL);
        return r;
    }
    info = (struct store_layer_info){.bytes = ret->bytes, .members = ret->members};
    return store_build_add_layer(s, &ret->diff_id, &info, name, err);
}

int build_layer_stack(struct store *s, const struct digest *layers, size_t n, bool skeleton, char ***ret,
                      struct err *err)
{
    int r = image_stack(s, layers, n, ret, err);
    char **last = r == 0 && !skeleton ? &(*ret)[strv_len(*ret) - 1] : NULL;

    if (last)
        str_replace(last, NULL);
    return r;
}

#include "image/damage.h"

#include "base/log.h"
#include "layer/verify.h"
#include "sys/fd.h"

struct looking {
    const struct digest *diff_id;
    bool differs;
};

/* One is enough. */
static bool on_difference(const char *path, const char *what, void *data)
{
    struct looking *l = data;

    log_debug("layer %.12s: %s %s", l->diff_id->hex, path, what);
    l->differs = true;
    return false;
}

static int look(struct store *s, struct looking *l, int64_t *budget, struct err *err)
{
    struct layer_verify_options options = {.user_xattr = geteuid() != 0, .differs = on_difference, .data = l};
    _cleanup_fd_ int tree = -1, manifest = -1;
    struct store_layer_info info = {0};
    int64_t bytes = 0;
    int r = store_layer_read_info(s, l->diff_id, &info, err);

    if (r == 0)
        r = store_layer_open_tree(s, l->diff_id, &tree, err);
    if (r == 0)
        r = store_layer_open_manifest(s, l->diff_id, &manifest, err);
    if (r < 0)
        return r;
    if (info.members <= *budget) {
        options.depth = LAYER_VERIFY_ENTRIES;
        *budget -= info.members;
    }
    options.tree_fd = tree;
    options.manifest_fd = manifest;
    r = layer_verify(&options, &bytes, err);
    if (r == 0 && bytes != info.bytes)
        r = err_set(err, ERR_CORRUPT, "the manifest has files of %lld bytes and not of %lld", (long long)bytes,
                    (long long)info.bytes);
    return r;
}

bool image_layer_damaged(struct store *s, const struct digest *diff_id, int64_t *budget)
{
    struct looking l = {.diff_id = diff_id};
    struct err why = ERR_INIT;

    if (look(s, &l, budget, &why) == 0)
        return l.differs;
    log_debug("layer %.12s: %s", diff_id->hex, why.text);
    return true;
}

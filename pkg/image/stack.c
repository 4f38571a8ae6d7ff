#include "image/stack.h"

#include "base/strv.h"
#include "layer/apply.h"
#include "store/build_cache.h"
#include "store/skeleton.h"
#include "sys/fd.h"

#include <fcntl.h>

/* 1 where nothing below it is seen. */
static int add_layer(struct store *s, const struct digest *diff_id, char ***stack, struct err *err)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_fd_ int tree = -1;
    int root, r = store_build_layer_path(s, diff_id, &path, err);

    if (r == 0)
        r = store_dir(s, STORE_ROOT, &root, err);
    if (r < 0)
        return r;
    tree = openat(root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (tree < 0)
        return err_errno(err, errno, "%s", path);
    strv_add(stack, path);
    return layer_tree_opaque(tree);
}

/* Whether the layer stands higher too, and there hides what it says here. */
static bool is_repeated(const struct digest *layers, size_t n, size_t i)
{
    for (size_t above = i + 1; above < n; above++)
        if (digest_equal(&layers[above], &layers[i]))
            return true;
    return false;
}

int image_stack(struct store *s, const struct digest *layers, size_t n, char ***ret, struct err *err)
{
    _cleanup_strv_ char **stack = NULL;
    int r = store_skeleton_make(s, err);

    for (size_t i = n; r == 0 && i-- > 0;)
        if (!is_repeated(layers, n, i))
            r = add_layer(s, &layers[i], &stack, err);
    if (r < 0)
        return r;
    strv_add(&stack, STORE_SKELETON);
    *ret = steal_ptr(&stack);
    return 0;
}

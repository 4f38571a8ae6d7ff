#include "build/view.h"

#include "build/layer.h"
#include "runtime/view.h"
#include "store/build_cache.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* overlayfs wants two layers at least where nothing can be written: the empty directory that is mounted on is put on
 * top. */
static int mount_layers(struct store *s, const build_layers *layers, const char *empty, const char *target,
                        int *ret_root, struct err *err)
{
    _cleanup_strv_ char **lower = NULL, **all = NULL;
    struct runtime_overlay overlay = {.dir = store_root_path(s)};
    _cleanup_fd_ int lock = -1;
    int r = store_build_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);

    if (r == 0)
        r = build_layer_stack(s, layers->v, layers->n, false, &lower, err);
    if (r < 0)
        return r;
    strv_add(&all, empty);
    strv_extend(&all, lower);
    overlay.lower = all;
    return runtime_view(&overlay, target, NULL, ret_root, err);
}

int build_view(struct store *s, const build_layers *layers, int dir, const char *name, int *ret_root, struct err *err)
{
    _cleanup_free_ char *empty = str_printf("tmp/%s/view", name);
    _cleanup_free_ char *target = str_printf("%s/%s", store_root_path(s), empty);
    int r;

    if (mkdirat(dir, "view", 0755) < 0 && errno != EEXIST)
        return err_errno(err, errno, "making %s", empty);
    if (layers->n == 0) {
        *ret_root = openat(dir, "view", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return *ret_root < 0 ? err_errno(err, errno, "%s", empty) : 0;
    }
    r = mount_layers(s, layers, empty, target, ret_root, err);
    if (r == 0)
        umount2(target, MNT_DETACH); /* the descriptor keeps it */
    return r;
}

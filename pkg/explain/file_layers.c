#include "explain/file_layers.h"

#include "base/strv.h"
#include "layer/overlay.h"
#include "sys/fd.h"

#include <fcntl.h>

/* One step of the way, `name` in `dir`. 1: there is a directory to go on in, which takes the place of `dir`. */
static int step(int *dir, const char *name, bool is_end, struct explain_layer_answer *a)
{
    int fd;

    if (fstatat(*dir, name, &a->st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (layer_overlay_whiteout(*dir, name, &a->st)) {
        a->says = EXPLAIN_LAYER_DELETES;
        a->last = true;
        return 0;
    }
    if (!S_ISDIR(a->st.st_mode)) {
        a->says = is_end ? EXPLAIN_LAYER_HAS : EXPLAIN_LAYER_HIDES;
        a->last = true;
        return 0;
    }
    fd = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    a->last = a->last || layer_overlay_opaque(fd);
    fd_close(*dir);
    *dir = fd;
    return 1;
}

int explain_layer_ask(int layer, const char *path, struct explain_layer_answer *ret)
{
    _cleanup_fd_ int dir = openat(layer, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_strv_ char **names = strv_split(path, '/');
    int r = dir < 0 ? -errno : 1;

    *ret = (struct explain_layer_answer){0};
    if (r > 0 && fstat(dir, &ret->st) < 0)
        return -errno;
    for (char **name = names; r > 0 && *name; name++)
        if (**name)
            r = step(&dir, *name, !name[1], ret);
    if (r > 0)
        ret->says = EXPLAIN_LAYER_HAS;
    return r < 0 ? r : 0;
}

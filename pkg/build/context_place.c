#include "build/context_place.h"

#include "base/id.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <fcntl.h>
#include <sys/stat.h>

int context_make_place(struct store *s, struct build_context *ret, struct err *err)
{
    char unique[25];
    int tmp, r = store_dir(s, STORE_TMP, &tmp, err);

    if (r < 0)
        return r;
    id_hex(unique, 24);
    ret->name = str_printf("context-%s", unique);
    r = lock_make_dir(tmp, ret->name, 0700, &ret->lock, err);
    if (r < 0)
        return r;
    if (mkdirat(ret->lock, "tree", 0755) < 0)
        return err_errno(err, errno, "making %s", ret->name);
    ret->dir = openat(ret->lock, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return ret->dir < 0 ? err_errno(err, errno, "opening %s", ret->name) : 0;
}

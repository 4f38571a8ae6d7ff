#include "store/spool.h"

#include "base/id.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int store_spool_open(struct store *s, int *ret_fd, struct err *err)
{
    char name[32], unique[17];
    int tmp, fd;
    int r = store_dir(s, STORE_TMP, &tmp, err);

    if (r < 0)
        return r;
    fd = openat(tmp, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        /* Not every file system knows files without a name: then it is taken away at once. */
        id_hex(unique, 16);
        snprintf(name, sizeof(name), "spool-%s", unique);
        fd = openat(tmp, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0)
            unlinkat(tmp, name, 0);
    }
    if (fd < 0)
        return err_errno(err, errno, "making a file below %s/tmp", store_root_path(s));
    *ret_fd = fd;
    return 0;
}

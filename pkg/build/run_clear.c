/* What was made in the image to mount on, and is no part of what the step did. */
#include "build/run_internal.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { MADE_MAX = 4 << 20 };

/* Where nobody put anything into it. */
static void clear(int tree, const char *path)
{
    const char *base = path_base(path);
    _cleanup_free_ char *parent = str_ndup(path, (size_t)(base - path));
    _cleanup_fd_ int dir = path_open_beneath(tree, *parent ? parent : ".", O_PATH | O_DIRECTORY, 0);
    struct stat st;

    if (dir < 0 || fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (S_ISDIR(st.st_mode))
        unlinkat(dir, base, AT_REMOVEDIR);
    else if (S_ISREG(st.st_mode) && st.st_size == 0)
        unlinkat(dir, base, 0);
}

int build_run_clear(int tree, int made, struct err *err)
{
    _cleanup_buf_ struct buf names = BUF_INIT_MAX(MADE_MAX);
    _cleanup_strv_ char **paths = NULL;
    int r = lseek(made, 0, SEEK_SET) < 0 ? err_errno(err, errno, "what was made to mount on")
                                         : fd_read_rest(made, "what was made to mount on", &names, err);

    if (r < 0)
        return r;
    for (const char *at = names.p; at && at < names.p + names.len; at += strlen(at) + 1)
        strv_add(&paths, at);
    for (size_t i = strv_len(paths); i-- > 0;)
        clear(tree, paths[i]);
    return 0;
}

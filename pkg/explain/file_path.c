#include "explain/file_path.h"

#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

enum { LINKS_MAX = 40 /* path_resolution(7) */ };

void explain_path_release(struct explain_path *p)
{
    VEC_FOREACH (l, &p->links) {
        free(l->path);
        free(l->to);
    }
    free(p->links.v);
    free(p->path);
    *p = (struct explain_path){0};
}

static bool is_proc(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static void go_up(char *at)
{
    char *slash = strrchr(at, '/');

    if (slash)
        *slash = 0;
}

/* `*at` is where we are ("": the root), `*rest` what is still to go. 1: went on, 0: at the end. */
static int follow_link(int fd, const char *next, char **at, char **rest, struct explain_path *ret)
{
    char to[PATH_MAX];
    ssize_t n = readlinkat(fd, "", to, sizeof(to) - 1);

    if (n < 0)
        return -errno;
    if (ret->links.n == LINKS_MAX)
        return -ELOOP;
    to[n] = 0;
    *VEC_PUSH(&ret->links) = (struct explain_link){str_dup(next), str_dup(to)};
    if (*to == '/')
        **at = 0;
    str_replace(rest, str_printf("%s/%s", to, *rest));
    return strlen(*rest) < (size_t)4 * PATH_MAX ? 1 : -ENAMETOOLONG;
}

static int step(int root, const char *name, char **at, char **rest, struct explain_path *ret)
{
    _cleanup_free_ char *next = str_printf("%s/%s", *at, name);
    _cleanup_fd_ int fd = path_open_in_root(root, next, O_PATH | O_NOFOLLOW, 0);

    if (fd < 0 || fstat(fd, &ret->st) < 0) {
        int r = fd < 0 ? fd : -errno;

        str_replace(at, steal_ptr(&next));
        return r;
    }
    if (S_ISLNK(ret->st.st_mode) && !is_proc(fd))
        return follow_link(fd, next, at, rest, ret);
    str_replace(at, steal_ptr(&next));
    return S_ISLNK(ret->st.st_mode) ? 0 : 1;
}

int explain_path_follow(int root, const char *path, struct explain_path *ret)
{
    _cleanup_free_ char *at = str_dup(""), *rest = str_dup(path), *whole = NULL;
    int r = 1;

    *ret = (struct explain_path){0};
    if (fstat(root, &ret->st) < 0)
        r = -errno;
    while (r > 0) {
        size_t skip = strspn(rest, "/"), len = strcspn(rest + skip, "/");
        _cleanup_free_ char *name = str_ndup(rest + skip, len);

        if (!len)
            break;
        str_replace(&rest, str_dup(rest + skip + len));
        if (str_eq(name, ".."))
            go_up(at);
        else if (!str_eq(name, "."))
            r = step(root, name, &at, &rest, ret);
        else if (!S_ISDIR(ret->st.st_mode))
            r = -ENOTDIR;
    }
    whole = str_printf("%s/%s", at, r <= 0 ? rest : "");
    ret->path = path_clean(whole);
    return MIN_OF(r, 0);
}

/* What is made in the root to mount on, told to who wants to take it away again. */
#include "runtime/child.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

/* Where a descriptor leads, without links. */
static int read_place(int fd, char ret[PATH_MAX])
{
    char link[32];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, ret, PATH_MAX - 1);
    ret[MAX_OF(n, 0)] = 0;
    return n < 0 ? -errno : 0;
}

char *child_made_begin(const struct child *c, const char *path)
{
    _cleanup_free_ char *upto = str_dup(path);
    char place[PATH_MAX] = "";

    if (!c->start || c->start->made <= 0) /* who only looks at a root has no start */
        return NULL;
    for (;;) {
        char *base = (char *)path_base(upto);
        _cleanup_fd_ int fd = -1;

        while (base > upto && base[-1] == '/')
            base--;
        *base = 0;
        fd = path_open_in_root(c->root, *upto ? upto : ".", O_PATH | O_DIRECTORY, 0);
        if (fd >= 0 && read_place(fd, place) == 0)
            return str_dup(place);
        if (!*upto)
            return str_dup("");
    }
}

/* What lies between the two was made; behind a link that led nowhere, only what is told of is known to have been. */
void child_made_end(const struct child *c, const char *before, int fd)
{
    char root[PATH_MAX], place[PATH_MAX];
    const char *below, *rest;

    if (!before || read_place(c->root, root) < 0 || read_place(fd, place) < 0)
        return;
    below = str_after(place, root);
    rest = str_after(place, before);
    if (!below || *below != '/')
        return;
    if (!rest || *rest != '/' || strlen(before) < strlen(root))
        rest = strrchr(place, '/');
    for (char *end = place + (rest - place); *end;) {
        char saved;

        end += strspn(end, "/");
        end += strcspn(end, "/");
        saved = *end;
        *end = 0;
        fd_write_all(c->start->made, below + 1, strlen(below + 1) + 1);
        *end = saved;
    }
}

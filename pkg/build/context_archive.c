/* Contexts that come as a stream: a tar, compressed or not, by what it begins with; or the text of a Dockerfile. */
#include "build/context_internal.h"

#include "build/context_place.h"
#include "image/signals.h"
#include "layer/apply.h"
#include "layer/compression.h"
#include "layer/sandbox.h"
#include "layer/tar.h"
#include "layer/unpack.h"
#include "sys/aside.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>

/* ---- what it is ---- */

/* An empty tar is zeros. */
static bool is_zeros(const unsigned char *p)
{
    for (size_t i = 0; i < TAR_BLOCK; i++)
        if (p[i])
            return false;
    return true;
}

/* 1: an archive, its compression's library open; 0: text. */
static int identify(const unsigned char *p, size_t len, struct err *err)
{
    const struct compression *c;

    if (len == TAR_BLOCK && (tar_is_header(p) || is_zeros(p)))
        return 1;
    c = compression_find(p, len);
    if (!c)
        return 0;
    return compression_open(c, err) ? 1 : ERR_UNSUPPORTED;
}

/* ---- unpacking, in a process of its own ---- */

struct unpacking {
    int root, in;
    const void *start;
    size_t start_len;
};

static int unpack(void *data, int socket, struct err *err)
{
    struct unpacking *u = data;
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = NULL;
    const uid_t owner[] = {geteuid(), getegid()};
    struct layer_unpack how = {.below = ".", .owner = owner, .modest = true};
    int keep[] = {u->in, socket};
    int r = layer_sandbox_enter(&u->root, NULL, keep, ARRAY_SIZE(keep), true, err);

    if (r < 0)
        return r;
    how.root = u->root;
    source = layer_source_pipe(u->in);
    layer_source_begin_with(source, u->start, u->start_len);
    return layer_unpack(&how, source, err);
}

static int unpack_confined(struct unpacking *u, struct err *err)
{
    const struct aside confined = {.work = unpack, .data = u, .stop = &image_interrupted};
    int r = layer_open_libraries(err);

    return r < 0 ? r : aside(&confined, err);
}

/* ---- a place for it ---- */

void context_remove(struct build_context *c)
{
    _cleanup_fd_ int tmp = c->name && c->lock >= 0 ? openat(c->lock, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (tmp >= 0)
        path_remove_tree(tmp, c->name, NULL);
}

int context_from_stream(struct store *s, int fd, const char *what, struct build_context *ret, struct buf *text,
                        struct err *err)
{
    unsigned char start[TAR_BLOCK];
    ssize_t n = fd_read_all(fd, start, sizeof(start));
    struct unpacking u = {.in = fd, .start = start, .start_len = (size_t)n};
    int r;

    if (n < 0)
        return err_errno(err, (int)-n, "reading %s", what);
    r = identify(start, (size_t)n, err);
    if (r == 0) {
        r = buf_append(text, start, (size_t)n, err);
        return r < 0 ? r : fd_read_rest(fd, what, text, err);
    }
    if (r == 1)
        r = context_make_place(s, ret, err);
    if (r == 0) {
        u.root = ret->dir;
        r = unpack_confined(&u, err);
    }
    return r < 0 && r != ERR_INTERRUPTED ? err_wrap(err, "%s", what) : r;
}

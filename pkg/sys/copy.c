#include "sys/copy.h"

#include "sys/fd.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/sendfile.h>

enum {
    STEP = 16 << 20, /* what one call moves */
    CHUNK = 256 << 10,
};

/* A way of moving bytes: how many it moved, 0 at the end of the file, or -1 with errno. */
typedef ssize_t (*mover)(int in, off_t *offset, int out, size_t len);

static ssize_t by_copy(int in, off_t *offset, int out, size_t len)
{
    return copy_file_range(in, offset, out, NULL, len, 0);
}

static ssize_t by_sendfile(int in, off_t *offset, int out, size_t len)
{
    return sendfile(out, in, offset, len);
}

static ssize_t by_hand(int in, off_t *offset, int out, size_t len)
{
    _cleanup_free_ char *chunk = mem_alloc(CHUNK);
    ssize_t n = pread(in, chunk, MIN_OF(len, (size_t)CHUNK), *offset);
    int r;

    if (n <= 0)
        return n;
    r = fd_write_all(out, chunk, (size_t)n);
    if (r < 0) {
        errno = -r;
        return -1;
    }
    *offset += n;
    return n;
}

/* What a way says of these two files, before it moved anything. */
static bool cannot(int error)
{
    return error == EINVAL || error == ENOSYS || error == EXDEV || error == EBADF || error == EOPNOTSUPP ||
           error == EPERM || error == EIO;
}

int copy_range(int in, int64_t offset, int out, int64_t len, const volatile sig_atomic_t *stop)
{
    static const mover ways[] = {by_copy, by_sendfile, by_hand};
    off_t at = offset;
    size_t way = 0;

    while (len > 0) {
        ssize_t n;

        if (stop && *stop)
            return -EINTR;
        n = ways[way](in, &at, out, (size_t)MIN_OF(len, STEP));
        if (n > 0) {
            len -= n;
            continue;
        }
        /* Some file systems answer copy_file_range(2) with 0 for what they cannot do. */
        if (way + 1 < ARRAY_SIZE(ways) && (n == 0 || cannot(errno)))
            way++;
        else if (n == 0)
            return -ENODATA;
        else if (!fd_again(out, POLLOUT))
            return -errno;
    }
    return 0;
}

int copy_pieces(int in, int out, int64_t size, const volatile sig_atomic_t *stop)
{
    int64_t at = 0;

    while (at < size) {
        int64_t start = lseek(in, at, SEEK_DATA), end;
        int r;

        if (start < 0 && errno == ENXIO)
            break;
        start = start < 0 ? at : start; /* a file system without holes */
        end = lseek(in, start, SEEK_HOLE);
        end = end < 0 || end > size ? size : end;
        if (start >= end)
            break;
        if (lseek(out, start, SEEK_SET) < 0)
            return -errno;
        r = copy_range(in, start, out, end - start, stop);
        if (r < 0)
            return r;
        at = end;
    }
    return ftruncate(out, size) < 0 ? -errno : 0;
}

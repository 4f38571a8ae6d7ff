#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

int fd_close(int fd)
{
    if (fd >= 0) {
        int saved = errno;

        close(fd); /* no retry on EINTR: Linux has released the number */
        errno = saved;
    }
    return -1;
}

bool fd_again(int fd, short events)
{
    struct pollfd ready = {.fd = fd, .events = events};
    int flags, failure = errno;

    if (failure == EINTR)
        return true;
    flags = failure == EAGAIN ? fcntl(fd, F_GETFL) : -1;
    if (flags >= 0 && flags & O_NONBLOCK && (poll(&ready, 1, -1) >= 0 || errno == EINTR))
        return true;
    errno = failure;
    return false;
}

int fd_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0) {
            if (fd_again(fd, POLLOUT))
                continue;
            return -errno;
        }
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

ssize_t fd_read_all(int fd, void *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = read(fd, (char *)data + done, len - done);

        if (n < 0) {
            if (fd_again(fd, POLLIN))
                continue;
            return -errno;
        }
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

ssize_t fd_pread_all(int fd, void *data, size_t len, int64_t offset)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, (char *)data + done, len - done, offset + (int64_t)done);

        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int fd_read_rest(int fd, const char *what, struct buf *b, struct err *err)
{
    for (;;) {
        /* One byte beyond the limit tells a file that fits from one that does not. */
        size_t room = b->max ? MIN_OF(b->max - b->len, (size_t)64 << 10) : (size_t)64 << 10;
        char probe = 0;
        void *to = room ? buf_reserve(b, room) : &probe;
        ssize_t n = read(fd, to, room ? room : 1);

        if (n < 0) {
            if (fd_again(fd, POLLIN))
                continue;
            return err_errno(err, errno, "reading %s", what);
        }
        if (n == 0)
            return 0;
        if (!room)
            return err_set(err, ERR_LIMIT, "%s is larger than the limit of %zu bytes", what, b->max);
        buf_grown(b, (size_t)n);
    }
}

static int read_file(int dirfd, const char *path, int flags, struct buf *b, struct err *err)
{
    _cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "opening %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INVALID, "%s is not a regular file", path);
    if (st.st_size > 0 && (!b->max || b->len + (size_t)st.st_size < b->max))
        buf_reserve(b, (size_t)st.st_size + 1); /* at once: what grows is copied */
    return fd_read_rest(fd, path, b, err);
}

int fd_read_file(int dirfd, const char *path, struct buf *b, struct err *err)
{
    return read_file(dirfd, path, O_NOFOLLOW, b, err);
}

int fd_read_user_file(const char *path, struct buf *b, struct err *err)
{
    return read_file(AT_FDCWD, path, 0, b, err);
}

int fd_write_text(int dirfd, const char *path, const char *text)
{
    _cleanup_fd_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    size_t len = strlen(text);
    ssize_t n;

    if (fd < 0)
        return -errno;
    do {
        n = write(fd, text, len);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return (size_t)n == len ? 0 : -EIO;
}

int fd_set_nonblock(int fd, int on)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0)
        return -errno;
    flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

void fd_close_inherited(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        int fd = atoi(entry->d_name), flags = fd > 2 ? fcntl(fd, F_GETFD) : -1;

        if (flags >= 0 && !(flags & FD_CLOEXEC))
            close(fd);
    }
    if (dir)
        closedir(dir);
}

void fd_hold_stdio(void)
{
    /* Open for what it is not used for: reading and writing go on to fail as they would have. */
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            _exit(125);
}

#include "logging/files.h"

#include "layer/codec.h"
#include "logging/lines.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>

enum { UNPACK_BLOCK = 64 << 10 };
/* Where files have no bound: one that is compressed is never made so. */
#define UNPACKED_MAX (INT64_C(1) << 30)

void log_opened_release(struct log_opened *o)
{
    o->fd = fd_close(o->fd);
}

static char *name_of(const struct log_files *f, int64_t i, bool compressed)
{
    return i ? str_printf("%s.%" PRId64 "%s", f->name, i, compressed ? ".gz" : "") : str_dup(f->name);
}

static int unpack_into(int from, int to, int64_t max, const char *name, struct err *err)
{
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = layer_source_file(from);
    _cleanup_(decoder_free_cleanup) struct decoder *decoder = NULL;
    _cleanup_free_ char *block = mem_alloc(UNPACK_BLOCK);
    int64_t size = 0;
    ssize_t n = decoder_new(source, NULL, &decoder, err);
    int r;

    while (n >= 0) {
        n = decoder_read(decoder, block, UNPACK_BLOCK, err);
        if (n <= 0)
            break;
        size += n;
        if (size > max)
            return err_set(err, ERR_LIMIT, "%s: larger than the limit of %" PRId64 " bytes", name, max);
        r = fd_write_all(to, block, (size_t)n);
        if (r < 0)
            return err_errno(err, -r, "unpacking %s", name);
    }
    return n < 0 ? err_wrap(err, "%s", name) : 0;
}

static int unpack(int from, int64_t max, const char *name, int *ret, struct err *err)
{
    _cleanup_fd_ int to = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    int r;

    if (to < 0)
        to = memfd_create("log", MFD_CLOEXEC);
    if (to < 0)
        return err_errno(err, errno, "unpacking %s", name);
    r = unpack_into(from, to, max, name, err);
    if (r == 0)
        *ret = steal_fd(&to);
    return r;
}

static int open_one(const struct log_files *f, const char *name, bool compressed, struct log_opened *ret,
                    struct err *err)
{
    _cleanup_fd_ int fd = openat(f->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    int r = 0;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &ret->as) < 0)
        return err_errno(err, errno, "%s", name);
    if (!S_ISREG(ret->as.st_mode))
        return err_set(err, ERR_CORRUPT, "%s: not a regular file", name);
    if (compressed)
        r = unpack(fd, f->max_size ? f->max_size + LOG_LINE_MAX : UNPACKED_MAX, name, &ret->fd, err);
    else
        ret->fd = steal_fd(&fd);
    return r < 0 ? r : 1;
}

int log_files_open(const struct log_files *f, int64_t i, struct log_opened *ret, struct err *err)
{
    _cleanup_free_ char *plain = name_of(f, i, false), *compressed = name_of(f, i, true);
    int r;

    *ret = (struct log_opened){.fd = -1};
    r = open_one(f, plain, false, ret, err);
    return r == 0 && i ? open_one(f, compressed, true, ret, err) : r;
}

/* Whether a file that is open is the one with this name: compressing one keeps its time of change. */
static bool is_same(const struct log_files *f, int64_t i, const struct stat *as)
{
    _cleanup_free_ char *plain = name_of(f, i, false), *compressed = name_of(f, i, true);
    struct stat st;

    if (fstatat(f->dir, plain, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == as->st_ino && st.st_dev == as->st_dev)
        return true;
    return i && fstatat(f->dir, compressed, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtim.tv_sec == as->st_mtim.tv_sec &&
           st.st_mtim.tv_nsec == as->st_mtim.tv_nsec;
}

static bool exists(const struct log_files *f, int64_t i)
{
    _cleanup_free_ char *plain = name_of(f, i, false), *compressed = name_of(f, i, true);

    return faccessat(f->dir, plain, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           faccessat(f->dir, compressed, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int64_t log_files_count(const struct log_files *f)
{
    int64_t n = 0;

    for (int64_t i = 1; i < f->max_file && i <= n + 2; i++)
        if (exists(f, i))
            n = i;
    return n;
}

int64_t log_files_find(const struct log_files *f, int fd)
{
    struct stat as;
    int64_t n = log_files_count(f);

    if (fd < 0 || fstat(fd, &as) < 0)
        return -1;
    for (int64_t i = 0; i <= n; i++)
        if (is_same(f, i, &as))
            return i;
    return -1;
}

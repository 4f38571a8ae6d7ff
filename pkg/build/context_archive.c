/* Contexts that come as a stream: a tar, compressed or not, by what it begins with; or the text of a Dockerfile. */
#include "build/context_internal.h"

#include "build/context_place.h"
#include "image/signals.h"
#include "layer/apply.h"
#include "layer/codec.h"
#include "layer/sandbox.h"
#include "layer/tar.h"
#include "layer/unpack.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { BLOCK = 512, CHUNK = 256 << 10 };

/* ---- what it is ---- */

static const struct {
    const char *name, *magic;
    size_t len;
} unsupported[] = {
    {"xz", "\xfd\x37zXZ\0", 6},
    {"bzip2", "BZh", 3},
};

/* An empty tar is zeros. */
static bool is_zeros(const unsigned char *p)
{
    for (size_t i = 0; i < BLOCK; i++)
        if (p[i])
            return false;
    return true;
}

/* 1: an archive; 0: text. */
static int identify(const unsigned char *p, size_t len, const char *what, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++) {
        if (len < unsupported[i].len || memcmp(p, unsupported[i].magic, unsupported[i].len) != 0)
            continue;
        err_set(err, ERR_UNSUPPORTED, "%s: compressed with %s, which is not supported", what, unsupported[i].name);
        return err_hint(err, "gzip, zstd and no compression are");
    }
    if (codec_zlib.is_frame(p, len) || codec_zstd.is_frame(p, len))
        return 1;
    return len == BLOCK && (tar_is_header(p) || is_zeros(p));
}

/* ---- unpacking, in a process of its own ---- */

struct report {
    int result;
    struct err err;
};

static int unpack(int root, int in, struct err *err)
{
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = layer_source_pipe(in);
    const uid_t owner[] = {geteuid(), getegid()};
    struct layer_unpack how = {.root = root, .below = ".", .owner = owner};

    return layer_unpack(&how, source, err);
}

static _Noreturn void run_child(int root, int in, int report, pid_t parent)
{
    struct report said = {0};
    int keep[] = {in, report};

    image_signals_child(parent);
    said.result = layer_sandbox_enter(&root, keep, ARRAY_SIZE(keep), true, &said.err);
    if (said.result == 0)
        said.result = unpack(root, in, &said.err);
    _exit(fd_write_all(report, &said, sizeof(said)) < 0);
}

/* Hands `in` on. That nobody wants more is for the report to explain. */
static int relay(int in, const void *start, size_t len, int out, const char *what, struct err *err)
{
    _cleanup_free_ char *chunk = mem_alloc(CHUNK);
    int r = fd_write_all(out, start, len);

    while (r == 0) {
        ssize_t n = read(in, chunk, CHUNK);

        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR) {
            r = image_signals_check(err);
            if (r < 0)
                return r;
            continue;
        }
        if (n < 0)
            return err_errno(err, errno, "reading %s", what);
        r = fd_write_all(out, chunk, (size_t)n);
    }
    return r == -EPIPE ? 0 : err_errno(err, -r, "passing on %s", what);
}

static int take_report(int fd, const char *what, struct err *err)
{
    struct report said;

    if (fd_read_all(fd, &said, sizeof(said)) != (ssize_t)sizeof(said)) {
        err_set(err, ERR_IO, "%s: the unpacking process died", what);
        return err_hint(err, "the system may be short of memory");
    }
    if (said.result == 0)
        return 0;
    said.err.text[ERR_TEXT_MAX - 1] = 0;
    return err_set(err, said.result < 0 && said.result >= ERR_INTERNAL ? said.result : ERR_INTERNAL, "%s: %s", what,
                   said.err.text);
}

static int unpack_stream(int root, int in, const void *start, size_t len, const char *what, struct err *err)
{
    struct sigaction ignored = {.sa_handler = SIG_IGN}, old;
    int data[2], report[2], status, r;
    pid_t parent = getpid(), pid;

    if (pipe2(data, O_CLOEXEC) < 0)
        return err_errno(err, errno, "making a pipe");
    if (pipe2(report, O_CLOEXEC) < 0) {
        fd_close(data[0]);
        fd_close(data[1]);
        return err_errno(err, errno, "making a pipe");
    }
    pid = fork();
    if (pid == 0) {
        fd_close(data[1]);
        run_child(root, data[0], report[1], parent);
    }
    fd_close(data[0]);
    fd_close(report[1]);
    sigaction(SIGPIPE, &ignored, &old);
    r = pid < 0 ? err_errno(err, errno, "starting a process") : relay(in, start, len, data[1], what, err);
    sigaction(SIGPIPE, &old, NULL);
    fd_close(data[1]);
    if (r == 0)
        r = take_report(report[0], what, err);
    fd_close(report[0]);
    if (pid > 0) {
        kill(pid, SIGKILL); /* it has said what it had to say */
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    return r;
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
    unsigned char start[BLOCK];
    ssize_t n = fd_read_all(fd, start, sizeof(start));
    int r;

    if (n < 0)
        return err_errno(err, (int)-n, "reading %s", what);
    r = identify(start, (size_t)n, what, err);
    if (r < 0)
        return r;
    if (r == 0) {
        r = buf_append(text, start, (size_t)n, err);
        return r < 0 ? r : fd_read_rest(fd, what, text, err);
    }
    r = layer_open_libraries(err);
    if (r == 0)
        r = context_make_place(s, ret, err);
    return r < 0 ? r : unpack_stream(ret->dir, fd, start, (size_t)n, what, err);
}

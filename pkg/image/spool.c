#include "image/spool.h"

#include "base/id.h"
#include "image/signals.h"
#include "layer/apply.h"
#include "layer/codec.h"
#include "layer/sandbox.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>

enum { CHUNK = 256 << 10, MAGIC_MAX = 6, DIRECTORY_NAME_MAX = 40 };

static const struct {
    const char *name;
    const char *magic;
    size_t len;
} other_compressions[] = {
    {"xz", "\xfd\x37zXZ\0", 6}, {"bzip2", "BZh", 3},         {"lz4", "\x04\x22\x4d\x18", 4},
    {"lzip", "LZIP", 4},        {"compress", "\x1f\x9d", 2}, {"lzop", "\x89LZO", 4},
};

int image_spool_identify(int fd, int64_t offset, enum oci_compression *ret, struct err *err)
{
    unsigned char start[MAGIC_MAX];
    ssize_t n = fd_pread_all(fd, start, sizeof(start), offset);

    if (n < 0)
        return err_errno(err, (int)-n, "reading");
    *ret = codec_zlib.is_frame(start, (size_t)n)   ? OCI_COMPRESSION_GZIP
           : codec_zstd.is_frame(start, (size_t)n) ? OCI_COMPRESSION_ZSTD
                                                   : OCI_COMPRESSION_NONE;
    for (size_t i = 0; i < ARRAY_SIZE(other_compressions); i++) {
        size_t len = other_compressions[i].len;

        if ((size_t)n < len || memcmp(start, other_compressions[i].magic, len) != 0)
            continue;
        err_set(err, ERR_UNSUPPORTED, "compressed with %s, which is not supported", other_compressions[i].name);
        return err_hint(err, "gzip, zstd and no compression are; unpack it with %s first", other_compressions[i].name);
    }
    return 0;
}

/* ---- the confined process ---- */

struct spooling {
    int in;
    int out; /* -1: the digest is wanted, of a file that is read from its start */
};

struct report {
    int result;
    struct digest_computed digest;
    struct err err;
};

/* Everything to the file, or into the digest. */
static int pass_on(struct decoder *d, int out, struct digest_stream *digest, struct err *err)
{
    _cleanup_free_ char *chunk = mem_alloc(CHUNK);

    for (;;) {
        ssize_t n = decoder_read(d, chunk, CHUNK, err);
        int r = 0;

        if (n <= 0)
            return (int)n;
        if (out < 0)
            digest_stream_update(digest, chunk, (size_t)n);
        else
            r = fd_write_all(out, chunk, (size_t)n);
        if (r < 0)
            return err_errno(err, -r, "writing what came out of it");
    }
}

static int decompress(const struct spooling *sp, struct digest_computed *ret, struct err *err)
{
    _cleanup_(layer_source_free_cleanup) struct layer_source *source =
        sp->out < 0 ? layer_source_file(sp->in) : layer_source_pipe(sp->in);
    _cleanup_(decoder_free_cleanup) struct decoder *d = NULL;
    _cleanup_(digest_stream_free_cleanup) struct digest_stream *digest = NULL;
    int r = decoder_new(source, NULL, &d, err);

    if (r == 0)
        r = digest_stream_new(DIGEST_SHA256, &digest, err);
    if (r == 0)
        r = pass_on(d, sp->out, digest, err);
    if (r == 0)
        digest_stream_final(digest, ret);
    return r;
}

static _Noreturn void run_child(const struct spooling *sp, int root, int report, pid_t parent)
{
    struct report said = {0};
    int keep[3] = {sp->in, report, sp->out};

    image_signals_child(parent);
    said.result = layer_sandbox_enter(&root, keep, sp->out < 0 ? 2 : 3, true, &said.err);
    if (said.result == 0)
        said.result = decompress(sp, &said.digest, &said.err);
    _exit(fd_write_all(report, &said, sizeof(said)) < 0);
}

/* ---- its parent ---- */

/* A number and texts of the child's, which are no more than that. */
static int take_report(struct report *said, struct digest_computed *ret, struct err *err)
{
    char text[DIGEST_TEXT_MAX];

    if (said->result == 0) {
        said->digest.digest.hex[DIGEST_HEX_MAX] = 0;
        if (said->digest.digest.algorithm != DIGEST_SHA256 ||
            digest_parse(digest_format(&said->digest.digest, text), &said->digest.digest, NULL) < 0)
            return err_set(err, ERR_INTERNAL, "the decompressing process reports nonsense");
        *ret = said->digest;
        return 0;
    }
    said->err.text[ERR_TEXT_MAX - 1] = 0;
    said->err.hint[ERR_HINT_MAX - 1] = 0;
    err_set(err, said->result < 0 && said->result >= ERR_INTERNAL ? said->result : ERR_INTERNAL, "%s", said->err.text);
    return said->err.hint[0] ? err_hint(err, "%s", said->err.hint) : err->kind;
}

static int wait_for_report(int pipe_fd, int wake_fd, struct digest_computed *ret, struct err *err)
{
    struct pollfd p[] = {{.fd = pipe_fd, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
    struct report said;

    while (poll(p, ARRAY_SIZE(p), -1) < 0)
        if (errno != EINTR)
            return err_errno(err, errno, "poll");
    if (p[1].revents)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    if (fd_read_all(pipe_fd, &said, sizeof(said)) != (ssize_t)sizeof(said)) {
        err_set(err, ERR_IO, "the decompressing process died");
        return err_hint(err, "the system may be short of memory");
    }
    return take_report(&said, ret, err);
}

static int start_and_wait(const struct spooling *sp, int root, int wake_fd, struct digest_computed *ret,
                          struct err *err)
{
    pid_t parent = getpid(), pid;
    int report[2], status, r;

    if (pipe2(report, O_CLOEXEC) < 0)
        return err_errno(err, errno, "making a pipe");
    pid = fork();
    if (pid == 0)
        run_child(sp, root, report[1], parent);
    fd_close(report[1]);
    r = pid < 0 ? err_errno(err, errno, "starting a process") : wait_for_report(report[0], wake_fd, ret, err);
    fd_close(report[0]);
    if (pid > 0) {
        kill(pid, SIGKILL); /* it has said what it had to say */
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    return r;
}

/* The process gets an empty directory for its root. */
static int run_confined(struct store *s, const struct spooling *sp, int wake_fd, struct digest_computed *ret,
                        struct err *err)
{
    char name[DIRECTORY_NAME_MAX], unique[25];
    _cleanup_fd_ int root = -1;
    int tmp, r = layer_open_libraries(err);

    if (r == 0)
        r = store_dir(s, STORE_TMP, &tmp, err);
    if (r < 0)
        return r;
    id_hex(unique, 24);
    snprintf(name, sizeof(name), "spool-%s", unique);
    r = lock_make_dir(tmp, name, 0700, &root, err);
    if (r < 0)
        return r;
    failpoint("spool");
    r = start_and_wait(sp, root, wake_fd, ret, err);
    unlinkat(tmp, name, AT_REMOVEDIR);
    return r;
}

int image_spool_decompress(struct store *s, int in, int out, int wake_fd, struct err *err)
{
    const struct spooling sp = {.in = in, .out = out};
    struct digest_computed digest;
    enum oci_compression inside;
    int r = run_confined(s, &sp, wake_fd, &digest, err);

    return r < 0 ? r : image_spool_identify(out, 0, &inside, err);
}

int image_spool_measure(struct store *s, int fd, int wake_fd, struct digest_computed *ret, struct err *err)
{
    const struct spooling sp = {.in = fd, .out = -1};

    return run_confined(s, &sp, wake_fd, ret, err);
}

int image_spool_digest(int in, int out, struct digest_computed *ret, struct err *err)
{
    _cleanup_(digest_stream_free_cleanup) struct digest_stream *digest = NULL;
    _cleanup_free_ char *chunk = mem_alloc(CHUNK);
    int r = digest_stream_new(DIGEST_SHA256, &digest, err);

    while (r == 0) {
        ssize_t n = read(in, chunk, CHUNK);

        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "reading");
        r = image_signals_check(err);
        if (n == 0)
            break;
        if (n < 0 || r < 0)
            continue;
        digest_stream_update(digest, chunk, (size_t)n);
        if (out >= 0 && (r = fd_write_all(out, chunk, (size_t)n)) < 0)
            return err_errno(err, -r, "writing");
    }
    if (r == 0)
        digest_stream_final(digest, ret);
    return r;
}

int image_spool_digest_range(int fd, int64_t offset, int64_t size, struct digest_computed *ret, struct err *err)
{
    _cleanup_(digest_stream_free_cleanup) struct digest_stream *digest = NULL;
    _cleanup_free_ char *chunk = mem_alloc(CHUNK);
    int r = digest_stream_new(DIGEST_SHA256, &digest, err);

    for (int64_t end = offset + size; r == 0 && offset < end;) {
        ssize_t n = fd_pread_all(fd, chunk, (size_t)MIN_OF(end - offset, CHUNK), offset);

        if (n <= 0)
            return n < 0 ? err_errno(err, (int)-n, "reading") : err_set(err, ERR_CORRUPT, "cut off");
        digest_stream_update(digest, chunk, (size_t)n);
        offset += n;
        r = image_signals_check(err);
    }
    if (r == 0)
        digest_stream_final(digest, ret);
    return r;
}

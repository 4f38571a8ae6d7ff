#include "image/spool.h"

#include "base/id.h"
#include "image/signals.h"
#include "layer/apply.h"
#include "layer/compression.h"
#include "layer/sandbox.h"
#include "sys/aside.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

enum { CHUNK = 256 << 10, DIRECTORY_NAME_MAX = 40 };

int image_spool_identify(int fd, int64_t offset, enum oci_compression *ret, struct err *err)
{
    unsigned char start[COMPRESSION_START];
    ssize_t n = fd_pread_all(fd, start, sizeof(start), offset);
    const struct compression *c;

    if (n < 0)
        return err_errno(err, (int)-n, "reading");
    c = compression_find(start, (size_t)n);
    *ret = c ? c->layers : OCI_COMPRESSION_NONE;
    return c && *ret == OCI_COMPRESSION_NONE ? compression_refuse(c, err) : 0;
}

/* ---- the confined process ---- */

struct spooling {
    int in;
    int out;  /* -1: the digest is wanted, of a file that is read from its start */
    int root; /* an empty directory */
    struct digest_computed digest;
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

static int work(void *data, int socket, struct err *err)
{
    struct spooling *sp = data;
    int keep[3] = {sp->in, socket, sp->out};
    int r = layer_sandbox_enter(&sp->root, NULL, keep, sp->out < 0 ? 2 : 3, true, err);

    return r < 0 ? r : decompress(sp, &sp->digest, err);
}

/* ---- its parent ---- */

/* What came out of the process is a digest, or is not used. */
static int check_digest(struct digest_computed *d, struct err *err)
{
    char text[DIGEST_TEXT_MAX];

    d->digest.hex[DIGEST_HEX_MAX] = 0;
    if (d->digest.algorithm != DIGEST_SHA256 || digest_parse(digest_format(&d->digest, text), &d->digest, NULL) < 0)
        return err_set(err, ERR_INTERNAL, "the decompressing process reports nonsense");
    return 0;
}

/* The process gets an empty directory for its root. */
static int run_confined(struct store *s, struct spooling *sp, struct digest_computed *ret, struct err *err)
{
    const struct aside confined = {
        .work = work, .data = sp, .answer = &sp->digest, .answer_len = sizeof(sp->digest), .stop = &image_interrupted};
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
    sp->root = root;
    r = aside(&confined, err);
    unlinkat(tmp, name, AT_REMOVEDIR);
    if (r == 0)
        r = check_digest(&sp->digest, err);
    if (r == 0)
        *ret = sp->digest;
    return r;
}

int image_spool_decompress(struct store *s, int in, int out, struct err *err)
{
    struct spooling sp = {.in = in, .out = out};
    struct digest_computed digest;
    enum oci_compression inside;
    int r = run_confined(s, &sp, &digest, err);

    return r < 0 ? r : image_spool_identify(out, 0, &inside, err);
}

int image_spool_measure(struct store *s, int fd, struct digest_computed *ret, struct err *err)
{
    struct spooling sp = {.in = fd, .out = -1};

    return run_confined(s, &sp, ret, err);
}

int image_spool_digest(int in, int out, struct digest_computed *ret, struct err *err)
{
    _cleanup_(digest_stream_free_cleanup) struct digest_stream *digest = NULL;
    _cleanup_free_ char *chunk = mem_alloc(CHUNK);
    int r = digest_stream_new(DIGEST_SHA256, &digest, err);

    while (r == 0) {
        ssize_t n = read(in, chunk, CHUNK);

        if (n < 0 && !fd_again(in, POLLIN))
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

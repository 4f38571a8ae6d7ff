/* Opening an archive of any kind. */
#include "build/add.h"

#include "layer/compression.h"
#include "layer/source.h"
#include "layer/stream.h"
#include "sys/fd.h"

/* NULL: it is plain, or no archive. */
static const struct compression *packing_of(const unsigned char *block, ssize_t n)
{
    const struct compression *c = compression_find(block, (size_t)n);

    return c && c->codec ? c : NULL;
}

int add_archive_likely(int fd, struct err *err)
{
    unsigned char block[TAR_BLOCK];
    ssize_t n = fd_pread_all(fd, block, sizeof(block), 0);
    const struct compression *c;

    if (n < 0)
        return err_errno(err, (int)-n, "reading it");
    c = packing_of(block, n);
    if (!c)
        return n == TAR_BLOCK && tar_is_header(block);
    if (compression_open(c, err))
        return 1;
    return err_hint(err, "install what is missing, or use ADD --unpack=false");
}

/* The first block, as far as it can be had: what cannot be decompressed is a file like others, as Docker has it. */
static int read_block(int fd, void *block, ssize_t *ret, struct err *err)
{
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = layer_source_file(fd);
    _cleanup_(decoder_free_cleanup) struct decoder *d = NULL;
    struct err why = ERR_INIT;
    int r = decoder_new_any(source, &d, &why);

    *ret = r < 0 ? r : decoder_read(d, block, TAR_BLOCK, &why);
    if (*ret != ERR_UNSUPPORTED && *ret != ERR_LIMIT)
        return 0;
    *err = why;
    return why.kind;
}

static int open_stream(int fd, struct add_archive *ret, struct err *err)
{
    int r;

    ret->source = layer_source_file(fd);
    r = layer_stream_new_any(ret->source, &ret->stream, err);
    if (r == 0)
        ret->tar = tar_reader_new(ret->stream);
    return r;
}

int add_archive_open(int fd, int64_t size, struct add_archive *ret, struct err *err)
{
    unsigned char block[TAR_BLOCK];
    ssize_t n = fd_pread_all(fd, block, sizeof(block), 0);
    bool packed = n > 0 && packing_of(block, n);
    int r = 0;

    if (n < 0)
        return err_errno(err, (int)-n, "reading it");
    if (packed)
        r = read_block(fd, block, &n, err);
    if (r < 0 || n != TAR_BLOCK || !tar_is_header(block))
        return MIN_OF(r, 0);
    if (packed)
        r = open_stream(fd, ret, err);
    else
        ret->tar = tar_reader_new_file(fd, size);
    return r < 0 ? r : tar_reader_next(ret->tar, &ret->first, err);
}

int add_archive_finish(struct add_archive *a, struct err *err)
{
    return tar_reader_drain(a->tar, err);
}

void add_archive_close(struct add_archive *a)
{
    if (a->tar)
        tar_reader_free(a->tar);
    if (a->stream)
        layer_stream_free(a->stream);
    if (a->source)
        layer_source_free(a->source);
    *a = ADD_ARCHIVE_NONE;
}

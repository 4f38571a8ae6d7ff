/* Decompressing (the first byte chooses the library that inflates gzip) and reading a tar, without writing anything. */
#include "layer/tar.h"
#include "sys/fd.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the reader promises about the content of a member. */
static int read_content(struct tar_reader *tar, const struct tar_member *m, struct err *err)
{
    const unsigned char *piece;
    size_t len;
    int64_t offset, end = 0;
    int r;

    while ((r = tar_reader_data(tar, &piece, &len, &offset, err)) == 1) {
        volatile unsigned char last = piece[len - 1];

        (void)last;
        if (!len || offset < end || offset + (int64_t)len > m->size)
            abort();
        end = offset + (int64_t)len;
    }
    return r;
}

static void read_all(struct layer_stream *stream)
{
    _cleanup_(tar_reader_free_cleanup) struct tar_reader *tar = tar_reader_new(stream);
    struct tar_member m;
    struct err err = ERR_INIT;
    int r;

    while ((r = tar_reader_next(tar, &m, &err)) == 1) {
        if (!*m.path || (m.type == TAR_SYMLINK) > (m.target != NULL) || m.mode > 07777 || m.size < 0)
            abort();
        for (size_t i = 0; i < m.n_xattrs; i++)
            if (!m.xattrs[i].name[0])
                abort();
        r = read_content(tar, &m, &err);
        if (r < 0)
            break;
    }
    if (r == 0)
        r = tar_reader_drain(tar, &err);
    if ((r < 0) != (err.kind < 0) || (r < 0 && !err.text[0]))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = NULL;
    _cleanup_(layer_stream_free_cleanup) struct layer_stream *stream = NULL;
    struct err err = ERR_INIT;
    _cleanup_fd_ int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (!size || fd < 0 || fd_write_all(fd, data + 1, size - 1) < 0)
        return 0;
    source = layer_source_file(fd);
    if (layer_stream_new(source, data[0] & 1 ? &codec_igzip : &codec_zlib, &stream, &err) == 0)
        read_all(stream);
    return 0;
}

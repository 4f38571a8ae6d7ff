#include "layer/apply.h"
#include "layer/overlay.h"

#include "layer/tar.h"
#include "layer/tree.h"
#include "layer/writer.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

int layer_open_libraries(struct err *err)
{
    struct digest_computed digest;
    int r = codec_gzip(err) ? 0 : ERR_UNSUPPORTED;

    codec_zstd.load(NULL);
    /* The first digest also reads libcrypto's configuration. */
    return r < 0 ? r : digest_compute(DIGEST_SHA256, "", 0, &digest, err);
}

static int apply_members(struct writer *w, struct tar_reader *tar, struct err *err)
{
    struct tar_member m;
    int r;

    while ((r = tar_reader_next(tar, &m, err)) == 1) {
        r = writer_member(w, tar, &m, err);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : tar_reader_drain(tar, err);
}

static int apply_stream(struct layer_stream *stream, const struct layer_apply_options *options,
                        struct layer_applied *ret, struct err *err)
{
    _cleanup_(tar_reader_free_cleanup) struct tar_reader *tar = tar_reader_new(stream);
    _cleanup_(writer_free_cleanup) struct writer *w = writer_new(options);
    int r = apply_members(w, tar, err);

    if (r == 0)
        r = writer_finish(w, err);
    if (r < 0)
        return r;
    *ret = (struct layer_applied){.compressed = layer_stream_consumed(stream)};
    layer_stream_digest(stream, &ret->diff_id);
    writer_count(w, ret);
    return 0;
}

int layer_apply(struct layer_source *source, const struct layer_apply_options *options, struct layer_applied *ret,
                struct err *err)
{
    _cleanup_(layer_stream_free_cleanup) struct layer_stream *stream = NULL;
    mode_t mask;
    int r = codec_gzip(err) ? 0 : ERR_UNSUPPORTED;

    if (r == 0)
        r = layer_stream_new(source, NULL, &stream, err);
    if (r < 0)
        return r;
    layer_stream_watch(stream, options->progress, options->progress_data);
    mask = umask(0);
    r = apply_stream(stream, options, ret, err);
    umask(mask);
    return r;
}

bool layer_tree_opaque(int tree_fd)
{
    _cleanup_fd_ int fd = openat(tree_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && layer_overlay_opaque(fd);
}

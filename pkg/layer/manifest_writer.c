#include "layer/manifest_writer.h"

#include "sys/fd.h"

enum { MANIFEST_BUFFER = 64 * 1024 };

void manifest_writer_release(struct manifest_writer *w)
{
    buf_free(&w->text);
}

int manifest_writer_flush(struct manifest_writer *w, struct err *err)
{
    int r = fd_write_all(w->fd, w->text.p, w->text.len);

    buf_clear(&w->text);
    return r < 0 ? err_errno(err, -r, "writing the layer's manifest") : 0;
}

int manifest_writer_add(struct manifest_writer *w, const struct layer_entry *e, struct err *err)
{
    layer_manifest_format(e, &w->text);
    return w->text.len >= MANIFEST_BUFFER ? manifest_writer_flush(w, err) : 0;
}

int manifest_writer_mark(struct manifest_writer *w, char type, const char *path, struct err *err)
{
    return manifest_writer_add(w, &(struct layer_entry){.type = type, .path = path}, err);
}

int manifest_writer_member(struct manifest_writer *w, const struct tar_member *m, const char *path, const char *target,
                           const uint32_t *crc, const char *xattrs, struct err *err)
{
    static const char types[] = {
        [TAR_FILE] = 'f',      [TAR_DIRECTORY] = 'd',    [TAR_SYMLINK] = 'l', [TAR_HARDLINK] = 'h',
        [TAR_CHARACTER] = 'c', [TAR_BLOCK_DEVICE] = 'b', [TAR_FIFO] = 'p',
    };
    const struct layer_entry e = {
        .type = types[m->type],
        .mode = m->mode,
        .uid = m->uid,
        .gid = m->gid,
        .mtime_sec = m->mtime_sec,
        .mtime_nsec = m->mtime_nsec,
        .size = m->size,
        .major = m->major,
        .minor = m->minor,
        .has_crc = crc != NULL,
        .crc32 = crc ? *crc : 0,
        .path = path,
        .target = target,
        .xattrs = *xattrs ? xattrs : NULL,
    };

    return manifest_writer_add(w, &e, err);
}

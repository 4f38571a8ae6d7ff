#include "image/save.h"

#include "base/id.h"
#include "image/announce.h"
#include "image/save_plan.h"
#include "image/signals.h"
#include "image/tree_blob.h"
#include "layer/hasher.h"
#include "layer/tar_write.h"
#include "oci/manifest.h"
#include "store/blob.h"
#include "sys/atomic.h"
#include "sys/copy.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "sys/output.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { PIECE = 256 << 10 };

/* ---- a tar ---- */

static int failed(int r, const char *doing, struct err *err)
{
    return r == -EINTR ? err_set(err, ERR_INTERRUPTED, "interrupted") : err_errno(err, -r, "%s", doing);
}

static int write_bytes(int out, struct buf *b, struct err *err)
{
    int r = fd_write_all(out, buf_str(b), b->len);

    buf_clear(b);
    return r < 0 ? failed(r, "writing the archive", err) : 0;
}

static int refuse_damaged(const struct save_part *part, struct err *err)
{
    char text[DIGEST_TEXT_MAX];

    err_set(err, ERR_CORRUPT, "blob %s is damaged: its bytes are not what it was verified to have",
            digest_format(&part->digest, text));
    return err_hint(err, "mend it (cbox system check --deep --repair), or pull or load the image again");
}

static int copy_file(const struct save_part *part, int in, int64_t offset, int64_t len, int out, struct err *err)
{
    int r = copy_range(in, offset, out, len, &image_interrupted);

    if (r == -ENODATA)
        return err_set(err, ERR_CORRUPT, "%s is cut off", part->name);
    return r < 0 ? failed(r, "writing the archive", err) : 0;
}

/* Digested piece by piece, beside the kernel's moving it: whoever gets the archive may not look for a long time. */
static int copy_verified(const struct save_part *part, int in, int out, struct err *err)
{
    _cleanup_(hasher_free_cleanup) struct hasher *hasher = NULL;
    _cleanup_free_ char *piece = mem_alloc(PIECE);
    struct digest_computed computed;
    int r = hasher_new(part->digest.algorithm, &hasher, err);

    for (int64_t at = 0; r == 0 && at < part->size; at += PIECE) {
        size_t len = (size_t)MIN_OF(part->size - at, PIECE);
        ssize_t n = fd_pread_all(in, piece, len, at);

        if (n < 0)
            return failed((int)n, part->name, err);
        hasher_add(hasher, piece, (size_t)n);
        r = copy_file(part, in, at, (int64_t)len, out, err);
    }
    if (r < 0)
        return r;
    hasher_final(hasher, &computed);
    return digest_verify(&part->digest, part->size, &computed, NULL) < 0 ? refuse_damaged(part, err) : 0;
}

static int copy_blob(struct store *s, const struct save_part *part, int out, struct err *err)
{
    const struct oci_descriptor layer = {
        .media_type = (char *)OCI_MEDIA_LAYER, .digest = part->digest, .size = part->size};
    _cleanup_fd_ int fd = -1;
    int r = 0;

    if (part->bytes.len) {
        r = fd_write_all(out, part->bytes.p, part->bytes.len);
        return r < 0 ? failed(r, "writing the archive", err) : 0;
    }
    if (part->tree)
        r = image_blob_open(s, &layer, &image_interrupted, &fd, err);
    else if (!part->made)
        r = store_blob_open(s, &part->digest, &fd, NULL, err);
    if (r < 0)
        return r;
    return part->made ? copy_file(part, part->made->fd, 0, part->size, out, err) : copy_verified(part, fd, out, err);
}

static void add_header(struct buf *b, enum tar_type type, const char *path, mode_t mode, int64_t size)
{
    const struct tar_member m = {.type = type, .path = path, .mode = mode, .size = size};

    tar_write_header(&m, b);
}

static int write_tar(struct store *s, const struct save_plan *plan, int out, struct err *err)
{
    static const char *const directories[] = {"blobs/", "blobs/sha256/"};
    _cleanup_buf_ struct buf pending = BUF_INIT; /* what stands between the contents of blobs, written at once */
    bool in_blobs = false;
    int r = 0;

    VEC_FOREACH (part, &plan->parts) {
        bool blob = part->digest.algorithm != DIGEST_NONE;

        for (size_t i = 0; blob && !in_blobs && i < ARRAY_SIZE(directories); i++)
            add_header(&pending, TAR_DIRECTORY, directories[i], 0755, 0);
        in_blobs = blob;
        add_header(&pending, TAR_FILE, part->name, 0644, part->size);
        if (blob) {
            r = write_bytes(out, &pending, err);
            if (r == 0)
                r = copy_blob(s, part, out, err);
        } else {
            buf_add(&pending, buf_str(&part->bytes), part->bytes.len);
        }
        if (r == 0)
            r = image_signals_check(err);
        if (r < 0)
            return r;
        failpoint("save-part");
        tar_write_padding(part->size, &pending);
    }
    tar_write_end(&pending);
    return write_bytes(out, &pending, err);
}

static int save_to_file(struct store *s, const struct save_plan *plan, const char *path, struct err *err)
{
    _cleanup_output_ struct output out = OUTPUT_NONE;
    int r = output_begin(path, 0600, &out, err);

    if (r == 0)
        r = write_tar(s, plan, out.fd, err);
    return r < 0 ? r : output_finish(&out, err);
}

/* ---- a directory ---- */

static int write_file(struct store *s, const struct save_part *part, int dir, struct err *err)
{
    _cleanup_fd_ int fd = openat(dir, part->name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    int r;

    if (fd < 0)
        return err_errno(err, errno, "%s", part->name);
    if (part->digest.algorithm != DIGEST_NONE)
        return copy_blob(s, part, fd, err);
    r = fd_write_all(fd, buf_str(&part->bytes), part->bytes.len);
    return r < 0 ? failed(r, part->name, err) : 0;
}

static int write_directory(struct store *s, const struct save_plan *plan, int dir, struct err *err)
{
    static const char *const directories[] = {"blobs", "blobs/sha256"};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        if (mkdirat(dir, directories[i], 0777) < 0)
            return err_errno(err, errno, "%s", directories[i]);
    VEC_FOREACH (part, &plan->parts) {
        if (part->digest.algorithm == DIGEST_SHA512 && mkdirat(dir, "blobs/sha512", 0777) < 0 && errno != EEXIST)
            return err_errno(err, errno, "blobs/sha512");
        r = write_file(s, part, dir, err);
        if (r == 0)
            r = image_signals_check(err);
        if (r < 0)
            return r;
        failpoint("save-part");
    }
    return syncfs(dir) < 0 ? err_errno(err, errno, "writing back") : 0;
}

/* Made beside its place, under a name that starts with ".tmp-", and then put there: over nothing or an empty one. */
static int save_to_directory(struct store *s, const struct save_plan *plan, const char *path, struct err *err)
{
    _cleanup_free_ char *clean = path_clean(path), *temporary = NULL, *parent = NULL;
    _cleanup_fd_ int dir = -1;
    char unique[25];
    int r = 0;

    id_hex(unique, 24);
    temporary = str_printf("%.*s.tmp-%s", (int)(path_base(clean) - clean), clean, unique);
    if (mkdir(temporary, 0777) < 0)
        return err_errno(err, errno, "making a directory beside %s", path);
    dir = open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        r = err_errno(err, errno, "%s", temporary);
    if (r == 0)
        r = write_directory(s, plan, dir, err);
    if (r == 0 && rename(temporary, clean) < 0) {
        r = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR
                ? err_set(err, ERR_EXISTS, "%s is there already and no empty directory", path)
                : err_errno(err, errno, "%s", path);
    }
    if (r < 0) {
        path_remove_tree(AT_FDCWD, temporary, NULL);
        return r;
    }
    parent = str_ndup(clean, (size_t)(path_base(clean) - clean));
    return atomic_sync_dir(AT_FDCWD, *parent ? parent : ".", err); /* its name as well */
}

/* ---- saving ---- */

static int write_plan(struct store *s, const struct save_plan *plan, enum image_save_format format, const char *path,
                      struct err *err)
{
    if (format == IMAGE_SAVE_DIRECTORY)
        return save_to_directory(s, plan, path, err);
    return path ? save_to_file(s, plan, path, err) : write_tar(s, plan, STDOUT_FILENO, err);
}

static int save(struct store *s, char *const *names, const struct image_save_options *options, const char *path,
                struct err *err)
{
    _cleanup_(save_plan_release) struct save_plan plan = {0};
    int r = save_plan_make(s, names, options, &plan, err);

    return r < 0 ? r : write_plan(s, &plan, options->format, path, err);
}

int image_save_made(struct store *s, const struct image_made *made, enum image_save_format format, const char *path,
                    struct err *err)
{
    const struct image_save_options options = {.format = format};
    _cleanup_(save_plan_release) struct save_plan plan = {0};
    int r = save_plan_make_of(s, made, &options, &plan, err);

    return r < 0 ? r : write_plan(s, &plan, format, path, err);
}

static void announce(struct store *s, const char *name)
{
    _cleanup_(store_tag_release) struct store_tag t = {0};

    if (image_find(s, name, &t, NULL) == 0)
        image_announce(s, "save", &t.id, NULL);
}

int image_save(struct store *s, char *const *names, const struct image_save_options *options, const char *path,
               struct err *err)
{
    struct image_signals signals;
    int r;

    if (options->format == IMAGE_SAVE_DIRECTORY && !path)
        return err_set(err, ERR_INVALID, "a directory is not written to standard output");
    r = image_signals_begin(&signals, err);
    if (r < 0)
        return r;
    r = save(s, names, options, path, err);
    image_signals_end(&signals);
    STRV_FOREACH (name, names)
        if (r == 0)
            announce(s, *name);
    return r;
}

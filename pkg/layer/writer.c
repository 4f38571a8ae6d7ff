#include "layer/writer.h"

#include "base/log.h"
#include "layer/attributes.h"
#include "layer/manifest_writer.h"
#include "layer/tree.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct writer {
    struct tree *tree;
    struct manifest_writer manifest;
    char xattrs[DIGEST_HEX_MAX + 1]; /* of the current member */
    int64_t bytes, members, left_out;
};

/* A member on its way into the tree. */
struct place {
    const char *path; /* clean */
    struct tree_dir dir;
    const char *base;
};

void writer_free(struct writer *w)
{
    if (!w)
        return;
    tree_free(w->tree);
    manifest_writer_release(&w->manifest);
    free(w);
}

void writer_count(const struct writer *w, struct layer_applied *ret)
{
    ret->bytes = w->bytes;
    ret->members = w->members;
    ret->left_out = w->left_out;
}

static int manifest_mark(struct writer *w, char type, const char *path, struct err *err)
{
    return manifest_writer_mark(&w->manifest, type, path, err);
}

static int manifest_member(struct writer *w, const struct tar_member *m, const char *path, const char *target,
                           const uint32_t *crc, struct err *err)
{
    w->members++;
    return manifest_writer_member(&w->manifest, m, path, target, crc, w->xattrs, err);
}

/* A parent that the tar did not have so far. */
static int manifest_made(int dirfd, const char *name, const char *path, bool opaque, void *data, struct err *err)
{
    struct writer *w = data;
    struct tar_member m = {.type = TAR_DIRECTORY, .mode = 0755, .uid = geteuid(), .gid = getegid()};
    struct layer_entry e = {.type = 'd', .mode = m.mode, .uid = m.uid, .gid = m.gid, .path = path};
    int r = attributes_set(dirfd, name, &m, w->xattrs, err);

    if (r == 0 && opaque)
        r = manifest_mark(w, '-', path, err);
    if (r == 0)
        r = manifest_writer_add(&w->manifest, &e, err);
    return r == 0 && opaque ? manifest_mark(w, 'o', path, err) : r;
}

struct writer *writer_new(const struct layer_apply_options *options)
{
    struct writer *w = mem_zalloc(1, sizeof(*w));

    w->tree = tree_new(options->tree_fd, options->user_xattr, manifest_made, w);
    w->manifest.fd = options->manifest_fd;
    return w;
}

/* Removes what has a member's name, as the later one counts. */
static int place_clear(struct writer *w, struct place *p, struct err *err)
{
    int r = tree_remove(w->tree, &p->dir, p->base, err);

    return r < 0 ? r : manifest_mark(w, '-', p->path, err);
}

/* Runs `call`, which gives -1 and errno, once more where the name was taken. */
#define PLACE_TRY(w, p, result, call, err)        \
    do {                                          \
        (result) = (call);                        \
        if ((result) < 0 && errno == EEXIST) {    \
            int cleared = place_clear(w, p, err); \
            if (cleared < 0)                      \
                return cleared;                   \
            (result) = (call);                    \
        }                                         \
    } while (0)

static int set_times(int dirfd, const char *name, const struct tar_member *m, struct err *err)
{
    /* The time of access is no part of a layer: this one is at least the same on each machine. */
    struct timespec times[] = {{.tv_sec = m->mtime_sec, .tv_nsec = m->mtime_nsec},
                               {.tv_sec = m->mtime_sec, .tv_nsec = m->mtime_nsec}};

    if (name ? utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) : futimens(dirfd, times))
        return err_errno(err, errno, "setting the time");
    return 0;
}

/* Copies the content; `ret_crc` only where `*ret_whole`, that is without holes. */
static int write_content(struct tar_reader *tar, const struct tar_member *m, int fd, uint32_t *ret_crc, bool *ret_whole,
                         struct err *err)
{
    const unsigned char *data;
    int64_t end = 0, offset;
    uint32_t crc = 0;
    bool whole = true;
    size_t len;
    int r;

    while ((r = tar_reader_data(tar, &data, &len, &offset, err)) == 1) {
        whole = whole && offset == end;
        crc = whole ? codec_crc32(crc, data, len) : 0;
        end = offset + (int64_t)len;
        while (len) {
            ssize_t n = pwrite(fd, data, len, offset);

            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return err_errno(err, errno, "writing the content");
            data += n;
            len -= (size_t)n;
            offset += n;
        }
    }
    if (r < 0)
        return r;
    if (end < m->size && ftruncate(fd, m->size) < 0)
        return err_errno(err, errno, "setting the size");
    *ret_whole = whole && end == m->size;
    *ret_crc = crc;
    return 0;
}

static int write_file(struct writer *w, struct tar_reader *tar, const struct tar_member *m, struct place *p,
                      struct err *err)
{
    static const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    _cleanup_fd_ int fd = -1;
    uint32_t crc = 0;
    bool whole = false;
    int r;

    PLACE_TRY(w, p, fd, openat(p->dir.fd, p->base, flags, m->mode & 0777), err);
    if (fd < 0)
        return err_errno(err, errno, "making the file");
    r = write_content(tar, m, fd, &crc, &whole, err);
    if (r == 0)
        r = attributes_set(fd, NULL, m, w->xattrs, err);
    if (r == 0)
        r = set_times(fd, NULL, m, err);
    if (r < 0)
        return r;
    w->bytes += m->size;
    return manifest_member(w, m, p->path, NULL, whole ? &crc : NULL, err);
}

static int write_directory(struct writer *w, struct tar_reader *tar _unused_, const struct tar_member *m,
                           struct place *p, struct err *err)
{
    int made = tree_make_dir(w->tree, &p->dir, p->base, m->mode & 0777, err), r = MIN_OF(made, 0);

    if (r == 0 && made == TREE_OPAQUE)
        r = manifest_mark(w, '-', p->path, err);
    if (r == 0)
        r = attributes_set(p->dir.fd, p->base, m, w->xattrs, err);
    if (r == 0)
        r = manifest_member(w, m, p->path, NULL, NULL, err);
    return r == 0 && made == TREE_OPAQUE ? manifest_mark(w, 'o', p->path, err) : r;
}

static int write_symlink(struct writer *w, struct tar_reader *tar _unused_, const struct tar_member *m, struct place *p,
                         struct err *err)
{
    int r;

    if (!*m->target)
        return err_set(err, ERR_CORRUPT, "a symbolic link without a target");
    PLACE_TRY(w, p, r, symlinkat(m->target, p->dir.fd, p->base), err);
    if (r < 0)
        return err_errno(err, errno, "making the symbolic link");
    r = attributes_set(p->dir.fd, p->base, m, w->xattrs, err);
    if (r == 0)
        r = set_times(p->dir.fd, p->base, m, err);
    return r < 0 ? r : manifest_member(w, m, p->path, m->target, NULL, err);
}

/* Devices and pipes. */
static int write_node(struct writer *w, struct tar_reader *tar _unused_, const struct tar_member *m, struct place *p,
                      struct err *err)
{
    static const mode_t types[] = {[TAR_CHARACTER] = S_IFCHR, [TAR_BLOCK_DEVICE] = S_IFBLK, [TAR_FIFO] = S_IFIFO};
    dev_t device = makedev(m->major, m->minor);
    int r;

    if (m->type == TAR_CHARACTER && device == makedev(0, 0)) {
        /* It would be a whiteout. The member that it replaces is gone all the same. */
        w->left_out++;
        return place_clear(w, p, err);
    }
    PLACE_TRY(w, p, r, mknodat(p->dir.fd, p->base, types[m->type] | m->mode, device), err);
    if (r < 0 && errno == EPERM && m->type != TAR_FIFO) {
        log_debug("%s: devices are not permitted here, left out", p->path);
        w->left_out++;
        return 0;
    }
    if (r < 0)
        return err_errno(err, errno, "making the device or pipe");
    r = attributes_set(p->dir.fd, p->base, m, w->xattrs, err);
    if (r == 0)
        r = set_times(p->dir.fd, p->base, m, err);
    return r < 0 ? r : manifest_member(w, m, p->path, NULL, NULL, err);
}

/* Opens the directory of a hard link's target, which must be a file of this layer, for the caller to close. */
static int open_link_target(struct writer *w, const char *target, int *ret_fd, const char **ret_base, struct stat *ret,
                            struct err *err)
{
    struct tree_dir dir;
    int r = tree_open_parent(w->tree, target, false, &dir, ret_base, err);

    if (r == 0 && fstatat(dir.fd, *ret_base, ret, AT_SYMLINK_NOFOLLOW) < 0)
        r = err_errno(err, errno, "%.200s", target);
    if (r == ERR_NOT_FOUND ||
        (r == 0 && (S_ISDIR(ret->st_mode) || tree_is_whiteout(w->tree, dir.fd, *ret_base, ret)))) {
        *err = ERR_INIT;
        return err_set(err, ERR_CORRUPT, "a hard link to %.200s, which is no file of this layer", target);
    }
    if (r < 0)
        return r;
    *ret_fd = fcntl(dir.fd, F_DUPFD_CLOEXEC, 3);
    return *ret_fd < 0 ? err_errno(err, errno, "%.200s", target) : 0;
}

static int write_hardlink(struct writer *w, struct tar_reader *tar _unused_, const struct tar_member *m,
                          struct place *p, struct err *err)
{
    _cleanup_free_ char *target = NULL;
    _cleanup_fd_ int target_fd = -1;
    const char *target_base;
    struct stat target_st, st;
    int r = tree_clean_path(m->target, &target, err);

    if (r == 0)
        r = open_link_target(w, target, &target_fd, &target_base, &target_st, err);
    if (r == 0)
        r = tree_open_parent(w->tree, p->path, true, &p->dir, &p->base, err);
    if (r < 0)
        return r;
    /* A link to itself stays what it is: making room for it would remove both. */
    if (fstatat(p->dir.fd, p->base, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_ino != target_st.st_ino) {
        PLACE_TRY(w, p, r, linkat(target_fd, target_base, p->dir.fd, p->base, 0), err);
        if (r < 0)
            return err_errno(err, errno, "making a hard link to %.200s", target);
    }
    return manifest_member(w, m, p->path, target, NULL, err);
}

/* Takes a name that speaks of lower layers or of aufs: 1 when it did. */
static int write_mark(struct writer *w, const char *path, struct err *err)
{
    const char *base = path_base(path), *hidden = str_after(base, ".wh.");
    struct tree_dir dir;
    int r;

    if ((str_after(path, ".wh..wh.") || strstr(path, "/.wh..wh.")) && !str_eq(base, ".wh..wh..opq")) {
        w->left_out++;
        return 1;
    }
    if (!hidden || !*hidden)
        return 0;
    if (str_eq(hidden, ".") || str_eq(hidden, ".."))
        return err_set(err, ERR_CORRUPT, "a whiteout of a directory itself");
    r = tree_open_parent(w->tree, path, true, &dir, &base, err);
    if (r < 0)
        return r;
    /* Where a link leads is not what the mark names; the link itself hides that already. */
    if (dir.via_link)
        return 1;
    if (str_eq(base, ".wh..wh..opq")) {
        _cleanup_free_ char *parent = str_ndup(path, base > path ? (size_t)(base - 1 - path) : 0);

        r = tree_make_opaque(w->tree, dir.fd, ".", err);
        if (r == 0)
            r = manifest_mark(w, 'o', *parent ? parent : ".", err);
    } else {
        _cleanup_free_ char *name = str_printf("%.*s%s", (int)(base - path), path, hidden);

        r = tree_make_whiteout(w->tree, &dir, hidden, err);
        if (r >= 0 && r != TREE_EXISTS)
            r = manifest_mark(w, r == TREE_OPAQUE ? 'o' : 'w', name, err);
    }
    return r < 0 ? r : 1;
}

static int write_member(struct writer *w, struct tar_reader *tar, const struct tar_member *m, const char *path,
                        struct err *err)
{
    static int (*const writers[])(struct writer *, struct tar_reader *, const struct tar_member *, struct place *,
                                  struct err *) = {
        [TAR_FILE] = write_file,         [TAR_DIRECTORY] = write_directory, [TAR_SYMLINK] = write_symlink,
        [TAR_HARDLINK] = write_hardlink, [TAR_CHARACTER] = write_node,      [TAR_BLOCK_DEVICE] = write_node,
        [TAR_FIFO] = write_node,
    };
    struct place p = {.path = path};
    int r = write_mark(w, path, err);

    if (r != 0)
        return MIN_OF(r, 0);
    if (str_eq(path, ".")) {
        if (m->type == TAR_DIRECTORY)
            return 0;
        return err_set(err, ERR_CORRUPT, "the root of the layer is no directory");
    }
    *w->xattrs = 0;
    r = tree_open_parent(w->tree, path, true, &p.dir, &p.base, err);
    return r < 0 ? r : writers[m->type](w, tar, m, &p, err);
}

int writer_member(struct writer *w, struct tar_reader *tar, const struct tar_member *m, struct err *err)
{
    _cleanup_free_ char *path = NULL;
    int r;

    if (w->members + w->left_out == LAYER_MEMBERS_MAX)
        return err_set(err, ERR_LIMIT, "the layer has more than %d members", LAYER_MEMBERS_MAX);
    r = tree_clean_path(m->path, &path, err);
    if (r < 0)
        return r;
    r = write_member(w, tar, m, path, err);
    return r < 0 ? err_wrap(err, "%.300s", path) : 0;
}

/* A directory that was replaced since, or is reached through a link that was, has no time to restore. */
static int restore_time(struct writer *w, const struct layer_entry *e, struct err *err)
{
    struct timespec times[] = {{.tv_sec = e->mtime_sec, .tv_nsec = e->mtime_nsec},
                               {.tv_sec = e->mtime_sec, .tv_nsec = e->mtime_nsec}};
    struct tree_dir dir;
    struct stat st;
    const char *base;

    if (tree_open_parent(w->tree, e->path, false, &dir, &base, NULL) < 0 ||
        fstatat(dir.fd, base, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
        return 0;
    if (utimensat(dir.fd, base, times, AT_SYMLINK_NOFOLLOW) < 0)
        return err_errno(err, errno, "%.300s: setting the time", e->path);
    return 0;
}

int writer_finish(struct writer *w, struct err *err)
{
    _cleanup_(layer_manifest_reader_free_cleanup) struct layer_manifest_reader *reader = NULL;
    struct layer_entry e;
    int r = manifest_writer_flush(&w->manifest, err);

    if (r < 0)
        return r;
    reader = layer_manifest_reader_new(w->manifest.fd);
    while ((r = layer_manifest_read(reader, &e, err)) == 1) {
        if (e.type == 'd')
            r = restore_time(w, &e, err);
        if (r < 0)
            break;
    }
    return r;
}

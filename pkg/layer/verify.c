#include "layer/verify.h"

#include "base/vec.h"
#include "layer/codec.h"
#include "layer/manifest.h"
#include "layer/tree.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* A line that the tree does not bear out. A later line may have taken its place, which is looked for only then: most
 * layers are as they should be. */
struct difference {
    char *path;
    const char *what; /* NULL: a later line took its place */
    int64_t line;
};

enum { CHUNK = 256 << 10 };

struct verification {
    const struct layer_verify_options *options;
    char *chunk; /* of a file that is read */
    struct tree *tree;
    VEC(struct difference) differences;
};

static void verification_release(struct verification *v)
{
    tree_free(v->tree);
    free(v->chunk);
    VEC_FOREACH (d, &v->differences)
        free(d->path);
    free(v->differences.v);
}

/* tree_open_…() is never asked to make anything. */
static int made_nothing(int dirfd _unused_, const char *name _unused_, const char *path _unused_, bool opaque _unused_,
                        void *data _unused_, struct err *err)
{
    return err_set(err, ERR_INTERNAL, "a directory was made while comparing");
}

/* File systems store times more coarsely, always rounded down, and some none outside of 32 bits. */
static bool same_time(const struct layer_entry *e, const struct stat *st)
{
    if (e->mtime_sec < INT32_MIN || e->mtime_sec > INT32_MAX)
        return true;
    return st->st_mtim.tv_sec == e->mtime_sec && st->st_mtim.tv_nsec <= (long)e->mtime_nsec;
}

static mode_t type_of(const struct layer_entry *e)
{
    switch (e->type) {
    case 'f':
        return S_IFREG;
    case 'd':
        return S_IFDIR;
    case 'l':
        return S_IFLNK;
    case 'c':
        return S_IFCHR;
    case 'b':
        return S_IFBLK;
    default:
        return S_IFIFO;
    }
}

static bool same_target(int dirfd, const char *base, const char *target)
{
    char text[PATH_MAX];
    ssize_t n = readlinkat(dirfd, base, text, sizeof(text));

    return n >= 0 && (size_t)n == strlen(target) && memcmp(text, target, (size_t)n) == 0;
}

/* What is different about a member, or NULL. */
static const char *compare_member(const struct layer_entry *e, int dirfd, const char *base, const struct stat *st)
{
    if (e->type == 'h') /* its attributes are those of what it links to */
        return S_ISDIR(st->st_mode) ? "has another type" : NULL;
    if ((st->st_mode & S_IFMT) != type_of(e))
        return "has another type";
    if (e->type != 'l' && (st->st_mode & 07777) != e->mode)
        return "has another mode";
    if (st->st_uid != e->uid || st->st_gid != e->gid)
        return "has another owner";
    if (e->type == 'f' && st->st_size != e->size)
        return "has another size";
    if ((e->type == 'c' || e->type == 'b') && st->st_rdev != makedev(e->major, e->minor))
        return "is another device";
    if (!same_time(e, st))
        return "was changed";
    if (e->type == 'l' && !same_target(dirfd, base, e->target))
        return "leads elsewhere";
    return NULL;
}

static bool is_opaque(const struct tree *t, int dirfd, const char *base)
{
    char name[40], value[2];
    _cleanup_fd_ int fd = openat(dirfd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd >= 0 && fgetxattr(fd, tree_overlay_name(t, "opaque", name), value, sizeof(value)) == 1 && *value == 'y';
}

/* Files with holes have no checksum. */
static const char *compare_content(struct verification *v, const struct layer_entry *e, int dirfd, const char *base)
{
    _cleanup_fd_ int fd = -1;
    uint32_t crc = 0;
    ssize_t n;

    if (v->options->depth < LAYER_VERIFY_CONTENTS || e->type != 'f' || !e->has_crc)
        return NULL;
    fd = openat(dirfd, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return "cannot be read";
    if (!v->chunk)
        v->chunk = mem_alloc(CHUNK);
    while ((n = fd_read_all(fd, v->chunk, CHUNK)) > 0)
        crc = codec_crc32(crc, v->chunk, (size_t)n);
    return n < 0 ? "cannot be read" : crc != e->crc32 ? "has another content" : NULL;
}

static const char *compare(struct verification *v, const struct layer_entry *e)
{
    const char *what;
    struct tree_dir dir;
    struct stat st;
    const char *base;

    if (tree_open_parent(v->tree, e->path, false, &dir, &base, NULL) < 0)
        return "is missing";
    if (dir.via_link) /* lines for the place itself, which come before or after, count */
        return NULL;
    if (fstatat(dir.fd, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? "is missing" : "cannot be looked at";
    if (e->type == 'w')
        return tree_is_whiteout(v->tree, dir.fd, base, &st) ? NULL : "hides nothing any more";
    if (e->type == 'o')
        return is_opaque(v->tree, dir.fd, base) ? NULL : "hides nothing any more";
    what = compare_member(e, dir.fd, base, &st);
    return what ? what : compare_content(v, e, dir.fd, base);
}

static bool is_looked_at(const struct verification *v, const struct layer_entry *e)
{
    if (e->type == '-')
        return false;
    return v->options->depth >= LAYER_VERIFY_ENTRIES || strchr("dwo", e->type) || !strchr(e->path, '/');
}

static int find_differences(struct verification *v, int64_t *ret_bytes, struct err *err)
{
    _cleanup_(layer_manifest_reader_free_cleanup) struct layer_manifest_reader *reader =
        layer_manifest_reader_new(v->options->manifest_fd);
    struct layer_entry e;
    int64_t bytes = 0;
    int r;

    for (int64_t line = 1; (r = layer_manifest_read(reader, &e, err)) == 1; line++) {
        const char *what = is_looked_at(v, &e) ? compare(v, &e) : NULL;

        if (what)
            *VEC_PUSH(&v->differences) = (struct difference){str_dup(e.path), what, line};
        bytes += e.type == 'f' ? e.size : 0;
    }
    *ret_bytes = bytes;
    return r;
}

/* ---- lines that took the place of others ---- */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct difference *)a)->path, ((const struct difference *)b)->path);
}

/* The first in the order of paths that is not before `path`. */
static size_t first_from(const struct verification *v, const char *path)
{
    size_t from = 0, to = v->differences.n;

    while (from < to) {
        size_t middle = (from + to) / 2;

        if (strcmp(v->differences.v[middle].path, path) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* A line for `path` takes the place of earlier ones for it; `below`, of those for what lies below it too. */
static void replace(struct verification *v, const char *path, bool below, int64_t line)
{
    _cleanup_free_ char *prefix = below ? str_printf("%s/", path) : NULL;
    struct difference *d = v->differences.v, *end = d + v->differences.n;

    for (d = v->differences.v + first_from(v, path); d < end && str_eq(d->path, path); d++)
        d->what = d->line < line ? NULL : d->what;
    if (!below)
        return;
    for (d = v->differences.v + first_from(v, prefix); d < end && str_after(d->path, prefix); d++)
        d->what = d->line < line ? NULL : d->what;
}

static int drop_replaced(struct verification *v, struct err *err)
{
    _cleanup_(layer_manifest_reader_free_cleanup) struct layer_manifest_reader *reader =
        layer_manifest_reader_new(v->options->manifest_fd);
    struct layer_entry e;
    int r;

    qsort(v->differences.v, v->differences.n, sizeof(*v->differences.v), by_path);
    for (int64_t line = 1; (r = layer_manifest_read(reader, &e, err)) == 1; line++)
        if (e.type != 'o') /* which says something more about a directory */
            replace(v, e.path, e.type == '-', line);
    return r;
}

int layer_verify(const struct layer_verify_options *options, int64_t *ret_bytes, struct err *err)
{
    _cleanup_(verification_release) struct verification v = {.options = options};
    int r;

    v.tree = tree_new(options->tree_fd, options->user_xattr, made_nothing, NULL);
    r = find_differences(&v, ret_bytes, err);
    if (r == 0 && v.differences.n > 0)
        r = drop_replaced(&v, err);
    if (r < 0)
        return r;
    VEC_FOREACH (d, &v.differences)
        if (d->what && !options->differs(d->path, d->what, options->data))
            break;
    return 0;
}

#include "layer/pack.h"

#include "base/buf.h"
#include "layer/attributes.h"
#include "layer/codec.h"
#include "layer/overlay.h"
#include "layer/tar_write.h"
#include "sys/copy_tree.h"
#include "sys/fd.h"
#include "sys/links.h"
#include "sys/names.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { CHUNK = 256 << 10 };

struct layer_pack {
    int fd;
    bool upper;
    const struct layer_pack_watcher *watcher;
    const volatile sig_atomic_t *stop;
    int64_t bytes;
    struct links links; /* their first names in the tar */
    struct names_pool names;
    int depth;
    char *chunk;
    struct buf header;
};

struct layer_pack *layer_pack_new(int fd, bool upper, const volatile sig_atomic_t *stop)
{
    struct layer_pack *p = mem_zalloc(1, sizeof(*p));

    p->fd = fd;
    p->upper = upper;
    p->stop = stop;
    p->chunk = mem_alloc(CHUNK);
    return p;
}

void layer_pack_watch(struct layer_pack *p, const struct layer_pack_watcher *w)
{
    p->watcher = w;
}

void layer_pack_free(struct layer_pack *p)
{
    if (!p)
        return;
    links_release(&p->links);
    buf_free(&p->header);
    free(p->chunk);
    free(p);
}

int64_t layer_pack_bytes(const struct layer_pack *p)
{
    return p->bytes;
}

/* ---- writing ---- */

static int fail(const char *as, int errnum, struct err *err)
{
    return err_errno(err, errnum, "%.300s", *as ? as : ".");
}

/* What was listed and is gone, or became something else, since: as if it had not been there, below what was named. */
static int gone(const struct layer_pack *p, const char *as, int errnum, struct err *err)
{
    bool since = errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP || errnum == ESTALE || errnum == EINVAL;

    return p->depth > 0 && since ? 0 : fail(as, errnum, err);
}

static int write_out(struct layer_pack *p, const void *data, size_t len, struct err *err)
{
    int r;

    if (p->stop && *p->stop)
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    p->bytes += (int64_t)len;
    if (p->watcher) {
        p->watcher->bytes(p->watcher->data, data, len);
        return 0;
    }
    r = fd_write_all(p->fd, data, len);
    return r < 0 ? err_errno(err, -r, "writing the tar") : 0;
}

static int tell_member(struct layer_pack *p, const struct tar_member *m, const uint32_t *crc, struct err *err)
{
    return p->watcher ? p->watcher->member(p->watcher->data, m, crc, err) : 0;
}

static int tell_mark(struct layer_pack *p, char type, const char *path, struct err *err)
{
    return p->watcher ? p->watcher->mark(p->watcher->data, type, path, err) : 0;
}

static int flush(struct layer_pack *p, struct err *err)
{
    int r = write_out(p, buf_str(&p->header), p->header.len, err);

    buf_clear(&p->header);
    return r;
}

static int write_content(struct layer_pack *p, int fd, const char *as, int64_t size, uint32_t *ret_crc, struct err *err)
{
    int64_t at = 0;
    int r = 0;

    while (r == 0 && at < size) {
        size_t want = (size_t)MIN_OF(size - at, CHUNK);
        ssize_t n = fd_pread_all(fd, p->chunk, want, at);

        if (n < 0)
            return fail(as, (int)-n, err);
        memset(p->chunk + n, 0, want - (size_t)n); /* it has shrunk meanwhile */
        *ret_crc = p->watcher ? codec_crc32(*ret_crc, p->chunk, want) : 0;
        r = write_out(p, p->chunk, want, err);
        at += (int64_t)want;
    }
    if (r < 0)
        return r;
    tar_write_padding(size, &p->header);
    return flush(p, err);
}

/* ---- members ---- */

static struct tar_member make_member(const struct stat *st, enum tar_type type, const char *as)
{
    return (struct tar_member){
        .type = type,
        .path = as,
        .mode = st->st_mode & 07777,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .mtime_sec = st->st_mtim.tv_sec,
        .mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
        .size = type == TAR_FILE ? st->st_size : 0,
        .major = type == TAR_CHARACTER || type == TAR_BLOCK_DEVICE ? major(st->st_rdev) : 0,
        .minor = type == TAR_CHARACTER || type == TAR_BLOCK_DEVICE ? minor(st->st_rdev) : 0,
    };
}

static int write_member(struct layer_pack *p, const struct tar_member *m, struct err *err)
{
    int r;

    tar_write_header(m, &p->header);
    r = flush(p, err);
    return r < 0 ? r : tell_member(p, m, NULL, err);
}

/* With what `fd` has of attributes, and of content where it is a file. */
static int write_opened(struct layer_pack *p, int fd, struct tar_member *m, struct err *err)
{
    struct attributes a;
    uint32_t crc = 0;
    int r;

    attributes_read(fd, &a);
    m->xattrs = a.list;
    m->n_xattrs = a.n;
    tar_write_header(m, &p->header);
    r = flush(p, err);
    if (r == 0 && m->type == TAR_FILE)
        r = write_content(p, fd, m->path, m->size, &crc, err);
    if (r == 0)
        r = tell_member(p, m, m->type == TAR_FILE ? &crc : NULL, err);
    attributes_release(&a);
    return r;
}

static int add_file(struct layer_pack *p, int dir, const char *name, const char *as, struct err *err)
{
    _cleanup_fd_ int fd = copy_open_file(dir, name);
    struct tar_member m;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return gone(p, as, fd < 0 ? -fd : errno, err);
    m = make_member(&st, TAR_FILE, as);
    return write_opened(p, fd, &m, err);
}

static int add_symlink(struct layer_pack *p, int dir, const char *name, const struct stat *st, const char *as,
                       struct err *err)
{
    struct tar_member m = make_member(st, TAR_SYMLINK, as);
    char target[PATH_MAX];
    ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

    if (n < 0)
        return gone(p, as, errno, err);
    target[n] = 0;
    m.target = target;
    m.mode = 0777;
    return write_member(p, &m, err);
}

/* ---- the marks of an upper directory ---- */

static int add_mark(struct layer_pack *p, const char *dir, const char *name, struct err *err)
{
    _cleanup_free_ char *path = str_printf("%s%s.wh.%s", dir, *dir ? "/" : "", name);
    const struct tar_member m = {.type = TAR_FILE, .path = path, .mode = 0600};

    tar_write_header(&m, &p->header);
    return flush(p, err);
}

/* ---- trees ---- */

static int add_entry(struct layer_pack *p, int dir, const char *name, const char *as, struct err *err);

static int add_each(struct layer_pack *p, int dir, const char *as, struct err *err)
{
    _cleanup_names_ struct names names = NAMES_NONE;
    int r = names_open(&p->names, dir, SIZE_MAX, &names);
    const char *name;

    while (r >= 0 && (r = names_next(&names, &name, NULL)) == 1) {
        _cleanup_free_ char *path = str_printf("%s%s%s", as, *as ? "/" : "", name);

        r = add_entry(p, dir, name, path, err);
        if (r < 0)
            return r;
    }
    return r < 0 ? fail(as, -r, err) : 0;
}

static int add_names(struct layer_pack *p, int dir, const char *as, struct err *err)
{
    int r = 0;

    if (p->depth == COPY_DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "%.200s…: directories are nested more than %d deep", as, COPY_DEPTH_MAX);
    p->depth++;
    if (p->upper && layer_overlay_opaque(dir)) {
        r = add_mark(p, as, ".wh..opq", err);
        r = r < 0 ? r : tell_mark(p, 'o', *as ? as : ".", err);
    }
    r = r < 0 ? r : add_each(p, dir, as, err);
    p->depth--;
    return r;
}

int layer_pack_add_contents(struct layer_pack *p, int dir, const char *as, bool itself, struct err *err)
{
    struct tar_member m;
    struct stat st;
    int r = 0;

    if (fstat(dir, &st) < 0)
        return fail(as, errno, err);
    if (itself) {
        m = make_member(&st, TAR_DIRECTORY, *as ? as : ".");
        r = write_opened(p, dir, &m, err);
    }
    return r < 0 ? r : add_names(p, dir, as, err);
}

static int add_directory(struct layer_pack *p, int dir, const char *name, const char *as, struct err *err)
{
    _cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? gone(p, as, errno, err) : layer_pack_add_contents(p, fd, as, true, err);
}

static int add_other(struct layer_pack *p, int dir, const char *name, const struct stat *st, const char *as,
                     struct err *err)
{
    struct tar_member m;

    if (S_ISLNK(st->st_mode))
        return add_symlink(p, dir, name, st, as, err);
    m = make_member(st, S_ISCHR(st->st_mode) ? TAR_CHARACTER : S_ISBLK(st->st_mode) ? TAR_BLOCK_DEVICE : TAR_FIFO, as);
    return write_member(p, &m, err);
}

static int add_entry(struct layer_pack *p, int dir, const char *name, const char *as, struct err *err)
{
    const char *known;
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return gone(p, as, errno, err);
    if (S_ISSOCK(st.st_mode))
        return 0;
    if (p->upper && str_after(name, ".wh."))
        return err_set(err, ERR_INVALID, "%.300s: in a layer a name that begins with .wh. removes another: rename it",
                       as);
    if (p->upper && layer_overlay_whiteout(dir, name, &st)) {
        _cleanup_free_ char *parent = str_ndup(as, path_base(as) > as ? (size_t)(path_base(as) - as - 1) : 0);

        int r = add_mark(p, parent, name, err);

        return r < 0 ? r : tell_mark(p, 'w', as, err);
    }
    if (S_ISDIR(st.st_mode))
        return add_directory(p, dir, name, as, err);
    known = links_known(&p->links, &st, as);
    if (known) {
        struct tar_member m = make_member(&st, TAR_HARDLINK, as);

        m.target = known;
        return write_member(p, &m, err);
    }
    return S_ISREG(st.st_mode) ? add_file(p, dir, name, as, err) : add_other(p, dir, name, &st, as, err);
}

int layer_pack_add(struct layer_pack *p, int dir, const char *name, const char *as, struct err *err)
{
    return add_entry(p, dir, name, as, err);
}

int layer_pack_finish(struct layer_pack *p, struct err *err)
{
    tar_write_end(&p->header);
    return flush(p, err);
}

#include "image/archive.h"

#include "base/vec.h"
#include "image/spool.h"
#include "layer/tar.h"
#include "layer/tree.h"
#include "store/spool.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { LINKS_MAX = 8 };

struct entry {
    char *name;        /* clean */
    char *target;      /* of a link, clean; else NULL */
    const char *unfit; /* why nothing can be read from it, or NULL */
    int64_t offset, size;
};

struct image_archive {
    int fd; /* of the tar, or of the directory */
    bool directory;
    VEC(struct entry) entries; /* sorted by name */
};

void image_archive_free(struct image_archive *a)
{
    if (!a)
        return;
    VEC_FOREACH (e, &a->entries) {
        free(e->name);
        free(e->target);
    }
    free(a->entries.v);
    fd_close(a->fd);
    free(a);
}

/* ---- the list of a tar ---- */

/* A symbolic link starts where it lies, a hard link at the top. */
static char *link_target(const struct tar_member *m, const char *name)
{
    _cleanup_free_ char *path = NULL;
    char *clean = NULL;

    if (m->type == TAR_SYMLINK && m->target[0] != '/')
        path = str_printf("%.*s%s", (int)(path_base(name) - name), name, m->target);
    return tree_clean_path(path ? path : m->target, &clean, NULL) < 0 ? NULL : clean;
}

static int add_entry(struct image_archive *a, const struct tar_member *m, int64_t offset, struct err *err)
{
    bool link = m->type == TAR_SYMLINK || m->type == TAR_HARDLINK;
    _cleanup_free_ char *name = NULL;
    struct entry *e;

    if ((m->type != TAR_FILE && !link) || tree_clean_path(m->path, &name, NULL) < 0 ||
        strlen(name) > IMAGE_ARCHIVE_NAME_MAX)
        return 0;
    if (a->entries.n == IMAGE_ARCHIVE_ENTRIES_MAX)
        return err_set(err, ERR_LIMIT, "the archive has more than %d files", IMAGE_ARCHIVE_ENTRIES_MAX);
    e = VEC_PUSH(&a->entries);
    e->offset = offset;
    e->size = m->size;
    e->target = link ? link_target(m, name) : NULL;
    if (link && (!e->target || strlen(e->target) > IMAGE_ARCHIVE_NAME_MAX))
        e->unfit = "a link that leads out of the archive";
    else if (m->sparse)
        e->unfit = "a sparse file";
    e->name = steal_ptr(&name);
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int list_tar(struct image_archive *a, int64_t size, struct err *err)
{
    _cleanup_(tar_reader_free_cleanup) struct tar_reader *tar = tar_reader_new_file(a->fd, size);
    struct tar_member m;
    int r;

    while ((r = tar_reader_next(tar, &m, err)) == 1) {
        r = add_entry(a, &m, tar_reader_offset(tar), err);
        if (r < 0)
            return r;
    }
    if (r == 0 && a->entries.n > 1)
        qsort(a->entries.v, a->entries.n, sizeof(*a->entries.v), compare_names);
    return r;
}

int image_archive_index(int fd, int64_t size, struct image_archive **ret, struct err *err)
{
    _cleanup_(image_archive_free_cleanup) struct image_archive *a = mem_zalloc(1, sizeof(*a));
    int r;

    a->fd = fd;
    r = list_tar(a, size, err);
    if (r == 0)
        *ret = steal_ptr(&a);
    return r;
}

/* ---- opening ---- */

static struct image_archive *open_directory(int fd)
{
    struct image_archive *a = mem_zalloc(1, sizeof(*a));

    a->fd = fd;
    a->directory = true;
    return a;
}

/* A plain tar in a file stays where it is; everything else becomes one. */
static int make_plain(struct store *s, int *fd, const struct stat *st, struct err *err)
{
    enum oci_compression packed = OCI_COMPRESSION_NONE;
    _cleanup_fd_ int spooled = -1;
    int r;

    if (S_ISREG(st->st_mode) && lseek(*fd, 0, SEEK_CUR) == 0) {
        r = image_spool_identify(*fd, 0, &packed, err);
        if (r < 0 || packed == OCI_COMPRESSION_NONE)
            return r;
    }
    r = store_spool_open(s, &spooled, err);
    if (r == 0)
        r = image_spool_decompress(s, *fd, spooled, err);
    if (r < 0)
        return r;
    fd_close(*fd);
    *fd = steal_fd(&spooled);
    return 0;
}

static int open_archive(struct store *s, const char *path, struct image_archive **ret, struct err *err)
{
    _cleanup_fd_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    struct stat st;
    int r;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(err, err_kind_of_errno(errno), "%s", strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        *ret = open_directory(steal_fd(&fd));
        return 0;
    }
    r = make_plain(s, &fd, &st, err);
    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "stat");
    return image_archive_index(steal_fd(&fd), st.st_size, ret, err);
}

int image_archive_open(struct store *s, const char *path, struct image_archive **ret, struct err *err)
{
    int r = open_archive(s, path, ret, err);

    return r < 0 && r != ERR_INTERRUPTED ? err_wrap(err, "%s", path ? path : "standard input") : r;
}

/* ---- looking up ---- */

static int find_in_directory(struct image_archive *a, const char *name, struct image_archive_file *ret, struct err *err)
{
    _cleanup_fd_ int fd = path_open_beneath(a->fd, name, O_RDONLY | O_NONBLOCK, 0);
    struct stat st;

    if (fd < 0)
        return err_errno(err, -fd, "%.255s", name);
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "%.255s", name);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_CORRUPT, "%.255s is no regular file", name);
    *ret = (struct image_archive_file){steal_fd(&fd), 0, st.st_size};
    return 0;
}

/* Follows links, which may go in circles. */
static int find_entry(struct image_archive *a, const char *name, const struct entry **ret, struct err *err)
{
    const char *wanted = name;

    for (int links = 0; links <= LINKS_MAX; links++) {
        const struct entry key = {.name = (char *)wanted}, *e;
        size_t i;

        e = a->entries.n ? bsearch(&key, a->entries.v, a->entries.n, sizeof(key), compare_names) : NULL;
        if (!e && links == 0)
            return err_set(err, ERR_NOT_FOUND, "%.255s is not in the archive", name);
        if (!e || e->unfit)
            return err_set(err, ERR_CORRUPT, "%.255s is %s", wanted,
                           e ? e->unfit : "where a link leads, and not there");
        i = (size_t)(e - a->entries.v);
        if ((i > 0 && str_eq(e[-1].name, wanted)) || (i + 1 < a->entries.n && str_eq(e[1].name, wanted)))
            return err_set(err, ERR_CORRUPT, "%.255s stands in the archive twice", wanted);
        if (!e->target) {
            *ret = e;
            return 0;
        }
        wanted = e->target;
    }
    return err_set(err, ERR_CORRUPT, "%.255s is a link that goes in circles", name);
}

int image_archive_find(struct image_archive *a, const char *name, struct image_archive_file *ret, struct err *err)
{
    _cleanup_free_ char *clean = NULL;
    const struct entry *e = NULL;
    int r = tree_clean_path(name, &clean, err);

    if (r < 0)
        return r;
    if (a->directory)
        return find_in_directory(a, clean, ret, err);
    r = find_entry(a, clean, &e, err);
    if (r < 0)
        return r;
    *ret = (struct image_archive_file){fcntl(a->fd, F_DUPFD_CLOEXEC, 3), e->offset, e->size};
    return ret->fd < 0 ? err_errno(err, errno, "dup") : 0;
}

bool image_archive_has(struct image_archive *a, const char *name)
{
    struct image_archive_file file = {.fd = -1};
    struct err why = ERR_INIT;
    int r = image_archive_find(a, name, &file, &why);

    fd_close(file.fd);
    return r != ERR_NOT_FOUND;
}

int image_archive_read(struct image_archive *a, const char *name, struct buf *b, struct err *err)
{
    struct image_archive_file file;
    int r = image_archive_find(a, name, &file, err);
    ssize_t n;
    void *at;

    if (r < 0)
        return r;
    at = (uint64_t)file.size < SIZE_MAX ? buf_reserve(b, (size_t)file.size) : NULL;
    if (!at) {
        fd_close(file.fd);
        return err_set(err, ERR_LIMIT, "%.255s has %lld bytes; at most %zu are accepted", name, (long long)file.size,
                       b->max);
    }
    n = fd_pread_all(file.fd, at, (size_t)file.size, file.offset);
    fd_close(file.fd);
    if (n < 0)
        return err_errno(err, (int)-n, "%.255s", name);
    if (n < file.size)
        return err_set(err, ERR_CORRUPT, "%.255s is cut off", name);
    buf_grown(b, (size_t)n);
    return 0;
}

#include "layer/attributes.h"

#include "base/log.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <endian.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { NAMES_SIZE = 64 << 10, VALUE_SIZE = 64 << 10 };

static int set_owner_and_mode(int fd, const char *name, const struct tar_member *m, struct err *err)
{
    struct stat st;
    bool link = m->type == TAR_SYMLINK, chowned;

    if (name ? fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) : fstat(fd, &st))
        return err_errno(err, errno, "looking at it");
    chowned = st.st_uid != m->uid || st.st_gid != m->gid;
    if (chowned && (name ? fchownat(fd, name, m->uid, m->gid, AT_SYMLINK_NOFOLLOW) : fchown(fd, m->uid, m->gid)))
        return err_errno(err, errno, "setting the owner %u:%u", m->uid, m->gid);
    if (link || ((st.st_mode & 07777) == m->mode && !(chowned && m->mode & (S_ISUID | S_ISGID))))
        return 0;
    /* By name it cannot meet a link: it was just made or looked at, and nobody else is here. */
    if (name ? fchmodat(fd, name, m->mode, 0) : fchmod(fd, m->mode))
        return err_errno(err, errno, "setting the mode %o", m->mode);
    return 0;
}

static bool is_overlays(const char *name)
{
    return str_after(name, "trusted.overlay.") || str_after(name, "user.overlay.");
}

static int by_name(const void *a, const void *b)
{
    const struct tar_xattr *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

int attributes_digest(const struct tar_member *m, char *ret, struct err *err)
{
    const struct tar_xattr *sorted[TAR_XATTRS_MAX];
    _cleanup_buf_ struct buf b = BUF_INIT;
    struct digest_computed digest;
    size_t n = 0;
    int r;

    for (size_t i = 0; i < m->n_xattrs; i++)
        if (!is_overlays(m->xattrs[i].name))
            sorted[n++] = &m->xattrs[i];
    *ret = 0;
    if (!n)
        return 0;
    qsort(sorted, n, sizeof(sorted[0]), by_name);
    for (size_t i = 0; i < n; i++) {
        uint32_t len = htole32((uint32_t)sorted[i]->len);

        buf_add(&b, sorted[i]->name, strlen(sorted[i]->name) + 1);
        buf_add(&b, &len, sizeof(len));
        buf_add(&b, sorted[i]->value, sorted[i]->len);
    }
    r = digest_compute(DIGEST_SHA256, b.p, b.len, &digest, err);
    if (r == 0)
        memcpy(ret, digest.digest.hex, sizeof(digest.digest.hex));
    return r;
}

static int set_one(int fd, const char *name, const struct tar_xattr *x, struct err *err)
{
    int r;

    if (is_overlays(x->name)) {
        log_debug("attribute %s is overlayfs' own, left out", x->name);
        return 0;
    }
    r = name ? lsetxattr(name, x->name, x->value, x->len, 0) : fsetxattr(fd, x->name, x->value, x->len, 0);
    if (r == 0)
        return 0;
    if (errno != ENOTSUP && errno != EPERM)
        return err_errno(err, errno, "setting the extended attribute %.100s", x->name);
    log_debug("attribute %s is not possible here, left out", x->name);
    return 0;
}

static int set_all(int fd, const char *name, const struct tar_member *m, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < m->n_xattrs; i++)
        r = set_one(fd, name, &m->xattrs[i], err);
    return r;
}

/* What cannot be opened (a link, a device) has its attributes set by name, which only the working directory makes
 * relative. */
static int set_xattrs_by_name(int fd, const char *name, const struct tar_member *m, struct err *err)
{
    _cleanup_fd_ int old = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r;

    if (old < 0 || fchdir(fd) < 0)
        return err_errno(err, errno, "going to the directory");
    r = set_all(-1, name, m, err);
    if (fchdir(old) < 0 && r == 0)
        r = err_errno(err, errno, "going back to the working directory");
    return r;
}

static int set_xattrs(int fd, const char *name, const struct tar_member *m, struct err *err)
{
    _cleanup_fd_ int opened = -1;

    if (!name)
        return set_all(fd, NULL, m, err);
    if (m->type != TAR_DIRECTORY)
        return set_xattrs_by_name(fd, name, m, err);
    opened = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (opened < 0)
        return err_errno(err, errno, "opening the directory");
    return set_all(opened, NULL, m, err);
}

int attributes_set(int fd, const char *name, const struct tar_member *m, char *ret_xattrs, struct err *err)
{
    int r = set_owner_and_mode(fd, name, m, err);

    if (r == 0 && m->n_xattrs)
        r = set_xattrs(fd, name, m, err);
    if (r == 0 && m->n_xattrs)
        r = attributes_digest(m, ret_xattrs, err);
    return r;
}

/* ---- reading ---- */

bool attributes_meaningful(const char *name)
{
    static const char *const names[] = {"security.capability", "system.posix_acl_access", "system.posix_acl_default"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_eq(name, names[i]))
            return true;
    return str_after(name, "user.") && !str_after(name, "user.overlay.");
}

/* Most files have none. */
static char **meaningful_names(int fd)
{
    char few[512], *names = few;
    _cleanup_free_ char *many = NULL;
    char **sorted = NULL;
    ssize_t n = flistxattr(fd, few, sizeof(few));

    if (n < 0 && errno == ERANGE) {
        names = many = mem_alloc(NAMES_SIZE);
        n = flistxattr(fd, many, NAMES_SIZE);
    }
    for (const char *name = names; n > 0 && name < names + n; name += strlen(name) + 1)
        if (attributes_meaningful(name))
            strv_add(&sorted, name);
    strv_sort(sorted);
    return sorted;
}

void attributes_read(int fd, struct attributes *ret)
{
    _cleanup_strv_ char **names = meaningful_names(fd);
    _cleanup_free_ char *value = names ? mem_alloc(VALUE_SIZE) : NULL;

    ret->n = 0;
    STRV_FOREACH (name, names) {
        ssize_t len = ret->n < TAR_XATTRS_MAX ? fgetxattr(fd, *name, value, VALUE_SIZE) : -1;

        if (len >= 0)
            ret->list[ret->n++] = (struct tar_xattr){str_dup(*name), mem_dup(value, (size_t)len), (size_t)len};
    }
}

void attributes_release(struct attributes *a)
{
    for (size_t i = 0; i < a->n; i++) {
        free((char *)a->list[i].name);
        free((void *)a->list[i].value);
    }
    a->n = 0;
}

bool attributes_equal(int a, int b)
{
    struct attributes x, y;
    bool equal;

    attributes_read(a, &x);
    attributes_read(b, &y);
    equal = x.n == y.n;
    for (size_t i = 0; equal && i < x.n; i++)
        equal = str_eq(x.list[i].name, y.list[i].name) && x.list[i].len == y.list[i].len &&
                memcmp(x.list[i].value, y.list[i].value, x.list[i].len) == 0;
    attributes_release(&x);
    attributes_release(&y);
    return equal;
}

void attributes_remove(int fd)
{
    _cleanup_strv_ char **names = meaningful_names(fd);

    STRV_FOREACH (name, names)
        (void)fremovexattr(fd, *name);
}

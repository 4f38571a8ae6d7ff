/* Compiled filters, kept by what they were compiled from.
 *
 * A file is named by a hash of its key, and holds the whole key (the profile itself, the kernel, this very program),
 * which is compared byte for byte: two profiles with the same hash do not get each other's filter. It also names the
 * library that compiled it, by path, size and time, and ends in a checksum. What is written by somebody else, can be
 * written by somebody else, or is not whole is passed over, and the filter is compiled again: whoever can write here
 * can do all that we can, and nobody else has a say. No cryptographic digest is computed: it would not keep out who can
 * write, and opening its library would cost more than all the rest.
 */
#include "base/log.h"
#include "runtime/seccomp_internal.h"
#include "sys/atomic.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

enum {
    MAGIC = 0x43534263, /* "cBSC", and the order of bytes */
    FORMAT = 1,         /* rises when the same profile shall give another program */
    FILE_MAX = 8 << 20, /* bytes */
    FILES_MAX = 256,    /* then all are removed; nobody has that many profiles */
    LIBRARY_MAX = 4096, /* bytes of a path */
    NAME_MAX_ = 16 + 1, /* of a file */
    WORD = sizeof(uint64_t),
};

struct header {
    uint32_t magic, format;
    uint32_t n, flags, notifies; /* of the filter */
    uint32_t key_len, library_len;
    uint32_t unused;
    uint64_t library_size, library_time;
    uint64_t checksum; /* of all else, this being 0 */
};

/* FNV-1a over words: any change within one of them changes it. */
static uint64_t hash(uint64_t h, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i += WORD) {
        uint64_t word = 0;

        memcpy(&word, p + i, MIN_OF(len - i, (size_t)WORD));
        h = (h ^ word) * 0x100000001b3;
        h ^= h >> 29;
    }
    return h;
}

static uint64_t hash_of(const struct buf *b)
{
    return hash(0xcbf29ce484222325, b->p, b->len);
}

void seccomp_cache_key(const struct oci_seccomp *profile, const char *text, struct buf *ret)
{
    struct utsname kernel = {0};
    struct stat us = {0};

    uname(&kernel);
    if (stat("/proc/self/exe", &us) < 0)
        us.st_size = 0;
    buf_addf(ret, "%d %s %s %lld %lld.%ld ", FORMAT, kernel.machine, kernel.release, (long long)us.st_size,
             (long long)us.st_mtim.tv_sec, us.st_mtim.tv_nsec);
    if (!profile) {
        buf_adds(ret, text);
        return;
    }
    json_dump(&oci_seccomp_type, profile, false, ret);
    if (profile->flags && !*profile->flags) /* no flags are not the same as none given */
        buf_adds(ret, " no flags");
}

char *seccomp_cache_below(const char *root)
{
    return str_printf("%s/.seccomp~", root);
}

static bool library_stat(const char *path, struct header *h)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return false;
    h->library_size = (uint64_t)st.st_size;
    h->library_time = (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
    return true;
}

/* Nobody else's, and nobody else may write to it. */
static bool is_ours(int fd, mode_t type)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
           !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static int open_dir(const char *path)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd >= 0 && is_ours(fd, S_IFDIR) ? steal_fd(&fd) : -1;
}

static char *file_name(const struct buf *key, char name[NAME_MAX_])
{
    snprintf(name, NAME_MAX_, "%016llx", (unsigned long long)hash_of(key));
    return name;
}

static bool read_file(int dir, const char *name, struct buf *b)
{
    _cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    return fd >= 0 && is_ours(fd, S_IFREG) && fd_read_rest(fd, name, b, NULL) == 0;
}

/* Whether the file is whole, and of this key and the library that is there. */
static bool check(struct buf *b, struct header *h, const struct buf *key)
{
    struct header now = {0};
    uint64_t checksum;
    const char *library;

    if (b->len < sizeof(*h))
        return false;
    memcpy(h, b->p, sizeof(*h));
    checksum = h->checksum;
    memset(b->p + offsetof(struct header, checksum), 0, sizeof(checksum));
    if (h->magic != MAGIC || h->format != FORMAT || h->n == 0 || h->n > BPF_MAXINSNS || h->key_len != key->len ||
        h->library_len == 0 || h->library_len > LIBRARY_MAX ||
        b->len != sizeof(*h) + h->key_len + h->library_len + h->n * sizeof(struct sock_filter) ||
        hash_of(b) != checksum || memcmp(b->p + sizeof(*h), key->p, key->len) != 0)
        return false;
    library = b->p + sizeof(*h) + h->key_len;
    return !library[h->library_len - 1] && library_stat(library, &now) && now.library_size == h->library_size &&
           now.library_time == h->library_time;
}

int seccomp_cache_read(const char *path, const struct buf *key, struct seccomp_filter *ret)
{
    _cleanup_fd_ int dir = open_dir(path);
    _cleanup_buf_ struct buf b = BUF_INIT_MAX(FILE_MAX);
    struct header h;
    char name[NAME_MAX_];
    size_t size;

    if (dir < 0 || !read_file(dir, file_name(key, name), &b) || !check(&b, &h, key))
        return ERR_NOT_FOUND;
    size = h.n * sizeof(struct sock_filter);
    *ret = (struct seccomp_filter){.flags = h.flags, .notifies = h.notifies};
    ret->program.v = mem_dup(b.p + b.len - size, size);
    ret->program.n = ret->program.cap = h.n;
    return 0;
}

static void make_room(int dir)
{
    _cleanup_fd_ int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    size_t n = 0;

    if (!d)
        return;
    again = -1; /* the stream's */
    while (readdir(d))
        n++;
    if (n > FILES_MAX) {
        rewinddir(d);
        for (struct dirent *e; (e = readdir(d));)
            unlinkat(dir, e->d_name, 0);
    }
    closedir(d);
}

void seccomp_cache_write(const char *path, const struct buf *key, const struct seccomp_filter *f, const char *library)
{
    struct header h = {.magic = MAGIC, .format = FORMAT, .flags = f->flags, .notifies = f->notifies};
    _cleanup_buf_ struct buf b = BUF_INIT;
    _cleanup_fd_ int dir = -1;
    struct err why = ERR_INIT;
    char name[NAME_MAX_];

    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        log_debug("seccomp: %s: %s", path, strerror(errno));
        return;
    }
    dir = open_dir(path);
    if (dir < 0 || !library || !library_stat(library, &h)) {
        log_debug("seccomp: %s: not ours alone, so nothing is kept there", path);
        return;
    }
    h.n = (uint32_t)f->program.n;
    h.key_len = (uint32_t)key->len;
    h.library_len = (uint32_t)strlen(library) + 1;
    buf_add(&b, &h, sizeof(h));
    buf_add(&b, key->p, key->len);
    buf_add(&b, library, h.library_len);
    buf_add(&b, f->program.v, f->program.n * sizeof(*f->program.v));
    h.checksum = hash_of(&b);
    memcpy(b.p, &h, sizeof(h));
    make_room(dir);
    if (atomic_write(dir, file_name(key, name), b.p, b.len, 0600, ATOMIC_VOLATILE, &why) < 0)
        log_debug("seccomp: %s: %s", path, why.text);
}

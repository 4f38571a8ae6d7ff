#include "store/placement.h"

#include "base/time.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    REMEMBERED_MAX = 256, /* records; beyond that the file starts anew */
    FRESH_SECONDS = 300,  /* ext4's longest memory (ialloc.c, recently_deleted()) */
    FAR_ENOUGH = 2 << 17, /* inode numbers: twice a group of 16 block groups with 8192 inodes each */
    OFFERS_MAX = 24,      /* directories made to look at their places */
};

struct record {
    int64_t seconds;
    uint64_t dev, ino;
};

struct records {
    struct record v[REMEMBERED_MAX];
    size_t n;
};

static int open_file(struct store *s, int flags)
{
    int state;

    return store_dir(s, STORE_STATE, &state, NULL) < 0
               ? -1
               : openat(state, "removed", flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void read_records(struct store *s, struct records *ret)
{
    _cleanup_fd_ int fd = open_file(s, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : fd_read_all(fd, ret->v, sizeof(ret->v));

    ret->n = n < 0 ? 0 : (size_t)n / sizeof(ret->v[0]);
}

void store_placement_removed(struct store *s, int dirfd, const char *name)
{
    _cleanup_fd_ int fd = open_file(s, O_WRONLY | O_APPEND);
    struct record record = {.seconds = time_now() / 1000000000};
    struct stat st;

    if (fd < 0 || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    record.dev = st.st_dev;
    record.ino = st.st_ino;
    if (fstat(fd, &st) == 0 && st.st_size >= (off_t)(REMEMBERED_MAX * sizeof(record)))
        (void)!ftruncate(fd, 0);
    (void)!write(fd, &record, sizeof(record));
}

/* How far an inode is from the nearest that was removed lately. */
static uint64_t distance(const struct records *records, const struct stat *st)
{
    int64_t now = time_now() / 1000000000;
    uint64_t nearest = UINT64_MAX;

    for (size_t i = 0; i < records->n; i++) {
        const struct record *r = &records->v[i];
        uint64_t d = r->ino > st->st_ino ? r->ino - st->st_ino : st->st_ino - r->ino;

        if (r->dev == st->st_dev && now - r->seconds < FRESH_SECONDS && d < nearest)
            nearest = d;
    }
    return nearest;
}

int store_placement_mkdir(struct store *s, int tmp, const char *path, struct err *err)
{
    _cleanup_free_ struct records *records = mem_zalloc(1, sizeof(*records));
    char *offers[OFFERS_MAX];
    uint64_t best_distance = 0;
    size_t n = 0, best = 0;
    int r = 0;

    read_records(s, records);
    /* All are kept until one is chosen, so that each next one is made somewhere else. */
    while (n < OFFERS_MAX && best_distance < FAR_ENOUGH) {
        uint64_t d;
        struct stat st;

        offers[n] = str_printf("%s-%zu", path, n);
        if (mkdirat(tmp, offers[n], 0700) < 0) {
            r = n == 0 ? err_errno(err, errno, "making tmp/%s", path) : 0;
            free(offers[n]);
            break;
        }
        d = fstatat(tmp, offers[n], &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : distance(records, &st);
        if (n == 0 || d > best_distance) {
            best = n;
            best_distance = d;
        }
        n++;
    }
    if (n > 0 && renameat(tmp, offers[best], tmp, path) < 0)
        r = err_errno(err, errno, "making tmp/%s", path);
    for (size_t i = 0; i < n; i++) {
        if (i != best || r < 0)
            unlinkat(tmp, offers[i], AT_REMOVEDIR);
        free(offers[i]);
    }
    return r;
}

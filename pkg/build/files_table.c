#include "build/files_internal.h"

#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file of this host and for it alone, so in its byte order: a header and then records, those of the last walk first
 * and in its order. Damage, by a power cut say, makes it an empty one. */
#define MAGIC "cboxtab1"

struct header {
    char magic[8];
    uint64_t n;
    int64_t written; /* seconds */
    uint64_t check;  /* over the records */
};

struct record {
    uint64_t dev, ino;
    int64_t size, mtime, ctime; /* nanoseconds */
    unsigned char content[32];
    int64_t used; /* seconds: when a walk saw it last, about */
};

enum {
    DAY = 24 * 60 * 60,
    KEPT = 14 * DAY,  /* what no walk saw for that long is forgotten */
    FRESH = 3 * DAY,  /* a table this old is written again, so that what is used is known to be */
    COARSE_TIMES = 2, /* seconds: some file systems' times are no finer */
    TABLE_MAX = BUILD_FILES_MAX * 2,
};

/* Numbers by inodes: each plus one, 0 where there is none. */
struct inode_index {
    uint32_t *slots;
    size_t mask;
};

struct files_table {
    struct store *store;
    char name[65];
    void *map; /* MAP_FAILED: empty */
    size_t size;
    const struct record *records;
    size_t n, next; /* where the next one is likely */
    struct inode_index index;
    int64_t opened, written;
    size_t learned; /* files that were asked for in vain */
};

static int64_t nanoseconds(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static int64_t now(void)
{
    struct timespec t;

    /* The clock that the kernel dates files with. */
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    return nanoseconds(&t);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t check_records(uint64_t h, const struct record *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t words[sizeof(*r) / 8];

        memcpy(words, &r[i], sizeof(words));
        for (size_t j = 0; j < ARRAY_SIZE(words); j++)
            h = mix(h, words[j]);
    }
    return h;
}

/* ---- reading ---- */

static int open_directory(struct store *s, int *ret_fd, struct err *err)
{
    int root, r = store_dir(s, STORE_ROOT, &root, err);

    if (r < 0)
        return r;
    r = path_mkdirs(root, "build-cache/files", 0700);
    if (r == 0)
        r = *ret_fd = openat(root, "build-cache/files", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return r < 0 ? err_set(err, ERR_IO, "build-cache/files cannot be opened") : 0;
}

static void map_table(struct files_table *t, int fd)
{
    const struct header *h;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(*h))
        return;
    t->size = (size_t)st.st_size;
    t->map = mmap(NULL, t->size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (t->map == MAP_FAILED)
        return;
    h = t->map;
    t->records = (const struct record *)(const void *)(h + 1);
    if (memcmp(h->magic, MAGIC, 8) != 0 || h->n > TABLE_MAX || t->size != sizeof(*h) + h->n * sizeof(*t->records) ||
        mix(check_records(0, t->records, h->n), h->n) != h->check)
        return;
    t->n = h->n;
    t->written = h->written;
}

static void unmap_table(struct files_table *t)
{
    if (t->map != MAP_FAILED)
        munmap(t->map, t->size);
    free(t->index.slots);
    t->map = MAP_FAILED;
    t->index.slots = NULL;
    t->n = t->next = 0;
}

static void load(struct files_table *t)
{
    _cleanup_fd_ int dir = -1, fd = -1;

    if (open_directory(t->store, &dir, NULL) < 0)
        return;
    fd = openat(dir, t->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    map_table(t, fd);
}

int files_table_open(struct store *s, const char *name, struct files_table **ret, struct err *err)
{
    struct files_table *t;
    struct digest_computed d;
    int r;

    *ret = NULL;
    if (!name)
        return 0;
    r = digest_compute(DIGEST_SHA256, name, strlen(name), &d, err);
    if (r < 0)
        return r;
    t = mem_zalloc(1, sizeof(*t));
    t->store = s;
    t->map = MAP_FAILED;
    t->opened = now();
    snprintf(t->name, sizeof(t->name), "%.64s", d.digest.hex);
    load(t);
    *ret = t;
    return 0;
}

void files_table_free(struct files_table *t)
{
    if (!t)
        return;
    unmap_table(t);
    free(t);
}

/* ---- finding ---- */

static void index_init(struct inode_index *x, size_t n)
{
    size_t slots = 64;

    while (slots < n * 2)
        slots *= 2;
    x->slots = mem_zalloc(slots, sizeof(*x->slots));
    x->mask = slots - 1;
}

static size_t index_first(const struct inode_index *x, uint64_t dev, uint64_t ino)
{
    return mix(mix(0, ino), dev) & x->mask;
}

static void index_add(struct inode_index *x, uint64_t dev, uint64_t ino, size_t number)
{
    size_t at = index_first(x, dev, ino);

    while (x->slots[at])
        at = (at + 1) & x->mask;
    x->slots[at] = (uint32_t)number + 1;
}

static bool is_inode(const struct record *r, const struct build_file_stat *st)
{
    return r->ino == st->st_ino && r->dev == st->st_dev;
}

/* In a tree that did not change much the record behind the last one is the right one. */
static const struct record *find_inode(struct files_table *t, const struct build_file_stat *st)
{
    if (t->next < t->n && is_inode(&t->records[t->next], st))
        return &t->records[t->next];
    if (!t->n)
        return NULL;
    if (!t->index.slots) {
        index_init(&t->index, t->n);
        for (size_t i = 0; i < t->n; i++)
            index_add(&t->index, t->records[i].dev, t->records[i].ino, i);
    }
    for (size_t at = index_first(&t->index, st->st_dev, st->st_ino), slot; (slot = t->index.slots[at]);
         at = (at + 1) & t->index.mask)
        if (is_inode(&t->records[slot - 1], st))
            return &t->records[slot - 1];
    return NULL;
}

const unsigned char *files_table_find(struct files_table *t, const struct build_file_stat *st)
{
    const struct record *r = t ? find_inode(t, st) : NULL;

    if (r)
        t->next = (size_t)(r - t->records) + 1;
    if (r && r->size == st->st_size && r->mtime == nanoseconds(&st->st_mtim) && r->ctime == nanoseconds(&st->st_ctim))
        return r->content;
    if (t)
        t->learned++;
    return NULL;
}

/* ---- writing ---- */

/* Records on their way into a file. */
struct writer {
    int fd;
    bool failed;
    size_t n, waiting;
    uint64_t check;
    struct record block[512];
};

static void flush(struct writer *w)
{
    w->check = check_records(w->check, w->block, w->waiting);
    if (fd_write_all(w->fd, w->block, w->waiting * sizeof(w->block[0])) < 0)
        w->failed = true;
    w->waiting = 0;
}

static void put(struct writer *w, const struct record *r)
{
    w->block[w->waiting++] = *r;
    w->n++;
    if (w->waiting == ARRAY_SIZE(w->block))
        flush(w);
}

/* A file that was changed as lately as it was looked at may change once more within the same tick of the clock. */
static bool is_settled(const struct files_table *t, const struct build_file_stat *st)
{
    int64_t changed = nanoseconds(&st->st_ctim);

    if (st->st_ctim.tv_nsec == 0)
        changed += (int64_t)COARSE_TIMES * 1000000000;
    return changed < t->opened;
}

static void put_files(const struct files_table *t, struct writer *w, const struct build_file *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct build_file_stat *st = &files[i].st;
        struct record r = {st->st_dev,
                           st->st_ino,
                           st->st_size,
                           nanoseconds(&st->st_mtim),
                           nanoseconds(&st->st_ctim),
                           {0},
                           t->opened / 1000000000};

        memcpy(r.content, files[i].content, sizeof(r.content));
        if (is_settled(t, st))
            put(w, &r);
    }
}

static bool is_among(const struct record *r, const struct inode_index *x, const struct build_file *files)
{
    for (size_t at = index_first(x, r->dev, r->ino), slot; (slot = x->slots[at]); at = (at + 1) & x->mask)
        if (is_inode(r, &files[slot - 1].st))
            return true;
    return false;
}

/* What the table has of files that this walk did not see. */
static void put_others(const struct files_table *t, struct writer *w, const struct build_file *files, size_t n)
{
    struct inode_index seen;

    index_init(&seen, n);
    for (size_t i = 0; i < n; i++)
        index_add(&seen, files[i].st.st_dev, files[i].st.st_ino, i);
    for (size_t i = 0; i < t->n && w->n < TABLE_MAX; i++)
        if (t->records[i].used > t->opened / 1000000000 - KEPT && !is_among(&t->records[i], &seen, files))
            put(w, &t->records[i]);
    free(seen.slots);
}

static bool write_table(const struct files_table *t, int fd, const struct build_file *files, size_t n)
{
    struct writer *w = mem_zalloc(1, sizeof(*w));
    struct header h = {.magic = MAGIC, .written = t->opened / 1000000000};
    bool good;

    w->fd = fd;
    w->failed = fd_write_all(fd, &h, sizeof(h)) < 0;
    put_files(t, w, files, n);
    put_others(t, w, files, n);
    flush(w);
    h.n = w->n;
    h.check = mix(w->check, w->n);
    good = !w->failed && pwrite(fd, &h, sizeof(h), 0) == sizeof(h);
    free(w);
    return good;
}

/* The new table is seen by a rename. It is not waited for to be on disk: it has a check. */
static void replace_table(struct files_table *t, int dir, const struct build_file *files, size_t n)
{
    char temporary[80];
    _cleanup_fd_ int fd = -1;

    snprintf(temporary, sizeof(temporary), "%s.new", t->name);
    fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    if (!write_table(t, fd, files, n) || renameat(dir, temporary, dir, t->name) < 0)
        unlinkat(dir, temporary, 0);
}

void files_table_save(struct files_table *t, const struct build_file *files, size_t n)
{
    _cleanup_fd_ int dir = -1, lock = -1;
    char name[80];

    if (!t || (!t->learned && t->written > t->opened / 1000000000 - FRESH))
        return;
    if (open_directory(t->store, &dir, NULL) < 0)
        return;
    /* Who else is writing at this moment has learned much the same. */
    snprintf(name, sizeof(name), "%s.lock", t->name);
    if (lock_take(dir, name, LOCK_EXCLUSIVE, LOCK_TRY, &lock, NULL) < 0)
        return;
    /* Another step of the same build may have written it meanwhile. */
    unmap_table(t);
    load(t);
    replace_table(t, dir, files, n);
}

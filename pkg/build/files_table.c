/* A file of this host and for it alone, so in its byte order: blocks of records in the order of their paths, then an
 * index of the blocks, so that one is found and believed by itself; damage, by a power cut say, costs what is in that
 * block. It is read a block at a time and written by merging, so that neither takes memory for what it has. */
#include "build/files_table_internal.h"

#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

static int64_t now(void)
{
    struct timespec t;

    /* The clock that the kernel dates files with. */
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    return table_nanoseconds(&t);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

uint64_t table_check(const char *p, size_t len)
{
    uint64_t h = mix(0, len), v;

    for (; len >= sizeof(v); p += sizeof(v), len -= sizeof(v)) {
        memcpy(&v, p, sizeof(v));
        h = mix(h, v);
    }
    v = 0;
    memcpy(&v, p, len);
    return mix(h, v);
}

/* ---- opening ---- */

int table_directory(struct store *s, int *ret_fd, struct err *err)
{
    int root, r = store_dir(s, STORE_ROOT, &root, err);

    if (r < 0)
        return r;
    r = path_mkdirs(root, "build-cache/files", 0700);
    if (r == 0)
        r = *ret_fd = openat(root, "build-cache/files", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return r < 0 ? err_set(err, ERR_IO, "build-cache/files cannot be opened") : 0;
}

/* The index is a block, and then its paths: the first of each block. */
static bool read_index(struct files_table *t, const struct table_header *h)
{
    const char *p, *end;

    if (h->index_len > TABLE_INDEX_MAX || h->blocks > TABLE_MAX ||
        h->index_len / sizeof(struct table_block) < h->blocks)
        return false;
    t->index = mem_alloc(h->index_len + 1);
    if (fd_pread_all(t->fd, t->index, h->index_len, h->index_at) != (ssize_t)h->index_len ||
        table_check(t->index, h->index_len) != h->check)
        return false;
    end = t->index + h->index_len;
    *(char *)end = 0;
    p = t->index + h->blocks * sizeof(struct table_block);
    for (uint64_t i = 0; i < h->blocks && p < end; i++) {
        struct table_found *b = VEC_PUSH(&t->blocks);

        memcpy(&b->block, t->index + i * sizeof(struct table_block), sizeof(b->block));
        b->first = p;
        p += strlen(p) + 1;
        if (b->block.len > TABLE_BLOCK_MAX)
            return false;
    }
    return t->blocks.n == h->blocks;
}

void table_load(struct files_table *t)
{
    _cleanup_fd_ int dir = -1;
    struct table_header h;

    t->written = 0;
    if (table_directory(t->store, &dir, NULL) < 0)
        return;
    t->fd = openat(dir, t->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (t->fd < 0 || fd_pread_all(t->fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
        memcmp(h.magic, TABLE_MAGIC, sizeof(h.magic)) != 0 || !read_index(t, &h)) {
        t->blocks.n = 0;
        return;
    }
    t->written = h.written;
}

void table_unload(struct files_table *t)
{
    t->fd = fd_close(t->fd);
    free(t->index);
    free(t->blocks.v);
    t->index = NULL;
    memset(&t->blocks, 0, sizeof(t->blocks));
    t->at = (struct table_cursor){.block = SIZE_MAX};
}

int files_table_open(struct store *s, const char *name, struct files_table **ret, struct err *err)
{
    char hex[DIGEST_SHA256_HEX + 1];
    struct files_table *t;
    int r;

    *ret = NULL;
    if (!name)
        return 0;
    r = digest_hex(name, strlen(name), hex, err);
    if (r < 0)
        return r;
    t = mem_zalloc(1, sizeof(*t));
    t->store = s;
    t->fd = -1;
    t->at.block = SIZE_MAX;
    t->opened = now();
    memcpy(t->name, hex, sizeof(t->name));
    table_load(t);
    *ret = t;
    return 0;
}

void files_table_free(struct files_table *t)
{
    if (!t)
        return;
    table_unload(t);
    free(t->bytes);
    free(t);
}

/* ---- reading ---- */

/* Takes a block; one that is damaged has nothing. */
static void open_block(struct files_table *t, size_t i)
{
    const struct table_block *b = &t->blocks.v[i].block;

    if (!t->bytes)
        t->bytes = mem_alloc(TABLE_BLOCK_MAX);
    t->at = (struct table_cursor){.block = i, .left = b->records, .len = b->len};
    if (fd_pread_all(t->fd, t->bytes, b->len, b->at) != (ssize_t)b->len || table_check(t->bytes, b->len) != b->check)
        t->at.left = 0;
}

/* The next record of the block. Paths have in common with the one before what is not repeated. */
static bool next_in_block(struct files_table *t)
{
    struct table_cursor *c = &t->at;
    uint16_t lens[2];

    c->valid = false;
    if (!c->left || c->len - c->pos < sizeof(c->record) + sizeof(lens))
        return false;
    memcpy(&c->record, t->bytes + c->pos, sizeof(c->record));
    memcpy(lens, t->bytes + c->pos + sizeof(c->record), sizeof(lens));
    c->pos += sizeof(c->record) + sizeof(lens);
    if ((size_t)lens[0] + lens[1] >= PATH_MAX || lens[0] > c->path_len || c->len - c->pos < lens[1])
        return false;
    memcpy(c->path + lens[0], t->bytes + c->pos, lens[1]);
    c->path_len = (size_t)lens[0] + lens[1];
    c->path[c->path_len] = 0;
    c->pos += lens[1];
    c->left--;
    return c->valid = true;
}

bool table_next(struct files_table *t)
{
    if (t->at.block != SIZE_MAX && next_in_block(t))
        return true;
    for (size_t i = t->at.block == SIZE_MAX ? 0 : t->at.block + 1; i < t->blocks.n; i++) {
        open_block(t, i);
        if (next_in_block(t))
            return true;
    }
    return false;
}

/* ---- finding ---- */

/* The block that has the path if any has: the last one that does not begin behind it. */
static size_t find_block(const struct files_table *t, const char *path)
{
    size_t low = 0, high = t->blocks.n;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (files_compare(t->blocks.v[middle].first, path) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Whether the block that is open is the one. */
static bool in_block(const struct files_table *t, const char *path)
{
    size_t i = t->at.block;

    return i != SIZE_MAX && files_compare(t->blocks.v[i].first, path) <= 0 &&
           (i + 1 == t->blocks.n || files_compare(path, t->blocks.v[i + 1].first) < 0);
}

static const struct table_record *find_path(struct files_table *t, const char *path)
{
    int order;

    if (!t->blocks.n)
        return NULL;
    if (!in_block(t, path)) {
        open_block(t, find_block(t, path));
        next_in_block(t);
    } else if (t->at.valid && files_compare(t->at.path, path) > 0) {
        open_block(t, t->at.block); /* from its start */
        next_in_block(t);
    }
    while (t->at.valid && (order = files_compare(t->at.path, path)) < 0)
        next_in_block(t);
    return t->at.valid && order == 0 ? &t->at.record : NULL;
}

const unsigned char *files_table_find(struct files_table *t, const char *path, const struct build_file_stat *st)
{
    const struct table_record *r = t ? find_path(t, path) : NULL;

    if (r && r->ino == st->st_ino && r->dev == st->st_dev && r->size == st->st_size &&
        r->mtime == table_nanoseconds(&st->st_mtim) && r->ctime == table_nanoseconds(&st->st_ctim))
        return r->content;
    if (t)
        t->learned++;
    return NULL;
}

#include "build/files_table_internal.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
    DAY = 24 * 60 * 60,
    KEPT = 14 * DAY,  /* what no walk saw for that long is forgotten */
    FRESH = 3 * DAY,  /* a table this old is written again, so that what is used is known to be */
    COARSE_TIMES = 2, /* seconds: some file systems' times are no finer */
};

struct files_table_writer {
    struct files_table *table; /* what it was, merged with what is put */
    bool more;                 /* it is at a record that was not merged yet */
    int dir, lock, fd;
    char name[80]; /* until it is renamed */
    bool failed;
    uint64_t n;
    int64_t size;
    struct buf bytes; /* of the block */
    struct buf last;  /* path */
    VEC(struct table_block) blocks;
    struct buf firsts; /* their paths */
    uint32_t records;  /* of the block */
};

static void write_bytes(struct files_table_writer *w, const void *p, size_t len)
{
    if (!w->failed && fd_write_all(w->fd, p, len) < 0)
        w->failed = true;
    w->size += (int64_t)len;
}

static void end_block(struct files_table_writer *w)
{
    if (!w->records)
        return;
    *VEC_PUSH(&w->blocks) =
        (struct table_block){w->size, table_check(w->bytes.p, w->bytes.len), (uint32_t)w->bytes.len, w->records};
    write_bytes(w, w->bytes.p, w->bytes.len);
    buf_clear(&w->bytes);
    w->records = 0;
}

static void put(struct files_table_writer *w, const struct table_record *r, const char *path)
{
    const char *last = buf_str(&w->last);
    size_t len = strlen(path), same = 0;
    uint16_t lens[2];

    if (w->n == TABLE_MAX || w->firsts.len + PATH_MAX + w->blocks.n * sizeof(struct table_block) > TABLE_INDEX_MAX)
        return;
    if (w->bytes.len + sizeof(*r) + sizeof(lens) + len > TABLE_BLOCK_MAX)
        end_block(w);
    if (!w->records)
        buf_add(&w->firsts, path, len + 1);
    while (w->records && path[same] && path[same] == last[same])
        same++;
    lens[0] = (uint16_t)same;
    lens[1] = (uint16_t)(len - same);
    buf_add(&w->bytes, r, sizeof(*r));
    buf_add(&w->bytes, lens, sizeof(lens));
    buf_add(&w->bytes, path + same, len - same);
    buf_clear(&w->last);
    buf_add(&w->last, path, len);
    w->records++;
    w->n++;
}

/* What the table has up to `path` (NULL: to its end) and the walk did not see. */
static void put_others(struct files_table_writer *w, const char *path)
{
    struct files_table *t = w->table;
    int order = -1;

    while (w->more && (!path || (order = files_compare(t->at.path, path)) <= 0)) {
        if (order < 0 && t->at.record.used > t->opened / 1000000000 - KEPT)
            put(w, &t->at.record, t->at.path);
        w->more = table_next(t);
    }
}

/* A file that was changed as lately as it was looked at may change once more within the same tick of the clock. */
static bool is_settled(const struct files_table *t, const struct build_file_stat *st)
{
    int64_t changed = table_nanoseconds(&st->st_ctim);

    if (st->st_ctim.tv_nsec == 0)
        changed += (int64_t)COARSE_TIMES * 1000000000;
    return changed < t->opened;
}

void files_table_put(struct files_table_writer *w, const struct build_file *f)
{
    const struct build_file_stat *st = &f->st;
    struct table_record r = {st->st_dev,
                             st->st_ino,
                             st->st_size,
                             table_nanoseconds(&st->st_mtim),
                             table_nanoseconds(&st->st_ctim),
                             {0},
                             w->table->opened / 1000000000};

    memcpy(r.content, f->content, sizeof(r.content));
    put_others(w, f->path);
    if (is_settled(w->table, st))
        put(w, &r, f->path);
}

static void writer_free(struct files_table_writer *w)
{
    fd_close(w->dir);
    fd_close(w->lock);
    fd_close(w->fd);
    buf_free(&w->bytes);
    buf_free(&w->last);
    buf_free(&w->firsts);
    free(w->blocks.v);
    free(w);
}

/* The new table is seen by a rename. It is not waited for to be on disk: it has checks. */
static bool open_new(struct files_table_writer *w)
{
    const struct table_header none = {.written = 0};
    char lock[80];

    if (table_directory(w->table->store, &w->dir, NULL) < 0)
        return false;
    /* Who else is writing at this moment has learned much the same. */
    snprintf(lock, sizeof(lock), "%s.lock", w->table->name);
    if (lock_take(w->dir, lock, LOCK_EXCLUSIVE, LOCK_TRY, &w->lock, NULL) < 0)
        return false;
    snprintf(w->name, sizeof(w->name), "%s.new", w->table->name);
    w->fd = openat(w->dir, w->name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (w->fd < 0)
        return false;
    write_bytes(w, &none, sizeof(none));
    return true;
}

struct files_table_writer *files_table_write(struct files_table *t)
{
    struct files_table_writer *w;

    if (!t || (!t->learned && t->written > t->opened / 1000000000 - FRESH))
        return NULL;
    w = mem_zalloc(1, sizeof(*w));
    w->table = t;
    w->dir = w->lock = w->fd = -1;
    if (!open_new(w)) {
        writer_free(w);
        return NULL;
    }
    /* Another step of the same build may have written it meanwhile. */
    table_unload(t);
    table_load(t);
    w->more = table_next(t);
    return w;
}

void files_table_written(struct files_table_writer *w, bool whole)
{
    struct table_header h = {.magic = TABLE_MAGIC, .written = w->table->opened / 1000000000};
    _cleanup_buf_ struct buf index = BUF_INIT;

    if (whole)
        put_others(w, NULL);
    end_block(w);
    buf_add(&index, w->blocks.v, w->blocks.n * sizeof(struct table_block));
    buf_add(&index, buf_str(&w->firsts), w->firsts.len);
    h.index_at = w->size;
    h.index_len = index.len;
    h.blocks = w->blocks.n;
    h.check = table_check(index.p, index.len);
    write_bytes(w, index.p, index.len);
    if (!whole || w->failed || pwrite(w->fd, &h, sizeof(h), 0) != sizeof(h) ||
        renameat(w->dir, w->name, w->dir, w->table->name) < 0)
        unlinkat(w->dir, w->name, 0);
    writer_free(w);
}

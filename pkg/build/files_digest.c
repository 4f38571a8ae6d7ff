#include "build/files_internal.h"

#include "layer/attributes.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum {
    READ_SIZE = 256 << 10,
    THREADS_MAX = 2,
    THREADS_WORTH = 1 << 20, /* bytes to read below which a thread costs more than it saves */
    TRIES = 3,
};

/* ---- one file ---- */

/* What a thread needs for itself. */
struct reader {
    const struct files_work *work;
    char *block;
};

static void reader_release(struct reader *r)
{
    free(r->block);
}

static unsigned char nibble(char c)
{
    return (unsigned char)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void raw_digest(const struct digest_computed *d, unsigned char ret[32])
{
    for (size_t i = 0; i < 32; i++)
        ret[i] = (unsigned char)(nibble(d->digest.hex[2 * i]) << 4 | nibble(d->digest.hex[2 * i + 1]));
}

static int digest_raw(const void *data, size_t len, unsigned char ret[32], struct err *err)
{
    struct digest_computed d;
    int r = digest_compute(DIGEST_SHA256, data, len, &d, err);

    if (r == 0)
        raw_digest(&d, ret);
    return r;
}

/* Attributes that a layer keeps, sorted, names with their values: appended to `out`. */
static void add_attributes_of(int fd, struct buf *out)
{
    struct attributes all = {0};

    attributes_read(fd, &all);
    for (size_t i = 0; i < all.n; i++) {
        buf_addf(out, "%s=%zu:", all.list[i].name, all.list[i].len);
        buf_add(out, all.list[i].value, all.list[i].len);
    }
    attributes_release(&all);
}

/* With attributes the digest becomes one of both. */
static int add_attributes(int fd, unsigned char content[32], struct err *err)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    add_attributes_of(fd, &b);
    if (!b.len)
        return 0;
    buf_add(&b, content, 32);
    return digest_raw(b.p, b.len, content, err);
}

/* As much as fits into the block; most files are there whole with the first read(2). */
static ssize_t read_block(struct reader *r, int fd, int64_t size)
{
    ssize_t n = read(fd, r->block, READ_SIZE), more;

    if (n < 0 && errno != EINTR)
        return -errno;
    n = n < 0 ? 0 : n;
    if (n == size)
        return n;
    more = fd_read_all(fd, r->block + n, READ_SIZE - (size_t)n);
    return more < 0 ? more : n + more;
}

/* Digests up to `size` bytes; `*ret_len` is how many there were, more than that where it grew. */
static int digest_bytes(struct reader *r, int fd, int64_t size, unsigned char ret[32], int64_t *ret_len,
                        struct err *err)
{
    _cleanup_(digest_stream_free_cleanup) struct digest_stream *s = NULL;
    struct digest_computed d;
    ssize_t n = read_block(r, fd, size);
    int e;

    *ret_len = n;
    if (n >= 0 && n < READ_SIZE)
        return digest_raw(r->block, (size_t)n, ret, err);
    e = digest_stream_new(DIGEST_SHA256, &s, err);
    if (e < 0)
        return e;
    while (n > 0) {
        digest_stream_update(s, r->block, (size_t)n);
        if (*ret_len > size)
            break;
        n = fd_read_all(fd, r->block, READ_SIZE);
        *ret_len += n > 0 ? n : 0;
    }
    if (n < 0)
        return err_errno(err, (int)-n, "reading it");
    digest_stream_final(s, &d);
    raw_digest(&d, ret);
    return 0;
}

static bool is_same(const struct build_file_stat *a, const struct build_file_stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec &&
           a->st_mode == b->st_mode;
}

/* Once through the file. 1: it was changed meanwhile, and `f` says how it is now. */
static int digest_once(struct reader *r, struct build_file *f, struct err *err)
{
    _cleanup_fd_ int fd =
        path_open_in_root(r->work->tree->dir, f->path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY, 0);
    struct build_file_stat after;
    struct stat st;
    int64_t len = 0;
    int e = 0;

    if (fd < 0)
        return err_errno(err, -fd, "open %s", f->path);
    if (fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != (f->st.st_mode & S_IFMT))
        return err_set(err, ERR_IO, "%s became something else while it was read", f->path);
    memset(f->content, 0, sizeof(f->content));
    if (S_ISREG(st.st_mode))
        e = digest_bytes(r, fd, st.st_size, f->content, &len, err);
    if (e == 0)
        e = add_attributes(fd, f->content, err);
    if (e < 0)
        return err_wrap(err, "%s", f->path);
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "%s", f->path);
    after = build_file_stat_of(&st);
    if (is_same(&after, &f->st) && (S_ISDIR(st.st_mode) || len == st.st_size))
        return 0;
    f->st = after;
    return 1;
}

static int digest_link(const struct reader *r, struct build_file *f, struct err *err)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(r->work->tree->dir, f->path, target, sizeof(target));

    if (n < 0)
        return err_errno(err, errno, "%s", f->path);
    return digest_raw(target, (size_t)n, f->content, err);
}

static int digest_file(struct reader *r, struct build_file *f, struct err *err)
{
    int e = 1;

    if (S_ISLNK(f->st.st_mode))
        return digest_link(r, f, err);
    if (!S_ISREG(f->st.st_mode) && !S_ISDIR(f->st.st_mode))
        return 0; /* never opened: what it is is its number */
    for (int i = 0; i < TRIES && e > 0; i++)
        e = digest_once(r, f, err);
    /* A directory whose time changes all the time has the same attributes still. */
    if (e > 0 && S_ISREG(f->st.st_mode))
        return err_set(err, ERR_IO, "%s changes while it is read", f->path);
    return e < 0 ? e : 0;
}

/* ---- all of them ---- */

/* A file whose content is wanted, and where its record is. */
struct wanted {
    struct build_file file; /* its path is an offset until all of them are there */
    int64_t at;
};

/* So many of them are digested together. */
enum { BATCH = 8192, BATCH_NAMES = 1 << 20 };

struct job {
    struct files_work *work;
    VEC(struct wanted) wanted;
    struct buf names;
    int64_t bytes;
    atomic_size_t next;
    atomic_int failed;
};

struct worker {
    struct job *job;
    struct err err;
    int result;
};

static void *work(void *data)
{
    struct worker *k = data;
    struct job *j = k->job;
    _cleanup_(reader_release) struct reader r = {.work = j->work, .block = mem_alloc(READ_SIZE)};
    size_t i;

    while (k->result == 0 && !atomic_load(&j->failed) && (i = atomic_fetch_add(&j->next, 1)) < j->wanted.n)
        k->result = digest_file(&r, &j->wanted.v[i].file, &k->err);
    if (k->result < 0)
        atomic_store(&j->failed, 1);
    return NULL;
}

static size_t threads_for(int64_t bytes)
{
    cpu_set_t set;
    size_t n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;

    return bytes < THREADS_WORTH ? 1 : n < THREADS_MAX ? n : THREADS_MAX;
}

static int run_threads(struct job *j, struct err *err)
{
    struct worker workers[THREADS_MAX] = {0};
    pthread_t threads[THREADS_MAX];
    size_t n = threads_for(j->bytes), started = 0;
    unsigned char none[32];
    /* Opens the library before there are threads. */
    int r = digest_raw("", 0, none, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        workers[i].job = j;
    while (started + 1 < n && pthread_create(&threads[started], NULL, work, &workers[started + 1]) == 0)
        started++;
    work(&workers[0]);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < n; i++) {
        if (workers[i].result == 0)
            continue;
        if (err)
            *err = workers[i].err;
        return workers[i].result;
    }
    return 0;
}

/* Digests what is waiting, and writes it into the records. */
static int run_batch(struct job *j, struct err *err)
{
    int r = 0;

    VEC_FOREACH (w, &j->wanted)
        w->file.path = j->names.p + (uintptr_t)w->file.path;
    atomic_store(&j->next, 0);
    if (j->wanted.n)
        r = run_threads(j, err);
    VEC_FOREACH (w, &j->wanted) {
        struct files_record record;

        if (r < 0)
            break;
        memset(&record, 0, sizeof(record));
        record.st = w->file.st;
        record.base = w->file.base;
        record.len = (uint16_t)strlen(w->file.path);
        record.known = true;
        memcpy(record.content, w->file.content, sizeof(record.content));
        r = spill_patch(&j->work->out->files, w->at, &record, sizeof(record));
        r = r < 0 ? files_fail(j->work, r, err) : 0;
    }
    j->wanted.n = 0;
    j->bytes = 0;
    buf_clear(&j->names);
    return r;
}

static void want(struct job *j, const struct files_record *record, const char *path, int64_t at)
{
    *VEC_PUSH(&j->wanted) = (struct wanted){
        .file = {.path = (const char *)(uintptr_t)j->names.len, .st = record->st, .base = record->base},
        .at = at,
    };
    buf_add(&j->names, path, record->len + 1u);
    j->bytes += S_ISREG(record->st.st_mode) ? record->st.st_size : 0;
}

static int digest_unknown(struct job *j, struct spill_reader *reader, struct err *err)
{
    struct spill *files = &j->work->out->files;
    size_t size;
    int r = 0;

    for (int64_t at = 0; r == 0 && at < spill_size(files); at += (int64_t)size) {
        struct files_record record;
        const char *path;

        r = files_record_at(reader, at, &record, &path, &size);
        if (r < 0)
            return files_fail(j->work, r, err);
        if (!record.known)
            want(j, &record, path, at);
        if (j->wanted.n == BATCH || j->names.len > BATCH_NAMES)
            r = run_batch(j, err);
    }
    return r < 0 ? r : run_batch(j, err);
}

int files_digest_contents(struct files_work *w, struct err *err)
{
    struct spill_reader reader = SPILL_READER_INIT(&w->out->files, READ_SIZE);
    struct job j = {.work = w};
    int r = w->unknown ? digest_unknown(&j, &reader, err) : 0;

    spill_reader_release(&reader);
    free(j.wanted.v);
    buf_free(&j.names);
    return r < 0 ? err_wrap(err, "%s", w->tree->what) : 0;
}

/* ---- the digest of the whole ---- */

/* Numbers in one byte order, so that the digest is the same on every machine. */
static void add_number(struct buf *b, uint64_t v)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(v >> 8 * i);
    buf_add(b, bytes, sizeof(bytes));
}

static void add_file(struct buf *b, const struct files_work *w, const struct build_file *f)
{
    bool device = S_ISBLK(f->st.st_mode) || S_ISCHR(f->st.st_mode);

    buf_add(b, f->path + f->base, strlen(f->path + f->base) + 1);
    /* What chmod(1) says of a link means nothing. */
    add_number(b, S_ISLNK(f->st.st_mode) ? S_IFLNK : f->st.st_mode);
    if (w->tree->keep_owner)
        add_number(b, (uint64_t)f->st.st_uid << 32 | f->st.st_gid);
    if (device)
        add_number(b, f->st.st_rdev);
    buf_add(b, f->content, sizeof(f->content));
}

/* A source: a directory counts by what it has, a file by the name that it gives. */
static void add_source(struct buf *b, const struct build_selected *s)
{
    buf_addc(b, s->directory ? 'd' : 'f');
    if (!s->directory)
        buf_adds(b, path_base(s->path));
    buf_addc(b, 0);
    add_number(b, s->n);
}

static int digest_sources(struct build_reading *reading, const struct files_work *w, struct digest_stream *s,
                          struct buf *b, struct err *err)
{
    struct build_selected source;
    struct build_file f;
    int r;

    while ((r = build_reading_source(reading, &source, err)) == 1) {
        add_source(b, &source);
        while ((r = build_reading_file(reading, &f, err)) == 1) {
            add_file(b, w, &f);
            /* Names that belong together are copied as such: that is part of it. */
            if (f.linked && S_ISREG(f.st.st_mode))
                add_number(b, f.first);
            if (b->len < 64 << 10)
                continue;
            digest_stream_update(s, b->p, b->len);
            buf_clear(b);
        }
        if (r < 0)
            return r;
    }
    return r;
}

int files_digest_all(struct files_work *w, struct err *err)
{
    _cleanup_(digest_stream_free_cleanup) struct digest_stream *s = NULL;
    _cleanup_buf_ struct buf b = BUF_INIT;
    struct build_reading reading;
    struct digest_computed d;
    int r = digest_stream_new(DIGEST_SHA256, &s, err);

    if (r < 0)
        return r;
    buf_adds(&b, w->tree->keep_owner ? "files 1 with owners\n" : "files 1\n");
    build_reading_begin(&reading, w->out);
    r = digest_sources(&reading, w, s, &b, err);
    build_reading_end(&reading);
    if (r < 0)
        return r;
    digest_stream_update(s, buf_str(&b), b.len);
    digest_stream_final(s, &d);
    snprintf(w->out->digest, sizeof(w->out->digest), "%.64s", d.digest.hex);
    return 0;
}

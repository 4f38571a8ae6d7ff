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
    after = files_stat(&st);
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

struct job {
    struct files_work *work;
    uint32_t *wanted; /* indexes of files */
    size_t n;
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

    while (k->result == 0 && !atomic_load(&j->failed) && (i = atomic_fetch_add(&j->next, 1)) < j->n)
        k->result = digest_file(&r, &j->work->out->files.v[j->wanted[i]], &k->err);
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

static int run_job(struct job *j, int64_t bytes, struct err *err)
{
    struct worker workers[THREADS_MAX] = {0};
    pthread_t threads[THREADS_MAX];
    size_t n = threads_for(bytes), started = 0;
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

int files_digest_contents(struct files_work *w, struct err *err)
{
    _cleanup_(files_table_free_cleanup) struct files_table *t = NULL;
    VEC(uint32_t) wanted = {0};
    struct job j = {.work = w};
    int64_t bytes = 0;
    int r = files_table_open(w->store, w->tree->remember, &t, err);

    if (r < 0)
        return r;
    VEC_FOREACH (f, &w->out->files) {
        const unsigned char *known = files_table_find(t, &f->st);

        if (known) {
            memcpy(f->content, known, sizeof(f->content));
            continue;
        }
        *VEC_PUSH(&wanted) = (uint32_t)(f - w->out->files.v);
        bytes += S_ISREG(f->st.st_mode) ? f->st.st_size : 0;
    }
    j.wanted = wanted.v;
    j.n = wanted.n;
    if (j.n)
        r = run_job(&j, bytes, err);
    free(wanted.v);
    if (r < 0)
        return err_wrap(err, "%s", w->tree->what);
    files_table_save(t, w->out->files.v, w->out->files.n);
    return 0;
}

/* ---- the digest of the whole ---- */

/* Files with more than one name in the selection are copied as such: names that belong together are part of it. */
struct linked {
    uint64_t dev, ino;
    size_t file;
};

static int by_inode(const void *a, const void *b)
{
    const struct linked *x = a, *y = b;

    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return x->file < y->file ? -1 : x->file > y->file;
}

static int by_file(const void *a, const void *b)
{
    const size_t *x = a, *y = b;

    return x[0] < y[0] ? -1 : x[0] > y[0];
}

/* Pairs of files, the second one the first with the same inode, in the order of the first. The caller frees it. */
static size_t (*find_links(const struct build_selection *s, size_t *ret_n))[2]
{
    VEC(struct linked) all = {0};
    size_t(*pairs)[2], n = 0;

    VEC_FOREACH (f, &s->files)
        if (S_ISREG(f->st.st_mode) && f->st.st_nlink > 1)
            *VEC_PUSH(&all) = (struct linked){f->st.st_dev, f->st.st_ino, (size_t)(f - s->files.v)};
    if (all.n)
        qsort(all.v, all.n, sizeof(*all.v), by_inode);
    pairs = mem_zalloc(all.n + 1, sizeof(*pairs));
    for (size_t i = 1, first = 0; i < all.n; i++) {
        if (all.v[i].ino != all.v[first].ino || all.v[i].dev != all.v[first].dev) {
            first = i;
            continue;
        }
        pairs[n][0] = all.v[i].file;
        pairs[n++][1] = all.v[first].file;
    }
    free(all.v);
    qsort(pairs, n, sizeof(*pairs), by_file);
    *ret_n = n;
    return pairs;
}

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

int files_digest_all(struct files_work *w, struct err *err)
{
    _cleanup_(digest_stream_free_cleanup) struct digest_stream *s = NULL;
    _cleanup_buf_ struct buf b = BUF_INIT;
    size_t n_links, link = 0;
    _cleanup_free_ size_t(*links)[2] = find_links(w->out, &n_links);
    struct digest_computed d;
    int r = digest_stream_new(DIGEST_SHA256, &s, err);

    if (r < 0)
        return r;
    buf_adds(&b, w->tree->keep_owner ? "files 1 with owners\n" : "files 1\n");
    VEC_FOREACH (source, &w->out->sources) {
        add_source(&b, source);
        for (size_t i = source->first; i < source->first + source->n; i++) {
            add_file(&b, w, &w->out->files.v[i]);
            if (link < n_links && links[link][0] == i)
                add_number(&b, links[link++][1]);
            if (b.len < 64 << 10)
                continue;
            digest_stream_update(s, b.p, b.len);
            buf_clear(&b);
        }
    }
    digest_stream_update(s, buf_str(&b), b.len);
    digest_stream_final(s, &d);
    snprintf(w->out->digest, sizeof(w->out->digest), "%.64s", d.digest.hex);
    return 0;
}

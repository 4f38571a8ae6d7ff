#include "layer/compress.h"

#include "layer/apply.h"
#include "layer/codec.h"
#include "layer/compress_internal.h"
#include "layer/stream.h"
#include "sys/fd.h"

#include <pthread.h>

enum { THREADS_MAX = 16, PIECES_AHEAD = 2 /* beside those that are worked on */ };

enum slot_state { SLOT_FREE, SLOT_FILLED, SLOT_BUSY, SLOT_DONE };

struct slot {
    enum slot_state state;
    char *data;
    size_t len;
    struct buf out;
};

/* A ring of pieces: the caller's thread fills them in order and writes them in order, the workers take what is filled.
 */
struct work {
    const struct layer_compress_options *options;
    const struct compressor *compressor;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot *slots;
    size_t n_slots;
    size_t to_fill, to_take, to_write; /* counted on from 0, never wrapped */
    bool end;                          /* nothing more will be filled */
    struct err err;                    /* of a worker */

    /* the caller's thread alone */
    int fd;
    struct digest_stream *digest;
    uint32_t crc;
    int64_t size;
};

static struct slot *slot(struct work *w, size_t n)
{
    return &w->slots[n % w->n_slots];
}

/* ---- workers ---- */

static void *work(void *data)
{
    struct work *w = data;
    struct err err = ERR_INIT;
    void *state = NULL;
    int r = w->compressor->open(&state, &err);

    pthread_mutex_lock(&w->lock);
    while (r == 0) {
        struct slot *s;

        while (!w->err.kind && !w->end && w->to_take == w->to_fill)
            pthread_cond_wait(&w->changed, &w->lock);
        if (w->err.kind || w->to_take == w->to_fill)
            break;
        s = slot(w, w->to_take++);
        s->state = SLOT_BUSY;
        pthread_mutex_unlock(&w->lock);
        r = w->compressor->piece_compress(state, s->data, s->len, &s->out, &err);
        pthread_mutex_lock(&w->lock);
        s->state = SLOT_DONE;
        pthread_cond_broadcast(&w->changed);
    }
    if (r < 0 && !w->err.kind)
        w->err = err;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (state)
        w->compressor->close(state);
    return NULL;
}

/* ---- the caller's thread ---- */

static int write_out(struct work *w, struct buf *out, struct err *err)
{
    int r = fd_write_all(w->fd, buf_str(out), out->len);

    if (r < 0)
        return err_errno(err, -r, "writing the compressed layer");
    digest_stream_update(w->digest, buf_str(out), out->len);
    buf_clear(out);
    return 0;
}

/* Waits until the oldest piece is compressed, and writes it. */
static int write_oldest(struct work *w, struct err *err)
{
    struct slot *s = slot(w, w->to_write);
    int r = 0;

    pthread_mutex_lock(&w->lock);
    while (s->state != SLOT_DONE && !w->err.kind)
        pthread_cond_wait(&w->changed, &w->lock);
    if (w->err.kind) {
        *err = w->err;
        r = err->kind;
    }
    pthread_mutex_unlock(&w->lock);
    if (r == 0)
        r = write_out(w, &s->out, err);
    s->len = 0;
    s->state = SLOT_FREE;
    w->to_write++;
    return r;
}

/* The piece that is being filled goes to the workers, and another becomes free. */
static int next_piece(struct work *w, struct err *err)
{
    pthread_mutex_lock(&w->lock);
    slot(w, w->to_fill)->state = SLOT_FILLED;
    w->to_fill++;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return w->to_fill - w->to_write == w->n_slots ? write_oldest(w, err) : 0;
}

static int add(struct work *w, const unsigned char *data, size_t len, struct err *err)
{
    int r = 0;

    w->crc = w->compressor->tail ? codec_crc32(w->crc, data, len) : 0;
    w->size += (int64_t)len;
    while (r == 0 && len) {
        struct slot *s = slot(w, w->to_fill);
        size_t n = MIN_OF(len, w->compressor->piece - s->len);

        if (!s->data)
            s->data = mem_alloc(w->compressor->piece);
        memcpy(s->data + s->len, data, n);
        s->len += n;
        data += n;
        len -= n;
        if (s->len == w->compressor->piece)
            r = next_piece(w, err);
    }
    return r;
}

static bool interrupted(const struct work *w)
{
    return w->options->interrupted && *w->options->interrupted;
}

static int compress_all(struct work *w, struct layer_stream *stream, struct err *err)
{
    _cleanup_buf_ struct buf frame = BUF_INIT;
    const unsigned char *data;
    size_t len;
    int r = 0;

    if (w->compressor->head) {
        w->compressor->head(&frame);
        r = write_out(w, &frame, err);
    }
    while (r == 0 && (r = layer_stream_next(stream, &data, &len, err)) > 0)
        r = interrupted(w) ? err_set(err, ERR_INTERRUPTED, "interrupted") : add(w, data, len, err);
    /* What is left; of nothing at all zstd has one empty frame. */
    if (r == 0 && (slot(w, w->to_fill)->len || (!w->size && !w->compressor->tail)))
        r = next_piece(w, err);
    while (r == 0 && w->to_write < w->to_fill)
        r = write_oldest(w, err);
    if (r == 0 && w->compressor->tail) {
        w->compressor->tail(w->crc, w->size, &frame);
        r = write_out(w, &frame, err);
    }
    return r;
}

static unsigned threads_of(const struct layer_compress_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return (unsigned)MIN_OF(options->threads ? options->threads : MAX_OF(processors, 1), THREADS_MAX);
}

static int with_threads(struct work *w, unsigned n, struct layer_stream *stream, struct err *err)
{
    pthread_t threads[THREADS_MAX];
    unsigned started = 0;
    int r = 0;

    while (started < n && pthread_create(&threads[started], NULL, work, w) == 0)
        started++;
    if (!started)
        r = err_set(err, ERR_IO, "no thread can be started");
    if (r == 0)
        r = compress_all(w, stream, err);
    pthread_mutex_lock(&w->lock);
    w->end = true;
    if (r < 0 && !w->err.kind)
        w->err.kind = r; /* what is filled is not worth the work any more */
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    while (started)
        pthread_join(threads[--started], NULL);
    return r;
}

static void work_release(struct work *w)
{
    for (size_t i = 0; i < w->n_slots; i++) {
        free(w->slots[i].data);
        buf_free(&w->slots[i].out);
    }
    free(w->slots);
    digest_stream_free(w->digest);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
}

static const struct compressor *find_compressor(enum oci_compression to)
{
    return to == OCI_COMPRESSION_ZSTD ? &compressor_zstd : &compressor_gzip;
}

int layer_compress_open(enum oci_compression to, struct err *err)
{
    int r = layer_open_libraries(err);

    return r < 0 ? r : find_compressor(to)->load(err);
}

int layer_compress(struct layer_source *source, int fd, const struct layer_compress_options *options,
                   struct layer_compressed *ret, struct err *err)
{
    unsigned n = threads_of(options);
    _cleanup_(work_release) struct work w = {
        .options = options,
        .compressor = find_compressor(options->to),
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
        .fd = fd,
    };
    _cleanup_(layer_stream_free_cleanup) struct layer_stream *stream = NULL;
    int r = w.compressor->load(err);

    if (r == 0)
        r = digest_stream_new(DIGEST_SHA256, &w.digest, err);
    if (r == 0)
        r = layer_stream_new(source, NULL, &stream, err);
    if (r < 0)
        return r;
    if (options->progress)
        layer_stream_watch(stream, options->progress, options->data);
    w.n_slots = n + PIECES_AHEAD;
    w.slots = mem_zalloc(w.n_slots, sizeof(*w.slots));
    r = with_threads(&w, n, stream, err);
    if (r < 0)
        return r;
    digest_stream_final(w.digest, &ret->blob);
    layer_stream_digest(stream, &ret->diff_id);
    return 0;
}

#include "layer/stream.h"

#include <pthread.h>
#include <signal.h>

struct buffer {
    unsigned char *data;
    size_t len;
    int64_t consumed; /* compressed bytes that it and those before it came from */
};

struct layer_stream {
    struct layer_source *source;
    struct decoder *decoder;
    struct digest_stream *hash;
    struct digest_computed digest;
    pthread_t thread;
    bool started;
    int64_t consumed; /* the reader's */
    void (*progress)(int64_t consumed, void *data);
    void *progress_data;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex; positions count up, a buffer's place is its position modulo their number. Those from `taken` to
     * `made` are the reader's, the others the thread's. */
    size_t made, taken;
    bool holding; /* the reader looks at buffer `taken` */
    bool ended;   /* nothing more is made: `status` says why */
    bool stop;    /* nobody reads any more */
    int status;
    struct err err;
    struct buffer ring[STREAM_BUFFERS];
};

static struct buffer *stream_free_buffer(struct layer_stream *s)
{
    struct buffer *b = NULL;

    pthread_mutex_lock(&s->mutex);
    while (!s->stop && s->made - s->taken == STREAM_BUFFERS)
        pthread_cond_wait(&s->changed, &s->mutex);
    if (!s->stop)
        b = &s->ring[s->made % STREAM_BUFFERS];
    pthread_mutex_unlock(&s->mutex);
    return b;
}

static void stream_publish(struct layer_stream *s, bool made, bool ended, int status)
{
    pthread_mutex_lock(&s->mutex);
    s->made += made;
    s->ended = ended;
    s->status = status;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

static void *stream_thread(void *arg)
{
    struct layer_stream *s = arg;
    struct buffer *b;

    while ((b = stream_free_buffer(s))) {
        ssize_t n;

        if (!b->data)
            b->data = mem_alloc(STREAM_BUFFER_SIZE);
        n = decoder_read(s->decoder, b->data, STREAM_BUFFER_SIZE, &s->err);
        if (n < 0) {
            stream_publish(s, false, true, (int)n);
            break;
        }
        digest_stream_update(s->hash, b->data, (size_t)n);
        b->len = (size_t)n;
        b->consumed = decoder_consumed(s->decoder);
        if (n < STREAM_BUFFER_SIZE) {
            digest_stream_final(s->hash, &s->digest);
            stream_publish(s, n > 0, true, 0);
            break;
        }
        stream_publish(s, true, false, 0);
    }
    return NULL;
}

/* Signals are the calling thread's. */
static int stream_start_thread(struct layer_stream *s, struct err *err)
{
    sigset_t all, old;
    int r;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    r = pthread_create(&s->thread, NULL, stream_thread, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    s->started = r == 0;
    return r ? err_errno(err, r, "starting a thread") : 0;
}

static int stream_make(struct layer_source *source, const struct codec *gzip, bool any, struct layer_stream **ret,
                       struct err *err)
{
    _cleanup_(layer_stream_free_cleanup) struct layer_stream *s = mem_zalloc(1, sizeof(*s));
    int r;

    s->source = source;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->changed, NULL);
    r = any ? decoder_new_any(source, &s->decoder, err) : decoder_new(source, gzip, &s->decoder, err);
    if (r == 0)
        r = digest_stream_new(DIGEST_SHA256, &s->hash, err);
    if (r == 0)
        r = stream_start_thread(s, err);
    if (r == 0)
        *ret = steal_ptr(&s);
    return r;
}

int layer_stream_new(struct layer_source *source, const struct codec *gzip, struct layer_stream **ret, struct err *err)
{
    return stream_make(source, gzip, false, ret, err);
}

int layer_stream_new_any(struct layer_source *source, struct layer_stream **ret, struct err *err)
{
    return stream_make(source, NULL, true, ret, err);
}

void layer_stream_free(struct layer_stream *s)
{
    if (!s)
        return;
    if (s->started) {
        pthread_mutex_lock(&s->mutex);
        s->stop = true;
        if (!s->ended)
            layer_source_cancel(s->source);
        pthread_cond_signal(&s->changed);
        pthread_mutex_unlock(&s->mutex);
        pthread_join(s->thread, NULL);
    }
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->mutex);
    for (size_t i = 0; i < STREAM_BUFFERS; i++)
        free(s->ring[i].data);
    digest_stream_free(s->hash);
    decoder_free(s->decoder);
    free(s);
}

void layer_stream_watch(struct layer_stream *s, void (*progress)(int64_t consumed, void *data), void *data)
{
    s->progress = progress;
    s->progress_data = data;
}

static void stream_consumed(struct layer_stream *s, int64_t consumed)
{
    bool grew = consumed > s->consumed;

    s->consumed = consumed;
    if (grew && s->progress)
        s->progress(consumed, s->progress_data);
}

int layer_stream_next(struct layer_stream *s, const unsigned char **ret, size_t *ret_len, struct err *err)
{
    int r = 1;

    pthread_mutex_lock(&s->mutex);
    if (s->holding) {
        s->holding = false;
        s->taken++;
        pthread_cond_signal(&s->changed);
    }
    while (s->made == s->taken && !s->ended)
        pthread_cond_wait(&s->changed, &s->mutex);
    if (s->made == s->taken)
        r = s->status;
    else
        s->holding = true;
    pthread_mutex_unlock(&s->mutex);
    if (r == 1) {
        const struct buffer *b = &s->ring[s->taken % STREAM_BUFFERS];

        *ret = b->data;
        *ret_len = b->len;
        stream_consumed(s, b->consumed);
    } else if (r == 0) {
        stream_consumed(s, decoder_consumed(s->decoder));
    } else {
        *err = s->err;
    }
    return r;
}

int64_t layer_stream_consumed(const struct layer_stream *s)
{
    return s->consumed;
}

void layer_stream_digest(const struct layer_stream *s, struct digest_computed *ret)
{
    *ret = s->digest;
}

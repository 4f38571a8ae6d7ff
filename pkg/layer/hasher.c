#include "layer/hasher.h"

#include <pthread.h>
#include <signal.h>

enum { BUFFER_SIZE = 256 << 10, BUFFERS = 8 };

struct hasher {
    struct digest_stream *hash;
    pthread_t thread;
    bool started;
    unsigned char *ring[BUFFERS];
    size_t len; /* of the one that is being filled, at `filled` */

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex; both count up, a buffer's place is its number modulo their count. */
    size_t filled, hashed;
    bool ended;
};

int hasher_new(enum digest_algorithm a, struct hasher **ret, struct err *err)
{
    struct hasher *h = mem_zalloc(1, sizeof(*h));
    int r = digest_stream_new(a, &h->hash, err);

    if (r < 0) {
        free(h);
        return r;
    }
    pthread_mutex_init(&h->mutex, NULL);
    pthread_cond_init(&h->changed, NULL);
    h->ring[0] = mem_alloc(BUFFER_SIZE);
    *ret = h;
    return 0;
}

/* Takes full buffers until there are none and there will be no more. */
static void *hasher_thread(void *arg)
{
    struct hasher *h = arg;

    pthread_mutex_lock(&h->mutex);
    for (;;) {
        while (h->filled == h->hashed && !h->ended)
            pthread_cond_wait(&h->changed, &h->mutex);
        if (h->filled == h->hashed)
            break;
        pthread_mutex_unlock(&h->mutex);
        digest_stream_update(h->hash, h->ring[h->hashed % BUFFERS], BUFFER_SIZE);
        pthread_mutex_lock(&h->mutex);
        h->hashed++;
        pthread_cond_signal(&h->changed);
    }
    pthread_mutex_unlock(&h->mutex);
    return NULL;
}

/* Where no thread can be had, the caller's does it. */
static void hasher_start(struct hasher *h)
{
    sigset_t all, old;

    sigfillset(&all); /* signals are the calling thread's */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    h->started = pthread_create(&h->thread, NULL, hasher_thread, h) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void hasher_pass_on(struct hasher *h)
{
    h->len = 0;
    if (!h->started)
        hasher_start(h);
    if (!h->started) {
        digest_stream_update(h->hash, h->ring[0], BUFFER_SIZE);
        return;
    }
    pthread_mutex_lock(&h->mutex);
    h->filled++;
    pthread_cond_signal(&h->changed);
    while (h->filled - h->hashed == BUFFERS)
        pthread_cond_wait(&h->changed, &h->mutex);
    pthread_mutex_unlock(&h->mutex);
    if (!h->ring[h->filled % BUFFERS])
        h->ring[h->filled % BUFFERS] = mem_alloc(BUFFER_SIZE);
}

void hasher_add(struct hasher *h, const void *data, size_t len)
{
    const unsigned char *from = data;

    while (len > 0) {
        size_t n = MIN_OF(len, BUFFER_SIZE - h->len);

        memcpy(h->ring[h->filled % BUFFERS] + h->len, from, n);
        h->len += n;
        from += n;
        len -= n;
        if (h->len == BUFFER_SIZE)
            hasher_pass_on(h);
    }
}

static void hasher_join(struct hasher *h)
{
    if (!h->started)
        return;
    pthread_mutex_lock(&h->mutex);
    h->ended = true;
    pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->mutex);
    pthread_join(h->thread, NULL);
    h->started = false;
}

void hasher_final(struct hasher *h, struct digest_computed *ret)
{
    hasher_join(h);
    digest_stream_update(h->hash, h->ring[h->filled % BUFFERS], h->len);
    digest_stream_final(h->hash, ret);
}

void hasher_free(struct hasher *h)
{
    if (!h)
        return;
    hasher_join(h);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->mutex);
    for (size_t i = 0; i < BUFFERS; i++)
        free(h->ring[i]);
    digest_stream_free(h->hash);
    free(h);
}

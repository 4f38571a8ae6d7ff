#include "store/writeback.h"

#include "base/mem.h"
#include "base/time.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { REST_MIN_NS = 150 * 1000 * 1000 };

struct store_writeback {
    int fd;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stop;
};

/* Rests until it is time again; false when it is over. */
static bool rest(struct store_writeback *w, int64_t nanoseconds)
{
    int64_t until = time_monotonic() + nanoseconds;
    struct timespec at = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    bool stop;

    pthread_mutex_lock(&w->mutex);
    while (!w->stop && pthread_cond_timedwait(&w->changed, &w->mutex, &at) == 0)
        ;
    stop = w->stop;
    pthread_mutex_unlock(&w->mutex);
    return !stop;
}

static void *run(void *data)
{
    struct store_writeback *w = data;
    int64_t pause = REST_MIN_NS;

    while (rest(w, pause)) {
        int64_t before = time_monotonic();

        (void)syncfs(w->fd); /* errors are for the one at the end to see */
        pause = MAX_OF(time_monotonic() - before, (int64_t)REST_MIN_NS);
    }
    return NULL;
}

struct store_writeback *store_writeback_start(int dirfd)
{
    struct store_writeback *w = mem_zalloc(1, sizeof(*w));
    pthread_condattr_t monotonic;
    sigset_t all, old;
    int r;

    w->fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->fd < 0) {
        free(w);
        return NULL;
    }
    pthread_mutex_init(&w->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigfillset(&all); /* signals are the main thread's, whose waits they end */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    r = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (r == 0)
        return w;
    fd_close(w->fd);
    free(w);
    return NULL;
}

void store_writeback_stop(struct store_writeback *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->mutex);
    w->stop = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->mutex);
    fd_close(w->fd);
    free(w);
}

#include "image/signals.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <unistd.h>

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};

volatile sig_atomic_t image_interrupted;
static int wake_write = -1;

static void on_signal(int number)
{
    int saved = errno;

    (void)number;
    image_interrupted = 1;
    (void)!write(wake_write, "", 1);
    errno = saved;
}

int image_signals_begin(struct image_signals *s, struct err *err)
{
    struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};

    if (pipe2(s->wake, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_errno(err, errno, "making a pipe");
    image_interrupted = 0;
    wake_write = s->wake[1];
    for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++) {
        sigaction(end_signals[i], NULL, &s->old[i]);
        if (end_signals[i] != SIGHUP || s->old[i].sa_handler != SIG_IGN) /* nohup(1) */
            sigaction(end_signals[i], &end, NULL);
    }
    sigaction(SIGPIPE, &ignore, &s->old_pipe);
    return 0;
}

void image_signals_end(struct image_signals *s)
{
    for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++)
        sigaction(end_signals[i], &s->old[i], NULL);
    sigaction(SIGPIPE, &s->old_pipe, NULL);
    wake_write = -1;
    fd_close(s->wake[0]);
    fd_close(s->wake[1]);
}

int image_signals_check(struct err *err)
{
    return image_interrupted ? err_set(err, ERR_INTERRUPTED, "interrupted") : 0;
}

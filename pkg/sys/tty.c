#include "sys/tty.h"

#include "sys/fd.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

struct tty_size tty_size_get(int fd)
{
    struct winsize w = {0};

    if (ioctl(fd, TIOCGWINSZ, &w) < 0)
        return (struct tty_size){0};
    return (struct tty_size){w.ws_row, w.ws_col};
}

int tty_size_set(int fd, struct tty_size size)
{
    struct winsize w = {.ws_row = size.rows, .ws_col = size.columns};

    return ioctl(fd, TIOCSWINSZ, &w) < 0 ? -errno : 0;
}

/* Of the whole process, since exit and signal handlers take no argument. */
static struct {
    volatile sig_atomic_t active;
    int fd;
    struct termios before;
} raw;

void tty_raw_end(void)
{
    if (!raw.active)
        return;
    raw.active = 0;
    tcsetattr(raw.fd, TCSADRAIN, &raw.before);
}

/* tcsetattr() is safe in a signal handler (signal-safety(7)); the handler is gone when the signal comes again. */
static void restore_and_die(int signal)
{
    int saved = errno;

    if (raw.active)
        tcsetattr(raw.fd, TCSANOW, &raw.before);
    raw.active = 0;
    errno = saved;
    raise(signal);
}

static void restore_on_faults(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
    static int done;

    if (done++)
        return;
    atexit(tty_raw_end);
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        struct sigaction action = {.sa_handler = restore_and_die, .sa_flags = (int)SA_RESETHAND};

        sigaction(faults[i], &action, NULL);
    }
}

static void make_silent(struct termios *mode)
{
    mode->c_lflag &= ~(tcflag_t)ECHO;
    mode->c_lflag |= ECHONL;
}

static int change_mode(int fd, void (*change)(struct termios *mode), int when, struct err *err)
{
    struct termios mode;

    if (tcgetattr(fd, &raw.before) < 0)
        return err_errno(err, errno, "reading the terminal's mode");
    mode = raw.before;
    change(&mode);
    raw.fd = fd;
    restore_on_faults();
    raw.active = 1;
    if (tcsetattr(fd, when, &mode) < 0) {
        int saved = errno;

        tty_raw_end();
        return err_errno(err, saved, "setting the terminal's mode");
    }
    return 0;
}

int tty_raw_begin(int fd, struct err *err)
{
    return change_mode(fd, cfmakeraw, TCSADRAIN, err);
}

static int read_line(int fd, struct buf *out, struct err *err)
{
    char byte;
    ssize_t n;
    int r = 0;

    while (r == 0) {
        n = read(fd, &byte, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "reading from the terminal");
        if (n == 0)
            return err_set(err, ERR_INTERRUPTED, "the input ended");
        if (byte == '\n')
            return 0;
        r = buf_append(out, &byte, 1, err);
    }
    return r;
}

int tty_read_secret(int fd, struct buf *out, struct err *err)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = restore_and_die, .sa_flags = (int)SA_RESETHAND}, old[ARRAY_SIZE(signals)];
    int r;

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        sigaction(signals[i], &action, &old[i]);
    /* What was typed before the prompt was shown is not a password. */
    r = change_mode(fd, make_silent, TCSAFLUSH, err);
    if (r == 0)
        r = read_line(fd, out, err);
    tty_raw_end();
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        sigaction(signals[i], &old[i], NULL);
    return r;
}

int tty_open_slave(int ptmx)
{
    int unlock = 0;
    int fd;

    if (ioctl(ptmx, TIOCSPTLCK, &unlock) < 0)
        return -errno;
    fd = ioctl(ptmx, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int tty_take_control(int fd)
{
    if (setsid() < 0 && errno != EPERM) /* EPERM: it leads a session already */
        return -errno;
    return ioctl(fd, TIOCSCTTY, 0) < 0 ? -errno : 0;
}

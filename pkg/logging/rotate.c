#include "logging/rotate.h"

#include "base/log.h"
#include "base/time.h"
#include "layer/compress.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LOOK_EVERY INT64_C(100000000)
#define END_LIMIT  INT64_C(1000000000)

static char *old_name(const struct log_rotation *r, int64_t i, const char *suffix)
{
    return i ? str_printf("%s.%" PRId64 "%s", r->name, i, suffix) : str_printf("%s%s", r->name, suffix);
}

static bool exists(const struct log_rotation *r, int64_t i, const char *suffix)
{
    _cleanup_free_ char *name = old_name(r, i, suffix);

    return faccessat(r->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void move_up(const struct log_rotation *r, int64_t i, const char *suffix)
{
    _cleanup_free_ char *from = old_name(r, i, suffix), *to = old_name(r, i + 1, suffix);

    if (renameat(r->dir, from, r->dir, to) < 0 && errno != ENOENT)
        log_debug("renaming %s: %s", from, strerror(errno));
}

static void drop(const struct log_rotation *r, int64_t i, const char *suffix)
{
    _cleanup_free_ char *name = old_name(r, i, suffix);

    if (unlinkat(r->dir, name, 0) < 0 && errno != ENOENT)
        log_debug("removing %s: %s", name, strerror(errno));
}

/* The first number that is free, or that of the oldest that may be kept. */
static int64_t first_free(const struct log_rotation *r)
{
    int64_t i = 1;

    while (i < r->max_file - 1 && (exists(r, i, "") || exists(r, i, ".gz")))
        i++;
    return i;
}

void log_rotate(struct log_rotation *r)
{
    int64_t last = first_free(r);

    log_rotation_look(r);
    if (r->max_file <= 1) {
        drop(r, 0, "");
        return;
    }
    drop(r, last, "");
    drop(r, last, ".gz");
    for (int64_t i = last - 1; i >= 0; i--) {
        move_up(r, i, "");
        if (i)
            move_up(r, i, ".gz");
    }
    if (r->child >= 0 && r->source <= last)
        r->source++;
    r->failed = false;
    log_rotation_look(r);
}

/* ---- compression ---- */

static int compress_file(int dir, int in, const char *to, struct err *err)
{
    _cleanup_fd_ int out = openat(dir, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = layer_source_file(in);
    const struct layer_compress_options options = {.to = OCI_COMPRESSION_GZIP, .threads = 1};
    struct layer_compressed compressed;
    struct stat st;
    int r;

    if (out < 0 || fstat(in, &st) < 0)
        return err_errno(err, errno, "compressing a log");
    r = layer_compress(source, out, &options, &compressed, err);
    if (r == 0 && futimens(out, (struct timespec[]){st.st_atim, st.st_mtim}) < 0)
        r = err_errno(err, errno, "compressing a log");
    return r;
}

/* In the child, which keeps nothing open of its parent: locks above all. */
static int be_compressor(const struct log_rotation *r, int from)
{
    enum { DIR, SOURCE, REST };
    _cleanup_free_ char *to = old_name(r, 0, ".gz~");
    int dir = openat(r->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), in = fcntl(from, F_DUPFD, REST);

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* the next writer starts one of its own */
    prctl(PR_SET_NAME, "cbox-log");
    if (dir < 0 || in < 0 || dup2(dir, DIR) < 0 || dup2(in, SOURCE) < 0)
        return 1;
    close_range(REST, ~0U, 0);
    return compress_file(DIR, SOURCE, to, NULL) < 0;
}

/* The oldest that is not compressed yet; 0 where there is none. */
static int64_t find_plain(const struct log_rotation *r)
{
    for (int64_t i = first_free(r); i > 0; i--)
        if (exists(r, i, "") && !exists(r, i, ".gz"))
            return i;
    return 0;
}

/* The file is opened here: under its name there may be another one soon. */
static void start_child(struct log_rotation *r)
{
    _cleanup_free_ char *from = NULL;
    _cleanup_fd_ int fd = -1;
    pid_t pid;

    if (!r->compress || r->failed || r->child >= 0 || !(r->source = find_plain(r)))
        return;
    from = old_name(r, r->source, "");
    fd = openat(r->dir, from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    pid = fd < 0 ? -1 : fork();
    if (pid == 0)
        _exit(be_compressor(r, fd));
    r->child = pid < 0 ? -1 : proc_open(pid);
    if (r->child < 0)
        log_debug("compressing %s: %s", from, strerror(errno));
}

/* Gives the compressed file its name and removes what it was made of, unless that was rotated away. */
static void finish(struct log_rotation *r, int code)
{
    _cleanup_free_ char *temporary = old_name(r, 0, ".gz~"), *to = old_name(r, r->source, ".gz");

    r->child = fd_close(r->child);
    r->failed = code != 0;
    if (code == 0 && r->source < r->max_file && exists(r, r->source, "")) {
        if (renameat(r->dir, temporary, r->dir, to) < 0)
            log_debug("renaming %s: %s", temporary, strerror(errno));
        else
            drop(r, r->source, "");
    }
    drop(r, 0, ".gz~");
}

void log_rotation_look(struct log_rotation *r)
{
    struct pollfd fd = {.fd = r->child, .events = POLLIN};

    if (r->child >= 0 && poll(&fd, 1, 0) == 0)
        return;
    if (r->child >= 0)
        finish(r, proc_wait(r->child));
    start_child(r);
}

void log_rotation_end(struct log_rotation *r, bool rest)
{
    int64_t until = time_monotonic() + END_LIMIT;

    while (r->child >= 0) {
        finish(r, proc_wait(r->child));
        if (rest && time_monotonic() < until)
            start_child(r);
    }
}

int64_t log_rotation_wake(const struct log_rotation *r)
{
    return r->child >= 0 ? time_monotonic() + LOOK_EVERY : 0;
}

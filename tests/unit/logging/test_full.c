/* A disk that is full: nobody waits, what is there are whole lines, the loss is told, and the end is not lost. */
#include "../unit.h"

#include "base/time.h"
#include "logging/internal.h"
#include "sys/fd.h"

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

static struct err err;

#define ID "0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123"
enum { LINES = 20000 };

/* A small file system in the scratch directory, in a mount namespace of our own. */
static int small_disk(void **state)
{
    if (mkdirat(scratch_fd(state), "disk", 0700) < 0)
        return -1;
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        print_message("no mount namespace: %s\n", strerror(errno));
        return -1;
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("tmpfs", "disk", "tmpfs", 0, "size=1m") < 0) {
        print_message("no tmpfs: %s\n", strerror(errno));
        return -1;
    }
    return open("disk", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* below where we are: the descriptor is of the old one */
}

static void leave_disk(int dir)
{
    close(dir);
    umount2("disk", MNT_DETACH);
}

static void fill_disk(void)
{
    int fd = open("disk/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(posix_fallocate(fd, 0, 700 << 10), 0);
    close(fd);
}

static void write_lines(struct logging_writer *w, int from, int to)
{
    for (int i = from; i < to; i++) {
        char line[32];

        logging_write(w, LOGGING_STDOUT, line, (size_t)snprintf(line, sizeof(line), "%d\n", i));
    }
}

struct seen {
    int next, gaps, told, last;
};

/* Lines in their order, and where some are missing, how many those are. */
static int look(const struct logging_entry *e, void *data)
{
    struct seen *s = data;
    int n, missing;

    if (e->stream == LOGGING_STDERR) {
        if (sscanf(e->text, "cbox: %d lines of output not kept: ", &missing) != 1)
            fail_msg("%.*s", (int)e->len, e->text);
        s->next += missing;
        s->told++;
        return 0;
    }
    n = atoi(e->text);
    assert_int_equal(n, s->next);
    s->next = n + 1;
    s->last = n;
    return 0;
}

static void check_log(const struct logging_options *o, int told)
{
    const struct logging_query all = {.tail = -1, .wake = -1};
    struct seen seen = {0};

    assert_ok(logging_read(o, &all, look, &seen, &err));
    assert_int_equal(seen.told, told);
    assert_int_equal(seen.next, LINES);
    assert_int_equal(seen.last, LINES - 1);
}

static bool whole(int dir, const char *name)
{
    struct buf b = BUF_INIT;
    bool ok = fd_read_file(dir, name, &b, &err) == 0 && b.len && b.p[b.len - 1] == '\n';

    buf_free(&b);
    return ok;
}

static void wait_until_due(struct logging_writer *w)
{
    while (logging_wake(w) > time_monotonic())
        usleep(1000);
}

static void test_room_again(void **state)
{
    int dir = small_disk(state);
    struct logging_options o = {.dir = dir, .path = "disk", .container = {.id = ID}};
    struct logging_writer *w;

    if (dir < 0)
        skip();
    assert_ok(logging_open(&o, &w, &err));
    fill_disk();
    write_lines(w, 0, LINES - 2000);
    assert_true(logging_wake(w) > 0);
    assert_true(whole(dir, ID "-json.log"));
    wait_until_due(w);
    logging_flush(w, false);
    assert_true(logging_wake(w) > 0);
    unlink("disk/filler");
    wait_until_due(w);
    logging_flush(w, false);
    assert_true(logging_wake(w) == 0);
    write_lines(w, LINES - 2000, LINES);
    logging_close(w);
    check_log(&o, 1);
    leave_disk(dir);
}

static void test_the_end_is_kept(void **state)
{
    int dir = small_disk(state);
    struct logging_options o = {.dir = dir, .path = "disk", .container = {.id = ID}};
    struct logging_writer *w;

    if (dir < 0)
        skip();
    assert_ok(logging_open(&o, &w, &err));
    fill_disk();
    write_lines(w, 0, LINES);
    logging_close(w);
    check_log(&o, 1);
    leave_disk(dir);
}

/* What a program writes for days into a full disk takes no memory, and is not copied more than it must. */
static void test_bounded(void **state)
{
    enum { CHUNK = 1 << 20, TIMES = 200 };
    int dir = small_disk(state);
    struct logging_options o = {.dir = dir, .path = "disk", .container = {.id = ID}};
    _cleanup_free_ char *chunk = mem_alloc(CHUNK);
    struct rusage before, after;
    struct logging_writer *w;

    if (dir < 0)
        skip();
    for (int i = 0; i < CHUNK; i++)
        chunk[i] = i % 80 == 79 ? '\n' : 'x';
    assert_ok(logging_open(&o, &w, &err));
    fill_disk();
    logging_write(w, LOGGING_STDOUT, chunk, CHUNK);
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < TIMES; i++)
        logging_write(w, LOGGING_STDOUT, chunk, CHUNK);
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 1024);
    logging_close(w);
    assert_true(whole(dir, ID "-json.log"));
    leave_disk(dir);
}

/* A write that is cut short (here by a limit) leaves no part of a line. */
static void test_short_writes(void **state)
{
    struct logging_options o = {.dir = scratch_fd(state), .path = "/scratch", .container = {.id = ID}};
    struct rlimit old, limit;
    struct logging_writer *w;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 100001;
    assert_ok(logging_open(&o, &w, &err));
    setrlimit(RLIMIT_FSIZE, &limit);
    write_lines(w, 0, LINES - 100);
    assert_true(whole(scratch_fd(state), ID "-json.log"));
    assert_true(logging_wake(w) > 0);
    setrlimit(RLIMIT_FSIZE, &old);
    wait_until_due(w);
    write_lines(w, LINES - 100, LINES);
    logging_close(w);
    check_log(&o, 1);
}

/* `mode=non-blocking` with its buffer keeps as much as was asked for. */
static void test_buffer(void **state)
{
    const char *const options[] = {"mode=non-blocking", "max-buffer-size=4m", NULL};
    struct logging_options o = {
        .options = (char *const *)options, .dir = scratch_fd(state), .path = "/scratch", .container = {.id = ID}};
    struct rlimit old, limit;
    struct logging_writer *w;

    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 10000;
    assert_ok(logging_open(&o, &w, &err));
    setrlimit(RLIMIT_FSIZE, &limit);
    write_lines(w, 0, LINES);
    setrlimit(RLIMIT_FSIZE, &old);
    logging_close(w);
    check_log(&o, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_short_writes),    scratch_test(test_buffer),  scratch_test(test_room_again),
        scratch_test(test_the_end_is_kept), scratch_test(test_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

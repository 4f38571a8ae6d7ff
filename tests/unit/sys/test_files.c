#include "../unit.h"

#include "sys/atomic.h"
#include "sys/dl.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

static size_t count_entries(int dirfd)
{
    DIR *d = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    size_t n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void expect_content(int dirfd, const char *name, const char *text)
{
    _cleanup_buf_ struct buf b = BUF_INIT_MAX(1024);
    struct err err;

    assert_ok(fd_read_file(dirfd, name, &b, &err));
    assert_string_equal(buf_str(&b), text);
}

static void test_atomic_replace(void **state)
{
    int fd = scratch_fd(state);
    struct err err;
    struct stat st;

    assert_ok(atomic_write(fd, "f", "one", 3, 0640, 0, &err));
    assert_ok(atomic_write(fd, "f", "", 0, 0600, 0, &err));
    expect_content(fd, "f", "");
    assert_ok(atomic_write(fd, "f", "two", 3, 0604, ATOMIC_VOLATILE, &err));
    expect_content(fd, "f", "two");
    assert_int_equal(fstatat(fd, "f", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0604);
    assert_ok(atomic_write(fd, "f", "three", 5, 0640, ATOMIC_VOLATILE | ATOMIC_FLEETING, &err));
    expect_content(fd, "f", "three");
    assert_int_equal(fstatat(fd, "f", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(count_entries(fd), 1);
    assert_ok(atomic_write(fd, "g", "new", 3, 0640, ATOMIC_VOLATILE | ATOMIC_FLEETING, &err));
    expect_content(fd, "g", "new");
    assert_int_equal(count_entries(fd), 2);
}

static void test_atomic_new(void **state)
{
    int fd = scratch_fd(state);
    struct err err;

    assert_int_equal(mkdirat(fd, "d", 0755), 0);
    assert_ok(atomic_write(fd, "d/f", "one", 3, 0644, ATOMIC_NEW, &err));
    assert_fails(atomic_write(fd, "d/f", "two", 3, 0644, ATOMIC_NEW, &err), ERR_EXISTS, "d/f");
    expect_content(fd, "d/f", "one");
    assert_fails(atomic_write(fd, "absent/f", "x", 1, 0644, 0, &err), ERR_NOT_FOUND, "absent/f");
    assert_fails(atomic_write(fd, "d", "x", 1, 0644, 0, &err), ERR_IO, "creating d");
    assert_int_equal(count_entries(fd), 1);
}

static void test_read_limits(void **state)
{
    int fd = scratch_fd(state);
    struct err err;
    _cleanup_buf_ struct buf exact = BUF_INIT_MAX(5), small = BUF_INIT_MAX(4);

    assert_ok(atomic_write(fd, "f", "12345", 5, 0644, 0, &err));
    assert_ok(fd_read_file(fd, "f", &exact, &err));
    assert_string_equal(buf_str(&exact), "12345");
    assert_fails(fd_read_file(fd, "f", &small, &err), ERR_LIMIT, "f is larger than the limit of 4 bytes");
    assert_int_equal(symlinkat("f", fd, "link"), 0);
    assert_fails(fd_read_file(fd, "link", &exact, &err), ERR_IO, "link");
    assert_int_equal(fchdir(fd), 0);
    buf_clear(&exact);
    assert_ok(fd_read_user_file("link", &exact, &err));
    assert_string_equal(buf_str(&exact), "12345");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(symlink("pipe", "link-to-pipe"), 0);
    assert_fails(fd_read_file(fd, "pipe", &exact, &err), ERR_INVALID, "pipe is not a regular file");
    assert_fails(fd_read_user_file("link-to-pipe", &exact, &err), ERR_INVALID, "link-to-pipe is not a regular file");
    assert_int_equal(fd_write_text(fd, "absent", "x"), -ENOENT);
}

static void test_lock_excludes(void **state)
{
    int fd = scratch_fd(state);
    _cleanup_fd_ int a = -1, b = -1, c = -1;
    struct err err;

    assert_ok(lock_take(fd, "l", LOCK_SHARED, LOCK_TRY, &a, &err));
    assert_ok(lock_take(fd, "l", LOCK_SHARED, LOCK_TRY, &b, &err));
    assert_fails(lock_take(fd, "l", LOCK_EXCLUSIVE, LOCK_TRY, &c, &err), ERR_BUSY, "l is in use");
    a = fd_close(a);
    b = fd_close(b);
    assert_ok(lock_take(fd, "l", LOCK_EXCLUSIVE, LOCK_TRY, &c, &err));
}

static void test_lock_dies_with_holder(void **state)
{
    int fd = scratch_fd(state), pipefd[2];
    _cleanup_fd_ int mine = -1;
    struct err err;
    char c;
    pid_t pid;

    assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        int held;

        if (lock_take(fd, "l", LOCK_EXCLUSIVE, LOCK_TRY, &held, NULL) < 0 || write(pipefd[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    assert_int_equal(read(pipefd[0], &c, 1), 1);
    assert_fails(lock_take(fd, "l", LOCK_EXCLUSIVE, LOCK_TRY, &mine, &err), ERR_BUSY, "in use");
    kill(pid, SIGKILL);
    assert_ok(lock_take(fd, "l", LOCK_EXCLUSIVE, LOCK_WAIT, &mine, &err));
    waitpid(pid, NULL, 0);
    close(pipefd[0]);
    close(pipefd[1]);
}

/* A sweep that holds the lock deletes the file: whoever waited must not hold a lock on a file without a name. */
static void test_lock_on_deleted_file(void **state)
{
    int fd = scratch_fd(state), held, r;
    pid_t pid;

    assert_int_equal(lock_take(fd, "l", LOCK_EXCLUSIVE, LOCK_TRY, &held, NULL), 0);
    pid = fork();
    if (pid == 0) {
        struct stat a, b;
        int mine;

        close(held);
        if (lock_take(fd, "l", LOCK_EXCLUSIVE, LOCK_WAIT, &mine, NULL) < 0)
            _exit(1);
        _exit(fstat(mine, &a) < 0 || fstatat(fd, "l", &b, 0) < 0 || a.st_ino != b.st_ino ? 2 : 0);
    }
    /* Until the child stands in flock(2). */
    for (int i = 0; i < 2000; i++) {
        char path[64], wchan[64] = "";
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
        f = fopen(path, "re");
        if (f && fgets(wchan, sizeof(wchan), f) && strncmp(wchan, "73 ", 3) == 0)
            i = 2000;
        if (f)
            fclose(f);
        usleep(1000);
    }
    assert_int_equal(unlinkat(fd, "l", 0), 0);
    close(held);
    assert_int_equal(waitpid(pid, &r, 0), pid);
    assert_int_equal(r, 0);
}

static void test_missing_library(void **state)
{
    static struct {
        void (*fn)(void);
    } lib;
    const struct dl_symbol symbols[] = {{"no_such_function", (void **)&lib.fn}};
    struct dl_library absent = {"libcbox-absent.so.9", "libcbox9", symbols, 1, NULL};
    struct dl_library old = {"libc.so.6", "libc6", symbols, 1, NULL};
    struct err err;

    (void)state;
    assert_fails(dl_open(&absent, &err), ERR_UNSUPPORTED, "libcbox-absent.so.9");
    assert_string_equal(err.hint, "install it: apt-get install libcbox9");
    assert_fails(dl_open(&old, &err), ERR_UNSUPPORTED, "no_such_function");
    assert_null(old.handle);
}

/* Sleeps, for it waits, or has given up. */
static void wait_until_stuck(pid_t pid)
{
    char path[64], state = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    while (state != 'S' && state != 'Z') {
        FILE *f = fopen(path, "r");

        assert_int_equal(fscanf(f, "%*d (%*[^)]) %c", &state), 1);
        fclose(f);
    }
}

static void test_shared_nonblocking(void **state _unused_)
{
    static char bytes[200000];
    int ends[2], status;
    pid_t pid;

    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    pid = fork(); /* its reader is slow */
    if (pid == 0)
        _exit(fd_write_all(ends[1], bytes, sizeof(bytes)) < 0);
    wait_until_stuck(pid);
    assert_int_equal(fd_read_all(ends[0], bytes, sizeof(bytes)), sizeof(bytes));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    pid = fork(); /* its writer is slow */
    if (pid == 0)
        _exit(fd_read_all(ends[0], bytes, 1) != 1);
    wait_until_stuck(pid);
    assert_int_equal(write(ends[1], "", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_atomic_replace),        scratch_test(test_atomic_new),
        scratch_test(test_read_limits),           scratch_test(test_lock_excludes),
        scratch_test(test_lock_dies_with_holder), scratch_test(test_lock_on_deleted_file),
        cmocka_unit_test(test_missing_library),   cmocka_unit_test(test_shared_nonblocking),
    };

    return cmocka_run_group_tests_name("sys/files", tests, NULL, NULL);
}

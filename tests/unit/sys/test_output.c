#include "../unit.h"

#include "sys/copy.h"
#include "sys/fd.h"
#include "sys/output.h"
#include "sys/signal_name.h"

#include <dirent.h>
#include <signal.h>

static size_t count_entries(void)
{
    DIR *d = opendir(".");
    size_t n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void expect_content(const char *name, const char *text)
{
    _cleanup_buf_ struct buf b = BUF_INIT_MAX(1024);
    struct err err;

    assert_ok(fd_read_file(AT_FDCWD, name, &b, &err));
    assert_string_equal(buf_str(&b), text);
}

static void write_output(const char *path, const char *text, bool finish)
{
    _cleanup_output_ struct output o = OUTPUT_NONE;
    struct err err;

    assert_ok(output_begin(path, 0600, &o, &err));
    assert_int_equal(fd_write_all(o.fd, text, strlen(text)), 0);
    if (finish)
        assert_ok(output_finish(&o, &err));
}

static void test_output(void **state)
{
    struct output o;
    struct stat st;
    struct err err;

    (void)state;
    write_output("f", "one", false);
    assert_int_equal(count_entries(), 0);
    write_output("f", "two", true);
    expect_content("f", "two");
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    write_output("./f", "three", false);
    expect_content("f", "two");
    write_output("./f", "four", true);
    expect_content("f", "four");
    assert_int_equal(count_entries(), 1);
    write_output("/dev/null", "x", true);
    assert_fails(output_begin(".", 0600, &o, &err), ERR_INVALID, "directory");
    assert_fails(output_begin("f/", 0600, &o, &err), ERR_INVALID, "name of a file");
    assert_fails(output_begin("absent/f", 0600, &o, &err), ERR_NOT_FOUND, "absent/f");
    output_release(&(struct output){.fd = -1, .dir = -1});
}

static int file_of(const char *name, const char *text)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
    return fd;
}

static void test_copy(void **state)
{
    static const volatile sig_atomic_t stop = 1;
    int in = file_of("in", "0123456789"), out = file_of("out", "head "), ends[2];
    char text[8] = "";

    (void)state;
    assert_int_equal(copy_range(in, 2, out, 3, NULL), 0);
    assert_int_equal(copy_range(in, 9, out, 1, NULL), 0);
    expect_content("out", "head 2349");
    assert_int_equal(copy_range(in, 8, out, 3, NULL), -ENODATA);
    assert_int_equal(copy_range(in, 0, out, 3, &stop), -EINTR);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(copy_range(in, 1, ends[1], 4, NULL), 0);
    assert_int_equal(read(ends[0], text, sizeof(text)), 4);
    assert_string_equal(text, "1234");
    signal(SIGPIPE, SIG_IGN);
    fd_close(ends[0]);
    assert_int_equal(copy_range(in, 1, ends[1], 4, NULL), -EPIPE);
    fd_close(ends[1]);
    fd_close(in);
    in = open("in", O_WRONLY | O_APPEND | O_CLOEXEC); /* where none of the kernel's ways go */
    fd_close(out);
    out = file_of("source", "xyz");
    assert_int_equal(copy_range(out, 0, in, 3, NULL), 0);
    expect_content("in", "0123456789xyz");
    fd_close(in);
    fd_close(out);
}

static void test_signals(void **state)
{
    static const struct {
        const char *text;
        int number;
    } good[] = {{"SIGTERM", SIGTERM}, {"term", SIGTERM}, {"sigkill", SIGKILL}, {"9", 9},
                {"64", 64},           {"RTMIN", 34},     {"SIGRTMIN+3", 37},   {"RTMAX-1", 63}};
    static const char *const bad[] = {"", "SIG", "0", "65", "TERMX", "RTMIN+", "RTMIN-1", "RTMIN+31", "RTMAX+1", "-9"};
    struct err err;
    int number;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_ok(signal_parse(good[i].text, &number, &err));
        assert_int_equal(number, good[i].number);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(signal_parse(bad[i], &number, &err), ERR_INVALID, "invalid signal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_output),
        scratch_test(test_copy),
        cmocka_unit_test(test_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

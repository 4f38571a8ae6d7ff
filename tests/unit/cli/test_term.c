#include "../unit.h"

#include "base/time.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/term.h"

#include <pty.h>
#include <sys/ioctl.h>

/* A terminal of its own: what is written to `fd` is read from `screen`. */
struct terminal {
    int screen, fd;
};

static struct terminal open_terminal(unsigned short columns, unsigned short rows)
{
    struct winsize size = {.ws_col = columns, .ws_row = rows};
    struct terminal t;

    if (openpty(&t.screen, &t.fd, NULL, NULL, &size) < 0) {
        print_message("no pty: %s\n", strerror(errno));
        skip();
    }
    assert_int_equal(fcntl(t.screen, F_SETFL, O_NONBLOCK), 0);
    setenv("TERM", "xterm", 1);
    return t;
}

/* What was written since the last call; "\r\n" is what the terminal makes of "\n". */
static const char *screen_text(struct terminal *t)
{
    static struct buf text;
    char chunk[4096];
    ssize_t n;

    buf_clear(&text);
    while ((n = read(t->screen, chunk, sizeof(chunk))) > 0)
        for (ssize_t i = 0; i < n; i++)
            if (!(chunk[i] == '\r' && i + 1 < n && chunk[i + 1] == '\n'))
                buf_addc(&text, chunk[i]);
    return buf_str(&text);
}

static void close_terminal(struct terminal *t)
{
    close(t->screen);
    close(t->fd);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (; (text = strstr(text, part)); text++)
        n++;
    return n;
}

static void test_detection(void **state)
{
    struct terminal t = open_terminal(132, 50);
    int null = open("/dev/null", O_WRONLY);

    (void)state;
    unsetenv("NO_COLOR");
    assert_true(cli_is_terminal(t.fd));
    assert_true(cli_wants_color(t.fd));
    assert_int_equal(cli_columns(t.fd), 132);
    assert_int_equal(cli_rows(t.fd), 50);
    setenv("NO_COLOR", "1", 1);
    assert_false(cli_wants_color(t.fd));
    assert_true(cli_is_terminal(t.fd));
    setenv("NO_COLOR", "", 1);
    assert_true(cli_wants_color(t.fd));
    setenv("TERM", "dumb", 1);
    assert_false(cli_is_terminal(t.fd));
    unsetenv("TERM");
    assert_false(cli_is_terminal(t.fd));
    assert_false(cli_is_terminal(null));
    assert_int_equal(cli_columns(null), 80);
    assert_int_equal(cli_rows(null), 24);
    assert_int_equal(ioctl(t.fd, TIOCSWINSZ, &(struct winsize){.ws_col = 3}), 0);
    assert_int_equal(cli_columns(t.fd), 3);
    close(null);
    close_terminal(&t);
}

static void test_printable(void **state)
{
    _cleanup_buf_ struct buf b = BUF_INIT;

    (void)state;
    cli_add_printable(&b, "a\x1b[2J\xc2\x9b"
                          "b\xff\xc3\xa9\n");
    assert_string_equal(buf_str(&b), "a?[2J??b?\xc3\xa9?");
    assert_int_equal(cli_text_width("\xc3\xa9x"), 2);
    assert_int_equal(cli_text_width(""), 0);
}

static void test_table(void **state)
{
    _cleanup_(cli_table_release) struct cli_table t = {0};
    _cleanup_buf_ struct buf out = BUF_INIT;

    (void)state;
    cli_table_row(&t, "REPOSITORY", "TAG", "IMAGE ID", NULL);
    cli_table_print(&t, &out);
    assert_string_equal(buf_str(&out), "REPOSITORY   TAG       IMAGE ID\n");
    cli_table_row(&t, "alpine", "latest", "a1b2c3d4e5f6", NULL);
    cli_table_row(&t, "registry.example:5000/a/\xc3\xa9", "1", "x", "too many", NULL);
    cli_table_row(&t, "\x1b[31mred", NULL);
    buf_clear(&out);
    cli_table_print(&t, &out);
    assert_string_equal(buf_str(&out), "REPOSITORY                  TAG       IMAGE ID\n"
                                       "alpine                      latest    a1b2c3d4e5f6\n"
                                       "registry.example:5000/a/\xc3\xa9   1         x\n"
                                       "?[31mred                              \n");
}

/* Into a pipe goes every new state, without numbers. */
static void test_plain_progress(void **state)
{
    struct cli_progress *p;
    char text[512];
    ssize_t n;
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    p = cli_progress_new(fd[1]);
    assert_int_equal(cli_progress_add(p, "aa"), 0);
    assert_int_equal(cli_progress_add(p, "b\x1b"), 1);
    cli_progress_say(p, 0, "Waiting", false);
    cli_progress_say(p, 0, "Waiting", false);
    for (int i = 0; i < 100; i++)
        cli_progress_bar(p, 1, "Downloading", i, 100);
    cli_progress_bar(p, 0, "Downloading", 1, 2);
    cli_progress_say(p, 1, "Pull complete", true);
    cli_progress_end(p);
    close(fd[1]);
    n = read(fd[0], text, sizeof(text) - 1);
    text[MAX_OF(n, 0)] = 0;
    assert_string_equal(text, "aa: Waiting\nb?: Downloading\naa: Downloading\nb?: Pull complete\n");
    close(fd[0]);
}

/* A line that wraps would be drawn below itself for ever. */
static void test_narrow_bars(void **state)
{
    struct terminal t = open_terminal(10, 24);
    struct cli_progress *p = cli_progress_new(t.fd);

    (void)state;
    cli_progress_add(p, "a1b2c3d4e5f6");
    cli_progress_bar(p, 0, "Downloading", 50000000, 100000000);
    assert_string_equal(screen_text(&t), "a1b2c3d4e\x1b[K\n");
    cli_progress_end(p);
    close_terminal(&t);
}

static void test_bars(void **state)
{
    struct terminal t = open_terminal(60, 24);
    struct cli_progress *p = cli_progress_new(t.fd);

    (void)state;
    cli_progress_add(p, "a1b2c3d4e5f6");
    cli_progress_bar(p, 0, "Downloading", 50000000, 100000000);
    /* 59 columns: the last one stays free */
    assert_string_equal(screen_text(&t), "a1b2c3d4e5f6: Downloading [========>        ]    50MB/100MB\x1b[K\n");
    cli_progress_bar(p, 0, "Extracting", 100000000, 100000000);
    assert_string_equal(screen_text(&t),
                        "\x1b[1A\ra1b2c3d4e5f6: Extracting [==================]   100MB/100MB\x1b[K\n");
    cli_progress_bar(p, 0, "Copying", 7, 0);
    assert_string_equal(screen_text(&t), "\x1b[1A\ra1b2c3d4e5f6: Copying      7B\x1b[K\n");
    cli_progress_bar(p, 0, "Growing", 300, 100); /* more than was said */
    assert_int_equal(count(screen_text(&t), "="), 22);
    cli_progress_bar(p, 0, "Shrinking", -5, 100);
    assert_int_equal(count(screen_text(&t), ">"), 1);
    cli_progress_say(p, 0, "Pull complete", true);
    assert_string_equal(screen_text(&t), "\x1b[1A\ra1b2c3d4e5f6: Pull complete\x1b[K\n");
    cli_progress_end(p);
    close_terminal(&t);
}

static void test_narrow(void **state)
{
    struct terminal t = open_terminal(24, 24);
    struct cli_progress *p = cli_progress_new(t.fd);

    (void)state;
    cli_progress_add(p, "\xc3\xa9\xc3\xa9");
    cli_progress_bar(p, 0, "Downloading", 1, 2);
    assert_string_equal(screen_text(&t), "\xc3\xa9\xc3\xa9: Downloading\x1b[K\n");
    cli_progress_bar(p, 0, "A state that is longer than the line", 1, 2);
    assert_string_equal(screen_text(&t), "\x1b[1A\r\xc3\xa9\xc3\xa9: A state that is lon\x1b[K\n");
    cli_progress_end(p);
    close_terminal(&t);
}

/* Numbers alone are drawn ten times a second at most. */
static void test_rate(void **state)
{
    struct terminal t = open_terminal(80, 24);
    struct cli_progress *p = cli_progress_new(t.fd);
    int64_t start = time_monotonic();
    size_t drawn = 0;

    (void)state;
    cli_progress_add(p, "a");
    for (int i = 0; i <= 5000; i++) {
        cli_progress_bar(p, 0, "Downloading", i, 5000);
        drawn += count(screen_text(&t), "Downloading");
    }
    assert_true(drawn >= 1 && (int64_t)drawn <= 2 + (time_monotonic() - start) / 100000000);
    cli_progress_end(p); /* draws the last number */
    assert_non_null(strstr(screen_text(&t), "5kB/5kB"));
    close_terminal(&t);
}

static void test_more_lines_than_rows(void **state)
{
    struct terminal t = open_terminal(80, 4); /* three lines fit */
    struct cli_progress *p = cli_progress_new(t.fd);
    const char *text;

    (void)state;
    for (int i = 0; i < 6; i++) {
        char label[] = {(char)('a' + i), 0};

        cli_progress_add(p, label);
    }
    cli_progress_say(p, 0, "Waiting", false);
    text = screen_text(&t);
    assert_int_equal(count(text, "\n"), 3);
    assert_non_null(strstr(text, "c: "));
    assert_null(strstr(text, "d: "));
    cli_progress_say(p, 1, "Done", true);
    /* b is left above, once, and d comes into sight */
    assert_string_equal(screen_text(&t), "\x1b[3A\rb: Done\x1b[K\na: Waiting\x1b[K\nc: \x1b[K\nd: \x1b[K\n");
    cli_progress_say(p, 5, "Done", true);
    assert_string_equal(screen_text(&t), "\x1b[3A\rf: Done\x1b[K\na: Waiting\x1b[K\nc: \x1b[K\nd: \x1b[K\n");
    cli_progress_say(p, 0, "Finished", true);
    text = screen_text(&t);
    assert_int_equal(strncmp(text, "\x1b[3A\ra: Finished\x1b[K\nc: ", 20), 0);
    /* every line fits now, so none is left above any more */
    cli_progress_say(p, 2, "Done", true);
    assert_string_equal(screen_text(&t), "\x1b[3A\rc: Done\x1b[K\nd: \x1b[K\ne: \x1b[K\n");
    cli_progress_end(p);
    close_terminal(&t);
}

static void test_nothing(void **state)
{
    struct terminal t = open_terminal(80, 24);

    (void)state;
    cli_progress_end(cli_progress_new(t.fd));
    cli_progress_end(NULL);
    assert_string_equal(screen_text(&t), "");
    close_terminal(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detection),
        cmocka_unit_test(test_printable),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_plain_progress),
        cmocka_unit_test(test_narrow_bars),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_more_lines_than_rows),
        cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

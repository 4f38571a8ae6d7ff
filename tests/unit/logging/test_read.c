#include "../unit.h"

#include "base/buf.h"
#include "base/time.h"
#include "logging/internal.h"
#include "logging/lines.h"
#include "sys/fd.h"

#include <sys/wait.h>

static struct err err;

#define ID           "0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123"
#define FILE_NAME    ID "-json.log"
#define STRINGS(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

static struct logging_options options_for(void **state, const char *driver, char *const *options)
{
    return (struct logging_options){.driver = driver,
                                    .options = options,
                                    .dir = scratch_fd(state),
                                    .path = "/scratch",
                                    .container = {.id = ID, .name = "web"}};
}

static void write_lines(const struct logging_options *o, int from, int to)
{
    struct logging_writer *w;

    assert_ok(logging_open(o, &w, &err));
    for (int i = from; i < to; i++) {
        char line[32];

        logging_write(w, i % 2 ? LOGGING_STDERR : LOGGING_STDOUT, line,
                      (size_t)snprintf(line, sizeof(line), "%d\n", i));
    }
    logging_close(w);
}

static void write_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* "O" or "E" and the text of each entry, and its attributes. */
static int collect(const struct logging_entry *e, void *data)
{
    buf_addc(data, e->stream == LOGGING_STDERR ? 'E' : 'O');
    buf_add(data, e->text, e->len);
    STRV_FOREACH (a, e->attributes)
        buf_addf(data, "[%s]", *a);
    return 0;
}

static void expect(const struct logging_options *o, const struct logging_query *q, const char *expected)
{
    _cleanup_buf_ struct buf found = BUF_INIT;

    assert_ok(logging_read(o, q, collect, &found, &err));
    assert_string_equal(buf_str(&found), expected);
}

static const struct logging_query all = {.tail = -1, .wake = -1};

static struct logging_query last(int64_t n)
{
    return (struct logging_query){.tail = n, .wake = -1};
}

static void test_nothing(void **state)
{
    struct logging_options o = options_for(state, NULL, NULL);
    struct logging_query q = last(10);

    expect(&o, &all, "");
    expect(&o, &q, "");
    write_file(FILE_NAME, "");
    expect(&o, &all, "");
    o.driver = "none";
    assert_fails(logging_read(&o, &all, collect, NULL, &err), ERR_UNSUPPORTED,
                 "configured logging driver does not support reading");
}

static void test_tail(void **state)
{
    static const char *const drivers[] = {"json-file", "local"};

    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
        struct logging_options o = options_for(state, drivers[i], NULL);
        struct logging_query q = last(0);

        write_lines(&o, 0, 5);
        expect(&o, &all, "O0\nE1\nO2\nE3\nO4\n");
        expect(&o, &q, "");
        q = last(1);
        expect(&o, &q, "O4\n");
        q = last(4);
        expect(&o, &q, "E1\nO2\nE3\nO4\n");
        q = last(5);
        expect(&o, &q, "O0\nE1\nO2\nE3\nO4\n");
        q = last(1000);
        expect(&o, &q, "O0\nE1\nO2\nE3\nO4\n");
    }
}

/* The last lines of a log whose files are short, and whose old ones are compressed. */
static void test_tail_of_rotated(void **state)
{
    static const struct {
        const char *driver, *compress, *size;
    } cases[] = {{"json-file", "compress=false", "max-size=1k"},
                 {"json-file", "compress=true", "max-size=1k"},
                 {"local", "compress=true", "max-size=250b"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct logging_options o =
            options_for(state, cases[i].driver, STRINGS(cases[i].compress, cases[i].size, "max-file=9"));

        for (int from = 0; from < 60; from += 2) /* one after the other, so that there is time to compress */
            write_lines(&o, from, from + 2);
        assert_int_equal(access(i == 2 ? "local.log.1.gz" : FILE_NAME ".1.gz", F_OK), i ? 0 : -1);
        assert_int_equal(access(i == 2 ? "local.log.1" : FILE_NAME ".1", F_OK), i ? -1 : 0);
        for (int n = 1; n <= 60; n += 7) {
            _cleanup_buf_ struct buf expected = BUF_INIT;
            struct logging_query q = last(n);

            for (int line = 60 - n; line < 60; line++)
                buf_addf(&expected, "%c%d\n", line % 2 ? 'E' : 'O', line);
            expect(&o, &q, buf_str(&expected));
        }
        assert_int_equal(system("rm -f *"), 0);
    }
}

/* Files are rotated on while they are compressed: what comes of each is what was in it. */
static void test_rotated_at_once(void **state)
{
    enum { LINES = 40000 };
    struct logging_options o = options_for(state, "local", STRINGS("compress=true", "max-size=100k", "max-file=50"));
    _cleanup_buf_ struct buf found = BUF_INIT;
    char *p;

    write_lines(&o, 0, LINES);
    assert_int_equal(access("local.log.1.gz", F_OK), 0);
    assert_int_equal(access("local.log.1", F_OK), -1);
    assert_int_equal(access("local.log.gz~", F_OK), -1);
    assert_ok(logging_read(&o, &all, collect, &found, &err));
    p = found.p;
    for (int i = 0; i < LINES; i++) {
        assert_int_equal(strtol(p + 1, &p, 10), i);
        p++;
    }
    assert_int_equal(*p, 0);
}

static void test_forms(void **state)
{
    struct logging_options o = options_for(state, NULL, NULL);
    struct logging_query q = {.tail = -1, .details = true, .wake = -1};

    write_file(FILE_NAME, "{\"log\":\"a\\u00e4\\ud83d\\ude00\\ud83d\\u0001\\t\\/"
                          "\\n\",\"stream\":\"stdout\",\"time\":\"2024-01-02T03:04:05Z\"}\n"
                          "{ \"stream\": \"stderr\", \"time\": \"2024-01-02T03:04:05+01:00\", \"log\": \"b\\n\" }\n"
                          "{\"log\":\"c\\\"\\\\\",\"stream\":\"stderr\",\"attrs\":{\"x\":\"}\\\"\",\"y\":\"2\"},"
                          "\"time\":\"2024-01-02T03:04:05Z\"}\n"
                          "{\"stream\":\"stdout\",\"time\":\"2024-01-02T03:04:05Z\"}\n");
    expect(&o, &q, "Oa\u00e4\U0001f600\ufffd\x01\t/\nEb\nEc\"\\[x=}\"][y=2]O");
}

static void test_damaged_lines_are_passed_over(void **state)
{
    static const char good[] = "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2024-01-02T03:04:05Z\"}";
    static const char *const bad[] = {
        "",
        "{",
        "garbage",
        "{\"log\":\"x",
        "{\"log\":\"x\\q\",\"stream\":\"stdout\",\"time\":\"2024-01-02T03:04:05Z\"}",
        "{\"log\":\"x\\u12\",\"stream\":\"stdout\",\"time\":\"2024-01-02T03:04:05Z\"}",
        "{\"log\":\"x\",\"stream\":\"stdout\",\"time\":\"2024-01-42T03:04:05Z\"}",
        "{\"log\":\"x\",\"stream\":\"stdout\"}",
        "{\"log\":7,\"stream\":\"stdout\",\"time\":\"2024-01-02T03:04:05Z\"}",
        "{\"log\":\"x\",\"stream\":\"stdout\",\"attrs\":{\"time\":\"2024-01-02T03:04:05Z\"}",
    };
    struct logging_options o = options_for(state, NULL, NULL);

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_free_ char *text = str_printf("%s\n%s\n%s\n%.20s", good, bad[i], good, good);

        write_file(FILE_NAME, text);
        expect(&o, &all, "Ox\nOx\n");
    }
    write_file("local.log", "short\n0000000000000001x text\n000000000000000Xo text\n0000000000000001otext\n"
                            "0000000000000001O text\n0000000000000001e \n0000000000000001o half");
    o.driver = "local";
    expect(&o, &all, "OtextE\n");
}

/* A line without end takes no memory without end, and the next one is found. */
static void test_endless_line(void **state)
{
    enum { LENGTH = 5 << 20 };
    struct logging_options o = options_for(state, "local", NULL);
    _cleanup_free_ char *text = mem_alloc(LENGTH + 1);
    struct logging_query q = last(1);

    memset(text, 'x', LENGTH);
    text[LENGTH] = 0;
    memcpy(text, "0000000000000001o a\n", 20);
    strcpy(text + LENGTH - 21, "\n0000000000000001o b\n");
    write_file("local.log", text);
    expect(&o, &all, "Oa\nOb\n");
    expect(&o, &q, "Ob\n");
}

/* One that unpacks to more than a log can be, one that is no gzip, and what else lies there: passed over. */
static void test_hostile_files(void **state)
{
    struct logging_options o = options_for(state, "local", STRINGS("max-size=1m"));

    write_file("local.log", "0000000000000001o newest\n");
    assert_int_equal(system("head -c 50000000 /dev/zero | gzip >local.log.1.gz"), 0);
    write_file("local.log.2.gz", "no gzip");
    expect(&o, &all, "Onewest\n");
    assert_int_equal(system("echo 0000000000000001o older | gzip >local.log.1.gz"), 0);
    expect(&o, &all, "Oolder\nOnewest\n");
    unlink("local.log.2.gz");
    assert_int_equal(symlink("/etc/passwd", "local.log.2"), 0);
    expect(&o, &all, "Oolder\nOnewest\n");
}

static void test_times(void **state)
{
    static const char line[] = "{\"log\":\"%d\\n\",\"stream\":\"stdout\",\"time\":\"2024-01-02T03:04:0%dZ\"}\n";
    struct logging_options o = options_for(state, NULL, NULL);
    struct logging_query q = all;
    _cleanup_buf_ struct buf text = BUF_INIT;

    for (int i = 0; i < 5; i++)
        buf_addf(&text, line, i, i);
    write_file(FILE_NAME, text.p);
    assert_ok(time_parse("2024-01-02T03:04:02Z", &q.since, &err));
    expect(&o, &q, "O2\nO3\nO4\n");
    q.tail = 4;
    expect(&o, &q, "O2\nO3\nO4\n");
    q.tail = 1;
    expect(&o, &q, "O4\n");
    q = all;
    assert_ok(time_parse("2024-01-02T03:04:02Z", &q.until, &err));
    expect(&o, &q, "O0\nO1\nO2\n");
    q.until--;
    expect(&o, &q, "O0\nO1\n");
}

static void test_time_parse(void **state)
{
    static const char *const good[] = {"1970-01-01T00:00:00Z",          "2024-02-29T23:59:59.999999999Z",
                                       "2000-03-01T00:00:00.1Z",        "1999-12-31T12:00:00.000000001Z",
                                       "2261-01-01T00:00:00Z",          "1700-03-01T00:00:00Z",
                                       "2024-02-03T04:05:06.789+02:00", "2100-02-28T00:00:00.5Z"};
    static const char *const bad[] = {"",
                                      "Z",
                                      "2024-02-03T04:05:06",
                                      "2024-02-03 04:05:06Z",
                                      "2024-13-03T04:05:06Z",
                                      "2024-02-03T24:05:06Z",
                                      "2024-02-03T04:05:06.Zx",
                                      "20x4-02-03T04:05:06Z"};
    int64_t t, expected;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_ok(time_parse(good[i], &expected, &err));
        assert_true(logging_time_parse(good[i], strlen(good[i]), &t));
        assert_true(t == expected);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(logging_time_parse(bad[i], strlen(bad[i]), &t));
}

/* ---- following ---- */

enum { FOLLOWED = 30000 };

struct writer {
    pid_t pid;
    int go; /* it waits for a byte of this: the reader has found its place, and follows from there on */
};

static bool writer_ended(void *data)
{
    struct writer *w = data;

    if (w->go >= 0)
        assert_int_equal(write(w->go, "", 1), 1);
    w->go = fd_close(w->go);
    if (w->pid > 0 && waitpid(w->pid, NULL, WNOHANG) == w->pid)
        w->pid = 0;
    return w->pid == 0;
}

static int expect_next(const struct logging_entry *e, void *data)
{
    int *next = data;

    assert_int_equal(atoi(e->text), *next);
    (*next)++;
    return 0;
}

/* While a writer writes and rotates, a reader that follows misses nothing and sees nothing twice. */
static void follow(const struct logging_options *o, int from, int64_t tail)
{
    int next = tail < 0 ? 0 : from - (int)tail, pipe_fds[2], go[2];
    struct logging_query q = {.tail = tail, .follow = true, .ended = writer_ended, .wake = -1};
    struct writer w;
    char byte;

    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(pipe(go), 0);
    w = (struct writer){.pid = fork(), .go = go[1]};
    if (w.pid == 0) {
        assert_int_equal(read(go[0], &byte, 1), 1);
        for (int i = from; i < FOLLOWED; i += 500) {
            write_lines(o, i, i + 500);
            usleep(i % 5000 ? 0 : 2000);
        }
        _exit(0);
    }
    close(pipe_fds[1]);
    q.wake = pipe_fds[0]; /* readable when the writer has ended */
    q.data = &w;
    close(go[0]);
    assert_ok(logging_read(o, &q, expect_next, &next, &err));
    assert_int_equal(next, FOLLOWED);
    close(pipe_fds[0]);
}

static void test_follow(void **state)
{
    static const struct {
        const char *driver, *compress, *size;
    } cases[] = {{"json-file", "compress=false", "max-size=100k"},
                 {"json-file", "compress=true", "max-size=500k"},
                 {"local", "compress=true", "max-size=200k"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct logging_options o =
            options_for(state, cases[i].driver, STRINGS(cases[i].compress, cases[i].size, "max-file=50"));

        follow(&o, 0, -1);
        assert_int_equal(system("rm -f *"), 0);
        write_lines(&o, 0, 1000);
        follow(&o, 1000, -1);
        assert_int_equal(system("rm -f *"), 0);
        write_lines(&o, 0, 1000);
        follow(&o, 1000, 0);
        assert_int_equal(system("rm -f *"), 0);
        write_lines(&o, 0, 1000);
        follow(&o, 1000, 10);
        assert_int_equal(system("rm -f *"), 0);
    }
}

/* A writer that was killed between two renames left no newest file. */
static void test_follow_without_newest(void **state)
{
    struct logging_options o = options_for(state, NULL, NULL);

    write_lines(&o, 0, 1000);
    assert_int_equal(rename(FILE_NAME, FILE_NAME ".1"), 0);
    follow(&o, 1000, -1);
    assert_int_equal(access(FILE_NAME ".1", F_OK), 0);
}

static void test_follow_until(void **state)
{
    struct logging_options o = options_for(state, NULL, NULL);
    struct logging_query q = {.tail = -1, .follow = true, .wake = -1, .until = time_now() + 50000000};
    _cleanup_buf_ struct buf found = BUF_INIT;

    assert_ok(logging_read(&o, &q, collect, &found, &err));
    assert_true(time_now() >= q.until);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_nothing),         scratch_test(test_tail),   scratch_test(test_tail_of_rotated),
        scratch_test(test_rotated_at_once), scratch_test(test_forms),  scratch_test(test_damaged_lines_are_passed_over),
        scratch_test(test_endless_line),    scratch_test(test_times),  scratch_test(test_hostile_files),
        cmocka_unit_test(test_time_parse),  scratch_test(test_follow), scratch_test(test_follow_without_newest),
        scratch_test(test_follow_until),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

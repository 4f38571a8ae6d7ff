#include "../unit.h"

#include "base/buf.h"
#include "base/time.h"
#include "logging/internal.h"
#include "sys/fd.h"

static struct err err;

#define STRINGS(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

#define ID           "0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123"

static struct logging_writer *open_writer(void **state, const char *driver, char *const *options)
{
    struct logging_options o = {
        .driver = driver,
        .options = options,
        .dir = scratch_fd(state),
        .path = "/scratch",
        .container = {.id = ID,
                      .name = "web",
                      .image = "alpine",
                      .image_id = "sha256:" ID,
                      .labels = STRINGS("a=1", "b=x<y"),
                      .env = STRINGS("HOME=/root", "TERM=")},
    };
    struct logging_writer *w;

    assert_ok(logging_open(&o, &w, &err));
    return w;
}

static char *content(void **state, const char *name)
{
    struct buf b = BUF_INIT;

    assert_ok(fd_read_file(scratch_fd(state), name, &b, &err));
    return buf_steal(&b);
}

static void put(struct logging_writer *w, enum logging_stream stream, const char *text)
{
    logging_write(w, stream, text, strlen(text));
}

/* The lines of the log without their times. */
static void assert_log(void **state, const char *expected)
{
    _cleanup_free_ char *all = content(state, ID "-json.log");
    _cleanup_buf_ struct buf found = BUF_INIT;
    int64_t t;

    for (char *line = all, *end; *line; line = end + 1) {
        char *time = strstr(line, "\"time\":\"");

        end = strchr(line, '\n');
        assert_non_null(end);
        assert_non_null(time);
        assert_true(strncmp(end - 2, "\"}", 2) == 0);
        assert_true(logging_time_parse(time + 8, (size_t)(end - 2 - time - 8), &t));
        assert_true(time_now() - t < INT64_C(60000000000));
        buf_add(&found, line, (size_t)(time - line));
        buf_addc(&found, '\n');
    }
    assert_string_equal(buf_str(&found), expected);
}

static void test_nothing_costs_nothing(void **state)
{
    struct logging_writer *w = open_writer(state, "", NULL);

    logging_write(w, LOGGING_STDOUT, "", 0);
    assert_true(logging_wake(w) == 0);
    logging_close(w);
    assert_int_equal(access(ID "-json.log", F_OK), -1);
    logging_close(NULL);
}

static void test_lines(void **state)
{
    struct logging_writer *w = open_writer(state, NULL, NULL);

    put(w, LOGGING_STDOUT, "one\ntwo\n\nth");
    put(w, LOGGING_STDERR, "err\nor");
    assert_log(state, "{\"log\":\"one\\n\",\"stream\":\"stdout\",\n{\"log\":\"two\\n\",\"stream\":\"stdout\",\n"
                      "{\"log\":\"\\n\",\"stream\":\"stdout\",\n{\"log\":\"err\\n\",\"stream\":\"stderr\",\n");
    unlink(ID "-json.log");
    logging_close(w);

    w = open_writer(state, NULL, NULL);
    put(w, LOGGING_STDOUT, "th");
    put(w, LOGGING_STDERR, "or");
    put(w, LOGGING_STDOUT, "ree\n");
    logging_flush(w, true);
    put(w, LOGGING_STDERR, "again\n");
    put(w, LOGGING_STDOUT, "end");
    logging_close(w);
    assert_log(state, "{\"log\":\"three\\n\",\"stream\":\"stdout\",\n{\"log\":\"or\",\"stream\":\"stderr\",\n"
                      "{\"log\":\"again\\n\",\"stream\":\"stderr\",\n{\"log\":\"end\",\"stream\":\"stdout\",\n");
}

/* What Docker's writer makes of each byte. */
static void test_escapes(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"plain ~\x7f/'", "\"plain ~\x7f/'\""},
        {"\"\\<>&", "\"\\\"\\\\\\u003c\\u003e\\u0026\""},
        {"\n\r\t\b\x1b", "\"\\n\\r\\u0009\\u0008\\u001b\""},
        {"\u00e4\u20ac\U0001f600", "\"\u00e4\u20ac\U0001f600\""},
        {"\u2028\u2029\u202a", "\"\\u2028\\u2029\u202a\""},
        {"\xff\xc3", "\"\\ufffd\\ufffd\""},
        {"\xe2\x80", "\"\\ufffd\\ufffd\""},
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
        {"\xc0\x80x", "\"\\ufffd\\ufffdx\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct buf out = BUF_INIT;

        logging_json_string(cases[i].text, strlen(cases[i].text), &out);
        assert_string_equal(out.p, cases[i].json);
    }
}

static void test_nul(void **state)
{
    struct logging_writer *w = open_writer(state, NULL, NULL);

    logging_write(w, LOGGING_STDOUT, "a\0b\n", 4);
    logging_close(w);
    assert_log(state, "{\"log\":\"a\\u0000b\\n\",\"stream\":\"stdout\",\n");
}

static struct logging_entry decode_line(char *line)
{
    struct logging_entry e;

    assert_true(logging_json_format.decode(line, strlen(line), false, &e));
    return e;
}

/* Long lines are cut at 16 KiB, however they arrive, and a cut never falls into a character. */
static void test_long_lines(void **state)
{
    enum { PIECE = 16384 };
    static const size_t steps[] = {1, 7, 4096, 65536};
    _cleanup_free_ char *text = mem_alloc(3 * PIECE);

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct logging_writer *w = open_writer(state, NULL, NULL);
        _cleanup_free_ char *all = NULL;
        size_t lengths[4], n = 0;
        int64_t times[4];

        memset(text, 'x', PIECE - 1);
        memcpy(text + PIECE - 1, "\u20ac", 3);
        memset(text + PIECE + 2, 'y', PIECE + 1);
        text[2 * PIECE + 3] = '\n';
        memset(text + 2 * PIECE + 4, 'z', PIECE - 5);
        text[3 * PIECE - 1] = '\n';
        for (size_t at = 0; at < 3 * PIECE; at += steps[i])
            logging_write(w, LOGGING_STDOUT, text + at, MIN_OF(steps[i], 3 * PIECE - at));
        logging_close(w);
        all = content(state, ID "-json.log");
        for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n"), n++) {
            struct logging_entry e;

            assert_true(n < 4);
            e = decode_line(line);
            lengths[n] = e.len;
            times[n] = e.time;
        }
        assert_int_equal(n, 4);
        assert_int_equal(lengths[0], PIECE - 1);
        assert_int_equal(lengths[1], PIECE);
        assert_int_equal(lengths[2], 5);
        assert_int_equal(lengths[3], PIECE - 4);
        assert_true(times[0] == times[1] && times[1] == times[2]);
        unlink(ID "-json.log");
    }
}

static void test_attributes(void **state)
{
    char *const *options = STRINGS("labels=b,none", "labels-regex=^a$", "env=TERM,HOME", "tag={{.Name}}/{{.ID}}");
    struct logging_options o = {.options = STRINGS("env-regex=("), .dir = -1, .path = "", .container = {.id = ID}};
    struct logging_writer *w = open_writer(state, NULL, options);

    put(w, LOGGING_STDOUT, "x\n");
    logging_close(w);
    assert_log(state, "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"attrs\":{\"HOME\":\"/root\",\"TERM\":\"\",\"a\":\"1\","
                      "\"b\":\"x\\u003cy\",\"tag\":\"web/0123456789ab\"},\n");
    assert_fails(logging_open(&o, &w, &err), ERR_INVALID, "regexp");
    o.options = STRINGS("tag={{.Nothing}}");
    assert_fails(logging_open(&o, &w, &err), ERR_INVALID, "log tag");
}

static void test_half_a_line_goes(void **state)
{
    struct logging_writer *w;
    int fd = open(ID "-json.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, "whole\nhalf", 10), 10);
    close(fd);
    w = open_writer(state, NULL, NULL);
    put(w, LOGGING_STDOUT, "x\n");
    logging_close(w);
    {
        _cleanup_free_ char *all = content(state, ID "-json.log");

        assert_int_equal(strncmp(all, "whole\n{\"log\":\"x\\n\"", 18), 0);
    }
}

static void test_rotation(void **state)
{
    struct logging_writer *w = open_writer(state, NULL, STRINGS("max-size=1k", "max-file=3"));
    struct stat st;
    int last = -1;

    for (int i = 0; i < 100; i++) {
        char line[64];

        snprintf(line, sizeof(line), "line %02d\n", i);
        put(w, LOGGING_STDOUT, line);
    }
    logging_close(w);
    for (int i = 2; i >= 0; i--) {
        char name[100];
        _cleanup_free_ char *all = NULL;

        snprintf(name, sizeof(name), i ? ID "-json.log.%d" : ID "-json.log", i);
        all = content(state, name);
        assert_int_equal(stat(name, &st), 0);
        assert_in_range(st.st_size, i ? 1000 : 1, 1100);
        for (char *p = all; (p = strstr(p, "line ")); p++) {
            assert_true(last < 0 || atoi(p + 5) == last + 1);
            last = atoi(p + 5);
        }
    }
    assert_int_equal(last, 99);
    assert_int_equal(access(ID "-json.log.3", F_OK), -1);
}

static void test_check(void **state)
{
    static const struct {
        const char *driver, *option, *why;
    } bad[] = {
        {"nothing", NULL, "logger: no log driver named 'nothing' is registered"},
        {"json-file", "x=1", "unknown log opt 'x' for json-file log driver"},
        {NULL, "x", "unknown log opt 'x' for json-file log driver"},
        {NULL, "max-size=0", "max-size must be a positive number"},
        {NULL, "max-size=x", "is not a size"},
        {NULL, "max-file=0", "max-file cannot be less than 1"},
        {NULL, "max-file=x", "max-file: \"x\" is not a number"},
        {NULL, "compress=maybe", "compress"},
        {NULL, "mode=x", "logger: logging mode not supported: x"},
        {NULL, "tag={{.Nothing}}", "log tag"},
        {NULL, "labels-regex=[", "regexp"},
        {NULL, "max-buffer-size=1m", "only supported with 'mode=non-blocking'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_fails(logging_check(bad[i].driver, STRINGS(bad[i].option), &err), ERR_INVALID, bad[i].why);
    }
    assert_fails(logging_check(NULL, STRINGS("compress=true", "max-file=1"), &err), ERR_INVALID,
                 "compress cannot be true");
    assert_ok(logging_check("json-file",
                            STRINGS("max-size=-1", "max-file=5", "mode=non-blocking", "max-buffer-size=2m"), &err));
    assert_ok(logging_check("none", NULL, &err));
    assert_ok(logging_check("none", STRINGS("whatever=1"), &err));
}

static void test_none(void **state)
{
    struct logging_writer *w = open_writer(state, "none", NULL);

    put(w, LOGGING_STDOUT, "x\n");
    logging_flush(w, false);
    assert_true(logging_wake(w) == 0);
    logging_close(w);
    assert_int_equal(access(ID "-json.log", F_OK), -1);
    assert_null(logging_path("none", "/x", ID));
    {
        _cleanup_free_ char *path = logging_path("", "/x", ID);

        assert_string_equal(path, "/x/" ID "-json.log");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_nothing_costs_nothing),
        scratch_test(test_lines),
        cmocka_unit_test(test_escapes),
        scratch_test(test_nul),
        scratch_test(test_long_lines),
        scratch_test(test_attributes),
        scratch_test(test_half_a_line_goes),
        scratch_test(test_rotation),
        cmocka_unit_test(test_check),
        scratch_test(test_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

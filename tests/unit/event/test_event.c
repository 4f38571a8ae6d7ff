#include "../unit.h"

#include "base/buf.h"
#include "base/time.h"
#include "event/event.h"
#include "sys/fd.h"

#include <string.h>
#include <sys/wait.h>

/* ---- reading into a list ---- */

struct seen {
    size_t n, enough; /* ends the reading there; 0: never */
    struct buf text;  /* "type action actor (attributes)", a line each */
};

static int take(const struct event *e, void *data, struct err *err)
{
    struct seen *s = data;
    _cleanup_free_ char *attributes = strv_join(e->attributes, ",");

    (void)err;
    buf_addf(&s->text, "%s %s %s (%s)\n", e->type, e->action, e->actor, attributes);
    return ++s->n == s->enough ? 1 : 0;
}

static void expect_past(const char *text)
{
    const struct event_query query = {.since = 1, .until = time_now()};
    struct seen s = {0};
    struct err err;

    assert_ok(event_read(".", &query, take, &s, &err));
    assert_string_equal(buf_str(&s.text), text);
    buf_free(&s.text);
}

/* ---- tests ---- */

static void test_line(void **state)
{
    _cleanup_strv_ char **labels = strv_split("maintainer=me \"x\",name=of the label,odd", ',');

    (void)state;
    event_emit(".", "container", "die", "abc", labels, "name", "web", "signal", NULL, "exitCode", "1", NULL);
    event_emit(".", "image", "pull", "alpine:latest", NULL, NULL);
    expect_past("container die abc (exitCode=1,maintainer=me \"x\",name=web)\nimage pull alpine:latest ()\n");
}

static void test_bytes(void **state)
{
    (void)state;
    event_emit(".", "container", "exec_start: a\xff\n\x1b", "abc", NULL, "name", "\xc3\xa4\xc3", NULL);
    expect_past("container exec_start: a\xef\xbf\xbd\n\x1b abc (name=\xc3\xa4\xef\xbf\xbd)\n");
}

/* Labels of an image can be as long as its author likes; what is told of the container stays. */
static void test_long(void **state)
{
    _cleanup_free_ char *label = mem_alloc(EVENT_LINE_MAX + 2), *command = mem_alloc(EVENT_LINE_MAX + 2);
    char *labels[] = {label, NULL};
    struct stat st;

    (void)state;
    memset(label, 'x', EVENT_LINE_MAX + 1);
    memcpy(label, "a=", 2);
    label[EVENT_LINE_MAX + 1] = 0;
    event_emit(".", "container", "start", "abc", labels, "name", "web", NULL);
    expect_past("container start abc (name=web)\n");
    memset(command, 'y', EVENT_LINE_MAX + 1);
    command[EVENT_LINE_MAX + 1] = 0;
    event_emit(".", "container", command, "abc", NULL, NULL);
    assert_int_equal(stat("events", &st), 0);
    assert_true(st.st_size > 4096 && st.st_size < 8192);
}

static void append(const char *text)
{
    int fd = open("events", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

static void test_hostile_lines(void **state)
{
    _cleanup_free_ char *longer = mem_alloc(3 * EVENT_LINE_MAX + 1);

    (void)state;
    memset(longer, 'z', 3 * EVENT_LINE_MAX);
    longer[3 * EVENT_LINE_MAX] = 0;
    append("nonsense\n{}\n{\"time\":5,\"type\":\"container\",\"action\":\"start\",\"actor\":[]}\n");
    append("{\"time\":1e99,\"type\":\"a\",\"action\":\"b\",\"actor\":\"c\"}\n\n");
    append(longer);
    append("\n{\"time\":5,\"type\":\"container\",\"action\":\"start\",\"actor\":\"a\",\"attributes\":{\"b\":\"c\"}}\n");
    append("{\"time\":6,\"type\":\"container\",\"action\":\"cut");
    expect_past("container start a (b=c)\n");
}

static void test_times(void **state)
{
    const struct event_query query = {.since = 20, .until = 30};
    struct seen s = {0};
    struct err err;

    (void)state;
    for (int i = 10; i <= 40; i += 10) {
        _cleanup_free_ char *line =
            str_printf("{\"time\":%d,\"type\":\"t\",\"action\":\"a%d\",\"actor\":\"x\"}\n", i, i);

        append(line);
    }
    assert_ok(event_read(".", &query, take, &s, &err));
    assert_string_equal(buf_str(&s.text), "t a20 x ()\nt a30 x ()\n");
    buf_free(&s.text);
}

static bool watches(pid_t pid)
{
    _cleanup_free_ char *command = str_printf("grep -qs '^inotify wd' /proc/%d/fdinfo/*", (int)pid);

    return system(command) == 0;
}

/* Every line is whole and none is lost, though the journal is cut meanwhile. */
static void test_writers_and_cut(void **state)
{
    enum { WRITERS = 4, EVENTS = 1500 };
    _cleanup_free_ char *value = mem_alloc(400);
    struct seen s = {0};
    const struct event_query query = {.since = 1, .until = INT64_MAX};
    pid_t reader = getpid();
    struct err err;
    struct stat st;

    (void)state;
    memset(value, 'v', 399);
    value[399] = 0;
    for (int w = 0; w < WRITERS; w++)
        if (fork() == 0) {
            while (!watches(reader))
                usleep(1000);
            for (int i = 0; i < EVENTS; i++)
                event_emit(".", "container", "start", "x", NULL, "name", value, NULL);
            _exit(0);
        }
    /* Reads across the cuts, of which there are two at most. */
    s.enough = WRITERS * EVENTS;
    assert_int_equal(event_read(".", &query, take, &s, &err), 1);
    assert_int_equal(s.n, WRITERS * EVENTS);
    buf_free(&s.text);
    for (int w = 0; w < WRITERS; w++)
        wait(NULL);
    assert_int_equal(stat("events.1", &st), 0);
    assert_true(st.st_size >= EVENT_JOURNAL_MAX && st.st_size < 2 * EVENT_JOURNAL_MAX + WRITERS * 1000);
}

/* Only what comes; also after the journal was taken away, and when what was there last has no end. */
static void test_follow(void **state)
{
    const struct event_query query = {.until = time_now() + INT64_C(20000000000)};
    struct seen s = {.enough = 2};
    pid_t reader = getpid();
    struct err err;

    (void)state;
    event_emit(".", "container", "past", "x", NULL, NULL);
    append("half a line");
    if (fork() == 0) {
        while (!watches(reader))
            usleep(1000);
        append(" and its end\n");
        event_emit(".", "container", "first", "x", NULL, NULL);
        unlink("events");
        event_emit(".", "container", "second", "x", NULL, NULL);
        _exit(0);
    }
    assert_int_equal(event_read(".", &query, take, &s, &err), 1);
    assert_string_equal(buf_str(&s.text), "container first x ()\ncontainer second x ()\n");
    buf_free(&s.text);
    wait(NULL);
}

static void test_directory(void **state)
{
    (void)state;
    event_emit("not/there/yet", "container", "start", "x", NULL, NULL);
    assert_int_equal(access("not/there/yet/events", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_line),          scratch_test(test_bytes),     scratch_test(test_long),
        scratch_test(test_hostile_lines), scratch_test(test_times),     scratch_test(test_writers_and_cut),
        scratch_test(test_follow),        scratch_test(test_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

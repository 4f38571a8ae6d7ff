/* Drivers whose other end is a socket: what they send, and what they do while nobody takes it. */
#include "../unit.h"

#include "base/buf.h"
#include "base/time.h"
#include "logging/internal.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct err err;

#define ID           "0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123"
#define STRINGS(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

static int listen_unix(const char *path, int type)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    strcpy(a.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(type == SOCK_STREAM ? listen(fd, 5) : 0, 0);
    return fd;
}

/* On any port of the loopback; which one is appended to `address`. */
static int listen_inet(int type, struct buf *address)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(type == SOCK_STREAM ? listen(fd, 5) : 0, 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    buf_addf(address, "%d", ntohs(a.sin_port));
    return fd;
}

static struct logging_writer *open_writer(void **state, const char *driver, char *const *options)
{
    struct logging_options o = {
        .driver = driver,
        .options = options,
        .dir = scratch_fd(state),
        .path = "/scratch",
        .container = {.id = ID, .name = "web", .image = "alpine", .labels = STRINGS("the.label=x\ny", "_b=2")},
    };
    struct logging_writer *w;

    assert_ok(logging_open(&o, &w, &err));
    return w;
}

static void put(struct logging_writer *w, enum logging_stream stream, const char *text)
{
    logging_write(w, stream, text, strlen(text));
}

static const char *receive(int fd)
{
    static char text[65536];
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

    assert_true(n >= 0);
    text[n] = 0;
    return text;
}

/* "<30>Feb  3 04:05:06 " is the start; the rest is compared. */
static void expect_3164(const char *message, const char *start, const char *rest)
{
    _cleanup_free_ char *pid = str_printf("[%d]: ", (int)getpid()), *whole = NULL;
    size_t n = strlen(start);

    if (strncmp(message, start, n) != 0 || !strstr(message, pid))
        fail_msg("%s", message);
    whole = str_printf("%s%s", pid, rest);
    assert_string_equal(strchr(message, '['), whole);
    assert_int_equal(message[n + 3], ' ');
    assert_int_equal(message[n + 6], ' ');
    assert_int_equal(message[n + 15], ' ');
}

static void test_syslog_local(void **state)
{
    int fd = listen_unix("log", SOCK_DGRAM);
    char path[] = "/tmp/cbox-unit-XXXXXX", *address;
    struct logging_writer *w;

    assert_non_null(getcwd(path, sizeof(path)));
    address = str_printf("syslog-address=unixgram://%s/log", path);
    w = open_writer(state, "syslog", STRINGS(address, "tag={{.Name}}"));
    put(w, LOGGING_STDOUT, "one\n");
    put(w, LOGGING_STDERR, "two");
    expect_3164(receive(fd), "<30>", "one\n");
    logging_close(w);
    expect_3164(receive(fd), "<27>", "two\n");
    w = open_writer(state, "syslog", STRINGS(address, "syslog-facility=local3", "syslog-format=rfc3164"));
    put(w, LOGGING_STDOUT, "x\n");
    logging_close(w);
    expect_3164(receive(fd), "<158>", "x\n");
    free(address);
    close(fd);
}

static void test_syslog_5424(void **state)
{
    _cleanup_buf_ struct buf address = BUF_INIT;
    struct logging_writer *w;
    int fd, pid, n = 0;
    char when[64], host[256], tag[64], message_id[64];

    buf_adds(&address, "syslog-address=udp://127.0.0.1:");
    fd = listen_inet(SOCK_DGRAM, &address);
    w = open_writer(state, "syslog", STRINGS(address.p, "syslog-format=rfc5424micro"));
    put(w, LOGGING_STDOUT, "text of it\n");
    logging_close(w);
    assert_int_equal(
        sscanf(receive(fd), "<30>1 %63s %255s %63s %d %63s - text of it\n%n", when, host, tag, &pid, message_id, &n),
        5);
    assert_true(n > 0);
    assert_true(strlen(when) >= strlen("2006-01-02T15:04:05.000000Z") && when[10] == 'T' && when[19] == '.');
    assert_string_equal(tag, "0123456789ab");
    assert_string_equal(message_id, tag);
    assert_int_equal(pid, getpid());
    close(fd);
}

/* A daemon that accepts and reads nothing, then dies, then is there again: the writer never waits, the last messages
 * arrive whole and in their order, and the loss is told. */
static void test_syslog_tcp(void **state)
{
    _cleanup_buf_ struct buf address = BUF_INIT, got = BUF_INIT;
    struct logging_writer *w;
    int fd, client, sent = 0, last = -1, lost = 0, gaps = 0;
    char block[4096];
    int64_t begun;
    ssize_t n;

    buf_adds(&address, "syslog-address=tcp://127.0.0.1:");
    fd = listen_inet(SOCK_STREAM, &address);
    w = open_writer(state, "syslog", STRINGS(address.p));
    begun = time_monotonic();
    for (; logging_wake(w) == 0 || sent < 200000; sent++) {
        char line[400];

        snprintf(line, sizeof(line), "%0300d\n", sent);
        put(w, LOGGING_STDOUT, line);
    }
    assert_true(time_monotonic() - begun < INT64_C(20000000000));
    client = accept(fd, NULL, NULL);
    assert_true(client >= 0);
    close(client); /* what lay in it is lost, and nobody can know */
    while (logging_wake(w)) {
        if (logging_wake(w) <= time_monotonic())
            logging_flush(w, false);
        usleep(1000);
    }
    logging_close(w);
    client = accept(fd, NULL, NULL);
    while ((n = read(client, block, sizeof(block))) > 0)
        buf_add(&got, block, (size_t)n);
    for (char *line = got.p, *end; (end = strchr(line, '\n')); line = end + 1) {
        const char *text = strstr(line, "]: ");

        assert_int_equal(strncmp(line, "<30>", 4) == 0 || strncmp(line, "<27>", 4) == 0, 1);
        assert_non_null(text);
        if (sscanf(text, "]: cbox: %d line", &lost) == 1)
            continue;
        /* Behind the one that was half sent, which is sent again, some are missing. */
        assert_true(last < 0 || atoi(text + 3) == last + 1 || (atoi(text + 3) > last && !gaps++));
        last = atoi(text + 3);
    }
    assert_int_equal(last, sent - 1);
    assert_true(lost > 0);
    close(client);
    close(fd);
}

static void test_journald(void **state)
{
    static const char fields[] = "CONTAINER_ID=0123456789ab\nCONTAINER_ID_FULL=" ID "\nCONTAINER_NAME=web\n"
                                 "IMAGE_NAME=alpine\nCONTAINER_TAG=0123456789ab\nSYSLOG_IDENTIFIER=0123456789ab\n"
                                 "B=2\nTHE_LABEL\n\x03\0\0\0\0\0\0\0x\ny\nPRIORITY=6\nMESSAGE=one\n";
    static const char second[] = "\nPRIORITY=3\nCONTAINER_PARTIAL_MESSAGE=true\nMESSAGE=two\n";
    char message[1024];
    struct logging_writer *w;
    int fd = listen_unix("journal", SOCK_DGRAM);

    logging_journal_socket = "nothing";
    assert_fails(logging_check("journald", NULL, &err), ERR_UNSUPPORTED, "journald is not enabled on this host");
    logging_journal_socket = "journal";
    assert_ok(logging_check("journald", NULL, &err));
    w = open_writer(state, "journald", STRINGS("labels=the.label,_b"));
    put(w, LOGGING_STDOUT, "one\n");
    put(w, LOGGING_STDERR, "two");
    logging_close(w);
    assert_int_equal(recv(fd, message, sizeof(message), 0), sizeof(fields) - 1);
    assert_memory_equal(message, fields, sizeof(fields) - 1);
    assert_true(recv(fd, message, sizeof(message), 0) > (ssize_t)strlen(second));
    assert_non_null(memmem(message, sizeof(message), second, strlen(second)));
    close(fd);
}

static int collect(const struct logging_entry *e, void *data)
{
    buf_add(data, e->text, e->len);
    return 0;
}

/* What such a driver sent can be read here, unless that was not wanted. */
static void test_read_back(void **state)
{
    const struct logging_query all = {.tail = -1, .wake = -1};
    struct logging_options o = {.driver = "journald", .dir = scratch_fd(state), .path = "/", .container = {.id = ID}};
    _cleanup_buf_ struct buf found = BUF_INIT;
    int fd = listen_unix("journal", SOCK_DGRAM);
    struct logging_writer *w;

    logging_journal_socket = "journal";
    w = open_writer(state, "journald", NULL);
    put(w, LOGGING_STDOUT, "one\ntwo\n");
    logging_close(w);
    assert_ok(logging_read(&o, &all, collect, &found, &err));
    assert_string_equal(buf_str(&found), "one\ntwo\n");
    unlink("local.log");
    w = open_writer(state, "journald", STRINGS("cache-disabled=true"));
    put(w, LOGGING_STDOUT, "one\n");
    logging_close(w);
    assert_int_equal(access("local.log", F_OK), -1);
    o.options = STRINGS("cache-disabled=true");
    assert_fails(logging_read(&o, &all, collect, &found, &err), ERR_UNSUPPORTED, "does not support reading");
    close(fd);
}

static void test_check(void **state)
{
    static const struct {
        const char *option;
        int kind;
        const char *why;
    } bad[] = {
        {"syslog-address=host", ERR_INVALID, "syslog-address should be in form proto://address, got host"},
        {"syslog-address=unix:///no/such", ERR_UNSUPPORTED, "/no/such: no socket"},
        {"syslog-address=tcp+tls://h", ERR_UNSUPPORTED, "tcp+tls"},
        {"syslog-facility=nothing", ERR_INVALID, "invalid syslog facility"},
        {"syslog-facility=24", ERR_INVALID, "invalid syslog facility"},
        {"syslog-format=x", ERR_INVALID, "Invalid syslog format"},
        {"max-size=1", ERR_INVALID, "unknown log opt 'max-size' for syslog log driver"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(logging_check("syslog", STRINGS(bad[i].option), &err), bad[i].kind, bad[i].why);
    assert_ok(logging_check("syslog", STRINGS("syslog-address=udp://127.0.0.1", "syslog-facility=23"), &err));
    assert_fails(logging_check("syslog", STRINGS("syslog-address=tcp://127.0.0.1:1", "syslog-facility=authpriv"), &err),
                 ERR_UNSUPPORTED, "tcp://127.0.0.1:1: Connection refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_syslog_local), scratch_test(test_syslog_5424), scratch_test(test_syslog_tcp),
        scratch_test(test_journald),     scratch_test(test_read_back),   cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

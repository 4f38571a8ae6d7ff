/* A loopback HTTP server in a child process, for tests of what clients do with answers: a function writes each answer.
 *
 * Every connection has a process of its own, which reads requests until one is answered with `close` set. The requests
 * are kept in memory that the test shares.
 */
#pragma once

#include "../unit.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { SERVER_REQUESTS_MAX = 64, SERVER_REQUEST_MAX = 2048 };

struct server_log {
    atomic_int n;
    char requests[SERVER_REQUESTS_MAX][SERVER_REQUEST_MAX];
};

struct server_exchange {
    int fd;
    int port;            /* our own */
    const char *request; /* the whole head */
    const char *ahead;   /* what of the body came with it */
    size_t ahead_len;
    int nth;    /* requests whose first line was the same, before this one */
    bool close; /* end the connection after this answer */
};

typedef void (*server_answer)(struct server_exchange *x);

struct server {
    pid_t pid;
    int port;
    struct server_log *log;
};

static inline void server_send(struct server_exchange *x, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(x->fd, data, len, MSG_NOSIGNAL);

        if (n <= 0) {
            x->close = true;
            return;
        }
        data += n;
        len -= (size_t)n;
    }
}

static inline void server_send_text(struct server_exchange *x, const char *text)
{
    server_send(x, text, strlen(text));
}

/* Status line, further header lines (each with its line end, or ""), and a body with its length. */
static inline void server_reply(struct server_exchange *x, const char *status, const char *headers, const char *body)
{
    _cleanup_free_ char *text =
        str_printf("HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body), headers, body);

    server_send_text(x, text);
}

static inline bool server_asked(const struct server_exchange *x, const char *path)
{
    size_t n = strlen(path);

    return strncmp(x->request, "GET ", 4) == 0 && strncmp(x->request + 4, path, n) == 0 && x->request[4 + n] == ' ';
}

/* Reads the request's body as its Content-Length says, having said that it may come where that is waited for: its
 * bytes, which the caller frees. A connection that ends before gives fewer. */
static inline char *server_body(struct server_exchange *x, size_t *ret_len)
{
    const char *length = strstr(x->request, "Content-Length: ");
    size_t want = length ? (size_t)atol(length + strlen("Content-Length: ")) : 0;
    size_t len = MIN_OF(want, x->ahead_len);
    char *body = mem_zalloc(want + 1, 1);

    if (strstr(x->request, "Expect: 100-continue"))
        server_send_text(x, "HTTP/1.1 100 Continue\r\n\r\n");
    memcpy(body, x->ahead, len);
    while (len < want) {
        ssize_t n = read(x->fd, body + len, want - len);

        if (n <= 0)
            break;
        len += (size_t)n;
    }
    if (ret_len)
        *ret_len = len;
    return body;
}

static inline int server_count(const struct server_log *log, const char *request, int before)
{
    size_t n = strcspn(request, "\r");
    int count = 0;

    for (int i = 0; i < before; i++)
        count += strncmp(log->requests[i], request, n + 1) == 0;
    return count;
}

static inline void server_connection(int fd, int port, struct server_log *log, server_answer answer)
{
    char head[SERVER_REQUEST_MAX];
    size_t len = 0;

    for (;;) {
        struct server_exchange x = {.fd = fd, .port = port, .request = head};
        ssize_t n;
        char *end;
        int at;

        while (head[len] = 0, !(end = strstr(head, "\r\n\r\n"))) {
            n = read(fd, head + len, sizeof(head) - 1 - len);
            if (n <= 0)
                return;
            len += (size_t)n;
            if (head[0] == 0x16) {
                server_send_text(&x, "HTTP/1.1 400 Bad Request\r\n\r\n"); /* to a TLS handshake */
                return;
            }
        }
        end[2] = 0;
        x.ahead = end + 4;
        x.ahead_len = (size_t)(head + len - x.ahead);
        at = atomic_fetch_add(&log->n, 1);
        if (at >= SERVER_REQUESTS_MAX)
            return;
        strcpy(log->requests[at], head);
        x.nth = server_count(log, head, at);
        answer(&x);
        if (x.close)
            return;
        len = 0; /* nobody sends requests ahead */
    }
}

static inline void server_run(int listener, int port, struct server_log *log, server_answer answer)
{
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            continue;
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            server_connection(fd, port, log, answer);
            _exit(0);
        }
        close(fd);
    }
}

/* Starts it: it listens when this returns. */
static inline void server_start(struct server *s, server_answer answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    s->port = ntohs(address.sin_port);
    s->log = mmap(NULL, sizeof(*s->log), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s->log != MAP_FAILED);
    s->pid = fork();
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        server_run(listener, s->port, s->log, answer);
    }
    close(listener);
}

static inline void server_stop(struct server *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
        munmap(s->log, sizeof(*s->log));
    }
    *s = (struct server){0};
}

/* How many requests held `text`. */
static inline int server_requests_with(const struct server *s, const char *text)
{
    int count = 0, n = atomic_load(&s->log->n);

    for (int i = 0; i < MIN_OF(n, SERVER_REQUESTS_MAX); i++)
        count += strstr(s->log->requests[i], text) != NULL;
    return count;
}

#include "image/unpacker.h"

#include "layer/sandbox.h"
#include "sys/aside.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* What goes over the socket, one message each; SOCK_SEQPACKET keeps them apart. */
enum message_type {
    MESSAGE_PROGRESS,
    MESSAGE_FINISHED,
    MESSAGE_FAILED,
};

struct message {
    enum message_type type;
    union {
        int64_t consumed;
        struct layer_applied applied;
        struct err err;
    };
};

/* ---- the child ---- */

struct child {
    int blob;
    int notice; /* -1: the blob is complete */
    int tree;
    int manifest;
    int socket;
};

static void report_progress(int64_t consumed, void *data)
{
    const struct child *c = data;
    struct message m = {.type = MESSAGE_PROGRESS, .consumed = consumed};

    /* Nobody misses one that finds no room. */
    (void)send(c->socket, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int unpack(struct child *c, struct layer_applied *ret, struct err *err)
{
    _cleanup_(layer_source_free_cleanup) struct layer_source *source = NULL;
    struct layer_apply_options options = {
        .manifest_fd = c->manifest,
        .user_xattr = geteuid() != 0,
        .progress = report_progress,
        .progress_data = c,
    };
    int keep[4] = {c->blob, c->manifest, c->socket};
    size_t n_keep = 3;
    int r;

    if (c->notice >= 0)
        keep[n_keep++] = c->notice;
    failpoint("unpack"); /* confined, it could not even kill itself */
    r = layer_sandbox_enter(&c->tree, NULL, keep, n_keep, options.user_xattr, err);
    if (r < 0)
        return r;
    options.tree_fd = c->tree;
    source = c->notice >= 0 ? layer_source_growing(c->blob, c->notice) : layer_source_file(c->blob);
    return layer_apply(source, &options, ret, err);
}

static _Noreturn void run_child(struct child *c, pid_t parent)
{
    struct message m = {.type = MESSAGE_FINISHED};
    struct layer_applied applied = {0};
    struct err err = ERR_INIT;

    aside_begin(parent);
    if (unpack(c, &applied, &err) < 0) {
        m.type = MESSAGE_FAILED;
        m.err = err;
    } else {
        m.applied = applied;
    }
    _exit(send(c->socket, &m, sizeof(m), MSG_NOSIGNAL) == (ssize_t)sizeof(m) ? 0 : 1);
}

/* ---- the parent ---- */

int unpacker_start(int blob_fd, bool growing, int tree_fd, int manifest_fd, struct unpacker *ret, struct err *err)
{
    int sockets[2] = {-1, -1}, notices[2] = {-1, -1};
    pid_t parent = getpid();
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return err_errno(err, errno, "making a socket");
    if (growing && pipe2(notices, O_CLOEXEC) < 0) {
        err_errno(err, errno, "making a pipe");
        goto fail;
    }
    pid = fork();
    if (pid < 0) {
        err_errno(err, errno, "starting a process");
        goto fail;
    }
    if (pid == 0) {
        struct child c = {blob_fd, notices[0], tree_fd, manifest_fd, sockets[1]};

        run_child(&c, parent);
    }
    fd_close(sockets[1]);
    fd_close(notices[0]);
    if (notices[1] >= 0)
        fd_set_nonblock(notices[1], 1);
    *ret = (struct unpacker){.pid = pid, .socket = sockets[0], .notice = notices[1]};
    return 0;

fail:
    for (size_t i = 0; i < 2; i++) {
        fd_close(sockets[i]);
        fd_close(notices[i]);
    }
    return err ? err->kind : ERR_IO;
}

void unpacker_announce(struct unpacker *u, int64_t total, bool last)
{
    if (u->notice >= 0)
        (void)layer_source_announce(u->notice, total, last);
}

/* Waits for the process, whose socket is at its end, and says what became of it. */
static int died(struct unpacker *u, struct err *err)
{
    int status = 0;

    while (waitpid(u->pid, &status, 0) < 0 && errno == EINTR)
        ;
    u->pid = 0;
    if (WIFSIGNALED(status)) {
        int r = err_set(err, ERR_IO, "the unpacking process was ended by signal %d (%s)", WTERMSIG(status),
                        strsignal(WTERMSIG(status)));

        return WTERMSIG(status) == SIGKILL ? err_hint(err, "the system may be short of memory") : r;
    }
    return err_set(err, ERR_IO, "the unpacking process ended with status %d", WEXITSTATUS(status));
}

/* A digest that came out of the child is a digest. */
static int check_applied(const struct layer_applied *applied, struct err *err)
{
    char text[DIGEST_TEXT_MAX];
    struct digest d = applied->diff_id.digest;

    d.hex[DIGEST_HEX_MAX] = 0;
    if ((d.algorithm != DIGEST_SHA256 && d.algorithm != DIGEST_SHA512) ||
        digest_parse(digest_format(&d, text), &d, NULL) < 0 || applied->bytes < 0 || applied->members < 0)
        return err_set(err, ERR_INTERNAL, "the unpacking process reports nonsense");
    return 0;
}

static int failure(struct message *m, struct err *err)
{
    int kind = m->err.kind < 0 && m->err.kind >= ERR_INTERNAL ? m->err.kind : ERR_INTERNAL;

    m->err.text[ERR_TEXT_MAX - 1] = 0;
    m->err.hint[ERR_HINT_MAX - 1] = 0;
    err_set(err, kind, "%s", m->err.text);
    if (m->err.hint[0])
        err_hint(err, "%s", m->err.hint);
    return kind;
}

int unpacker_read(struct unpacker *u, int64_t *ret_consumed, struct layer_applied *ret_applied, struct err *err)
{
    struct message m;
    ssize_t n = recv(u->socket, &m, sizeof(m), MSG_DONTWAIT);
    int r;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return UNPACKER_NOTHING;
    if (n <= 0)
        return died(u, err);
    if (n == (ssize_t)sizeof(m) && m.type == MESSAGE_PROGRESS) {
        *ret_consumed = m.consumed;
        return UNPACKER_PROGRESS;
    }
    if (n == (ssize_t)sizeof(m) && m.type == MESSAGE_FINISHED) {
        r = check_applied(&m.applied, err);
        *ret_applied = m.applied;
    } else if (n == (ssize_t)sizeof(m) && m.type == MESSAGE_FAILED) {
        r = failure(&m, err);
    } else {
        r = err_set(err, ERR_INTERNAL, "the unpacking process speaks gibberish");
    }
    unpacker_end(u);
    return r < 0 ? r : UNPACKER_FINISHED;
}

void unpacker_end(struct unpacker *u)
{
    int status;

    if (u->pid > 0) {
        kill(u->pid, SIGKILL); /* it has said what it had to say */
        while (waitpid(u->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    fd_close(u->socket);
    fd_close(u->notice);
    *u = UNPACKER_NONE;
}

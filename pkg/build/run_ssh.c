/* RUN --mount=type=ssh: an agent's socket. It is one of ours, which passes on what it is sent: so that it has the owner
 * that was asked for, and the agent sees nobody but the user who builds. */
#include "build/run_internal.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { SOCKET_MODE = 0600, CHUNK = 16384, CONNECTIONS_MAX = 64, AGENT_PATIENCE = 100 /* times 50 ms */ };

/* ---- sockets ---- */

/* Below `dir` however long its path is; an absolute name is the user's. -ENAMETOOLONG. */
static int address_of(int dir, const char *name, struct sockaddr_un *ret)
{
    int n;

    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    n = *name == '/' ? snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", name)
                     : snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", dir, name);
    return (size_t)n < sizeof(ret->sun_path) ? 0 : -ENAMETOOLONG;
}

/* 0 or -errno. */
static int connect_to(int dir, const char *name, int *ret)
{
    _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un a;
    int r = fd < 0 ? -errno : address_of(dir, name, &a);

    if (r == 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
        r = -errno;
    if (r == 0)
        *ret = steal_fd(&fd);
    return r;
}

static int listen_at(int dir, const char *name, int *ret)
{
    _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un a;
    int r = fd < 0 ? -errno : address_of(dir, name, &a);

    if (r == 0 && (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, SOMAXCONN) < 0))
        r = -errno;
    if (r == 0)
        *ret = steal_fd(&fd);
    return r;
}

/* ---- passing on ---- */

/* One direction of a connection, as far as there is something to read. */
static bool pass(int from, int to)
{
    char chunk[CHUNK];
    ssize_t n = read(from, chunk, sizeof(chunk));

    return n > 0 && fd_write_all(to, chunk, (size_t)n) == 0;
}

static _Noreturn void serve(int client, int dir, const char *agent)
{
    int to = -1;
    struct pollfd fds[2];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (connect_to(dir, agent, &to) < 0)
        _exit(1);
    fds[0] = (struct pollfd){.fd = client, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = to, .events = POLLIN};
    while (poll(fds, 2, -1) > 0)
        for (int i = 0; i < 2; i++)
            if (fds[i].revents && !pass(fds[i].fd, fds[!i].fd))
                _exit(0);
    _exit(0);
}

/* In a process of its own, which ends with the step's. */
static _Noreturn void listen_for(int listener, int dir, const char *agent)
{
    int served = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        pid_t pid = client < 0 ? -1 : fork();

        if (pid == 0)
            serve(client, dir, agent);
        fd_close(client);
        served += pid > 0;
        /* These processes are outside of what limits the step: it waits where it has many of them. */
        while (served > 0 && waitpid(-1, NULL, served < CONNECTIONS_MAX ? WNOHANG : 0) > 0)
            served--;
    }
}

static int keep_process(struct build_run_place *p, pid_t pid, struct err *err)
{
    int pidfd = pid < 0 ? -errno : proc_open(pid);

    if (pidfd < 0)
        return err_errno(err, -pidfd, "starting a process");
    *VEC_PUSH(&p->processes) = pidfd;
    return 0;
}

static int make_socket(struct build_run_place *p, const struct dockerfile_mount *m, const char *name, const char *agent,
                       struct err *err)
{
    _cleanup_fd_ int listener = -1;
    int r = listen_at(p->files, name, &listener);
    pid_t pid;

    if (r == 0 && (fchownat(p->files, name, m->has_uid ? m->uid : 0, m->has_gid ? m->gid : 0, 0) < 0 ||
                   fchmodat(p->files, name, m->has_mode ? m->mode : SOCKET_MODE, 0) < 0))
        r = -errno;
    if (r < 0)
        return err_errno(err, -r, "a socket for the agent");
    pid = fork();
    if (pid == 0)
        listen_for(listener, p->files, agent);
    return keep_process(p, pid, err);
}

/* ---- an agent of our own, for key files ---- */

static _Noreturn void be_agent(int dir, const char *name)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    if (fchdir(dir) == 0)
        execlp("ssh-agent", "ssh-agent", "-D", "-a", name, (char *)NULL);
    _exit(127);
}

static int await_agent(const struct build_run_place *p, const char *name, struct err *err)
{
    for (int i = 0; i < AGENT_PATIENCE; i++) {
        int probe = -1, r = connect_to(p->files, name, &probe);

        fd_close(probe);
        if (r == 0)
            return 0;
        poll(NULL, 0, 50);
        if (p->processes.n) {
            struct pollfd ended = {.fd = p->processes.v[p->processes.n - 1], .events = POLLIN};

            if (poll(&ended, 1, 0) > 0)
                break;
        }
    }
    err_set(err, ERR_NOT_FOUND, "keys are given to a build by ssh-agent(1), which does not start");
    return err_hint(err, "install it (openssh-client), or start one yourself and leave out the key: --ssh default");
}

static int add_keys(const struct build_run_place *p, const struct build_ssh *s, const char *name, struct err *err)
{
    _cleanup_free_ char *socket = str_printf("SSH_AUTH_SOCK=%s", name);
    _cleanup_free_ char *path = str_printf("PATH=%s", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    _cleanup_free_ char *files = build_run_file_path(p, "");
    char *env[] = {socket, path, (char *)"SSH_ASKPASS_REQUIRE=never", NULL};

    STRV_FOREACH (key, s->paths) {
        _cleanup_free_ char *absolute = realpath(*key, NULL);
        _cleanup_buf_ struct buf said = BUF_INIT_MAX(4096);
        const char *argv[] = {"ssh-add", absolute ? absolute : *key, NULL};
        const struct run run = {
            .argv = argv, .env = env, .dir = files, .timeout_ms = 10000, .output = &said, .errors = true, .tail = true};
        int code = run_program(&run, err);

        if (code < 0)
            return code;
        if (code)
            return err_set(err, ERR_INVALID, "ssh key %s: %.*s", *key, (int)strcspn(buf_str(&said), "\n"),
                           buf_str(&said));
    }
    return 0;
}

static int start_agent(struct build_run_place *p, const struct build_ssh *s, const char *name, struct err *err)
{
    pid_t pid = fork();
    int r;

    if (pid == 0)
        be_agent(p->files, name);
    r = keep_process(p, pid, err);
    if (r == 0)
        r = await_agent(p, name, err);
    return r < 0 ? r : add_keys(p, s, name, err);
}

/* ---- which agent ---- */

static const struct build_ssh *find(const struct build_run_job *job, const char *id)
{
    VEC_FOREACH (s, &job->request->ssh)
        if (str_eq(s->id, id))
            return s;
    return NULL;
}

static bool is_socket(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* The path of its socket, freed by the caller: the user's, or one that is started for the keys. */
static int find_agent(struct build_run_place *p, const struct build_ssh *s, char **ret, struct err *err)
{
    const char *path = strv_len(s->paths) ? s->paths[0] : getenv("SSH_AUTH_SOCK");

    if (str_empty(path)) {
        err_set(err, ERR_NOT_FOUND, "ssh %s: no agent: SSH_AUTH_SOCK is not set", s->id);
        return err_hint(err, "start one (eval $(ssh-agent)), or name a key: --ssh %s=FILE", s->id);
    }
    if (is_socket(path)) {
        *ret = realpath(path, NULL);
        return *ret ? 0 : err_errno(err, errno, "%s", path);
    }
    if (!strv_len(s->paths))
        return err_set(err, ERR_INVALID, "ssh %s: SSH_AUTH_SOCK: %s is no socket", s->id, path);
    *ret = str_printf("agent-%zu", p->agents);
    return start_agent(p, s, *ret, err);
}

int build_run_ssh(struct build_run_place *p, const struct dockerfile_mount *m, const char *target,
                  struct engine_options *o, struct err *err)
{
    const char *id = str_empty(m->id) ? "default" : m->id;
    const struct build_ssh *s = find(p->job, id);
    _cleanup_free_ char *usual = str_printf("/run/buildkit/ssh_agent.%zu", p->agents);
    _cleanup_free_ char *name = str_printf("ssh-%zu", p->agents), *agent = NULL, *path = NULL, *setting = NULL;
    int r;

    if (!s && !m->required)
        return 0;
    if (!s) {
        err_set(err, ERR_NOT_FOUND, "ssh %s: not found", id);
        return err_hint(err, "give it to the build: --ssh %s", id);
    }
    r = build_run_files(p, err);
    if (r == 0)
        r = find_agent(p, s, &agent, err);
    if (r == 0)
        r = make_socket(p, m, name, agent, err);
    if (r < 0)
        return r;
    path = build_run_file_path(p, name);
    build_run_add_mount(o, target ? target : usual, "bind", path, "bind,rprivate,nosuid,nodev,noexec");
    setting = str_printf("SSH_AUTH_SOCK=%s", target ? target : usual);
    if (p->agents++ == 0)
        strv_env_set(&o->config.config.env, setting);
    return 0;
}

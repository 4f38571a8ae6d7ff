/* Trying things where they leave no trace. user_namespaces(7), mount_namespaces(7). */
#include "doctor/internal.h"

#include "base/num.h"
#include "base/time.h"
#include "sys/fd.h"
#include "sys/lock.h"
#include "sys/path.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

enum { TRIAL_SECONDS = 10, SYSCTL_MAX = 4096 };

bool doctor_sysctl(const char *name, int64_t *ret)
{
    _cleanup_free_ char *path = str_printf("/proc/sys/%s", name);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(SYSCTL_MAX);

    if (fd_read_file(AT_FDCWD, path, &text, NULL) < 0 || !text.len)
        return false;
    text.p[strcspn(text.p, "\n")] = 0;
    return num_parse_i64(text.p, INT64_MIN, INT64_MAX, ret, NULL) == 0;
}

/* ---- a child ---- */

static int map_ourselves(uid_t uid, gid_t gid, struct err *err)
{
    _cleanup_free_ char *uids = str_printf("0 %u 1", uid), *gids = str_printf("0 %u 1", gid);
    int r = fd_write_text(AT_FDCWD, "/proc/self/setgroups", "deny");

    if (r == 0 || r == -ENOENT)
        r = fd_write_text(AT_FDCWD, "/proc/self/uid_map", uids);
    if (r == 0)
        r = fd_write_text(AT_FDCWD, "/proc/self/gid_map", gids);
    return r < 0 ? err_errno(err, -r, "a user namespace of one's own") : 0;
}

static int enter(int namespaces, struct err *err)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    bool mapped = uid != 0 && namespaces;

    if (namespaces && unshare(namespaces | (mapped ? CLONE_NEWUSER : 0)) < 0)
        return err_errno(err, errno, "namespaces of one's own");
    if (namespaces & CLONE_NEWNS && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return err_errno(err, errno, "mounts of one's own");
    return mapped && !(namespaces & CLONE_NEWUSER) ? map_ourselves(uid, gid, err) : 0;
}

_Noreturn static void child(int namespaces, int (*act)(void *data, struct err *err), void *data, int to)
{
    struct err err = ERR_INIT;

    signal(SIGALRM, SIG_DFL);
    alarm(TRIAL_SECONDS);
    if (enter(namespaces, &err) == 0 && act(data, &err) == 0)
        _exit(0);
    _exit(fd_write_all(to, &err, sizeof(err)) < 0 ? 2 : 1);
}

int doctor_try(int namespaces, int (*act)(void *data, struct err *err), void *data, struct err *err)
{
    _cleanup_fd_ int from = -1, to = -1;
    struct err said = ERR_INIT;
    int fds[2], status = 0;
    ssize_t n;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(err, errno, "pipe");
    from = fds[0];
    to = fds[1];
    pid = fork();
    if (pid < 0)
        return err_errno(err, errno, "fork");
    if (pid == 0)
        child(namespaces, act, data, to);
    to = fd_close(to);
    n = fd_read_all(from, &said, sizeof(said));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (n == sizeof(said) && said.kind < 0) {
        *err = said;
        return said.kind;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return err_set(err, ERR_BUSY, "not done after %d seconds", TRIAL_SECONDS);
    return status ? err_set(err, ERR_IO, "the process that tried it ended with status %#x", (unsigned)status) : 0;
}

/* ---- a directory ---- */

char *doctor_existing(const char *path)
{
    _cleanup_free_ char *at = path_clean(path);

    while (access(at, F_OK) < 0 && strlen(at) > 1) {
        char *slash = strrchr(at, '/');

        slash[slash == at] = 0;
    }
    return steal_ptr(&at);
}

/* What is not removed here, since somebody killed us, goes with the next sweep of the store's tmp/. */
int doctor_scratch_make(const struct doctor_host *host, struct doctor_scratch *ret, struct err *err)
{
    _cleanup_free_ char *tmp = str_printf("%s/tmp", host->root), *name = NULL;
    int r;

    ret->plain = geteuid() != 0;
    ret->place = access(tmp, F_OK) == 0 ? str_dup(tmp) : doctor_existing(host->root);
    name = str_printf("doctor-%d-%llx", (int)getpid(), (unsigned long long)time_monotonic());
    ret->path = path_join(ret->place, name);
    ret->name = path_base(ret->path);
    ret->parent = open(ret->place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret->parent < 0)
        return err_errno(err, errno, "%s", ret->place);
    r = lock_make_dir(ret->parent, ret->name, 0700, &ret->lock, err);
    if (r < 0)
        return err_wrap(err, "%s", ret->place);
    ret->fd = openat(ret->parent, ret->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return ret->fd < 0 ? err_errno(err, errno, "%s", ret->path) : 0;
}

void doctor_scratch_release(struct doctor_scratch *s)
{
    if (s->lock >= 0)
        (void)path_remove_tree(s->parent, s->name, NULL);
    s->fd = fd_close(s->fd);
    s->lock = fd_close(s->lock);
    s->parent = fd_close(s->parent);
    free(s->place);
    free(s->path);
    s->place = s->path = NULL;
}

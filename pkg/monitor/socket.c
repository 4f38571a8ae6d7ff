#include "monitor/socket.h"

#include "monitor/monitor.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static const char dir_name[] = "monitor";
enum { BACKLOG = 64 };

static int open_dir(struct store *s, bool make, int *ret_fd, struct err *err)
{
    int state, fd, r = store_dir(s, STORE_STATE, &state, err);

    if (r < 0)
        return r;
    fd = openat(state, dir_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        if (mkdirat(state, dir_name, 0700) < 0 && errno != EEXIST)
            return err_errno(err, errno, "making %s/%s", store_state_path(s), dir_name);
        fd = openat(state, dir_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd < 0)
        return err_errno(err, errno, "%s/%s", store_state_path(s), dir_name);
    *ret_fd = fd;
    return 0;
}

/* However long the path of the state directory is: a socket's takes 107 bytes. */
static struct sockaddr_un address_below(int dir, const char *id)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%.64s", dir, id);
    return a;
}

int monitor_socket_make(struct store *s, const char *id, int *ret_fd, struct err *err)
{
    _cleanup_fd_ int dir = -1;
    int fd, r = open_dir(s, true, &dir, err);
    struct sockaddr_un a = address_below(dir, id);

    if (r < 0)
        return r;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, errno, "socket");
    unlinkat(dir, id, 0);
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0) {
        r = err_errno(err, errno, "%s/%s/%s", store_state_path(s), dir_name, id);
        fd_close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

bool monitor_was_killed(struct store *s, const char *id)
{
    _cleanup_fd_ int dir = -1;

    return open_dir(s, false, &dir, NULL) == 0 && faccessat(dir, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void monitor_sweep(struct store *s, const char *id)
{
    _cleanup_fd_ int dir = -1;

    if (open_dir(s, false, &dir, NULL) == 0)
        unlinkat(dir, id, 0);
}

int monitor_connect(struct store *s, const char *id, int *ret_socket, struct err *err)
{
    _cleanup_fd_ int dir = -1, fd = -1;
    int r = open_dir(s, false, &dir, err);
    struct sockaddr_un a = address_below(dir, id);

    if (r < 0)
        return r;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(err, errno, "socket");
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
        if (errno == ECONNREFUSED || errno == ENOENT)
            return err_set(err, ERR_NOT_FOUND, "container %.12s has no monitor", id);
        return err_errno(err, errno, "connecting to the monitor of container %.12s", id);
    }
    *ret_socket = steal_fd(&fd);
    return 0;
}

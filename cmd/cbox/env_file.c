#include "env_file.h"

#include "bundle/bundle.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>

enum { ENV_FILE_MAX = 1 << 20 };

int env_file_read(const char *path, char ***lines, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(ENV_FILE_MAX);
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int r = fd < 0 ? err_errno(err, errno, "%s", path) : fd_read_rest(fd, path, &text, err);

    if (r == 0 && bundle_parse_env_file(buf_str(&text), lines, err) < 0)
        return err_wrap(err, "%s", path);
    return r;
}

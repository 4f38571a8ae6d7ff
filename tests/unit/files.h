/* For tests of what happens to small files in the working directory. */
#pragma once

#include "unit.h"

#include "sys/fd.h"

#include <fcntl.h>

static inline void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

static inline void expect_file(const char *path, const char *text)
{
    _cleanup_buf_ struct buf b = BUF_INIT_MAX(100);
    struct err err;

    assert_ok(fd_read_file(AT_FDCWD, path, &b, &err));
    assert_string_equal(buf_str(&b), text);
}

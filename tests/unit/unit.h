/* What the unit tests share: cmocka in its order of headers, and a scratch directory per test. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A call that must succeed; its error's text is shown where it does not. */
#define assert_ok(call)                          \
    do {                                         \
        err = ERR_INIT;                          \
        if ((call) != 0)                         \
            fail_msg("%s: %s", #call, err.text); \
    } while (0)

/* A call that must fail with this kind and say `part`. */
#define assert_fails(call, expected_kind, part)                       \
    do {                                                              \
        err = ERR_INIT;                                               \
        assert_int_equal((call), (expected_kind));                    \
        assert_int_equal(err.kind, (expected_kind));                  \
        if (!strstr(err.text, (part)))                                \
            fail_msg("\"%s\" does not say \"%s\"", err.text, (part)); \
    } while (0)

/* A scratch directory: its descriptor is the test's state, and the process works in it. For use as setup and teardown.
 */
static inline int scratch_setup(void **state)
{
    char path[] = "/tmp/cbox-unit-XXXXXX";
    int fd;

    if (!mkdtemp(path))
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fchdir(fd) < 0)
        return -1;
    *state = (void *)(intptr_t)fd;
    return 0;
}

static inline int scratch_teardown(void **state)
{
    char path[64], target[4096];
    _cleanup_free_ char *command = NULL;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)(intptr_t)*state);
    n = readlink(path, target, sizeof(target) - 1);
    if (n < 0 || chdir("/") < 0)
        return -1;
    target[n] = 0;
    close((int)(intptr_t)*state);
    command = str_printf("rm -rf '%s'", target);
    return system(command);
}

#define scratch_test(fn) cmocka_unit_test_setup_teardown(fn, scratch_setup, scratch_teardown)

static inline int scratch_fd(void **state)
{
    return (int)(intptr_t)*state;
}

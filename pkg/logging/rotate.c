#include "logging/rotate.h"

#include "base/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char *old_name(const struct log_rotation *r, int64_t i)
{
    return i ? str_printf("%s.%" PRId64, r->name, i) : str_dup(r->name);
}

static void move_up(const struct log_rotation *r, int64_t i)
{
    _cleanup_free_ char *from = old_name(r, i), *to = old_name(r, i + 1);

    if (renameat(r->dir, from, r->dir, to) < 0 && errno != ENOENT)
        log_debug("renaming %s: %s", from, strerror(errno));
}

/* How many old ones there are, without those that are one too many. */
static int64_t count_old(const struct log_rotation *r)
{
    struct stat st;

    for (int64_t i = 1; i < r->max_file; i++) {
        _cleanup_free_ char *name = old_name(r, i);

        if (fstatat(r->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return i - 1;
    }
    return r->max_file - 1;
}

void log_rotate(struct log_rotation *r)
{
    int64_t n = count_old(r);

    if (r->max_file <= 1) {
        if (unlinkat(r->dir, r->name, 0) < 0)
            log_debug("removing %s: %s", r->name, strerror(errno));
        return;
    }
    for (int64_t i = MIN_OF(n, r->max_file - 2); i >= 0; i--)
        move_up(r, i);
}

int64_t log_rotation_wake(const struct log_rotation *r)
{
    (void)r;
    return 0;
}

void log_rotation_end(struct log_rotation *r)
{
    (void)r;
}

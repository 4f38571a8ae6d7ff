#include "sys/names.h"

#include "base/mem.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <unistd.h>

enum {
    BLOCK = 64 << 10, /* what getdents64(2) fills */
    POOL_MAX = 16 << 20,
    LEAST = 64 << 10, /* for a directory far down in a tree of large ones */
};

/* A text of the sorter: the name, its zero byte and its type. */
static int take_block(struct sorter *s, const char *block, ssize_t n, size_t *most)
{
    int r = 0;

    for (ssize_t at = 0; r == 0 && at < n;) {
        const struct dirent64 *d = (const struct dirent64 *)(const void *)(block + at);
        char text[NAME_MAX + 2];
        size_t len = strlen(d->d_name);

        at += d->d_reclen;
        if (str_eq(d->d_name, ".") || str_eq(d->d_name, "..") || len > NAME_MAX)
            continue;
        if (!(*most)--)
            return -E2BIG;
        memcpy(text, d->d_name, len + 1);
        text[len + 1] = (char)d->d_type;
        r = sorter_add(s, text, len + 2);
    }
    return r;
}

int names_open(struct names_pool *pool, int dir, size_t most, struct names *ret)
{
    size_t left = POOL_MAX - MIN_OF(pool->used, (size_t)POOL_MAX);
    _cleanup_free_ char *block = mem_alloc(BLOCK);
    _cleanup_fd_ int from_start = -1;
    ssize_t n = 0;
    int r = 0;

    *ret = (struct names){.pool = pool, .sorter = sorter_new(MAX_OF(left / 2, (size_t)LEAST))};
    from_start = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* One that was removed meanwhile has no names. */
    if (from_start < 0)
        return errno == ENOENT ? 0 : -errno;
    while (r == 0 && (n = getdents64(from_start, block, BLOCK)) > 0)
        r = take_block(ret->sorter, block, n, &most);
    ret->memory = sorter_memory(ret->sorter);
    pool->used += ret->memory;
    return n < 0 && errno != ENOENT ? -errno : r;
}

void names_close(struct names *n)
{
    sorter_free(n->sorter);
    if (n->pool)
        n->pool->used -= n->memory;
    *n = NAMES_NONE;
}

int names_next(struct names *n, const char **ret_name, unsigned char *ret_type)
{
    size_t len;
    int r = sorter_next(n->sorter, ret_name, &len);

    if (r == 1 && ret_type)
        *ret_type = (unsigned char)(*ret_name)[len - 1];
    return r;
}

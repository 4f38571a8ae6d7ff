/* A table as it is on disk, mapped: it is replaced and never changed, so what was mapped stays true to itself, and who
 * answers names holds no memory of its own. A line is looked at only where its name or addresses may be meant. */
#include "base/id.h"
#include "network/endpoint_internal.h"
#include "store/container.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct endpoint_table {
    struct store *store;
    char *path;
    char *text; /* mapped, `len` bytes; NULL: none */
    size_t len;
    ino_t inode; /* of what is mapped: nobody else has it as long as it is */
};

int endpoint_table_open(struct store *s, const char *network, struct endpoint_table **ret, struct err *err)
{
    int state, r = store_dir(s, STORE_STATE, &state, err);

    if (r < 0)
        return r;
    *ret = mem_zalloc(1, sizeof(**ret));
    (*ret)->store = s;
    (*ret)->path = endpoint_path(network, "endpoints");
    return 0;
}

static void unmap(struct endpoint_table *t)
{
    if (t->text)
        munmap(t->text, t->len);
    t->text = NULL;
    t->len = 0;
}

void endpoint_table_free(struct endpoint_table *t)
{
    if (!t)
        return;
    unmap(t);
    free(t->path);
    free(t);
}

static void map(struct endpoint_table *t, int state)
{
    _cleanup_fd_ int fd = openat(state, t->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    void *text;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > ENDPOINT_TABLE_MAX)
        return;
    text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (text == MAP_FAILED)
        return;
    t->text = text;
    t->len = (size_t)st.st_size;
    t->inode = st.st_ino;
}

static void refresh(struct endpoint_table *t)
{
    struct stat st;
    int state;

    if (store_dir(t->store, STORE_STATE, &state, NULL) < 0)
        return;
    if (fstatat(state, t->path, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        unmap(t);
        return;
    }
    if (t->text && st.st_ino == t->inode && (size_t)st.st_size == t->len)
        return;
    unmap(t);
    map(t, state);
}

/* ---- looking ---- */

/* Calls `each` with lines, until it says that it has seen enough. */
struct line {
    const char *p;
    size_t len;
};

static bool next_line(const struct endpoint_table *t, struct line *l)
{
    const char *end = t->text + t->len, *p = l->p ? l->p + l->len + 1 : t->text;
    const char *newline = p && p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;

    if (!newline)
        return false;
    *l = (struct line){p, (size_t)(newline - p)};
    return true;
}

static bool same(const char *a, size_t len, const char *name, size_t name_len)
{
    return len == name_len && strncasecmp(a, name, len) == 0;
}

/* `list`: the name, a space, and the aliases. */
static bool has_name(const char *list, const char *end, const char *name, size_t len)
{
    while (list < end) {
        const char *stop = list;

        while (stop < end && *stop != ' ' && *stop != ',')
            stop++;
        if (same(list, (size_t)(stop - list), name, len))
            return true;
        if (stop == end)
            break;
        list = stop + 1;
    }
    return false;
}

/* Where the name begins: behind two ids. */
enum { NAME_AT = 2 * (ID_LEN + 1) };

static bool is_called(const struct line *l, const char *name, size_t len)
{
    const char *names = l->p + NAME_AT, *aliases, *end;

    if (l->len <= NAME_AT)
        return false;
    if (len >= ID_SHORT_LEN && len <= ID_LEN && strncasecmp(l->p, name, len) == 0)
        return true;
    aliases = memchr(names, ' ', l->len - NAME_AT);
    end = aliases ? memchr(aliases + 1, ' ', (size_t)(l->p + l->len - aliases - 1)) : NULL;
    return end && has_name(names, end, name, len);
}

static bool is_answering(const struct endpoint_table *t, const struct line *l, struct endpoint *ret)
{
    if (l->len < 2 || l->p[l->len - 1] != '1' || endpoint_line_parse(l->p, l->len, ret, NULL) < 0)
        return false;
    if (store_container_is_locked(t->store, ret->container))
        return true;
    endpoint_release(ret);
    return false;
}

void endpoint_table_names(struct endpoint_table *t, const char *name, uint16_t family, ips *ret)
{
    size_t len = strlen(name);
    struct line l = {0};

    refresh(t);
    while (next_line(t, &l)) {
        struct endpoint e;

        if (len == 0 || str_eq(name, "-") || !is_called(&l, name, len) || !is_answering(t, &l, &e))
            continue;
        if (ip_is_set(family == AF_INET ? &e.ip4 : &e.ip6))
            *VEC_PUSH(ret) = family == AF_INET ? e.ip4 : e.ip6;
        endpoint_release(&e);
    }
}

char *endpoint_table_reverse(struct endpoint_table *t, const struct ip *address)
{
    char text[IP_TEXT_MAX + 2] = " ";
    struct line l = {0};
    size_t len;

    refresh(t);
    ip_format(address, text + 1);
    len = strlen(text);
    text[len++] = ' ';
    while (len > 2 && next_line(t, &l)) {
        struct endpoint e;
        bool is_it;
        char *name;

        if (!memmem(l.p, l.len, text, len) || !is_answering(t, &l, &e))
            continue;
        is_it = ip_equal(address, &e.ip4) || ip_equal(address, &e.ip6);
        name = is_it ? str_dup(e.name) : NULL;
        endpoint_release(&e);
        if (is_it)
            return name;
    }
    return NULL;
}

#include "sys/links.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum {
    HEADS = 1 << 16,
    NAMES_MEMORY = 1 << 20,
    WINDOW = 16 << 10,
    UNIT = 16, /* names begin at multiples of it, so that 32 bits say where */
};

/* One for each file of which names are still to come, so it is small; which file it is, its name says. */
struct links_entry {
    uint32_t hash;
    uint32_t name; /* where it lies, in units */
    uint32_t left; /* names that were not met yet */
    uint32_t next;
};

/* What lies before a name; zeros behind it fill up the last unit. */
struct head {
    uint64_t device, number;
    uint32_t len; /* with its zero byte */
};

static uint32_t hash_of(const struct stat *st)
{
    return (uint32_t)((((uint64_t)st->st_dev << 32 ^ st->st_ino) * 0x9e3779b97f4a7c15) >> 32);
}

static uint32_t *chain_of(struct links *l, uint32_t hash)
{
    return &l->heads[hash % HEADS];
}

/* The name that lies at `e`, if it is one of the file. NULL too where it cannot be read. */
static const char *name_at(struct links *l, const struct links_entry *e, const struct stat *st)
{
    int64_t at = (int64_t)e->name * UNIT;
    struct head head;
    const char *p;

    if (spill_read(&l->reader, at, sizeof(head), &p) < 0)
        return NULL;
    memcpy(&head, p, sizeof(head));
    if (head.device != st->st_dev || head.number != st->st_ino)
        return NULL;
    return spill_read(&l->reader, at + (int64_t)sizeof(head), head.len, &p) < 0 ? NULL : p;
}

/* Takes what `link` leads to out of its chain. */
static void forget(struct links *l, uint32_t *link)
{
    uint32_t i = *link;
    struct links_entry *e = &l->entries.v[i - 1];

    *link = e->next;
    e->next = l->unused;
    l->unused = i;
    l->known--;
}

static bool has_room(const struct links *l, size_t len)
{
    int64_t size = spill_size(&l->names);

    return !l->failed && l->known < LINKS_MAX && len <= PATH_MAX && size / UNIT <= UINT32_MAX - PATH_MAX &&
           (l->names.fd >= 0 || size + PATH_MAX <= LINKS_BYTES_MAX);
}

static int keep_name(struct links *l, const struct stat *st, const char *path, uint32_t len)
{
    static const char zeros[UNIT];
    const struct head head = {st->st_dev, st->st_ino, len};
    size_t rest = (sizeof(head) + len) % UNIT;
    int r = spill_add(&l->names, &head, sizeof(head));

    r = r < 0 ? r : spill_add(&l->names, path, len);
    return r < 0 || !rest ? r : spill_add(&l->names, zeros, UNIT - rest);
}

static void remember(struct links *l, const struct stat *st, const char *path, uint32_t hash)
{
    int64_t at = spill_size(&l->names);
    size_t len = strlen(path) + 1;
    struct links_entry *e;
    uint32_t i;

    if (!has_room(l, len))
        return;
    l->failed = keep_name(l, st, path, (uint32_t)len) < 0;
    if (l->failed)
        return;
    e = l->unused ? &l->entries.v[l->unused - 1] : VEC_PUSH(&l->entries);
    i = (uint32_t)(e - l->entries.v) + 1;
    l->unused = e->next;
    *e = (struct links_entry){hash, (uint32_t)(at / UNIT), (uint32_t)st->st_nlink - 1, *chain_of(l, hash)};
    *chain_of(l, hash) = i;
    l->known++;
}

static void release_names(struct links *l)
{
    if (!l->heads)
        return;
    spill_reader_release(&l->reader);
    spill_release(&l->names);
}

/* Begins anew: no name that lies there is needed. */
static void begin(struct links *l)
{
    release_names(l);
    if (!l->heads)
        l->heads = mem_zalloc(HEADS, sizeof(*l->heads));
    l->names = SPILL_INIT(NAMES_MEMORY);
    l->reader = SPILL_READER_INIT(&l->names, WINDOW);
    l->failed = false;
}

const char *links_known(struct links *l, const struct stat *st, const char *path)
{
    uint32_t hash = hash_of(st);

    if (st->st_nlink < 2)
        return NULL;
    if (!l->known)
        begin(l);
    for (uint32_t *link = chain_of(l, hash); *link; link = &l->entries.v[*link - 1].next) {
        struct links_entry *e = &l->entries.v[*link - 1];
        const char *name = e->hash == hash ? name_at(l, e, st) : NULL;

        if (!name)
            continue;
        if (!--e->left)
            forget(l, link);
        return name;
    }
    remember(l, st, path, hash);
    return NULL;
}

void links_release(struct links *l)
{
    release_names(l);
    free(l->entries.v);
    free(l->heads);
    *l = (struct links){0};
}

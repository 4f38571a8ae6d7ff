#include "sys/links.h"

#include "base/mem.h"

#include <search.h>
#include <string.h>
#include <sys/stat.h>

enum { NODE_SIZE = 64 /* about what tsearch(3) and malloc(3) take for each */ };

struct linked {
    dev_t device;
    ino_t number;
    char *path;
};

static void free_link(void *p)
{
    struct linked *l = p;

    free(l->path);
    free(l);
}

static int by_inode(const void *va, const void *vb)
{
    const struct linked *a = va, *b = vb;

    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->device == b->device ? 0 : a->device < b->device ? -1 : 1;
}

const char *links_known(struct links *l, const struct stat *st, const char *path)
{
    struct linked key = {.device = st->st_dev, .number = st->st_ino}, *added;
    struct linked *const *found = tfind(&key, &l->tree, by_inode);
    size_t size = sizeof(key) + NODE_SIZE + strlen(path);

    if (found)
        return (*found)->path;
    if (l->bytes + size > LINKS_BYTES_MAX)
        return NULL;
    key.path = str_dup(path);
    added = mem_dup(&key, sizeof(key));
    if (!tsearch(added, &l->tree, by_inode))
        free_link(added);
    l->bytes += size;
    return NULL;
}

void links_release(struct links *l)
{
    tdestroy(l->tree, free_link);
    *l = (struct links){0};
}

#include "container/list.h"

#include <fts.h>
#include <sys/stat.h>

/* Of several names of a file one counts. */
struct linked {
    ino_t number;
    int64_t size;
};

struct sum {
    int64_t bytes;
    VEC(struct linked) linked;
};

static void count(struct sum *s, const struct stat *st)
{
    if (S_ISDIR(st->st_mode))
        return;
    if (st->st_nlink > 1)
        *VEC_PUSH(&s->linked) = (struct linked){st->st_ino, st->st_size};
    else
        s->bytes += st->st_size;
}

static int by_number(const void *va, const void *vb)
{
    const struct linked *a = va, *b = vb;

    return (a->number > b->number) - (a->number < b->number);
}

static void count_linked(struct sum *s)
{
    if (s->linked.n)
        qsort(s->linked.v, s->linked.n, sizeof(*s->linked.v), by_number);
    for (size_t i = 0; i < s->linked.n; i++)
        if (i == 0 || s->linked.v[i].number != s->linked.v[i - 1].number)
            s->bytes += s->linked.v[i].size;
}

/* fts(3) looks again at each directory that it enters: a container that moves its own about leads nowhere else. */
int64_t container_size(struct store *s, const char *id)
{
    _cleanup_free_ char *upper = str_printf("%s/containers/%s/upper", store_root_path(s), id);
    char *paths[] = {upper, NULL};
    FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV, NULL);
    struct sum sum = {0};
    FTSENT *e;

    while (fts && (e = fts_read(fts)))
        if (e->fts_info != FTS_DP && e->fts_info != FTS_NS)
            count(&sum, e->fts_statp);
    if (fts)
        fts_close(fts);
    count_linked(&sum);
    free(sum.linked.v);
    return sum.bytes;
}

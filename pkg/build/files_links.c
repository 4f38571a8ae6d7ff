/* Files with more than one name in a selection: which was there first. Only files that have several names at all are
 * looked at, sorted by device and inode, and what was found is sorted back into the order of the selection. */
#include "build/files_internal.h"

#include <endian.h>

enum { SORT_MEMORY = 4 << 20 };

/* As the sorter compares them: the first byte counts most. */
struct note {
    uint64_t dev, ino, number, source, at; /* big endian */
};

int files_links_note(struct sorter *all, const struct build_file_stat *st, uint64_t number, uint64_t source, int64_t at)
{
    const struct note n = {htobe64(st->st_dev), htobe64(st->st_ino), htobe64(number), htobe64(source),
                           htobe64((uint64_t)at)};

    return sorter_add(all, &n, sizeof(n));
}

/* What is found; not the first of its source: `same` is where that one stands, else all ones. */
struct pair {
    uint64_t file, first, same; /* big endian */
};

/* Goes through the names of each inode. */
static int find(struct sorter *all, struct sorter *found)
{
    struct note first = {0}, here = {0}; /* of the inode; and in this source */
    bool begun = false;
    const char *text;
    size_t len;
    int r;

    while ((r = sorter_next(all, &text, &len)) == 1) {
        struct pair pair;
        struct note n;

        memcpy(&n, text, sizeof(n));
        if (!begun || n.dev != first.dev || n.ino != first.ino) {
            first = here = n;
            begun = true;
            continue;
        }
        pair = (struct pair){n.number, first.number, n.source == here.source ? here.at : UINT64_MAX};
        if (n.source != here.source)
            here = n;
        r = sorter_add(found, &pair, sizeof(pair));
        if (r < 0)
            break;
    }
    return r;
}

int files_links_find(struct sorter *all, struct build_selection *s)
{
    struct sorter *found = sorter_new(SORT_MEMORY);
    int r = find(all, found);
    const char *text;
    size_t len;

    while (r >= 0 && (r = sorter_next(found, &text, &len)) == 1) {
        struct files_link link;
        struct pair pair;

        memcpy(&pair, text, sizeof(pair));
        link = (struct files_link){be64toh(pair.file), be64toh(pair.first), (int64_t)be64toh(pair.same)};
        r = spill_add(&s->links, &link, sizeof(link));
    }
    sorter_free(found);
    return r;
}

/* The maps of sparse files: old GNU headers and those in front of the content (format 1.0). Maps in PAX records are
 * tar_pax.c's. */
#include "layer/tar_internal.h"

int tar_map_add(struct tar_map *map, int64_t offset, int64_t size, struct err *err)
{
    const struct tar_piece *last = map->pieces.n ? &map->pieces.v[map->pieces.n - 1] : NULL;
    int64_t end;

    if (map->pieces.n == TAR_SPARSE_MAX)
        return err_set(err, ERR_LIMIT, "a sparse file has more than %d pieces", TAR_SPARSE_MAX);
    if (offset < 0 || size < 0 || __builtin_add_overflow(offset, size, &end) ||
        (last && offset < last->offset + last->size))
        return err_set(err, ERR_CORRUPT, "damaged tar header: wrong map of a sparse file");
    *VEC_PUSH(&map->pieces) = (struct tar_piece){offset, size};
    map->total += size; /* not more than `end`, as they do not overlap */
    return 0;
}

int tar_map_check(const struct tar_map *map, int64_t size, int64_t stored, struct err *err)
{
    const struct tar_piece *last = map->pieces.n ? &map->pieces.v[map->pieces.n - 1] : NULL;

    if (map->total != stored || (last && last->offset + last->size > size))
        return err_set(err, ERR_CORRUPT, "damaged tar header: the map of a sparse file does not fit its size");
    return 0;
}

/* Adds the pieces of an old GNU map up to the first empty place. */
static int tar_old_pieces(struct tar_map *map, const unsigned char (*pieces)[2][12], size_t n, struct err *err)
{
    for (size_t i = 0; i < n && pieces[i][0][0]; i++) {
        int64_t offset, size;
        int r = tar_number(pieces[i][0], 12, "map", &offset, err);

        if (r == 0)
            r = tar_number(pieces[i][1], 12, "map", &size, err);
        if (r == 0)
            r = tar_map_add(map, offset, size, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int tar_sparse_old(struct tar_reader *t, const struct tar_header *h, struct err *err)
{
    struct tar_map *map = &t->pax.map;
    unsigned char extended = h->u.gnu.extended;
    int r;

    map->pieces.n = 0;
    map->total = 0;
    r = tar_old_pieces(map, h->u.gnu.pieces, ARRAY_SIZE(h->u.gnu.pieces), err);
    while (r == 0 && extended) {
        const unsigned char *block = NULL;
        const struct tar_extension *more;

        /* Each continuation must bring something, or a tar could hold us here for ever. */
        size_t before = map->pieces.n;

        r = tar_reader_block(t, &block, err);
        if (r <= 0)
            return r < 0 ? r : tar_reader_truncated(err);
        more = (const struct tar_extension *)block;
        extended = more->extended;
        r = tar_old_pieces(map, more->pieces, ARRAY_SIZE(more->pieces), err);
        if (r == 0 && extended && map->pieces.n == before)
            r = err_set(err, ERR_CORRUPT, "damaged tar header: wrong map of a sparse file");
    }
    return r < 0 ? r : tar_number(h->u.gnu.size, sizeof(h->u.gnu.size), "size", &t->pax.sparse_size, err);
}

/* The numbers at the front of a sparse file's content (format 1.0), a line each. */
struct map_text {
    struct tar_reader *reader;
    const unsigned char *block;
    size_t at; /* in the block; TAR_BLOCK: read one */
};

static int map_text_number(struct map_text *m, int64_t *ret, struct err *err)
{
    char digits[20];
    size_t n = 0;

    for (;;) {
        unsigned char c;

        if (m->at == TAR_BLOCK) {
            int r;

            if (m->reader->left < TAR_BLOCK)
                return tar_reader_truncated(err);
            r = tar_reader_block(m->reader, &m->block, err);
            if (r <= 0)
                return r < 0 ? r : tar_reader_truncated(err);
            m->reader->left -= TAR_BLOCK;
            m->at = 0;
        }
        c = m->block[m->at++];
        if (c == '\n' && tar_decimal(digits, n, ret))
            return 0;
        if (c == '\n' || n == sizeof(digits))
            return err_set(err, ERR_CORRUPT, "damaged tar header: wrong map of a sparse file");
        digits[n++] = (char)c;
    }
}

int tar_sparse_in_data(struct tar_reader *t, struct err *err)
{
    struct map_text text = {.reader = t, .at = TAR_BLOCK};
    int64_t count;
    int r = map_text_number(&text, &count, err);

    t->pax.map.pieces.n = 0;
    t->pax.map.total = 0;
    while (r == 0 && count-- > 0) {
        int64_t offset, size;

        r = map_text_number(&text, &offset, err);
        if (r == 0)
            r = map_text_number(&text, &size, err);
        if (r == 0)
            r = tar_map_add(&t->pax.map, offset, size, err);
    }
    return r;
}

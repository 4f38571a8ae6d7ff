/* The numbers and records of a tar's headers. */
#include "layer/tar_internal.h"

int tar_number(const unsigned char *field, size_t len, const char *name, int64_t *ret, struct err *err)
{
    size_t i = 0;
    uint64_t v = 0;

    if (field[0] & 0x80) {
        bool negative = field[0] & 0x40;

        v = negative ? UINT64_MAX : 0;
        for (i = 0; i < len; i++) {
            unsigned char c = i ? field[i] : (unsigned char)(negative ? field[i] : field[i] & 0x7f);

            /* What is shifted out may only repeat the sign. */
            if (v >> 55 != (negative ? 0x1ff : 0))
                return err_set(err, ERR_CORRUPT, "damaged tar header: the %s is out of range", name);
            v = v << 8 | c;
        }
        *ret = (int64_t)v;
        return 0;
    }
    while (i < len && (field[i] == ' ' || !field[i]))
        i++;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        v = v << 3 | (unsigned)(field[i] - '0');
    while (i < len && (field[i] == ' ' || !field[i]))
        i++;
    if (i < len)
        return err_set(err, ERR_CORRUPT, "damaged tar header: the %s is no number", name);
    *ret = (int64_t)v;
    return 0;
}

bool tar_decimal(const char *s, size_t len, int64_t *ret)
{
    int64_t v = 0;

    if (!len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9' || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, s[i] - '0', &v))
            return false;
    }
    *ret = v;
    return true;
}

bool tar_time(const char *s, size_t len, int64_t *ret_sec, uint32_t *ret_nsec)
{
    bool negative = len && *s == '-';
    const char *dot;
    uint32_t nsec = 0, unit = 100000000;
    int64_t sec;
    size_t whole;

    s += negative;
    len -= negative;
    dot = memchr(s, '.', len);
    whole = dot ? (size_t)(dot - s) : len;
    if (!tar_decimal(s, whole, &sec))
        return false;
    for (size_t i = whole + 1; i < len; i++, unit /= 10) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        nsec += unit * (uint32_t)(s[i] - '0');
    }
    if (negative) {
        sec = -sec - (nsec > 0);
        nsec = nsec ? 1000000000 - nsec : 0;
    }
    *ret_sec = sec;
    *ret_nsec = nsec;
    return true;
}

void tar_pax_clear(struct tar_pax *pax)
{
    struct tar_pax kept = {.raw = pax->raw, .sparse_size = -1};

    buf_clear(&kept.raw);
    kept.xattrs.v = pax->xattrs.v;
    kept.xattrs.cap = pax->xattrs.cap;
    kept.map.pieces.v = pax->map.pieces.v;
    kept.map.pieces.cap = pax->map.pieces.cap;
    *pax = kept;
}

void tar_pax_release(struct tar_pax *pax)
{
    buf_free(&pax->raw);
    free(pax->xattrs.v);
    free(pax->map.pieces.v);
}

/* A record's value; it is followed by a 0. */
struct value {
    char *s;
    size_t len;
};

static bool pax_string(const struct value *v, const char **ret)
{
    *ret = v->len ? v->s : NULL; /* empty: as if it were not given */
    return memchr(v->s, 0, v->len) == NULL;
}

static bool pax_number(const struct value *v, bool *ret_has, int64_t *ret)
{
    *ret_has = v->len > 0;
    return !v->len || tar_decimal(v->s, v->len, ret);
}

static bool pax_path(struct tar_pax *pax, const struct value *v)
{
    return pax_string(v, &pax->path);
}

static bool pax_linkpath(struct tar_pax *pax, const struct value *v)
{
    return pax_string(v, &pax->linkpath);
}

static bool pax_size(struct tar_pax *pax, const struct value *v)
{
    return pax_number(v, &pax->has_size, &pax->size);
}

static bool pax_uid(struct tar_pax *pax, const struct value *v)
{
    return pax_number(v, &pax->has_uid, &pax->uid);
}

static bool pax_gid(struct tar_pax *pax, const struct value *v)
{
    return pax_number(v, &pax->has_gid, &pax->gid);
}

static bool pax_mtime(struct tar_pax *pax, const struct value *v)
{
    pax->has_mtime = v->len > 0;
    return !v->len || tar_time(v->s, v->len, &pax->mtime_sec, &pax->mtime_nsec);
}

static bool pax_sparse_major(struct tar_pax *pax, const struct value *v)
{
    pax->sparse = true;
    pax->sparse_in_data = v->len == 1 && v->s[0] == '1';
    return v->len == 1 && (v->s[0] == '0' || v->s[0] == '1');
}

static bool pax_sparse_minor(struct tar_pax *pax _unused_, const struct value *v)
{
    return v->len == 1 && v->s[0] >= '0' && v->s[0] <= '1';
}

static bool pax_sparse_name(struct tar_pax *pax, const struct value *v)
{
    return pax_string(v, &pax->sparse_name);
}

static bool pax_sparse_size(struct tar_pax *pax, const struct value *v)
{
    return tar_decimal(v->s, v->len, &pax->sparse_size);
}

static bool pax_sparse_count(struct tar_pax *pax, const struct value *v)
{
    int64_t ignored;

    pax->sparse = true;
    return tar_decimal(v->s, v->len, &ignored);
}

/* "offset,size,offset,size…" */
static bool pax_sparse_map(struct tar_pax *pax, const struct value *v)
{
    int64_t number[2];
    const char *p = v->s, *end = v->s + v->len;

    pax->sparse = true;
    pax->map.pieces.n = 0;
    pax->map.total = 0;
    for (unsigned i = 0; p < end; i ^= 1) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        size_t n = (size_t)((comma ? comma : end) - p);

        if (!tar_decimal(p, n, &number[i]) || (i && tar_map_add(&pax->map, number[0], number[1], NULL) < 0))
            return false;
        p += n + (comma != NULL);
        if (!i && p >= end)
            return false; /* an offset without a size */
    }
    return true;
}

/* Format 0.0: offset and size as records of their own, in turns. */
static bool pax_sparse_offset(struct tar_pax *pax, const struct value *v)
{
    int64_t offset;

    pax->sparse = true;
    return tar_decimal(v->s, v->len, &offset) && tar_map_add(&pax->map, offset, 0, NULL) == 0;
}

static bool pax_sparse_bytes(struct tar_pax *pax, const struct value *v)
{
    struct tar_piece last;

    if (!pax->map.pieces.n)
        return false;
    last = pax->map.pieces.v[--pax->map.pieces.n];
    return last.size == 0 && tar_decimal(v->s, v->len, &last.size) &&
           tar_map_add(&pax->map, last.offset, last.size, NULL) == 0;
}

static const struct {
    const char *key;
    bool (*take)(struct tar_pax *pax, const struct value *v);
} keys[] = {
    {"path", pax_path},
    {"linkpath", pax_linkpath},
    {"size", pax_size},
    {"uid", pax_uid},
    {"gid", pax_gid},
    {"mtime", pax_mtime},
    {"GNU.sparse.major", pax_sparse_major},
    {"GNU.sparse.minor", pax_sparse_minor},
    {"GNU.sparse.name", pax_sparse_name},
    {"GNU.sparse.size", pax_sparse_size},
    {"GNU.sparse.realsize", pax_sparse_size},
    {"GNU.sparse.numblocks", pax_sparse_count},
    {"GNU.sparse.map", pax_sparse_map},
    {"GNU.sparse.offset", pax_sparse_offset},
    {"GNU.sparse.numbytes", pax_sparse_bytes},
};

static int pax_xattr(struct tar_pax *pax, const char *name, const struct value *v, struct err *err)
{
    if (!*name)
        return err_set(err, ERR_CORRUPT, "damaged tar header: an extended attribute without a name");
    VEC_FOREACH (x, &pax->xattrs) {
        if (str_eq(x->name, name)) {
            *x = (struct tar_xattr){name, v->s, v->len};
            return 0;
        }
    }
    if (pax->xattrs.n == TAR_XATTRS_MAX)
        return err_set(err, ERR_LIMIT, "a member has more than %d extended attributes", TAR_XATTRS_MAX);
    *VEC_PUSH(&pax->xattrs) = (struct tar_xattr){name, v->s, v->len};
    return 0;
}

static int pax_take(struct tar_pax *pax, const char *key, const struct value *v, struct err *err)
{
    const char *xattr = str_after(key, "SCHILY.xattr.");

    if (xattr)
        return pax_xattr(pax, xattr, v, err);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!str_eq(key, keys[i].key))
            continue;
        if (keys[i].take(pax, v))
            return 0;
        return err_set(err, ERR_CORRUPT, "damaged tar header: PAX record %s=%.100s", key, v->s);
    }
    return 0;
}

/* "LENGTH KEY=VALUE\n", the length counting all of it. */
int tar_pax_parse(struct tar_pax *pax, struct err *err)
{
    char *p = pax->raw.p, *end;

    if (!pax->raw.len)
        return 0;
    end = p + pax->raw.len;
    while (p < end) {
        char *space = memchr(p, ' ', MIN_OF((size_t)(end - p), (size_t)8)), *equals;
        struct value v;
        int64_t len;
        int r;

        if (!space || !tar_decimal(p, (size_t)(space - p), &len) || len > end - p || p + len - 1 <= space ||
            p[len - 1] != '\n')
            return err_set(err, ERR_CORRUPT, "damaged tar header: PAX record without its length");
        equals = memchr(space + 1, '=', (size_t)(p + len - 1 - (space + 1)));
        if (!equals || memchr(space + 1, 0, (size_t)(equals - (space + 1))))
            return err_set(err, ERR_CORRUPT, "damaged tar header: PAX record without a key");
        *equals = 0;
        p[len - 1] = 0;
        v = (struct value){equals + 1, (size_t)(p + len - 1 - (equals + 1))};
        r = pax_take(pax, space + 1, &v, err);
        if (r < 0)
            return r;
        p += len;
    }
    return 0;
}

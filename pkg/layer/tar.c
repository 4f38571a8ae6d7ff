#include "layer/tar_internal.h"

#include "sys/fd.h"

enum { FILE_BUFFER_SIZE = 32 * TAR_BLOCK };

struct tar_reader *tar_reader_new(struct layer_stream *stream)
{
    struct tar_reader *t = mem_zalloc(1, sizeof(*t));

    t->stream = stream;
    t->fd = -1;
    t->pax.raw = BUF_INIT_MAX(TAR_SPECIAL_MAX);
    t->long_name = BUF_INIT_MAX(TAR_SPECIAL_MAX);
    t->long_link = BUF_INIT_MAX(TAR_SPECIAL_MAX);
    return t;
}

struct tar_reader *tar_reader_new_file(int fd, int64_t size)
{
    struct tar_reader *t = tar_reader_new(NULL);

    t->fd = fd;
    t->file_size = size;
    t->file_buffer = mem_alloc(FILE_BUFFER_SIZE);
    return t;
}

int64_t tar_reader_offset(const struct tar_reader *t)
{
    return t->file_at - (int64_t)t->len;
}

void tar_reader_free(struct tar_reader *t)
{
    if (!t)
        return;
    free(t->file_buffer);
    tar_pax_release(&t->pax);
    buf_free(&t->long_name);
    buf_free(&t->long_link);
    free(t);
}

int tar_reader_truncated(struct err *err)
{
    return err_set(err, ERR_CORRUPT, "the tar is truncated");
}

static int tar_read_file(struct tar_reader *t, struct err *err)
{
    int64_t left = MAX_OF(t->file_size - t->file_at, 0);
    ssize_t n = fd_pread_all(t->fd, t->file_buffer, (size_t)MIN_OF(left, FILE_BUFFER_SIZE), t->file_at);

    if (n < 0)
        return err_errno(err, (int)-n, "reading the tar");
    t->p = t->file_buffer;
    t->len = (size_t)n;
    t->file_at += n;
    return n > 0;
}

/* Makes at least one byte available: 1, or 0 at the end. */
static int tar_refill(struct tar_reader *t, struct err *err)
{
    int r = 1;

    while (!t->len && r == 1)
        r = t->stream ? layer_stream_next(t->stream, &t->p, &t->len, err) : tar_read_file(t, err);
    return r;
}

/* The next block: 1, or 0 at the end. */
int tar_reader_block(struct tar_reader *t, const unsigned char **ret, struct err *err)
{
    int r = tar_refill(t, err);

    if (r <= 0)
        return r;
    if (t->len < TAR_BLOCK)
        return tar_reader_truncated(err);
    *ret = t->p;
    t->p += TAR_BLOCK;
    t->len -= TAR_BLOCK;
    return 1;
}

static int tar_skip(struct tar_reader *t, int64_t n, struct err *err)
{
    while (n > 0) {
        size_t step;
        int r;

        if (!t->stream && !t->len) {
            if (n > t->file_size - t->file_at)
                return tar_reader_truncated(err);
            t->file_at += n;
            return 0;
        }
        r = tar_refill(t, err);
        if (r <= 0)
            return r < 0 ? r : tar_reader_truncated(err);
        step = (int64_t)t->len < n ? t->len : (size_t)n;
        t->p += step;
        t->len -= step;
        n -= (int64_t)step;
    }
    return 0;
}

static unsigned tar_padding(int64_t size)
{
    return (unsigned)(-size & (TAR_BLOCK - 1));
}

/* The content of a header that is not a member itself. */
static int tar_special(struct tar_reader *t, int64_t size, struct buf *out, struct err *err)
{
    int64_t left = size;

    buf_clear(out);
    if (size > TAR_SPECIAL_MAX)
        return err_set(err, ERR_LIMIT, "a PAX header or long name has %lld bytes, at most %d are accepted",
                       (long long)size, TAR_SPECIAL_MAX);
    while (left > 0) {
        int r = tar_refill(t, err);
        size_t n;

        if (r <= 0)
            return r < 0 ? r : tar_reader_truncated(err);
        n = MIN_OF(t->len, (size_t)left);
        buf_add(out, t->p, n);
        t->p += n;
        t->len -= n;
        left -= (int64_t)n;
    }
    return tar_skip(t, tar_padding(size), err);
}

static bool tar_is_zero(const unsigned char *block)
{
    static const unsigned char zero[TAR_BLOCK];

    return memcmp(block, zero, TAR_BLOCK) == 0;
}

/* The sum over the header with its own field as blanks; some old writers took signed bytes. */
static int tar_check_sum(const struct tar_header *h, struct err *err)
{
    const unsigned char *p = (const unsigned char *)h;
    int64_t expected, plain = 0, with_sign = 0;
    int r = tar_number(h->checksum, sizeof(h->checksum), "checksum", &expected, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof(*h); i++) {
        bool own = i >= offsetof(struct tar_header, checksum) && i < offsetof(struct tar_header, type);

        plain += own ? ' ' : p[i];
        with_sign += own ? ' ' : (signed char)p[i];
    }
    if (expected != plain && expected != with_sign)
        return err_set(err, ERR_CORRUPT, "damaged tar header: wrong checksum");
    return 0;
}

bool tar_is_header(const void *block)
{
    return tar_check_sum(block, NULL) == 0;
}

/* 1 and the next header, or 0 at the end of the tar: two zero blocks, or the end of the stream where one could stand.
 */
static int tar_header(struct tar_reader *t, struct tar_header *ret, int64_t *ret_size, struct err *err)
{
    const unsigned char *block = NULL;
    int r = tar_reader_block(t, &block, err);

    if (r <= 0)
        return r;
    if (tar_is_zero(block)) {
        r = tar_reader_block(t, &block, err);
        if (r == 1 && !tar_is_zero(block))
            return err_set(err, ERR_CORRUPT, "damaged tar header: a single zero block");
        return MIN_OF(r, 0);
    }
    memcpy(ret, block, sizeof(*ret));
    r = tar_check_sum(ret, err);
    if (r == 0)
        r = tar_number(ret->size, sizeof(ret->size), "size", ret_size, err);
    if (r == 0 && (*ret_size < 0 || *ret_size > INT64_MAX / 2))
        r = err_set(err, ERR_CORRUPT, "damaged tar header: the size is out of range");
    return r < 0 ? r : 1;
}

static void tar_field(char *ret, const unsigned char *field, size_t len)
{
    size_t n = strnlen((const char *)field, len);

    memcpy(ret, field, n);
    ret[n] = 0;
}

static const char *tar_path(struct tar_reader *t, const struct tar_header *h)
{
    char *name = t->name;

    if (t->long_name.len)
        return buf_str(&t->long_name);
    if (t->pax.sparse_name)
        return t->pax.sparse_name;
    if (t->pax.path)
        return t->pax.path;
    if (memcmp(h->magic, "ustar\0", 6) == 0 && h->u.prefix[0]) {
        /* star has two times behind a shorter prefix, and says so at the end. */
        bool star = memcmp(h->padding + 8, "tar", 4) == 0;

        tar_field(name, h->u.prefix, star ? 131 : sizeof(h->u.prefix));
        name += strlen(name);
        *name++ = '/';
    }
    tar_field(name, h->name, sizeof(h->name));
    return t->name;
}

static int tar_type(const struct tar_header *h, const char *path, enum tar_type *ret, struct err *err)
{
    static const char letters[] = "123456";
    static const enum tar_type types[] = {TAR_HARDLINK,     TAR_SYMLINK,   TAR_CHARACTER,
                                          TAR_BLOCK_DEVICE, TAR_DIRECTORY, TAR_FIFO};
    const char *at = h->type ? strchr(letters, h->type) : NULL;

    if (at)
        *ret = types[at - letters];
    else if (!h->type || h->type == '0' || h->type == '7' || h->type == 'S')
        *ret = str_ends(path, "/") ? TAR_DIRECTORY : TAR_FILE; /* how V7 says directory */
    else
        return err_set(err, ERR_UNSUPPORTED, "%.200s: tar entries of type '%c' are not supported", path, h->type);
    return 0;
}

static int tar_take_id(const unsigned char field[8], bool has, int64_t pax, const char *name, uint32_t *ret,
                       struct err *err)
{
    int64_t v = pax;
    int r = has ? 0 : tar_number(field, 8, name, &v, err);

    if (r < 0)
        return r;
    /* The highest one means "leave it" to chown(2). */
    if (v < 0 || v >= UINT32_MAX)
        return err_set(err, ERR_CORRUPT, "damaged tar header: the %s is out of range", name);
    *ret = (uint32_t)v;
    return 0;
}

static int tar_attributes(struct tar_reader *t, const struct tar_header *h, struct tar_member *m, struct err *err)
{
    const struct tar_pax *pax = &t->pax;
    int64_t mode, major = 0, minor = 0;
    int r = tar_number(h->mode, sizeof(h->mode), "mode", &mode, err);

    if (r == 0)
        r = tar_take_id(h->uid, pax->has_uid, pax->uid, "owner", &m->uid, err);
    if (r == 0)
        r = tar_take_id(h->gid, pax->has_gid, pax->gid, "group", &m->gid, err);
    if (r == 0 && !pax->has_mtime)
        r = tar_number(h->mtime, sizeof(h->mtime), "time", &m->mtime_sec, err);
    if (r == 0 && (m->type == TAR_CHARACTER || m->type == TAR_BLOCK_DEVICE)) {
        r = tar_number(h->major, sizeof(h->major), "device", &major, err);
        if (r == 0)
            r = tar_number(h->minor, sizeof(h->minor), "device", &minor, err);
        if (r == 0 && (major < 0 || major > UINT32_MAX || minor < 0 || minor > UINT32_MAX))
            r = err_set(err, ERR_CORRUPT, "damaged tar header: the device is out of range");
    }
    if (r < 0)
        return r;
    m->mode = (mode_t)mode & 07777;
    m->major = (unsigned)major;
    m->minor = (unsigned)minor;
    if (pax->has_mtime) {
        m->mtime_sec = pax->mtime_sec;
        m->mtime_nsec = pax->mtime_nsec;
    }
    m->xattrs = pax->xattrs.v;
    m->n_xattrs = pax->xattrs.n;
    return 0;
}

/* Where the content of the member lies; `left` is already its size in the stream. */
static int tar_content(struct tar_reader *t, const struct tar_header *h, struct tar_member *m, struct err *err)
{
    int r = 0;

    t->offset = 0;
    t->piece = 0;
    t->sparse = false;
    m->size = m->type == TAR_FILE ? t->left : 0;
    if (m->type != TAR_FILE || !(h->type == 'S' || t->pax.sparse))
        return 0;
    t->sparse = m->sparse = true;
    if (h->type == 'S')
        r = tar_sparse_old(t, h, err);
    else if (t->pax.sparse_in_data)
        r = tar_sparse_in_data(t, err);
    if (r < 0)
        return r;
    if (t->pax.sparse_size < 0)
        return err_set(err, ERR_CORRUPT, "damaged tar header: a sparse file without its size");
    m->size = t->pax.sparse_size;
    return tar_map_check(&t->pax.map, m->size, t->left, err);
}

static int tar_member(struct tar_reader *t, const struct tar_header *h, int64_t size, struct tar_member *m,
                      struct err *err)
{
    bool link, content = !h->type || strchr("07S", h->type);
    int r;

    *m = (struct tar_member){.path = tar_path(t, h)};
    if (!*m->path)
        return err_set(err, ERR_CORRUPT, "damaged tar header: a member without a name");
    r = tar_type(h, m->path, &m->type, err);
    if (r == 0)
        r = tar_attributes(t, h, m, err);
    if (r < 0)
        return r;
    t->left = content ? (t->pax.has_size ? t->pax.size : size) : 0;
    if (t->left > INT64_MAX / 2)
        return err_set(err, ERR_CORRUPT, "damaged tar header: the size is out of range");
    t->pad = tar_padding(t->left);
    link = m->type == TAR_SYMLINK || m->type == TAR_HARDLINK;
    if (link) {
        tar_field(t->linkname, h->linkname, sizeof(h->linkname));
        m->target = t->long_link.len ? buf_str(&t->long_link) : t->pax.linkpath ? t->pax.linkpath : t->linkname;
    }
    r = tar_content(t, h, m, err);
    return r < 0 ? r : 1;
}

/* Takes a header that speaks of the next member or of all: 1, or 0 where it is a member itself. */
static int tar_extension(struct tar_reader *t, const struct tar_header *h, int64_t size, struct err *err)
{
    int r;

    switch (h->type) {
    case 'g':
        r = tar_skip(t, size, err);
        if (r == 0)
            r = tar_skip(t, tar_padding(size), err);
        break;
    case 'x':
        tar_pax_clear(&t->pax);
        r = tar_special(t, size, &t->pax.raw, err);
        if (r == 0)
            r = tar_pax_parse(&t->pax, err);
        break;
    case 'L':
        r = tar_special(t, size, &t->long_name, err);
        t->long_name.len = strlen(buf_str(&t->long_name));
        break;
    case 'K':
        r = tar_special(t, size, &t->long_link, err);
        t->long_link.len = strlen(buf_str(&t->long_link));
        break;
    default:
        return 0;
    }
    return r < 0 ? r : 1;
}

int tar_reader_next(struct tar_reader *t, struct tar_member *ret, struct err *err)
{
    struct tar_header h;
    int64_t size = 0;
    int r;

    if (t->ended)
        return 0;
    r = tar_skip(t, t->left, err);
    if (r == 0)
        r = tar_skip(t, t->pad, err);
    t->left = t->pad = 0;
    tar_pax_clear(&t->pax);
    buf_clear(&t->long_name);
    buf_clear(&t->long_link);
    for (bool extended = false; r >= 0; extended = true) {
        r = tar_header(t, &h, &size, err);
        if (r == 0 && extended)
            return tar_reader_truncated(err);
        t->ended = r == 0;
        if (r <= 0)
            return r;
        r = tar_extension(t, &h, size, err);
        if (r == 0)
            return tar_member(t, &h, size, ret, err);
    }
    return r;
}

int tar_reader_data(struct tar_reader *t, const unsigned char **ret, size_t *ret_len, int64_t *ret_offset,
                    struct err *err)
{
    size_t n;
    int r;

    if (!t->left)
        return 0;
    r = tar_refill(t, err);
    if (r <= 0)
        return r < 0 ? r : tar_reader_truncated(err);
    n = (int64_t)t->len < t->left ? t->len : (size_t)t->left;
    if (t->sparse) {
        const struct tar_piece *piece = &t->pax.map.pieces.v[t->piece];

        /* The sizes add up to `left`, so there is a piece with something left. */
        while (t->offset >= piece->offset + piece->size) {
            piece++;
            t->piece++;
        }
        t->offset = MAX_OF(t->offset, piece->offset);
        n = (size_t)MIN_OF((int64_t)n, piece->offset + piece->size - t->offset);
    }
    *ret = t->p;
    *ret_len = n;
    *ret_offset = t->offset;
    t->p += n;
    t->len -= n;
    t->left -= (int64_t)n;
    t->offset += (int64_t)n;
    return 1;
}

int tar_reader_drain(struct tar_reader *t, struct err *err)
{
    int r;

    do {
        t->len = 0;
        r = tar_refill(t, err);
    } while (r == 1);
    return r;
}

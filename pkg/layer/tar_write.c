#include "layer/tar_write.h"

#include "layer/tar_internal.h"
#include "sys/path.h"

#include <inttypes.h>
#include <stdio.h>

enum { OCTAL_7 = 07777777, NAME_MAX_USTAR = 100, PREFIX_MAX_USTAR = 155 };
#define OCTAL_11 INT64_C(077777777777)

static const char type_letters[] = {
    [TAR_FILE] = '0',      [TAR_DIRECTORY] = '5',    [TAR_SYMLINK] = '2', [TAR_HARDLINK] = '1',
    [TAR_CHARACTER] = '3', [TAR_BLOCK_DEVICE] = '4', [TAR_FIFO] = '6',
};

/* Appends "LENGTH key=value\n", whose length counts itself. */
static void pax_record(struct buf *pax, const char *key, const void *value, size_t len)
{
    size_t rest = strlen(key) + len + 3, total = rest + 1;
    char digits[24];

    while ((size_t)snprintf(digits, sizeof(digits), "%zu", total) + rest > total)
        total++;
    buf_addf(pax, "%zu %s=", total, key);
    buf_add(pax, value, len);
    buf_addc(pax, '\n');
}

static void pax_text(struct buf *pax, const char *key, const char *text)
{
    pax_record(pax, key, text, strlen(text));
}

static void pax_number(struct buf *pax, const char *key, int64_t n)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, n);
    pax_text(pax, key, text);
}

static void pax_time(struct buf *pax, int64_t seconds, uint32_t nanoseconds)
{
    char text[48];
    bool negative = seconds < 0 && nanoseconds > 0;
    int n;

    /* The fraction counts forwards, the text away from zero. */
    if (negative) {
        seconds++;
        nanoseconds = 1000000000 - nanoseconds;
    }
    n = snprintf(text, sizeof(text), "%s%" PRId64, negative && seconds == 0 ? "-" : "", seconds);
    if (nanoseconds) {
        n += snprintf(text + n, sizeof(text) - (size_t)n, ".%09u", nanoseconds);
        while (text[n - 1] == '0')
            text[--n] = 0;
    }
    pax_text(pax, "mtime", text);
}

static bool is_ascii(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s >= 0x80)
            return false;
    return true;
}

/* Writes `n` as octal digits and a final 0, or 0 where it does not fit and PAX says it. */
static void octal(unsigned char *field, size_t len, int64_t n, bool fits)
{
    snprintf((char *)field, len, "%0*" PRIo64, (int)len - 1, fits ? (uint64_t)n : 0);
}

static void text_field(unsigned char *field, size_t max, const char *text)
{
    memcpy(field, text, strnlen(text, max));
}

/* The path in the name, or parted at a slash into prefix and name; false where neither has room for it. */
static bool split_path(struct tar_header *h, const char *path)
{
    size_t len = strlen(path);

    if (!is_ascii(path))
        return false;
    if (len <= NAME_MAX_USTAR) {
        text_field(h->name, NAME_MAX_USTAR, path);
        return true;
    }
    for (size_t at = MIN_OF(len - 1, (size_t)PREFIX_MAX_USTAR + 1); at-- > 1;) {
        if (path[at] != '/' || at > PREFIX_MAX_USTAR || !path[at + 1])
            continue;
        if (len - at - 1 > NAME_MAX_USTAR)
            return false;
        memcpy(h->u.prefix, path, at);
        text_field(h->name, NAME_MAX_USTAR, path + at + 1);
        return true;
    }
    return false;
}

static void seal(struct tar_header *h, char type, struct buf *out)
{
    unsigned sum = 0;

    h->type = (unsigned char)type;
    memcpy(h->magic, "ustar\00000", 8);
    memset(h->checksum, ' ', sizeof(h->checksum));
    for (size_t i = 0; i < sizeof(*h); i++)
        sum += ((const unsigned char *)h)[i];
    snprintf((char *)h->checksum, sizeof(h->checksum), "%06o", sum);
    buf_add(out, h, sizeof(*h));
}

static void add_xattrs(const struct tar_member *m, struct buf *pax)
{
    for (size_t i = 0; i < m->n_xattrs; i++) {
        _cleanup_free_ char *key = str_printf("SCHILY.xattr.%s", m->xattrs[i].name);

        pax_record(pax, key, m->xattrs[i].value, m->xattrs[i].len);
    }
}

static void fill(struct tar_header *h, const struct tar_member *m, const char *path, struct buf *pax)
{
    int64_t size = m->type == TAR_FILE ? m->size : 0;
    bool time_fits = m->mtime_sec >= 0 && m->mtime_sec <= OCTAL_11;

    if (!split_path(h, path)) {
        text_field(h->name, NAME_MAX_USTAR, path);
        pax_text(pax, "path", path);
    }
    if (m->type == TAR_SYMLINK || m->type == TAR_HARDLINK) {
        text_field(h->linkname, sizeof(h->linkname), m->target);
        if (strlen(m->target) > sizeof(h->linkname) || !is_ascii(m->target))
            pax_text(pax, "linkpath", m->target);
    }
    octal(h->mode, sizeof(h->mode), m->mode & 07777, true);
    octal(h->uid, sizeof(h->uid), m->uid, m->uid <= OCTAL_7);
    octal(h->gid, sizeof(h->gid), m->gid, m->gid <= OCTAL_7);
    octal(h->size, sizeof(h->size), size, size <= OCTAL_11);
    octal(h->mtime, sizeof(h->mtime), m->mtime_sec, time_fits);
    octal(h->major, sizeof(h->major), m->major, m->major <= OCTAL_7);
    octal(h->minor, sizeof(h->minor), m->minor, m->minor <= OCTAL_7);
    if (m->uid > OCTAL_7)
        pax_number(pax, "uid", m->uid);
    if (m->gid > OCTAL_7)
        pax_number(pax, "gid", m->gid);
    if (size > OCTAL_11)
        pax_number(pax, "size", size);
    if (!time_fits || m->mtime_nsec)
        pax_time(pax, m->mtime_sec, m->mtime_nsec);
    add_xattrs(m, pax);
}

void tar_write_header(const struct tar_member *m, struct buf *out)
{
    _cleanup_buf_ struct buf pax = BUF_INIT;
    _cleanup_free_ char *path =
        str_printf("%s%s", m->path, m->type == TAR_DIRECTORY && !str_ends(m->path, "/") ? "/" : "");
    struct tar_header h = {0};

    fill(&h, m, path, &pax);
    if (pax.len) {
        struct tar_header x = {0};

        snprintf((char *)x.name, sizeof(x.name), "PaxHeaders.0/%.80s", path_base(m->path));
        octal(x.mode, sizeof(x.mode), 0, true);
        octal(x.uid, sizeof(x.uid), 0, true);
        octal(x.gid, sizeof(x.gid), 0, true);
        octal(x.size, sizeof(x.size), (int64_t)pax.len, true);
        octal(x.mtime, sizeof(x.mtime), 0, true);
        seal(&x, 'x', out);
        buf_add(out, buf_str(&pax), pax.len);
        tar_write_padding((int64_t)pax.len, out);
    }
    seal(&h, type_letters[m->type], out);
}

static const char zeros[2 * TAR_BLOCK];

void tar_write_padding(int64_t size, struct buf *out)
{
    buf_add(out, zeros, (size_t)(-size & (TAR_BLOCK - 1)));
}

void tar_write_end(struct buf *out)
{
    buf_add(out, zeros, sizeof(zeros));
}

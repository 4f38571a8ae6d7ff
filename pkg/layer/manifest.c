#include "layer/manifest.h"

#include "sys/fd.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The longest line: two paths with every byte escaped, and the numbers. */
enum { LINE_MAX_SIZE = 2 * 4 * PATH_MAX + 512, FIELDS = 10 };

static void manifest_escape(const char *s, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";

    while (*s) {
        size_t n = 0;

        while ((unsigned char)s[n] > 0x20 && (unsigned char)s[n] < 0x7f && s[n] != '\\')
            n++;
        buf_add(out, s, n);
        s += n;
        if (*s) {
            unsigned char c = (unsigned char)*s++;
            char escaped[] = {'\\', 'x', digits[c >> 4], digits[c & 15]};

            buf_add(out, escaped, sizeof(escaped));
        }
    }
}

void layer_manifest_format(const struct layer_entry *e, struct buf *out)
{
    buf_addf(out, "%c %o %u %u %lld.%09u ", e->type, e->mode, e->uid, e->gid, (long long)e->mtime_sec, e->mtime_nsec);
    if (e->type == 'c' || e->type == 'b')
        buf_addf(out, "%u:%u ", e->major, e->minor);
    else
        buf_addf(out, "%lld ", (long long)e->size);
    if (e->has_crc)
        buf_addf(out, "%08x ", e->crc32);
    else
        buf_adds(out, "- ");
    buf_addf(out, "%s ", e->xattrs ? e->xattrs : "-");
    manifest_escape(e->path, out);
    if (e->target) {
        buf_addc(out, ' ');
        manifest_escape(e->target, out);
    }
    buf_addc(out, '\n');
}

struct layer_manifest_reader {
    int fd;
    int64_t offset;
    int64_t line;
    char *data;
    size_t at, end;
};

struct layer_manifest_reader *layer_manifest_reader_new(int fd)
{
    struct layer_manifest_reader *r = mem_zalloc(1, sizeof(*r));

    r->fd = fd;
    r->data = mem_alloc(LINE_MAX_SIZE);
    return r;
}

void layer_manifest_reader_free(struct layer_manifest_reader *r)
{
    if (!r)
        return;
    free(r->data);
    free(r);
}

static int manifest_corrupt(const struct layer_manifest_reader *r, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "line %lld of the layer's manifest is damaged", (long long)r->line);
}

/* 1 and a line without its end, 0 at the end of the file. */
static int manifest_line(struct layer_manifest_reader *r, char **ret, struct err *err)
{
    r->line++;
    for (;;) {
        char *newline = memchr(r->data + r->at, '\n', r->end - r->at);
        ssize_t n;

        if (newline) {
            *newline = 0;
            *ret = r->data + r->at;
            r->at = (size_t)(newline + 1 - r->data);
            return 1;
        }
        memmove(r->data, r->data + r->at, r->end - r->at);
        r->end -= r->at;
        r->at = 0;
        n = r->end == LINE_MAX_SIZE ? 0 : fd_pread_all(r->fd, r->data + r->end, LINE_MAX_SIZE - r->end, r->offset);
        if (n < 0)
            return err_errno(err, (int)-n, "reading the layer's manifest");
        if (n == 0)
            return r->end ? manifest_corrupt(r, err) : 0;
        r->end += (size_t)n;
        r->offset += n;
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; false where an escape is none. */
static bool manifest_unescape(char *s)
{
    char *to = s;

    while (*s) {
        if (*s != '\\') {
            *to++ = *s++;
            continue;
        }
        if (s[1] != 'x' || hex_digit(s[2]) < 0 || hex_digit(s[3]) < 0)
            return false;
        *to++ = (char)(hex_digit(s[2]) << 4 | hex_digit(s[3]));
        s += 4;
    }
    *to = 0;
    return true;
}

static size_t manifest_split(char *line, char *fields[FIELDS])
{
    size_t n = 0;

    while (line && n < FIELDS) {
        fields[n++] = line;
        line = strchr(line, ' ');
        if (line)
            *line++ = 0;
    }
    return line ? 0 : n;
}

/* Digits and nothing else. A layer has half a dozen numbers a line, which strtoull(3) reads three times as slowly. */
static bool manifest_number(const char *s, unsigned base, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;

    if (!*s)
        return false;
    for (; *s; s++) {
        int digit = hex_digit(*s);

        if (digit < 0 || (unsigned)digit >= base || v > (max - (unsigned)digit) / base)
            return false;
        v = v * base + (unsigned)digit;
    }
    *ret = v;
    return true;
}

static bool manifest_u32(const char *s, unsigned base, uint32_t *ret)
{
    uint64_t v = 0;
    bool good = manifest_number(s, base, UINT32_MAX, &v);

    *ret = (uint32_t)v;
    return good;
}

static bool manifest_i64(const char *s, int64_t *ret)
{
    bool negative = *s == '-';
    uint64_t v = 0;
    bool good = manifest_number(s + negative, 10, INT64_MAX, &v);

    *ret = negative ? -(int64_t)v : (int64_t)v;
    return good;
}

static bool manifest_size(char *s, struct layer_entry *e)
{
    char *colon = strchr(s, ':');
    uint32_t major, minor;

    if (e->type != 'c' && e->type != 'b')
        return manifest_i64(s, &e->size) && e->size >= 0;
    if (!colon)
        return false;
    *colon = 0;
    if (!manifest_u32(s, 10, &major) || !manifest_u32(colon + 1, 10, &minor))
        return false;
    e->major = major;
    e->minor = minor;
    return true;
}

static bool manifest_mtime(char *s, struct layer_entry *e)
{
    char *dot = strchr(s, '.');

    if (!dot || strlen(dot + 1) != 9)
        return false;
    *dot = 0;
    return manifest_i64(s, &e->mtime_sec) && manifest_u32(dot + 1, 10, &e->mtime_nsec) && e->mtime_nsec < 1000000000;
}

static bool manifest_entry(char *line, struct layer_entry *e)
{
    char *f[FIELDS];
    size_t n = manifest_split(line, f);
    uint32_t mode, uid, gid;

    if (n < FIELDS - 1 || strlen(f[0]) != 1 || !strchr("fdlhcbpwo-", f[0][0]))
        return false;
    *e = (struct layer_entry){.type = f[0][0]};
    if ((e->type == 'l' || e->type == 'h') != (n == FIELDS))
        return false;
    if (!manifest_u32(f[1], 8, &mode) || mode > 07777 || !manifest_u32(f[2], 10, &uid) || !manifest_u32(f[3], 10, &gid))
        return false;
    e->mode = mode;
    e->uid = uid;
    e->gid = gid;
    e->has_crc = !str_eq(f[6], "-");
    e->xattrs = str_eq(f[7], "-") ? NULL : f[7];
    if (!manifest_mtime(f[4], e) || !manifest_size(f[5], e) || (e->has_crc && !manifest_u32(f[6], 16, &e->crc32)) ||
        (e->xattrs && strlen(e->xattrs) != 64))
        return false;
    e->path = f[8];
    e->target = n == FIELDS ? f[9] : NULL;
    return manifest_unescape(f[8]) && (!e->target || manifest_unescape(f[9]));
}

int layer_manifest_read(struct layer_manifest_reader *r, struct layer_entry *ret, struct err *err)
{
    char *line = NULL;
    int got = manifest_line(r, &line, err);

    if (got <= 0)
        return got;
    return manifest_entry(line, ret) ? 1 : manifest_corrupt(r, err);
}

/* Lists of what was selected, for saying what differs from an earlier build: one is named by the digest of its
 * selection, kept beside the tables, and in this host's byte order.
 */
#include "build/files_internal.h"

#include "store/build_cache.h"
#include "sys/fd.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define MAGIC "cboxlst2"

struct head {
    char magic[8];
    uint64_t cut; /* it would be too long: what comes at the end of the walk is not there */
};

/* Before each name, of which `same` bytes are those of the name before and `rest` follow. */
struct item {
    uint32_t mode, uid, gid;
    uint16_t same, rest;
    unsigned char content[8];
};

enum { BUFFER = 64 << 10 };

struct files_list_writer {
    struct files_work *work;
    struct store_build_memo memo;
    struct buf waiting, last;
    struct head head;
    int64_t size;
    bool failed;
};

static void flush(struct files_list_writer *l)
{
    l->failed |= fd_write_all(l->memo.fd, l->waiting.p, l->waiting.len) < 0;
    buf_clear(&l->waiting);
}

struct files_list_writer *files_list_write(struct files_work *w)
{
    struct files_list_writer *l;
    _cleanup_fd_ int there = -1;

    memcpy(w->out->list, w->out->digest, sizeof(w->out->list));
    if (store_build_memo_open(w->store, w->out->list, &there, NULL) == 0)
        return NULL;
    l = mem_zalloc(1, sizeof(*l));
    l->work = w;
    memcpy(l->head.magic, MAGIC, 8);
    l->failed = store_build_memo_begin(w->store, w->out->list, &l->memo, NULL) < 0;
    buf_add(&l->waiting, &l->head, sizeof(l->head));
    l->size = sizeof(l->head);
    return l;
}

void files_list_put(struct files_list_writer *l, const struct build_file *f)
{
    struct item item = {f->st.st_mode, f->st.st_uid, f->st.st_gid, 0, 0, {0}};
    const char *last = buf_str(&l->last);
    size_t len = strlen(f->path), same = 0;

    while (f->path[same] && f->path[same] == last[same])
        same++;
    l->size += (int64_t)(sizeof(item) + len - same);
    l->head.cut |= l->size > STORE_BUILD_MEMO_MAX;
    if (l->head.cut || l->failed)
        return;
    item.same = (uint16_t)same;
    item.rest = (uint16_t)(len - same);
    memcpy(item.content, f->content, sizeof(item.content));
    buf_add(&l->waiting, &item, sizeof(item));
    buf_add(&l->waiting, f->path + same, len - same);
    buf_clear(&l->last);
    buf_add(&l->last, f->path, len);
    if (l->waiting.len >= BUFFER)
        flush(l);
}

void files_list_written(struct files_list_writer *l, bool whole)
{
    if (!l->failed)
        flush(l);
    l->failed |= !whole || pwrite(l->memo.fd, &l->head, sizeof(l->head), 0) != sizeof(l->head);
    if (store_build_memo_end(&l->memo, !l->failed, NULL) < 0)
        l->work->out->list[0] = 0;
    buf_free(&l->waiting);
    buf_free(&l->last);
    free(l);
}

/* ---- what differs ---- */

/* A place in a list. */
struct cursor {
    struct spill file;
    struct spill_reader reader;
    int64_t at;
    bool cut;
    struct item item;
    char path[PATH_MAX];
    const char *name; /* NULL: at the end */
};

static void cursor_release(struct cursor *c)
{
    spill_reader_release(&c->reader);
    spill_release(&c->file);
}

/* Goes to the next one; a damaged list ends there. */
static void advance(struct cursor *c)
{
    const char *p;

    c->name = NULL;
    if (spill_read(&c->reader, c->at, sizeof(c->item), &p) < 0)
        return;
    memcpy(&c->item, p, sizeof(c->item));
    c->at += (int64_t)sizeof(c->item);
    if ((size_t)c->item.same + c->item.rest >= sizeof(c->path) || spill_read(&c->reader, c->at, c->item.rest, &p) < 0)
        return;
    memcpy(c->path + c->item.same, p, c->item.rest);
    c->path[c->item.same + c->item.rest] = 0;
    c->at += c->item.rest;
    c->name = c->path;
}

static int open_list(struct store *s, const char *name, struct cursor *c, struct err *err)
{
    struct head head = {.cut = 0};
    const char *p;
    int r;

    *c = (struct cursor){.file = SPILL_INIT(0), .reader = SPILL_READER_INIT(&c->file, BUFFER)};
    r = store_build_memo_open(s, name, &c->file.fd, err);
    if (r < 0)
        return r;
    c->file.written = lseek(c->file.fd, 0, SEEK_END);
    if (spill_read(&c->reader, 0, sizeof(head), &p) == 0)
        memcpy(&head, p, sizeof(head));
    if (memcmp(head.magic, MAGIC, 8) != 0)
        return err_set(err, ERR_NOT_FOUND, "the list of files %.12s is damaged", name);
    c->cut = head.cut;
    c->at = sizeof(head);
    advance(c);
    return 0;
}

/* What lines are collected in. */
struct report {
    struct buf *out;
    size_t most, n;
};

static void tell(struct report *r, const char *name, const char *what)
{
    if (r->n++ < r->most)
        buf_addf(r->out, "%s: %s\n", *name ? name : ".", what);
}

static void tell_change(struct report *r, const struct cursor *a, const struct cursor *b)
{
    char text[64];

    if ((a->item.mode ^ b->item.mode) & S_IFMT) {
        tell(r, a->name, "became something else");
    } else if (memcmp(a->item.content, b->item.content, sizeof(a->item.content)) != 0) {
        tell(r, a->name, "changed");
    } else if (a->item.mode != b->item.mode) {
        snprintf(text, sizeof(text), "mode %04o, was %04o", b->item.mode & 07777, a->item.mode & 07777);
        tell(r, a->name, text);
    } else if (a->item.uid != b->item.uid || a->item.gid != b->item.gid) {
        snprintf(text, sizeof(text), "owner %u:%u, was %u:%u", b->item.uid, b->item.gid, a->item.uid, a->item.gid);
        tell(r, a->name, text);
    }
}

/* Behind the end of a list that was cut nothing is known to be gone or new. */
static bool goes_on(const struct cursor *a, const struct cursor *b)
{
    return (a->name || (b->name && !a->cut)) && (b->name || !b->cut);
}

static void compare(struct cursor *a, struct cursor *b, struct report *report)
{
    while (goes_on(a, b)) {
        int order = !a->name ? 1 : !b->name ? -1 : files_compare(a->name, b->name);

        if (order == 0)
            tell_change(report, a, b);
        else
            tell(report, order < 0 ? a->name : b->name, order < 0 ? "gone" : "new");
        if (order <= 0)
            advance(a);
        if (order >= 0)
            advance(b);
    }
}

int build_files_differ(struct store *s, const char *before, const char *now, size_t most, struct buf *out,
                       struct err *err)
{
    struct report report = {out, most, 0};
    _cleanup_(cursor_release) struct cursor a = {.file = SPILL_INIT(0)}, b = {.file = SPILL_INIT(0)};
    int r = open_list(s, before, &a, err);

    if (r == 0)
        r = open_list(s, now, &b, err);
    if (r < 0)
        return r;
    compare(&a, &b, &report);
    if (report.n > most)
        buf_addf(out, "and %zu more\n", report.n - most);
    return 0;
}

/* Lists of what was selected, for saying what differs from an earlier build: one is named by the digest of its
 * selection, kept beside the tables, and in this host's byte order.
 */
#include "build/files_internal.h"

#include "store/build_cache.h"
#include "sys/path.h"

#include <limits.h>
#include <stdio.h>

#define MAGIC "cboxlst1"

/* Before each name. */
struct item {
    uint32_t mode, uid, gid;
    uint32_t len; /* of the name, without its zero byte */
    unsigned char content[16];
};

enum { LIST_MAX = 16 << 20 };

static bool add_item(struct buf *b, const struct build_file *f)
{
    struct item item = {f->st.st_mode, f->st.st_uid, f->st.st_gid, (uint32_t)strlen(f->path), {0}};

    if (b->len + sizeof(item) + item.len + 1 > LIST_MAX)
        return false;
    memcpy(item.content, f->content, sizeof(item.content));
    buf_add(b, &item, sizeof(item));
    buf_add(b, f->path, item.len + 1);
    return true;
}

static int compare(const char *a, const char *b);

static int by_path(const void *a, const void *b)
{
    const struct build_file *const *x = a, *const *y = b;

    return compare((*x)->path, (*y)->path);
}

/* Several sources need not stand in the order of their names. The caller frees it. */
static const struct build_file **in_order(const struct build_selection *s)
{
    const struct build_file **files = mem_alloc(s->files.n * sizeof(struct build_file *));

    for (size_t i = 0; i < s->files.n; i++)
        files[i] = &s->files.v[i];
    if (s->sources.n > 1 && s->files.n)
        qsort(files, s->files.n, sizeof(struct build_file *), by_path);
    return files;
}

/* A list that would be too long ends before its end. */
int files_list_keep(struct files_work *w, struct err *err)
{
    _cleanup_buf_ struct buf b = BUF_INIT, old = BUF_INIT_MAX(LIST_MAX);
    _cleanup_free_ const struct build_file **files = in_order(w->out);
    bool room = true;
    int r;

    memcpy(w->out->list, w->out->digest, sizeof(w->out->list));
    if (store_build_memo_read(w->store, w->out->list, &old, NULL) == 0)
        return 0;
    buf_add(&b, MAGIC, 8);
    for (size_t i = 0; i < w->out->files.n && room; i++)
        if (!i || !str_eq(files[i]->path, files[i - 1]->path))
            room = add_item(&b, files[i]);
    r = store_build_memo_write(w->store, w->out->list, b.p, b.len, err);
    if (r < 0)
        w->out->list[0] = 0;
    return r;
}

/* ---- what differs ---- */

/* A place in a list. */
struct cursor {
    const char *p, *end;
    struct item item;
    const char *name; /* NULL: at the end */
};

/* Goes to the next one; a damaged list ends there. */
static void advance(struct cursor *c)
{
    c->name = NULL;
    if ((size_t)(c->end - c->p) < sizeof(c->item))
        return;
    memcpy(&c->item, c->p, sizeof(c->item));
    if (c->item.len >= PATH_MAX || (size_t)(c->end - c->p) - sizeof(c->item) <= c->item.len ||
        c->p[sizeof(c->item) + c->item.len])
        return;
    c->name = c->p + sizeof(c->item);
    c->p = c->name + c->item.len + 1;
}

static int open_list(struct store *s, const char *name, struct buf *b, struct cursor *c, struct err *err)
{
    int r = store_build_memo_read(s, name, b, err);

    if (r < 0)
        return r;
    if (b->len < 8 || memcmp(b->p, MAGIC, 8) != 0)
        return err_set(err, ERR_NOT_FOUND, "the list of files %.12s is damaged", name);
    *c = (struct cursor){.p = b->p + 8, .end = b->p + b->len};
    advance(c);
    return 0;
}

/* The order of a walk: what a directory has comes right behind it. */
static int compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    if (*a == *b)
        return 0;
    if (!*a || !*b)
        return *a ? 1 : -1;
    if (*a == '/' || *b == '/')
        return *a == '/' ? -1 : 1;
    return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
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

int build_files_differ(struct store *s, const char *before, const char *now, size_t most, struct buf *out,
                       struct err *err)
{
    _cleanup_buf_ struct buf x = BUF_INIT_MAX(LIST_MAX), y = BUF_INIT_MAX(LIST_MAX);
    struct report report = {out, most, 0};
    struct cursor a, b;
    int r = open_list(s, before, &x, &a, err);

    if (r == 0)
        r = open_list(s, now, &y, &b, err);
    if (r < 0)
        return r;
    while (a.name || b.name) {
        int order = !a.name ? 1 : !b.name ? -1 : compare(a.name, b.name);

        if (order == 0)
            tell_change(&report, &a, &b);
        else
            tell(&report, order < 0 ? a.name : b.name, order < 0 ? "gone" : "new");
        if (order <= 0)
            advance(&a);
        if (order >= 0)
            advance(&b);
    }
    if (report.n > most)
        buf_addf(out, "and %zu more\n", report.n - most);
    return 0;
}

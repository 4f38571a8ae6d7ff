/* A selection as it lies in memory and on disk: written once, read in order. */
#include "build/files_internal.h"

#include <limits.h>

enum {
    FILES_MEMORY = 4 << 20, /* some 25,000 files; a file on disk is made for more of them */
    SOURCES_MEMORY = 1 << 20,
    LINKS_MEMORY = 1 << 20,
    WINDOW = 64 << 10,
};

/* In `sources`: this, then the path with its zero byte. */
struct source_record {
    uint64_t n;
    uint16_t len;
    bool directory;
};

struct build_file_stat build_file_stat_of(const struct stat *st)
{
    return (struct build_file_stat){
        .st_dev = st->st_dev,
        .st_ino = st->st_ino,
        .st_rdev = st->st_rdev,
        .st_size = st->st_size,
        .st_mtim = st->st_mtim,
        .st_ctim = st->st_ctim,
        .st_mode = st->st_mode,
        .st_uid = st->st_uid,
        .st_gid = st->st_gid,
        .st_nlink = (uint32_t)st->st_nlink,
    };
}

int files_put(struct build_selection *s, const char *path, size_t base, const struct build_file_stat *st,
              const unsigned char *content)
{
    struct files_record record;
    size_t len = strlen(path);
    int r;

    memset(&record, 0, sizeof(record));
    record.st = *st;
    record.base = (uint32_t)base;
    record.len = (uint16_t)len;
    record.known = content != NULL;
    if (content)
        memcpy(record.content, content, sizeof(record.content));
    if (!s->n_files)
        s->files.most = FILES_MEMORY;
    r = spill_add(&s->files, &record, sizeof(record));
    if (r == 0)
        r = spill_add(&s->files, path, len + 1);
    s->n_files++;
    return r;
}

int files_put_source(struct build_selection *s, const char *path, bool directory, uint64_t n)
{
    struct source_record record;
    size_t len = strlen(path);
    int r;

    memset(&record, 0, sizeof(record));
    record.n = n;
    record.len = (uint16_t)len;
    record.directory = directory;
    if (!s->n_sources)
        s->sources.most = SOURCES_MEMORY;
    s->links.most = LINKS_MEMORY;
    r = spill_add(&s->sources, &record, sizeof(record));
    if (r == 0)
        r = spill_add(&s->sources, path, len + 1);
    s->n_sources++;
    return r;
}

void build_selection_release(struct build_selection *s)
{
    spill_release(&s->sources);
    spill_release(&s->files);
    spill_release(&s->links);
    *s = BUILD_SELECTION_NONE;
}

/* ---- reading ---- */

int files_record_at(struct spill_reader *r, int64_t at, struct files_record *ret, const char **ret_path,
                    size_t *ret_size)
{
    const char *p;
    int e = spill_read(r, at, sizeof(*ret), &p);

    if (e < 0)
        return e;
    memcpy(ret, p, sizeof(*ret));
    *ret_size = sizeof(*ret) + ret->len + 1;
    e = spill_read(r, at, *ret_size, &p);
    *ret_path = p + sizeof(*ret);
    return e;
}

void build_reading_begin(struct build_reading *r, struct build_selection *s)
{
    *r = (struct build_reading){
        .selection = s,
        .sources = SPILL_READER_INIT(&s->sources, WINDOW),
        .files = SPILL_READER_INIT(&s->files, WINDOW),
        .links = SPILL_READER_INIT(&s->links, WINDOW),
        .names = SPILL_READER_INIT(&s->files, 2 * PATH_MAX),
    };
}

void build_reading_end(struct build_reading *r)
{
    spill_reader_release(&r->sources);
    spill_reader_release(&r->files);
    spill_reader_release(&r->links);
    spill_reader_release(&r->names);
}

static int fail(int r, struct err *err)
{
    return err_errno(err, -r, "reading the list of files again");
}

int build_reading_source(struct build_reading *r, struct build_selected *ret, struct err *err)
{
    struct source_record record;
    struct build_file passed;
    const char *p;
    int e = 0;

    while (r->left > 0 && e >= 0)
        e = build_reading_file(r, &passed, err);
    if (e < 0)
        return e;
    if (r->source_at == spill_size(&r->selection->sources))
        return 0;
    e = spill_read(&r->sources, r->source_at, sizeof(record), &p);
    if (e < 0)
        return fail(e, err);
    memcpy(&record, p, sizeof(record));
    e = spill_read(&r->sources, r->source_at, sizeof(record) + record.len + 1, &p);
    if (e < 0)
        return fail(e, err);
    r->source_at += (int64_t)sizeof(record) + record.len + 1;
    r->left = record.n;
    *ret = (struct build_selected){p + sizeof(record), record.directory, record.n};
    return 1;
}

/* What is known of a file with several names: there are fewer of these. */
static int read_link(struct build_reading *r, struct build_file *f)
{
    struct files_link link;
    struct files_record record;
    const char *p;
    size_t size;
    int e;

    if (r->link_at == spill_size(&r->selection->links))
        return 0;
    e = spill_read(&r->links, r->link_at, sizeof(link), &p);
    if (e < 0)
        return e;
    memcpy(&link, p, sizeof(link));
    if (link.file != r->file)
        return 0;
    r->link_at += (int64_t)sizeof(link);
    f->linked = true;
    f->first = link.first;
    return link.same < 0 ? 0 : files_record_at(&r->names, link.same, &record, &f->same, &size);
}

int build_reading_file(struct build_reading *r, struct build_file *ret, struct err *err)
{
    struct files_record record;
    size_t size;
    int e;

    *ret = (struct build_file){0};
    if (!r->left)
        return 0;
    e = files_record_at(&r->files, r->file_at, &record, &ret->path, &size);
    if (e < 0)
        return fail(e, err);
    ret->st = record.st;
    ret->base = record.base;
    memcpy(ret->content, record.content, sizeof(ret->content));
    e = read_link(r, ret);
    if (e < 0)
        return fail(e, err);
    r->file_at += (int64_t)size;
    r->file++;
    r->left--;
    return 1;
}

int files_compare(const char *a, const char *b)
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

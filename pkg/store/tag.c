#include "store/tag.h"

#include "base/log.h"
#include "base/time.h"
#include "oci/descriptor.h"
#include "store/internal.h"
#include "sys/atomic.h"
#include "sys/dir.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "json/json.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { RECORD_MAX = 16 << 10, PATH_DEPTH_MAX = 260 };

static int parse_time(const char *text, void *field, struct err *err)
{
    return time_parse(text, field, err);
}

static char *format_time(const void *field)
{
    char text[TIME_TEXT_MAX];
    int64_t t = *(const int64_t *)field;

    return t == 0 ? NULL : str_dup(time_format(t, text));
}

static const struct json_conversion time_conversion = {parse_time, format_time};

#define DIGEST_FIELD(json_name, member) \
    JSON_FIELD(struct store_tag, json_name, JSON_K_CUSTOM, member, JSON_REQUIRED, NULL, &oci_digest_conversion)
#define TIME_FIELD(json_name, member) \
    JSON_FIELD(struct store_tag, json_name, JSON_K_CUSTOM, member, 0, NULL, &time_conversion)

static const struct json_field record_fields[] = {
    DIGEST_FIELD("target", target),
    DIGEST_FIELD("manifest", manifest),
    DIGEST_FIELD("id", id),
    JSON_FIELD(struct store_tag, "platform", JSON_K_STRING, platform),
    JSON_FIELD(struct store_tag, "bytes", JSON_K_INT64, bytes, JSON_KEEP_EMPTY),
    TIME_FIELD("created", created),
    TIME_FIELD("pulled", pulled),
    JSON_FIELD(struct store_tag, "local", JSON_K_BOOL, local),
    JSON_FIELD(struct store_tag, "complete", JSON_K_BOOL, complete),
};

static const struct json_type record_type = {
    .name = "tag",
    .size = sizeof(struct store_tag),
    .fields = record_fields,
    .n_fields = ARRAY_SIZE(record_fields),
};

void store_tag_release(struct store_tag *t)
{
    oci_reference_release(&t->name);
    json_free(&record_type, t);
}

void store_tag_list_release(struct store_tag_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        store_tag_release(&l->v[i]);
    free(l->v);
    *l = (struct store_tag_list){0};
}

/* The grammar of references keeps every component harmless; a path that is not would be a bug of ours. */
static void assert_harmless(const char *path)
{
    _cleanup_strv_ char **parts = strv_split(path, '/');

    STRV_FOREACH (p, parts)
        assert(**p && **p != ':' && **p != '@' && strcmp(*p, ".") != 0 && strcmp(*p, "..") != 0);
}

bool store_tag_nameless(const struct store_tag *t)
{
    return str_empty(t->name.path);
}

static char *directory_of(const struct oci_reference *name)
{
    char *dir;

    if (str_empty(name->path))
        return str_dup(".");
    dir = oci_reference_name(name);
    assert_harmless(dir);
    return dir;
}

static char *file_of(const struct oci_reference *name)
{
    _cleanup_free_ char *dir = directory_of(name);
    char text[DIGEST_TEXT_MAX];

    if (name->digest.algorithm != DIGEST_NONE)
        return str_printf("%s/@%s", dir, digest_format(&name->digest, text));
    assert(name->tag && !strchr(name->tag, '/'));
    return str_printf("%s/:%s", dir, name->tag);
}

/* Makes the directory of a name, on disk with its parents. */
static int make_directory(int tags, const char *dir, struct err *err)
{
    _cleanup_free_ char *parent = NULL;
    int r;

    if (faccessat(tags, dir, F_OK, 0) == 0)
        return 0;
    r = path_mkdirs(tags, dir, 0700);
    if (r < 0)
        return err_errno(err, -r, "making tags/%s", dir);
    parent = str_dup(dir);
    for (char *slash; (slash = strrchr(parent, '/'));) {
        *slash = 0;
        r = atomic_sync_dir(tags, parent, err);
        if (r < 0)
            return r;
    }
    return atomic_sync_dir(tags, ".", err);
}

int store_tag_lock(struct store *s, int *ret_fd, struct err *err)
{
    int tags;
    int r = store_dir(s, STORE_TAGS, &tags, err);

    return r < 0 ? r : lock_dir(tags, ".", LOCK_WAIT, ret_fd, err);
}

int store_tag_set(struct store *s, const struct store_tag *t, struct err *err)
{
    _cleanup_free_ char *dir = directory_of(&t->name);
    _cleanup_free_ char *file = file_of(&t->name);
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_fd_ int lock = -1;
    int tags;
    int r = store_dir(s, STORE_TAGS, &tags, err);

    if (r == 0) /* collection removes empty directories */
        r = store_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);
    if (r == 0)
        r = make_directory(tags, dir, err);
    if (r < 0)
        return r;
    json_dump(&record_type, t, true, &text);
    buf_addc(&text, '\n');
    failpoint("tag-set");
    r = atomic_write(tags, file, text.p, text.len, 0600, 0, err);
    failpoint("tag-written");
    return r < 0 ? err_wrap(err, "%s/tags", store_root_path(s)) : 0;
}

/* Reads tags/FILE, whose name is the reference's. */
static int read_record(struct store *s, int tags, const char *file, const struct oci_reference *name,
                       struct store_tag *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(RECORD_MAX);
    struct err why = ERR_INIT;
    int r = fd_read_file(tags, file, &text, &why);

    if (r == 0) {
        r = json_parse(buf_str(&text), text.len, &record_type, ret, &why);
        if (r == ERR_INVALID)
            r = why.kind = ERR_CORRUPT;
    }
    if (r < 0) {
        if (err)
            *err = why;
        err_wrap(err, "%s/tags/%s", store_root_path(s), file);
        return r == ERR_CORRUPT ? err_hint(err, "remove the file and pull the image again") : r;
    }
    oci_reference_copy(name, &ret->name);
    return 0;
}

static int not_found(const struct oci_reference *name, struct err *err)
{
    _cleanup_free_ char *text = oci_reference_familiar(name);

    return err_set(err, ERR_NOT_FOUND, "no such image: %s", text);
}

/* ---- iteration ---- */

struct walk {
    struct store *store;
    int tags;
    char *only; /* a directory below tags/; NULL: all */
    struct store_tag_list *list;
    void (*broken)(const char *file, const struct err *why, void *data); /* NULL: a broken record ends the walk */
    void *data;
};

/* The name that a record's place stands for. */
static int parse_place(const char *dir, const char *file, struct oci_reference *ret, struct err *err)
{
    _cleanup_free_ char *text = str_printf("%s%s", dir, file);

    if (strcmp(dir, ".") != 0)
        return oci_reference_parse(text, ret, err);
    if (*file != '@')
        return err_set(err, ERR_INVALID, "a tag without a repository");
    *ret = (struct oci_reference){.domain = str_dup(""), .path = str_dup("")};
    return digest_parse(file + 1, &ret->digest, err);
}

static int add_record(struct walk *w, const char *dir, const char *file, struct err *err)
{
    _cleanup_free_ char *path = str_printf("%s/%s", dir, file);
    _cleanup_reference_ struct oci_reference name = {0};
    struct store_tag tag = {0};
    struct err why = ERR_INIT;
    int r;

    if (parse_place(dir, file, &name, &why) < 0) {
        log_debug("tags/%s is no name of an image: %s", path, why.text);
        return 0;
    }
    r = read_record(w->store, w->tags, path, &name, &tag, &why);
    if (r == ERR_NOT_FOUND) /* removed since */
        return 0;
    if (r < 0 && w->broken) {
        w->broken(path, &why, w->data);
        return 0;
    }
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    *VEC_PUSH(w->list) = tag;
    return 0;
}

static int walk_directory(struct walk *w, const char *dir, unsigned depth, struct err *err)
{
    _cleanup_dir_ DIR *d = dir_open(w->tags, dir);
    struct dirent *e;
    int r = 0;

    if (!d)
        return errno == ENOENT ? 0 : err_errno(err, errno, "reading %s/tags/%s", store_root_path(w->store), dir);
    while (r == 0 && (errno = 0, e = readdir(d))) {
        _cleanup_free_ char *path = NULL;

        if (e->d_name[0] == ':' || e->d_name[0] == '@') {
            r = add_record(w, dir, e->d_name, err);
        } else if (e->d_name[0] != '.' && e->d_type == DT_DIR && !w->only && depth < PATH_DEPTH_MAX) {
            path = strcmp(dir, ".") == 0 ? str_dup(e->d_name) : str_printf("%s/%s", dir, e->d_name);
            r = walk_directory(w, path, depth + 1, err);
        }
        errno = 0;
    }
    return r;
}

static int compare_tags(const void *va, const void *vb)
{
    const struct store_tag *a = va, *b = vb;
    int c = strcmp(a->name.domain, b->name.domain);

    if (c == 0)
        c = strcmp(a->name.path, b->name.path);
    if (c == 0)
        c = strcmp(a->name.tag ? a->name.tag : "", b->name.tag ? b->name.tag : "");
    return c ? c : strcmp(a->name.digest.hex, b->name.digest.hex);
}

static int list(struct walk *w, struct store_tag_list *ret, struct err *err)
{
    int r = store_dir(w->store, STORE_TAGS, &w->tags, err);

    *ret = (struct store_tag_list){0};
    w->list = ret;
    if (r == 0)
        r = walk_directory(w, w->only ? w->only : ".", 0, err);
    if (r < 0)
        store_tag_list_release(ret);
    else if (ret->n > 1)
        qsort(ret->v, ret->n, sizeof(*ret->v), compare_tags);
    return r;
}

int store_tag_list(struct store *s, struct store_tag_list *ret, struct err *err)
{
    return list(&(struct walk){.store = s}, ret, err);
}

int store_tag_list_readable(struct store *s, void (*broken)(const char *file, const struct err *why, void *data),
                            void *data, struct store_tag_list *ret, struct err *err)
{
    return list(&(struct walk){.store = s, .broken = broken, .data = data}, ret, err);
}

/* ---- one name ---- */

/* How well a digest fits a record: not at all for 0. */
static int fit(const struct store_tag *t, const struct digest *d)
{
    if (digest_equal(&t->name.digest, d))
        return 3;
    if (digest_equal(&t->target, d))
        return 2;
    return digest_equal(&t->manifest, d);
}

const struct store_tag *store_tag_list_find(const struct store_tag_list *l, const struct oci_reference *name,
                                            const struct digest *d)
{
    const struct store_tag *found = NULL;
    int best = 0;

    for (size_t i = 0; i < l->n; i++) {
        const struct store_tag *t = &l->v[i];
        int fits = str_eq(t->name.path, name->path) && str_eq(t->name.domain, name->domain) ? fit(t, d) : 0;

        if (fits > best || (fits > 0 && fits == best && t->pulled > found->pulled)) {
            found = t;
            best = fits;
        }
    }
    return found;
}

/* An image that was pulled by a tag of the same repository and is meant by its digest. */
static int get_by_digest(struct store *s, const struct oci_reference *name, struct store_tag *ret, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    _cleanup_free_ char *dir = directory_of(name);
    const struct store_tag *found;
    int r = list(&(struct walk){.store = s, .only = dir}, &tags, err); /* the records of one directory */

    if (r < 0)
        return r;
    found = store_tag_list_find(&tags, name, &name->digest);
    if (!found)
        return not_found(name, err);
    *ret = *found;
    tags.v[found - tags.v] = (struct store_tag){0};
    return 0;
}

int store_tag_get(struct store *s, const struct oci_reference *name, struct store_tag *ret, struct err *err)
{
    _cleanup_free_ char *file = file_of(name);
    struct err why = ERR_INIT;
    int tags;
    int r = store_dir(s, STORE_TAGS, &tags, err);

    if (r < 0)
        return r;
    r = read_record(s, tags, file, name, ret, &why);
    if (r == ERR_NOT_FOUND)
        return name->digest.algorithm == DIGEST_NONE ? not_found(name, err) : get_by_digest(s, name, ret, err);
    if (r < 0 && err)
        *err = why;
    return r;
}

int store_tag_remove(struct store *s, const struct oci_reference *name, struct err *err)
{
    _cleanup_free_ char *dir = directory_of(name);
    _cleanup_free_ char *file = file_of(name);
    int tags;
    int r = store_dir(s, STORE_TAGS, &tags, err);

    if (r < 0)
        return r;
    if (unlinkat(tags, file, 0) < 0)
        return errno == ENOENT ? not_found(name, err) : err_errno(err, errno, "removing tags/%s", file);
    failpoint("tag-removed");
    return atomic_sync_dir(tags, dir, err);
}

/* ---- tidying, for gc.c ---- */

static int tidy(int tags, const char *dir, unsigned depth, struct err *err)
{
    _cleanup_dir_ DIR *d = dir_open(tags, dir);
    struct dirent *e;
    int r = 0;

    if (!d)
        return errno == ENOENT ? 0 : err_errno(err, errno, "reading tags/%s", dir);
    while (r == 0 && (e = readdir(d))) {
        _cleanup_free_ char *path = str_printf("%s/%s", dir, e->d_name);

        if (str_after(e->d_name, ".tmp-"))
            unlinkat(tags, path, 0);
        if (e->d_name[0] == '.' || e->d_type != DT_DIR || depth >= PATH_DEPTH_MAX)
            continue;
        r = tidy(tags, path, depth + 1, err);
        unlinkat(tags, path, AT_REMOVEDIR); /* when it is empty */
    }
    return r;
}

int store_tag_tidy(struct store *s, struct err *err)
{
    int tags;
    int r = store_dir(s, STORE_TAGS, &tags, err);

    return r < 0 ? r : tidy(tags, ".", 0, err);
}

#include "store/build_cache_items.h"

#include "store/internal.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

void build_items_release(struct build_items *items)
{
    VEC_FOREACH (item, &items->items) {
        free(item->name);
        free(item->shown);
    }
    free(items->items.v);
    free(items->layers.v);
    *items = (struct build_items){.layers = {0}};
}

/* ---- steps ---- */

static int add_record(const struct store_build_record *r, void *data, struct err *err _unused_)
{
    struct build_items *items = data;
    struct build_item item = {
        .name = str_dup(r->key), .shown = str_dup(r->step), .created = r->created, .used = r->used};

    if (r->diff_id && digest_parse(r->diff_id, &item.diff_id, NULL) == 0)
        *VEC_PUSH(&items->layers) =
            (struct build_layer_use){.diff_id = item.diff_id, .bytes = store_build_record_size(r), .steps = 1};
    *VEC_PUSH(&items->items) = item;
    return 0;
}

static int by_digest(const void *a, const void *b)
{
    return strcmp(((const struct build_layer_use *)a)->diff_id.hex, ((const struct build_layer_use *)b)->diff_id.hex);
}

static void unite_layers(struct build_items *items)
{
    size_t n = 0;

    if (items->layers.n > 1)
        qsort(items->layers.v, items->layers.n, sizeof(*items->layers.v), by_digest);
    VEC_FOREACH (l, &items->layers) {
        if (n > 0 && by_digest(&items->layers.v[n - 1], l) == 0)
            items->layers.v[n - 1].steps++;
        else
            items->layers.v[n++] = *l;
    }
    items->layers.n = n;
    VEC_FOREACH (item, &items->items) {
        const struct build_layer_use key = {.diff_id = item->diff_id};

        if (item->diff_id.algorithm != DIGEST_NONE)
            item->layer = bsearch(&key, items->layers.v, n, sizeof(key), by_digest);
    }
}

/* ---- mounts ---- */

static int64_t measure(struct store *s, const char *name)
{
    _cleanup_free_ char *path = str_printf("%s/build-cache/" BUILD_MOUNTS "/%s", store_root_path(s), name);
    char *paths[] = {path, NULL};
    FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
    int64_t bytes = 0;
    FTSENT *e;

    while (fts && (e = fts_read(fts)))
        if (e->fts_info != FTS_DP && e->fts_info != FTS_NS) /* hard links are counted as often as they have names */
            bytes += (int64_t)e->fts_statp->st_blocks * 512;
    if (fts)
        fts_close(fts);
    return bytes;
}

struct reading {
    struct store *store;
    struct build_items *items;
};

static int add_mount(int mounts, const char *name, void *data, struct err *err _unused_)
{
    const struct reading *r = data;
    _cleanup_fd_ int fd = openat(mounts, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(4096);
    struct build_item item = {.mount = true};
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return 0;
    item.in_use = flock(fd, LOCK_EX | LOCK_NB) < 0;
    item.name = str_dup(name);
    (void)fd_read_file(fd, "name", &text, NULL);
    item.shown = str_dup(buf_str(&text));
    item.used = item.created = store_build_time_of(&st.st_mtim);
    item.bytes = measure(r->store, name);
    *VEC_PUSH(&r->items->items) = item;
    return 0;
}

int build_items_read(struct store *s, bool mounts, struct build_items *ret, struct err *err)
{
    struct reading reading = {s, ret};
    int top, r;

    if (!store_build_exists(s))
        return 0;
    r = store_dir(s, STORE_BUILD, &top, err);
    if (r == 0)
        r = store_build_each(s, false, add_record, ret, err);
    if (r == 0 && mounts)
        r = store_each_name(top, BUILD_MOUNTS, add_mount, &reading, err);
    unite_layers(ret);
    return r;
}

/* ---- all ---- */

int build_items_share(struct store *s, struct build_items *items, struct err *err)
{
    _cleanup_needs_ struct store_needs needs = {0};
    int r = store_needs_add_known(s, &needs, err);

    store_digests_sort(&needs.layers);
    VEC_FOREACH (l, &items->layers)
        l->shared = store_digests_have(&needs.layers, &l->diff_id);
    return r;
}

int64_t build_items_bytes(const struct build_items *items, bool shared)
{
    int64_t bytes = 0;

    VEC_FOREACH (l, &items->layers)
        bytes += l->steps > 0 && (shared || !l->shared) ? l->bytes : 0;
    VEC_FOREACH (item, &items->items)
        bytes += item->mount && !item->gone ? item->bytes : 0;
    return bytes;
}

int store_build_each_item(struct store *s,
                          int (*each)(const struct store_build_item *item, void *data, struct err *err), void *data,
                          struct err *err)
{
    _cleanup_(build_items_release) struct build_items items = {.layers = {0}};
    int r = build_items_read(s, true, &items, err);

    VEC_FOREACH (i, &items.items) {
        const struct store_build_item item = {.mount = i->mount,
                                              .name = i->name,
                                              .step = i->shown,
                                              .diff_id = i->diff_id,
                                              .bytes = i->layer ? i->layer->bytes : i->bytes,
                                              .created = i->created,
                                              .used = i->used,
                                              .in_use = i->in_use};

        r = r < 0 ? r : each(&item, data, err);
    }
    return r;
}

/* Removing what builds keep, the least recently used first, and the ceiling. */
#include "store/build_cache_items.h"

#include "base/num.h"
#include "base/time.h"
#include "store/blob.h"
#include "store/gc.h"
#include "store/internal.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

int64_t store_build_record_size(const struct store_build_record *r)
{
    return MAX_OF(r->bytes, r->tar_size);
}

struct pruning {
    struct store *store;
    const struct store_build_prune *how;
    struct build_items items;
    int64_t oldest; /* since when what was used stays */
    store_digests leased;
    int top, records;
    int64_t bytes;
};

/* ---- choosing ---- */

static int find_leased(struct pruning *p, struct err *err)
{
    struct store_needs needs = {0};
    _cleanup_fd_ int lock = -1;
    int r = store_lock(p->store, LOCK_EXCLUSIVE, LOCK_WAIT, &lock, err);

    if (r == 0)
        r = store_leases_add(p->store, &needs, err);
    free(needs.blobs.v);
    p->leased = needs.layers;
    store_digests_sort(&p->leased);
    VEC_FOREACH (l, &p->items.layers)
        l->held = store_digests_have(&p->leased, &l->diff_id);
    return r;
}

static bool may_go(const struct pruning *p, const struct build_item *item)
{
    const struct store_build_prune *how = p->how;

    if (item->used >= p->oldest || (how->older_than && item->used >= how->older_than))
        return false;
    if (item->mount)
        return how->mounts && !item->in_use;
    return !item->layer || (!item->layer->held && !(how->unshared && item->layer->shared));
}

/* What could not stay if there were nothing else. */
static bool is_too_large(const struct build_item *item, int64_t keep_bytes)
{
    return item->mount && keep_bytes >= 0 && item->bytes > keep_bytes;
}

static int by_use(const void *va, const void *vb, void *keep_bytes)
{
    const struct build_item *const *a = va, *const *b = vb;
    int large = is_too_large(*b, *(const int64_t *)keep_bytes) - is_too_large(*a, *(const int64_t *)keep_bytes);

    if (large)
        return large;
    return ((*a)->used > (*b)->used) - ((*a)->used < (*b)->used);
}

/* ---- removing ---- */

static int remove_record(struct pruning *p, struct build_item *item, struct err *err)
{
    if (unlinkat(p->records, item->name, 0) < 0 && errno != ENOENT)
        return err_errno(err, errno, "removing build-cache/records/%s", item->name);
    item->gone = true;
    if (item->layer)
        item->layer->steps--;
    failpoint("build-prune");
    return 0;
}

/* Its lock is asked once more: a build that took it meanwhile goes on with it. */
static int remove_mount(struct pruning *p, struct build_item *item, struct err *err)
{
    _cleanup_free_ char *path = str_printf(BUILD_MOUNTS "/%s", item->name);
    _cleanup_fd_ int fd = openat(p->top, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int r;

    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
        return 0;
    r = store_discard(p->store, STORE_BUILD, path, false, err);
    item->gone = r == 0;
    p->bytes += item->gone ? item->bytes : 0;
    return r;
}

static int remove_items(struct pruning *p, struct err *err)
{
    struct build_item **order = mem_zalloc(p->items.items.n, sizeof(struct build_item *));
    int64_t keep_bytes = p->how->keep_bytes;
    int64_t left = p->how->keep_bytes < 0 ? 0 : build_items_bytes(&p->items, false);
    size_t n = 0;
    int r = 0;

    VEC_FOREACH (item, &p->items.items)
        if (may_go(p, item))
            order[n++] = item;
    if (n > 1)
        qsort_r(order, n, sizeof(struct build_item *), by_use, &keep_bytes);
    for (size_t i = 0; r == 0 && i < n && (p->how->keep_bytes < 0 || left > p->how->keep_bytes); i++) {
        struct build_item *item = order[i];

        r = item->mount ? remove_mount(p, item, err) : remove_record(p, item, err);
        if (item->gone)
            left -= item->mount                                                  ? item->bytes
                    : item->layer && !item->layer->steps && !item->layer->shared ? item->layer->bytes
                                                                                 : 0;
    }
    free(order);
    return r;
}

static const struct build_layer_use *find_use(const struct pruning *p, const struct digest *d)
{
    VEC_FOREACH (l, &p->items.layers)
        if (digest_equal(&l->diff_id, d))
            return l;
    return NULL;
}

/* A layer of the cache that no step has any more, or never had: a build that was killed made it. */
static int drop_layer(const struct digest *d, void *data, struct err *err)
{
    struct pruning *p = data;
    const struct build_layer_use *use = find_use(p, d);
    char path[STORE_DIGEST_PATH_MAX];

    if ((use && (use->steps || use->held)) || store_digests_have(&p->leased, d) || (!use && p->oldest != INT64_MAX))
        return 0;
    return store_discard(p->store, STORE_BUILD_LAYERS, store_digest_path(d, path), false, err);
}

/* What is remembered, where nobody runs who would have to look again. */
static int drop_hint(int dir, const char *name, void *data, struct err *err)
{
    const struct pruning *p = data;
    struct stat st;
    int64_t used = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? store_build_time_of(&st.st_mtim) : INT64_MAX;

    if (used >= p->oldest || (p->how->older_than && used >= p->how->older_than))
        return 0;
    return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? err_errno(err, errno, "removing %s", name) : 0;
}

static int drop_rest(struct pruning *p, struct err *err)
{
    int r = store_each_digest(p->store, STORE_BUILD_LAYERS, drop_layer, p, err);

    if (r < 0 || !p->how->mounts || p->how->keep_bytes > 0)
        return r;
    r = store_each_name(p->top, BUILD_FILES, drop_hint, p, err);
    return r < 0 ? r : store_each_name(p->top, BUILD_MEMOS, drop_hint, p, err);
}

/* Under the lock: nobody finds a step or uses a layer meanwhile. */
static int remove_all(struct pruning *p, struct err *err)
{
    _cleanup_fd_ int lock = -1;
    int r = store_build_lock(p->store, LOCK_EXCLUSIVE, LOCK_WAIT, &lock, err);

    if (r == 0)
        r = store_build_oldest(p->store, &p->oldest, err);
    if (r == 0)
        r = build_items_read(p->store, true, &p->items, err);
    if (r == 0)
        r = build_items_share(p->store, &p->items, err);
    if (r == 0)
        r = find_leased(p, err);
    if (r == 0)
        r = remove_items(p, err);
    return r < 0 ? r : drop_rest(p, err);
}

/* Bytes of a step are said with the last that had its layer. */
static void tell(struct pruning *p)
{
    VEC_FOREACH (item, &p->items.items) {
        int64_t bytes = item->mount ? item->bytes : 0;

        if (!item->gone)
            continue;
        if (item->layer && !item->layer->steps && !item->layer->shared) {
            bytes = item->layer->bytes;
            item->layer->steps = SIZE_MAX;
            p->bytes += bytes;
        }
        if (p->how->removed)
            p->how->removed(item->mount ? item->shown : item->name, bytes, p->how->data);
    }
}

static int prune(struct pruning *p, struct err *err)
{
    const struct store_gc_options gc = {.removed = NULL};
    int r = store_dir(p->store, STORE_BUILD, &p->top, err);

    if (r == 0)
        r = store_build_dir(p->store, BUILD_RECORDS, &p->records, err);
    if (r == 0)
        r = remove_all(p, err);
    if (r < 0)
        return r;
    tell(p);
    return store_gc(p->store, &gc, err);
}

int store_build_prune(struct store *s, const struct store_build_prune *how, int64_t *ret_bytes, struct err *err)
{
    struct pruning p = {.store = s, .how = how, .records = -1};
    int r = store_build_exists(s) ? prune(&p, err) : 0;

    fd_close(p.records);
    build_items_release(&p.items);
    free(p.leased.v);
    *ret_bytes = p.bytes;
    return r;
}

/* ---- the ceiling ---- */

static int64_t read_size(int fd)
{
    char text[32] = "";
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    int64_t size;

    return n > 0 && num_parse_i64(text, 0, INT64_MAX, &size, NULL) == 0 ? size : -1;
}

static int write_size(int fd, int64_t size, struct err *err)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%lld", (long long)size);

    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
        return err_errno(err, errno, "writing build-cache/" BUILD_SIZE);
    return 0;
}

static int measure(struct store *s, bool shared, int64_t *ret, struct err *err)
{
    _cleanup_(build_items_release) struct build_items items = {.layers = {0}};
    int r = build_items_read(s, true, &items, err);

    if (r == 0 && !shared)
        r = build_items_share(s, &items, err);
    *ret = build_items_bytes(&items, shared);
    return r;
}

/* Removes until there is room, and somewhat more, so that not each step begins with removing. 1 where there is. */
static int enforce(struct store *s, int64_t bytes, int64_t ceiling, struct err *err)
{
    const struct store_build_prune how = {
        .keep_bytes = MIN_OF(ceiling - bytes, ceiling / 10 * 9), .unshared = true, .mounts = true};
    int64_t size, removed;
    int r = measure(s, false, &size, err);

    if (r < 0 || bytes > ceiling || size + bytes <= ceiling)
        return r < 0 ? r : bytes <= ceiling;
    r = store_build_prune(s, &how, &removed, err);
    if (r == 0)
        r = measure(s, false, &size, err);
    return r < 0 ? r : size + bytes <= ceiling;
}

/* `size` is what all steps and mounts take and at most so much: what goes is not taken from it before it is measured
 * again, which it is when it comes to the ceiling. */
int store_build_make_room(struct store *s, int64_t bytes, int64_t ceiling, int *ret_lock, struct err *err)
{
    int64_t size;
    int room = 1, top, r = store_dir(s, STORE_BUILD, &top, err);

    if (r == 0)
        r = lock_take(top, BUILD_SIZE, LOCK_EXCLUSIVE, LOCK_WAIT, ret_lock, err);
    if (r < 0)
        return r;
    size = read_size(*ret_lock);
    if (size < 0 || (ceiling > 0 && size + bytes > ceiling))
        r = measure(s, true, &size, err);
    if (r == 0 && ceiling > 0 && size + bytes > ceiling) {
        room = enforce(s, bytes, ceiling, err);
        r = room < 0 ? room : measure(s, true, &size, err);
    }
    if (r == 0)
        r = write_size(*ret_lock, size + (room ? bytes : 0), err);
    return r < 0 ? r : room;
}

int store_build_trim(struct store *s, int64_t ceiling, struct err *err)
{
    _cleanup_fd_ int lock = -1;
    int64_t size;
    int top, r = store_dir(s, STORE_BUILD, &top, err);

    if (r < 0 || !ceiling)
        return r;
    r = lock_take(top, BUILD_SIZE, LOCK_EXCLUSIVE, LOCK_WAIT, &lock, err);
    if (r < 0)
        return r;
    size = read_size(lock);
    if (size >= 0 && size <= ceiling)
        return 0;
    r = measure(s, true, &size, err);
    if (r == 0 && size > ceiling) {
        r = enforce(s, 0, ceiling, err);
        r = r < 0 ? r : measure(s, true, &size, err);
    }
    return r < 0 ? r : write_size(lock, size, err);
}

/* Layers of steps, before they are known to be on disk. */
#include "store/build_cache_internal.h"

#include "base/id.h"
#include "store/blob.h"
#include "store/internal.h"
#include "store/placement.h"
#include "sys/atomic.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* ---- places ---- */

/* What a place's name ends with; its lock's with STORE_STAGE_LOCK, as those of layers that are unpacked: so they are
 * swept together (store/gc.c). */
#define PLACE_END ".0"

static char *lock_name_of(const char *name)
{
    return str_printf("%.*s" STORE_STAGE_LOCK, (int)(strlen(name) - strlen(PLACE_END)), name);
}

static int make_place(struct store *s, int tmp, const char *name, int *ret_dir, struct err *err)
{
    _cleanup_fd_ int dir = -1;
    int r = store_placement_mkdir(s, tmp, name, err);

    if (r < 0)
        return r;
    dir = openat(tmp, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0 || mkdirat(dir, "tree", 0755) < 0 || fchmodat(dir, "tree", 0755, 0) < 0 ||
        mkdirat(dir, "work", 0700) < 0)
        return err_errno(err, errno, "making tmp/%s", name);
    *ret_dir = steal_fd(&dir);
    return 0;
}

int store_build_stage(struct store *s, int *ret_dir, char **ret_name, int *ret_lock, struct err *err)
{
    _cleanup_free_ char *name = NULL, *lock_name = NULL;
    _cleanup_fd_ int lock = -1;
    char unique[17];
    int tmp, r = store_dir(s, STORE_TMP, &tmp, err);

    if (r == 0)
        r = store_staging_make(tmp, err);
    if (r < 0)
        return r;
    id_hex(unique, 16);
    name = str_printf(STORE_STAGING "/build-%s" PLACE_END, unique);
    lock_name = lock_name_of(name);
    r = lock_take(tmp, lock_name, LOCK_EXCLUSIVE, LOCK_TRY, &lock, err);
    if (r < 0)
        return r;
    r = make_place(s, tmp, name, ret_dir, err);
    if (r < 0) {
        store_build_unstage(s, name, NULL);
        return r;
    }
    *ret_name = steal_ptr(&name);
    *ret_lock = steal_fd(&lock);
    failpoint("build-stage");
    return 0;
}

static void drop_lock(int tmp, const char *name)
{
    _cleanup_free_ char *lock_name = lock_name_of(name);

    unlinkat(tmp, lock_name, 0);
}

int store_build_unstage(struct store *s, const char *name, struct err *err)
{
    int tmp, r = store_discard(s, STORE_TMP, name, true, err);

    if (store_dir(s, STORE_TMP, &tmp, NULL) == 0)
        drop_lock(tmp, name);
    return r;
}

/* ---- layers ---- */

bool store_build_layer_has(struct store *s, const struct digest *diff_id)
{
    char path[STORE_DIGEST_PATH_MAX];
    _cleanup_free_ char *below = str_printf("build-cache/layers/%s", store_digest_path(diff_id, path));
    int root;

    return store_dir(s, STORE_ROOT, &root, NULL) == 0 && faccessat(root, below, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int store_build_each_layer(struct store *s, int (*each)(const struct digest *d, void *data, struct err *err),
                           void *data, struct err *err)
{
    return store_build_exists(s) ? store_each_digest(s, STORE_BUILD_LAYERS, each, data, err) : 0;
}

static int make_parent(int layers, const struct digest *d, struct err *err)
{
    if (mkdirat(layers, digest_algorithm_name(d->algorithm), 0700) < 0 && errno != EEXIST)
        return err_errno(err, errno, "making layers/%s", digest_algorithm_name(d->algorithm));
    return 0;
}

/* What a step had beside its tree. */
static int drop_other(int dir, const char *name, void *data _unused_, struct err *err)
{
    return str_eq(name, "tree") || str_eq(name, "manifest") ? 0 : path_remove_tree(dir, name, err);
}

static int finish_place(int tmp, const char *name, const struct store_layer_info *info, struct err *err)
{
    _cleanup_fd_ int dir = openat(tmp, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int r;

    if (dir < 0)
        return err_errno(err, errno, "tmp/%s", name);
    r = store_each_name(dir, ".", drop_other, NULL, err);
    return r < 0 ? r : store_layer_write_info(dir, info, err);
}

/* A layer that the store has comes into the cache as well: there it stays until a step is kept that needs it, whatever
 * a collection is removing at the moment. */
static int publish(struct store *s, const struct digest *diff_id, int tmp, const char *name, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    int layers, r = store_dir(s, STORE_BUILD_LAYERS, &layers, err);

    if (r == 0)
        r = make_parent(layers, diff_id, err);
    if (r < 0)
        return r;
    failpoint("build-layer-made");
    if (renameat(tmp, name, layers, store_digest_path(diff_id, path)) == 0) {
        drop_lock(tmp, name);
        failpoint("build-layer-added");
        return 0;
    }
    if (errno == EEXIST || errno == ENOTEMPTY)
        return store_build_unstage(s, name, err);
    return err_errno(err, errno, "keeping layer %s", path);
}

int store_build_add_layer(struct store *s, const struct digest *diff_id, const struct store_layer_info *info,
                          const char *name, struct err *err)
{
    _cleanup_fd_ int lock = -1;
    int tmp, r = store_dir(s, STORE_TMP, &tmp, err);

    if (r == 0)
        r = finish_place(tmp, name, info, err);
    if (r == 0)
        r = store_build_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);
    if (r == 0)
        r = publish(s, diff_id, tmp, name, err);
    if (r < 0)
        store_build_unstage(s, name, NULL);
    return r;
}

int store_build_layer_path(struct store *s, const struct digest *diff_id, char **ret, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX], text[DIGEST_TEXT_MAX];

    store_digest_path(diff_id, path);
    if (store_build_layer_has(s, diff_id))
        *ret = str_printf("build-cache/layers/%s/tree", path);
    else if (store_layer_has(s, diff_id))
        *ret = str_printf("layers/%s/tree", path);
    else
        return err_set(err, ERR_NOT_FOUND, "layer %s is not in the store", digest_format(diff_id, text));
    return 0;
}

/* ---- settling ---- */

struct settling {
    struct store *store;
    int from, to;
    store_digests layers;
};

static int find_kept(const struct digest *d, void *data, struct err *err _unused_)
{
    struct settling *st = data;
    char path[STORE_DIGEST_PATH_MAX];
    _cleanup_free_ char *kept = str_printf("%s/" BUILD_KEPT, store_digest_path(d, path));

    if (faccessat(st->from, kept, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        *VEC_PUSH(&st->layers) = *d;
    return 0;
}

/* The one that is in layers/ already is as good. */
static int move(struct settling *st, const struct digest *d, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    _cleanup_free_ char *kept = str_printf("%s/" BUILD_KEPT, store_digest_path(d, path));

    if (renameat(st->from, path, st->to, path) < 0) {
        if (errno == EEXIST || errno == ENOTEMPTY)
            return store_discard(st->store, STORE_BUILD_LAYERS, path, false, err);
        return errno == ENOENT ? 0 : err_errno(err, errno, "storing layer %s", path); /* another build did it */
    }
    unlinkat(st->to, kept, 0);
    failpoint("build-settle-moved");
    return 0;
}

/* The store lock keeps a collection from seeing the layers and not the records that keep them. */
static int move_all(struct settling *st, struct err *err)
{
    _cleanup_fd_ int lock = -1, store_lock_fd = -1;
    int r = store_build_lock(st->store, LOCK_EXCLUSIVE, LOCK_WAIT, &lock, err);

    if (r == 0)
        r = store_lock(st->store, LOCK_SHARED, LOCK_WAIT, &store_lock_fd, err);
    VEC_FOREACH (d, &st->layers)
        r = r < 0 ? r : move(st, d, err);
    return r;
}

static int sync_targets(const struct settling *st, struct err *err)
{
    int r = atomic_sync_dir(st->to, ".", err);

    for (enum digest_algorithm a = DIGEST_SHA256; r == 0 && a <= DIGEST_SHA512; a++)
        if (faccessat(st->to, digest_algorithm_name(a), F_OK, 0) == 0)
            r = atomic_sync_dir(st->to, digest_algorithm_name(a), err);
    return r;
}

static int settle(struct settling *st, struct err *err)
{
    int root, r = store_dir(st->store, STORE_ROOT, &root, err);

    VEC_FOREACH (d, &st->layers)
        r = r < 0 ? r : make_parent(st->to, d, err);
    failpoint("build-settle");
    if (r == 0 && syncfs(root) < 0)
        r = err_errno(err, errno, "writing back %s", store_root_path(st->store));
    failpoint("build-settle-synced");
    if (r == 0)
        r = move_all(st, err);
    if (r == 0)
        r = sync_targets(st, err);
    return r;
}

int store_build_settle(struct store *s, struct err *err)
{
    struct settling st = {.store = s};
    int r = store_dir(s, STORE_BUILD_LAYERS, &st.from, err);

    if (r == 0)
        r = store_dir(s, STORE_LAYERS, &st.to, err);
    if (r == 0)
        r = store_each_digest(s, STORE_BUILD_LAYERS, find_kept, &st, err);
    if (r == 0 && st.layers.n > 0)
        r = settle(&st, err);
    free(st.layers.v);
    return r;
}

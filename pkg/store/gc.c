#include "store/gc.h"

#include "base/id.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/time.h"
#include "base/vec.h"
#include "store/blob.h"
#include "store/build_cache.h"
#include "store/internal.h"
#include "store/needs.h"
#include "store/tag.h"
#include "store/uses.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { LEASE_MAX = 16 << 20 }; /* some 200,000 digests */

struct marking {
    struct store *store;
    struct store_needs needs; /* alive */
    store_digests images;     /* manifests to follow */
    store_digests indexes;    /* of which all platforms are kept */
};

static void marking_release(struct marking *m)
{
    store_needs_release(&m->needs);
    free(m->images.v);
    free(m->indexes.v);
}

/* ---- marking ---- */

static int mark_tags(struct marking *m, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    int r = store_tag_list(m->store, &tags, err);

    for (size_t i = 0; r == 0 && i < tags.n; i++) {
        *VEC_PUSH(&m->needs.blobs) = tags.v[i].target;
        *VEC_PUSH(&m->images) = tags.v[i].manifest;
        if (tags.v[i].complete)
            *VEC_PUSH(&m->indexes) = tags.v[i].target;
    }
    return r;
}

static int mark_use(const struct store_use *use, void *data, struct err *err)
{
    struct marking *m = data;
    struct digest d;

    (void)err;
    if (use->manifest.algorithm != DIGEST_NONE)
        *VEC_PUSH(&m->images) = use->manifest;
    STRV_FOREACH (layer, use->layers)
        if (digest_parse(*layer, &d, NULL) == 0)
            *VEC_PUSH(&m->needs.layers) = d;
    return 0;
}

/* A lease is lines of "b DIGEST" and "l DIGEST". */
static int read_lease(struct store_needs *to, int tmp, const char *name, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(LEASE_MAX);
    _cleanup_strv_ char **lines = NULL;
    struct err why = ERR_INIT;
    int r = fd_read_file(tmp, name, &text, &why);

    /* Freed at this moment: what it kept has a name by now, or was given up. No name is written while the lock is held
     * exclusively, so it was there when the tags were read. */
    if (r == ERR_NOT_FOUND)
        return 0;
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    lines = strv_split(buf_str(&text), '\n');
    STRV_FOREACH (line, lines) {
        struct digest d;

        if (!**line)
            continue;
        r = digest_parse(*line + 2, &d, err);
        if (r < 0)
            return err_wrap(err, "tmp/%s", name);
        if (**line == 'b')
            *VEC_PUSH(&to->blobs) = d;
        else
            *VEC_PUSH(&to->layers) = d;
    }
    return 0;
}

static int mark_lease(int tmp, const char *name, void *data, struct err *err)
{
    _cleanup_fd_ int lock = -1;
    struct err why = ERR_INIT;
    int r;

    if (!str_after(name, STORE_LEASE_PREFIX))
        return 0;
    r = lock_take(tmp, name, LOCK_EXCLUSIVE, LOCK_TRY, &lock, &why);
    if (r == ERR_BUSY)
        return read_lease(data, tmp, name, err);
    if (r == 0)
        unlinkat(tmp, name, 0); /* of a pull that is no more */
    else if (err)               /* nobody knows whether it lives */
        *err = why;
    return r;
}

int store_leases_add(struct store *s, struct store_needs *to, struct err *err)
{
    int tmp;
    int r = store_dir(s, STORE_TMP, &tmp, err);

    return r < 0 ? r : store_each_name(tmp, ".", mark_lease, to, err);
}

static int unknown_needs(const struct digest *d, struct err *err)
{
    char text[DIGEST_TEXT_MAX];

    err_wrap(err, "image %s, without which it is not known what can be removed", digest_format(d, text));
    err_hint(err, "pull the image again or remove all of its names");
    return err ? err->kind = ERR_CORRUPT : ERR_CORRUPT;
}

static int mark(struct marking *m, struct err *err)
{
    int r = mark_tags(m, err);

    if (r == 0)
        r = store_each_use(m->store, mark_use, m, err);
    if (r == 0)
        r = store_leases_add(m->store, &m->needs, err);
    if (r == 0)
        r = store_build_add_needs(m->store, &m->needs, err);
    store_digests_sort(&m->images);
    for (size_t i = 0; i < m->images.n; i++) {
        if (r == 0 && store_needs_add_image(m->store, &m->images.v[i], &m->needs, err) < 0)
            r = unknown_needs(&m->images.v[i], err);
    }
    for (size_t i = 0; i < m->indexes.n; i++) {
        if (r == 0 && store_needs_add_index(m->store, &m->indexes.v[i], &m->needs, err) < 0)
            r = unknown_needs(&m->indexes.v[i], err);
    }
    store_digests_sort(&m->needs.blobs);
    store_digests_sort(&m->needs.layers);
    return r;
}

/* ---- sweeping ---- */

struct sweep {
    struct store *store;
    enum store_dir dir;
    const store_digests *alive;
    store_digests dead;
};

static int find_dead(const struct digest *d, void *data, struct err *err)
{
    struct sweep *sw = data;

    (void)err;
    if (!store_digests_have(sw->alive, d))
        *VEC_PUSH(&sw->dead) = *d;
    return 0;
}

static int sweep(struct store *s, enum store_dir dir, const store_digests *alive,
                 const struct store_gc_options *options, struct err *err)
{
    struct sweep sw = {.store = s, .dir = dir, .alive = alive};
    int r = store_each_digest(s, dir, find_dead, &sw, err);

    for (size_t i = 0; r == 0 && i < sw.dead.n; i++) {
        r = dir == STORE_BLOBS ? store_blob_discard(s, &sw.dead.v[i], err) : store_layer_discard(s, &sw.dead.v[i], err);
        failpoint("gc-discarded");
        if (r == 0 && options->removed)
            options->removed(dir, &sw.dead.v[i], options->data);
    }
    free(sw.dead.v);
    return r;
}

/* ---- tmp/ ---- */

struct unfinished {
    struct store *store;
    bool downloads; /* go, whatever they are worth */
};

/* Unfinished downloads are worth continuing for some days. */
static bool worth_keeping(int dirfd, const char *name)
{
    struct stat st;

    return str_after(name, STORE_PARTIAL_PREFIX) && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_size > 0 && time_now() / 1000000000 - st.st_mtime < STORE_PARTIAL_KEEP_DAYS * 86400;
}

/* Removes a directory of tmp/ that nobody has locked: a container or a skeleton that was being made. */
static int sweep_directory(int tmp, const char *name, struct store *s, struct err *err)
{
    _cleanup_fd_ int lock = -1;

    if (str_eq(name, STORE_STAGING) || str_eq(name, STORE_TRASH))
        return 0;
    return lock_dir(tmp, name, LOCK_TRY, &lock, NULL) < 0 ? 0 : store_discard(s, STORE_TMP, name, false, err);
}

/* Removes a file of tmp/ that nobody has locked. The name is locked as its maker does it, so that one who is just
 * making it notices. */
static int sweep_file(int tmp, const char *name, void *data, struct err *err)
{
    const struct unfinished *u = data;
    _cleanup_fd_ int lock = -1;
    struct stat st;

    if (fstatat(tmp, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || (!u->downloads && worth_keeping(tmp, name)))
        return 0;
    if (S_ISDIR(st.st_mode))
        return sweep_directory(tmp, name, u->store, err);
    if (!S_ISREG(st.st_mode))
        return 0;
    if (lock_take(tmp, name, LOCK_EXCLUSIVE, LOCK_TRY, &lock, NULL) == 0)
        unlinkat(tmp, name, 0);
    return 0;
}

/* A layer that was being unpacked, LAYER.UNIQUE, or a lock, LAYER.lock. */
static int sweep_stage(int staging, const char *name, void *data, struct err *err)
{
    struct store *s = data;
    _cleanup_free_ char *layer = str_ndup(name, strcspn(name, "."));
    _cleanup_free_ char *lock_name = str_printf("%s" STORE_STAGE_LOCK, layer);
    _cleanup_free_ char *path = str_printf(STORE_STAGING "/%s", name);
    _cleanup_fd_ int lock = -1;
    int r = 0;

    if (lock_take(staging, lock_name, LOCK_EXCLUSIVE, LOCK_TRY, &lock, NULL) < 0)
        return 0;
    if (!str_eq(name, lock_name))
        r = store_discard(s, STORE_TMP, path, false, err);
    unlinkat(staging, lock_name, 0);
    return r;
}

static int sweep_unfinished(struct store *s, bool downloads, struct err *err)
{
    struct unfinished u = {s, downloads};
    int tmp;
    int r = store_dir(s, STORE_TMP, &tmp, err);

    if (r == 0)
        r = store_each_name(tmp, ".", sweep_file, &u, err);
    if (r == 0)
        r = store_each_name(tmp, STORE_STAGING, sweep_stage, s, err);
    return r < 0 ? err_wrap(err, "cleaning %s/tmp", store_root_path(s)) : 0;
}

int store_sweep_unfinished(struct store *s, struct err *err)
{
    return sweep_unfinished(s, false, err);
}

/* ---- all of it ---- */

int store_gc(struct store *s, const struct store_gc_options *options, struct err *err)
{
    _cleanup_(marking_release) struct marking m = {.store = s};
    _cleanup_fd_ int lock = -1;
    int r = store_lock(s, LOCK_EXCLUSIVE, LOCK_WAIT, &lock, err);

    if (r < 0)
        return r;
    r = mark(&m, err);
    /* Layers first: without the blobs a layer could not be made again, without the layer it can. */
    if (r == 0)
        r = sweep(s, STORE_LAYERS, &m.needs.layers, options, err);
    if (r == 0)
        r = sweep(s, STORE_BLOBS, &m.needs.blobs, options, err);
    if (r == 0)
        r = store_tag_tidy(s, err);
    lock = fd_close(lock);
    failpoint("gc-unlocked");
    if (r == 0)
        r = sweep_unfinished(s, options->downloads, err);
    return r < 0 ? r : store_empty_trash(s, err);
}

/* ---- leases ---- */

struct store_lease {
    int tmp;
    int lock;
    char name[40];
};

static void add_lines(struct buf *text, char kind, const struct digest *d, size_t n)
{
    char digest[DIGEST_TEXT_MAX];

    for (size_t i = 0; i < n; i++)
        buf_addf(text, "%c %s\n", kind, digest_format(&d[i], digest));
}

int store_lease_take(struct store *s, const struct digest *blobs, size_t n_blobs, const struct digest *layers,
                     size_t n_layers, struct store_lease **ret, struct err *err)
{
    _cleanup_(store_lease_free_cleanup) struct store_lease *l = mem_zalloc(1, sizeof(*l));
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_fd_ int store_lock_fd = -1;
    char unique[25];
    int r;

    l->tmp = l->lock = -1;
    add_lines(&text, 'b', blobs, n_blobs);
    add_lines(&text, 'l', layers, n_layers);
    if (text.len > LEASE_MAX) /* or nobody could collect as long as it is held */
        return err_set(err, ERR_LIMIT, "%zu blobs and layers at once are too many", n_blobs + n_layers);
    id_hex(unique, 24);
    snprintf(l->name, sizeof(l->name), STORE_LEASE_PREFIX "%s", unique);
    r = store_dir(s, STORE_TMP, &l->tmp, err);
    if (r == 0)
        r = store_lock(s, LOCK_SHARED, LOCK_WAIT, &store_lock_fd, err);
    if (r == 0)
        r = lock_take(l->tmp, l->name, LOCK_EXCLUSIVE, LOCK_TRY, &l->lock, err);
    if (r < 0)
        return r;
    r = fd_write_all(l->lock, buf_str(&text), text.len);
    if (r < 0)
        return err_errno(err, -r, "writing %s/tmp/%s", store_root_path(s), l->name);
    *ret = steal_ptr(&l);
    return 0;
}

void store_lease_free(struct store_lease *l)
{
    if (!l)
        return;
    if (l->lock >= 0)
        unlinkat(l->tmp, l->name, 0);
    fd_close(l->lock);
    free(l);
}

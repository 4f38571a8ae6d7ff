#include "build/squash.h"

#include "base/strv.h"
#include "build/cache.h"
#include "build/output_image.h"
#include "image/signals.h"
#include "layer/overlay.h"
#include "store/build_cache.h"
#include "sys/copy_tree.h"
#include "sys/dir.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The same directory in several layers, the topmost first, as far down as it is seen: of those that become one, and of
 * the base. */
struct sheets {
    VEC(int) dirs, base;
    bool hides; /* also what the base has there */
};

static void sheets_release(struct sheets *s)
{
    VEC_FOREACH (dir, &s->dirs)
        fd_close(*dir);
    VEC_FOREACH (dir, &s->base)
        fd_close(*dir);
    free(s->dirs.v);
    free(s->base.v);
}

static void add_sheet(struct sheets *s, int fd)
{
    *VEC_PUSH(&s->dirs) = fd;
    s->hides = layer_overlay_opaque(fd);
}

/* Of the base only what is seen counts, and a mark on a directory that it does not have says nothing. */
static void end_sheets(struct sheets *s)
{
    if (!s->hides)
        return;
    s->hides = s->base.n > 0;
    VEC_FOREACH (dir, &s->base)
        fd_close(*dir);
    s->base.n = 0;
}

/* ---- merging ---- */

static int fail(const char *name, int errnum, struct err *err)
{
    return err_errno(err, errnum, "merging layers: %.200s", name);
}

/* The names of all of them, each once. */
static int list_names(const struct sheets *s, char ***ret, struct err *err)
{
    char **all = NULL;
    size_t n = 0, kept = 0;

    VEC_FOREACH (dir, &s->dirs) {
        _cleanup_strv_ char **names = NULL;
        int r = dir_names(*dir, &names);

        if (r < 0) {
            strv_free(all);
            return fail("a directory", -r, err);
        }
        for (size_t i = 0; names && names[i]; i++) {
            strv_take_at(&all, n++, names[i]);
            names[i] = NULL;
        }
    }
    strv_sort(all);
    for (size_t i = 0; i < n; i++) {
        if (kept && str_eq(all[kept - 1], all[i]))
            free(all[i]);
        else
            all[kept++] = all[i];
    }
    if (all)
        all[kept] = NULL;
    *ret = all;
    return 0;
}

static int merge(const struct sheets *s, int out, int depth, struct err *err);

static int merge_directory(const struct sheets *s, int out, const char *name, int depth, struct err *err)
{
    struct copy_tree how = {.privileged = false};
    _cleanup_fd_ int fd = -1;
    int r;

    if (mkdirat(out, name, 0700) < 0)
        return fail(name, errno, err);
    fd = openat(out, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail(name, errno, err);
    r = merge(s, fd, depth + 1, err);
    if (r == 0) /* its time as well, so at last */
        r = copy_tree_status(&how, s->dirs.v[0], fd, err);
    return r;
}

/* Whether the base shows something under the name. */
static bool in_base(const struct sheets *s, const char *name)
{
    VEC_FOREACH (dir, &s->base) {
        struct stat st;

        if (fstatat(*dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            return !layer_overlay_whiteout(*dir, name, &st);
    }
    return false;
}

/* The directories of the base below those of `s`. */
static int find_base(const struct sheets *s, const char *name, struct sheets *ret, struct err *err)
{
    VEC_FOREACH (dir, &s->base) {
        int fd = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
            break;
        if (fd < 0)
            return fail(name, errno, err);
        *VEC_PUSH(&ret->base) = fd;
        if (layer_overlay_opaque(fd))
            break;
    }
    return 0;
}

/* Anything but a directory. A whiteout in a directory that has nothing below it would be seen. */
static int take_name(const struct sheets *s, int dir, const char *name, const struct stat *st, int out, struct err *err)
{
    if (layer_overlay_whiteout(dir, name, st) && !in_base(s, name))
        return 0;
    return linkat(dir, name, out, name, 0) < 0 ? fail(name, errno, err) : 0;
}

/* What one name is: the topmost of it, or where that is a directory all that are seen below it. */
static int merge_name(const struct sheets *s, int out, const char *name, int depth, struct err *err)
{
    _cleanup_(sheets_release) struct sheets below = {.hides = false};
    int r;

    for (size_t i = 0; i < s->dirs.n && !below.hides; i++) {
        struct stat st;
        int fd;

        if (fstatat(s->dirs.v[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno == ENOENT)
                continue;
            return fail(name, errno, err);
        }
        if (!S_ISDIR(st.st_mode)) {
            if (below.dirs.n == 0)
                return take_name(s, s->dirs.v[i], name, &st, out, err);
            below.hides = true; /* gone, or no directory, in between */
            break;
        }
        fd = openat(s->dirs.v[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return fail(name, errno, err);
        add_sheet(&below, fd);
    }
    r = find_base(s, name, &below, err);
    end_sheets(&below);
    if (r == 0)
        r = image_signals_check(err);
    return r < 0 ? r : merge_directory(&below, out, name, depth, err);
}

static int merge(const struct sheets *s, int out, int depth, struct err *err)
{
    const char *opaque = geteuid() == 0 ? "trusted.overlay.opaque" : "user.overlay.opaque";
    _cleanup_strv_ char **names = NULL;
    int r;

    if (depth > COPY_DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "directories are nested more than %d deep", COPY_DEPTH_MAX);
    if (s->hides && fsetxattr(out, opaque, "y", 1, 0) < 0)
        return fail(opaque, errno, err);
    r = list_names(s, &names, err);
    STRV_FOREACH (name, names)
        r = r < 0 ? r : merge_name(s, out, *name, depth, err);
    return r;
}

/* ---- the layer ---- */

static int open_layer(struct store *s, const struct digest *diff_id, int *ret, struct err *err)
{
    _cleanup_free_ char *path = NULL;
    int root, r = store_build_layer_path(s, diff_id, &path, err);

    if (r == 0)
        r = store_dir(s, STORE_ROOT, &root, err);
    if (r < 0)
        return r;
    *ret = openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *ret < 0 ? err_errno(err, errno, "%s", path) : 0;
}

static int merge_layers(struct store *s, const struct build_finished *f, size_t below, int tree, struct err *err)
{
    _cleanup_(sheets_release) struct sheets sheets = {.hides = false};
    _cleanup_fd_ int lock = -1;
    int r = store_build_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);

    for (size_t i = f->layers.n; r == 0 && i-- > below && !sheets.hides;) {
        int fd;

        r = open_layer(s, &f->layers.v[i], &fd, err);
        if (r == 0)
            add_sheet(&sheets, fd);
    }
    for (size_t i = below; r == 0 && i-- > 0;) {
        int fd;

        r = open_layer(s, &f->layers.v[i], &fd, err);
        if (r == 0)
            *VEC_PUSH(&sheets.base) = fd;
        if (r == 0 && layer_overlay_opaque(fd))
            break;
    }
    end_sheets(&sheets);
    return r < 0 ? r : merge(&sheets, tree, 0, err);
}

static int make_layer(struct store *s, const struct build_finished *f, size_t below, struct build_layer *ret,
                      struct err *err)
{
    _cleanup_free_ char *name = NULL;
    _cleanup_fd_ int dir = -1, lock = -1, tree = -1;
    int r = build_layer_begin(s, &dir, &name, &lock, err);

    if (r < 0)
        return r;
    tree = openat(dir, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tree < 0)
        r = err_errno(err, errno, "tmp/%s", name);
    if (r == 0)
        r = merge_layers(s, f, below, tree, err);
    if (r < 0) {
        store_build_unstage(s, name, NULL);
        return r;
    }
    return build_layer_make(s, dir, name, f->stage->epoch, -1, ret, err);
}

/* ---- once for the same layers, as a step ---- */

static int make_key(const struct build_finished *f, size_t below, struct build_key *ret, struct err *err)
{
    _cleanup_free_ char *epoch = str_printf("%lld", (long long)f->stage->epoch);
    char text[DIGEST_TEXT_MAX];

    ret->step = str_dup("--squash");
    build_key_add(ret, "squash", epoch);
    for (size_t i = below; i < f->layers.n; i++)
        build_key_add(ret, "layer", digest_format(&f->layers.v[i], text));
    return build_key_finish(ret, err);
}

static int get_layer(struct store *s, const struct build_finished *f, size_t below, int64_t ceiling,
                     struct build_layer *ret, struct err *err)
{
    _cleanup_build_key_ struct build_key key = {0};
    int r = make_key(f, below, &key, err);

    if (r < 0 || build_cache_find(s, key.hex, ret, NULL) == 0)
        return r;
    r = make_layer(s, f, below, ret, err);
    return r < 0 ? r : build_cache_keep(s, &key, ret, ceiling, err);
}

/* ---- what is said of it ---- */

static int describe(struct store *s, const struct build_finished *f, struct build_squashed *q, struct err *err)
{
    _cleanup_(image_documents_release) struct image_documents whole = {0};
    struct oci_image_config *config = &q->stage.config;
    size_t below = f->base ? f->base->config.history.n : 0;
    char id[DIGEST_TEXT_MAX], base_id[DIGEST_TEXT_MAX];
    struct oci_history *last;
    struct digest base;
    int r = build_output_documents(s, f, &whole, err);

    if (r == 0 && f->base)
        r = output_base_id(s, f->base, &base, err);
    if (r < 0)
        return r;
    for (size_t i = below; i < config->history.n; i++)
        config->history.v[i].empty_layer = true;
    digest_format(&whole.config.digest.digest, id);
    last = VEC_PUSH(&config->history);
    last->comment = f->base ? str_printf("merge %s to %s", id, digest_format(&base, base_id))
                            : str_printf("create new from %s", id);
    last->empty_layer = q->layer.empty;
    return 0;
}

int build_squash(struct store *s, const struct build_finished *f, int64_t ceiling, struct build_squashed *ret,
                 struct err *err)
{
    struct build_squashed q = {.stage = *f->stage, .finished = *f};
    size_t below = f->base ? oci_image_config_layers(&f->base->config) : 0;
    int r;

    q.stage.config = (struct oci_image_config){0};
    r = json_duplicate(&oci_image_config_type, &f->stage->config, &q.stage.config, err);
    if (r == 0 && f->layers.n > below)
        r = get_layer(s, f, below, ceiling, &q.layer, err);
    else
        q.layer.empty = true;
    if (r == 0)
        r = describe(s, f, &q, err);
    if (r < 0) {
        oci_image_config_release(&q.stage.config);
        return r;
    }
    q.finished.layers.v = NULL;
    q.finished.layers.n = q.finished.layers.cap = 0;
    for (size_t i = 0; i < below; i++)
        *VEC_PUSH(&q.finished.layers) = f->layers.v[i];
    if (!q.layer.empty)
        *VEC_PUSH(&q.finished.layers) = q.layer.diff_id;
    *ret = q;
    ret->finished.stage = &ret->stage;
    ret->finished.made = &ret->layer;
    ret->finished.n_made = 1;
    return 0;
}

void build_squashed_release(struct build_squashed *q)
{
    oci_image_config_release(&q->stage.config);
    free(q->finished.layers.v);
}

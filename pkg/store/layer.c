#include "store/layer.h"

#include "base/id.h"
#include "store/build_cache.h"
#include "store/internal.h"
#include "store/placement.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "json/json.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

enum { INFO_MAX = 4096, STAGE_NAME_MAX = STORE_DIGEST_PATH_MAX + 32 };

/* ext4's "top of directory hierarchies", as chattr(1) has it; linux/fs.h keeps it to itself under this name. */
#ifndef FS_TOPDIR_FL
#define FS_TOPDIR_FL 0x00020000
#endif

static const struct json_field info_fields[] = {
    JSON_FIELD(struct store_layer_info, "bytes", JSON_K_INT64, bytes, JSON_REQUIRED | JSON_KEEP_EMPTY),
    JSON_FIELD(struct store_layer_info, "members", JSON_K_INT64, members, JSON_REQUIRED | JSON_KEEP_EMPTY),
};

static const struct json_type info_type = {
    .name = "layer info",
    .size = sizeof(struct store_layer_info),
    .fields = info_fields,
    .n_fields = ARRAY_SIZE(info_fields),
};

struct store_stage {
    struct store *store;
    struct digest diff_id;
    char lock_name[STAGE_NAME_MAX]; /* below tmp/ */
    char name[STAGE_NAME_MAX];
    int lock;
    int dir;
    int tree;
    int manifest;
    bool again; /* a damaged layer is there, to be replaced */
    bool complete;
    bool published;
};

/* With the flag, once. */
int store_staging_make(int tmp, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    int flags = 0;

    if (mkdirat(tmp, STORE_STAGING, 0700) < 0) {
        if (errno == EEXIST)
            return 0;
        return err_errno(err, errno, "making tmp/" STORE_STAGING);
    }
    fd = openat(tmp, STORE_STAGING, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= FS_TOPDIR_FL;
        (void)ioctl(fd, FS_IOC_SETFLAGS, &flags); /* for speed alone */
    }
    return 0;
}

/* Removes the stage's directory and then its lock file, both ours. */
static void drop_files(struct store_stage *st)
{
    int tmp;

    if (st->lock < 0 || store_dir(st->store, STORE_TMP, &tmp, NULL) < 0)
        return;
    if (!st->published && st->dir >= 0)
        store_discard(st->store, STORE_TMP, st->name, true, NULL);
    unlinkat(tmp, st->lock_name, 0);
    st->lock = fd_close(st->lock);
}

/* What one who was killed left of the layer. */
static int drop_leftover(int staging, const char *name, void *data, struct err *err)
{
    struct store_stage *st = data;
    _cleanup_free_ char *path = str_printf(STORE_STAGING "/%s", name);
    const char *dot = strrchr(st->lock_name, '.');

    (void)staging;
    if (strncmp(path, st->lock_name, (size_t)(dot + 1 - st->lock_name)) != 0 || str_eq(path, st->lock_name))
        return 0;
    return store_discard(st->store, STORE_TMP, path, true, err);
}

/* The directory has a new name each time: ext4 starts its search for a place at the name's hash, and under its old name
 * a layer that was just removed would be put among its own deleted inodes. */
static int make_stage(struct store_stage *st, int tmp, struct err *err)
{
    char unique[9];
    int r = store_each_name(tmp, STORE_STAGING, drop_leftover, st, err);

    if (r < 0)
        return r;
    id_hex(unique, 8);
    snprintf(st->name, sizeof(st->name), STORE_STAGING "/%s-%s.%s", digest_algorithm_name(st->diff_id.algorithm),
             st->diff_id.hex, unique);
    r = store_placement_mkdir(st->store, tmp, st->name, err);
    if (r < 0)
        return r;
    st->dir = openat(tmp, st->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (st->dir < 0)
        return err_errno(err, errno, "opening tmp/%s", st->name);
    if (mkdirat(st->dir, "tree", 0755) < 0 || fchmodat(st->dir, "tree", 0755, 0) < 0)
        return err_errno(err, errno, "making tmp/%s/tree", st->name);
    st->tree = openat(st->dir, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    st->manifest = openat(st->dir, "manifest", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (st->tree < 0 || st->manifest < 0)
        return err_errno(err, errno, "opening tmp/%s", st->name);
    return 0;
}

static int stage_begin(struct store *s, const struct digest *diff_id, enum lock_wait wait, bool again,
                       struct store_stage **ret, struct err *err)
{
    _cleanup_(store_stage_free_cleanup) struct store_stage *st = NULL;
    int tmp, r;

    *ret = NULL;
    if (!again && store_layer_has(s, diff_id))
        return 0;
    st = mem_zalloc(1, sizeof(*st));
    *st = (struct store_stage){.store = s, .diff_id = *diff_id, .lock = -1, .dir = -1, .tree = -1, .manifest = -1};
    snprintf(st->lock_name, sizeof(st->lock_name), STORE_STAGING "/%s-%s" STORE_STAGE_LOCK,
             digest_algorithm_name(diff_id->algorithm), diff_id->hex);
    r = store_dir(s, STORE_TMP, &tmp, err);
    if (r == 0)
        r = store_staging_make(tmp, err);
    if (r == 0)
        r = lock_take(tmp, st->lock_name, LOCK_EXCLUSIVE, wait, &st->lock, err);
    if (r < 0)
        return r;
    st->again = again;
    if (!again && store_layer_has(s, diff_id)) /* the one we waited for unpacked it */
        return 0;
    r = make_stage(st, tmp, err);
    if (r < 0)
        return r;
    failpoint("stage-begun");
    *ret = steal_ptr(&st);
    return 0;
}

static void close_stage(struct store_stage *st)
{
    st->manifest = fd_close(st->manifest);
    st->tree = fd_close(st->tree);
    st->dir = fd_close(st->dir);
}

int store_stage_restart(struct store_stage *st, struct err *err)
{
    int tmp;
    int r = store_dir(st->store, STORE_TMP, &tmp, err);

    if (r < 0)
        return r;
    close_stage(st);
    return make_stage(st, tmp, err); /* which removes the old one, as one that was left behind */
}

int store_stage_begin(struct store *s, const struct digest *diff_id, enum lock_wait wait, struct store_stage **ret,
                      struct err *err)
{
    return stage_begin(s, diff_id, wait, false, ret, err);
}

int store_stage_begin_again(struct store *s, const struct digest *diff_id, enum lock_wait wait,
                            struct store_stage **ret, struct err *err)
{
    return stage_begin(s, diff_id, wait, true, ret, err);
}

void store_stage_free(struct store_stage *st)
{
    if (!st)
        return;
    drop_files(st);
    close_stage(st);
    free(st);
}

const struct digest *store_stage_diff_id(const struct store_stage *st)
{
    return &st->diff_id;
}

int store_stage_tree(const struct store_stage *st)
{
    return st->tree;
}

int store_stage_manifest(const struct store_stage *st)
{
    return st->manifest;
}

int store_layer_write_info(int dir, const struct store_layer_info *info, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    _cleanup_fd_ int fd = openat(dir, "info", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int r;

    json_dump(&info_type, info, false, &text);
    buf_addc(&text, '\n');
    r = fd < 0 ? -errno : fd_write_all(fd, text.p, text.len);
    return r < 0 ? err_errno(err, -r, "writing info") : 0;
}

int store_stage_complete(struct store_stage *st, const struct digest_computed *computed,
                         const struct store_layer_info *info, struct err *err)
{
    int r = digest_verify(&st->diff_id, -1, computed, err);

    if (r < 0)
        return err_wrap(err, "what was unpacked is not the layer that the image names");
    r = store_layer_write_info(st->dir, info, err);
    if (r < 0)
        return err_wrap(err, "tmp/%s", st->name);
    st->complete = true;
    failpoint("stage-complete");
    return 0;
}

int store_stage_publish(struct store_stage *st, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    int tmp, layers;
    int r = store_dir(st->store, STORE_TMP, &tmp, err);

    if (r == 0)
        r = store_dir(st->store, STORE_LAYERS, &layers, err);
    if (r < 0)
        return r;
    if (!st->complete)
        return err_set(err, ERR_INTERNAL, "layer %s was not completed", st->name);
    store_digest_path(&st->diff_id, path);
    if (st->again) {
        store_placement_removed(st->store, layers, path);
        r = store_discard_used(st->store, STORE_LAYERS, path, err);
        if (r < 0)
            return r;
        failpoint("stage-replacing");
    }
    if (renameat(tmp, st->name, layers, path) < 0)
        return err_errno(err, errno, "storing layer %s", path);
    st->published = true;
    drop_files(st);
    return 0;
}

bool store_layer_has(struct store *s, const struct digest *diff_id)
{
    char path[STORE_DIGEST_PATH_MAX];
    int layers;

    return store_dir(s, STORE_LAYERS, &layers, NULL) == 0 &&
           faccessat(layers, store_digest_path(diff_id, path), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Where it lies: with the steps of a build that has not ended, or else where all layers do. */
static int part_of(struct store *s, const struct digest *diff_id, int *ret_fd, struct err *err)
{
    bool fresh = !store_layer_has(s, diff_id) && store_build_layer_has(s, diff_id);

    return store_dir(s, fresh ? STORE_BUILD_LAYERS : STORE_LAYERS, ret_fd, err);
}

int store_layer_read_info(struct store *s, const struct digest *diff_id, struct store_layer_info *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(INFO_MAX);
    char path[STORE_DIGEST_PATH_MAX];
    _cleanup_free_ char *file = str_printf("%s/info", store_digest_path(diff_id, path));
    int layers;
    int r = part_of(s, diff_id, &layers, err);

    if (r == 0)
        r = fd_read_file(layers, file, &text, err);
    if (r == 0)
        r = json_parse(buf_str(&text), text.len, &info_type, ret, err);
    return r < 0 ? err_wrap(err, "layer %s", path) : 0;
}

int store_layer_open_tree(struct store *s, const struct digest *diff_id, int *ret_fd, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    _cleanup_free_ char *tree = str_printf("%s/tree", store_digest_path(diff_id, path));
    int layers, fd;
    int r = part_of(s, diff_id, &layers, err);

    if (r < 0)
        return r;
    fd = openat(layers, tree, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "layer %s", path);
    *ret_fd = fd;
    return 0;
}

int store_layer_open_manifest(struct store *s, const struct digest *diff_id, int *ret_fd, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    _cleanup_free_ char *manifest = str_printf("%s/manifest", store_digest_path(diff_id, path));
    int layers, fd;
    int r = part_of(s, diff_id, &layers, err);

    if (r < 0)
        return r;
    fd = openat(layers, manifest, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "layer %s: manifest", path);
    *ret_fd = fd;
    return 0;
}

char *store_layer_tree_path(struct store *s, const struct digest *diff_id)
{
    char path[STORE_DIGEST_PATH_MAX];

    return str_printf("%s/layers/%s/tree", store_root_path(s), store_digest_path(diff_id, path));
}

int store_layer_discard(struct store *s, const struct digest *diff_id, struct err *err)
{
    char path[STORE_DIGEST_PATH_MAX];
    int layers;
    int r = store_dir(s, STORE_LAYERS, &layers, err);

    if (r < 0)
        return r;
    store_placement_removed(s, layers, store_digest_path(diff_id, path));
    return store_discard(s, STORE_LAYERS, path, false, err);
}

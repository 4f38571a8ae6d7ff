/* The files of what was built, as a directory or a tar: seen through one mount of all layers, by a process of its own
 * that nobody else sees it with. */
#include "build/output_image.h"
#include "build/view.h"

#include "base/strv.h"
#include "image/signals.h"
#include "layer/pack.h"
#include "store/build_cache.h"
#include "sys/aside.h"
#include "sys/copy_tree.h"
#include "sys/fd.h"
#include "sys/output.h"
#include "sys/path.h"

#include <fcntl.h>
#include <unistd.h>

struct files {
    struct store *store;
    const struct build_output *output;
    const build_finished_all *all;
    int dir; /* below tmp/, for the mount */
    char *name;
    int lock;
};

/* ---- writing, as the process of its own ---- */

/* What is there stays, but for what has the same name; all of it is the caller's. */
static int write_directory(const char *dest, int root, struct err *err)
{
    const uid_t owner[] = {geteuid(), getegid()};
    struct copy_tree how = {.merge = true, .owner = owner};
    _cleanup_fd_ int dir = -1;
    int r = path_mkdirs(AT_FDCWD, dest, 0777);

    if (r < 0)
        return err_errno(err, -r, "%s", dest);
    dir = open(dest, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return err_errno(err, errno, "%s", dest);
    r = copy_tree_contents(&how, root, dir, false, err);
    return r < 0 ? err_wrap(err, "%s", dest) : 0;
}

/* Of several platforms "linux_arm_v7", else "". The caller frees it. */
static char *folder_of(const build_finished_all *all, size_t i)
{
    char *name = all->n > 1 ? oci_platform_format(all->v[i].platform) : str_dup("");

    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '_';
    return name;
}

static int open_view(struct files *f, size_t i, int *ret_root, struct err *err)
{
    return build_view(f->store, &f->all->v[i].layers, f->dir, f->name, ret_root, err);
}

static int write_directories(struct files *f, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < f->all->n; i++) {
        _cleanup_free_ char *folder = folder_of(f->all, i), *dest = str_printf("%s/%s", f->output->dest, folder);
        _cleanup_fd_ int root = -1;

        r = open_view(f, i, &root, err);
        if (r == 0)
            r = write_directory(*folder ? dest : f->output->dest, root, err);
    }
    return r;
}

static int pack(struct files *f, int out, struct err *err)
{
    _cleanup_(layer_pack_free_cleanup) struct layer_pack *p = layer_pack_new(out, false, NULL);
    int r = 0;

    for (size_t i = 0; r == 0 && i < f->all->n; i++) {
        _cleanup_free_ char *folder = folder_of(f->all, i);
        _cleanup_fd_ int root = -1;

        r = open_view(f, i, &root, err);
        if (r == 0)
            r = layer_pack_add_contents(p, root, folder, false, err);
    }
    return r < 0 ? r : layer_pack_finish(p, err);
}

static int write_tar(struct files *f, struct err *err)
{
    _cleanup_output_ struct output out = OUTPUT_NONE;
    int r;

    if (!f->output->dest)
        return pack(f, STDOUT_FILENO, err);
    r = output_begin(f->output->dest, 0666, &out, err);
    if (r == 0)
        r = pack(f, out.fd, err);
    return r < 0 ? r : output_finish(&out, err);
}

static int write_files(void *data, int socket _unused_, struct err *err)
{
    struct files *f = data;

    return f->output->type == BUILD_OUTPUT_LOCAL ? write_directories(f, err) : write_tar(f, err);
}

static int output_files(struct store *s, const struct build_output *o, const build_finished_all *all, struct err *err)
{
    struct files files = {.store = s, .output = o, .all = all, .dir = -1, .lock = -1};
    const struct aside own = {.work = write_files, .data = &files, .stop = &image_interrupted};
    int r = build_layer_begin(s, &files.dir, &files.name, &files.lock, err);

    if (r < 0)
        return r;
    r = aside(&own, err);
    store_build_unstage(s, files.name, NULL);
    fd_close(files.dir);
    fd_close(files.lock);
    free(files.name);
    return r;
}

int build_output_write(struct store *s, const struct build_request *q, const struct build_output *o,
                       const build_finished_all *all, struct err *err)
{
    if (o->type == BUILD_OUTPUT_LOCAL || o->type == BUILD_OUTPUT_TAR)
        return output_files(s, o, all, err);
    return output_archive(s, q, o, all, err);
}

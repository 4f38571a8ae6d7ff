#include "container/mounts.h"

#include "base/log.h"
#include "base/time.h"
#include "bundle/mounts.h"
#include "container/volume.h"
#include "event/event.h"
#include "runtime/view.h"
#include "sys/aside.h"
#include "sys/copy_tree.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct making {
    struct store *store;
    const char *id;
    const struct engine_options *o;
    char **lower;
    char **made;
};

/* ---- what the image has at a volume's place ---- */

/* In a process of its own, which alone sees the image's files mounted. */
static int copy_content(const struct making *m, const struct engine_mount_point *p, int data, struct err *err)
{
    struct runtime_overlay overlay = {.dir = store_root_path(m->store), .lower = m->lower};
    _cleanup_free_ char *target = str_printf("%s/containers/%s", store_root_path(m->store), m->id);
    struct copy_tree how = {.privileged = true};
    _cleanup_fd_ int root = -1, from = -1;
    int r = runtime_view(&overlay, target, NULL, &root, err);

    if (r < 0)
        return r;
    from = path_open_in_root(root, p->destination, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
    if (from == -ENOENT)
        return 0;
    if (from == -ENOTDIR)
        return err_set(err, ERR_INVALID, "cannot mount volume over existing file, file exists %s", p->destination);
    if (from < 0)
        return err_errno(err, -from, "%s", p->destination);
    r = copy_tree_contents(&how, from, data, true, err);
    /* What goes with the container need not outlive a power cut. */
    if (r == 0 && !(p->anonymous && m->o->host.auto_remove) && syncfs(data) < 0)
        r = err_errno(err, errno, "syncfs");
    return r < 0 ? err_wrap(err, "copying %s of the image into volume %s", p->destination, p->name) : 0;
}

struct copying {
    const struct making *m;
    const struct engine_mount_point *p;
    int data;
};

static int copy_work(void *data, int socket _unused_, struct err *err)
{
    const struct copying *c = data;

    return copy_content(c->m, c->p, c->data, err);
}

static int copy_aside(const struct making *m, const struct engine_mount_point *p, int data, struct err *err)
{
    struct copying c = {m, p, data};

    return aside(&(struct aside){.work = copy_work, .data = &c}, err);
}

static int fill(const struct making *m, const struct engine_mount_point *p, int dir, struct err *err)
{
    _cleanup_fd_ int data = -1;
    int r = store_volume_fill_begin(dir, &data, err);

    if (r < 0 || data < 0)
        return r;
    r = copy_aside(m, p, data, err);
    failpoint("volume-filled");
    return r < 0 ? r : store_volume_fill_end(dir, err);
}

/* ---- volumes ---- */

/* What --mount says of a volume that is to be made. */
static const struct engine_volume_options *asked_for(const struct engine_options *o, const char *destination)
{
    VEC_FOREACH (m, &o->host.mounts) {
        _cleanup_free_ char *target = path_clean(m->target);

        if (str_eq(target, destination))
            return m->volume_options;
    }
    return NULL;
}

static int make_volume(struct making *m, const struct engine_mount_point *p, struct err *err)
{
    const struct engine_volume_options *asked = asked_for(m->o, p->destination);
    _cleanup_volume_ struct store_volume v = {.name = str_dup(p->name), .created = time_now()};
    struct err why = ERR_INIT;
    int r;

    v.labels = asked ? strv_copy(asked->labels) : NULL;
    v.options = asked ? strv_copy(asked->driver_options) : NULL;
    if (p->anonymous)
        strv_env_set(&v.labels, STORE_VOLUME_ANONYMOUS "=");
    r = store_volume_create(m->store, &v, &why);
    if (r == 0) {
        strv_add(&m->made, p->name);
        event_emit(store_state_path(m->store), "volume", "create", p->name, NULL, "driver", "local", NULL);
    }
    if (r < 0 && r != ERR_EXISTS && err)
        *err = why;
    return r == ERR_EXISTS ? 0 : r;
}

/* Whoever removes volumes may be faster than we are: then it is made again. Our options are on disk, so the next one
 * sees that we use it. */
static int take_volume(struct making *m, const struct engine_mount_point *p, struct err *err)
{
    for (;;) {
        _cleanup_fd_ int dir = -1;
        struct err why = ERR_INIT;
        int r = store_volume_lock(m->store, p->name, &dir, &why);

        if (r == ERR_NOT_FOUND) {
            r = make_volume(m, p, err);
            if (r < 0)
                return r;
            continue;
        }
        if (r == 0)
            r = store_volume_settle(dir, &why);
        if (r == 0 && p->fill)
            r = fill(m, p, dir, &why);
        if (r < 0 && err)
            *err = why;
        return r;
    }
}

/* ---- binds ---- */

/* Sources of -v that are not there are made, as Docker does; those of --mount are there, or it was asked for. */
static int make_source(const struct engine_mount_point *p, struct err *err)
{
    int r = access(p->source, F_OK) == 0 ? 0 : path_mkdirs(AT_FDCWD, p->source, 0755);

    return r < 0 ? err_errno(err, -r, "error while creating mount source path '%s'", p->source) : 0;
}

int container_mounts_sources(const struct engine_options *o, struct err *err)
{
    int r = 0;

    VEC_FOREACH (p, &o->mounts)
        if (r == 0 && str_eq(p->type, "bind"))
            r = make_source(p, err);
    return r;
}

bool container_mounts_anonymous(const struct engine_options *o)
{
    VEC_FOREACH (p, &o->mounts)
        if (p->anonymous)
            return true;
    return false;
}

int container_mounts_make(struct store *s, const char *id, const struct engine_options *o, char **lower,
                          char ***ret_made, struct err *err)
{
    struct making m = {.store = s, .id = id, .o = o, .lower = lower};
    int r = container_mounts_sources(o, err);

    VEC_FOREACH (p, &o->mounts)
        if (r == 0 && str_eq(p->type, "volume"))
            r = take_volume(&m, p, err);
    if (r < 0) {
        container_mounts_unmake(s, id, m.made);
        strv_free(m.made);
        m.made = NULL;
    }
    *ret_made = m.made;
    return r;
}

void container_mounts_unmake(struct store *s, const char *id, char *const *made)
{
    STRV_FOREACH (name, made) {
        struct err why = ERR_INIT;

        if (container_volume_remove_but(s, *name, id, &why) < 0)
            log_debug("volume %s: %s", *name, why.text);
    }
}

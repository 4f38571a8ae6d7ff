#include "container/mounts.h"

#include "base/id.h"
#include "bundle/mounts.h"
#include "container/container.h"
#include "image/image.h"
#include "image/stack.h"
#include "store/container.h"
#include "store/volume.h"
#include "sys/path.h"

#include <unistd.h>

struct deciding {
    struct store *store;
    struct engine_options *o;
    char **taken; /* destinations of -v, --mount and --tmpfs */
};

/* The place of a mount on `destination`: that of an earlier one, emptied, or a new one. */
static struct engine_mount_point *take_point(struct deciding *d, const char *destination)
{
    struct engine_mount_point *p = NULL;

    VEC_FOREACH (other, &d->o->mounts)
        if (str_eq(other->destination, destination))
            p = other;
    if (p)
        json_free(&engine_mount_point_type, p);
    else
        p = VEC_PUSH(&d->o->mounts);
    p->destination = str_dup(destination);
    return p;
}

static int take_destination(struct deciding *d, const char *destination, struct err *err)
{
    if (strv_contains(d->taken, destination))
        return err_set(err, ERR_INVALID, "Duplicate mount point: %s", destination);
    strv_add(&d->taken, destination);
    return 0;
}

/* ---- how each type is mounted ---- */

static void set_readonly(struct engine_mount_point *p, const struct engine_bind_options *b)
{
    bool flat = b && (b->non_recursive || b->read_only_non_recursive);

    p->rw = false;
    strv_add(&p->mount_options, flat ? "ro" : "rro");
}

static int decide_bind(struct deciding *d _unused_, const struct engine_mount *m, struct engine_mount_point *p,
                       struct err *err _unused_)
{
    const struct engine_bind_options *b = m->bind_options;

    p->source = path_clean(m->source);
    p->propagation = str_dup(b && !str_empty(b->propagation) ? b->propagation : "rprivate");
    p->mount_type = str_dup("bind");
    p->mount_source = str_dup(p->source);
    strv_add(&p->mount_options, b && b->non_recursive ? "bind" : "rbind");
    strv_add(&p->mount_options, p->propagation);
    if (m->read_only)
        set_readonly(p, b);
    return 0;
}

/* A volume of the local driver that is something mounted: in each container by itself. */
static void mount_device(char *const *options, struct engine_mount_point *p)
{
    const char *type = strv_env_get(options, "type"), *o = strv_env_get(options, "o");
    bool bind;

    str_replace(&p->mount_source, str_dup(strv_env_get(options, "device")));
    strv_free(p->mount_options);
    p->mount_options = str_empty(o) ? NULL : strv_split(o, ',');
    bind = strv_contains(p->mount_options, "bind") || strv_contains(p->mount_options, "rbind");
    str_replace(&p->mount_type, str_dup(bind ? "bind" : type));
    p->fill = false;
}

static int read_driver_options(struct deciding *d, const struct engine_mount *m, const char *name, char ***ret,
                               struct err *err)
{
    _cleanup_volume_ struct store_volume v = {0};
    struct err why = ERR_INIT;
    int r = store_volume_read(d->store, name, &v, &why);

    if (r == 0)
        *ret = steal_ptr(&v.options);
    else if (r == ERR_NOT_FOUND && m->volume_options)
        *ret = strv_copy(m->volume_options->driver_options);
    if (r == 0 || r == ERR_NOT_FOUND)
        return store_volume_check_options(*ret, err);
    if (err)
        *err = why;
    return r;
}

static int check_driver(const struct deciding *d, const struct engine_volume_options *v, const char *name,
                        struct err *err)
{
    const char *driver = v && !str_empty(v->driver) ? v->driver : d->o->host.volume_driver;

    if (str_empty(driver) || str_eq(driver, "local"))
        return 0;
    return err_set(err, ERR_NOT_FOUND, "create %s: error looking up volume plugin %s: plugin \"%s\" not found", name,
                   driver, driver);
}

static int decide_volume(struct deciding *d, const struct engine_mount *m, struct engine_mount_point *p,
                         struct err *err)
{
    const struct engine_volume_options *v = m->volume_options;
    _cleanup_strv_ char **driver_options = NULL;
    char made_up[ID_LEN + 1];
    int r;

    id_generate(made_up);
    p->anonymous = str_empty(m->source);
    p->name = str_dup(p->anonymous ? made_up : m->source);
    p->driver = str_dup("local");
    p->source = store_volume_path(d->store, p->name);
    p->fill = !v || !v->no_copy;
    p->mount_type = str_dup("bind");
    p->mount_source = str_dup(p->source);
    strv_add(&p->mount_options, "rbind");
    strv_add(&p->mount_options, "rprivate");
    r = store_volume_check_name(p->name, err);
    if (r == 0)
        r = check_driver(d, v, p->name, err);
    if (r == 0)
        r = read_driver_options(d, m, p->name, &driver_options, err);
    if (r < 0)
        return r;
    if (driver_options)
        mount_device(driver_options, p);
    if (v && !str_empty(v->subpath)) {
        strv_addf(&p->mount_options, "X-mount.subdir=%s", v->subpath);
        p->fill = false;
    }
    if (m->read_only && driver_options && !str_eq(p->mount_type, "bind")) {
        p->rw = false;
        strv_add(&p->mount_options, "ro");
    } else if (m->read_only) {
        set_readonly(p, NULL);
    }
    return 0;
}

static int decide_tmpfs(struct deciding *d _unused_, const struct engine_mount *m, struct engine_mount_point *p,
                        struct err *err)
{
    const struct engine_tmpfs_options *t = m->tmpfs_options;
    _cleanup_buf_ struct buf options = BUF_INIT;

    if (t && t->size_bytes)
        buf_addf(&options, "size=%lld", (long long)t->size_bytes);
    if (t && t->mode)
        buf_addf(&options, "%smode=%llo", options.len ? "," : "", (unsigned long long)t->mode);
    if (m->read_only)
        buf_addf(&options, "%sro", options.len ? "," : "");
    p->rw = !m->read_only;
    p->mount_type = str_dup("tmpfs");
    p->mount_source = str_dup("tmpfs");
    return bundle_tmpfs_options(buf_str(&options), &p->mount_options, err);
}

/* The layers of another image, to be read only; the skeleton makes them two at least. */
static int decide_image(struct deciding *d, const struct engine_mount *m, struct engine_mount_point *p, struct err *err)
{
    _cleanup_(image_release) struct image image = {0};
    _cleanup_strv_ char **stack = NULL;
    char id[DIGEST_TEXT_MAX];
    int r = image_open(d->store, m->source, &image, err);

    if (r == 0)
        r = image_stack(d->store, image.layers, image.n_layers, &stack, err);
    if (r < 0)
        return r;
    p->rw = false;
    p->name = str_dup(digest_format(&image.tag.id, id));
    p->source = str_dup(m->source);
    p->mount_type = str_dup("overlay");
    p->mount_source = str_dup("overlay");
    strv_add(&p->mount_options, "ro");
    STRV_FOREACH (layer, stack)
        strv_addf(&p->mount_options, "lowerdir+=%s/%s", store_root_path(d->store), *layer);
    if (m->image_options && !str_empty(m->image_options->subpath))
        strv_addf(&p->mount_options, "X-mount.subdir=%s", m->image_options->subpath);
    return 0;
}

static int decide(struct deciding *d, const struct engine_mount *m, const char *mode, struct err *err)
{
    static const struct {
        const char *type;
        int (*decide)(struct deciding *d, const struct engine_mount *m, struct engine_mount_point *p, struct err *err);
    } types[] = {{"bind", decide_bind}, {"volume", decide_volume}, {"tmpfs", decide_tmpfs}, {"image", decide_image}};
    _cleanup_free_ char *destination = path_clean(m->target);
    struct engine_mount_point *p = take_point(d, destination);

    p->type = str_dup(m->type);
    p->mode = str_dup(mode);
    p->rw = true;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (str_eq(types[i].type, m->type))
            return types[i].decide(d, m, p, err);
    return err_set(err, ERR_INVALID, "invalid mount config for type \"%s\": mount type unknown", m->type);
}

/* ---- where they come from ---- */

static int decide_taken(struct deciding *d, struct err *err)
{
    STRV_FOREACH (entry, d->o->host.tmpfs) {
        _cleanup_free_ char *path = str_ndup(*entry, strcspn(*entry, "="));
        int r = take_destination(d, path, err);

        if (r < 0)
            return r;
    }
    return 0;
}

static int copy_point(struct deciding *d, const struct engine_mount_point *from, bool read_only, const char *mode,
                      struct err *err)
{
    struct engine_mount_point copy = {0}, *p;
    int r = json_duplicate(&engine_mount_point_type, from, &copy, err);

    if (r < 0)
        return r;
    p = take_point(d, from->destination);
    json_free(&engine_mount_point_type, p);
    *p = copy;
    str_replace(&p->mode, str_dup(mode));
    if (read_only && p->rw) {
        p->rw = false;
        strv_add(&p->mount_options, str_eq(p->mount_type, "bind") ? "rro" : "ro");
    }
    return 0;
}

static int read_mode_from(const char *spec, char **ret_name, bool *ret_read_only, struct err *err)
{
    const char *colon = strchr(spec, ':');
    struct bundle_mode mode = {0};
    int r;

    if (!*spec)
        return err_set(err, ERR_INVALID, "volumes-from specification cannot be an empty string");
    r = bundle_parse_mode(colon ? colon + 1 : "", &mode, err);
    if (r == 0 && (mode.propagation || mode.no_copy)) {
        free(mode.propagation);
        r = err_set(err, ERR_INVALID, "invalid mode: %s", colon + 1);
    }
    if (r < 0)
        return r;
    *ret_read_only = mode.read_only;
    *ret_name = str_ndup(spec, strcspn(spec, ":"));
    return 0;
}

static int decide_from(struct deciding *d, const char *spec, struct err *err)
{
    _cleanup_engine_options_ struct engine_options other = {0};
    _cleanup_free_ char *name = NULL;
    const char *colon = strchr(spec, ':');
    char id[ID_LEN + 1];
    bool read_only = false;
    int r = read_mode_from(spec, &name, &read_only, err);

    if (r == 0)
        r = store_container_find(d->store, name, id, err);
    if (r == 0)
        r = container_read_options(d->store, id, &other, err);
    VEC_FOREACH (p, &other.mounts)
        r = r < 0 ? r : copy_point(d, p, read_only, colon ? colon + 1 : "", err);
    return r;
}

static int decide_bound(struct deciding *d, const char *bind, struct err *err)
{
    _cleanup_free_ char *mode = NULL, *destination = NULL;
    struct engine_mount m = {0};
    int r = bundle_read_bind(bind, &m, &mode, err);

    if (r == 0) {
        destination = path_clean(m.target);
        r = take_destination(d, destination, err);
    }
    if (r == 0)
        r = decide(d, &m, str_eq(m.type, "volume") && !*mode ? "z" : mode, err);
    json_free(&engine_mount_type, &m);
    return r;
}

static int decide_mount(struct deciding *d, const struct engine_mount *m, struct err *err)
{
    _cleanup_free_ char *destination = path_clean(m->target ? m->target : "");
    bool make = m->bind_options && m->bind_options->create_mountpoint;
    int r = bundle_check_mount(m, err);

    if (r == 0)
        r = take_destination(d, destination, err);
    if (r == 0 && str_eq(m->type, "bind") && !make && access(m->source, F_OK) < 0)
        return err_set(err, ERR_INVALID, "invalid mount config for type \"bind\": bind source path does not exist: %s",
                       m->source);
    return r < 0 ? r : decide(d, m, str_eq(m->type, "volume") ? "z" : "", err);
}

static int decide_anonymous(struct deciding *d, const char *path, struct err *err)
{
    const struct engine_mount m = {.type = (char *)"volume", .target = (char *)path};
    _cleanup_free_ char *destination = path_clean(path);

    if (bundle_mounts_at(d->o, destination))
        return 0;
    if (*path != '/' || str_eq(destination, "/"))
        return err_set(err, ERR_INVALID, "invalid mount path: '%s' mount path must be absolute", path);
    return decide(d, &m, "", err);
}

int container_mounts_decide(struct store *s, struct engine_options *o, struct err *err)
{
    struct deciding d = {.store = s, .o = o};
    int r = decide_taken(&d, err);

    STRV_FOREACH (spec, o->host.volumes_from)
        r = r < 0 ? r : decide_from(&d, *spec, err);
    STRV_FOREACH (bind, o->host.binds)
        r = r < 0 ? r : decide_bound(&d, *bind, err);
    VEC_FOREACH (m, &o->host.mounts)
        r = r < 0 ? r : decide_mount(&d, m, err);
    STRV_FOREACH (path, o->config.config.volumes)
        r = r < 0 ? r : decide_anonymous(&d, *path, err);
    strv_free(d.taken);
    return r;
}

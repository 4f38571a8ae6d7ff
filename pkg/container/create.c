#include "container/internal.h"

#include "base/time.h"
#include "bundle/parse.h"
#include "container/apparmor.h"
#include "container/etc.h"
#include "container/host.h"
#include "container/log.h"
#include "container/mounts.h"
#include "container/name.h"
#include "container/networks.h"
#include "container/ports.h"
#include "image/stack.h"
#include "monitor/documents.h"
#include "monitor/monitor.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

enum { NAME_TRIES = 16 };

/* What the image has to say, and the step of a build has said already. */
static const struct oci_image_config nothing;

/* What /etc gets from us, and the directories of the overlay. */
static int make_files(struct container *c, struct err *err)
{
    static const char *const dirs[] = {"upper", "work"};
    int dir = store_container_fd(c->dir);
    int r = container_write_etc(dir, &c->options, err);

    for (size_t i = 0; r == 0 && !c->build && i < ARRAY_SIZE(dirs); i++)
        if (mkdirat(dir, dirs[i], 0755) < 0 || fchmodat(dir, dirs[i], 0755, 0) < 0)
            r = err_errno(err, errno, "making %s", dirs[i]);
    return r;
}

static int take_wanted(struct container *c, struct err *err)
{
    const char *id = store_container_id(c->dir);
    char owner[ID_LEN + 1];
    struct err why = ERR_INIT;
    int r = store_container_name_take(c->store, c->record.name, id, owner, &why);

    if (r == ERR_EXISTS && container_name_is_stale(c->store, c->record.name, owner))
        return store_container_name_take(c->store, c->record.name, id, NULL, err);
    if (r < 0 && err)
        *err = why;
    return r;
}

static int take_name(struct container *c, const char *wanted, struct err *err)
{
    const char *id = store_container_id(c->dir);
    int r = ERR_EXISTS;

    if (wanted) {
        c->record.name = str_dup(*wanted == '/' ? wanted + 1 : wanted);
        r = take_wanted(c, err);
        failpoint("container-named");
        if (r < 0)
            str_replace(&c->record.name, NULL); /* somebody else's: not to be given back */
        return r;
    }
    for (int i = 0; r == ERR_EXISTS && i < NAME_TRIES; i++) {
        struct err why = ERR_INIT;

        str_replace(&c->record.name, container_make_up_name());
        r = store_container_name_take(c->store, c->record.name, id, NULL, &why);
        if (r < 0 && err)
            *err = why;
    }
    return r;
}

/* What is mounted of other images is kept alive by the record, like the image itself. */
static int keep_mounted(struct container *c, struct err *err)
{
    VEC_FOREACH (p, &c->options.mounts) {
        struct store_tag tag;
        char text[DIGEST_TEXT_MAX];
        int r = str_eq(p->type, "image") ? image_find(c->store, p->name, &tag, err) : 1;

        if (r < 0)
            return r;
        if (r > 0)
            continue;
        strv_add(&c->record.mounted, digest_format(&tag.manifest, text));
        store_tag_release(&tag);
    }
    return 0;
}

static void fill_record(struct container *c, const struct image *image)
{
    struct store_container_record *record = &c->record;
    const struct engine_options *o = &c->options;

    record->id = str_dup(store_container_id(c->dir));
    record->image = str_dup(o->config.image);
    if (image) {
        record->image_id = image->tag.id;
        record->manifest = image->tag.manifest;
    }
    record->build = c->build != NULL;
    record->command = strv_copy(o->entrypoint_and_args);
    record->labels = strv_copy(o->config.config.labels);
    record->network = monitor_network_names(o);
    record->exposed = o->networks.n ? container_ports_exposed(o) : NULL;
    record->cgroup = str_dup(c->spec.platform.cgroups_path);
    record->created = time_now();
    record->remove = o->host.auto_remove;
}

/* Whose network namespace it shares, of that it has the name and the files. */
static int find_host(struct container *c, struct bundle_place *place, char host_name[HOST_NAME_MAX + 1],
                     char **ret_shared, struct err *err)
{
    const char *id = bundle_mode_container(c->options.host.network_mode);
    _cleanup_engine_options_ struct engine_options other = {0};
    int r = id ? container_other_options(c->store, id, &other, err) : 0;

    if (r == 0 && !id && gethostname(host_name, HOST_NAME_MAX + 1) < 0)
        r = err_errno(err, errno, "the host's name");
    if (r < 0)
        return r;
    if (id) {
        snprintf(host_name, HOST_NAME_MAX + 1, "%s", other.config.hostname);
        *ret_shared = str_printf("%s/containers/%s", store_root_path(c->store), id);
        place->files = *ret_shared;
    }
    return 0;
}

/* The options and the specification made of them; nothing is made. */
static int describe(struct container *c, const char *id, const struct image *image, const struct container_request *q,
                    struct err *err)
{
    _cleanup_free_ char *files = str_printf("%s/containers/%s", store_root_path(c->store), id);
    /* In the container's mount namespace the root lies over its own upper directory: none has to be made for it. */
    _cleanup_free_ char *rootfs =
        c->build ? path_join(store_root_path(c->store), c->build->upper) : str_printf("%s/upper", files);
    _cleanup_free_ char *shared = NULL;
    char host_name[HOST_NAME_MAX + 1] = "";
    _cleanup_machine_ struct container_machine machine = {0};
    struct bundle_place place = {.id = id,
                                 .files = files,
                                 .rootfs = rootfs,
                                 .host_name = host_name,
                                 .apparmor = container_apparmor(),
                                 .machine = &machine.known};
    int r = json_duplicate(&engine_options_type, q->wanted, &c->options, err);

    container_machine_read(&q->wanted->host, &machine);
    if (r == 0)
        r = container_name_shared(c->store, &c->options, err);
    if (r == 0)
        r = find_host(c, &place, host_name, &shared, err);
    if (r == 0)
        r = container_decide_log(q->config, &c->options.host.log_config, err);
    if (r == 0)
        r = bundle_merge(image ? &image->config : &nothing, &place, &c->options, err);
    if (r == 0)
        r = container_networks_find(c->store, &c->options, err);
    if (r == 0)
        r = container_mounts_decide(c->store, &c->options, err);
    if (r == 0)
        r = bundle_make(&c->options, &place, &c->spec, err);
    if (r == 0)
        r = container_host_devices(&c->options.host, &c->spec, err);
    return r < 0 ? r : container_cdi(&c->options.host, &c->spec, err);
}

/* What a killed monitor leaves is found by the record; all else is in the memory of those who need it. */
static int fill_build(struct container *c, const struct container_request *q, struct err *err)
{
    int r = describe(c, store_container_id(c->dir), NULL, q, err);

    if (r == 0)
        r = make_files(c, err);
    if (r < 0)
        return r;
    c->lower = strv_copy(q->build->lower);
    fill_record(c, NULL);
    return store_container_write(c->dir, &c->record, false, err);
}

/* Of "layers/sha256/HEX/tree". */
static bool read_layer(const char *path, struct digest *ret)
{
    const char *name = str_after(path, "layers/");
    _cleanup_free_ char *text = name ? str_ndup(name, strlen(name) - strlen(path_base(name))) : NULL;

    if (!text || !strchr(text, '/'))
        return false;
    text[strlen(text) - 1] = 0;
    *strchr(text, '/') = ':';
    return digest_parse(text, ret, NULL) == 0;
}

/* What was left becomes its own, and the record keeps what that lies on. */
static int take_left(struct container *c, const struct container_left *left, struct err *err)
{
    int dir = store_container_fd(c->dir);

    c->lower = strv_copy(left->lower);
    STRV_FOREACH (layer, c->lower) {
        char text[DIGEST_TEXT_MAX];
        struct digest d;

        if (read_layer(*layer, &d))
            strv_add(&c->record.layers, digest_format(&d, text));
    }
    if (unlinkat(dir, "upper", AT_REMOVEDIR) < 0 || renameat(left->dir, "tree", dir, "upper") < 0)
        return err_errno(err, errno, "taking what the step left");
    return 0;
}

/* `ret_made`: its new volumes. */
static int fill(struct container *c, const struct image *image, const struct container_request *q, char ***ret_made,
                struct err *err)
{
    int r = describe(c, store_container_id(c->dir), image, q, err);

    if (r == 0 && image)
        r = image_stack(c->store, image->layers, image->n_layers, &c->lower, err);
    if (r == 0)
        r = make_files(c, err);
    if (r == 0 && q->left)
        r = take_left(c, q->left, err);
    if (r == 0)
        /* On disk before the record is: what was reported as made can be started after a power cut, and says which
         * volumes it has. One that goes with its end means nothing then. */
        r = documents_write(c->dir, &c->options, &c->spec, c->lower, !c->options.host.auto_remove, err);
    if (r == 0)
        r = take_name(c, q->name, err);
    if (r == 0)
        r = container_mounts_make(c->store, store_container_id(c->dir), &c->options, c->lower, ret_made, err);
    if (r == 0)
        r = keep_mounted(c, err);
    if (r < 0)
        return r;
    fill_record(c, image);
    return store_container_write(c->dir, &c->record, !c->record.remove, err);
}

int container_create(struct store *s, const struct image *image, const struct container_request *q,
                     struct container *ret, struct err *err)
{
    struct container c = {.store = s, .build = q->build};
    _cleanup_strv_ char **made = NULL;
    char id[ID_LEN + 1];
    int r = q->name ? container_check_name(q->name, err) : 0;

    if (r < 0)
        return r;
    id_generate(id);
    r = store_container_create(s, id, &c.dir, err);
    if (r < 0)
        return r;
    r = q->build ? fill_build(&c, q, err) : fill(&c, image, q, &made, err);
    if (r < 0) {
        container_mounts_unmake(s, id, made);
        store_container_remove(s, c.dir, &c.record, true, NULL);
        container_release(&c);
        return r;
    }
    monitor_tell(s, &c.record, "create", NULL, NULL);
    *ret = c;
    return 0;
}

int container_imagine(struct store *s, const struct image *image, const struct engine_options *wanted,
                      struct container *ret, struct err *err)
{
    struct container c = {.store = s};
    int r = describe(&c, CONTAINER_ID_IMAGINED, image, &(struct container_request){.wanted = wanted}, err);

    if (r == 0 && image)
        r = image_stack(s, image->layers, image->n_layers, &c.lower, err);
    if (r < 0)
        container_release(&c);
    else
        *ret = c;
    return r;
}

void container_release(struct container *c)
{
    store_container_free(c->dir);
    store_container_record_release(&c->record);
    engine_options_release(&c->options);
    oci_spec_release(&c->spec);
    strv_free(c->lower);
    *c = (struct container){0};
}

/* What is written about a container beside its record, and told of it. */
#include "base/log.h"
#include "bundle/bundle.h"
#include "bundle/parse.h"
#include "event/event.h"
#include "monitor/internal.h"
#include "sys/atomic.h"
#include "sys/fd.h"

enum { DOCUMENT_MAX = 4 << 20 };

static int read_document(const struct store_container *dir, const char *name, struct buf *text, struct err *err)
{
    int r = fd_read_file(store_container_fd(dir), name, text, err);

    return r < 0 ? err_wrap(err, "container %.12s", store_container_id(dir)) : 0;
}

static int parsed(int r, const struct store_container *dir, const char *name, struct err *err)
{
    if (r < 0 && err)
        err->kind = ERR_CORRUPT;
    return r < 0 ? err_wrap(err, "container %.12s: %s", store_container_id(dir), name) : 0;
}

int monitor_read_options(const struct store_container *dir, struct engine_options *ret, struct err *err)
{
    static const char name[] = "options.json";
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(DOCUMENT_MAX);
    int r = read_document(dir, name, &text, err);

    return r < 0 ? r : parsed(json_parse(buf_str(&text), text.len, &engine_options_type, ret, err), dir, name, err);
}

/* What stands for linux.seccomp; a container may have none. */
static int read_seccomp(const struct store_container *dir, struct oci_spec *spec, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(DOCUMENT_MAX);
    struct err why = ERR_INIT;
    int r = read_document(dir, MONITOR_SECCOMP, &text, &why);

    if (r == 0)
        spec->platform.seccomp_text = buf_steal(&text);
    if (r == 0 || r == ERR_NOT_FOUND)
        return 0;
    oci_spec_release(spec);
    if (err)
        *err = why;
    return r;
}

int monitor_read_spec(const struct store_container *dir, struct oci_spec *ret, struct err *err)
{
    static const char name[] = "config.json";
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(DOCUMENT_MAX);
    int r = read_document(dir, name, &text, err);

    if (r == 0)
        r = parsed(oci_spec_parse(buf_str(&text), text.len, ret, err), dir, name, err);
    return r < 0 ? r : read_seccomp(dir, ret, err);
}

static int add_network(engine_endpoints *list, const char *container, const struct engine_endpoint *add,
                       struct err *err)
{
    VEC_FOREACH (e, list)
        if (str_eq(e->network, add->network))
            return err_set(err, ERR_EXISTS, "endpoint with name %s already exists in network %s", container,
                           add->network);
    return json_duplicate(&engine_endpoint_type, add, VEC_PUSH(list), err);
}

/* Who leaves "none" is one without a network that may get some; it was made with "none" all the same. */
static int remove_network(struct engine_options *o, const char *container, const char *name, struct err *err)
{
    engine_endpoints *list = &o->networks;

    VEC_FOREACH (e, list)
        if (str_eq(e->network, name)) {
            json_free(&engine_endpoint_type, e);
            memmove(e, e + 1, (size_t)(list->v + list->n - e - 1) * sizeof(*e));
            list->n--;
            return 0;
        }
    if (str_eq(name, "none") && engine_is_on_none(o)) {
        o->left_none = true;
        return 0;
    }
    return err_set(err, ERR_INVALID, "container %s is not connected to network %s", container, name);
}

char *monitor_network_names(const struct engine_options *o)
{
    const char *mode = o->host.network_mode;
    _cleanup_strv_ char **names = NULL;

    VEC_FOREACH (e, &o->networks)
        strv_add(&names, e->network);
    if (names)
        return strv_join(names, ",");
    /* A mode that is a network's name is that of the first that it was made with, which it has left. */
    return str_dup(str_eq(mode, "host") || engine_is_on_none(o) || bundle_mode_container(mode) ? mode : "");
}

int monitor_write_networks(const struct store_container *dir, struct store_container_record *record,
                           const struct engine_endpoint *add, const char *remove, struct err *err)
{
    _cleanup_engine_options_ struct engine_options o = {0};
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r = monitor_read_options(dir, &o, err);

    if (r == 0)
        r = add ? add_network(&o.networks, record->name, add, err) : remove_network(&o, record->name, remove, err);
    if (r < 0)
        return r;
    json_dump(&engine_options_type, &o, false, &text);
    r = atomic_write(store_container_fd(dir), "options.json", text.p, text.len, 0600, 0, err);
    if (r == 0)
        str_replace(&record->network, monitor_network_names(&o));
    return r < 0 ? r : store_container_write(dir, record, !record->remove, err);
}

void monitor_reload(struct monitor *m)
{
    struct engine_options options = {0};
    struct oci_spec spec = {0};
    struct err why = ERR_INIT;
    int r = monitor_read_options(m->job.dir, &options, &why);

    if (r == 0) {
        r = monitor_read_spec(m->job.dir, &spec, &why);
        if (r < 0)
            engine_options_release(&options);
    }
    if (r < 0) {
        log_debug("%s", why.text);
        return;
    }
    engine_options_release(&m->own_options);
    oci_spec_release(&m->own_spec);
    m->own_options = options;
    m->own_spec = spec;
    m->job.options = &m->own_options;
    m->job.spec = &m->own_spec;
    health_look_at(&m->health, m->own_options.config.config.healthcheck, m->own_options.config.config.shell,
                   &m->own_spec);
}

void monitor_tell(struct store *s, const struct store_container_record *record, const char *action, const char *name,
                  const char *value)
{
    monitor_tell_two(s, record, action, name, value, NULL, NULL);
}

void monitor_tell_two(struct store *s, const struct store_container_record *record, const char *action,
                      const char *name, const char *value, const char *other, const char *other_value)
{
    if (record->build)
        return;
    event_emit(store_state_path(s), "container", action, record->id, record->labels, "image", record->image, "name",
               record->name, name, value, other, other_value, NULL);
}

void monitor_tell_volumes(const struct monitor_job *job, bool mounted)
{
    VEC_FOREACH (m, &job->options->mounts) {
        if (!str_eq(m->type, "volume"))
            continue;
        event_emit(store_state_path(job->store), "volume", mounted ? "mount" : "unmount", m->name, NULL, "container",
                   job->record->id, "driver", m->driver, "destination", mounted ? m->destination : NULL, "propagation",
                   mounted ? m->propagation : NULL, "read/write",
                   !mounted ? NULL
                   : m->rw  ? "true"
                            : "false",
                   NULL);
    }
}

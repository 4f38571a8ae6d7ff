/* The networks that a container is to be on, as it is written. */
#include "bundle/bundle.h"
#include "bundle/parse.h"
#include "monitor/documents.h"
#include "monitor/monitor.h"

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
    int r = documents_read_options(dir, &o, err);

    if (r == 0)
        r = add ? add_network(&o.networks, record->name, add, err) : remove_network(&o, record->name, remove, err);
    if (r < 0)
        return r;
    r = documents_change(dir, &o, NULL, err);
    if (r == 0)
        str_replace(&record->network, monitor_network_names(&o));
    return r < 0 ? r : store_container_write(dir, record, !record->remove, err);
}

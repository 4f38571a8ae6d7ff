#include "container/networks.h"

#include "base/log.h"
#include "bundle/parse.h"
#include "container/internal.h"
#include "monitor/monitor.h"
#include "monitor/networks.h"
#include "network/endpoint.h"
#include "sys/fd.h"
#include "sys/frame.h"

static bool has_network(const char *mode)
{
    return !str_empty(mode) && !str_eq(mode, "none") && !str_eq(mode, "host") && !bundle_mode_container(mode);
}

/* ---- when it is made ---- */

static int check_addresses(const struct store_network *n, const struct engine_endpoint *e, struct err *err)
{
    const char *const asked[] = {e->ipv4_address, e->ipv6_address};

    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        struct ip ip;
        bool fits = false;

        if (str_empty(asked[i]) || ip_parse(asked[i], &ip, NULL) < 0) /* which was checked */
            continue;
        VEC_FOREACH (subnet, &n->subnets) {
            struct ip_net net;

            if (ip_net_parse(subnet->subnet, &net, NULL) < 0 || net.address.family != ip.family)
                continue;
            if (!subnet->chosen)
                return err_set(err, ERR_INVALID,
                               "invalid endpoint settings: user specified IP address is supported only when "
                               "connecting to networks with user configured subnets");
            fits = fits || ip_net_contains(&net, &ip);
        }
        if (!fits)
            return err_set(err, ERR_INVALID,
                           "invalid endpoint settings: no configured subnet of network %s contains the IP address %s",
                           n->name, asked[i]);
    }
    return 0;
}

static int find(struct store *s, struct engine_endpoint *e, struct err *err)
{
    struct store_network n = {0};
    int r = store_network_find(s, e->network, &n, err);

    if (r < 0)
        return r;
    str_replace(&e->network, str_dup(n.name));
    r = bundle_check_endpoint(e, err);
    if (r == 0)
        r = check_addresses(&n, e, err);
    store_network_release(&n);
    return r;
}

int container_networks_find(struct store *s, struct engine_options *o, struct err *err)
{
    engine_endpoints *list = &o->networks;

    for (size_t i = 0; i < list->n; i++) {
        int r = find(s, &list->v[i], err);

        if (r < 0)
            return r;
        for (size_t k = 0; k < i; k++)
            if (str_eq(list->v[k].network, list->v[i].network))
                return err_set(err, ERR_INVALID, "network \"%s\" is specified multiple times", list->v[i].network);
    }
    if (list->n)
        str_replace(&o->host.network_mode, str_dup(list->v[0].network));
    return 0;
}

/* ---- afterwards ---- */

static int check_mode(struct store *s, const char *id, const struct store_network *n, bool connect, struct err *err)
{
    _cleanup_engine_options_ struct engine_options o = {0};
    int r = container_read_options(s, id, &o, err);

    if (r < 0)
        return r;
    if (str_eq(n->driver, "host"))
        return err_set(err, ERR_INVALID,
                       "container cannot be disconnected from host network or connected to host network");
    if (str_eq(o.host.network_mode, "host") || bundle_mode_container(o.host.network_mode))
        return err_set(
            err, ERR_INVALID,
            "container sharing network namespace with another container or host cannot be connected to any other "
            "network");
    if (connect && (engine_is_on_none(&o) || str_eq(n->driver, "null")))
        return err_set(
            err, ERR_INVALID,
            "container cannot be connected to multiple networks with one of the networks in private (none) mode");
    return 0;
}

/* What the monitor is asked for, or, of a container that has none, is written by us. */
struct change {
    const struct store_network *network;
    const struct engine_endpoint *add; /* NULL: it is to leave */
};

static int ask_monitor(int monitor, const void *data, struct err *err)
{
    const struct change *c = data;
    _cleanup_buf_ struct buf text = BUF_INIT;

    if (!c->add)
        return monitor_ask(monitor, MONITOR_DISCONNECT, c->network->name, strlen(c->network->name), NULL, err);
    json_dump(&engine_endpoint_type, c->add, false, &text);
    if (text.len > FRAME_MAX)
        return err_set(err, ERR_LIMIT, "what is asked of network %s takes more than %d bytes to say", c->network->name,
                       FRAME_MAX);
    return monitor_ask(monitor, MONITOR_CONNECT, text.p, text.len, NULL, err);
}

static int write_networks(struct store *s, struct store_container *dir, struct store_container_record *record,
                          const void *data, struct err *err)
{
    const struct change *c = data;
    int r = monitor_write_networks(dir, record, c->add, c->add ? NULL : c->network->name, err);

    if (r == 0 && !c->add && c->network->id)
        r = endpoint_give_back(s, c->network->id, record->id, true, err);
    return r;
}

static int carry_out(struct store *s, const char *id, const struct change *c, struct err *err)
{
    return container_rewrite(s, id, &(struct container_rewrite){ask_monitor, write_networks, c}, err);
}

int container_connect(struct store *s, const char *name, const struct engine_endpoint *wanted, struct err *err)
{
    struct engine_endpoint e = {0};
    struct store_network n = {0};
    char id[ID_LEN + 1];
    int r = store_container_find(s, name, id, err);

    if (r == 0)
        r = store_network_find(s, wanted->network, &n, err);
    if (r < 0)
        return r;
    r = check_mode(s, id, &n, true, err);
    if (r == 0)
        r = json_duplicate(&engine_endpoint_type, wanted, &e, err);
    if (r == 0)
        r = find(s, &e, err);
    if (r == 0)
        r = carry_out(s, id, &(struct change){&n, &e}, err);
    json_free(&engine_endpoint_type, &e);
    store_network_release(&n);
    return r;
}

/* What a table still has of a container that is not there. */
static int forget(struct store *s, const struct store_network *n, const char *name, struct err *err)
{
    endpoints list = {0};
    int r = endpoint_list(s, n->id, false, &list, err), found = ERR_NOT_FOUND;

    VEC_FOREACH (e, &list)
        if (r == 0 && (str_eq(e->name, name) || str_eq(e->container, name)) &&
            !store_container_is_locked(s, e->container))
            found = endpoint_give_back(s, n->id, e->container, true, err);
    endpoints_release(&list);
    if (r == 0 && found == ERR_NOT_FOUND)
        r = err_set(err, ERR_NOT_FOUND, "endpoint %s not found", name);
    return r < 0 ? r : found;
}

/* A network that was removed can still be one of a container's that does not run. */
static bool is_listed(struct store *s, const char *id, const char *network)
{
    _cleanup_engine_options_ struct engine_options o = {0};

    if (container_read_options(s, id, &o, NULL) < 0)
        return false;
    VEC_FOREACH (e, &o.networks)
        if (str_eq(e->network, network))
            return true;
    return false;
}

static int find_connected(struct store *s, const char *id, const char *network, struct store_network *ret,
                          struct err *err)
{
    struct err why = ERR_INIT;
    int r = store_network_find(s, network, ret, &why);

    if (r == ERR_NOT_FOUND && id && is_listed(s, id, network)) {
        *ret = (struct store_network){.name = str_dup(network)};
        return 0;
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

int container_disconnect(struct store *s, const char *name, const char *network, bool force, struct err *err)
{
    struct store_network n = {0};
    struct err why = ERR_INIT;
    char id[ID_LEN + 1];
    bool there = store_container_find(s, name, id, &why) == 0;
    int r = find_connected(s, there ? id : NULL, network, &n, err);

    if (r < 0)
        return r;
    if (there) {
        r = check_mode(s, id, &n, false, err);
        if (r == 0)
            r = carry_out(s, id, &(struct change){.network = &n}, err);
    } else if (force && why.kind == ERR_NOT_FOUND) {
        r = forget(s, &n, name, err);
    } else {
        if (err)
            *err = why;
        r = why.kind;
    }
    store_network_release(&n);
    return r;
}

void container_networks_tidy(struct store *s, const struct store_container_record *record, bool forget_it)
{
    if (has_network(record->network))
        networks_tidy(s, record->id, forget_it);
}

void container_networks_rename(struct store *s, const char *id, const char *name)
{
    _cleanup_engine_options_ struct engine_options o = {0};

    if (container_read_options(s, id, &o, NULL) < 0)
        return;
    VEC_FOREACH (e, &o.networks) {
        struct store_network n = {0};

        if (store_network_find(s, e->network, &n, NULL) < 0)
            continue;
        endpoint_rename(s, n.id, id, name, NULL, NULL);
        store_network_release(&n);
    }
}

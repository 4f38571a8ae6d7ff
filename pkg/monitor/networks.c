#include "monitor/networks_internal.h"

#include "base/log.h"
#include "bundle/parse.h"
#include "event/event.h"
#include "network/firewall.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <unistd.h>

static void member_release(struct networks_member *m)
{
    store_network_release(&m->network);
    endpoint_release(&m->endpoint);
    free(m->interface);
    strv_free(m->sysctls);
    strv_free(m->addresses);
    *m = (struct networks_member){0};
}

static void forget_members(struct networks *n)
{
    VEC_FOREACH (m, &n->members)
        member_release(m);
    free(n->members.v);
    n->members.v = NULL;
    n->members.n = n->members.cap = 0;
}

/* ---- taking an endpoint ---- */

#define DRIVER_SYSCTLS "com.docker.network.endpoint.sysctls"
#define DRIVER_IFNAME  "com.docker.network.endpoint.ifname"

static bool has_interface(const struct networks *n, const char *name)
{
    VEC_FOREACH (m, &n->members)
        if (str_eq(m->interface, name))
            return true;
    return false;
}

/* The name that was asked for, or the first free one of eth0, eth1, …, where the network has no other word for them. */
static int choose_interface(const struct networks *n, const struct store_network *network,
                            const struct engine_endpoint *wanted, char **ret, struct err *err)
{
    const char *asked = str_given(strv_env_get(wanted->driver_opts, DRIVER_IFNAME)), *prefix;
    struct network_options options;
    int r = network_options_read(network, &options, err);

    prefix = str_given(options.prefix);
    if (asked)
        *ret = str_dup(asked);
    for (unsigned i = 0; r == 0 && !*ret; i++) {
        char *name = str_printf("%s%u", prefix ? prefix : "eth", i);

        if (has_interface(n, name))
            free(name);
        else
            *ret = name;
    }
    return r;
}

/* It is part of the names of settings (net.ipv4.conf.NAME.…), where a dot means something else. */
static int check_interface(const struct networks *n, const char *name, struct err *err)
{
    if (has_interface(n, name))
        return err_set(err, ERR_INVALID, "interface name %s is asked for by two networks", name);
    if (strlen(name) >= LINK_NAME_MAX || strpbrk(name, "./: \t\n"))
        return err_set(err, ERR_INVALID, "interface name \"%s\": at most %d bytes, no dot, slash, colon or blank", name,
                       LINK_NAME_MAX - 1);
    return 0;
}

static int parse_address(const char *text, struct ip *ret, struct err *err)
{
    return str_empty(text) ? 0 : ip_parse(text, ret, err);
}

static int take(const struct monitor_job *job, const struct engine_endpoint *wanted, struct networks_member *m,
                struct err *err)
{
    uint8_t mac[IP_MAC_LEN];
    struct endpoint_request request = {
        .container = job->record->id, .name = job->record->name, .aliases = wanted->aliases};
    int r = parse_address(wanted->ipv4_address, &request.ip4, err);

    if (r == 0)
        r = parse_address(wanted->ipv6_address, &request.ip6, err);
    if (r == 0 && !str_empty(wanted->mac_address)) {
        r = ip_mac_parse(wanted->mac_address, mac, err);
        request.mac = mac;
    }
    return r < 0 ? r : endpoint_take(job->store, &m->network, &request, &m->endpoint, err);
}

int networks_add(struct networks *n, const struct monitor_job *job, const struct engine_endpoint *wanted,
                 struct err *err)
{
    const char *sysctls = str_given(strv_env_get(wanted->driver_opts, DRIVER_SYSCTLS));
    struct networks_member m = {.priority = wanted->gw_priority};
    int r = network_open(job->store, job->config, wanted->network, &m.network, err);

    if (r < 0)
        return r;
    m.addresses = strv_copy(wanted->link_local_ips);
    m.sysctls = sysctls ? strv_split(sysctls, ',') : NULL;
    r = choose_interface(n, &m.network, wanted, &m.interface, err);
    if (r == 0)
        r = check_interface(n, m.interface, err);
    if (r == 0)
        r = take(job, wanted, &m, err);
    if (r < 0) {
        member_release(&m);
        return r;
    }
    *VEC_PUSH(&n->members) = m;
    return 0;
}

void networks_tell(const struct monitor_job *job, const struct networks_member *m, bool connected)
{
    if (job->record->build)
        return;
    event_emit(store_state_path(job->store), "network", connected ? "connect" : "disconnect", m->network.id, NULL,
               "container", job->record->id, "name", m->network.name, "type", m->network.driver, NULL);
}

static void note(int r, const struct err *why)
{
    if (r < 0)
        log_debug("giving back what belonged to a network: %s", why->text);
}

void networks_drop(struct networks *n, const struct monitor_job *job, struct networks_member *m)
{
    size_t behind = (size_t)(n->members.v + n->members.n - m - 1);
    struct err why = ERR_INIT;

    note(endpoint_give_back(job->store, m->network.id, job->record->id, true, &why), &why);
    member_release(m);
    memmove(m, m + 1, behind * sizeof(*m));
    n->members.n--;
}

/* ---- the way out ---- */

static bool has_gateway(const struct networks_member *m, uint16_t family)
{
    const struct ip *own = family == AF_INET ? &m->endpoint.ip4 : &m->endpoint.ip6;

    if (m->network.internal || !ip_is_set(own))
        return false;
    VEC_FOREACH (subnet, &m->network.subnets) {
        struct ip gateway;

        if (!str_empty(subnet->gateway) && ip_parse(subnet->gateway, &gateway, NULL) == 0 && gateway.family == family)
            return true;
    }
    return false;
}

const struct networks_member *networks_gateway(const struct networks *n, uint16_t family)
{
    const struct networks_member *best = NULL;

    VEC_FOREACH (m, &n->members) {
        if (m->leaving || !has_gateway(m, family))
            continue;
        if (!best || m->priority > best->priority ||
            (m->priority == best->priority && strcmp(m->network.name, best->network.name) < 0))
            best = m;
    }
    return best;
}

struct attachment networks_attachment(const struct networks *n, const struct networks_member *m)
{
    return (struct attachment){
        .network = &m->network,
        .endpoint = &m->endpoint,
        .interface = m->interface,
        .gateway4 = networks_gateway(n, AF_INET) == m,
        .gateway6 = networks_gateway(n, AF_INET6) == m,
        .sysctls = m->sysctls,
        .addresses = m->addresses,
    };
}

int networks_guard(const struct monitor_job *job, const struct networks_member *m, struct err *err)
{
    return str_eq(m->network.driver, "bridge") ? firewall_add_network(job->store, &m->network, err) : 0;
}

void networks_attachments(const struct networks *n, attachments *ret)
{
    const struct networks_member *way = networks_gateway(n, AF_INET),
                                 *first = way ? way : networks_gateway(n, AF_INET6);

    *ret = (attachments){0};
    if (first)
        *VEC_PUSH(ret) = networks_attachment(n, first);
    VEC_FOREACH (m, &n->members)
        if (m != first && !m->leaving)
            *VEC_PUSH(ret) = networks_attachment(n, m);
}

/* Into a namespace of its own, with the rules of each network. */
static int attach(struct networks *n, const struct monitor_job *job, const attachments *list, struct err *err)
{
    int r = network_namespace_make(&n->ns, err);

    if (r == 0)
        r = network_attach(job->store, n->ns, list->v, list->n, err);
    VEC_FOREACH (m, &n->members)
        r = r < 0 ? r : networks_guard(job, m, err);
    return r;
}

/* ---- the whole ---- */

/* Of a run before, which keeps addresses and ports, the endpoints are taken once more: their ids name the host's ends
 * of links, and those of the last run may not be gone yet. */
static int take_all(struct networks *n, const struct monitor_job *job, struct err *err)
{
    const engine_endpoints *wanted = &job->options->networks;
    int r = 0;

    for (size_t i = 0; r == 0 && i < wanted->n; i++) {
        struct networks_member *m = i < n->members.n ? &n->members.v[i] : NULL;

        if (!m) {
            r = networks_add(n, job, &wanted->v[i], err);
            continue;
        }
        endpoint_release(&m->endpoint);
        m->endpoint = (struct endpoint){0};
        r = take(job, &wanted->v[i], m, err);
    }
    return r;
}

int networks_begin(struct networks *n, struct loop *loop, const struct monitor_job *job, struct err *err)
{
    attachments list = {0};
    int r = take_all(n, job, err);

    n->loop = loop;
    if (r == 0 && n->members.n) {
        networks_attachments(n, &list);
        VEC_FOREACH (a, &list)
            a->by_runtime = true;
        network_settings(list.v, list.n, &n->settings);
        r = networks_claim(n, job, err);
        if (r == 0)
            r = attach(n, job, &list, err);
        if (r == 0)
            r = networks_publish(n, job, err);
    }
    if (r == 0 && !bundle_mode_container(job->options->host.network_mode))
        r = names_begin(&n->names, job, loop, n->ns, list.v, list.n, err);
    free(list.v);
    if (r < 0)
        return r;
    VEC_FOREACH (m, &n->members)
        networks_tell(job, m, true);
    n->attached = true;
    return 0;
}

/* What the user set stays. */
static void add_setting(const char *setting, char ***sysctls)
{
    _cleanup_free_ char *name = str_ndup(setting, strcspn(setting, "="));

    if (!strv_env_has(*sysctls, name))
        strv_add(sysctls, setting);
}

void networks_join(const struct networks *n, struct oci_spec *spec)
{
    STRV_FOREACH (setting, n->settings)
        add_setting(*setting, &spec->platform.sysctl);
    VEC_FOREACH (ns, &spec->platform.namespaces)
        if (n->ns >= 0 && str_eq(ns->type, "network"))
            str_replace(&ns->path, str_printf("/proc/%d/fd/%d", (int)getpid(), n->ns));
}

void networks_pause(struct networks *n, const struct monitor_job *job)
{
    names_end(&n->names);
    n->ns = fd_close(n->ns);
    strv_free(steal_ptr(&n->settings));
    if (n->attached)
        VEC_FOREACH (m, &n->members)
            networks_tell(job, m, false);
    n->attached = false;
}

void networks_end(struct networks *n, const struct monitor_job *job)
{
    networks_unpublish(n, job);
    networks_pause(n, job);
    free(n->ports.v);
    free(n->taken.v);
    n->ports = n->taken = (port_ranges){0};
    VEC_FOREACH (m, &n->members) {
        struct err why = ERR_INIT;

        note(endpoint_give_back(job->store, m->network.id, job->record->id, job->record->remove, &why), &why);
    }
    forget_members(n);
}

void networks_tidy(struct store *s, const char *container, bool forget)
{
    struct err why = ERR_INIT;

    note(firewall_unpublish(s, container, &why), &why);
    why = ERR_INIT;
    note(ports_give_back(s, container, &why), &why);
    why = ERR_INIT;
    note(endpoint_give_back_all(s, container, forget, &why), &why);
}

static void sweep_network(struct store *s, const char *id)
{
    endpoints list = {0};

    if (endpoint_list(s, id, false, &list, NULL) < 0)
        return;
    VEC_FOREACH (e, &list) {
        struct store_container *dir = NULL;
        struct err why = ERR_INIT;
        bool gone = store_container_open(s, e->container, &dir, &why) == ERR_NOT_FOUND;

        store_container_free(dir);
        why = ERR_INIT;
        if (gone || (e->in_use && !store_container_is_locked(s, e->container)))
            note(endpoint_give_back(s, id, e->container, gone, &why), &why);
    }
    endpoints_release(&list);
}

void networks_sweep(struct store *s)
{
    _cleanup_strv_ char **names = NULL;
    struct err why = ERR_INIT;

    note(firewall_sweep(s, &why), &why);
    if (store_network_list(s, &names, NULL) < 0)
        return;
    STRV_FOREACH (name, names) {
        struct store_network n = {0};

        if (store_network_find(s, *name, &n, NULL) < 0)
            continue;
        if (!str_eq(n.driver, "host") && !str_eq(n.driver, "null"))
            sweep_network(s, n.id);
        store_network_release(&n);
    }
}

/* What a container has of networks, as the kernel has it. */
#include "explain/network.h"

#include "bundle/bundle.h"
#include "bundle/parse.h"
#include "explain/read.h"
#include "monitor/networks.h"
#include "sys/fd.h"
#include "sys/resolv_conf.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { INTERFACES_MAX = 64, ROUTES_MAX = 64, CLAIMS_MAX = 64 /* that are told of */ };
enum { SERVERS_MAX = 3 /* that programs ask: resolv.conf(5), MAXNS */ };

#define OURS "127.0.0.11"

struct looking {
    const struct explain_subject *subject;
    links links; /* inside */
    explain_interfaces interfaces;
    link_route_list routes;
    explain_nets nets;
    port_claims claims;
    bool host; /* it has the host's network */
};

static void looking_release(struct looking *l)
{
    VEC_FOREACH (i, &l->interfaces)
        free(i->addresses.v);
    VEC_FOREACH (n, &l->nets) {
        store_network_release(&n->network);
        endpoint_release(&n->endpoint);
    }
    free(l->interfaces.v);
    free(l->routes.v);
    free(l->links.v);
    free(l->nets.v);
    port_claims_release(&l->claims);
}

/* ---- reading ---- */

static int read_inside(void *data, struct err *err)
{
    struct looking *l = data;
    _cleanup_fd_ int fd = netlink_open(NETLINK_ROUTE);
    int r = fd < 0 ? fd : link_list(fd, &l->links);

    if (r == 0)
        r = link_routes(fd, &l->routes);
    VEC_FOREACH (one, &l->links) {
        struct explain_interface *i;

        if (r < 0 || l->interfaces.n == INTERFACES_MAX)
            break;
        i = VEC_PUSH(&l->interfaces);
        i->link = *one;
        r = link_addresses(fd, one->index, &i->addresses);
    }
    return r < 0 ? err_errno(err, -r, "rtnetlink") : 0;
}

static bool has_address(const struct explain_interface *i, const struct ip *a)
{
    VEC_FOREACH (n, &i->addresses)
        if (ip_is_set(a) && ip_equal(&n->address, a))
            return true;
    return false;
}

/* By the host's end, as far as there is one, else by its addresses. */
static void find_network(const struct looking *l, struct explain_interface *i)
{
    VEC_FOREACH (n, &l->nets) {
        bool same = i->host.index ? str_eq(n->endpoint.link, i->host.name)
                                  : has_address(i, &n->endpoint.ip4) || has_address(i, &n->endpoint.ip6);

        if (same) {
            i->network = n->network.name;
            i->driver = n->network.driver;
        }
    }
}

static void find_host_ends(struct looking *l)
{
    _cleanup_fd_ int fd = netlink_open(NETLINK_ROUTE);

    VEC_FOREACH (i, &l->interfaces) {
        bool veth = str_eq(i->link.kind, "veth") && i->link.peer;

        /* An index is the host's only where the other end is a veth that leads back. */
        if (fd >= 0 && veth && (link_find(fd, NULL, i->link.peer, &i->host) < 0 || i->host.peer != i->link.index))
            i->host = (struct link){0};
        if (i->host.master && link_find(fd, NULL, i->host.master, &i->bridge) < 0)
            i->bridge = (struct link){0};
        find_network(l, i);
    }
}

static void read_networks(struct looking *l)
{
    VEC_FOREACH (e, &l->subject->options->networks) {
        struct explain_net n = {0};

        if (store_network_find(l->subject->store, e->network, &n.network, NULL) < 0)
            continue;
        if (l->subject->id)
            endpoint_find(l->subject->store, n.network.id, l->subject->id, &n.endpoint, NULL);
        *VEC_PUSH(&l->nets) = n;
    }
}

static bool is_hosts(pid_t pid)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/ns/net", (int)pid);
    struct stat theirs, ours;

    return stat(path, &theirs) == 0 && stat("/proc/self/ns/net", &ours) == 0 && theirs.st_dev == ours.st_dev &&
           theirs.st_ino == ours.st_ino;
}

static int look(struct looking *l, struct err *err)
{
    _cleanup_free_ char *path = str_printf("/proc/%d/ns/net", (int)l->subject->pid);
    _cleanup_fd_ int ns = -1;
    int r;

    read_networks(l);
    if (!l->subject->pid) {
        l->host = bundle_host_network(l->subject->options);
        return 0;
    }
    l->host = is_hosts(l->subject->pid);
    if (l->host)
        return 0;
    ns = open(path, O_RDONLY | O_CLOEXEC);
    r = ns < 0 ? err_errno(err, errno, "%s", path) : network_namespace_within(ns, read_inside, l, err);
    if (r < 0)
        return r;
    find_host_ends(l);
    return ports_list(l->subject->store, l->subject->id, &l->claims, err);
}

/* ---- telling ---- */

/* Whatever it was called by; the caller frees it. */
static char *container_name(struct store *s, const char *id)
{
    _cleanup_container_record_ struct store_container_record record = {0};
    char found[ID_LEN + 1];
    bool passed;

    if (store_container_find(s, id, found, NULL) == 0 &&
        store_container_glance(s, found, false, &record, &passed, NULL) == 0)
        return str_dup(record.name);
    return str_dup(id);
}

static void add_mode(const struct looking *l, explain_facts *ret)
{
    const struct engine_options *o = l->subject->options;
    const char *shared = bundle_mode_container(o->host.network_mode);
    _cleanup_free_ char *source = explain_source(l->subject, "ns/net"), *names = NULL;
    _cleanup_free_ char *other = shared ? container_name(l->subject->store, shared) : NULL;
    _cleanup_strv_ char **list = NULL;
    struct explain_fact *fact;

    VEC_FOREACH (n, &l->nets)
        strv_add(&list, n->network.name);
    names = list ? strv_join(list, ", ") : NULL;
    if (l->host)
        fact = explain_add(ret, "mode", source,
                           "host: it has all interfaces, addresses and ports of the host, and no rules "
                           "between");
    else if (other)
        fact = explain_add(
            ret, "mode", source,
            "container: it has the network of the container %s, with its loopback and its published ports", other);
    else if (names)
        fact = explain_add(ret, "mode", source, "its own, on %s", names);
    else
        fact = explain_add(ret, "mode", source, "none: its own, and no way out of it");
    explain_string(fact, l->host ? "host" : other ? "container" : names ? "networks" : "none");
    fact->weak = l->host || other;
}

static const char *name_of(const struct looking *l, int index)
{
    VEC_FOREACH (one, &l->links)
        if (one->index == index)
            return one->name;
    return "nothing";
}

static void add_routes(const struct looking *l, explain_facts *ret)
{
    struct explain_fact *group;

    if (!l->routes.n)
        return;
    group = explain_add(ret, "routes", NULL, "where its packets go");
    VEC_FOREACH (r, &l->routes)
        if (group->below.n < ROUTES_MAX)
            explain_route_describe(r, name_of(l, r->index), group);
}

/* ---- names ---- */

static int read_resolv_conf(const struct explain_subject *subject, struct resolv_conf *ret, struct err *err)
{
    _cleanup_fd_ int fd = explain_open_inside(subject, RESOLV_CONF, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(RESOLV_CONF_MAX);
    struct stat st;
    int r;

    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
        return err_set(err, ERR_INVALID, RESOLV_CONF " is no file");
    r = fd < 0 ? err_errno(err, -fd, RESOLV_CONF) : fd_read_rest(fd, RESOLV_CONF, &text, err);
    if (r == 0)
        resolv_conf_parse(buf_str(&text), ret);
    return r;
}

/* Whom the monitor asks what it does not know. */
static char *others_words(const struct looking *l)
{
    _cleanup_resolv_conf_ struct resolv_conf host = {0};
    char *const *given = l->subject->options->host.dns;
    _cleanup_free_ char *list = NULL;
    bool outside = false;

    VEC_FOREACH (n, &l->nets)
        outside = outside || !n->network.internal;
    if (!outside)
        return str_dup("other names have no answer, for its networks are internal");
    if (!strv_len(given))
        resolv_conf_read(RESOLV_CONF, &host, NULL);
    list = strv_join(strv_len(given) ? given : host.servers, ", ");
    return str_printf("other names it asks %s, %s", str_empty(list) ? "nobody" : list,
                      strv_len(given) ? "as was asked for" : "as the host does");
}

/* Who joined another's network has that one's servers. */
static char *ours_words(const struct looking *l)
{
    const char *shared = bundle_mode_container(l->subject->options->host.network_mode);
    _cleanup_free_ char *others = shared ? NULL : others_words(l);
    _cleanup_free_ char *name = shared ? container_name(l->subject->store, shared) : NULL;

    return shared
               ? str_printf("the monitor of the container %s: it answers for containers on the networks of that one",
                            name)
               : str_printf("the container's own monitor: it answers for containers on the same networks; %s", others);
}

static void add_names(const struct looking *l, explain_facts *ret)
{
    _cleanup_free_ char *source = str_printf("/proc/%d/root" RESOLV_CONF, (int)l->subject->pid), *list = NULL;
    _cleanup_resolv_conf_ struct resolv_conf conf = {0};
    struct err why = ERR_INIT;
    struct explain_fact *fact;

    if (read_resolv_conf(l->subject, &conf, &why) < 0) {
        explain_unread(ret, "names", &why);
        return;
    }
    while (strv_len(conf.servers) > SERVERS_MAX)
        str_replace(&conf.servers[strv_len(conf.servers) - 1], NULL);
    list = conf.servers ? strv_join(conf.servers, ", ") : NULL;
    if (!l->host && strv_contains(conf.servers, OURS)) {
        _cleanup_free_ char *words = ours_words(l);

        fact = explain_add(ret, "names", source, OURS ", which is %s", words);
    } else {
        fact = explain_add(ret, "names", source, "%s", list ? list : "no server is asked");
    }
    explain_strings(fact, conf.servers);
}

/* ---- rules ---- */

static const struct explain_interface *interface_of(const struct looking *l, const struct ip *address)
{
    VEC_FOREACH (i, &l->interfaces)
        if (has_address(i, address))
            return i;
    return NULL;
}

static void add_claim(const struct looking *l, const struct port_claim *c, explain_facts *ret)
{
    firewall_lines rules;
    _cleanup_free_ char *table = firewall_lines_of_claim(l->subject->store, c, &rules);
    struct ip relayed;
    struct explain_way way = {
        .claim = c,
        .table = table,
        .rules = &rules,
        .by = {interface_of(l, &c->ip4), interface_of(l, &c->ip6)},
        .relay = c->relay,
        .relayed = firewall_relayed(&c->range, ip_is_set(&c->ip6), &relayed),
    };

    explain_way_describe(&way, ret);
    firewall_lines_release(&rules);
}

static void add_network(const struct looking *l, const struct explain_net *n, explain_facts *ret)
{
    firewall_lines rules;
    _cleanup_free_ char *table = firewall_lines_of_network(l->subject->store, &n->network, &rules);

    if (rules.n)
        explain_rules_describe(n->network.name, table, &rules, ret);
    firewall_lines_release(&rules);
}

static void add_rules(const struct looking *l, explain_facts *ret)
{
    size_t told = 0;

    VEC_FOREACH (n, &l->nets)
        add_network(l, n, ret);
    VEC_FOREACH (c, &l->claims)
        if (str_eq(c->container, l->subject->id) && told++ < CLAIMS_MAX)
            add_claim(l, c, ret);
    if (told > CLAIMS_MAX)
        explain_number(explain_add(ret, "more", NULL, "%zu more ranges of ports", told - CLAIMS_MAX),
                       (int64_t)(told - CLAIMS_MAX));
}

/* ---- all ---- */

/* Of one that does not run: what it would be given. */
static void add_planned(const struct looking *l, explain_facts *ret)
{
    port_ranges ranges = {0};

    VEC_FOREACH (n, &l->nets)
        explain_add(ret, n->network.name, NULL, "an address of this network (driver %s) when it starts",
                    n->network.driver);
    networks_ports(l->subject->options, NULL, 0, &ranges);
    VEC_FOREACH (r, &ranges) {
        _cleanup_free_ char *name = explain_range_name(r);

        explain_add(ret, name, NULL, "would be published%s", r->host_first ? "" : ", by a free port of the host");
    }
    free(ranges.v);
}

int explain_network(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    _cleanup_(looking_release) struct looking l = {.subject = subject};
    int r = look(&l, err);

    if (r < 0)
        return r;
    add_mode(&l, ret);
    if (!subject->pid) {
        add_planned(&l, ret);
        return 0;
    }
    VEC_FOREACH (i, &l.interfaces)
        explain_interface_describe(i, ret);
    add_routes(&l, ret);
    add_names(&l, ret);
    add_rules(&l, ret);
    return 0;
}

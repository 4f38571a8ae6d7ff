/* The ports of a container that are published. */
#include "base/log.h"
#include "base/num.h"
#include "monitor/networks_internal.h"
#include "network/firewall.h"
#include "sys/fd.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

static void add_range(const struct engine_port_binding *b, const struct ip *host, port_ranges *ret)
{
    *VEC_PUSH(ret) = (struct port_range){
        .protocol = port_protocol(b->protocol),
        .host = *host,
        .host_first = (uint16_t)b->host_first,
        .host_last = (uint16_t)b->host_last,
        .container_first = (uint16_t)b->container_first,
        .count = (uint16_t)b->count,
    };
}

static void add_binding(const struct engine_port_binding *b, const struct ip *usual, size_t n_usual, port_ranges *ret)
{
    bool chosen = b->host_first && !b->host_last;
    struct ip host = IP_NONE;

    if (!str_empty(b->host_ip) && ip_parse(b->host_ip, &host, NULL) == 0) {
        add_range(b, &host, ret);
        return;
    }
    if (!n_usual)
        add_range(b, &host, ret);
    for (size_t i = 0; i < n_usual && (i == 0 || chosen); i++)
        add_range(b, &usual[i], ret);
}

static bool is_bound(const struct engine_host_config *h, const char *protocol, int64_t port)
{
    VEC_FOREACH (b, &h->port_bindings)
        if (str_eq(b->protocol, protocol) && port >= b->container_first && port < b->container_first + b->count)
            return true;
    return false;
}

/* "80/tcp", and of an image perhaps "80" */
static void add_exposed(const struct engine_options *o, const char *text, const struct ip *usual, size_t n_usual,
                        port_ranges *ret)
{
    const char *slash = strchr(text, '/');
    _cleanup_free_ char *number = str_ndup(text, slash ? (size_t)(slash - text) : strlen(text));
    char *protocol = (char *)(slash ? slash + 1 : "tcp");
    int64_t port;

    if (num_parse_i64(number, 1, UINT16_MAX, &port, NULL) < 0 || is_bound(&o->host, protocol, port))
        return;
    add_binding(&(struct engine_port_binding){.protocol = protocol, .container_first = port, .count = 1}, usual,
                n_usual, ret);
}

void networks_ports(const struct engine_options *o, const struct ip *usual, size_t n_usual, port_ranges *ret)
{
    VEC_FOREACH (b, &o->host.port_bindings)
        add_binding(b, usual, n_usual, ret);
    STRV_FOREACH (port, o->host.publish_all_ports ? o->config.config.exposed_ports : NULL)
        add_exposed(o, *port, usual, n_usual, ret);
}

/* Where ports go that name no address: what the network says, then the configuration; 0: to all. */
static size_t usual_addresses(const struct networks_member *m, const struct config *config, struct ip ret[2])
{
    struct network_options options = {0};
    const char *text = NULL;

    if (m && network_options_read(&m->network, &options, NULL) == 0)
        text = str_given(options.host_binding);
    if (!text && config)
        text = config->publish_address;
    if (str_eq(text, "loopback")) {
        ip_parse("127.0.0.1", &ret[0], NULL);
        ip_parse("::1", &ret[1], NULL);
        return 2;
    }
    return !text || str_eq(text, "all") || ip_parse(text, &ret[0], NULL) < 0 || ip_is_any(&ret[0]) ? 0 : 1;
}

/* The kernel's word, which settings may change (ip_nonlocal_bind). */
static bool host_has(const struct ip *a)
{
    struct sockaddr_storage at;
    socklen_t len = ip_sockaddr(a, 0, &at);
    _cleanup_fd_ int fd = socket(a->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return fd < 0 || bind(fd, (struct sockaddr *)&at, len) == 0 || errno != EADDRNOTAVAIL;
}

static int check_addresses(const port_ranges *ports, struct err *err)
{
    VEC_FOREACH (p, ports) {
        char text[IP_TEXT_MAX];

        if (!ip_is_set(&p->host) || ip_is_loopback(&p->host) || host_has(&p->host))
            continue;
        err_set(err, ERR_INVALID, "publishing ports at %s: cannot assign requested address", ip_format(&p->host, text));
        return err_hint(err, "this host has no such address");
    }
    return 0;
}

/* Of the families that the container has. */
static size_t without_others(struct ip usual[2], size_t n, const struct ip *ip4)
{
    if (n == 2 && !ip_is_set(ip4)) {
        usual[0] = usual[1];
        return 1;
    }
    return n;
}

/* The kernel leads IPv4 to IPv4 alone, and the relay is one for IPv6. */
static int check_families(const port_ranges *ports, const struct ip *ip4, struct err *err)
{
    VEC_FOREACH (p, ports) {
        char text[IP_TEXT_MAX];

        if (p->host.family != AF_INET || ip_is_set(ip4))
            continue;
        err_set(err, ERR_INVALID, "publishing port %u at %s: the container has no address of IPv4", p->container_first,
                ip_format(&p->host, text));
        return err_hint(err, "publish it at an address of IPv6, as [::1], or at none");
    }
    return 0;
}

static bool is_published(const struct networks_member *m)
{
    return m && str_eq(m->network.driver, "bridge");
}

void networks_unpublish(struct networks *n, const struct monitor_job *job)
{
    struct err why = ERR_INIT;
    int r = n->published ? firewall_unpublish(job->store, job->record->id, &why) : 0;

    rules_end(&n->rules);
    port_relay_free(steal_ptr(&n->relay));
    if (r == 0 && n->claimed)
        r = ports_give_back(job->store, job->record->id, &why);
    if (r < 0)
        log_debug("giving ports back: %s", why.text);
    n->published = n->claimed = false;
}

/* Of a member that is the way out for a family; `m` may be NULL. */
static bool is_routed(const struct networks_member *m, uint16_t family)
{
    struct network_options o;

    return is_published(m) && network_options_read(&m->network, &o, NULL) == 0 &&
           (family == AF_INET ? o.mode4 : o.mode6) == NETWORK_ROUTED;
}

static struct port_ways ways_of(const struct networks_member *way4, const struct networks_member *way6)
{
    return (struct port_ways){.ip4 = is_published(way4) ? way4->endpoint.ip4 : IP_NONE,
                              .ip6 = is_published(way6) ? way6->endpoint.ip6 : IP_NONE,
                              .routed4 = is_routed(way4, AF_INET),
                              .routed6 = is_routed(way6, AF_INET6)};
}

/* The ports `taken` of the host, and behind them those that are `open`. */
static int claim(struct networks *n, const struct monitor_job *job, const struct port_ways *w, port_ranges *taken,
                 const port_ranges *open, struct err *err)
{
    size_t n_taken = taken->n;
    port_ranges chosen = {0};
    int r = check_addresses(taken, err);

    if (r == 0)
        r = check_families(taken, &w->ip4, err);
    if (r == 0)
        r = port_relay_open(n->loop, taken, &w->ip4, &w->ip6, &n->relay, err);
    VEC_FOREACH (p, open)
        *VEC_PUSH(taken) = *p;
    if (r == 0)
        r = ports_claim(job->store, job->record->id, taken, &w->ip4, &w->ip6, port_relay_port(n->relay), &chosen, err);
    if (r < 0) {
        free(chosen.v);
        return r;
    }
    ports_chosen(&n->ports, w, &chosen);
    free(n->taken.v);
    n->taken = chosen;
    n->taken.n = n_taken;
    n->ways = *w;
    n->claimed = true;
    return 0;
}

int networks_claim(struct networks *n, const struct monitor_job *job, struct err *err)
{
    const struct networks_member *way4 = networks_gateway(n, AF_INET), *way6 = networks_gateway(n, AF_INET6);
    struct port_ways w = ways_of(way4, way6);
    port_ranges taken = {0}, open = {0};
    struct ip usual[2];
    int r;

    if (n->claimed && ip_equal(&w.ip4, &n->ways.ip4) && ip_equal(&w.ip6, &n->ways.ip6))
        return 0;
    networks_unpublish(n, job);
    if (!n->ports.n) /* else they stay what they became, and lead elsewhere */
        networks_ports(job->options, usual,
                       without_others(usual, usual_addresses(way4 ? way4 : way6, job->config, usual), &w.ip4),
                       &n->ports);
    if (!n->ports.n || (!ip_is_set(&w.ip4) && !ip_is_set(&w.ip6)))
        return 0;
    ports_route(&n->ports, &w, &taken, &open);
    r = claim(n, job, &w, &taken, &open, err);
    free(taken.v);
    free(open.v);
    return r;
}

int networks_publish(struct networks *n, const struct monitor_job *job, struct err *err)
{
    int r;

    if (!n->claimed || n->published)
        return 0;
    r = firewall_publish(job->store, job->record->id, err);
    if (r < 0)
        return r;
    n->published = true;
    port_relay_begin(n->relay, &n->taken);
    rules_begin(&n->rules, n->loop, job->store);
    return 0;
}

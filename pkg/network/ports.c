#include "network/ports.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "netlink/host_ports.h"
#include "network/ports_table.h"
#include "store/container.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>

enum { PORTS = 65536, SETTING_MAX = 64 };

/* ---- what the host says ---- */

/* One number of /proc/sys/net/ipv4/NAME, or two. */
static void read_setting(const char *name, unsigned *first, unsigned *second)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(SETTING_MAX);
    _cleanup_free_ char *path = str_printf("/proc/sys/net/ipv4/%s", name);
    struct err ignored = ERR_INIT;
    unsigned a, b;
    int n;

    if (fd_read_file(AT_FDCWD, path, &text, &ignored) < 0)
        return;
    n = sscanf(buf_str(&text), "%u %u", &a, &b);
    if (n >= 1 && a < PORTS)
        *first = a;
    if (n == 2 && second && b < PORTS && b >= a)
        *second = b;
}

static bool may_have_privileged(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};

    return syscall(SYS_capget, &head, data) == 0 && data[0].effective >> CAP_NET_BIND_SERVICE & 1;
}

/* ---- who has what ---- */

/* What is looked at while ports are claimed. */
struct claiming {
    struct store *store;
    const char *container;
    struct ports_table table;
    host_ports host;
    bool asked[UINT8_MAX + 1]; /* protocols that `host` has */
    unsigned unprivileged;     /* the first port that everybody may have */
    uint16_t relay;            /* the container's own */
};

static void release(struct claiming *c)
{
    ports_table_release(&c->table);
    free(c->host.v);
}

/* Addresses of the host: those that are not set are all of both families. */
static bool addresses_meet(const struct ip *a, const struct ip *b)
{
    if (!ip_is_set(a) || !ip_is_set(b))
        return true;
    return a->family == b->family && (ip_is_any(a) || ip_is_any(b) || ip_equal(a, b));
}

static bool claim_meets(const struct port_claim *c, const struct port_range *r)
{
    return !c->range.routed && c->range.protocol == r->protocol && c->range.host_first < r->host_first + r->count &&
           r->host_first < c->range.host_first + c->range.count && addresses_meet(&c->range.host, &r->host);
}

/* A socket of the host at :: has the ports of IPv4 too, unless it says otherwise. */
static bool socket_has_address(const struct host_port *p, const struct ip *host)
{
    if (p->address.family == AF_INET6 && ip_is_any(&p->address) && !p->v6_only)
        return true;
    return addresses_meet(&p->address, host);
}

static const char *range_format(const struct port_range *r, char ret[64])
{
    char host[IP_TEXT_MAX];
    const char *protocol = r->protocol == IPPROTO_UDP ? "/udp" : r->protocol == IPPROTO_SCTP ? "/sctp" : "";

    snprintf(ret, 64, "%u%s of %s", r->host_first, protocol,
             ip_is_set(&r->host) ? ip_format(&r->host, host) : "0.0.0.0");
    return ret;
}

static int refuse_claimed(struct claiming *c, const struct port_range *r, const struct port_claim *other,
                          struct err *err)
{
    _cleanup_container_record_ struct store_container_record record = {0};
    struct port_range at = *r;
    struct err ignored = ERR_INIT;
    bool passed = false;
    char text[64];

    at.host_first = MAX_OF(r->host_first, other->range.host_first);
    range_format(&at, text);
    if (str_eq(other->container, c->container))
        return err_set(err, ERR_EXISTS, "port %s is published twice", text);
    if (store_container_glance(c->store, other->container, false, &record, &passed, &ignored) < 0 ||
        str_empty(record.name))
        return err_set(err, ERR_EXISTS, "port %s is already allocated to container %.*s", text, ID_SHORT_LEN,
                       other->container);
    return err_set(err, ERR_EXISTS, "port %s is already allocated to container %s", text, record.name);
}

/* The relay of a container may listen where it likes: what comes for that port is translated before it is seen there.
 */
static bool is_relay(const struct claiming *c, const struct host_port *p)
{
    if (p->protocol != IPPROTO_TCP || p->address.family != AF_INET6)
        return false;
    if (p->port == c->relay)
        return true;
    VEC_FOREACH (claim, &c->table.claims)
        if (claim->relay == p->port)
            return true;
    return false;
}

/* Also of one that begins at this moment, or that belongs to another store. */
static bool is_relays_owner(const struct host_port *p, const char *owner)
{
    return p->protocol == IPPROTO_TCP && p->address.family == AF_INET6 && owner && str_after(owner, "cbox-monitor (");
}

static int check_used(const struct claiming *c, const struct port_range *r, const struct host_port *p, struct err *err)
{
    _cleanup_free_ char *owner = NULL;
    struct port_range at = *r;
    char text[64];

    if (is_relay(c, p))
        return 0;
    owner = host_port_owner(p->inode);
    if (is_relays_owner(p, owner))
        return 0;
    at.host_first = p->port;
    return err_set(err, ERR_EXISTS, "port %s is already in use by %s", range_format(&at, text),
                   owner ? owner : "a program of the host");
}

/* Those of containers that are gone, all of one that a claim belongs to. */
static bool drop_if_gone(struct claiming *c, const struct port_claim *claim)
{
    _cleanup_free_ char *id = str_dup(claim->container);

    if (str_eq(id, c->container) || store_container_is_locked(c->store, id))
        return false;
    ports_table_remove(&c->table, id);
    return true;
}

static int check_fixed(struct claiming *c, const struct port_range *r, struct err *err)
{
    char text[64];

    if (r->host_first < c->unprivileged && !may_have_privileged()) {
        err_set(err, ERR_PERMISSION, "port %s: permission denied: it is below %u", range_format(r, text),
                c->unprivileged);
        return err_hint(err, "net.ipv4.ip_unprivileged_port_start says which ports everybody may have");
    }
    for (size_t i = 0; i < c->table.claims.n;) {
        const struct port_claim *other = &c->table.claims.v[i];

        if (!claim_meets(other, r))
            i++;
        else if (drop_if_gone(c, other))
            i = 0;
        else
            return refuse_claimed(c, r, other, err);
    }
    VEC_FOREACH (p, &c->host)
        if (p->protocol == r->protocol && p->port >= r->host_first && p->port < r->host_first + r->count &&
            socket_has_address(p, &r->host) && check_used(c, r, p, err) < 0)
            return ERR_EXISTS;
    return 0;
}

/* ---- choosing ---- */

static void mark(uint8_t *used, unsigned first, unsigned count)
{
    for (unsigned p = first; p < first + count && p < PORTS; p++)
        used[p / 8] |= (uint8_t)(1U << p % 8);
}

static void mark_used(const struct claiming *c, const struct port_range *r, uint8_t *used)
{
    VEC_FOREACH (other, &c->table.claims)
        if (!other->range.routed && other->range.protocol == r->protocol &&
            addresses_meet(&other->range.host, &r->host))
            mark(used, other->range.host_first, other->range.count);
    VEC_FOREACH (p, &c->host)
        if (p->protocol == r->protocol && socket_has_address(p, &r->host))
            mark(used, p->port, 1);
}

/* The first `count` free ones in a row within [from, to]; 0 where there are none. */
static unsigned find_free(const uint8_t *used, unsigned from, unsigned to, unsigned count)
{
    unsigned row = 0;

    for (unsigned p = from; p <= to; p++) {
        row = used[p / 8] >> p % 8 & 1 ? 0 : row + 1;
        if (row == count)
            return p - count + 1;
    }
    return 0;
}

static unsigned choose(struct claiming *c, const struct port_range *r, unsigned low, unsigned high)
{
    uint8_t used[PORTS / 8] = {0};
    unsigned start = !r->host_first && c->table.last >= low && c->table.last < high ? c->table.last + 1U : low, p;

    mark_used(c, r, used);
    p = find_free(used, start, high, r->count);
    return p ? p : find_free(used, low, high, r->count);
}

/* What containers left that are gone is looked for only where nothing else is free: it costs a lock for each. */
static void drop_gone(struct claiming *c)
{
    for (size_t i = 0; i < c->table.claims.n;)
        if (drop_if_gone(c, &c->table.claims.v[i]))
            i = 0;
        else
            i++;
}

static int choose_port(struct claiming *c, struct port_range *r, struct err *err)
{
    unsigned low = 32768, high = 60999, p;

    if (r->host_first) {
        low = r->host_first;
        high = r->host_last;
    } else {
        read_setting("ip_local_port_range", &low, &high);
    }
    p = choose(c, r, low, high);
    if (!p) {
        drop_gone(c);
        p = choose(c, r, low, high);
    }
    if (!p)
        return err_set(err, ERR_EXISTS, "all ports from %u to %u are allocated, or in use by the host", low, high);
    if (!r->host_first)
        c->table.last = (uint16_t)(p + r->count - 1);
    r->host_first = (uint16_t)p;
    r->host_last = 0;
    return check_fixed(c, r, err);
}

/* ---- claiming ---- */

static int look_at_host(struct claiming *c, uint8_t protocol)
{
    if (c->asked[protocol])
        return 0;
    c->asked[protocol] = true;
    return host_ports_read(protocol, &c->host);
}

static int claim_one(struct claiming *c, const struct port_claim *wanted, struct port_range *ret, struct err *err)
{
    const struct port_range *r = &wanted->range;
    struct port_claim *claim;
    int e = r->routed ? 0 : look_at_host(c, r->protocol);

    if (e < 0)
        log_debug("sockets of the host: %s", strerror(-e));
    if (!r->count || r->host_first + r->count > PORTS || r->container_first + r->count > PORTS)
        return err_set(err, ERR_INVALID, "ports %u to %u: there are only %d", r->host_first,
                       r->host_first + r->count - 1, PORTS - 1);
    *ret = *r;
    e = r->routed                                        ? 0
        : r->host_first && r->host_last <= r->host_first ? check_fixed(c, r, err)
                                                         : choose_port(c, ret, err);
    if (e < 0)
        return e;
    claim = VEC_PUSH(&c->table.claims);
    *claim = *wanted;
    claim->container = str_dup(c->container);
    claim->range = *ret;
    return 0;
}

int ports_claim(struct store *s, const char *container, const port_ranges *wanted, const struct ip *ip4,
                const struct ip *ip6, uint16_t relay, port_ranges *chosen, struct err *err)
{
    _cleanup_(release) struct claiming c = {.store = s, .container = container, .unprivileged = 1024, .relay = relay};
    _cleanup_fd_ int dir = -1, lock = -1;
    int r = ports_dir(s, &dir, &lock, err);

    if (r == 0)
        r = ports_table_read(dir, &c.table, err);
    if (r < 0)
        return r;
    read_setting("ip_unprivileged_port_start", &c.unprivileged, NULL);
    ports_table_remove(&c.table, container);
    chosen->n = 0;
    VEC_FOREACH (range, wanted) {
        struct port_claim claim = {
            .range = *range, .ip4 = ip4 ? *ip4 : IP_NONE, .ip6 = ip6 ? *ip6 : IP_NONE, .relay = relay};

        r = claim_one(&c, &claim, VEC_PUSH(chosen), err);
        if (r < 0)
            return r;
    }
    return ports_table_write(dir, &c.table, err);
}

int ports_give_back(struct store *s, const char *container, struct err *err)
{
    _cleanup_ports_table_ struct ports_table t = {0};
    _cleanup_fd_ int dir = -1, lock = -1;
    int r = ports_dir(s, &dir, &lock, err);
    size_t n;

    if (r == 0)
        r = ports_table_read(dir, &t, err);
    n = t.claims.n;
    if (r < 0 || n == 0)
        return r;
    ports_table_remove(&t, container);
    return t.claims.n == n ? 0 : ports_table_write(dir, &t, err);
}

int ports_list(struct store *s, const char *container, port_claims *ret, struct err *err)
{
    _cleanup_ports_table_ struct ports_table t = {0};
    _cleanup_fd_ int dir = -1;
    const char *asked = NULL; /* lines of a container stand together */
    bool there = false;
    int r = ports_dir(s, &dir, NULL, err);

    *ret = (port_claims){0};
    if (r == 0)
        r = ports_table_read(dir, &t, err);
    if (r < 0)
        return r;
    VEC_FOREACH (c, &t.claims) {
        if (container && !str_eq(c->container, container))
            continue;
        if (!str_eq(asked, c->container))
            there = store_container_is_locked(s, c->container);
        asked = c->container;
        if (!there)
            continue;
        *VEC_PUSH(ret) = *c;
        ret->v[ret->n - 1].container = str_dup(c->container);
    }
    return 0;
}

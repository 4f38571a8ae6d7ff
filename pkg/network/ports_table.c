/* A line a claim: ID PROTOCOL HOST FIRST CONTAINER-FIRST COUNT IP4 IP6 RELAY PUBLISHED, where what is not set is "-";
 * FIRST is 0 where the container's own ports are open. The first line has the port that was chosen last. */
#include "network/ports_table.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "base/num.h"
#include "base/strv.h"
#include "sys/atomic.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

#define TABLE "ports"
enum { TABLE_MAX = 64 << 20, FIELDS = 10, PORT_MAX = 65535 };

void port_claims_release(port_claims *c)
{
    VEC_FOREACH (claim, c)
        free(claim->container);
    free(c->v);
    *c = (port_claims){0};
}

const char *port_protocol_name(uint8_t protocol)
{
    return protocol == IPPROTO_UDP ? "udp" : protocol == IPPROTO_SCTP ? "sctp" : "tcp";
}

uint8_t port_protocol(const char *name)
{
    return str_eq(name, "udp") ? IPPROTO_UDP : str_eq(name, "sctp") ? IPPROTO_SCTP : IPPROTO_TCP;
}

void ports_table_release(struct ports_table *t)
{
    port_claims_release(&t->claims);
}

int ports_dir(struct store *s, int *ret_dir, int *ret_lock, struct err *err)
{
    _cleanup_fd_ int dir = -1;
    int state, r = store_dir(s, STORE_STATE, &state, err);

    if (r < 0)
        return r;
    if (mkdirat(state, "networks", 0755) < 0 && errno != EEXIST)
        return err_errno(err, errno, "%s/networks", store_state_path(s));
    dir = openat(state, "networks", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return err_errno(err, errno, "%s/networks", store_state_path(s));
    r = ret_lock ? lock_take(dir, "lock", LOCK_EXCLUSIVE, LOCK_WAIT, ret_lock, err) : 0;
    if (r < 0)
        return err_wrap(err, "%s/networks", store_state_path(s));
    *ret_dir = steal_fd(&dir);
    return 0;
}

/* ---- reading ---- */

static bool read_ip(const char *text, struct ip *ret)
{
    struct err ignored = ERR_INIT;

    *ret = IP_NONE;
    return str_eq(text, "-") || ip_parse(text, ret, &ignored) == 0;
}

static bool read_number(const char *text, int64_t max, int64_t *ret)
{
    struct err ignored = ERR_INIT;

    return num_parse_i64(text, 0, max, ret, &ignored) == 0;
}

static bool read_claim(char *const *field, struct port_claim *ret)
{
    struct port_range *r = &ret->range;
    int64_t protocol, first, container_first, count, relay, published;

    if (strv_len(field) != FIELDS || !read_number(field[1], UINT8_MAX, &protocol) || !read_ip(field[2], &r->host) ||
        !read_number(field[3], PORT_MAX, &first) || !read_number(field[4], PORT_MAX, &container_first) ||
        !read_number(field[5], PORT_MAX, &count) || !read_ip(field[6], &ret->ip4) || !read_ip(field[7], &ret->ip6) ||
        !read_number(field[8], PORT_MAX, &relay) || !read_number(field[9], 1, &published))
        return false;
    if (strlen(field[0]) != ID_LEN || strspn(field[0], "0123456789abcdef") != ID_LEN || !count ||
        first + count - 1 > PORT_MAX || container_first + count - 1 > PORT_MAX)
        return false;
    ret->container = str_dup(field[0]);
    r->protocol = (uint8_t)protocol;
    r->host_first = (uint16_t)first;
    r->routed = !first;
    r->container_first = (uint16_t)container_first;
    r->count = (uint16_t)count;
    ret->relay = (uint16_t)relay;
    ret->published = published;
    return true;
}

int ports_table_read(int dir, struct ports_table *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(TABLE_MAX);
    _cleanup_strv_ char **lines = NULL;
    int64_t last, stale;
    int r;

    *ret = (struct ports_table){0};
    if (faccessat(dir, TABLE, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return 0;
    r = fd_read_file(dir, TABLE, &text, err);
    if (r < 0)
        return err_wrap(err, "table of ports");
    lines = strv_split(buf_str(&text), '\n');
    if (lines && *lines) {
        _cleanup_strv_ char **fields = strv_split(*lines, ' ');

        if (strv_len(fields) == 2 && read_number(fields[0], PORT_MAX, &last) && read_number(fields[1], 1, &stale)) {
            ret->last = (uint16_t)last;
            ret->stale = stale;
        }
    }
    for (char **line = lines ? lines + 1 : NULL; line && line[0] && line[1]; line++) {
        _cleanup_strv_ char **fields = strv_split(*line, ' ');
        struct port_claim claim = {0};

        if (read_claim(fields, &claim))
            *VEC_PUSH(&ret->claims) = claim;
        else
            log_debug("table of ports: not understood: %s", *line);
    }
    return 0;
}

/* ---- writing ---- */

static void add_ip(struct buf *b, const struct ip *a)
{
    char text[IP_TEXT_MAX];

    buf_addf(b, " %s", ip_is_set(a) ? ip_format(a, text) : "-");
}

int ports_table_write(int dir, const struct ports_table *t, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r;

    buf_addf(&text, "%u %d\n", t->last, t->stale);
    VEC_FOREACH (c, &t->claims) {
        buf_addf(&text, "%s %u", c->container, c->range.protocol);
        add_ip(&text, &c->range.host);
        buf_addf(&text, " %u %u %u", c->range.host_first, c->range.container_first, c->range.count);
        add_ip(&text, &c->ip4);
        add_ip(&text, &c->ip6);
        buf_addf(&text, " %u %d\n", c->relay, c->published);
    }
    r = atomic_write(dir, TABLE, text.p, text.len, 0644, ATOMIC_VOLATILE, err);
    return r < 0 ? err_wrap(err, "table of ports") : 0;
}

void ports_table_remove(struct ports_table *t, const char *container)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->claims.n; i++) {
        struct port_claim *c = &t->claims.v[i];

        if (str_eq(c->container, container)) {
            t->stale |= c->published;
            free(c->container);
        } else {
            t->claims.v[kept++] = *c;
        }
    }
    t->claims.n = kept;
}

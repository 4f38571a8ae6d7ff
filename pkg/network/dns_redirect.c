/* A table of the family netdev, at the door of the loopback interface alone: its rules write another port into the
 * packets there and back. Measured: without a memory of connections (the container's traffic would be tracked for the
 * sake of its names: conntrack), and no packet of another interface meets them.
 *
 *     table netdev cbox_names {
 *         chain lo {
 *             type filter hook ingress device lo priority 0;
 *             ip daddr 127.0.0.11 udp dport 53 udp dport set UDP
 *             ip daddr 127.0.0.11 tcp dport 53 tcp dport set TCP
 *             ip saddr 127.0.0.11 udp sport UDP udp sport set 53
 *             ip saddr 127.0.0.11 tcp sport TCP tcp sport set 53
 *         }
 *     }
 *
 * As messages, since libnftables takes milliseconds and megabytes for it.
 */
#include "network/dns_redirect.h"

#include "netlink/message.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <stdbool.h>

#define TABLE "cbox_names"
#define CHAIN "lo"
static const uint8_t ours[4] = {127, 0, 0, 11};

enum { SOURCE_PORT = 0, TARGET_PORT = 2, SOURCE = 12, TARGET = 16, UDP_CHECKSUM = 6, TCP_CHECKSUM = 16 };

static void begin(struct netlink_batch *b, uint16_t type, uint16_t flags)
{
    const struct nfgenmsg fixed = {.nfgen_family = NFPROTO_NETDEV, .version = NFNETLINK_V0};

    netlink_begin(b, NFNL_SUBSYS_NFTABLES << 8 | type, flags, &fixed, sizeof(fixed));
}

static void limit(struct netlink_batch *b, uint16_t type)
{
    const struct nfgenmsg fixed = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};

    netlink_begin(b, type, 0, &fixed, sizeof(fixed));
}

static void add_u32(struct netlink_batch *b, uint16_t type, uint32_t value)
{
    netlink_add_u32(b, type, htonl(value));
}

static void add_chain(struct netlink_batch *b)
{
    size_t hook;

    begin(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    netlink_add_text(b, NFTA_CHAIN_TABLE, TABLE);
    netlink_add_text(b, NFTA_CHAIN_NAME, CHAIN);
    netlink_add_text(b, NFTA_CHAIN_TYPE, "filter");
    hook = netlink_open_nest(b, NFTA_CHAIN_HOOK);
    add_u32(b, NFTA_HOOK_HOOKNUM, NF_NETDEV_INGRESS);
    add_u32(b, NFTA_HOOK_PRIORITY, 0);
    netlink_add_text(b, NFTA_HOOK_DEV, "lo");
    netlink_close_nest(b, hook);
}

/* ---- expressions ---- */

struct expression {
    size_t element, data;
};

static struct expression open_expression(struct netlink_batch *b, const char *name)
{
    struct expression e = {.element = netlink_open_nest(b, NFTA_LIST_ELEM)};

    netlink_add_text(b, NFTA_EXPR_NAME, name);
    e.data = netlink_open_nest(b, NFTA_EXPR_DATA);
    return e;
}

static void close_expression(struct netlink_batch *b, struct expression e)
{
    netlink_close_nest(b, e.data);
    netlink_close_nest(b, e.element);
}

static void add_value(struct netlink_batch *b, uint16_t type, const void *value, size_t len)
{
    size_t nest = netlink_open_nest(b, type);

    netlink_add(b, NFTA_DATA_VALUE, value, len);
    netlink_close_nest(b, nest);
}

static void compare(struct netlink_batch *b, const void *value, size_t len)
{
    struct expression e = open_expression(b, "cmp");

    add_u32(b, NFTA_CMP_SREG, NFT_REG_1);
    add_u32(b, NFTA_CMP_OP, NFT_CMP_EQ);
    add_value(b, NFTA_CMP_DATA, value, len);
    close_expression(b, e);
}

static void match_meta(struct netlink_batch *b, uint32_t key, const void *value, size_t len)
{
    struct expression e = open_expression(b, "meta");

    add_u32(b, NFTA_META_DREG, NFT_REG_1);
    add_u32(b, NFTA_META_KEY, key);
    close_expression(b, e);
    compare(b, value, len);
}

static void match_bytes(struct netlink_batch *b, uint32_t base, uint32_t offset, const void *value, size_t len)
{
    struct expression e = open_expression(b, "payload");

    add_u32(b, NFTA_PAYLOAD_DREG, NFT_REG_1);
    add_u32(b, NFTA_PAYLOAD_BASE, base);
    add_u32(b, NFTA_PAYLOAD_OFFSET, offset);
    add_u32(b, NFTA_PAYLOAD_LEN, (uint32_t)len);
    close_expression(b, e);
    compare(b, value, len);
}

static void write_port(struct netlink_batch *b, uint32_t offset, uint32_t checksum, uint16_t port)
{
    struct expression e = open_expression(b, "immediate");

    port = htons(port);
    add_u32(b, NFTA_IMMEDIATE_DREG, NFT_REG_1);
    add_value(b, NFTA_IMMEDIATE_DATA, &port, sizeof(port));
    close_expression(b, e);
    e = open_expression(b, "payload");
    add_u32(b, NFTA_PAYLOAD_SREG, NFT_REG_1);
    add_u32(b, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
    add_u32(b, NFTA_PAYLOAD_OFFSET, offset);
    add_u32(b, NFTA_PAYLOAD_LEN, sizeof(port));
    add_u32(b, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
    add_u32(b, NFTA_PAYLOAD_CSUM_OFFSET, checksum);
    close_expression(b, e);
}

/* ---- rules ---- */

struct rule {
    uint8_t protocol;
    uint8_t address, port; /* where they lie in their headers */
    uint16_t from, to;
};

static void add_rule(struct netlink_batch *b, const struct rule *r)
{
    uint16_t ethertype = htons(ETH_P_IP), from = htons(r->from);
    size_t expressions;

    begin(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    netlink_add_text(b, NFTA_RULE_TABLE, TABLE);
    netlink_add_text(b, NFTA_RULE_CHAIN, CHAIN);
    expressions = netlink_open_nest(b, NFTA_RULE_EXPRESSIONS);
    match_meta(b, NFT_META_PROTOCOL, &ethertype, sizeof(ethertype));
    match_bytes(b, NFT_PAYLOAD_NETWORK_HEADER, r->address, ours, sizeof(ours));
    match_meta(b, NFT_META_L4PROTO, &r->protocol, sizeof(r->protocol));
    match_bytes(b, NFT_PAYLOAD_TRANSPORT_HEADER, r->port, &from, sizeof(from));
    write_port(b, r->port, r->protocol == IPPROTO_UDP ? UDP_CHECKSUM : TCP_CHECKSUM, r->to);
    netlink_close_nest(b, expressions);
}

static void add_table(struct netlink_batch *b, uint16_t type, uint16_t flags)
{
    begin(b, type, flags);
    netlink_add_text(b, NFTA_TABLE_NAME, TABLE);
}

static int send_table(int fd, const struct rule *rules, size_t n, bool in_place)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;

    limit(&b, NFNL_MSG_BATCH_BEGIN);
    if (in_place)
        add_table(&b, NFT_MSG_DELTABLE, 0);
    add_table(&b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
    add_chain(&b);
    for (size_t i = 0; i < n; i++)
        add_rule(&b, &rules[i]);
    limit(&b, NFNL_MSG_BATCH_END);
    return netlink_call(fd, &b, NULL, NULL, NULL);
}

int dns_redirect(uint16_t from, uint16_t udp, uint16_t tcp)
{
    const struct rule rules[] = {
        {IPPROTO_UDP, TARGET, TARGET_PORT, from, udp},
        {IPPROTO_TCP, TARGET, TARGET_PORT, from, tcp},
        {IPPROTO_UDP, SOURCE, SOURCE_PORT, udp, from},
        {IPPROTO_TCP, SOURCE, SOURCE_PORT, tcp, from},
    };
    _cleanup_fd_ int fd = netlink_open(NETLINK_NETFILTER);
    int r = fd < 0 ? fd : send_table(fd, rules, ARRAY_SIZE(rules), false);

    /* Of who answered in this namespace before. */
    return r == -EEXIST ? send_table(fd, rules, ARRAY_SIZE(rules), true) : r;
}

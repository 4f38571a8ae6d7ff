/* Elements of sets and maps, as netlink messages: what the start and the end of each container that publishes changes.
 * linux/netfilter/nf_tables.h. */
#include "netlink/message.h"
#include "netlink/nft.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

static void limit(struct netlink_batch *b, uint16_t what)
{
    struct nfgenmsg head = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};

    netlink_begin(b, what, 0, &head, sizeof(head));
}

static void add_fields(struct netlink_batch *b, uint16_t type, const struct nft_fields *f)
{
    size_t nest;

    if (!f->len)
        return;
    nest = netlink_open_nest(b, type);
    netlink_add(b, NFTA_DATA_VALUE, f->bytes, f->len);
    netlink_close_nest(b, nest);
}

static void add_element(struct netlink_batch *b, const char *table, bool add, const struct nft_element *e)
{
    struct nfgenmsg head = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};
    size_t list, element;

    netlink_begin(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM)),
                  add ? NLM_F_CREATE : 0, &head, sizeof(head));
    netlink_add_text(b, NFTA_SET_ELEM_LIST_TABLE, table);
    netlink_add_text(b, NFTA_SET_ELEM_LIST_SET, e->set);
    list = netlink_open_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
    element = netlink_open_nest(b, NFTA_LIST_ELEM);
    add_fields(b, NFTA_SET_ELEM_KEY, &e->key);
    add_fields(b, NFTA_SET_ELEM_KEY_END, &e->key_end);
    if (add)
        add_fields(b, NFTA_SET_ELEM_DATA, &e->value);
    netlink_close_nest(b, element);
    netlink_close_nest(b, list);
}

int nft_change(const char *table, bool add, const nft_elements *elements)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    _cleanup_fd_ int fd = -1;

    if (elements->n > NFT_ELEMENTS_MAX)
        return -EMSGSIZE;
    if (elements->n == 0)
        return 0;
    fd = netlink_open(NETLINK_NETFILTER);
    if (fd < 0)
        return fd;
    limit(&b, NFNL_MSG_BATCH_BEGIN);
    VEC_FOREACH (e, elements)
        add_element(&b, table, add, e);
    limit(&b, NFNL_MSG_BATCH_END);
    return netlink_call(fd, &b, NULL, NULL, NULL);
}

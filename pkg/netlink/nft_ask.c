/* Questions about rules, as netlink messages. linux/netfilter/nf_tables.h. */
#include "base/strv.h"
#include "netlink/message.h"
#include "netlink/nft.h"
#include "sys/fd.h"

#include <endian.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

enum { TRIES = 5 };

#define MESSAGE(what) (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (what))

static void begin(struct netlink_batch *b, uint16_t what, uint16_t flags, uint8_t family)
{
    struct nfgenmsg head = {.nfgen_family = family, .version = NFNETLINK_V0};

    netlink_begin(b, MESSAGE(what), flags, &head, sizeof(head));
}

static int ask(struct netlink_batch *b, netlink_each each, void *data)
{
    _cleanup_fd_ int fd = netlink_open(NETLINK_NETFILTER);

    return fd < 0 ? fd : netlink_call(fd, b, each, data, NULL);
}

static const void *find(const struct nlmsghdr *m, uint16_t type, size_t len)
{
    const struct nlattr *a = netlink_find(m, sizeof(struct nfgenmsg), type);
    size_t have = 0;
    const void *data = a ? netlink_data(a, &have) : NULL;

    return have >= len ? data : NULL;
}

static uint32_t find_u32(const struct nlmsghdr *m, uint16_t type, uint32_t otherwise)
{
    const void *data = find(m, type, sizeof(uint32_t));
    uint32_t value;

    if (!data)
        return otherwise;
    memcpy(&value, data, sizeof(value));
    return be32toh(value);
}

/* A name, "" where there is none, or none that ends. */
static const char *find_text(const struct nlmsghdr *m, uint16_t type)
{
    const struct nlattr *a = netlink_find(m, sizeof(struct nfgenmsg), type);
    size_t len = 0;
    const char *text = a ? netlink_data(a, &len) : NULL;

    return len && memchr(text, 0, len) ? text : "";
}

/* The attributes of a nest, one after the other: the first behind NULL; NULL behind the last. */
static const struct nlattr *next_in(const struct nlattr *nest, const struct nlattr *before)
{
    size_t len = 0, step = before ? NLA_ALIGN(before->nla_len) : 0, at;
    const char *all = nest ? netlink_data(nest, &len) : NULL;
    const struct nlattr *a;

    at = before ? (size_t)((const char *)before - all) + step : 0;
    if (!all || at > len || len - at < NLA_HDRLEN)
        return NULL;
    a = (const struct nlattr *)(all + at);
    return a->nla_len >= NLA_HDRLEN && a->nla_len <= len - at ? a : NULL;
}

static uint32_t u32_in(const struct nlattr *nest, uint16_t type, uint32_t otherwise)
{
    const struct nlattr *a = nest ? netlink_find_in(nest, type) : NULL;
    size_t len = 0;
    const void *data = a ? netlink_data(a, &len) : NULL;
    uint32_t value;

    if (len < sizeof(value))
        return otherwise;
    memcpy(&value, data, sizeof(value));
    return be32toh(value);
}

/* ---- generation ---- */

static void take_generation(void *data, const struct nlmsghdr *m)
{
    if (m->nlmsg_type == MESSAGE(NFT_MSG_NEWGEN))
        *(uint32_t *)data = find_u32(m, NFTA_GEN_ID, 0);
}

int nft_generation(uint32_t *ret)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;

    *ret = 0;
    begin(&b, NFT_MSG_GETGEN, 0, AF_UNSPEC);
    return ask(&b, take_generation, ret);
}

/* ---- fingerprint ---- */

struct fingerprint {
    const char *table;
    uint64_t hash; /* FNV-1a */
    bool found;
};

static void mix(struct fingerprint *f, const void *bytes, size_t n)
{
    for (size_t i = 0; bytes && i < n; i++)
        f->hash = (f->hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
}

static void take_table(void *data, const struct nlmsghdr *m)
{
    struct fingerprint *f = data;

    if (m->nlmsg_type != MESSAGE(NFT_MSG_NEWTABLE) || !str_eq(find_text(m, NFTA_TABLE_NAME), f->table))
        return;
    f->found = true;
    mix(f, find(m, NFTA_TABLE_HANDLE, sizeof(uint64_t)), sizeof(uint64_t));
    mix(f, find(m, NFTA_TABLE_USE, sizeof(uint32_t)), sizeof(uint32_t));
}

/* The number of references to a chain counts its rules. */
static void take_chain(void *data, const struct nlmsghdr *m)
{
    struct fingerprint *f = data;

    if (m->nlmsg_type != MESSAGE(NFT_MSG_NEWCHAIN) || !str_eq(find_text(m, NFTA_CHAIN_TABLE), f->table))
        return;
    mix(f, find(m, NFTA_CHAIN_HANDLE, sizeof(uint64_t)), sizeof(uint64_t));
    mix(f, find(m, NFTA_CHAIN_USE, sizeof(uint32_t)), sizeof(uint32_t));
}

int nft_fingerprint(const char *table, uint64_t *ret)
{
    _cleanup_batch_ struct netlink_batch of_table = NETLINK_BATCH_INIT, of_chains = NETLINK_BATCH_INIT;
    struct fingerprint f = {table, 0xcbf29ce484222325, false};
    uint64_t before;
    int r;

    *ret = 0;
    begin(&of_table, NFT_MSG_GETTABLE, 0, NFPROTO_INET);
    netlink_add_text(&of_table, NFTA_TABLE_NAME, table);
    r = ask(&of_table, take_table, &f);
    if (r == -ENOENT || (r == 0 && !f.found))
        return 0;
    if (r < 0)
        return r;
    before = f.hash;
    for (int i = 0; i < TRIES; i++) {
        f.hash = before;
        begin(&of_chains, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_INET);
        r = ask(&of_chains, take_chain, &f);
        if (r != -EINTR) /* something was changed meanwhile */
            break;
    }
    if (r == 0)
        *ret = f.hash | 1; /* never 0, which means none */
    return r;
}

/* ---- elements ---- */

/* The end of an interval is an element beside its start in sets that have no ends in them. */
static bool is_end(const struct nlattr *element)
{
    return u32_in(element, NFTA_SET_ELEM_FLAGS, 0) & NFT_SET_ELEM_INTERVAL_END;
}

static void count_elements(void *data, const struct nlmsghdr *m)
{
    const struct nlattr *list = m->nlmsg_type == MESSAGE(NFT_MSG_NEWSETELEM)
                                    ? netlink_find(m, sizeof(struct nfgenmsg), NFTA_SET_ELEM_LIST_ELEMENTS)
                                    : NULL;

    for (const struct nlattr *element = NULL; (element = next_in(list, element));)
        *(size_t *)data += !is_end(element);
}

int nft_count(const char *table, const char *set, size_t *ret)
{
    int r = 0;

    for (int i = 0; i < TRIES; i++) {
        _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;

        *ret = 0;
        begin(&b, NFT_MSG_GETSETELEM, NLM_F_DUMP, NFPROTO_INET);
        netlink_add_text(&b, NFTA_SET_ELEM_LIST_TABLE, table);
        netlink_add_text(&b, NFTA_SET_ELEM_LIST_SET, set);
        r = ask(&b, count_elements, ret);
        if (r != -EINTR)
            break;
    }
    return r;
}

/* ---- who drops ---- */

static const char *family_name(uint8_t family)
{
    return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : family == NFPROTO_INET ? "inet" : NULL;
}

struct dropping {
    uint8_t family;
    char *table, *chain;
    bool in, out; /* what comes from our bridges, goes to them, is accepted */
    bool unsure;  /* something else was decided before that */
};
typedef VEC(struct dropping) droppings;

static bool is_named(const struct nlattr *name, const char *wanted)
{
    size_t len = 0;
    const char *text = netlink_data(name, &len);

    return len == strlen(wanted) + 1 && memcmp(text, wanted, len) == 0;
}

/* Conditions: whatever they ask, a rule of them alone does nothing but accept, if it says so. */
static bool is_condition(const struct nlattr *name)
{
    static const char *const known[] = {"meta", "cmp", "bitwise", "payload", "ct", "counter", "range", "match"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (is_named(name, known[i]))
            return true;
    return false;
}

/* A comparison with a name of which only the beginning counts, and of that no more than all of our bridges have. */
static bool holds_for_bridges(const struct nlattr *cmp)
{
    const struct nlattr *data = netlink_find_in(cmp, NFTA_CMP_DATA), *value;
    size_t len = 0;
    const char *text;

    value = data ? netlink_find_in(data, NFTA_DATA_VALUE) : NULL;
    text = value ? netlink_data(value, &len) : NULL;
    return text && u32_in(cmp, NFTA_CMP_OP, UINT32_MAX) == NFT_CMP_EQ && len <= strlen("cbox") &&
           memcmp(text, "cbox", len) == 0;
}

static bool accepts(const struct nlattr *immediate)
{
    const struct nlattr *data = netlink_find_in(immediate, NFTA_IMMEDIATE_DATA);

    return data && u32_in(netlink_find_in(data, NFTA_DATA_VERDICT), NFTA_VERDICT_CODE, NF_DROP) == NF_ACCEPT;
}

/* Of the rules in order: those that accept all that comes from our bridges, or all that goes to them. */
static void take_rule(void *to, const struct nlmsghdr *m)
{
    struct dropping *d = to;
    const struct nlattr *list = netlink_find(m, sizeof(struct nfgenmsg), NFTA_RULE_EXPRESSIONS);
    bool accepted = false, narrow = false;
    uint32_t key = UINT32_MAX, of = UINT32_MAX; /* which interface is asked for */

    if (m->nlmsg_type != MESSAGE(NFT_MSG_NEWRULE) || !str_eq(find_text(m, NFTA_RULE_TABLE), d->table) ||
        !str_eq(find_text(m, NFTA_RULE_CHAIN), d->chain) || d->unsure)
        return;
    for (const struct nlattr *e = NULL; (e = next_in(list, e));) {
        const struct nlattr *name = netlink_find_in(e, NFTA_EXPR_NAME), *data = netlink_find_in(e, NFTA_EXPR_DATA);

        if (name && data && is_named(name, "immediate") && accepts(data))
            accepted = true;
        else if (!name || !data || !is_condition(name))
            d->unsure = true;
        else if (is_named(name, "meta") && of == UINT32_MAX)
            of = key = u32_in(data, NFTA_META_KEY, UINT32_MAX);
        else if (is_named(name, "cmp") && key != UINT32_MAX && holds_for_bridges(data))
            key = UINT32_MAX;
        else if (!is_named(name, "counter"))
            narrow = true;
    }
    if (d->unsure || !accepted || narrow || key != UINT32_MAX)
        return;
    d->in |= of == NFT_META_IIFNAME || of == UINT32_MAX;
    d->out |= of == NFT_META_OIFNAME || of == UINT32_MAX;
}

static bool lets_us_through(struct dropping *d)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;

    begin(&b, NFT_MSG_GETRULE, NLM_F_DUMP, d->family);
    netlink_add_text(&b, NFTA_RULE_TABLE, d->table);
    netlink_add_text(&b, NFTA_RULE_CHAIN, d->chain);
    return ask(&b, take_rule, d) == 0 && d->in && d->out;
}

static void take_dropping(void *data, const struct nlmsghdr *m)
{
    const struct nfgenmsg *head = NLMSG_DATA(m);
    const struct nlattr *hook, *number;
    const char *family;
    uint32_t hooknum = UINT32_MAX;
    size_t len = 0;

    if (m->nlmsg_type != MESSAGE(NFT_MSG_NEWCHAIN) || m->nlmsg_len < NLMSG_LENGTH(sizeof(*head)))
        return;
    family = family_name(head->nfgen_family);
    hook = netlink_find(m, sizeof(*head), NFTA_CHAIN_HOOK);
    number = hook ? netlink_find_in(hook, NFTA_HOOK_HOOKNUM) : NULL;
    if (number && netlink_data(number, &len) && len == sizeof(hooknum))
        memcpy(&hooknum, netlink_data(number, &len), len);
    if (family && be32toh(hooknum) == NF_INET_FORWARD && find_u32(m, NFTA_CHAIN_POLICY, NF_ACCEPT) == NF_DROP)
        *VEC_PUSH((droppings *)data) = (struct dropping){.family = head->nfgen_family,
                                                         .table = str_dup(find_text(m, NFTA_CHAIN_TABLE)),
                                                         .chain = str_dup(find_text(m, NFTA_CHAIN_NAME))};
}

int nft_dropping(char ***ret)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;

    droppings found = {0};
    int r;

    *ret = NULL;
    begin(&b, NFT_MSG_GETCHAIN, NLM_F_DUMP, AF_UNSPEC);
    r = ask(&b, take_dropping, &found);
    VEC_FOREACH (d, &found) {
        if (!lets_us_through(d))
            strv_addf(ret, "%s %s %s", family_name(d->family), d->table, d->chain);
        free(d->table);
        free(d->chain);
    }
    free(found.v);
    return r;
}

/* ---- an element ---- */

struct looking {
    const struct nft_element *wanted;
    bool found;
};

/* With a value it is the same only if that is. */
static void take_element(void *data, const struct nlmsghdr *m)
{
    struct looking *l = data;
    const struct nlattr *list, *element, *nest, *value;
    size_t len = 0;
    const void *bytes;

    if (m->nlmsg_type != MESSAGE(NFT_MSG_NEWSETELEM))
        return;
    list = netlink_find(m, sizeof(struct nfgenmsg), NFTA_SET_ELEM_LIST_ELEMENTS);
    element = list ? netlink_find_in(list, NFTA_LIST_ELEM) : NULL;
    nest = element ? netlink_find_in(element, NFTA_SET_ELEM_DATA) : NULL;
    value = nest ? netlink_find_in(nest, NFTA_DATA_VALUE) : NULL;
    bytes = value ? netlink_data(value, &len) : NULL;
    l->found = element && (!l->wanted->value.len ||
                           (bytes && len == l->wanted->value.len && memcmp(bytes, l->wanted->value.bytes, len) == 0));
}

int nft_has(const char *table, const struct nft_element *e)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct looking l = {.wanted = e};
    size_t list, element, key;
    int r;

    begin(&b, NFT_MSG_GETSETELEM, 0, NFPROTO_INET);
    netlink_add_text(&b, NFTA_SET_ELEM_LIST_TABLE, table);
    netlink_add_text(&b, NFTA_SET_ELEM_LIST_SET, e->set);
    list = netlink_open_nest(&b, NFTA_SET_ELEM_LIST_ELEMENTS);
    element = netlink_open_nest(&b, NFTA_LIST_ELEM);
    key = netlink_open_nest(&b, NFTA_SET_ELEM_KEY);
    netlink_add(&b, NFTA_DATA_VALUE, e->key.bytes, e->key.len);
    netlink_close_nest(&b, key);
    netlink_close_nest(&b, element);
    netlink_close_nest(&b, list);
    r = ask(&b, take_element, &l);
    return r == -ENOENT ? 0 : r < 0 ? r : l.found;
}

/* ---- watching ---- */

/* What the kernel tells of a transaction comes as several messages in one datagram, and that a table goes is said
 * behind what was in it. So the filter goes from message to message; a load beyond the end of the datagram ends it with
 * "no". A datagram of more messages than it has steps is let through. bpf(4), linux/filter.h; its loads are big-endian,
 * netlink's numbers are the host's. */
#if __BYTE_ORDER == __LITTLE_ENDIAN
enum { LOW = 0, HIGH = 1, TYPE = 4, SUBSYSTEM = 5 };
#else
enum { LOW = 3, HIGH = 2, TYPE = 5, SUBSYSTEM = 4 };
#endif

/* X: where a message begins. Of its type one byte is the subsystem; its length, which is below 64 KiB here, rounded up
 * to 4 leads to the next one. */
static const struct sock_filter look_at_one[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, SUBSYSTEM),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NFNL_SUBSYS_NFTABLES, 0, 3),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, TYPE),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NFT_MSG_DELTABLE, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, LOW),
    BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, NLMSG_ALIGNTO - 1),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(NLMSG_ALIGNTO - 1)),
    BPF_STMT(BPF_ST, 0),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, HIGH),
    BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 8),
    BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
    BPF_STMT(BPF_MISC | BPF_TAX, 0),
    BPF_STMT(BPF_LD | BPF_MEM, 0),
    BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
    BPF_STMT(BPF_MISC | BPF_TAX, 0),
};
enum { WATCH_MESSAGES = 64, STEP_LEN = ARRAY_SIZE(look_at_one), WATCH_LEN = WATCH_MESSAGES * STEP_LEN + 2 };

static int filter_removals(int fd)
{
    struct sock_filter code[WATCH_LEN] = {BPF_STMT(BPF_LDX | BPF_IMM, 0)};
    struct sock_fprog program = {WATCH_LEN, code};

    for (size_t i = 0; i < WATCH_MESSAGES; i++)
        memcpy(code + 1 + i * STEP_LEN, look_at_one, sizeof(look_at_one));
    code[WATCH_LEN - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

int nft_watch(void)
{
    _cleanup_fd_ int fd = netlink_open(NETLINK_NETFILTER);
    int group = NFNLGRP_NFTABLES, r = fd < 0 ? fd : filter_removals(fd);

    if (r < 0)
        return r;
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        return -errno;
    return steal_fd(&fd);
}

void nft_drain(int fd)
{
    char some;

    /* one that did not fit is gone as well, and said once (ENOBUFS) */
    while (recv(fd, &some, sizeof(some), MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == EINTR || errno == ENOBUFS)
        continue;
}

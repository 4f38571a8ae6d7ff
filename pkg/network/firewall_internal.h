/* What the files of network/firewall.h share. */
#pragma once

#include "netlink/nft.h"
#include "network/firewall.h"

enum { FIREWALL_TABLE_MAX = 32 };

struct firewall_look {
    char table[FIREWALL_TABLE_MAX];
    size_t networks;
    unsigned closed; /* FIREWALL_CLOSED4, FIREWALL_CLOSED6 */
    bool whole;      /* as it was made */
};

/* How the table is; false where no network was used yet, and nothing but its name is known. */
bool firewall_look(struct store *s, struct firewall_look *ret);

/* Whether each set and map of the table has as many elements as the whole text of it says. firewall_check.c */
bool firewall_is_complete(const char *table, const char *text);

/* The names of sets and maps, one after the other; NULL behind the last. */
const char *firewall_set_name(size_t i);

/* ---- networks (network/firewall_networks.c) ---- */

typedef VEC(struct store_network) firewall_records;
void firewall_records_release(firewall_records *v);

/* What a network is to the rules: 1, or 0 where it is nothing to them. ERR_CORRUPT and others where that is not known.
 * Text is the network's. */
int firewall_network_describe(const struct store_network *n, struct firewall_network *ret, struct err *err);

/* Who hears that a network, which cannot be read, is left out; NULL: nobody. */
typedef void (*firewall_left_out)(const char *what, const struct err *why);

/* Those with the ids that still are there; `ids` has the same ones afterwards, and those that cannot be read. */
void firewall_networks_find(struct store *s, char ***ids, firewall_left_out say, firewall_records *ret);

void firewall_networks_add(const struct store_network *n, firewall_left_out say, firewall_networks *ret);

/* ---- the host's loopback (network/firewall_loopback.c) ---- */

/* Whether the bridges may route for it; the second for the networks of the containers whose claims were changed. */
void firewall_loopback(const firewall_networks *networks, const port_claims *claims);
void firewall_loopback_of(struct store *s, char *const *ids, const port_claims *changed, const port_claims *claims);

/* A bridge that was made anew has forgotten it. */
void firewall_settle_loopback(struct store *s, const struct store_network *n);

/* An element that publishes ports. Its key is `host` (any: every address of the family), the protocol and the ports; it
 * leads to an address, a port, or both: what is not set is not there. */
struct firewall_element {
    const char *set;
    struct ip host;
    uint8_t protocol;     /* 0: not in the key */
    uint16_t first, last; /* ports */
    struct ip to;
    uint16_t to_port;
};

/* Those of claims, all of one container, or of all. firewall_elements.c */
typedef void (*firewall_emit)(void *data, const struct firewall_element *e);
void firewall_each_element(const port_claims *claims, firewall_emit emit, void *data);

/* The same in the kernel's form. The caller frees `ret->v`. */
void firewall_elements(const port_claims *claims, nft_elements *ret);

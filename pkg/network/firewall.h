/* The rules: one table of nftables, of family inet, and nobody else's. Its name is "cbox", with the start of a digest
 * of the state directory's path behind it where that is not the usual one.
 *
 * The table follows from what is written down: the networks, and who has which port. So it can be made anew at any time
 * (firewall_restore()), as one transaction; what changes at the start or end of a container is an element of a set or
 * of a map. Rules are text (network/firewall_text.c), made without root.
 */
#pragma once

#include "network/network.h"
#include "network/ports.h"
#include "store/network.h"

/* Makes sure that the table is there and whole: one question to the kernel where nobody has changed any rule since, and
 * a look at our own where somebody has. Restores it where it is not. Cheap enough for every command; nothing is done
 * where no network was used since the boot, or in another network namespace. */
int firewall_ensure(struct store *s, struct err *err);

/* Puts a network into the table, which is made, or made anew, where it is not there and whole: firewall_ensure() is in
 * it. One small file and one question to the kernel where the network is in the table already; for networks that are no
 * bridges, nothing. And takes it out. */
int firewall_add_network(struct store *s, const struct store_network *n, struct err *err);
int firewall_remove_network(struct store *s, const struct store_network *n, struct err *err);

/* The ports that a container has claimed begin to lead to it, and do so no more; connections of UDP that were
 * remembered are forgotten. */
int firewall_publish(struct store *s, const char *container, struct err *err);
int firewall_unpublish(struct store *s, const char *container, struct err *err);

/* Takes out what containers left whose monitor was killed. Little is done where there is nothing. */
int firewall_sweep(struct store *s, struct err *err);

/* One line for the user who publishes ports on all addresses while a rule of others drops what comes for them, once for
 * a boot; NULL where there is nothing to say. The caller frees it. */
char *firewall_note(struct store *s);

/* How things are, in words: "table inet cbox, 3 networks, 5 published ports; …". The caller frees it. */
char *firewall_describe(struct store *s);

/* The whole text, from plain data: for tests. The caller frees it. */
struct firewall_network {
    const char *bridge;
    struct ip_net subnet4, subnet6; /* not set where it has none */
    bool internal, isolate, masquerade, icc;
    enum network_gateway_mode mode4, mode6;
};
typedef VEC(struct firewall_network) firewall_networks;
enum { FIREWALL_CLOSED4 = 1, FIREWALL_CLOSED6 = 2 }; /* what is forwarded between interfaces of others is dropped */
char *firewall_text(const char *table, const firewall_networks *networks, const port_claims *claims, unsigned closed);

/* The elements alone: `verb` is "add" or "delete". All claims are of one container. "" where there are none. */
char *firewall_text_network(const char *table, const char *verb, const struct firewall_network *network);
char *firewall_text_closed(const char *table, unsigned closed);
char *firewall_text_claims(const char *table, const char *verb, const port_claims *claims);

/* Whether connections of IPv6 to what was claimed are led to the monitor's relay, since the kernel cannot translate
 * them: those to ::1, and where the container has no IPv6 all. `ret`: the address of the host for which it is so, ::
 * for any. */
bool firewall_relayed(const struct port_range *range, bool container_has_ip6, struct ip *ret);

/* For who explains: an element of one of the table's sets and maps, as nft(8) writes it, and whether the kernel has it
 * at this moment. network/firewall_lines.c */
struct firewall_line {
    char *set, *element;
    bool there;
};
typedef VEC(struct firewall_line) firewall_lines;
void firewall_lines_release(firewall_lines *lines);

/* What the rules should have of a claim, or of a network (nothing of one that is no bridge); the name of the table,
 * which the caller frees. The caller releases `ret`. */
char *firewall_lines_of_claim(struct store *s, const struct port_claim *claim, firewall_lines *ret);
char *firewall_lines_of_network(struct store *s, const struct store_network *n, firewall_lines *ret);

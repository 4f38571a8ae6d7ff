/* What is said of the rules. */
#include "base/buf.h"
#include "base/strv.h"
#include "netlink/nft.h"
#include "network/firewall_internal.h"
#include "network/ports_table.h"
#include "sys/fd.h"

#include <fcntl.h>

#define TOLD "told"

/* "ip filter FORWARD and inet firewalld filter_FORWARD", or NULL. */
static char *who_drops(void)
{
    _cleanup_strv_ char **chains = NULL;
    struct buf text = BUF_INIT;

    if (nft_dropping(&chains) < 0 || !chains)
        return NULL;
    STRV_FOREACH (chain, chains)
        buf_addf(&text, "%s%s", chain == chains ? "" : chain[1] ? ", " : " and ", *chain);
    return buf_steal(&text);
}

/* True once. */
static bool is_first_time(struct store *s)
{
    _cleanup_fd_ int dir = -1, fd = -1;

    if (ports_dir(s, &dir, NULL, NULL) < 0)
        return false;
    fd = openat(dir, TOLD, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd >= 0;
}

char *firewall_note(struct store *s)
{
    _cleanup_free_ char *who = who_drops();

    if (!who || !is_first_time(s))
        return NULL;
    return str_printf(
        "ports are published on all addresses, but the host's firewall (%s) drops forwarded packets that it "
        "does not accept: other machines reach them when it lets them through",
        who);
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

char *firewall_describe(struct store *s)
{
    _cleanup_free_ char *who = who_drops();
    struct firewall_look look;
    port_claims claims = {0};
    struct buf text = BUF_INIT;
    size_t ports = 0;

    if (!firewall_look(s, &look)) {
        buf_adds(&text, "nftables: not used yet");
    } else {
        if (ports_list(s, NULL, &claims, NULL) == 0)
            VEC_FOREACH (c, &claims)
                ports += c->published ? c->range.count : 0;
        port_claims_release(&claims);
        buf_addf(&text, "nftables: table inet %s, %zu network%s, %zu published port%s%s", look.table, look.networks,
                 plural(look.networks), ports, plural(ports), look.whole ? "" : " (changed by another program)");
    }
    if (look.closed)
        buf_adds(&text, "; between interfaces of others nothing is forwarded, since cbox switched forwarding on");
    if (who)
        buf_addf(&text, "; dropped unless accepted by %s", who);
    return buf_steal(&text);
}

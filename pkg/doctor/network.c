/* What networks need of the kernel: tried in a network namespace of our own, looked at in the host's. */
#include "doctor/internal.h"

#include "netlink/link.h"
#include "netlink/nft.h"
#include "network/firewall.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>

#define BRIDGE "cbox0"

static int call(int fd, struct netlink_batch *b, const char *what, struct err *err)
{
    int r = netlink_call(fd, b, NULL, NULL, NULL);

    return r < 0 ? err_errno(err, -r, "%s", what) : 0;
}

/* A bridge with a port, as each container on a network has one. */
static int make_links(void *data _unused_, struct err *err)
{
    static const uint8_t mac[IP_MAC_LEN] = {0x02, 0x42, 0, 0, 0, 1};
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    _cleanup_fd_ int fd = netlink_open(NETLINK_ROUTE);
    struct link_veth veth = {.name = "cbdoctor0", .peer = "cbdoctor1", .peer_ns = -1};
    int r;

    if (fd < 0)
        return err_errno(err, -fd, "rtnetlink");
    link_bridge_add(&b, BRIDGE, "cbox doctor", mac, 0);
    r = call(fd, &b, "a bridge", err);
    if (r < 0)
        return err_hint(err, "modprobe bridge");
    veth.master = link_index(fd, BRIDGE);
    link_veth_add(&b, &veth);
    r = call(fd, &b, "a pair of interfaces (veth)", err);
    return r < 0 ? err_hint(err, "modprobe veth") : 0;
}

static bool try_in_network(int (*act)(void *data, struct err *err), void *data, const char *what, doctor_findings *ret)
{
    struct err why = ERR_INIT;

    if (doctor_try(CLONE_NEWNET, act, data, &why) == 0)
        return true;
    if (geteuid() != 0 && why.kind == ERR_PERMISSION)
        doctor_say_unseen(ret, what, &why);
    else
        doctor_say_error(ret, DOCTOR_FAILURE, &why,
                         "containers have no networks but none and host, and no ports can be published", NULL);
    return false;
}

void doctor_links(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    if (try_in_network(make_links, NULL, "links", ret))
        doctor_say(ret, DOCTOR_OK, "a bridge was made, and a pair of interfaces with one of them on it");
}

/* ---- rules ---- */

static int make_rules(void *data, struct err *err)
{
    return nft_run(data, err);
}

/* The very text that a network gives. */
void doctor_nftables(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    firewall_networks networks = {0};
    port_claims claims = {0};
    struct firewall_network *n = VEC_PUSH(&networks);
    _cleanup_free_ char *text = NULL;

    *n = (struct firewall_network){.bridge = BRIDGE, .isolate = true, .masquerade = true};
    (void)ip_net_parse("172.17.0.0/16", &n->subnet4, NULL);
    (void)ip_net_parse("fd00:cb::/64", &n->subnet6, NULL);
    text = firewall_text("cbox", &networks, &claims, 0);
    free(networks.v);
    if (try_in_network(make_rules, text, "nftables", ret))
        doctor_say(ret, DOCTOR_OK, "the rules of a network were made");
}

/* ---- the host's own ---- */

void doctor_forwarding(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    static const struct {
        const char *name, *setting;
    } families[] = {{"IPv4", "net/ipv4/ip_forward"}, {"IPv6", "net/ipv6/conf/all/forwarding"}};

    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        _cleanup_free_ char *path = str_printf("/proc/sys/%s", families[i].setting);
        _cleanup_free_ char *remedy = str_printf("sysctl -w %s=1", families[i].setting);
        int64_t value;

        if (!doctor_sysctl(families[i].setting, &value))
            doctor_means(doctor_say(ret, i ? DOCTOR_NOTE : DOCTOR_WARNING, "%s: this host has none", families[i].name),
                         "networks have no addresses of it", NULL);
        else if (value)
            doctor_say(ret, DOCTOR_OK, "%s is forwarded", families[i].name);
        else if (access(path, W_OK) == 0)
            doctor_means(doctor_say(ret, DOCTOR_OK, "%s is not forwarded yet", families[i].name),
                         "cbox switches it on with the first network that needs it", NULL);
        else
            doctor_means(doctor_say(ret, geteuid() == 0 && !i ? DOCTOR_FAILURE : DOCTOR_NOTE,
                                    "%s is not forwarded, and %s cannot be written", families[i].name, path),
                         "containers reach each other and the host, and nothing beyond", remedy);
    }
}

static void look_at_chains(doctor_findings *ret)
{
    _cleanup_strv_ char **chains = NULL;
    int r = nft_dropping(&chains);
    struct err why = ERR_INIT;

    if (r == -EPERM || r == -EACCES) {
        err_errno(&why, -r, "asking nftables");
        doctor_say_unseen(ret, "rules of others", &why);
    }
    STRV_FOREACH (chain, chains) {
        _cleanup_strv_ char **words = strv_split(*chain, ' ');
        bool iptables = strv_len(words) == 3 && str_eq(words[2], "FORWARD");
        _cleanup_free_ char *remedy =
            iptables ? str_printf("%s -I FORWARD -i cbox+ -j ACCEPT && %s -I FORWARD -o cbox+ -j ACCEPT",
                                  str_eq(words[0], "ip6") ? "ip6tables" : "iptables",
                                  str_eq(words[0], "ip6") ? "ip6tables" : "iptables")
                     : str_printf("nft 'insert rule %s iifname \"cbox*\" accept; "
                                  "insert rule %s oifname \"cbox*\" accept'",
                                  *chain, *chain);

        doctor_means(
            doctor_say(ret, DOCTOR_WARNING, "the chain %s drops what is forwarded and not accepted by it", *chain),
            "containers reach nothing beyond the host, and published ports nobody beyond it", remedy);
    }
}

void doctor_firewall(const struct doctor_host *host _unused_, doctor_findings *ret)
{
    size_t before = ret->n;
    uint64_t mark = 0;
    int64_t value;

    look_at_chains(ret);
    if (nft_fingerprint("firewalld", &mark) == 0 && mark)
        doctor_means(doctor_say(ret, DOCTOR_NOTE, "firewalld has rules here"),
                     "it refuses what is forwarded between zones that it does not know",
                     "firewall-cmd --permanent --zone=trusted --add-interface=cbox0");
    if (doctor_sysctl("net/bridge/bridge-nf-call-iptables", &value) && value)
        doctor_means(doctor_say(ret, DOCTOR_NOTE, "br_netfilter is on: the host's rules see what bridges pass on"),
                     "rules of others hold between containers of one network as well",
                     "sysctl -w net.bridge.bridge-nf-call-iptables=0");
    if (ret->n == before)
        doctor_say(ret, DOCTOR_OK, "no rules of others stand in the way of containers");
}

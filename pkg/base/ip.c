#include "base/ip.h"

#include "base/num.h"

#include <arpa/inet.h>
#include <stdio.h>

/* ---- text ---- */

int ip_parse(const char *text, struct ip *ret, struct err *err)
{
    struct ip a = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

    if (inet_pton(a.family, text, a.bytes) != 1)
        return err_set(err, ERR_INVALID, "\"%s\" is not an IP address", text);
    *ret = a;
    return 0;
}

int ip_net_parse(const char *text, struct ip_net *ret, struct err *err)
{
    const char *slash = strchr(text, '/');
    char address[IP_TEXT_MAX];
    struct ip_net n;
    int64_t bits;

    if (!slash || (size_t)(slash - text) >= sizeof(address))
        return err_set(err, ERR_INVALID, "\"%s\" is not an IP network, as in 10.0.0.0/8", text);
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = 0;
    if (ip_parse(address, &n.address, NULL) < 0 ||
        num_parse_i64(slash + 1, 0, ip_len(n.address.family) * INT64_C(8), &bits, NULL) < 0)
        return err_set(err, ERR_INVALID, "\"%s\" is not an IP network, as in 10.0.0.0/8", text);
    n.bits = (uint8_t)bits;
    *ret = n;
    return 0;
}

const char *ip_format(const struct ip *a, char ret[IP_TEXT_MAX])
{
    if (!ip_is_set(a) || !inet_ntop(a->family, a->bytes, ret, IP_TEXT_MAX))
        ret[0] = 0;
    return ret;
}

const char *ip_net_format(const struct ip_net *n, char ret[IP_NET_TEXT_MAX])
{
    size_t len;

    ip_format(&n->address, ret);
    len = strlen(ret);
    if (len > 0)
        snprintf(ret + len, IP_NET_TEXT_MAX - len, "/%u", n->bits);
    return ret;
}

/* ---- comparing ---- */

socklen_t ip_sockaddr(const struct ip *a, uint16_t port, struct sockaddr_storage *ret)
{
    struct sockaddr_in *four = (void *)ret;
    struct sockaddr_in6 *six = (void *)ret;

    *ret = (struct sockaddr_storage){.ss_family = a->family};
    if (a->family == AF_INET) {
        four->sin_port = htons(port);
        memcpy(&four->sin_addr, a->bytes, sizeof(four->sin_addr));
        return sizeof(*four);
    }
    six->sin6_port = htons(port);
    memcpy(&six->sin6_addr, a->bytes, sizeof(six->sin6_addr));
    return sizeof(*six);
}

int ip_compare(const struct ip *a, const struct ip *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return ip_is_set(a) ? memcmp(a->bytes, b->bytes, ip_len(a->family)) : 0;
}

static bool all_zero(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i])
            return false;
    return true;
}

bool ip_is_any(const struct ip *a)
{
    return ip_is_set(a) && all_zero(a->bytes, ip_len(a->family));
}

bool ip_is_loopback(const struct ip *a)
{
    if (a->family == AF_INET)
        return a->bytes[0] == 127;
    return a->family == AF_INET6 && all_zero(a->bytes, 15) && a->bytes[15] == 1;
}

bool ip_is_multicast(const struct ip *a)
{
    if (a->family == AF_INET)
        return a->bytes[0] >> 4 == 0xe;
    return a->family == AF_INET6 && a->bytes[0] == 0xff;
}

/* ---- arithmetic ---- */

struct ip ip_add(const struct ip *a, uint64_t n)
{
    struct ip sum = *a;
    unsigned carry = 0;

    for (unsigned i = ip_len(a->family); i-- > 0; n >>= 8) {
        carry += sum.bytes[i] + (unsigned)(n & 0xff);
        sum.bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return sum;
}

uint64_t ip_distance(const struct ip *a, const struct ip *b)
{
    unsigned len = ip_len(a->family);
    uint64_t distance = 0;
    uint8_t difference[16];
    int borrow = 0;

    if (!ip_is_set(a) || a->family != b->family || ip_compare(a, b) > 0)
        return UINT64_MAX;
    for (unsigned i = len; i-- > 0;) {
        int d = b->bytes[i] - a->bytes[i] - borrow;

        borrow = d < 0;
        difference[i] = (uint8_t)d;
    }
    if (len > 8 && !all_zero(difference, len - 8))
        return UINT64_MAX;
    for (unsigned i = len > 8 ? len - 8 : 0; i < len; i++)
        distance = distance << 8 | difference[i];
    return distance;
}

/* ---- networks ---- */

/* The bits of byte `i` that are the network's. */
static uint8_t mask(const struct ip_net *n, unsigned i)
{
    unsigned bits = n->bits > i * 8 ? n->bits - i * 8 : 0;

    return bits >= 8 ? 0xff : (uint8_t)(0xff00 >> bits);
}

struct ip ip_net_first(const struct ip_net *n)
{
    struct ip a = n->address;

    for (unsigned i = 0; i < ip_len(a.family); i++)
        a.bytes[i] &= mask(n, i);
    return a;
}

struct ip ip_net_last(const struct ip_net *n)
{
    struct ip a = n->address;

    for (unsigned i = 0; i < ip_len(a.family); i++)
        a.bytes[i] |= (uint8_t)~mask(n, i);
    return a;
}

bool ip_net_is_network(const struct ip_net *n)
{
    struct ip first = ip_net_first(n);

    return ip_equal(&first, &n->address);
}

bool ip_net_contains(const struct ip_net *n, const struct ip *a)
{
    if (!ip_is_set(a) || a->family != n->address.family)
        return false;
    for (unsigned i = 0; i < ip_len(a->family); i++)
        if ((a->bytes[i] ^ n->address.bytes[i]) & mask(n, i))
            return false;
    return true;
}

bool ip_net_overlaps(const struct ip_net *a, const struct ip_net *b)
{
    return a->bits <= b->bits ? ip_net_contains(a, &b->address) : ip_net_contains(b, &a->address);
}

/* ---- MAC addresses ---- */

int ip_mac_parse(const char *text, uint8_t ret[IP_MAC_LEN], struct err *err)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t mac[IP_MAC_LEN] = {0};
    char between = text[0] && text[1] ? text[2] : 0;

    if (strlen(text) != IP_MAC_TEXT_MAX - 1 || (between != ':' && between != '-'))
        return err_set(err, ERR_INVALID, "\"%s\" is not a MAC address, as in 02:42:ac:11:00:02", text);
    for (unsigned i = 0; i < IP_MAC_TEXT_MAX - 1; i++) {
        const char *digit = i % 3 < 2 ? memchr(digits, text[i] >= 'A' ? text[i] | 0x20 : text[i], 16) : NULL;

        if (i % 3 < 2 ? !digit : text[i] != between)
            return err_set(err, ERR_INVALID, "\"%s\" is not a MAC address, as in 02:42:ac:11:00:02", text);
        if (digit)
            mac[i / 3] = (uint8_t)(mac[i / 3] << 4 | (digit - digits));
    }
    if (mac[0] & 1)
        return err_set(err, ERR_INVALID, "\"%s\" is the MAC address of a group, not of an interface", text);
    if (all_zero(mac, sizeof(mac)))
        return err_set(err, ERR_INVALID, "\"%s\" is no MAC address of an interface", text);
    memcpy(ret, mac, sizeof(mac));
    return 0;
}

const char *ip_mac_format(const uint8_t mac[IP_MAC_LEN], char ret[IP_MAC_TEXT_MAX])
{
    snprintf(ret, IP_MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    return ret;
}

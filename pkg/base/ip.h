/* Addresses and networks of IPv4 and IPv6: values, their text, and arithmetic. RFC 4632, RFC 4291; no I/O. */
#pragma once

#include "base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum { IP_TEXT_MAX = INET6_ADDRSTRLEN, IP_NET_TEXT_MAX = INET6_ADDRSTRLEN + 4, IP_MAC_LEN = 6, IP_MAC_TEXT_MAX = 18 };

/* In network order; the family says how many bytes count: 4, or 16. AF_UNSPEC (0): none. */
struct ip {
    uint16_t family;
    uint8_t bytes[16];
};

/* An address and how many of its bits are the network's: the network itself, or an address in it. */
struct ip_net {
    struct ip address;
    uint8_t bits;
};

#define IP_NONE ((struct ip){0})
static inline bool ip_is_set(const struct ip *a)
{
    return a->family != AF_UNSPEC;
}
static inline unsigned ip_len(uint16_t family) /* bytes */
{
    return family == AF_INET ? 4 : 16;
}

/* `10.0.0.1`, `fd00::1`, without zone or brackets. ERR_INVALID: `"x" is not an IP address`. */
int ip_parse(const char *text, struct ip *ret, struct err *err);
/* `10.0.0.0/8`: bits set behind the prefix are kept, so that the caller may refuse them. ERR_INVALID. */
int ip_net_parse(const char *text, struct ip_net *ret, struct err *err);
/* The text, in `ret`, which is returned; of what is not set "". */
const char *ip_format(const struct ip *a, char ret[IP_TEXT_MAX]);
const char *ip_net_format(const struct ip_net *n, char ret[IP_NET_TEXT_MAX]);

/* The address of a socket, and its length. */
struct sockaddr_storage;
socklen_t ip_sockaddr(const struct ip *a, uint16_t port, struct sockaddr_storage *ret);

/* By family, then as numbers. */
int ip_compare(const struct ip *a, const struct ip *b);
static inline bool ip_equal(const struct ip *a, const struct ip *b)
{
    return ip_compare(a, b) == 0;
}
/* 0.0.0.0 and ::; 127.0.0.0/8 and ::1; 224.0.0.0/4 and ff00::/8. */
bool ip_is_any(const struct ip *a);
bool ip_is_loopback(const struct ip *a);
bool ip_is_multicast(const struct ip *a);

/* The address `n` further; wraps around. */
struct ip ip_add(const struct ip *a, uint64_t n);
/* How far `b` lies behind `a`, both of one family; UINT64_MAX where it does not, or further than that. */
uint64_t ip_distance(const struct ip *a, const struct ip *b);

/* The first and the last address of the network that it lies in. */
struct ip ip_net_first(const struct ip_net *n);
struct ip ip_net_last(const struct ip_net *n);
/* Whether no bit is set behind the prefix. */
bool ip_net_is_network(const struct ip_net *n);
bool ip_net_contains(const struct ip_net *n, const struct ip *a);
/* Whether they have an address in common: networks of different families have none. */
bool ip_net_overlaps(const struct ip_net *a, const struct ip_net *b);

/* `02:42:ac:11:00:02`, also with `-`; 6 bytes, of a single interface (no group bit). ERR_INVALID. */
int ip_mac_parse(const char *text, uint8_t ret[IP_MAC_LEN], struct err *err);
const char *ip_mac_format(const uint8_t mac[IP_MAC_LEN], char ret[IP_MAC_TEXT_MAX]);

/* What the files of endpoints share: the table's text. Not for use elsewhere. */
#pragma once

#include "base/buf.h"
#include "base/strv.h"
#include "network/endpoint.h"

/* A line: the container, the endpoint's id, the name, aliases joined by ',', addresses of IPv4 and IPv6, the MAC, the
 * link, and 1 where it is in use; a space between them, and '-' for what is not there. The first two are ids of ID_LEN
 * digits, so the name always begins at the same place. */
enum { ENDPOINT_FIELDS = 9, ENDPOINT_TABLE_MAX = 64 << 20 };

/* The fields of a line, where they lie; 0, or ERR_CORRUPT. */
struct endpoint_field {
    const char *p;
    size_t len;
};
int endpoint_line_split(const char *line, size_t len, struct endpoint_field ret[ENDPOINT_FIELDS]);
/* Its addresses alone. ERR_CORRUPT. */
int endpoint_line_addresses(const char *line, size_t len, struct ip *ret_ip4, struct ip *ret_ip6, struct err *err);
int endpoint_line_parse(const char *line, size_t len, struct endpoint *ret, struct err *err);
void endpoint_line_write(const struct endpoint *e, struct buf *out);

/* <state>/networks/ID, relative to the state directory, with `file` behind it. The caller frees it. */
char *endpoint_path(const char *network, const char *file);

/* Takes the lease lock; with `make` the directory is made where it is missing, else ERR_NOT_FOUND. */
int endpoint_lock(struct store *s, const char *network, bool make, int *ret_fd, struct err *err);

/* For who removes the network and holds that lock: its directory goes with all that is in it. */
void endpoint_forget_network(struct store *s, const char *network);

/* ---- choosing (network/endpoint_choose.c), plain data ---- */

/* The addresses of a family that are given to containers. */
struct endpoint_space {
    struct ip_net subnet, range; /* the range is in the subnet, or all of it */
    VEC(struct ip) reserved;     /* gateway, auxiliary ones */
};
void endpoint_space_release(struct endpoint_space *space);
#define _cleanup_space_ _cleanup_(endpoint_space_release)
/* Of a family; `subnet` stays unset where the network has none. ERR_CORRUPT. */
int endpoint_space_of(const struct store_network *n, uint16_t family, struct endpoint_space *ret, struct err *err);

/* Whether a container can have this address, whoever has it now: ERR_INVALID says why not. */
int endpoint_space_check(const struct endpoint_space *space, const struct ip *a, struct err *err);

/* The lowest address of the range that is neither reserved nor one of `taken`. ERR_NO_SPACE, without text. */
int endpoint_space_lowest(const struct endpoint_space *space, const ips *taken, struct ip *ret);

/* 02:42 and the address of IPv4, or the end of that of IPv6, or what chance gives. */
void endpoint_mac_of(const struct ip *ip4, const struct ip *ip6, uint8_t ret[IP_MAC_LEN]);

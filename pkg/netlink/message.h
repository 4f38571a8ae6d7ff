/* Netlink messages: requests with nested attributes, sent alone or several at once, and their answers. netlink(7).
 *
 * The kernel's answers are believed to be well-formed only as far as their lengths were checked.
 */
#pragma once

#include "base/buf.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

/* A socket of NETLINK_ROUTE, NETLINK_NETFILTER, NETLINK_SOCK_DIAG in the caller's network namespace, for which it stays
 * whatever namespace the caller enters later. -errno. */
int netlink_open(int protocol);

/* Messages, one behind the other, as they will be sent. */
struct netlink_batch {
    struct buf bytes;
    size_t at;    /* where the last message begins */
    uint32_t seq; /* of the last message: counts from 1 */
};
#define NETLINK_BATCH_INIT ((struct netlink_batch){.bytes = BUF_INIT})
void netlink_batch_release(struct netlink_batch *b);
#define _cleanup_batch_ _cleanup_(netlink_batch_release)

/* Begins a message with the protocol's own header, `fixed`; NLM_F_REQUEST is always set. */
void netlink_begin(struct netlink_batch *b, uint16_t type, uint16_t flags, const void *fixed, size_t len);
/* Adds an attribute to it. */
void netlink_add(struct netlink_batch *b, uint16_t type, const void *data, size_t len);
void netlink_add_text(struct netlink_batch *b, uint16_t type, const char *text); /* with its end */
void netlink_add_u32(struct netlink_batch *b, uint16_t type, uint32_t value);
void netlink_add_u8(struct netlink_batch *b, uint16_t type, uint8_t value);
/* Opens an attribute that holds others, and closes it: the value that open returned. */
size_t netlink_open_nest(struct netlink_batch *b, uint16_t type);
void netlink_close_nest(struct netlink_batch *b, size_t nest);

typedef void (*netlink_each)(void *data, const struct nlmsghdr *m);

/* Sends the batch with one send(2) and takes all answers. `each` (may be NULL) gets every message that is none of the
 * protocol's own. 0, or the first -errno, with the number of its message, from 0, in `ret_failed` (may be NULL). The
 * kernel's own words (NLMSGERR_ATTR_MSG) are logged. */
int netlink_call(int fd, struct netlink_batch *b, netlink_each each, void *data, size_t *ret_failed);

/* An attribute of a message behind a header of `fixed` bytes; of another attribute. NULL where there is none. */
struct nlattr;
const struct nlattr *netlink_find(const struct nlmsghdr *m, size_t fixed, uint16_t type);
const struct nlattr *netlink_find_in(const struct nlattr *nest, uint16_t type);
const void *netlink_data(const struct nlattr *a, size_t *ret_len);

/* Netlink messages: requests with nested attributes, sent alone or several at once, and their answers. netlink(7).
 *
 * The kernel's answers are believed to be well-formed only as far as their lengths were checked.
 */
#pragma once

#include "base/buf.h"
#include "base/vec.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

/* A socket of NETLINK_ROUTE, NETLINK_NETFILTER, NETLINK_SOCK_DIAG in the caller's network namespace, for which it stays
 * whatever namespace the caller enters later. -errno. */
int netlink_open(int protocol);

struct netlink_tolerated {
    uint32_t seq;
    int error;
};

/* Messages, one behind the other, as they will be sent. */
struct netlink_batch {
    struct buf bytes;
    size_t at;    /* where the last message begins */
    uint32_t seq; /* of the last message: counts from 1 */
    bool too_long;
    VEC(struct netlink_tolerated) tolerated;
};
#define NETLINK_BATCH_INIT ((struct netlink_batch){.bytes = BUF_INIT})
void netlink_batch_release(struct netlink_batch *b);
#define _cleanup_batch_ _cleanup_(netlink_batch_release)

/* Begins a message with the protocol's own header, `fixed`; NLM_F_REQUEST is always set. */
void netlink_begin(struct netlink_batch *b, uint16_t type, uint16_t flags, const void *fixed, size_t len);
/* Adds an attribute to it. One of more than 64 KiB is none: netlink_call() then fails with -EMSGSIZE and sends nothing.
 */
void netlink_add(struct netlink_batch *b, uint16_t type, const void *data, size_t len);
void netlink_add_text(struct netlink_batch *b, uint16_t type, const char *text); /* with its end */
void netlink_add_u32(struct netlink_batch *b, uint16_t type, uint32_t value);
void netlink_add_u16(struct netlink_batch *b, uint16_t type, uint16_t value);
void netlink_add_u8(struct netlink_batch *b, uint16_t type, uint8_t value);
/* Opens an attribute that holds others, and closes it: the value that open returned. */
size_t netlink_open_nest(struct netlink_batch *b, uint16_t type);
void netlink_close_nest(struct netlink_batch *b, size_t nest);
/* A header inside of an attribute that was opened, before what else is in it (VETH_INFO_PEER). */
void netlink_add_fixed(struct netlink_batch *b, const void *data, size_t len);
/* This error (positive) of the last message is none. */
void netlink_tolerate(struct netlink_batch *b, int error);

typedef void (*netlink_each)(void *data, const struct nlmsghdr *m);

/* Sends the batch with one send(2), takes all answers and empties it. The kernel goes on behind a message of rtnetlink
 * that failed, and does nothing of a batch of netfilter in which one failed. `each` (may be NULL) gets every message
 * that is none of the protocol's own; a dump has to be the last one. 0, or the first -errno that is not tolerated, with
 * the number of its message, from 0, in `ret_failed` (may be NULL); -EINTR: a dump came whole, but things changed
 * meanwhile. The kernel's own words (NLMSGERR_ATTR_MSG) are logged. */
int netlink_call(int fd, struct netlink_batch *b, netlink_each each, void *data, size_t *ret_failed);

/* An attribute of a message behind a header of `fixed` bytes; of another attribute. NULL where there is none. */
struct nlattr;
const struct nlattr *netlink_find(const struct nlmsghdr *m, size_t fixed, uint16_t type);
const struct nlattr *netlink_find_in(const struct nlattr *nest, uint16_t type);
const void *netlink_data(const struct nlattr *a, size_t *ret_len);

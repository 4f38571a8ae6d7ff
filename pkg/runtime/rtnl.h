/* As much of rtnetlink as moving interfaces takes: requests with attributes, answers, dumps. Only for runtime/.
 * rtnetlink(7), netlink(7). */
#pragma once

#include "base/err.h"

#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>

enum { RTNL_REQUEST_MAX = 1024 };

struct rtnl_request {
    struct nlmsghdr head;
    char rest[RTNL_REQUEST_MAX - sizeof(struct nlmsghdr)];
};

/* A socket in the caller's network namespace, or -errno. */
int rtnl_open(void);

/* Starts a request with the message's own header, `fixed`; adds an attribute. */
void rtnl_begin(struct rtnl_request *q, unsigned short type, unsigned short flags, const void *fixed, size_t len);
void rtnl_add(struct rtnl_request *q, unsigned short type, const void *data, size_t len);

/* Sends it and takes the answers. `each` (may be NULL) gets every message that is none of the protocol's own. 0, or the
 * kernel's -errno. */
int rtnl_call(int fd, struct rtnl_request *q, void (*each)(const struct nlmsghdr *m, void *context), void *context);

/* The attribute of a message behind a header of `fixed` bytes, or NULL. */
const struct rtattr *rtnl_find(const struct nlmsghdr *m, size_t fixed, unsigned short type);

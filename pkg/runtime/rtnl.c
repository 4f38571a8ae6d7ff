#include "runtime/rtnl.h"

#include "sys/fd.h"

#include <sys/socket.h>

enum { ANSWER_MAX = 32768 /* bytes: what the kernel sends at once */ };

int rtnl_open(void)
{
    struct sockaddr_nl us = {.nl_family = AF_NETLINK};
    _cleanup_fd_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0 || bind(fd, (struct sockaddr *)&us, sizeof(us)) < 0)
        return -errno;
    return steal_fd(&fd);
}

void rtnl_begin(struct rtnl_request *q, unsigned short type, unsigned short flags, const void *fixed, size_t len)
{
    *q = (struct rtnl_request){.head = {
                                   .nlmsg_len = NLMSG_LENGTH((unsigned)len),
                                   .nlmsg_type = type,
                                   .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags),
                                   .nlmsg_seq = 1,
                               }};
    memcpy(NLMSG_DATA(&q->head), fixed, len);
}

void rtnl_add(struct rtnl_request *q, unsigned short type, const void *data, size_t len)
{
    size_t at = NLMSG_ALIGN(q->head.nlmsg_len);
    struct rtattr *a = (struct rtattr *)(void *)((char *)q + at);

    if (at + RTA_SPACE(len) > sizeof(*q))
        abort(); /* callers add what they know the length of */
    a->rta_type = type;
    a->rta_len = (unsigned short)RTA_LENGTH(len);
    memcpy(RTA_DATA(a), data, len);
    q->head.nlmsg_len = (unsigned)(at + RTA_ALIGN(a->rta_len));
}

/* 1: more is to come. */
static int take(const char *bytes, size_t n, void (*each)(const struct nlmsghdr *, void *), void *context)
{
    while (n >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *m = (const void *)bytes;
        const struct nlmsgerr *answer = NLMSG_DATA(m);
        size_t len = m->nlmsg_len;

        if (len < sizeof(*m) || len > n)
            return -EBADMSG;
        if (m->nlmsg_type == NLMSG_DONE)
            return 0;
        if (m->nlmsg_type == NLMSG_ERROR)
            return len < NLMSG_LENGTH(sizeof(*answer)) ? -EBADMSG : answer->error;
        if (each)
            each(m, context);
        len = MIN_OF(NLMSG_ALIGN(len), n);
        bytes += len;
        n -= len;
    }
    return 1;
}

int rtnl_call(int fd, struct rtnl_request *q, void (*each)(const struct nlmsghdr *, void *), void *context)
{
    _cleanup_free_ char *bytes = mem_alloc(ANSWER_MAX);
    int r = 1;

    if ((q->head.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
        q->head.nlmsg_flags |= NLM_F_ACK; /* so that every call has an end */
    if (send(fd, q, q->head.nlmsg_len, 0) < 0)
        return -errno;
    while (r > 0) {
        ssize_t n = recv(fd, bytes, ANSWER_MAX, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EPIPE;
        r = take(bytes, (size_t)n, each, context);
    }
    return r;
}

const struct rtattr *rtnl_find(const struct nlmsghdr *m, size_t fixed, unsigned short type)
{
    const struct rtattr *a = (const void *)((const char *)NLMSG_DATA(m) + NLMSG_ALIGN(fixed));
    int len = (int)m->nlmsg_len - (int)NLMSG_SPACE(fixed);

    for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
        if (a->rta_type == type)
            return a;
    return NULL;
}

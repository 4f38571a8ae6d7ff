#include "netlink/message.h"

#include "base/log.h"
#include "sys/fd.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

enum { ANSWER_MAX = 32768 /* bytes: what the kernel sends at once */ };

int netlink_open(int protocol)
{
    _cleanup_fd_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int on = 1;

    /* Connected, so that a program of a container whose namespace this is opened in cannot answer in its place;
     * and with a number of its own, without which it would hear nothing of a group. */
    if (fd < 0 || connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
        return -errno;
    /* Its words, without our own bytes behind them; and dumps of one interface that are of this one. Older kernels
     * have none of it, and are understood as well. */
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
    if (protocol == NETLINK_ROUTE)
        setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
    return steal_fd(&fd);
}

/* ---- requests ---- */

void netlink_batch_release(struct netlink_batch *b)
{
    buf_free(&b->bytes);
    free(b->tolerated.v);
    *b = NETLINK_BATCH_INIT;
}

static void clear(struct netlink_batch *b)
{
    buf_clear(&b->bytes);
    b->tolerated.n = 0;
    b->at = b->seq = 0;
    b->too_long = false;
}

static struct nlmsghdr *last(const struct netlink_batch *b)
{
    return (void *)(b->bytes.p + b->at);
}

static void add_padded(struct netlink_batch *b, const void *data, size_t len)
{
    static const char zeros[NLMSG_ALIGNTO];

    if (len > 0)
        buf_add(&b->bytes, data, len);
    buf_add(&b->bytes, zeros, NLMSG_ALIGN(len) - len);
}

void netlink_begin(struct netlink_batch *b, uint16_t type, uint16_t flags, const void *fixed, size_t len)
{
    struct nlmsghdr head = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = ++b->seq};

    b->at = b->bytes.len;
    add_padded(b, &head, sizeof(head));
    add_padded(b, fixed, len);
    last(b)->nlmsg_len = (uint32_t)(b->bytes.len - b->at);
}

void netlink_add(struct netlink_batch *b, uint16_t type, const void *data, size_t len)
{
    struct nlattr a = {.nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + len)};

    if (len > UINT16_MAX - NLA_HDRLEN) {
        b->too_long = true;
        return;
    }
    add_padded(b, &a, sizeof(a));
    add_padded(b, data, len);
    last(b)->nlmsg_len = (uint32_t)(b->bytes.len - b->at);
}

void netlink_add_text(struct netlink_batch *b, uint16_t type, const char *text)
{
    netlink_add(b, type, text, strlen(text) + 1);
}

void netlink_add_u32(struct netlink_batch *b, uint16_t type, uint32_t value)
{
    netlink_add(b, type, &value, sizeof(value));
}

void netlink_add_u16(struct netlink_batch *b, uint16_t type, uint16_t value)
{
    netlink_add(b, type, &value, sizeof(value));
}

void netlink_add_u8(struct netlink_batch *b, uint16_t type, uint8_t value)
{
    netlink_add(b, type, &value, sizeof(value));
}

size_t netlink_open_nest(struct netlink_batch *b, uint16_t type)
{
    size_t at = b->bytes.len;

    netlink_add(b, type | NLA_F_NESTED, NULL, 0);
    return at;
}

void netlink_add_fixed(struct netlink_batch *b, const void *data, size_t len)
{
    add_padded(b, data, len);
    last(b)->nlmsg_len = (uint32_t)(b->bytes.len - b->at);
}

void netlink_close_nest(struct netlink_batch *b, size_t nest)
{
    struct nlattr *a = (void *)(b->bytes.p + nest);
    size_t len = b->bytes.len - nest;

    if (len > UINT16_MAX)
        b->too_long = true;
    else
        a->nla_len = (uint16_t)len;
}

void netlink_tolerate(struct netlink_batch *b, int error)
{
    *VEC_PUSH(&b->tolerated) = (struct netlink_tolerated){b->seq, error};
}

/* ---- answers ---- */

struct answers {
    const struct netlink_batch *batch;
    netlink_each each;
    void *data;
    uint32_t final; /* the number of the message whose answer is the last */
    uint32_t failed;
    int error; /* the first */
    bool done, drain, interrupted;
};

/* Errors are answered unasked, so it is enough that the last message asks. The end of a batch of netfilter is answered
 * by new kernels only: there the one before is the last. */
static uint32_t ask_for_answer(struct netlink_batch *b)
{
    struct nlmsghdr *m = last(b), *before = NULL;

    if (m->nlmsg_type == NFNL_MSG_BATCH_END && m->nlmsg_len == NLMSG_LENGTH(sizeof(struct nfgenmsg))) {
        for (size_t at = 0; at < b->at; at += before->nlmsg_len)
            before = (void *)(b->bytes.p + at);
        m = before ? before : m;
    }
    if ((m->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP || m->nlmsg_type < NLMSG_MIN_TYPE)
        m->nlmsg_flags |= NLM_F_ACK;
    return m->nlmsg_seq;
}

static bool is_tolerated(const struct answers *a, uint32_t seq, int error)
{
    VEC_FOREACH (t, &a->batch->tolerated)
        if (t->seq == seq && t->error == -error)
            return true;
    return false;
}

static void log_words(const struct nlmsghdr *m, int error)
{
    const struct nlmsgerr *answer = NLMSG_DATA(m);
    size_t quoted = m->nlmsg_flags & NLM_F_CAPPED ? 0 : answer->msg.nlmsg_len - sizeof(answer->msg), len = 0;
    const char *words;

    if (!log_enabled() || !(m->nlmsg_flags & NLM_F_ACK_TLVS) || quoted > m->nlmsg_len)
        return;
    words = netlink_data(netlink_find(m, sizeof(*answer) + quoted, NLMSGERR_ATTR_MSG), &len);
    if (len > 0)
        log_debug("netlink: message %u: %s: %.*s", m->nlmsg_seq, strerror(-error), (int)len, words);
}

static int take_error(struct answers *a, const struct nlmsghdr *m)
{
    const struct nlmsgerr *answer = NLMSG_DATA(m);

    if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*answer)))
        return -EBADMSG;
    if (m->nlmsg_seq == a->final)
        a->done = true;
    if (answer->error >= 0)
        return 0;
    a->drain = true;
    if (is_tolerated(a, m->nlmsg_seq, answer->error))
        return 0;
    log_words(m, answer->error);
    if (!a->error) {
        a->error = answer->error;
        a->failed = m->nlmsg_seq;
    }
    return 0;
}

static int take_end(struct answers *a, const struct nlmsghdr *m)
{
    int error = 0;

    if (m->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
        memcpy(&error, NLMSG_DATA(m), sizeof(error));
    a->done = true;
    if (error < 0 && !a->error) {
        a->error = error;
        a->failed = m->nlmsg_seq;
    }
    return 0;
}

static int take_message(struct answers *a, const struct nlmsghdr *m)
{
    if (m->nlmsg_seq == 0 || m->nlmsg_seq > a->batch->seq)
        return 0; /* what nobody asked for */
    if (m->nlmsg_flags & NLM_F_DUMP_INTR)
        a->interrupted = true;
    if (m->nlmsg_type == NLMSG_DONE)
        return take_end(a, m);
    if (m->nlmsg_type == NLMSG_ERROR)
        return take_error(a, m);
    if (m->nlmsg_type >= NLMSG_MIN_TYPE && a->each)
        a->each(a->data, m);
    return 0;
}

static int take(struct answers *a, const char *bytes, size_t n)
{
    while (n >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *m = (const void *)bytes;
        size_t len = m->nlmsg_len;
        int r;

        if (len < sizeof(*m) || len > n)
            return -EBADMSG;
        r = take_message(a, m);
        if (r < 0)
            return r;
        len = MIN_OF(NLMSG_ALIGN(len), n);
        bytes += len;
        n -= len;
    }
    return 0;
}

/* The kernel answers before send(2) returns: behind an error, which may be the last word, nothing is waited for. */
static int receive(int fd, struct answers *a)
{
    uint32_t bytes[ANSWER_MAX / sizeof(uint32_t)];

    while (!a->done) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_TRUNC | (a->drain ? MSG_DONTWAIT : 0));
        int r;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN && a->drain)
            break;
        if (n <= 0)
            return n < 0 ? -errno : -EPIPE;
        if ((size_t)n > sizeof(bytes))
            return -EMSGSIZE;
        r = take(a, (const char *)bytes, (size_t)n);
        if (r < 0)
            return r;
    }
    return 0;
}

int netlink_call(int fd, struct netlink_batch *b, netlink_each each, void *data, size_t *ret_failed)
{
    struct answers a = {.batch = b, .each = each, .data = data};
    int r = b->too_long ? -EMSGSIZE : 0;
    ssize_t n = 0;

    if (b->seq > 0 && r == 0) {
        a.final = ask_for_answer(b);
        do
            n = send(fd, b->bytes.p, b->bytes.len, 0);
        while (n < 0 && errno == EINTR);
        r = n < 0 ? -errno : receive(fd, &a);
    }
    clear(b);
    if (ret_failed)
        *ret_failed = a.failed ? a.failed - 1 : 0;
    if (r == 0)
        r = a.error;
    return r == 0 && a.interrupted ? -EINTR : r;
}

/* ---- attributes ---- */

static const struct nlattr *find(const char *p, size_t len, uint16_t type)
{
    while (len >= NLA_HDRLEN) {
        const struct nlattr *a = (const void *)p;
        size_t step;

        if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
            return NULL;
        if ((a->nla_type & NLA_TYPE_MASK) == type)
            return a;
        step = MIN_OF((size_t)NLA_ALIGN(a->nla_len), len);
        p += step;
        len -= step;
    }
    return NULL;
}

const struct nlattr *netlink_find(const struct nlmsghdr *m, size_t fixed, uint16_t type)
{
    size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(fixed);

    return m->nlmsg_len > head ? find((const char *)m + head, m->nlmsg_len - head, type) : NULL;
}

const struct nlattr *netlink_find_in(const struct nlattr *nest, uint16_t type)
{
    size_t len;
    const void *p = netlink_data(nest, &len);

    return p ? find(p, len, type) : NULL;
}

const void *netlink_data(const struct nlattr *a, size_t *ret_len)
{
    *ret_len = a ? (size_t)a->nla_len - NLA_HDRLEN : 0;
    return a ? (const char *)a + NLA_HDRLEN : NULL;
}

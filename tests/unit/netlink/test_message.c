#include "../unit.h"

#include "netlink/link.h"
#include "sys/fd.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* ---- requests ---- */

static const struct nlmsghdr *message(const struct netlink_batch *b, size_t n)
{
    size_t at = 0;

    for (; n > 0; n--) {
        const struct nlmsghdr *m = (const void *)(b->bytes.p + at);

        assert_int_equal(m->nlmsg_len % NLMSG_ALIGNTO, 0);
        at += m->nlmsg_len;
    }
    assert_true(at < b->bytes.len);
    return (const void *)(b->bytes.p + at);
}

static void assert_data(const struct nlattr *a, const void *expected, size_t expected_len)
{
    size_t len;
    const void *p = netlink_data(a, &len);

    assert_int_equal(len, expected_len);
    assert_memory_equal(p, expected, len);
}

static void test_request(void **state)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct ifinfomsg info = {.ifi_index = 7};
    const struct nlattr *outer;
    const struct nlmsghdr *m;
    uint32_t number = 70000;
    size_t nest, inner;

    (void)state;
    netlink_begin(&b, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
    netlink_begin(&b, RTM_NEWLINK, NLM_F_CREATE, &info, sizeof(info));
    netlink_add_text(&b, IFLA_IFNAME, "a");
    nest = netlink_open_nest(&b, IFLA_LINKINFO);
    netlink_add_text(&b, IFLA_INFO_KIND, "veth");
    inner = netlink_open_nest(&b, IFLA_INFO_DATA);
    netlink_add_u8(&b, 3, 9);
    netlink_close_nest(&b, inner);
    netlink_close_nest(&b, nest);
    netlink_add_u32(&b, IFLA_MTU, number);

    m = message(&b, 0);
    assert_int_equal(m->nlmsg_seq, 1);
    assert_int_equal(m->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
    m = message(&b, 1);
    assert_int_equal(m->nlmsg_seq, 2);
    assert_int_equal(m->nlmsg_type, RTM_NEWLINK);
    assert_int_equal((char *)m + m->nlmsg_len - b.bytes.p, b.bytes.len);
    assert_data(netlink_find(m, sizeof(info), IFLA_IFNAME), "a", 2);
    assert_data(netlink_find(m, sizeof(info), IFLA_MTU), &number, 4);
    assert_null(netlink_find(m, sizeof(info), IFLA_ADDRESS));
    outer = netlink_find(m, sizeof(info), IFLA_LINKINFO);
    assert_data(netlink_find_in(outer, IFLA_INFO_KIND), "veth", 5);
    assert_data(netlink_find_in(netlink_find_in(outer, IFLA_INFO_DATA), 3), "\x09", 1);
    assert_null(netlink_find_in(outer, IFLA_MTU));
    assert_null(netlink_find_in(NULL, 1));
}

static void test_too_long(void **state)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    _cleanup_free_ char *large = mem_zalloc(70000, 1);
    struct ifinfomsg info = {0};
    size_t nest, before;

    (void)state;
    netlink_begin(&b, RTM_NEWLINK, 0, &info, sizeof(info));
    before = b.bytes.len;
    netlink_add(&b, 1, large, 65532);
    assert_int_equal(b.bytes.len, before);
    assert_int_equal(netlink_call(-1, &b, NULL, NULL, NULL), -EMSGSIZE);
    assert_int_equal(b.bytes.len, 0);

    netlink_begin(&b, RTM_NEWLINK, 0, &info, sizeof(info));
    nest = netlink_open_nest(&b, 1);
    netlink_add(&b, 1, large, 40000);
    netlink_add(&b, 1, large, 40000);
    netlink_close_nest(&b, nest);
    assert_int_equal(netlink_call(-1, &b, NULL, NULL, NULL), -EMSGSIZE);

    assert_int_equal(netlink_call(-1, &b, NULL, NULL, NULL), 0); /* nothing to send */
}

/* ---- answers: what the kernel would say is in the socket before it is asked ---- */

struct kernel {
    int ours, its;
    unsigned seen; /* messages that came through */
};

static void kernel_open(struct kernel *k)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    *k = (struct kernel){pair[0], pair[1], 0};
}

static void kernel_close(struct kernel *k)
{
    close(k->ours);
    close(k->its);
}

static void say(const struct kernel *k, const void *data, size_t len)
{
    assert_int_equal(send(k->its, data, len, 0), len);
}

static void say_error(const struct kernel *k, uint32_t seq, int error)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr answer;
    } m = {{sizeof(m), NLMSG_ERROR, NLM_F_CAPPED, seq, 0}, {.error = error}};

    say(k, &m, sizeof(m));
}

static void count(void *data, const struct nlmsghdr *m)
{
    (void)m;
    ++*(unsigned *)data;
}

/* Three messages. */
static int call(struct kernel *k, int tolerated, size_t *ret_failed)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct ifinfomsg info = {0};

    netlink_begin(&b, RTM_NEWLINK, 0, &info, sizeof(info));
    netlink_begin(&b, RTM_NEWLINK, 0, &info, sizeof(info));
    if (tolerated)
        netlink_tolerate(&b, tolerated);
    netlink_begin(&b, RTM_NEWLINK, 0, &info, sizeof(info));
    return netlink_call(k->ours, &b, count, &k->seen, ret_failed);
}

static void test_answers(void **state)
{
    struct nlmsghdr unasked = {sizeof(unasked), RTM_NEWLINK, 0, 0, 0}, asked = {sizeof(asked), RTM_NEWLINK, 0, 1, 0};
    size_t failed = 99;
    char sent[4096];
    struct kernel k;

    (void)state;
    kernel_open(&k);
    say(&k, &unasked, sizeof(unasked));
    say(&k, &asked, sizeof(asked));
    say_error(&k, 3, 0);
    assert_int_equal(call(&k, 0, &failed), 0);
    assert_int_equal(k.seen, 1);
    assert_int_equal(recv(k.its, sent, sizeof(sent), 0), 3 * 32);
    assert_int_equal(((struct nlmsghdr *)(void *)sent)->nlmsg_flags, NLM_F_REQUEST);
    assert_int_equal(((struct nlmsghdr *)(void *)(sent + 64))->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);

    say_error(&k, 2, -EEXIST);
    say_error(&k, 3, 0);
    assert_int_equal(call(&k, EEXIST, &failed), 0);

    say_error(&k, 2, -ENODEV);
    say_error(&k, 3, -EPERM);
    assert_int_equal(call(&k, EEXIST, &failed), -ENODEV);
    assert_int_equal(failed, 1);

    say_error(&k, 1, -ENOMEM); /* and no more words: not waited for */
    assert_int_equal(call(&k, 0, &failed), -ENOMEM);
    assert_int_equal(failed, 0);
    kernel_close(&k);
}

static void test_dump(void **state)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct {
        struct nlmsghdr part, done;
        int error;
    } m = {{sizeof(m.part), RTM_NEWLINK, NLM_F_MULTI, 1, 0},
           {sizeof(m.done) + sizeof(int), NLMSG_DONE, NLM_F_MULTI, 1, 0},
           0};
    struct ifinfomsg info = {0};
    struct kernel k;

    (void)state;
    kernel_open(&k);
    netlink_begin(&b, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
    say(&k, &m.part, sizeof(m.part));
    say(&k, &m, sizeof(m));
    assert_int_equal(netlink_call(k.ours, &b, count, &k.seen, NULL), 0);
    assert_int_equal(k.seen, 2);

    netlink_begin(&b, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
    m.part.nlmsg_flags |= NLM_F_DUMP_INTR;
    say(&k, &m, sizeof(m));
    assert_int_equal(netlink_call(k.ours, &b, count, &k.seen, NULL), -EINTR);

    netlink_begin(&b, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
    m.part.nlmsg_flags = 0;
    m.error = -ENOBUFS;
    say(&k, &m, sizeof(m));
    assert_int_equal(netlink_call(k.ours, &b, count, &k.seen, NULL), -ENOBUFS);
    kernel_close(&k);
}

/* Old kernels do not answer the end of a batch of netfilter. */
static void test_netfilter_batch(void **state)
{
    _cleanup_batch_ struct netlink_batch b = NETLINK_BATCH_INIT;
    struct nfgenmsg head = {0};
    struct kernel k;

    (void)state;
    kernel_open(&k);
    netlink_begin(&b, NFNL_MSG_BATCH_BEGIN, 0, &head, sizeof(head));
    netlink_begin(&b, NFNL_SUBSYS_NFTABLES << 8, 0, &head, sizeof(head));
    netlink_begin(&b, NFNL_MSG_BATCH_END, 0, &head, sizeof(head));
    say_error(&k, 2, 0);
    assert_int_equal(netlink_call(k.ours, &b, NULL, NULL, NULL), 0);
    kernel_close(&k);
}

/* Whatever lengths an answer claims, nothing outside of it is read (tests run under ASan, too). */
static void test_hostile_lengths(void **state)
{
    static const uint32_t lengths[] = {0, 1, 15, 17, 19, 21, 33, 35, 37, 1000, UINT32_MAX};
    struct {
        struct nlmsghdr head;
        int error;
    } m;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        struct kernel k;

        kernel_open(&k);
        m.head = (struct nlmsghdr){lengths[i], NLMSG_ERROR, NLM_F_ACK_TLVS, 3, 0};
        m.error = 0;
        say(&k, &m, sizeof(m));
        assert_int_equal(call(&k, 0, NULL), -EBADMSG);
        kernel_close(&k);
    }
}

static void test_hostile_attributes(void **state)
{
    static const uint16_t lengths[] = {0, 1, 3, 9, 200, UINT16_MAX};
    struct {
        struct nlmsghdr head;
        struct nlattr first;
        uint32_t value;
    } *m = mem_zalloc(1, sizeof(*m));
    size_t len;

    (void)state;
    m->head = (struct nlmsghdr){sizeof(*m), RTM_NEWLINK, 0, 1, 0};
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        m->first = (struct nlattr){lengths[i], 5};
        assert_null(netlink_find(&m->head, 0, 5));
    }
    m->first = (struct nlattr){8, 5 | NLA_F_NESTED};
    assert_non_null(netlink_find(&m->head, 0, 5));
    assert_null(netlink_find(&m->head, 0, 6));
    assert_null(netlink_find(&m->head, 1000, 5));
    assert_null(netlink_data(NULL, &len));
    assert_int_equal(len, 0);
    m->head.nlmsg_len = 22; /* a header's half */
    assert_null(netlink_find(&m->head, 0, 5) ? &m : NULL);
    free(m);
}

/* Programs of a container share the namespace of sockets that are opened in it, and may guess their numbers. */
static void test_others_do_not_answer(void **state)
{
    _cleanup_fd_ int ours = netlink_open(NETLINK_ROUTE), other = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    const struct nlmsghdr forged = {.nlmsg_len = sizeof(forged), .nlmsg_type = NLMSG_DONE, .nlmsg_seq = 1};
    struct sockaddr_nl to;
    socklen_t len = sizeof(to);

    (void)state;
    assert_true(ours >= 0 && other >= 0);
    assert_int_equal(getsockname(ours, (struct sockaddr *)&to, &len), 0);
    assert_int_not_equal(to.nl_pid, 0);
    assert_int_equal(sendto(other, &forged, sizeof(forged), 0, (struct sockaddr *)&to, len), -1);
    assert_true(errno == ECONNREFUSED || errno == EPERM); /* who is not root may not even try */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_netfilter_batch),
        cmocka_unit_test(test_hostile_lengths),
        cmocka_unit_test(test_hostile_attributes),
        cmocka_unit_test(test_others_do_not_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

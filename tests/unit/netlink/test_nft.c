/* Rules and questions about them, in a network namespace of the test's own. */
#include "../unit.h"

#include "base/strv.h"
#include "netlink/nft.h"

#include <poll.h>
#include <sched.h>

static bool ready(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};

    return poll(&p, 1, 0) == 1;
}

static uint64_t fingerprint(void)
{
    uint64_t ret;

    assert_int_equal(nft_fingerprint("mine", &ret), 0);
    return ret;
}

static void test_errors(void **state)
{
    struct err err;

    (void)state;
    assert_fails(nft_run("delete table inet nowhere", &err), ERR_NOT_FOUND, "No such file or directory");
    assert_null(strchr(err.text, '\n'));
    assert_fails(nft_run("nonsense", &err), ERR_IO, "syntax error");
    assert_ok(nft_run("", &err));
    assert_ok(nft_run("add table inet mine", &err));
    assert_fails(nft_run("create table inet mine", &err), ERR_EXISTS, "File exists");
    assert_ok(nft_run("delete table inet mine", &err));
}

static void test_numbers(void **state)
{
    uint32_t first, second;
    uint64_t empty, one, again;
    struct err err;

    (void)state;
    assert_int_equal(fingerprint(), 0);
    assert_int_equal(nft_generation(&first), 0);
    assert_ok(nft_run("table inet mine { set s { type ifname; }\nchain c { }\n }", &err));
    assert_int_equal(nft_generation(&second), 0);
    assert_int_not_equal(first, second);
    empty = fingerprint();
    assert_int_not_equal(empty, 0);
    assert_ok(nft_run("add rule inet mine c accept", &err));
    one = fingerprint();
    assert_int_not_equal(one, empty);
    /* elements, and what others have, are not looked at */
    assert_ok(nft_run("add element inet mine s { \"a\" }\ntable inet other { chain c { accept; }\n }", &err));
    assert_int_equal(fingerprint(), one);
    assert_ok(nft_run("flush table inet mine", &err));
    assert_int_not_equal(fingerprint(), one);
    assert_ok(nft_run("add rule inet mine c accept", &err));
    assert_int_equal(fingerprint(), one);
    assert_ok(
        nft_run("delete table inet mine\ntable inet mine { set s { type ifname; }\nchain c { accept; }\n }", &err));
    again = fingerprint();
    assert_int_not_equal(again, one);
    assert_ok(nft_run("flush ruleset", &err));
    assert_int_equal(fingerprint(), 0);
}

static void test_dropping(void **state)
{
    char **names = NULL;
    struct err err;

    (void)state;
    assert_ok(nft_run("table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }\n"
                      "chain INPUT { type filter hook input priority 0; policy drop; }\n }\n"
                      "table inet kind { chain f { type filter hook forward priority 0; policy accept; }\n"
                      "chain plain { drop; }\n }",
                      &err));
    assert_int_equal(nft_dropping(&names), 0);
    assert_int_equal(strv_len(names), 1);
    assert_string_equal(names[0], "ip filter FORWARD");
    strv_free(names);
    assert_ok(nft_run("flush ruleset", &err));
}

/* It wakes for a table that goes, wherever in a transaction that is said, and for nothing else. */
static void test_watch(void **state)
{
    int fd = nft_watch();
    struct err err;

    (void)state;
    assert_true(fd >= 0);
    assert_ok(nft_run("table inet mine { set s { type ifname; }\nchain c { accept; }\n }", &err));
    assert_ok(nft_run("add element inet mine s { \"a\" }", &err));
    assert_ok(nft_run("delete element inet mine s { \"a\" }\nflush chain inet mine c\ndelete chain inet mine c", &err));
    assert_false(ready(fd));
    assert_ok(nft_run("delete table inet mine", &err));
    assert_true(ready(fd));
    nft_drain(fd);
    assert_false(ready(fd));
    assert_ok(nft_run("table inet mine { set s { type ifname; elements = { \"a\" }\n }\n"
                      "chain c { accept; accept; accept; accept; accept; accept; }\n }",
                      &err));
    assert_false(ready(fd));
    assert_ok(nft_run("flush ruleset\ntable inet new { chain c { }\n }", &err));
    assert_true(ready(fd));
    nft_drain(fd);
    close(fd);
}

static int own_namespace(void **state)
{
    (void)state;
    if (unshare(CLONE_NEWNET) == 0)
        return 0;
    print_message("skipped: needs root for a network namespace\n");
    return 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_dropping),
        cmocka_unit_test(test_watch),
    };
    void *none = NULL;

    return own_namespace(&none) ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}

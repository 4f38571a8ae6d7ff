/* The rules in a kernel, in a network namespace of the test's own. */
#include "../store/store_fixture.h"

#include "base/strv.h"
#include "netlink/nft.h"
#include "network/firewall.h"
#include "network/network.h"
#include "store/container.h"

#include <sched.h>

#define WEB   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"

/* What nft says of the rules that there are. */
static char *listed(const char *what)
{
    _cleanup_free_ char *command = str_printf("nft list %s 2>&1", what);
    FILE *f = popen(command, "r");
    char *text = mem_zalloc(1 << 20, 1);

    assert_non_null(f);
    assert_true(fread(text, 1, (1 << 20) - 1, f) < (1 << 20) - 1);
    pclose(f);
    return text;
}

static bool has_rules(const char *part)
{
    _cleanup_free_ char *text = listed("ruleset");

    return strstr(text, part) != NULL;
}

static struct store_container *container(struct store *s, const char *id)
{
    struct store_container *c;
    struct err err;

    assert_ok(store_container_create(s, id, &c, &err));
    return c;
}

static void claim(struct store *s, const char *id, const char *to, unsigned first, unsigned count)
{
    struct port_range r = {IPPROTO_TCP, IP_NONE, (uint16_t)first, (uint16_t)first, (uint16_t)count, 0};
    port_ranges wanted = {&r, 1, 1}, chosen = {0};
    struct ip ip4;
    struct err err;

    assert_ok(ip_parse(to, &ip4, &err));
    assert_ok(ports_claim(s, id, &wanted, &ip4, NULL, 0, &chosen, &err));
    free(chosen.v);
}

static void network(struct store *s, const char *name, const char *subnet, struct store_network *ret)
{
    char *subnets[] = {(char *)subnet, NULL};
    struct config config = {0};
    struct network_request request = {.name = name, .subnets = subnets};
    struct err err;

    assert_ok(network_create(s, &config, &request, ret, &err));
}

static void test_life(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network one = {0}, two = {0};
    struct store_container *web = container(s, WEB);
    struct err err;

    (void)state;
    assert_ok(firewall_ensure(s, &err)); /* no network yet: nothing */
    assert_false(has_rules("table"));
    network(s, "one", "10.1.0.0/24", &one);
    network(s, "two", "10.2.0.0/24", &two);
    assert_ok(firewall_add_network(s, &one, &err));
    assert_true(has_rules("10.1.0.0/24"));
    assert_false(has_rules("10.2.0.0/24"));
    assert_ok(firewall_add_network(s, &two, &err));
    assert_ok(firewall_add_network(s, &two, &err));
    assert_true(has_rules("10.2.0.0/24"));
    claim(s, WEB, "10.1.0.2", 8080, 3);
    assert_false(has_rules("8080-8082"));
    assert_ok(firewall_publish(s, WEB, &err));
    assert_true(has_rules("0.0.0.0/0 . tcp . 8080-8082 : 10.1.0.2"));
    assert_ok(firewall_publish(s, WEB, &err));
    assert_ok(firewall_remove_network(s, &two, &err));
    assert_false(has_rules("10.2.0.0/24"));
    assert_true(has_rules("8080-8082"));
    assert_ok(firewall_unpublish(s, WEB, &err));
    assert_ok(firewall_unpublish(s, WEB, &err));
    assert_false(has_rules("8080"));
    assert_true(has_rules("10.1.0.0/24"));
    store_container_free(web);
    assert_ok(nft_run("flush ruleset", &err));
}

/* Whatever others do to the table, it is there again afterwards, with all that was in it; what is others' stays. */
static void test_restore(void **state)
{
    static const char *const harm[] = {
        "flush ruleset",
        "flush ruleset\ntable inet foreign { chain c { accept; }\n }",
        "flush table inet %s",
        "delete table inet %s",
        "delete table inet %s\ntable inet %s { }",
        "flush chain inet %s publish",
        "delete table inet %s\ntable inet %s { chain publish { accept; }\n }",
    };
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network one = {0};
    struct store_container *web = container(s, WEB);
    _cleanup_free_ char *before = NULL, *tables = NULL;
    const char *table;
    struct err err;

    (void)state;
    network(s, "one", "10.1.0.0/24", &one);
    assert_ok(firewall_add_network(s, &one, &err));
    claim(s, WEB, "10.1.0.2", 8080, 3);
    assert_ok(firewall_publish(s, WEB, &err));
    tables = listed("tables");
    table = strstr(tables, "cbox");
    assert_non_null(table);
    tables[strcspn(tables, "\n")] = 0;
    before = listed("ruleset");
    for (size_t i = 0; i < ARRAY_SIZE(harm); i++) {
        _cleanup_strv_ char **parts = NULL;
        _cleanup_free_ char *text = NULL, *after = NULL, *what = str_printf("table inet %s", table);
        struct buf all = BUF_INIT;

        for (const char *c = harm[i]; *c; c++) {
            if (*c == '%') {
                buf_adds(&all, table);
                c++;
            } else {
                buf_addc(&all, *c);
            }
        }
        text = buf_steal(&all);
        assert_ok(nft_run(text, &err));
        assert_ok(firewall_ensure(s, &err));
        after = listed(what);
        if (!str_eq(before, after))
            fail_msg("after %s:\n%s", text, after);
        assert_true(has_rules("foreign") == (i == 1 || i > 1));
    }
    /* and the same where it is a publication that finds it missing */
    assert_ok(nft_run("flush ruleset", &err));
    assert_ok(firewall_unpublish(s, WEB, &err));
    assert_true(has_rules("10.1.0.0/24"));
    assert_false(has_rules("8080"));
    store_container_free(web);
    assert_ok(nft_run("flush ruleset", &err));
}

/* Of a container that was killed with its monitor nothing is left when another one takes its port. */
static void test_killed(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network one = {0};
    _cleanup_container_ struct store_container *other = container(s, OTHER);
    struct store_container *web = container(s, WEB);
    struct err err;

    (void)state;
    network(s, "one", "10.1.0.0/24", &one);
    assert_ok(firewall_add_network(s, &one, &err));
    claim(s, WEB, "10.1.0.2", 8080, 3);
    assert_ok(firewall_publish(s, WEB, &err));
    store_container_free(web);
    claim(s, OTHER, "10.1.0.3", 8081, 1);
    assert_ok(firewall_publish(s, OTHER, &err));
    assert_true(has_rules("tcp . 8081 : 10.1.0.3 . 8081"));
    assert_false(has_rules("10.1.0.2"));
    assert_ok(nft_run("flush ruleset", &err));
}

static void test_note(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_free_ char *first = NULL, *state_text = NULL;
    struct err err;

    (void)state;
    assert_null(firewall_note(s)); /* nobody drops */
    assert_ok(
        nft_run("table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }\n }", &err));
    first = firewall_note(s);
    assert_non_null(first);
    assert_non_null(strstr(first, "ip filter FORWARD"));
    assert_null(firewall_note(s));
    state_text = firewall_describe(s);
    assert_string_equal(state_text, "nftables: not used yet; dropped unless accepted by ip filter FORWARD");
    assert_ok(nft_run("flush ruleset", &err));
}

/* Ten thousand ports are one element. */
static void test_range(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network one = {0};
    _cleanup_container_ struct store_container *web = container(s, WEB);
    struct err err;

    (void)state;
    network(s, "one", "10.1.0.0/24", &one);
    assert_ok(firewall_add_network(s, &one, &err));
    claim(s, WEB, "10.1.0.2", 20000, 10000);
    assert_ok(firewall_publish(s, WEB, &err));
    assert_true(has_rules("elements = { 0.0.0.0/0 . tcp . 20000-29999 : 10.1.0.2 }"));
    assert_ok(firewall_unpublish(s, WEB, &err));
    assert_ok(nft_run("flush ruleset", &err));
}

/* The order of a map's elements is the kernel's. */
static char *sorted(const char *text)
{
    _cleanup_strv_ char **lines = strv_split(text, '\n');

    for (char **line = lines; *line; line++) {
        char *start = *line + strspn(*line, "\telmnts={ ");

        while (*start && strchr(" },", start[strlen(start) - 1]))
            start[strlen(start) - 1] = 0;
        memmove(*line, start, strlen(start) + 1);
    }
    strv_sort(lines);
    return strv_join(lines, "\n");
}

/* Each form of a port is the same as an element and as text, and changes nothing but elements. */
static void test_forms(void **state)
{
    static const struct {
        const char *host;
        uint8_t protocol;
        uint16_t first, to, count;
    } forms[] = {
        {NULL, IPPROTO_TCP, 80, 8080, 1},         {NULL, IPPROTO_TCP, 2000, 2000, 10}, {NULL, IPPROTO_UDP, 80, 80, 1},
        {"127.0.0.1", IPPROTO_TCP, 81, 81, 1},    {"::1", IPPROTO_TCP, 82, 82, 1},     {NULL, IPPROTO_SCTP, 80, 80, 1},
        {"10.9.8.7", IPPROTO_UDP, 3000, 3000, 9}, {"::", IPPROTO_TCP, 4000, 5000, 4},
    };
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network one = {0};
    _cleanup_container_ struct store_container *web = container(s, WEB);
    _cleanup_free_ char *empty = NULL, *quick = NULL, *text = NULL, *again = NULL;
    _cleanup_free_ char *one_order = NULL, *other_order = NULL;
    struct ip ip4, ip6;
    port_ranges wanted = {0}, chosen = {0};
    uint32_t generation, after;
    struct err err;

    (void)state;
    network(s, "one", "10.1.0.0/24", &one);
    assert_ok(firewall_add_network(s, &one, &err));
    assert_ok(ip_parse("10.1.0.2", &ip4, &err));
    assert_ok(ip_parse("fd00::2", &ip6, &err));
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        struct port_range *r = VEC_PUSH(&wanted);

        *r = (struct port_range){forms[i].protocol, IP_NONE, forms[i].first, forms[i].to, forms[i].count, 0};
        if (forms[i].host)
            assert_ok(ip_parse(forms[i].host, &r->host, &err));
    }
    assert_ok(ports_claim(s, WEB, &wanted, &ip4, &ip6, 40000, &chosen, &err));
    empty = listed("ruleset");
    assert_int_equal(nft_generation(&generation), 0);
    assert_ok(firewall_publish(s, WEB, &err));
    assert_int_equal(nft_generation(&after), 0);
    assert_int_equal(after, generation + 1);
    quick = listed("ruleset");
    assert_non_null(strstr(quick, "::1 . 82 : 40000"));
    assert_ok(nft_run("flush ruleset", &err));
    assert_ok(firewall_ensure(s, &err));
    text = listed("ruleset");
    one_order = sorted(quick);
    other_order = sorted(text);
    assert_string_equal(one_order, other_order);
    assert_int_equal(nft_generation(&generation), 0);
    assert_ok(firewall_unpublish(s, WEB, &err));
    assert_int_equal(nft_generation(&after), 0);
    assert_int_equal(after, generation + 1);
    again = listed("ruleset");
    assert_string_equal(again, empty);
    free(wanted.v);
    free(chosen.v);
    assert_ok(nft_run("flush ruleset", &err));
}

static size_t there(const firewall_lines *lines, const char *set)
{
    size_t n = 0;

    VEC_FOREACH (l, lines)
        n += l->there && (!set || str_eq(l->set, set));
    return n;
}

/* Each element that should be in the table is asked of the kernel, by its key and its value. */
static void test_lines(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network one = {0};
    struct store_container *web = container(s, WEB);
    struct port_claim claim = {.range = {IPPROTO_TCP, IP_NONE, 8080, 80, 1, 0}, .relay = 40000};
    struct port_claim range = {.range = {IPPROTO_UDP, IP_NONE, 9000, 9000, 10, 0}};
    port_claims both = {0};
    _cleanup_free_ char *table = NULL, *published = NULL, *changed = NULL;
    firewall_lines lines;
    struct err err;

    (void)state;
    assert_ok(ip_parse("10.1.0.2", &claim.ip4, &err));
    assert_ok(ip_parse("fd00::2", &claim.ip6, &err));
    range.ip4 = claim.ip4;
    network(s, "one", "10.1.0.0/24", &one);
    table = firewall_lines_of_network(s, &one, &lines);
    assert_true(lines.n >= 5);
    assert_int_equal(there(&lines, NULL), 0);
    firewall_lines_release(&lines);
    free(table);
    assert_ok(firewall_add_network(s, &one, &err));
    table = firewall_lines_of_network(s, &one, &lines);
    assert_int_equal(there(&lines, NULL), lines.n);
    firewall_lines_release(&lines);

    *VEC_PUSH(&both) = claim;
    *VEC_PUSH(&both) = range;
    published = firewall_text_claims(table, "add", &both);
    free(both.v);
    free(firewall_lines_of_claim(s, &claim, &lines));
    assert_int_equal(lines.n, 4); /* publish4, publish6, relay6, relays */
    assert_int_equal(there(&lines, NULL), 0);
    firewall_lines_release(&lines);
    assert_ok(nft_run(published, &err));
    free(firewall_lines_of_claim(s, &claim, &lines));
    assert_int_equal(there(&lines, NULL), 4);
    firewall_lines_release(&lines);
    free(firewall_lines_of_claim(s, &range, &lines));
    assert_int_equal(lines.n, 1);
    assert_int_equal(there(&lines, "range4"), 1);
    firewall_lines_release(&lines);

    /* one that leads elsewhere is not the one */
    changed = str_printf("delete element inet %s publish4 { 0.0.0.0/0 . tcp . 8080 }\n"
                         "add element inet %s publish4 { 0.0.0.0/0 . tcp . 8080 : 10.1.0.3 . 80 }\n"
                         "delete element inet %s relays { 40000 }",
                         table, table, table);
    assert_ok(nft_run(changed, &err));
    free(firewall_lines_of_claim(s, &claim, &lines));
    assert_int_equal(there(&lines, "publish4"), 0);
    assert_int_equal(there(&lines, "relays"), 0);
    assert_int_equal(there(&lines, "publish6"), 1);
    assert_int_equal(there(&lines, "relay6"), 1);
    firewall_lines_release(&lines);
    store_container_free(web);
    assert_ok(nft_run("flush ruleset", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_restore, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_killed, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_note, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_forms, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_range, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_lines, scratch_setup, scratch_teardown),
    };

    if (unshare(CLONE_NEWNET) < 0) {
        print_message("skipped: needs root for a network namespace\n");
        return 0;
    }
    if (system("nft --version >/dev/null 2>&1") != 0) {
        print_message("skipped: needs nft, which lists what was made\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

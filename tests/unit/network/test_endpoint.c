#include "../store/store_fixture.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/strv.h"
#include "base/time.h"
#include "network/endpoint_internal.h"
#include "store/container.h"

#include <stdio.h>

static char *no_aux[] = {NULL};

/* A network that is there, with this subnet. */
static void make_network(struct store *s, const char *subnet, const char *range, struct store_network *ret)
{
    char id[ID_LEN + 1];
    struct err err;

    id_generate(id);
    *ret = (struct store_network){.id = str_dup(id), .name = str_dup("net"), .driver = str_dup("bridge")};
    *VEC_PUSH(&ret->subnets) = (struct store_network_subnet){
        .subnet = str_dup(subnet), .ip_range = str_dup(range), .gateway = str_dup("10.1.0.1")};
    assert_ok(store_network_create(s, ret, &err));
}

/* A container whose lock is held. */
static struct store_container *make_container(struct store *s, char id[ID_LEN + 1])
{
    struct store_container *c;
    struct err err;

    id_generate(id);
    assert_ok(store_container_create(s, id, &c, &err));
    return c;
}

static int take(struct store *s, const struct store_network *n, const char *container, const char *name,
                const char *wanted, struct endpoint *ret, struct err *err)
{
    struct endpoint_request q = {.container = container, .name = name, .aliases = no_aux};

    if (wanted)
        assert_int_equal(ip_parse(wanted, &q.ip4, NULL), 0);
    return endpoint_take(s, n, &q, ret, err);
}

static void assert_address(const struct endpoint *e, const char *expected)
{
    char text[IP_TEXT_MAX];

    assert_string_equal(ip_format(&e->ip4, text), expected);
}

static void test_lines(void **state)
{
    char *aliases[] = {(char *)"db", (char *)"db.local", NULL};
    struct endpoint e = {.name = (char *)"web", .link = (char *)"cb0", .aliases = aliases, .in_use = true}, read;
    _cleanup_buf_ struct buf text = BUF_INIT, again = BUF_INIT;
    char container[ID_LEN + 1], id[ID_LEN + 1];
    struct err err;

    (void)state;
    id_generate(container);
    id_generate(id);
    e.container = container;
    e.id = id;
    assert_ok(ip_parse("10.1.0.7", &e.ip4, &err));
    endpoint_mac_of(&e.ip4, &e.ip6, e.mac);
    endpoint_line_write(&e, &text);
    assert_non_null(strstr(text.p, " web db,db.local 10.1.0.7 - 02:42:0a:01:00:07 cb0 1\n"));
    assert_ok(endpoint_line_parse(text.p, text.len - 1, &read, &err));
    endpoint_line_write(&read, &again);
    assert_string_equal(text.p, again.p);
    endpoint_release(&read);
    for (size_t cut = 0; cut < text.len - 2; cut++) /* never read beyond, never believed */
        assert_int_equal(endpoint_line_parse(text.p, cut, &read, &err), ERR_CORRUPT);
}

static void test_take(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network n = {0};
    char a[ID_LEN + 1], b[ID_LEN + 1];
    _cleanup_container_ struct store_container *ca = make_container(s, a), *cb = make_container(s, b);
    struct endpoint e, f;
    struct err err;

    (void)state;
    make_network(s, "10.1.0.0/24", NULL, &n);
    assert_ok(take(s, &n, a, "a", NULL, &e, &err));
    assert_address(&e, "10.1.0.2");
    assert_int_equal(strncmp(e.link + 2, e.id, 11), 0);
    assert_fails(take(s, &n, b, "b", "10.1.0.2", &f, &err), ERR_EXISTS, "already in use by container a");
    assert_fails(take(s, &n, b, "b", "10.1.0.1", &f, &err), ERR_INVALID, "reserved");
    assert_fails(take(s, &n, b, "b", "10.1.0.0", &f, &err), ERR_INVALID, "network address");
    assert_fails(take(s, &n, b, "b", "10.1.0.255", &f, &err), ERR_INVALID, "broadcast address");
    assert_fails(take(s, &n, b, "b", "10.1.1.2", &f, &err), ERR_INVALID, "not in the network's subnet 10.1.0.0/24");
    assert_ok(take(s, &n, b, "b", "10.1.0.9", &f, &err));
    assert_address(&f, "10.1.0.9");
    endpoint_release(&e);
    endpoint_release(&f);

    /* After a stop the address is kept, and after the next start it is the same; the endpoint is another. */
    assert_ok(endpoint_give_back(s, n.id, a, false, &err));
    assert_ok(endpoint_find(s, n.id, a, &e, &err));
    assert_false(e.in_use);
    endpoint_release(&e);
    assert_ok(take(s, &n, a, "a", NULL, &e, &err));
    assert_address(&e, "10.1.0.2");
    endpoint_release(&e);
    assert_ok(endpoint_give_back(s, n.id, b, false, &err));
    assert_ok(take(s, &n, b, "b", NULL, &e, &err));
    assert_address(&e, "10.1.0.9");
    endpoint_release(&e);
    assert_ok(endpoint_give_back_all(s, a, true, &err));
    assert_fails(endpoint_find(s, n.id, a, &e, &err), ERR_NOT_FOUND, "is not on network");
}

/* Where none is left, those of who does not run are given away; and those of who was killed. */
static void test_full(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network n = {0};
    char id[4][ID_LEN + 1];
    struct store_container *c[4];
    struct endpoint e;
    struct err err;

    (void)state;
    make_network(s, "10.1.0.0/24", "10.1.0.0/30", &n); /* .2 and .3: .0 is the network's, .1 the gateway */
    for (int i = 0; i < 4; i++)
        c[i] = make_container(s, id[i]);
    for (int i = 0; i < 2; i++) {
        assert_ok(take(s, &n, id[i], "x", NULL, &e, &err));
        endpoint_release(&e);
    }
    assert_fails(take(s, &n, id[2], "x", NULL, &e, &err), ERR_NO_SPACE, "no available IPv4 addresses");
    assert_ok(endpoint_give_back(s, n.id, id[1], false, &err));
    assert_ok(take(s, &n, id[2], "x", NULL, &e, &err));
    assert_address(&e, "10.1.0.3");
    endpoint_release(&e);
    assert_fails(take(s, &n, id[1], "x", NULL, &e, &err), ERR_NO_SPACE, "no available IPv4 addresses");
    store_container_free(c[0]); /* as its monitor's death does */
    c[0] = NULL;
    assert_ok(take(s, &n, id[1], "x", NULL, &e, &err));
    assert_address(&e, "10.1.0.2");
    endpoint_release(&e);
    for (int i = 1; i < 4; i++)
        store_container_free(c[i]);
}

/* A range at the end of the subnet does not give its broadcast address away. */
static void test_end(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network n = {0};
    char id[ID_LEN + 1];
    _cleanup_container_ struct store_container *c = make_container(s, id);
    struct endpoint e;
    struct err err;

    (void)state;
    make_network(s, "10.1.0.0/24", "10.1.0.255/32", &n);
    assert_fails(take(s, &n, id, "x", NULL, &e, &err), ERR_NO_SPACE, "no available IPv4 addresses");
}

static void test_removed_network(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network n = {0};
    char id[ID_LEN + 1];
    _cleanup_container_ struct store_container *c = make_container(s, id);
    struct endpoint e;
    struct err err;

    (void)state;
    make_network(s, "10.1.0.0/24", NULL, &n);
    assert_ok(store_network_remove(s, "net", &err));
    assert_fails(take(s, &n, id, "x", NULL, &e, &err), ERR_NOT_FOUND, "network net not found");
    assert_ok(endpoint_give_back(s, n.id, id, true, &err));
}

static void test_names(void **state)
{
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network n = {0};
    char *aliases[] = {(char *)"db", (char *)"Shared", NULL}, *name;
    char a[ID_LEN + 1], b[ID_LEN + 1];
    struct store_container *ca = make_container(s, a), *cb = make_container(s, b);
    struct endpoint_request q = {.container = a, .name = "web", .aliases = aliases};
    struct endpoint_table *t;
    struct endpoint e;
    struct err err;
    ips found = {0};

    (void)state;
    make_network(s, "10.1.0.0/24", NULL, &n);
    assert_ok(endpoint_table_open(s, n.id, &t, &err)); /* before there is one */
    endpoint_table_names(t, "web", AF_INET, &found);
    assert_int_equal(found.n, 0);
    assert_ok(endpoint_take(s, &n, &q, &e, &err));
    endpoint_release(&e);
    q = (struct endpoint_request){.container = b, .name = "other", .aliases = aliases + 1};
    assert_ok(endpoint_take(s, &n, &q, &e, &err));
    name = endpoint_table_reverse(t, &e.ip4);
    assert_string_equal(name, "other");
    free(name);
    endpoint_release(&e);
#define EXPECT(text, family, count)                    \
    do {                                               \
        found.n = 0;                                   \
        endpoint_table_names(t, text, family, &found); \
        assert_int_equal(found.n, count);              \
    } while (0)
    EXPECT("WEB", AF_INET, 1);
    EXPECT("web", AF_INET6, 0);
    EXPECT("we", AF_INET, 0);
    EXPECT("webb", AF_INET, 0);
    EXPECT("db", AF_INET, 1);
    EXPECT("shared", AF_INET, 2);
    EXPECT("-", AF_INET, 0);
    EXPECT("", AF_INET, 0);
    EXPECT("10.1.0.2", AF_INET, 0);
    EXPECT(a, AF_INET, 1);
    b[12] = 0;
    EXPECT(b, AF_INET, 1);
    b[11] = 0;
    EXPECT(b, AF_INET, 0);
    assert_ok(endpoint_rename(s, n.id, a, "neu", NULL, &err));
    EXPECT("web", AF_INET, 0);
    EXPECT("neu", AF_INET, 1);
    store_container_free(ca); /* nobody answers for who is gone */
    EXPECT("neu", AF_INET, 0);
    EXPECT("shared", AF_INET, 1);
#undef EXPECT
    store_container_free(cb);
    endpoint_table_free(t);
    free(found.v);
}

/* A thousand on a network: what a start and an answer cost. */
static void test_thousand(void **state)
{
    enum { MANY = 1000, ASKED = 200 };
    _cleanup_(store_free_cleanup) struct store *s = open_store();
    _cleanup_network_ struct store_network n = {0};
    _cleanup_buf_ struct buf path = BUF_INIT, table = BUF_INIT;
    char id[ID_LEN + 1];
    _cleanup_container_ struct store_container *c = make_container(s, id);
    int64_t start, took, asked;
    struct endpoint_table *t;
    struct endpoint e;
    struct err err;
    ips found = {0};

    (void)state;
    make_network(s, "10.1.0.0/16", NULL, &n);
    assert_ok(take(s, &n, id, "web-0", NULL, &e, &err));
    endpoint_release(&e);
    for (int i = 1; i < MANY; i++) {
        struct endpoint more = {.name = str_printf("web-%d", i), .aliases = no_aux, .in_use = true};
        char other[ID_LEN + 1];

        id_generate(other);
        more.container = more.id = other;
        more.ip4 = (struct ip){.family = AF_INET, .bytes = {10, 1, (uint8_t)((i + 2) >> 8), (uint8_t)(i + 2)}};
        endpoint_mac_of(&more.ip4, &more.ip6, more.mac);
        endpoint_line_write(&more, &table);
        free(more.name);
    }
    buf_addf(&path, "state/networks/%s/endpoints", n.id);
    {
        FILE *f = fopen(path.p, "a");

        assert_non_null(f);
        assert_int_equal(fwrite(table.p, 1, table.len, f), table.len);
        fclose(f);
    }
    start = time_monotonic();
    assert_ok(take(s, &n, id, "web-last", NULL, &e, &err));
    took = time_monotonic() - start;
    assert_address(&e, "10.1.0.2");
    endpoint_release(&e);
    assert_ok(endpoint_table_open(s, n.id, &t, &err));
    start = time_monotonic();
    for (int i = 0; i < ASKED; i++)
        endpoint_table_names(t, "web-last", AF_INET, &found);
    asked = (time_monotonic() - start) / ASKED;
    assert_int_equal(found.n, ASKED);
    print_message("with %d endpoints: taking one %lld us, a name %lld us\n", MANY, (long long)took / 1000,
                  (long long)asked / 1000);
    assert_true(asked < 1000000);
    endpoint_table_free(t);
    free(found.v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test_setup_teardown(test_take, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_full, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_end, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_removed_network, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_names, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_thousand, scratch_setup, scratch_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

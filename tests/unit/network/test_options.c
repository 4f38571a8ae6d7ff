#include "../unit.h"

#include "base/strv.h"
#include "network/network.h"

static struct err err;

/* Reads the options of a driver: words up to NULL. */
static int read_options(const char *driver, struct network_options *ret, char *const *words)
{
    struct store_network n = {.name = (char *)"net", .driver = (char *)driver, .options = (char **)words};

    err = ERR_INIT;
    return network_options_read(&n, ret, &err);
}
#define WORDS(...) ((char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define W(text)    ((char *)(text))

static void test_good(void **state)
{
    struct network_options o;

    (void)state;
    assert_ok(read_options("bridge", &o, NULL));
    assert_true(o.isolate && o.masquerade && o.icc && o.mtu == 0 && !o.bridge && !o.host_binding);
    assert_ok(read_options("bridge", &o,
                           WORDS(W("com.docker.network.bridge.name=br0"), W("com.docker.network.driver.mtu=1400"),
                                 W("isolate=false"), W("com.docker.network.bridge.enable_ip_masquerade=F"),
                                 W("com.docker.network.bridge.enable_icc=0"),
                                 W("com.docker.network.container_iface_prefix=thirteenbytes"),
                                 W("com.docker.network.bridge.gateway_mode_ipv6=nat-unprotected"),
                                 W("com.docker.network.bridge.inhibit_ipv4=true"),
                                 W("com.docker.network.bridge.host_binding_ipv4=127.0.0.1"))));
    assert_true(!o.isolate && !o.masquerade && !o.icc && o.mtu == 1400 && o.inhibit4);
    assert_true(o.mode4 == NETWORK_NAT && o.mode6 == NETWORK_UNPROTECTED);
    assert_string_equal(o.prefix, "thirteenbytes");
    assert_string_equal(o.bridge, "br0");
    assert_string_equal(o.host_binding, "127.0.0.1");
    assert_ok(read_options("macvlan", &o, WORDS(W("parent=eth0.50"), W("macvlan_mode=vepa"))));
    assert_string_equal(o.parent, "eth0.50");
    assert_string_equal(o.mode, "vepa");
    assert_ok(read_options("ipvlan", &o, WORDS(W("ipvlan_mode=l3"), W("ipvlan_flag=private"), W("mtu=0"))));
    assert_string_equal(o.flag, "private");
}

static void test_bad(void **state)
{
    static const struct {
        const char *driver, *option, *says;
        int kind;
    } bad[] = {
        {"bridge", "nope=1", "driver bridge knows no option \"nope\"", ERR_UNSUPPORTED},
        {"bridge", "parent=eth0", "knows no option", ERR_UNSUPPORTED},
        {"macvlan", "isolate=true", "knows no option", ERR_UNSUPPORTED},
        {"bridge", "mt=1", "knows no option", ERR_UNSUPPORTED},
        {"bridge", "mtu=67", "is no number from 68", ERR_INVALID},
        {"bridge", "mtu=", "is no number from 68", ERR_INVALID},
        {"bridge", "isolate=maybe", "neither true nor false", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.name=longer-than-15-bytes", "name of an interface", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.name=a/b", "name of an interface", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.name=..", "name of an interface", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.name=a\"};#", "name of an interface", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.name=br*", "name of an interface", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.name=a\\", "name of an interface", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.name=a\x01", "name of an interface", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.host_binding_ipv4=here", "is not an IP address", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.name=br%d", "name of an interface", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.enable_icc=no", "neither true nor false", ERR_INVALID},
        {"bridge", "com.docker.network.container_iface_prefix=fourteen-bytes", "at most 13 bytes", ERR_INVALID},
        {"bridge", "com.docker.network.container_iface_prefix=a/b", "cannot begin the names", ERR_INVALID},
        {"bridge", "com.docker.network.container_iface_prefix=a b", "cannot begin the names", ERR_INVALID},
        {"bridge", "com.docker.network.container_iface_prefix=a.b", "cannot begin the names", ERR_INVALID},
        {"bridge", "com.docker.network.container_iface_prefix=a%d", "cannot begin the names", ERR_INVALID},
        {"macvlan", "com.docker.network.container_iface_prefix=net", "knows no option", ERR_UNSUPPORTED},
        {"bridge", "com.docker.network.bridge.gateway_mode_ipv4=nat64", "is none of nat, nat-unprotected", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.gateway_mode_ipv6=", "is none of nat, nat-unprotected", ERR_INVALID},
        {"bridge", "com.docker.network.bridge.gateway_mode_ipv6=isolated", "takes an internal network", ERR_INVALID},
        {"macvlan", "com.docker.network.bridge.inhibit_ipv4=true", "knows no option", ERR_UNSUPPORTED},
        {"macvlan", "macvlan_mode=l2", "is none of bridge, private, vepa, passthru", ERR_INVALID},
        {"ipvlan", "ipvlan_mode=bridge", "is none of l2, l3, l3s", ERR_INVALID},
    };
    struct network_options o;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(read_options(bad[i].driver, &o, WORDS(W(bad[i].option))), bad[i].kind);
        if (!strstr(err.text, bad[i].says) || !strstr(err.text, "network net"))
            fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].option, err.text, bad[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

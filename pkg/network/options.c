/* The options of drivers, as a table. */
#include "base/num.h"
#include "base/strv.h"
#include "network/network.h"

#include <stdio.h>

enum { MTU_MIN = 68, MTU_MAX = 65535 }; /* RFC 791 */

enum kind { NAME_OF_LINK, PREFIX_OF_LINKS, WORD, ADDRESS, MTU, TRUTH, GATEWAY_MODE };

static const char *const macvlan_modes[] = {"bridge", "private", "vepa", "passthru", NULL};
static const char *const gateway_modes[] = {[NETWORK_NAT] = "nat",
                                            [NETWORK_UNPROTECTED] = "nat-unprotected",
                                            [NETWORK_ROUTED] = "routed",
                                            [NETWORK_ISOLATED] = "isolated",
                                            NULL};
static const char *const ipvlan_modes[] = {"l2", "l3", "l3s", NULL};
static const char *const ipvlan_flags[] = {"bridge", "private", "vepa", NULL};

static const struct option {
    const char *drivers, *name;
    enum kind kind;
    size_t offset;
    const char *const *words; /* WORD, GATEWAY_MODE */
} known[] = {
#define AT(member) offsetof(struct network_options, member)
    {"bridge", "com.docker.network.bridge.name", NAME_OF_LINK, AT(bridge)},
    {"bridge", "com.docker.network.bridge.enable_ip_masquerade", TRUTH, AT(masquerade)},
    {"bridge", "com.docker.network.bridge.host_binding_ipv4", ADDRESS, AT(host_binding)},
    {"bridge", "com.docker.network.bridge.enable_icc", TRUTH, AT(icc)},
    {"bridge", "com.docker.network.bridge.inhibit_ipv4", TRUTH, AT(inhibit4)},
    {"bridge", "com.docker.network.bridge.gateway_mode_ipv4", GATEWAY_MODE, AT(mode4), .words = gateway_modes},
    {"bridge", "com.docker.network.bridge.gateway_mode_ipv6", GATEWAY_MODE, AT(mode6), .words = gateway_modes},
    {"bridge", "com.docker.network.container_iface_prefix", PREFIX_OF_LINKS, AT(prefix)},
    {"bridge macvlan ipvlan", "com.docker.network.driver.mtu", MTU, AT(mtu)},
    {"bridge macvlan ipvlan", "mtu", MTU, AT(mtu)},
    {"bridge", "isolate", TRUTH, AT(isolate)},
    {"macvlan ipvlan", "parent", NAME_OF_LINK, AT(parent)},
    {"macvlan", "macvlan_mode", WORD, AT(mode), .words = macvlan_modes},
    {"macvlan", "mode", WORD, AT(mode), .words = macvlan_modes},
    {"ipvlan", "ipvlan_mode", WORD, AT(mode), .words = ipvlan_modes},
    {"ipvlan", "mode", WORD, AT(mode), .words = ipvlan_modes},
    {"ipvlan", "ipvlan_flag", WORD, AT(flag), .words = ipvlan_flags},
#undef AT
};

/* Whether `word` is one of those in `list`, which has spaces between them. */
static bool is_one_of(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = list; *p; p += *p == ' ') {
        size_t n = strcspn(p, " ");

        if (n == len && strncmp(p, word, n) == 0)
            return true;
        p += n;
    }
    return false;
}

static const struct option *find(const char *driver, const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strlen(known[i].name) == len && strncmp(known[i].name, name, len) == 0 &&
            is_one_of(known[i].drivers, driver))
            return &known[i];
    return NULL;
}

static int read_truth(const char *value, bool *ret)
{
    static const char *const words[2][6] = {{"0", "f", "F", "false", "FALSE", "False"},
                                            {"1", "t", "T", "true", "TRUE", "True"}};

    for (int truth = 0; truth < 2; truth++)
        for (size_t i = 0; i < ARRAY_SIZE(words[truth]); i++)
            if (str_eq(value, words[truth][i])) {
                *ret = truth;
                return 0;
            }
    return ERR_INVALID;
}

/* dev_valid_name() of the kernel, no ':' of aliases, no '%' for which it puts a number, and nothing that ends or widens
 * a name in the text of rules. */
static bool is_link_name(const char *value)
{
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
            return false;
    return *value && strlen(value) < LINK_NAME_MAX && !str_eq(value, ".") && !str_eq(value, "..") &&
           !strpbrk(value, "/:%\"*\\");
}

/* What numbers go behind, up to two digits. In the names of settings (net.ipv4.conf.NAME.…) a dot means something else.
 */
static bool is_link_prefix(const char *value)
{
    return !*value || (is_link_name(value) && strlen(value) < LINK_NAME_MAX - 2 && !strchr(value, '.'));
}

static int take_text(const struct option *o, const char *value, const char **to, struct err *err)
{
    struct ip address;

    if (o->kind == NAME_OF_LINK && !is_link_name(value))
        return err_set(err, ERR_INVALID, "option %s: \"%s\" cannot be the name of an interface", o->name, value);
    if (o->kind == PREFIX_OF_LINKS && !is_link_prefix(value))
        return err_set(
            err, ERR_INVALID,
            "option %s: \"%s\" cannot begin the names of interfaces: at most %d bytes, and none of blanks and "
            "/ . : %% \" * \\",
            o->name, value, LINK_NAME_MAX - 3);
    if (o->kind == ADDRESS && ip_parse(value, &address, err) < 0)
        return err_wrap(err, "option %s", o->name);
    if (o->words && !strv_contains((char *const *)o->words, value)) {
        _cleanup_free_ char *words = strv_join((char *const *)o->words, ", ");

        return err_set(err, ERR_INVALID, "option %s: \"%s\" is none of %s", o->name, value, words);
    }
    *to = value;
    return 0;
}

static int take_mtu(const struct option *o, const char *value, uint32_t *to, struct err *err)
{
    int64_t mtu;

    if (str_eq(value, "0")) {
        *to = 0;
        return 0;
    }
    if (num_parse_i64(value, MTU_MIN, MTU_MAX, &mtu, NULL) < 0)
        return err_set(err, ERR_INVALID, "option %s: \"%s\" is no number from %d to %d", o->name, value, MTU_MIN,
                       MTU_MAX);
    *to = (uint32_t)mtu;
    return 0;
}

static int take_mode(const struct option *o, const char *value, enum network_gateway_mode *to, struct err *err)
{
    const char *word;
    int r = take_text(o, value, &word, err);

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(gateway_modes) - 1; i++)
        if (str_eq(gateway_modes[i], word))
            *to = (enum network_gateway_mode)i;
    return r;
}

static int take(const struct option *o, const char *value, struct network_options *ret, struct err *err)
{
    void *to = (char *)ret + o->offset;

    switch (o->kind) {
    case MTU:
        return take_mtu(o, value, to, err);
    case TRUTH:
        if (read_truth(value, to) == 0)
            return 0;
        return err_set(err, ERR_INVALID, "option %s: \"%s\" is neither true nor false", o->name, value);
    case GATEWAY_MODE:
        return take_mode(o, value, to, err);
    default:
        return take_text(o, value, to, err);
    }
}

int network_options_read(const struct store_network *n, struct network_options *ret, struct err *err)
{
    int r = 0;

    *ret = (struct network_options){.isolate = true, .masquerade = true, .icc = true};
    STRV_FOREACH (entry, n->options) {
        size_t len = strcspn(*entry, "=");
        const char *value = (*entry)[len] ? *entry + len + 1 : "";
        const struct option *o = find(n->driver, *entry, len);

        if (!o)
            r = err_set(err, ERR_UNSUPPORTED, "driver %s knows no option \"%.*s\"", n->driver, (int)MIN_OF(len, 100UL),
                        *entry);
        if (r == 0)
            r = take(o, value, ret, err);
        if (r < 0)
            return err_wrap(err, "network %s", n->name);
    }
    if (!n->internal && (ret->mode4 == NETWORK_ISOLATED || ret->mode6 == NETWORK_ISOLATED))
        return err_set(err, ERR_INVALID, "network %s: gateway mode \"isolated\" takes an internal network", n->name);
    return 0;
}

/* Networks and published ports, from the options of `run` and `create`; they were checked one by one. */
#include "bundle/parse.h"
#include "container_options.h"

#include <stdio.h>

/* The options that say something of the first network, and that its long form has as well. */
static const struct {
    const char *option, *words;
    size_t from, to;
    bool list;
} of_first[] = {
    {"network-alias", "alias", offsetof(struct container_flags, network_aliases),
     offsetof(struct engine_endpoint, aliases), true},
    {"ip", "IPv4 address", offsetof(struct container_flags, ip), offsetof(struct engine_endpoint, ipv4_address), false},
    {"ip6", "IPv6 address", offsetof(struct container_flags, ip6), offsetof(struct engine_endpoint, ipv6_address),
     false},
    {"mac-address", "MAC address", offsetof(struct container_flags, mac_address),
     offsetof(struct engine_endpoint, mac_address), false},
    {"link-local-ip", "link-local IP addresses", offsetof(struct container_flags, link_local_ips),
     offsetof(struct engine_endpoint, link_local_ips), true},
};

static int apply_to_first(const struct container_flags *f, struct engine_endpoint *e, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(of_first); i++) {
        const void *from = (const char *)f + of_first[i].from;
        void *to = (char *)e + of_first[i].to;
        char *const *list = of_first[i].list ? *(char **const *)from : NULL;
        const char *text = of_first[i].list ? NULL : str_given(*(const char *const *)from);

        if (!text && !strv_len(list))
            continue;
        if (of_first[i].list ? strv_len(*(char ***)to) > 0 : *(char **)to != NULL)
            return err_set(err, ERR_INVALID, "conflicting options: cannot specify both --%s and per-network %s",
                           of_first[i].option, of_first[i].words);
        if (of_first[i].list)
            strv_extend(to, list);
        else
            *(char **)to = str_dup(text);
    }
    return 0;
}

static bool is_twice(const engine_endpoints *list)
{
    for (size_t i = 0; i + 1 < list->n; i++)
        if (str_eq(list->v[i].network, list->v[list->n - 1].network))
            return true;
    return false;
}

static int check(const engine_endpoints *list, struct err *err)
{
    const struct engine_endpoint *last = &list->v[list->n - 1];

    if (str_empty(last->network))
        return err_set(err, ERR_INVALID, "no name set for network");
    if (is_twice(list))
        return err_set(err, ERR_INVALID, "network \"%s\" is specified multiple times", last->network);
    return 0;
}

static int read_networks(const struct container_flags *f, engine_endpoints *list, struct err *err)
{
    static char *const usual[] = {(char *)"default", NULL};
    char *const *texts = strv_len(f->networks) ? f->networks : usual;
    int r = 0;

    STRV_FOREACH (text, texts) {
        struct engine_endpoint *e = VEC_PUSH(list);

        r = bundle_parse_network(*text, e, err);
        if (r == 0 && text == texts)
            r = apply_to_first(f, e, err);
        if (r == 0)
            r = check(list, err);
        if (r < 0)
            return r;
    }
    return r;
}

int creation_read_networks(const struct container_flags *f, struct engine_options *o, struct err *err)
{
    int r = read_networks(f, &o->networks, err);

    if (r < 0)
        return r;
    o->host.network_mode = str_dup(o->networks.v[0].network);
    STRV_FOREACH (port, f->expose)
        bundle_parse_expose(*port, &o->config.config.exposed_ports, NULL);
    STRV_FOREACH (port, f->publish)
        bundle_parse_publish(*port, VEC_PUSH(&o->host.port_bindings), NULL);
    if (str_eq(o->host.network_mode, "host") && (o->host.port_bindings.n || o->host.publish_all_ports))
        fprintf(stderr, "WARNING: Published ports are discarded when using host network mode\n");
    return 0;
}

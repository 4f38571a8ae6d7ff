/* The table's elements for who explains them: as nft(8) writes them, each asked of the kernel. */
#include "base/strv.h"
#include "network/firewall_internal.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <net/if.h>
#include <stdio.h>

void firewall_lines_release(firewall_lines *lines)
{
    VEC_FOREACH (l, lines) {
        free(l->set);
        free(l->element);
    }
    free(lines->v);
    *lines = (firewall_lines){0};
}

static void add_bytes(struct nft_fields *f, const void *bytes, size_t len)
{
    if (f->len + len + 3 > sizeof(f->bytes))
        return;
    memcpy(f->bytes + f->len, bytes, len);
    f->len += (len + 3) / 4 * 4; /* the rest is 0 */
}

/* One field as firewall_text.c writes it: `"cbox0"`, `10.0.0.0/8`, `::1`, `tcp`, `8000-8009`; of a range its start. */
static void add_field(struct nft_fields *f, const char *word)
{
    char name[IFNAMSIZ] = "";
    struct ip_net net;
    struct ip ip;

    if (*word == '"') {
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 1, "\""), word + 1);
        add_bytes(f, name, sizeof(name));
    } else if (ip_net_parse(word, &net, NULL) == 0) {
        add_bytes(f, net.address.bytes, ip_len(net.address.family));
    } else if (ip_parse(word, &ip, NULL) == 0) {
        add_bytes(f, ip.bytes, ip_len(ip.family));
    } else if (*word >= '0' && *word <= '9') {
        add_bytes(f, &(uint16_t){htons((uint16_t)strtoul(word, NULL, 10))}, sizeof(uint16_t));
    } else if (str_eq(word, "ipv4") || str_eq(word, "ipv6")) {
        uint8_t family = word[3] == '4' ? NFPROTO_IPV4 : NFPROTO_IPV6;

        add_bytes(f, &family, sizeof(family));
    } else {
        add_bytes(f, &(uint8_t){port_protocol(word)}, sizeof(uint8_t));
    }
}

static void add_fields(struct nft_fields *f, const char *text)
{
    _cleanup_strv_ char **words = strv_split(text, ' ');
    size_t n = 0;

    STRV_FOREACH (word, words)
        if (**word && !str_eq(*word, ".")) {
            add_field(f, *word);
            n++;
        }
    if (n == 1 && f->len == 4 && !strchr(text, '.') && !strchr(text, ':'))
        f->len = sizeof(uint16_t); /* a port alone is no concatenation */
}

/* "add element inet TABLE SET { KEY[ : VALUE] }" */
static void read_line(const char *line, const char *table, firewall_lines *ret)
{
    _cleanup_free_ char *begin = str_printf("add element inet %s ", table);
    const char *set = str_after(line, begin), *open = set ? strstr(set, " { ") : NULL;
    const char *end = open ? strstr(open, " }") : NULL, *colon;
    _cleanup_free_ char *key = NULL;
    struct nft_element e = {0};
    struct firewall_line *l;

    if (!end)
        return;
    l = VEC_PUSH(ret);
    l->set = str_ndup(set, (size_t)(open - set));
    l->element = str_ndup(open + 3, (size_t)(end - open - 3));
    colon = strstr(l->element, " : ");
    key = str_ndup(l->element, colon ? (size_t)(colon - l->element) : strlen(l->element));
    e.set = l->set;
    add_fields(&e.key, key);
    if (colon)
        add_fields(&e.value, colon + 3);
    l->there = nft_has(table, &e) > 0;
}

static void read_text(const char *text, const char *table, firewall_lines *ret)
{
    _cleanup_strv_ char **lines = strv_split(text, '\n');

    STRV_FOREACH (line, lines)
        read_line(*line, table, ret);
}

char *firewall_lines_of_claim(struct store *s, const struct port_claim *claim, firewall_lines *ret)
{
    port_claims one = {(struct port_claim *)claim, 1, 1};
    _cleanup_free_ char *text = NULL;
    struct firewall_look look;

    *ret = (firewall_lines){0};
    firewall_look(s, &look);
    text = firewall_text_claims(look.table, "add", &one);
    read_text(text, look.table, ret);
    return str_dup(look.table);
}

char *firewall_lines_of_network(struct store *s, const struct store_network *n, firewall_lines *ret)
{
    struct firewall_network network = {0};
    _cleanup_free_ char *text = NULL;
    struct firewall_look look;

    *ret = (firewall_lines){0};
    firewall_look(s, &look);
    if (firewall_network_describe(n, &network, NULL) > 0) {
        text = firewall_text_network(look.table, "add", &network);
        read_text(text, look.table, ret);
    }
    return str_dup(look.table);
}

#include "network/dns_servers.h"

#include "base/ip.h"
#include "base/log.h"
#include "sys/resolv_conf.h"

#include <net/if.h>
#include <netdb.h>

enum { PORT = 53 };

/* The address that a container's programs ask is this one's own: it would ask itself. */
#define OURS "127.0.0.11"

static bool set_address(struct dns_server *s, const char *text)
{
    size_t n = strcspn(text, "%");
    _cleanup_free_ char *address = str_ndup(text, n);
    struct ip ip;

    if (ip_parse(address, &ip, NULL) < 0)
        return false;
    s->address.any.sa_family = ip.family;
    if (ip.family == AF_INET) {
        s->address.v4.sin_port = htons(PORT);
        memcpy(&s->address.v4.sin_addr, ip.bytes, 4);
        s->len = sizeof(s->address.v4);
    } else {
        s->address.v6.sin6_port = htons(PORT);
        memcpy(&s->address.v6.sin6_addr, ip.bytes, 16);
        if (text[n])
            s->address.v6.sin6_scope_id = if_nametoindex(text + n + 1);
        s->len = sizeof(s->address.v6);
    }
    return true;
}

static void set_all(struct dns_servers *s, char *const *servers, bool inside)
{
    s->n = 0;
    STRV_FOREACH (server, servers) {
        struct dns_server new = {.inside = inside && resolv_conf_is_loopback(*server)};

        if (s->n < DNS_SERVERS_MAX && !(new.inside &&str_eq(*server, OURS)) && set_address(&new, *server))
            s->v[s->n++] = new;
    }
}

/* A file without servers means one on the host itself (resolv.conf(5)). */
static void read_host(struct dns_servers *s)
{
    _cleanup_resolv_conf_ struct resolv_conf conf = {0};
    char *local[] = {(char *)"127.0.0.1", NULL};
    struct err why = ERR_INIT;

    if (resolv_conf_read(RESOLV_CONF, &conf, &why) < 0)
        log_debug("%s", why.text);
    set_all(s, strv_len(conf.servers) ? conf.servers : local, false);
}

void dns_servers_init(struct dns_servers *s, char *const *given)
{
    *s = (struct dns_servers){.fixed = strv_len(given)};
    if (s->fixed)
        set_all(s, given, true);
    else
        dns_servers_refresh(s);
}

void dns_servers_refresh(struct dns_servers *s)
{
    struct stat now = {0};

    if (s->fixed)
        return;
    if (stat(RESOLV_CONF, &now) < 0)
        now = (struct stat){0};
    if (s->n && now.st_ino == s->seen.st_ino && now.st_dev == s->seen.st_dev && now.st_size == s->seen.st_size &&
        now.st_mtim.tv_sec == s->seen.st_mtim.tv_sec && now.st_mtim.tv_nsec == s->seen.st_mtim.tv_nsec)
        return;
    s->seen = now;
    read_host(s);
}

void dns_servers_order(const struct dns_servers *s, int64_t now, uint8_t ret[DNS_SERVERS_MAX])
{
    unsigned n = 0;

    for (int bad = 0; bad < 2; bad++)
        for (unsigned i = 0; i < s->n; i++)
            if ((s->v[i].bad_until > now) == bad)
                ret[n++] = (uint8_t)i;
}

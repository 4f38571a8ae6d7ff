/* EXPOSE: PORT[-PORT][/PROTOCOL], and in front of it what Docker takes from -p and then drops: [IP:]PORT[-PORT]: */
#include "base/ip.h"
#include "base/num.h"
#include "dockerfile/internal.h"

#include <ctype.h>
#include <strings.h>

static bool parse_port(const char *text, int64_t *ret)
{
    return num_parse_i64(text, 0, 65535, ret, NULL) == 0;
}

static bool parse_range(const char *text, int64_t *low, int64_t *high)
{
    const char *dash = strchr(text, '-');
    _cleanup_free_ char *first = str_ndup(text, dash ? (size_t)(dash - text) : strlen(text));

    return parse_port(first, low) && parse_port(dash ? dash + 1 : first, high) && *low <= *high;
}

/* What stands before the last colon: a port or a range of the host, and an address before that. */
static int check_host(char *host, int64_t n_ports, const char *ports, struct err *err)
{
    char *colon = strrchr(host, ':');
    const char *port = colon ? colon + 1 : host;
    int64_t low, high;
    struct ip address;
    size_t n;

    if (*port && !parse_range(port, &low, &high))
        return err_set(err, ERR_INVALID, "invalid hostPort: %s", port);
    if (*port && n_ports > 1 && high - low + 1 != n_ports)
        return err_set(err, ERR_INVALID, "invalid ranges specified for container and host Ports: %s and %s", ports,
                       port);
    if (!colon)
        return 0;
    *colon = 0;
    n = strlen(host);
    if (n > 1 && *host == '[' && host[n - 1] == ']') {
        host[n - 1] = 0;
        host++;
    }
    if (*host && ip_parse(host, &address, NULL) < 0)
        return err_set(err, ERR_INVALID, "invalid IP address: %s", host);
    return 0;
}

int ports_add(char ***to, size_t *n, const char *word, struct err *err)
{
    static const char *const protocols[] = {"tcp", "udp", "sctp"};
    const char *colon = strrchr(word, ':'), *container = colon ? colon + 1 : word, *slash = strchr(container, '/');
    _cleanup_free_ char *ports = str_ndup(container, slash ? (size_t)(slash - container) : strlen(container));
    _cleanup_free_ char *host = colon ? str_ndup(word, (size_t)(colon - word)) : NULL;
    const char *protocol = slash ? str_given(slash + 1) : NULL;
    size_t p = 0;
    int64_t low, high;
    int r;

    if (!*ports)
        return err_set(err, ERR_INVALID, "invalid port: \"%s\": no port specified", word);
    while (protocol && p < ARRAY_SIZE(protocols) && strcasecmp(protocol, protocols[p]) != 0)
        p++;
    if (p == ARRAY_SIZE(protocols))
        return err_set(err, ERR_INVALID, "invalid port: \"%s\": invalid proto: %s", word, protocol);
    if (!parse_range(ports, &low, &high))
        return err_set(err, ERR_INVALID, "invalid containerPort: %s", ports);
    r = host ? check_host(host, high - low + 1, ports, err) : 0;
    for (; r == 0 && low <= high; low++)
        strv_take_at(to, (*n)++, str_printf("%d/%s", (int)low, protocols[p]));
    return r;
}

/* --publish and --network, as Docker's command line understands them. */
#include "base/ip.h"
#include "base/num.h"
#include "bundle/parse.h"

#include <ctype.h>
#include <strings.h>

/* ---- ports ---- */

/* target=PORT,published=PORT,protocol=PROTOCOL in the other form; the caller frees it. NULL with the error set. */
static char *to_short_form(const char *text, struct err *err)
{
    _cleanup_strv_ char **fields = strv_split(text, ','), **values = NULL;
    const char *published, *target, *protocol;

    strv_add(&values, "protocol=tcp");
    STRV_FOREACH (field, fields) {
        if (!strchr(*field, '=') || **field == '=') {
            err_set(err, ERR_INVALID, "invalid publish opts format (should be name=value but got '%s')", *field);
            return NULL;
        }
        strv_env_set(&values, *field);
    }
    published = strv_env_get(values, "published");
    target = strv_env_get(values, "target");
    protocol = strv_env_get(values, "protocol");
    return str_printf("%s:%s/%s", published ? published : "", target ? target : "", protocol);
}

static int parse_protocol(const char *text, char **ret, struct err *err)
{
    static const char *const protocols[] = {"tcp", "udp", "sctp"};

    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        if (strcasecmp(text, protocols[i]) == 0) {
            *ret = str_dup(protocols[i]);
            return 0;
        }
    return err_set(err, ERR_INVALID, "invalid proto: %s", text);
}

/* An address with or without brackets; nothing is every address, or what the configuration says. */
static int parse_host_address(const char *text, char **ret, struct err *err)
{
    size_t len = strlen(text);
    bool brackets = len > 1 && *text == '[' && text[len - 1] == ']';
    _cleanup_free_ char *bare = brackets ? str_ndup(text + 1, len - 2) : str_dup(text);
    char canonical[IP_TEXT_MAX];
    struct ip ip;

    if (!*bare)
        return 0;
    if (ip_parse(bare, &ip, NULL) < 0)
        return err_set(err, ERR_INVALID, "invalid IP address: %s", text);
    *ret = str_dup(ip_format(&ip, canonical));
    return 0;
}

static int parse_host_ports(const char *host, const char *container, struct engine_port_binding *b, struct err *err)
{
    int64_t first, last;

    if (!*host)
        return 0;
    if (bundle_parse_port_range(host, strlen(host), &first, &last, NULL) < 0)
        return err_set(err, ERR_INVALID, "invalid hostPort: %s", host);
    if (b->count > 1 && last - first + 1 != b->count)
        return err_set(err, ERR_INVALID, "invalid ranges specified for container and host Ports: %s and %s", container,
                       host);
    b->host_first = first;
    b->host_last = b->count == 1 && last > first ? last : 0;
    return 0;
}

/* Text up to the last two colons, between them, and behind. */
static void split_publish(char *text, const char **ret_address, const char **ret_host, char **ret_container)
{
    char *colon = strrchr(text, ':');

    *ret_address = *ret_host = "";
    *ret_container = colon ? colon + 1 : text;
    if (!colon)
        return;
    *colon = 0;
    colon = strrchr(text, ':');
    *ret_host = colon ? colon + 1 : text;
    if (colon) {
        *colon = 0;
        *ret_address = text;
    }
}

static int parse_publish(const char *text, struct engine_port_binding *ret, struct err *err)
{
    _cleanup_free_ char *copy = strchr(text, '=') ? to_short_form(text, err) : str_dup(text);
    const char *address, *host;
    char *container, *slash;
    int64_t last;
    int r;

    if (!copy)
        return ERR_INVALID;
    split_publish(copy, &address, &host, &container);
    slash = strchr(container, '/');
    if (slash)
        *slash++ = 0;
    r = parse_host_address(address, &ret->host_ip, err);
    if (r == 0 && !*container)
        r = err_set(err, ERR_INVALID, "no port specified: %s<empty>", text);
    if (r < 0)
        return r;
    if (bundle_parse_port_range(container, strlen(container), &ret->container_first, &last, NULL) < 0 ||
        !ret->container_first)
        return err_set(err, ERR_INVALID, "invalid containerPort: %s", container);
    ret->count = last - ret->container_first + 1;
    r = parse_host_ports(host, container, ret, err);
    return r < 0 ? r : parse_protocol(slash && *slash ? slash : "tcp", &ret->protocol, err);
}

int bundle_parse_publish(const char *text, struct engine_port_binding *ret, struct err *err)
{
    int r;

    *ret = (struct engine_port_binding){0};
    r = parse_publish(text, ret, err);
    if (r < 0)
        json_free(&engine_port_binding_type, ret);
    return r;
}

/* ---- networks ---- */

static int take_text(const char *value, void *field, struct err *err _unused_)
{
    str_replace(field, str_dup(value));
    return 0;
}

static int take_item(const char *value, void *field, struct err *err _unused_)
{
    strv_add(field, value);
    return 0;
}

static int take_driver_option(const char *value, void *field, struct err *err)
{
    if (!strchr(value, '=') || *value == '=')
        return err_set(err, ERR_INVALID, "invalid key value pair format in driver options");
    strv_env_set(field, value);
    return 0;
}

static int take_priority(const char *value, void *field, struct err *err)
{
    return num_parse_i64(value, INT32_MIN, INT32_MAX, field, NULL) == 0
               ? 0
               : err_set(err, ERR_INVALID, "invalid gw-priority (%s): invalid syntax", value);
}

static const struct {
    const char *key;
    int (*take)(const char *value, void *field, struct err *err);
    size_t field;
} network_fields[] = {
    {"name", take_text, offsetof(struct engine_endpoint, network)},
    {"alias", take_item, offsetof(struct engine_endpoint, aliases)},
    {"ip", take_text, offsetof(struct engine_endpoint, ipv4_address)},
    {"ip6", take_text, offsetof(struct engine_endpoint, ipv6_address)},
    {"mac-address", take_text, offsetof(struct engine_endpoint, mac_address)},
    {"link-local-ip", take_item, offsetof(struct engine_endpoint, link_local_ips)},
    {"driver-opt", take_driver_option, offsetof(struct engine_endpoint, driver_opts)},
    {"gw-priority", take_priority, offsetof(struct engine_endpoint, gw_priority)},
};

/* Without the blanks around it; the caller frees it. */
static char *trim(const char *text, size_t len)
{
    while (len && isspace((unsigned char)*text))
        text++, len--;
    while (len && isspace((unsigned char)text[len - 1]))
        len--;
    return str_ndup(text, len);
}

static int take_network_field(const char *field, struct engine_endpoint *ret, struct err *err)
{
    const char *equals = strchr(field, '=');
    _cleanup_free_ char *key = NULL, *value = NULL;

    if (!equals || equals == field)
        return err_set(err, ERR_INVALID, "invalid field %s", field);
    key = trim(field, (size_t)(equals - field));
    value = trim(equals + 1, strlen(equals + 1));
    for (size_t i = 0; i < ARRAY_SIZE(network_fields); i++)
        if (strcasecmp(key, network_fields[i].key) == 0)
            return network_fields[i].take(value, (char *)ret + network_fields[i].field, err);
    return err_set(err, ERR_INVALID, "invalid field key %s", key);
}

int bundle_parse_network(const char *text, struct engine_endpoint *ret, struct err *err)
{
    _cleanup_strv_ char **fields = NULL;
    int r;

    *ret = (struct engine_endpoint){0};
    if (!strchr(text, '=')) {
        ret->network = str_dup(text);
        return 0;
    }
    r = bundle_split_fields(text, &fields, err);
    STRV_FOREACH (field, fields)
        r = r < 0 ? r : take_network_field(*field, ret, err);
    if (r == 0 && str_empty(ret->network))
        r = err_set(err, ERR_INVALID, "network name/id is not specified");
    return r;
}

bool bundle_network_is_users(const char *network)
{
    static const char *const others[] = {"default", "bridge", "host", "none", NULL};

    return !strv_contains((char *const *)others, network) && !bundle_mode_container(network);
}

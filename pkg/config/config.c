#include "config/config.h"

#include "base/ip.h"
#include "sys/fd.h"
#include "json/json.h"

enum {
    FILE_MAX = 1 << 20,
    DOWNLOADS_DEFAULT = 3, /* as Docker */
    DOWNLOADS_MAX = 64,
};
#define BUILD_CACHE_DEFAULT INT64_C(20000000000)

static const char *const certs_dirs_default[] = {"/etc/cbox/certs.d", "/etc/docker/certs.d", NULL};

static const struct json_field registry_fields[] = {
    JSON_FIELD(struct config_registry, NULL, JSON_K_STRING, host),
    JSON_FIELD(struct config_registry, "mirrors", JSON_K_STRV, mirrors),
    JSON_FIELD(struct config_registry, "insecure", JSON_K_BOOL, insecure),
    JSON_FIELD(struct config_registry, "ca", JSON_K_STRING, ca),
    JSON_FIELD(struct config_registry, "client_cert", JSON_K_STRING, client_cert),
    JSON_FIELD(struct config_registry, "client_key", JSON_K_STRING, client_key),
};
static const struct json_type registry_type = {
    "registry", sizeof(struct config_registry), registry_fields, ARRAY_SIZE(registry_fields), .strict = true,
};

static const struct json_field pool_fields[] = {
    JSON_FIELD(struct config_pool, "base", JSON_K_STRING, base),
    JSON_FIELD(struct config_pool, "size", JSON_K_INT64, size),
};
static const struct json_type pool_type = {
    "address pool", sizeof(struct config_pool), pool_fields, ARRAY_SIZE(pool_fields), .strict = true,
};

static const struct json_field config_fields[] = {
    JSON_FIELD(struct config, "root", JSON_K_STRING, root),
    JSON_FIELD(struct config, "state", JSON_K_STRING, state),
    JSON_FIELD(struct config, "registries", JSON_K_DICT, registries, .type = &registry_type),
    JSON_FIELD(struct config, "certs_dirs", JSON_K_STRV, certs_dirs),
    JSON_FIELD(struct config, "address_pools", JSON_K_ARRAY, address_pools, .type = &pool_type),
    JSON_FIELD(struct config, "publish_address", JSON_K_STRING, publish_address),
    JSON_FIELD(struct config, "log_driver", JSON_K_STRING, log_driver),
    JSON_FIELD(struct config, "log_options", JSON_K_MAP, log_options),
    JSON_FIELD(struct config, "max_concurrent_downloads", JSON_K_INT64_PTR, max_concurrent_downloads),
    JSON_FIELD(struct config, "build_cache_max", JSON_K_INT64_PTR, build_cache_max),
};
static const struct json_type config_type = {
    "configuration", sizeof(struct config), config_fields, ARRAY_SIZE(config_fields), .strict = true,
};

void config_release(struct config *config)
{
    json_free(&config_type, config);
}

static int check_path(const char *name, const char *path, struct err *err)
{
    if (!path || *path == '/')
        return 0;
    return err_set(err, ERR_INVALID, "%s: \"%s\" is not an absolute path", name, path);
}

static int check_registry(const struct config_registry *r, struct err *err)
{
    const struct {
        const char *name, *path;
    } paths[] = {{"ca", r->ca}, {"client_cert", r->client_cert}, {"client_key", r->client_key}};

    if (str_empty(r->host) || strpbrk(r->host, "/@ "))
        return err_set(err, ERR_INVALID, "a host is named without scheme and path, such as registry.example:5000");
    STRV_FOREACH (url, r->mirrors)
        if (!str_after(*url, "https://") && !str_after(*url, "http://"))
            return err_set(err, ERR_INVALID, "mirrors: \"%s\" starts with neither https:// nor http://", *url);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        if (check_path(paths[i].name, paths[i].path, err) < 0)
            return ERR_INVALID;
    if (!r->client_cert != !r->client_key)
        return err_set(err, ERR_INVALID, "client_cert and client_key belong together");
    return 0;
}

/* A /8 of subnets of one address would be a pool, too, but not one that can be searched. */
static int check_pool(const struct config_pool *p, struct err *err)
{
    struct ip_net base;
    unsigned most;

    if (str_empty(p->base))
        return err_set(err, ERR_INVALID, "base: missing");
    if (ip_net_parse(p->base, &base, err) < 0)
        return err_wrap(err, "base");
    most = base.address.family == AF_INET ? 30 : 126;
    if (!ip_net_is_network(&base))
        return err_set(err, ERR_INVALID, "base: \"%s\" has bits set behind its prefix", p->base);
    if (ip_is_any(&base.address) || ip_is_loopback(&base.address) || ip_is_multicast(&base.address))
        return err_set(err, ERR_INVALID, "base: \"%s\": these addresses are not for networks", p->base);
    if (p->size < base.bits || p->size > most)
        return err_set(err, ERR_INVALID, "size: subnets of \"%s\" have %u to %u bits", p->base, base.bits, most);
    return 0;
}

static int check_publish_address(const char *text, struct err *err)
{
    struct ip address;

    if (!text || str_eq(text, "all") || str_eq(text, "loopback"))
        return 0;
    if (ip_parse(text, &address, NULL) < 0 || ip_is_multicast(&address))
        return err_set(err, ERR_INVALID,
                       "publish_address: \"%s\" is neither \"all\" nor \"loopback\" nor an IP address", text);
    return 0;
}

static int check(const struct config *c, struct err *err)
{
    if (check_path("root", c->root, err) < 0 || check_path("state", c->state, err) < 0)
        return ERR_INVALID;
    STRV_FOREACH (dir, c->certs_dirs)
        if (check_path("certs_dirs", *dir, err) < 0)
            return ERR_INVALID;
    VEC_FOREACH (r, &c->registries)
        if (check_registry(r, err) < 0)
            return err_wrap(err, "registries: \"%s\"", r->host);
    VEC_FOREACH (p, &c->address_pools)
        if (check_pool(p, err) < 0)
            return err_wrap(err, "address_pools[%zu]", (size_t)(p - c->address_pools.v));
    if (check_publish_address(c->publish_address, err) < 0)
        return ERR_INVALID;
    if (c->max_concurrent_downloads &&
        (*c->max_concurrent_downloads < 1 || *c->max_concurrent_downloads > DOWNLOADS_MAX))
        return err_set(err, ERR_INVALID, "max_concurrent_downloads: 1 to %d", DOWNLOADS_MAX);
    if (c->build_cache_max && *c->build_cache_max < 0)
        return err_set(err, ERR_INVALID, "build_cache_max: bytes, or 0 for no ceiling");
    return 0;
}

static void replace_string(char **to, char **from)
{
    if (*from)
        str_replace(to, steal_ptr(from));
}

static void replace_list(char ***to, char ***from)
{
    strv_free(*to);
    *to = steal_ptr(from);
}

/* What `from` says replaces what `to` said; `from` keeps what was replaced, to be released with it. */
static void overlay(struct config *to, struct config *from)
{
    replace_string(&to->root, &from->root);
    replace_string(&to->state, &from->state);
    replace_string(&to->publish_address, &from->publish_address);
    if (from->certs_dirs)
        replace_list(&to->certs_dirs, &from->certs_dirs);
    if (from->log_driver || from->log_options) /* options mean something to their driver alone */
        replace_list(&to->log_options, &from->log_options);
    replace_string(&to->log_driver, &from->log_driver);
    if (from->address_pools.n) {
        __auto_type had = to->address_pools;

        to->address_pools = from->address_pools;
        from->address_pools = had;
    }
    if (from->build_cache_max) {
        free(to->build_cache_max);
        to->build_cache_max = steal_ptr(&from->build_cache_max);
    }
    if (from->max_concurrent_downloads) {
        free(to->max_concurrent_downloads);
        to->max_concurrent_downloads = steal_ptr(&from->max_concurrent_downloads);
    }
    VEC_FOREACH (r, &from->registries) {
        struct config_registry *known = (struct config_registry *)config_find_registry(to, r->host);
        struct config_registry swapped;

        if (!known)
            known = VEC_PUSH(&to->registries);
        swapped = *known;
        *known = *r;
        *r = swapped;
    }
}

static int read_file(const char *path, bool must_exist, struct config *config, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(FILE_MAX);
    struct config file = {0};
    int r;

    if (!must_exist && access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    r = fd_read_user_file(path, &text, err);
    if (r < 0)
        return err_wrap(err, "configuration");
    r = json_parse(text.p, text.len, &config_type, &file, err);
    if (r >= 0)
        r = check(&file, err);
    if (r < 0)
        err_wrap(err, "%s", path);
    else
        overlay(config, &file);
    config_release(&file);
    return r;
}

static int read_usual_files(struct config *config, struct err *err)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    _cleanup_free_ char *own = NULL;
    int r = read_file("/etc/cbox/config.json", false, config, err);

    if (!str_empty(xdg))
        own = str_printf("%s/cbox/config.json", xdg);
    else if (!str_empty(home))
        own = str_printf("%s/.config/cbox/config.json", home);
    return r < 0 || !own ? r : read_file(own, false, config, err);
}

int config_load(const char *path, struct config *ret, struct err *err)
{
    int r;

    *ret = (struct config){0};
    r = path ? read_file(path, true, ret, err) : read_usual_files(ret, err);
    if (r < 0)
        return r;
    if (!ret->certs_dirs)
        ret->certs_dirs = strv_copy((char *const *)certs_dirs_default);
    if (!ret->build_cache_max) {
        ret->build_cache_max = mem_zalloc(1, sizeof(*ret->build_cache_max));
        *ret->build_cache_max = BUILD_CACHE_DEFAULT;
    }
    if (!ret->max_concurrent_downloads) {
        ret->max_concurrent_downloads = mem_zalloc(1, sizeof(*ret->max_concurrent_downloads));
        *ret->max_concurrent_downloads = DOWNLOADS_DEFAULT;
    }
    return 0;
}

const struct config_registry *config_find_registry(const struct config *config, const char *host)
{
    VEC_FOREACH (r, &config->registries)
        if (strcmp(r->host, host) == 0)
            return r;
    return NULL;
}

const char *config_log_driver(const struct config *config)
{
    return str_empty(config->log_driver) ? "json-file" : config->log_driver;
}

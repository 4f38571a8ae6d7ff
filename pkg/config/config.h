/* The configuration file: JSON, read from /etc/cbox/config.json and then $XDG_CONFIG_HOME/cbox/config.json (or
 * ~/.config/…), or from the one place that --config or CBOX_CONFIG names. Files that do not exist are skipped, except
 * a named one. What the later file says replaces the earlier one's name by name, registries host by host. An unknown
 * name is an error, so that a misspelt one is not silently without effect.
 *
 *     {
 *         "root": "/srv/cbox",
 *         "state": "/run/cbox",
 *         "registries": {
 *             "docker.io": {"mirrors": ["https://mirror.example:5000"]},
 *             "registry.example:5000": {"ca": "/etc/ssl/example.pem"},
 *             "127.0.0.1:5000": {"insecure": true}
 *         },
 *         "certs_dirs": ["/etc/cbox/certs.d", "/etc/docker/certs.d"],
 *         "address_pools": [{"base": "10.200.0.0/16", "size": 24}],
 *         "publish_address": "loopback",
 *         "log_driver": "local",
 *         "log_options": {"max-size": "50m"},
 *         "max_concurrent_downloads": 3,
 *         "build_cache_max": 20000000000
 *     }
 *
 * Options and environment variables win over it (cmd/cbox/context.c).
 */
#pragma once

#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct config_registry {
    char *host;        /* as references name it: "docker.io", "registry.example:5000" */
    char **mirrors;    /* base URLs, http:// or https://, asked in this order before the registry itself */
    bool insecure;     /* certificates are not checked, and plain HTTP is used where the registry speaks no TLS */
    char *ca;          /* PEM file of authorities trusted for this host, beside the system's; or NULL */
    char *client_cert; /* PEM files with which cbox identifies itself: both or neither */
    char *client_key;
};

/* Where subnets of networks are cut from. */
struct config_pool {
    char *base;   /* "172.16.0.0/12", "fd00::/40" */
    int64_t size; /* bits of the subnets' prefix */
};

struct config {
    char *root;  /* absolute, or NULL: the usual place */
    char *state; /* absolute, or NULL */
    VEC(struct config_registry) registries;
    char **certs_dirs; /* searched for HOST/NAME.crt (authorities), HOST/NAME.cert and NAME.key; the first with HOST
                          counts */
    VEC(struct config_pool) address_pools; /* none: Docker's */
    char *publish_address; /* where ports are published that name no address of the host: "all" (NULL), "loopback", or
                              one address */
    char *log_driver;      /* of containers that are made without --log-driver; config_log_driver() */
    char **log_options;    /* NAME=VALUE: for each that has this driver and does not say otherwise */
    int64_t *build_cache_max;          /* bytes that what builds keep may take, 0: no ceiling; never NULL once loaded */
    int64_t *max_concurrent_downloads; /* layers fetched at once by one pull, 1 to 64; never NULL once loaded */
};

/* Reads the files; `path` is the one named by the user, or NULL for the usual places. ERR_INVALID with file and field
 * for what it does not understand, ERR_NOT_FOUND where a named file is missing. The caller releases `ret` in any
 * case. */
int config_load(const char *path, struct config *ret, struct err *err);
void config_release(struct config *config);

/* The settings of a host, NULL where it has none. */
const struct config_registry *config_find_registry(const struct config *config, const char *host);

/* The log driver of containers that name none: what was said, or Docker's default. */
const char *config_log_driver(const struct config *config);

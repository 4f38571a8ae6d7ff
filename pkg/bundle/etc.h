/* The texts of a container's /etc/hosts and /etc/resolv.conf, in Docker's form. hosts(5), resolv.conf(5). */
#pragma once

#include "oci/engine.h"
#include "sys/resolv_conf.h"

#include <stdbool.h>

/* Stands for the host's own address in --add-host. */
#define BUNDLE_HOST_GATEWAY "host-gateway"

/* The lines that name the container itself, one an address. The caller frees the vector. */
char **bundle_hosts_own(const struct engine_options *o, char *const *addresses);

/* A whole hosts file: what every machine has, or `host` (the host's own text) where that is not NULL; --add-host, in
 * which host-gateway is each of `gateways`; the container's own lines. The caller frees it. */
char *bundle_hosts(const struct engine_options *o, const char *host, char *const *gateways, char *const *own);

/* The text with the lines `old` (those that are still there) taken out and `new` put at the end. The caller frees it.
 */
char *bundle_hosts_change(const char *text, char *const *old, char *const *new);

/* Servers that programs in a network namespace of their own reach: those asked for, or of the host's those that are not
 * on its loopback, nor of an interface, nor of IPv6 where the container has none. The caller frees the vector. */
char **bundle_servers(const struct engine_host_config *h, const struct resolv_conf *host, bool ipv6);

/* A resolv.conf with these servers, and what was asked for in place of the host's. `ours`: cbox answers, so a name
 * without a dot is asked for as it is. The caller frees it. */
char *bundle_resolv_conf(const struct engine_host_config *h, const struct resolv_conf *host, char *const *servers,
                         bool ours);

/* The same for who shares the host's network: its text, but for what was asked for. */
char *bundle_resolv_conf_host(const struct engine_host_config *h, const char *host);

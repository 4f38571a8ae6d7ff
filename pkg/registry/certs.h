/* Certificates for single registries, in Docker's layout of certs.d directories and from the configuration:
 *
 *     DIR/HOST[:PORT]/NAME.crt            authorities trusted for that host
 *     DIR/HOST[:PORT]/NAME.cert, .key    with which we identify ourselves (the first pair by name)
 */
#pragma once

#include "config/config.h"
#include "http/http.h"

struct registry_certs;

/* `config` is borrowed. `insecure`: no host has to show a certificate that is trusted. */
struct registry_certs *registry_certs_new(const struct config *config, bool insecure);
void registry_certs_free(struct registry_certs *c);
MEM_DEFINE_CLEANUP(struct registry_certs, registry_certs_free);

/* What holds for `authority`; where another host, `origin`, led there by a redirect or as its token server, its
 * authorities are trusted too (as Docker does), but never is its client certificate shown. Owned by `c`. Errors name
 * the file. */
int registry_certs_find(struct registry_certs *c, const char *authority, const char *origin,
                        const struct http_tls **ret, struct err *err);

/* The settings of the configuration for a host, by either of Docker Hub's names; or NULL. */
const struct config_registry *registry_certs_settings(const struct config *config, const char *authority);

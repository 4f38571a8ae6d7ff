/* The host's resolv.conf: who answers names, and how. resolv.conf(5). */
#pragma once

#include "base/buf.h"
#include "base/strv.h"

#define RESOLV_CONF "/etc/resolv.conf"
/* The servers behind the one of systemd-resolved on 127.0.0.53. */
#define RESOLV_CONF_BEHIND_SYSTEMD "/run/systemd/resolve/resolv.conf"
enum { RESOLV_CONF_MAX = 256 << 10 };

struct resolv_conf {
    char **servers; /* addresses, with their zone: "fe80::1%eth0"; those that are none were left out */
    char **search;  /* of the last line that has some */
    char **options;
};
void resolv_conf_release(struct resolv_conf *c);
#define _cleanup_resolv_conf_ _cleanup_(resolv_conf_release)

/* Reads the text, of which nothing is invalid. The caller releases `ret`. */
void resolv_conf_parse(const char *text, struct resolv_conf *ret);

/* The file's text; one that is not there is an empty one. */
int resolv_conf_read(const char *path, struct resolv_conf *ret, struct err *err);

/* Whether a server is one that only programs in the host's network namespace reach. */
bool resolv_conf_is_loopback(const char *server);

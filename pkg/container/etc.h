/* A container's /etc/hosts, /etc/hostname and /etc/resolv.conf, and other files of its directory. */
#pragma once

#include "oci/engine.h"

#include <sys/types.h>

/* Writes a new file of this mode, whatever the umask: 0644 where every user inside reads it. */
int container_write_file(int dir, const char *name, mode_t mode, const char *text, size_t len, struct err *err);

/* The three files of /etc, in the container's directory; hosts and resolv.conf are empty until the first start. */
int container_write_etc(int dir, const struct engine_options *o, struct err *err);

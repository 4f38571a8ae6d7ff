/* A container's /etc/hosts, /etc/hostname and /etc/resolv.conf. */
#pragma once

#include "oci/engine.h"

/* The three files of /etc, in the container's directory; hosts and resolv.conf are empty until the first start. */
int container_write_etc(int dir, const struct engine_options *o, struct err *err);

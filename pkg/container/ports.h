/* Ports of a container, as `ps`, `port` and `inspect` show them. */
#pragma once

#include "base/ip.h"
#include "network/ports.h"
#include "oci/engine.h"

/* One port, and where it is published, if it is. */
struct container_port {
    uint16_t inside, outside; /* outside 0: it is exposed alone */
    char ip[IP_TEXT_MAX];     /* of the host: "" where it is exposed alone */
    const char *protocol;     /* "tcp", … */
};
typedef VEC(struct container_port) container_ports;

/* What the image or the user exposes, in ranges: "80/tcp", "1000-2000/udp", sorted; for the record. The caller frees
 * it.
 */
char **container_ports_exposed(const struct engine_options *o);

/* The ports that are claimed for a container (of `claims`, which may have others'), and of those that are exposed
 * (container_ports_exposed()) the rest, in Docker's order. The caller frees `ret->v`. */
void container_ports_list(const port_claims *claims, const char *container, char *const *exposed, container_ports *ret);

/* "80/tcp, 0.0.0.0:8080->80/tcp", neighbours together where they are the same outside, as Docker has it. The caller
 * frees it. */
char *container_ports_text(const container_ports *ports);

/* "0.0.0.0:8080", "[::]:8080"; the caller frees it. */
char *container_port_outside(const struct container_port *p);

/* What the host's own programs listen on (sock_diag(7)), and the kernel's memory of connections (conntrack). */
#pragma once

#include "base/ip.h"
#include "base/vec.h"

/* A socket that listens, or an unconnected one of UDP. */
struct host_port {
    uint8_t protocol; /* IPPROTO_… */
    uint16_t port;
    struct ip address; /* 0.0.0.0 or ::, or the one it is bound to */
    bool v6_only;
    uint32_t inode;
};
typedef VEC(struct host_port) host_ports;

/* Those of a protocol (TCP, UDP, SCTP) in the caller's network namespace, both families, in one pass whatever their
 * number. -errno. */
int host_ports_read(uint8_t protocol, host_ports *ret);

/* The name of the program that has the socket, for messages: "nginx (pid 12)", or NULL. The caller frees it. */
char *host_port_owner(uint32_t inode);

/* Makes the kernel forget the connections of UDP to these ports of the host, which would go where they went before.
 * -errno. */
int conntrack_forget(uint8_t protocol, const struct ip *address, uint16_t first, uint16_t last);

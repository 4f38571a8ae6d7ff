/* The port of 127.0.0.11 that programs ask, led to the one that answers. */
#pragma once

#include <stdint.h>

/* In the caller's network namespace: what comes to 127.0.0.11:`from` arrives at port `udp` or `tcp`, and answers come
 * from `from`. -errno: the kernel has not what it takes (nf_tables, the hook `ingress`). */
int dns_redirect(uint16_t from, uint16_t udp, uint16_t tcp);

/* Subnets as the user writes them: matched to each other as Docker does, checked, completed. Plain data. */
#pragma once

#include "network/network.h"

/* Fills `subnets`, `ipv6` of the network. ERR_INVALID in Docker's words. */
int network_subnets_read(const struct network_request *q, struct store_network *n, struct err *err);

/* The gateway, where none was asked for: the first address that nobody else has. ERR_INVALID where there is none. */
int network_subnet_complete(struct store_network_subnet *subnet, struct err *err);

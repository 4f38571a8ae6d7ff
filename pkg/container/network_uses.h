/* Networks and which containers have them. That is read from the options of the containers that there are, as volumes'
 * uses are (container/volume.h).
 */
#pragma once

#include "store/network.h"

/* The names of the networks that containers have, running or not, sorted; a name may be there more than once. The
 * caller frees the vector. */
int container_networks_used(struct store *s, char ***ret, struct err *err);

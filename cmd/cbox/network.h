/* What the network commands share. */
#pragma once

#include "cbox.h"
#include "cli/value.h"
#include "store/network.h"

/* Docker's filters of networks: dangling, driver, id, label, name, scope and type to list them; label, label! and until
 * to prune. */
struct network_filter {
    int dangling; /* -1: either */
    char **drivers, **ids, **labels, **labels_without, **names, **scopes, **types;
    int64_t until; /* 0: any */
};

/* Reads "name=value" words. ERR_INVALID: `invalid filter 'x'`. The caller releases `ret` in any case. */
int network_filter_parse(char *const *words, bool prune, struct network_filter *ret, struct err *err);
bool network_filter_match(const struct network_filter *f, const struct store_network *n, bool used);
void network_filter_release(struct network_filter *f);
#define _cleanup_network_filter_ _cleanup_(network_filter_release)

/* Removes the networks that no container has, running or not, and says which. `f`: those that it matches. */
int network_prune(struct store *s, const struct network_filter *f, struct err *err);

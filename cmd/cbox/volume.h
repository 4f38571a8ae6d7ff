/* What the volume commands share. */
#pragma once

#include "cbox.h"
#include "cli/value.h"
#include "container/volume.h"

/* Docker's filters of volumes: dangling, driver, label and name to list them; label and label! to prune. */
struct volume_filter {
    int dangling; /* -1: either */
    char **drivers, **labels, **labels_without, **names;
};

/* Reads "name=value" words. ERR_INVALID: `invalid filter 'x'`. The caller releases `ret` in any case. */
int volume_filter_parse(char *const *words, bool prune, struct volume_filter *ret, struct err *err);
bool volume_filter_match(const struct volume_filter *f, const struct store_volume *v, bool used);
void volume_filter_release(struct volume_filter *f);
#define _cleanup_volume_filter_ _cleanup_(volume_filter_release)

/* Removes those that no container uses and the filter means, the anonymous ones or all, with Docker's lines about them.
 * What cannot be removed stays, and is said. */
int volume_prune(struct store *s, const struct volume_filter *f, bool all, struct err *err);

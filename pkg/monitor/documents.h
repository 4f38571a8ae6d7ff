/* <root>/containers/ID/documents: what a container was asked to be, and what was made of that.
 *
 * One file, a line each, so that all of it is made, synced and changed at once:
 *
 *     1   the options, as `inspect` shows them (oci/engine.h)
 *     2   the specification that is run (oci/spec.h), without
 *     3   its profile of system calls: most of a specification, and all but never looked into
 *         (seccomp_profile_text()). Empty where it has none, or where it stands in the specification
 *     4…  directories of its layers below the store's root, the topmost first
 *
 * It has the environment, and with it secrets. The step of a build has no such file.
 */
#pragma once

#include "oci/engine.h"
#include "oci/spec.h"
#include "store/container.h"

#define DOCUMENTS_FILE "documents"

/* Makes it. `durable`: it is on disk when this returns. ERR_LIMIT where more is to be said than will be read. */
int documents_write(const struct store_container *dir, const struct engine_options *options,
                    const struct oci_spec *spec, char *const *layers, bool durable, struct err *err);

/* Puts others into the places of the options and of the specification (NULL: stays as it is), for the holder of the
 * container's lock. */
int documents_change(const struct store_container *dir, const struct engine_options *options,
                     const struct oci_spec *spec, struct err *err);

/* The caller releases `ret` after 0. ERR_NOT_FOUND, ERR_CORRUPT. */
int documents_read_options(const struct store_container *dir, struct engine_options *ret, struct err *err);
int documents_read_spec(const struct store_container *dir, struct oci_spec *ret, struct err *err);
int documents_read_layers(const struct store_container *dir, char ***ret, struct err *err);

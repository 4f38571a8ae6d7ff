/* Manifest lists: indexes put together from what registries have, and pushed. `docker manifest`.
 *
 * A list names manifests where they are; what it becomes at a registry is an index in Docker's form where all of them
 * are Docker's, and else an OCI index, whose bytes follow from the list alone.
 */
#pragma once

#include "image/copy.h"
#include "store/list.h"

/* Asks the registry for a manifest (a name with tag or digest) and for its platform. ERR_INVALID where the name means a
 * list itself. The caller releases `ret` after 0. */
int image_list_resolve(struct registry *registry, const struct oci_reference *name, struct store_list_entry *ret,
                       struct err *err);

/* Adds an entry, which it takes over, in the place of one from the same reference. */
void image_list_add(struct store_list *l, struct store_list_entry *entry);

/* The entry that was found under this name, or has this digest in this repository; NULL. */
struct store_list_entry *image_list_find(const struct store_list *l, const struct oci_reference *name);

/* Appends the index, and says what it is. */
void image_list_dump(const struct store_list *l, struct buf *out, const char **ret_media_type);

/* Copies what the list names into the repository of `name`, where it is elsewhere, and pushes the index. */
int image_list_push(struct store *s, const struct config *config, const struct oci_reference *name,
                    const struct store_list *l, const struct image_copy_options *options, struct image_pushed *ret,
                    struct err *err);

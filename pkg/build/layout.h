/* Named contexts that are images: --build-context NAME=docker-image://IMAGE, or NAME=oci-layout://DIR[:TAG][@DIGEST],
 * as buildx has them (docs.docker.com/reference/cli/docker/buildx/build, "Additional build contexts").
 */
#pragma once

#include "digest/digest.h"
#include "store/store.h"

/* What of such a context names an image, for the planner's `image`: a name, or all of an oci-layout://; borrowed. NULL:
 * it is files. */
const char *build_context_image(const char *what);
bool build_is_layout(const char *what);

/* That it says where the layout is, and a tag and a digest that can be some: ERR_INVALID. */
int build_layout_check(const char *what, struct err *err);

/* Brings an image of a layout into the store, in a process of its own, with no name and no record. `keep` is to take a
 * lease for it: until it returns another one is held. `platform`: as of image_load(), whose errors these are; without a
 * tag or digest the image is the one named "latest", or else the only one. */
int build_layout_load(struct store *s, const char *what, const char *platform,
                      int (*keep)(void *data, const struct digest *manifest, struct err *err), void *data,
                      struct digest *ret_manifest, struct err *err);

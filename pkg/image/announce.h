/* Events of images (event/event.h), with the names that Docker has for them. */
#pragma once

#include "image/image.h"

/* Of an image as such: "tag" with the name that it got (NULL: the ID stands for it), "untag", "delete", "load", "save",
 * "import". Its labels are told as long as its config is there. */
void image_announce(struct store *s, const char *action, const struct digest *id, const struct oci_reference *name);

/* Of a name at a registry, which has a tag or a digest: "pull", "push". */
void image_announce_name(struct store *s, const char *action, const struct oci_reference *name,
                         const struct digest *id);

/* Dockerfile instructions that change an image's config and nothing else: what --change of import and commit takes
 * (dockerfile/apply.h). Variables are those of the config's own environment.
 */
#pragma once

#include "oci/image_config.h"

/* Applies instructions in their order: each string one or more lines, of CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK,
 * LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR. An ENTRYPOINT takes away a CMD that was there before. ERR_INVALID
 * names the instruction; the config may then be changed in part. */
int image_change(struct oci_container_config *config, char *const *instructions, struct err *err);

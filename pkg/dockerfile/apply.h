/* Instructions that change an image's config and nothing else: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL,
 * ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR. Their forms are Docker's: exec and shell form, NAME=VALUE with
 * quotes, variables in place.
 */
#pragma once

#include "dockerfile/dockerfile.h"
#include "dockerfile/words.h"
#include "oci/image_config.h"

struct dockerfile_applying {
    struct oci_container_config *config;
    struct words words; /* where variables come from: the stage's arguments and then the config's environment */
    bool cmd_given;     /* a CMD stood in this stage: an ENTRYPOINT takes away another one only */
    size_t grown;       /* bytes that instructions have added: begins with 0 */
};

/* Whether the kind is one of those. */
bool dockerfile_applies(enum dockerfile_kind kind);

/* ERR_INVALID in Docker's words, without file and line; the config may then be changed in part. */
int dockerfile_apply(struct dockerfile_applying *a, const struct dockerfile_instruction *i, struct err *err);

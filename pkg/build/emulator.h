/* Programs of other architectures, which the kernel hands to an emulator (binfmt_misc). */
#pragma once

#include "oci/platform.h"

/* Whether programs for `platform` run on this host: by itself, or since a handler is registered in `binfmt`, the
 * directory of binfmt_misc (NULL: the usual one), that works in a container too (flag F: the emulator is open already).
 * ERR_UNSUPPORTED says which is missing. https://docs.kernel.org/admin-guide/binfmt-misc.html */
int build_emulator_check(const struct oci_platform *platform, const char *binfmt, struct err *err);

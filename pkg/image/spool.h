/* Foreign streams that have to be read more than once: kept in a file without a name (store/spool.h).
 *
 * Decompressing is done by a forked, confined process (layer/sandbox.h), which a signal ends.
 */
#pragma once

#include "digest/digest.h"
#include "oci/manifest.h"
#include "store/store.h"

/* How the bytes at `offset` of a file are packed, by how they begin. ERR_UNSUPPORTED names what others compress with.
 */
int image_spool_identify(int fd, int64_t offset, enum oci_compression *ret, struct err *err);

/* Writes to `out` what `in` has from where it stands, decompressed where it is compressed. ERR_UNSUPPORTED as above;
 * ERR_CORRUPT, ERR_NO_SPACE, ERR_IO; ERR_INTERRUPTED once a signal came. Both descriptors stay the caller's. */
int image_spool_decompress(struct store *s, int in, int out, struct err *err);

/* The sha256 of what comes out of the whole file `fd` when it is decompressed. */
int image_spool_measure(struct store *s, int fd, struct digest_computed *ret, struct err *err);

/* The sha256 of `size` bytes of a file, until a signal comes (image/signals.h). ERR_CORRUPT where they are not there.
 */
int image_spool_digest_range(int fd, int64_t offset, int64_t size, struct digest_computed *ret, struct err *err);

/* The sha256 of `in` as it is, from where it stands, copied to `out` where that is not -1; here, until a signal comes.
 */
int image_spool_digest(int in, int out, struct digest_computed *ret, struct err *err);

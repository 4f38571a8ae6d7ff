/* Which images containers stand on: the few fields of containers/ID/record.json that keep an image's content alive.
 *
 *     {"id": "…", "name": "…", "manifest": "sha256:…", …}
 *
 * "manifest" is the digest of the image's manifest (struct store_tag). Everything else in a record is the business of
 * store/container.h.
 */
#pragma once

#include "digest/digest.h"
#include "store/store.h"

struct store_use {
    char *id;
    char *name;
    struct digest manifest; /* DIGEST_NONE: no image */
    char **layers;          /* diffIDs that it needs beside that */
    char **mounted;         /* more of them, each of which is told as a use of its own: */
    bool extra;             /* this is one */
    bool build;             /* a build's, which keeps what it needs itself: not told of */
};

/* Calls `each` for every container, and for every image that is mounted in one; a negative result ends the iteration
 * and is returned. A record that is not there (yet, or any more) is passed over; one that cannot be read is
 * ERR_CORRUPT. */
typedef int (*store_each_use_fn)(const struct store_use *use, void *data, struct err *err);
int store_each_use(struct store *s, store_each_use_fn each, void *data, struct err *err);

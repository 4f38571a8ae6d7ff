/* Names of images: tags/DOMAIN/PATH/:TAG, and tags/DOMAIN/PATH/@ALGORITHM:HEX for an image named by digest.
 *
 * An image that has no name (its last one went to another, or it came without) has the record tags/@ALGORITHM:HEX,
 * under the digest of its manifest; domain and path of that name are empty.
 *
 * No component of a domain or a path can start with ':' or '@', or be "." or ".." (the grammar of references; asserted
 * here), so files and directories never collide and no name leads elsewhere. A record says all that `images` shows and
 * `run` needs to find the config, so that one small file an image is read.
 */
#pragma once

#include "digest/digest.h"
#include "oci/reference.h"
#include "store/store.h"

struct store_tag {
    struct oci_reference name; /* normalised, with a tag or a digest (never both) */
    struct digest target;      /* what the registry has under the name: an index or the manifest */
    struct digest manifest;    /* of the platform that was chosen */
    struct digest id;          /* the image config: the image's ID */
    char *platform;            /* "linux/amd64" */
    int64_t bytes;             /* of all layers unpacked */
    int64_t created;           /* as the config says, time.h; 0: unknown */
    int64_t pulled;            /* when the name was given */
    bool local;                /* no registry is known to have it under this name */
    bool complete;             /* the target is an index, and all that it names is in the store, for every platform */
};

/* Whether the record is that of an image without a name. */
bool store_tag_nameless(const struct store_tag *t);

void store_tag_release(struct store_tag *t);

/* Takes the names' lock, for those who read records and change some by what they read; released when the descriptor is
 * closed. Its place among the others: store/store.h. */
int store_tag_lock(struct store *s, int *ret_fd, struct err *err);

/* Writes a record, replacing an earlier one; on disk when it returns. What it leads to must be in the store. */
int store_tag_set(struct store *s, const struct store_tag *t, struct err *err);

/* The record of a name with a tag or a digest (a digest wins where both are given; see store_tag_list_find() for what
 * it finds). ERR_NOT_FOUND; ERR_CORRUPT names the file. The caller releases `ret`. */
int store_tag_get(struct store *s, const struct oci_reference *name, struct store_tag *ret, struct err *err);

/* Removes the record; on disk when it returns. ERR_NOT_FOUND. */
int store_tag_remove(struct store *s, const struct oci_reference *name, struct err *err);

/* All records, sorted by name. The caller frees the list. */
struct store_tag_list {
    struct store_tag *v;
    size_t n, cap;
};
int store_tag_list(struct store *s, struct store_tag_list *ret, struct err *err);
void store_tag_list_release(struct store_tag_list *l);

/* The same, passing over records that cannot be read: `broken` is told of each, by its file below tags/. */
int store_tag_list_readable(struct store *s, void (*broken)(const char *file, const struct err *why, void *data),
                            void *data, struct store_tag_list *ret, struct err *err);

/* What a digest means in the repository of `name`, whose own tag or digest does not matter: the record with that name,
 * else the one pulled last that has it as its target, else as its manifest. An index is the target of an image of every
 * platform. NULL where there is none; owned by the list. */
const struct store_tag *store_tag_list_find(const struct store_tag_list *l, const struct oci_reference *name,
                                            const struct digest *d);

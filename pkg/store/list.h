/* Manifest lists that are being made (`manifest create`), until they are pushed and removed: lists/DOMAIN/PATH/:TAG, as
 * tags are named (store/tag.h). A list holds no content, only what a registry said of it, so it keeps nothing alive and
 * collection leaves it alone.
 *
 *     {"entries": [{"reference": "registry.example/team/app:arm64", "descriptor": {…}}, …]}
 */
#pragma once

#include "base/vec.h"
#include "oci/descriptor.h"
#include "oci/reference.h"
#include "store/store.h"

enum { STORE_LIST_ENTRIES_MAX = 1024 };

struct store_list_entry {
    char *reference; /* where it was found; normalised, with a tag or a digest */
    struct oci_descriptor descriptor;
};

struct store_list {
    VEC(struct store_list_entry) entries;
};

void store_list_release(struct store_list *l);
#define _cleanup_store_list_ _cleanup_(store_list_release)

/* The list with this name, which has a tag. ERR_NOT_FOUND "no such manifest list: …", ERR_CORRUPT names the file. The
 * caller releases `ret`. */
int store_list_get(struct store *s, const struct oci_reference *name, struct store_list *ret, struct err *err);

/* Writes it, in the place of an earlier one; whole and on disk when it returns. */
int store_list_set(struct store *s, const struct oci_reference *name, const struct store_list *l, struct err *err);

/* ERR_NOT_FOUND. */
int store_list_remove(struct store *s, const struct oci_reference *name, struct err *err);

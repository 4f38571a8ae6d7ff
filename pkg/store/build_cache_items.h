/* What there is in the cache, taken down: not for use outside of it. */
#pragma once

#include "store/build_cache_internal.h"

/* A layer that steps have, once however many they are. */
struct build_layer_use {
    struct digest diff_id;
    int64_t bytes;
    size_t steps;
    bool shared; /* an image or a container needs it as well */
    bool held;   /* a lease keeps it */
};

struct build_item {
    bool mount;
    bool in_use;                   /* of a mount */
    char *name;                    /* key, or the file name of a mount */
    char *shown;                   /* the step, or the mount's name */
    struct build_layer_use *layer; /* NULL: none */
    struct digest diff_id;
    int64_t bytes; /* of a mount */
    int64_t created, used;
    bool gone;
};

struct build_items {
    VEC(struct build_item) items;
    VEC(struct build_layer_use) layers; /* sorted */
};

/* Reads records and, with `mounts`, measures the mounts. */
int build_items_read(struct store *s, bool mounts, struct build_items *ret, struct err *err);
void build_items_release(struct build_items *items);

/* Finds out which layers images and containers need. */
int build_items_share(struct store *s, struct build_items *items, struct err *err);

/* What all of it takes; with `shared` as well what images need. */
int64_t build_items_bytes(const struct build_items *items, bool shared);

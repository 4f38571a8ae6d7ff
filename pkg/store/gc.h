/* Garbage: found by mark and sweep from disk, never by counting.
 *
 * Alive is what can be reached from the records of tags, the records of containers (whose image may have lost its
 * name), and the leases of running pulls and pushes: the manifest and its index, the config, the compressed layers, the
 * unpacked layers; and the layers of steps that builds keep. Everything else among blobs and layers is removed, and
 * under tmp/ everything that nobody has locked; only unfinished downloads are kept for a week, to be continued.
 *
 * Marking and renaming away happen under the exclusive store lock and take milliseconds; deleting comes afterwards,
 * without a lock, so that neither pulls nor starts wait for it.
 */
#pragma once

#include "digest/digest.h"
#include "store/needs.h"
#include "store/store.h"

enum { STORE_PARTIAL_KEEP_DAYS = 7 };

struct store_gc_options {
    /* Told of each blob (STORE_BLOBS) and layer (STORE_LAYERS) that was removed; may be NULL. */
    void (*removed)(enum store_dir kind, const struct digest *d, void *data);
    void *data;
    bool downloads; /* those that could be continued go as well */
};

/* Collects. ERR_CORRUPT when the documents of a living image cannot be read, and then nothing is removed: what it needs
 * is not known. */
int store_gc(struct store *s, const struct store_gc_options *options, struct err *err);

/* The cheap part alone, at the start of a pull: what crashed processes left under tmp/ goes, trees into tmp/trash/. */
int store_sweep_unfinished(struct store *s, struct err *err);

/* What a command that runs needs (a pull, a load, a push): kept by collection until the lease is freed. */
struct store_lease;

/* Takes the store lock shared for the moment of writing. Content that is in the store when this returns stays.
 * ERR_LIMIT: more than some 200,000 digests. */
int store_lease_take(struct store *s, const struct digest *blobs, size_t n_blobs, const struct digest *layers,
                     size_t n_layers, struct store_lease **ret, struct err *err);
void store_lease_free(struct store_lease *l);
MEM_DEFINE_CLEANUP(struct store_lease, store_lease_free);

/* Adds what the leases of running pulls keep. To be called under the store lock, exclusive. */
int store_leases_add(struct store *s, struct store_needs *to, struct err *err);

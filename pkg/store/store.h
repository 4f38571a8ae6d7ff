/* The store: plain files below one root, readable with ls and cat.
 *
 *     <root>/format              the layout's version, in decimal
 *            lock                the store lock, see below
 *            blobs/sha256/HEX    manifests, configs, compressed layers, exactly as verified     store/blob.h
 *            layers/sha256/HEX/  unpacked layers, named by diffID: tree/, manifest, info        store/layer.h
 *            tags/               names of images, one small file each                           store/tag.h
 *            lists/              manifest lists that are being made                             store/list.h
 *            containers/ID/      records of containers                                          store/container.h
 *            volumes/NAME/       files that outlive containers                                  store/volume.h
 *            networks/NAME/      networks                                                       store/network.h
 *            build-cache/        steps of builds, and their layers before they are synced       store/build_cache.h
 *            skeleton/           what lies below every image: places to mount on                store/skeleton.h
 *            tmp/                everything unfinished                                          store/gc.h
 *
 * What has its final name is whole and on disk: it is prepared under tmp/, synced, and renamed (store/transaction.h).
 * A process may be killed at any instant; what it leaves under tmp/ is locked by nobody, which is how the next one
 * knows that it may delete it, or go on with it.
 *
 * Locks are flock(2)s on files, freed by the kernel with the process. In this order, each held while the later ones
 * are taken, never the other way round:
 *
 *     0. build cache build-cache/lock. Shared: while paths below build-cache/layers/ are used, and while a step is
 * found or kept. Exclusive: while layers move to layers/, and while steps are removed. Collection takes it not at all.
 * build-cache/running/ID: held by a build as long as it lasts.
 *     1. store       <root>/lock. Shared: while a reference is made to content that is there already (a container
 *                    created from an image, a lease), from looking at the content until the reference is on disk.
 *                    Exclusive: garbage collection, for the milliseconds of marking and renaming away. Starts of
 *                    containers share it and do not wait for each other.
 *                    Names: tags/ itself, by who changes names by what others there are, for as long as that takes:
 *                    two who each take one of the last two names of an image must not both find the other one. It is
 *                    taken before or after the store lock held shared, but never by who holds that exclusively.
 *     2. image       tmp/lease-ID: what a running pull, load, import, push, save or repair needs, so that collection
 *                    keeps it (store/gc.h).
 *     3. layer       tmp/layers/NAME.lock: who unpacks a layer. A holder of one only ever tries to take another:
 * whoever waits for a layer or a blob holds none, so two pulls with common layers cannot wait in a circle.
 *     4. blob        tmp/blob-DIGEST: who downloads a blob; the same rule.
 *     5. container   containers/ID (store/container.h). containers/ itself, for a moment, by who takes over the name of
 * a container that is gone.
 *     6. volume      volumes/NAME (store/volume.h).
 *     7. networks    networks/ itself, by who makes a network, since its subnet follows from the others'; then
 *                    networks/NAME (store/network.h).
 *     8. leases      <state>/networks/ID/lock (network/endpoint.h).
 */
#pragma once

#include "base/err.h"
#include "sys/lock.h"

#include <stdbool.h>

enum { STORE_FORMAT = 1 };

/* A store that was opened. Holds descriptors only, no locks. */
struct store;

/* Opens the store below `root`, an absolute path, making it where it is missing (mode 0700: layers hold programs that
 * are set-user-ID), and the directory `state` (what means nothing after a reboot). ERR_UNSUPPORTED for a store of a
 * newer cbox; ERR_PERMISSION with a hint; ERR_NO_SPACE, ERR_IO. */
int store_open(const char *root, const char *state, struct store **ret, struct err *err);
void store_free(struct store *s);
MEM_DEFINE_CLEANUP(struct store, store_free);

/* The parts of the store, opened when first asked for. */
enum store_dir {
    STORE_ROOT,
    STORE_BLOBS,
    STORE_LAYERS,
    STORE_TAGS,
    STORE_LISTS,
    STORE_CONTAINERS,
    STORE_VOLUMES,
    STORE_NETWORKS,
    STORE_BUILD,
    STORE_BUILD_LAYERS, /* build-cache/layers/ */
    STORE_TMP,
    STORE_STATE,
    STORE_DIRS_, /* their number */
};

/* A descriptor of a part (made where it is missing), owned by the store; or an error. */
int store_dir(struct store *s, enum store_dir dir, int *ret_fd, struct err *err);

/* The absolute paths given to store_open(). */
const char *store_root_path(const struct store *s);
const char *store_state_path(const struct store *s);

/* Takes the store lock; it is released when the descriptor is closed. */
int store_lock(struct store *s, enum lock_mode mode, enum lock_wait wait, int *ret_fd, struct err *err);

/* Moves `name` below `dir` out of sight (into tmp/trash/) and then deletes it: the first is one rename, the second may
 * take long, may be interrupted, and is finished by store_empty_trash() of any later process. What is not there is no
 * error. `delete_now` false leaves the second part to the caller's store_empty_trash(). */
int store_discard(struct store *s, enum store_dir dir, const char *name, bool delete_now, struct err *err);

/* Deletes what lies in tmp/trash/ and nobody is deleting at the moment. What cannot be deleted does not keep it from
 * the rest; the first error is returned. */
int store_empty_trash(struct store *s, struct err *err);

/* The same in a process of its own that may outlive this one, for those who would not wait for it. A failure is left to
 * the next one. Called where no threads run yet. */
void store_empty_trash_aside(struct store *s);

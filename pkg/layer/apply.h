/* Unpacking a layer: a compressed tar becomes a directory tree for overlayfs.
 *
 * The tree starts empty and knows nothing of the layers below, so layers unpack in any order and all at once. The
 * compression (gzip, zstd or none) is recognised by content. What the tar says is taken as Docker takes it:
 *
 * - Names are relative to the tree, absolute ones too; one that leaves it by `..` is refused. Links on the way to a
 *   member are resolved as if the tree were the root, so nothing is ever written outside; the last component is never
 *   followed. Missing parents are made with mode 0755 for root and the time 0. Owner, mode, extended attributes and
 * time to the nanosecond are kept; sockets are left out; the attributes of the root directory itself are not taken
 * over.
 * - `.wh.NAME` becomes an overlay whiteout and `.wh..wh..opq` an opaque directory (OCI image specification, layer.md,
 *   "Whiteouts"). Both speak of lower layers only, wherever they stand in the tar: NAME from the same layer stays, and
 * a directory NAME becomes an opaque one. Other names with `.wh..wh.` are aufs' own and left out.
 * - What would mean something to overlayfs and is not ours cannot be forged: character devices 0:0 and extended
 *   attributes trusted.overlay.* and user.overlay.* of the tar are left out.
 * - An opaque root cannot be said to overlayfs, which always merges the roots: the tree itself then carries
 *   the opaque attribute, and whoever stacks layers leaves out those below it (layer_tree_opaque()).
 *
 * Where the tree lives matters: ext4 passes over recently deleted inodes one by one at each creation in their block
 * group, which makes pulling an image again right after its removal five to ten times slower. The directory *in which*
 * the staging directory of a layer is made must carry FS_TOPDIR_FL (chattr +T, ioctl FS_IOC_SETFLAGS) before that
 * mkdir: then ext4 gives each layer a block group of its own. Renaming it away later changes nothing.
 */
#pragma once

#include "digest/digest.h"
#include "layer/source.h"

#include <stdbool.h>

enum { LAYER_MEMBERS_MAX = 1 << 24 }; /* members of one tar */

struct layer_apply_options {
    int tree_fd;     /* an empty directory, which nobody else changes */
    int manifest_fd; /* an empty file open for reading and writing; gets what the layer holds (layer/manifest.h) */
    bool user_xattr; /* overlay's marks as user.overlay.*, for a mount with the option userxattr (no root) */

    /* Called on the calling thread now and then with the compressed bytes taken so far; may be NULL. */
    void (*progress)(int64_t consumed, void *data);
    void *progress_data;
};

struct layer_applied {
    struct digest_computed diff_id; /* sha256 of the whole uncompressed stream */
    int64_t compressed;             /* bytes read from the source */
    int64_t bytes;                  /* sum of the sizes of regular files */
    int64_t members;                /* tar members that were written */
    int64_t left_out;               /* sockets, forged marks, devices where they are not permitted */
};

/* Unpacks. On failure the tree holds rubbish that the caller removes (path_remove_tree). Changes the umask of the
 * process and starts one thread, which has ended when it returns: for a process of its own (layer/sandbox.h). Nothing
 * is synced: the caller does one syncfs(2) before the rename that makes the layer visible, after comparing `diff_id`.
 *
 * ERR_CORRUPT: the stream is no layer, truncated, damaged, or names something outside; ERR_LIMIT: one of the caps;
 * ERR_UNSUPPORTED: a library is missing; ERR_NO_SPACE, ERR_PERMISSION, ERR_IO: from the file system, naming the member;
 * ERR_INTERRUPTED: the source was given up. Other errors of the source as they are. */
int layer_apply(struct layer_source *source, const struct layer_apply_options *options, struct layer_applied *ret,
                struct err *err);

/* Whether the layer hides all layers below it. */
bool layer_tree_opaque(int tree_fd);

/* Opens every library that layer_apply() may need, so that it works afterwards in a process that sees no files. A
 * missing libzstd is no error before a layer needs it. */
int layer_open_libraries(struct err *err);

/* Unpacking a tar into files that others change at the same time: what `cp - CONTAINER:PATH` does.
 *
 * Every name is resolved inside of a root by the kernel (sys/path.h), and everything is set through descriptors of what
 * was made or opened: whoever renames and links meanwhile can at most have things land elsewhere in the same root.
 * Missing parents are made; directories that are there are joined; what else is there is replaced, but a directory
 * never by something else nor the other way round. Marks of whiteouts mean nothing here.
 */
#pragma once

#include "layer/source.h"
#include "layer/tar.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct layer_unpack {
    int root;                          /* what names are resolved in */
    const char *below;                 /* a directory in the root, where members' names begin */
    const uid_t *owner;                /* whom all of it belongs to: uid and gid; NULL: as the tar says */
    const volatile sig_atomic_t *stop; /* not 0: ERR_INTERRUPTED; may be NULL */
    bool modest;   /* ERR_LIMIT when it takes more than half of the room that was free: what is unpacked for others to
                    * copy it is not worth more, and a bomb leaves room for those who clean up */
    int64_t bytes; /* of regular files, counted up */
};

/* Unpacks; the tar may be compressed (decoder_new_any()). Starts a thread, which has ended when it returns.
 * ERR_CORRUPT, ERR_EXISTS, and what the file system says, naming the member. */
int layer_unpack(struct layer_unpack *how, struct layer_source *source, struct err *err);

/* For those who have their own way with names: the content of a regular member into an empty file. */
int layer_unpack_content(struct tar_reader *tar, int fd, int64_t size, const volatile sig_atomic_t *stop,
                         struct err *err);

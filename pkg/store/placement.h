/* Where on the disk the next layer goes: not for use outside the store.
 *
 * ext4 does not use an inode again for some minutes after its deletion, and passes over each such inode at every
 * creation in its block group. It places a directory made in tmp/layers/ (which has the top-of-hierarchy flag) where
 * there are fewest directories: as likely as not where a layer was just removed, and unpacking then takes several times
 * as long. So the inode numbers of removed layers are remembered for five minutes (in <state>/removed), and a new
 * layer gets the first directory that ext4 offers at a distance from them. A hint and nothing more: where anything of
 * it fails, the first place will do.
 */
#pragma once

#include "store/store.h"

/* Remembers that a layer is going to be removed; `dir` holds it. */
void store_placement_removed(struct store *s, int dirfd, const char *name);

/* Makes the directory `path` below `tmp`, at a good place. */
int store_placement_mkdir(struct store *s, int tmp, const char *path, struct err *err);

/* <root>/skeleton/: the layer below all layers, with the directories and empty files that a container's root needs to
 * be mounted on, and a link that programs look for. Images often lack some of them; made in every container's upper
 * directory they would cost each start a dozen inodes and be in the way of whoever looks for what the container
 * changed. What an image has itself lies above.
 */
#pragma once

#include "store/store.h"

#define STORE_SKELETON "skeleton"

/* Makes it where it is missing: whole, by one rename. */
int store_skeleton_make(struct store *s, struct err *err);

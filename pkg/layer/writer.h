/* Writing the members of a tar into a tree, and what they were into the layer's manifest. */
#pragma once

#include "layer/apply.h"
#include "layer/tar.h"

struct writer;

/* The descriptors in `options` stay the caller's. */
struct writer *writer_new(const struct layer_apply_options *options);
void writer_free(struct writer *w);
MEM_DEFINE_CLEANUP(struct writer, writer_free);

/* Writes one member, taking its content from `tar`. Errors name the member. */
int writer_member(struct writer *w, struct tar_reader *tar, const struct tar_member *m, struct err *err);

/* After the last: completes the manifest and restores the times of directories, which writing into them changed. */
int writer_finish(struct writer *w, struct err *err);

/* Adds up `bytes`, `members` and `left_out`. */
void writer_count(const struct writer *w, struct layer_applied *ret);

/* Keys of steps, and why one was not found.
 *
 * A key is the sha256 of the step's inputs, one after the other with their names and lengths: everything that can
 * change what the step does, and nothing else. Of what lies below it is the layers, not how they came to be; of files
 * their content, mode, owner and name, never a time or an inode (build/files.h). So a step is found again in another
 * Dockerfile, after another base with the same layers, and after a change that was undone.
 */
#pragma once

#include "base/buf.h"
#include "build/layer.h"
#include "build/plan.h"
#include "store/build_cache.h"

struct build_key {
    store_build_inputs inputs;
    char *step;         /* as the record has it */
    char *files;        /* digest of a list of files (files.h), or NULL */
    char hex[65];       /* once build_key_finish() was called */
    size_t base_layers; /* so many of the layers below are the base image's: for explaining, no input */
};

void build_key_add(struct build_key *k, const char *name, const char *value);
int build_key_finish(struct build_key *k, struct err *err);
void build_key_release(struct build_key *k);
#define _cleanup_build_key_ _cleanup_(build_key_release)

/* The inputs of a RUN: `below`, and `mounts` of what its mounts show, digests by the index of run.mounts (NULL: none
 * that counts). */
void build_key_of_run(const struct build_plan *plan, const struct build_step *step, const build_layers *below,
                      char *const *mounts, struct build_key *ret);

/* Of a COPY or ADD: `content` is files.h's digest of what is copied, `lists` its name as a list of files. With --link
 * nothing below counts. Of a WORKDIR. */
void build_key_of_copy(const struct build_plan *plan, const struct build_step *step, const build_layers *below,
                       const char *content, const char *list, struct build_key *ret);
void build_key_of_workdir(const struct build_plan *plan, const struct build_step *step, const build_layers *below,
                          struct build_key *ret);

/* The layer of an earlier step with this key (without `members`): ERR_NOT_FOUND. And keeping one, where a layer is
 * empty as a step that changed nothing; `ceiling` as of store_build_keep(). */
int build_cache_find(struct store *s, const char *key, struct build_layer *ret, struct err *err);
int build_cache_keep(struct store *s, const struct build_key *k, const struct build_layer *layer, int64_t ceiling,
                     struct err *err);

/* In words, a line each, what differs from the nearest earlier step: of those with the same text the one with the most
 * equal inputs, the latest of several; "no earlier build has this step" where there is none. Of files their names, at
 * most 10. Appended to `out`. For a step that was found: which input made it, when. */
int build_cache_explain(struct store *s, const struct build_key *k, bool found, struct buf *out, struct err *err);

/* --cache-from, --cache-to: steps with their layers, from and to a registry or a directory (cache_remote.c). What is
 * taken from there is verified like a pull. What is given there are the steps `keys` that are kept here: all, or those
 * that made layers of `result`, and that changed nothing. */
int build_cache_import(struct store *s, const struct config *config, const struct build_cache_place *from,
                       struct err *err);
int build_cache_export(struct store *s, const struct config *config, const struct build_cache_place *to,
                       char *const *keys, const build_layers *result, struct err *err);

/* --cache-to type=inline: the same of those that made layers of an image, as JSON for its config; the caller frees it.
 * The same steps give the same text, so that an image with it is as reproducible as one without: no dates are in it. */
char *build_cache_inline(struct store *s, char *const *keys, const build_layers *result);

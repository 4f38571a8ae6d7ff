/* Options of a build as the command line has them, in the words of docker build: what --output, --secret, --ssh,
 * --build-context, --cache-from and --cache-to say.
 *
 * Each fills `ret`, which the caller releases after 0; ERR_INVALID and ERR_UNSUPPORTED say what is wrong in it. Lists
 * are values separated by commas, some of them in quotes (RFC 4180).
 */
#pragma once

#include "build/build.h"

/* "type=TYPE[,KEY=VALUE…]", "-", or a directory. Types are local, tar, oci, docker, image, registry, cacheonly; docker
 * without a destination is the store, as for docker. */
int build_output_parse(const char *text, struct build_output *ret, struct err *err);
void build_output_release(struct build_output *o);

/* What a single output cannot know: that no two write to standard output. `terminal`: that is a terminal. */
int build_outputs_check(const struct build_request *q, bool terminal, struct err *err);

/* "id=ID[,type=file|env][,src=PATH][,env=NAME]": without a source the variable ID, or the file of that name where there
 * is no such variable. */
int build_secret_parse(const char *text, struct build_secret *ret, struct err *err);
void build_secret_release(struct build_secret *s);

/* "ID[=PATH[,PATH…]]" */
int build_ssh_parse(const char *text, struct build_ssh *ret, struct err *err);
void build_ssh_release(struct build_ssh *s);

/* "NAME=WHAT"; the name as a FROM has it ("alpine", "base:1"), without ":latest". */
int build_named_parse(const char *text, struct build_named_context *ret, struct err *err);
void build_named_release(struct build_named_context *c);

/* A reference alone, or "type=registry,ref=…", "type=local,src=…" (or dest=… with `to`); mode=min|max and
 * "type=inline" with `to`. */
int build_cache_place_parse(const char *text, bool to, struct build_cache_place *ret, struct err *err);
void build_cache_place_release(struct build_cache_place *p);

/* "[manifest,index:]KEY=VALUE"; without a prefix it is the manifest's. */
int build_annotation_parse(const char *text, struct build_annotation *ret, struct err *err);
void build_annotation_release(struct build_annotation *a);

/* That those of an index are for a build that makes one. */
int build_annotations_check(const struct build_request *q, struct err *err);

/* --platform: "OS/ARCH[/VARIANT]" or "local", lists with commas between them. Normalised, each once. */
int build_platforms_parse(char *const *given, char ***ret, struct err *err);

/* That the files and sockets of secrets and SSH are there, whether a step is going to ask for them or not. */
int build_sources_check(const struct build_request *q, struct err *err);

/* All that the above put into a request. */
void build_request_release(struct build_request *q);
#define _cleanup_build_request_ _cleanup_(build_request_release)

/* --metadata-file: what came of it, as buildx writes it: digests, the manifest's descriptor, the names. Appended. */
struct buf;
void build_metadata(const struct build_request *q, const struct build_result *result, struct buf *out);

#pragma once
#include "build/build.h"
struct buf;
int build_output_parse(const char *text, struct build_output *ret, struct err *err);
int build_secret_parse(const char *text, struct build_secret *ret, struct err *err);
int build_ssh_parse(const char *text, struct build_ssh *ret, struct err *err);
int build_named_parse(const char *text, struct build_named_context *ret, struct err *err);
int build_cache_place_parse(const char *text, bool to, struct build_cache_place *ret, struct err *err);
void build_request_release(struct build_request *q);
void build_metadata(const struct build_request *q, const struct build_result *r, struct buf *out);

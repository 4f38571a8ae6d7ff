/* What the option table of `build` asks of an argument. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

int check_image_annotation(const char *text, struct err *err);
int check_attestation(const char *text, struct err *err);
int check_builder(const char *text, struct err *err);
int check_cache_from(const char *text, struct err *err);
int check_cache_to(const char *text, struct err *err);
int check_call(const char *text, struct err *err);
int check_entitlement(const char *text, struct err *err);
int check_named_context(const char *text, struct err *err);
int check_no_attestation(const char *text, struct err *err);
int check_output(const char *text, struct err *err);
int check_platforms(const char *text, struct err *err);
int check_secret(const char *text, struct err *err);
int check_ssh(const char *text, struct err *err);
int check_tag(const char *text, struct err *err);

/* --call: METHOD[,format=text|json] */
enum build_method { BUILD_CALL_BUILD, BUILD_CALL_CHECK, BUILD_CALL_OUTLINE, BUILD_CALL_TARGETS };
struct build_call {
    enum build_method method;
    bool json;
};
int read_call(const char *text, struct build_call *ret, struct err *err);

/* The checks of a runtime specification, by its parts, and what they share. Not for use outside of oci/spec*.c.
 *
 * Each names the field as a path from the top of the document, with indices: "linux.devices[2].path: ...".
 */
#pragma once

#include "oci/spec.h"
#include "oci/spec_words.h"

enum { SPEC_FIELD_MAX = 96 };

/* The name of a field, for as long as the block that holds the call. */
#define SPEC_FIELD(...) spec_field((char[SPEC_FIELD_MAX]){0}, __VA_ARGS__)
const char *spec_field(char out[SPEC_FIELD_MAX], const char *fmt, ...) _printf_(2, 3);

/* "FIELD: WHY"; ERR_INVALID. */
int spec_fail(struct err *err, const char *field, const char *fmt, ...) _printf_(3, 4);

int spec_check_absolute(const char *path, const char *field, struct err *err);
int spec_check_id(int64_t id, const char *field, struct err *err);
int spec_check_range(int64_t n, int64_t min, int64_t max, const char *field, struct err *err);
int spec_check_word(const char *word, const char *const words[], const char *field, struct err *err);
int spec_check_words(char *const *list, const char *const words[], const char *field, struct err *err);
int spec_check_paths(char *const *paths, const char *field, struct err *err);

/* NAME=VALUE each. */
int spec_check_env(char *const *env, const char *field, struct err *err);

/* Numbers and ranges of them, "0-3,7"; NULL and "" are none. */
int spec_check_list(const char *list, const char *field, struct err *err);

/* At most as many as the kernel takes, each of ids, and none of them twice (user_namespaces(7)). */
int spec_check_mappings(const oci_id_mappings *mappings, const char *field, struct err *err);

int spec_check_process(const struct oci_process *process, struct err *err);
int spec_check_mounts(const struct oci_spec *spec, struct err *err);
int spec_check_hooks(const struct oci_hooks *hooks, struct err *err);
int spec_check_linux(const struct oci_spec *spec, struct err *err);
int spec_check_seccomp(const struct oci_seccomp *seccomp, struct err *err);

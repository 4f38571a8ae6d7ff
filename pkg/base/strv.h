/* NULL-terminated vectors of strings: argument lists, environments, lists in documents.
 *
 * NULL is the empty vector everywhere. A vector owns its strings; strv_free() frees both. Functions that change a
 * vector take its address; only a vector that they made themselves can be added to, since its spare room follows from
 * its length.
 */
#pragma once

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

void strv_free(char **v);
MEM_DEFINE_CLEANUP(char *, strv_free);
#define _cleanup_strv_ _cleanup_(strv_free_cleanup)

size_t strv_len(char *const *v);

/* Appends a copy of `s`, or (take) `s` itself, which the vector then owns. */
void strv_add(char ***v, const char *s);
void strv_take(char ***v, char *s);
/* strv_take() where the caller knows that the vector has `n` strings: for lists as long as their source likes, whose
 * length would else be counted again for each string. */
void strv_take_at(char ***v, size_t n, char *s);
void strv_addf(char ***v, const char *fmt, ...) _printf_(2, 3);
/* Appends copies of all of `from`. */
void strv_extend(char ***v, char *const *from);

char **strv_copy(char *const *v);
bool strv_contains(char *const *v, const char *s);
bool strv_equal(char *const *a, char *const *b);

/* Splits at every `sep`; keeps empty parts: "a,,b" gives three, "" gives one. */
char **strv_split(const char *s, char sep);

/* Joined with `sep` between the parts; the caller frees it. */
char *strv_join(char *const *v, const char *sep);

/* Sorted by bytes, in place. */
void strv_sort(char **v);

/* Environments, vectors of NAME=VALUE: the value of NAME in `env` or NULL; and setting NAME, whose earlier entry is
 * replaced in its place. `assignment` is NAME=VALUE. */
const char *strv_env_get(char *const *env, const char *name);
void strv_env_set(char ***env, const char *assignment);

/* Whether one of the entries is `wanted`, NAME=VALUE, or has the name `wanted`: how labels are looked for. */
bool strv_env_has(char *const *env, const char *wanted);

#define STRV_FOREACH(it, v) for (char *const *it = (char *const *)(v); it && *it; it++)

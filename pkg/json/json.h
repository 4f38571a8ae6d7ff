/* JSON documents <-> C structs, by tables.
 *
 * A document type is a `struct json_type`: the size of its struct and a table of fields, each with its JSON name, kind
 * and offset. json_parse() fills a zeroed struct, json_dump() writes one, json_free() releases everything it owns: one
 * table serves all three, so reading and writing cannot disagree. Unknown names are ignored, as the OCI specifications
 * demand, unless the type is strict. `null` counts as absent. A value of another type than the table's is an
 * error that names the field as a path: `config.Env[2]: string expected`.
 *
 * Foreign documents are hostile: callers pass size limits; nesting deeper than 64 and duplicate keys are refused;
 * strings with embedded NUL are refused.
 *
 * This is the only place that includes jansson's header.
 */
#pragma once

#include "base/buf.h"
#include "base/strv.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind {
    JSON_K_STRING,    /* char * */
    JSON_K_BOOL,      /* bool */
    JSON_K_BOOL_PTR,  /* bool *: NULL where absent */
    JSON_K_INT64,     /* int64_t; refuses fractions */
    JSON_K_INT64_PTR, /* int64_t *: NULL where absent, for numbers whose 0 means something */
    JSON_K_UINT64,    /* uint64_t; up to 2^64-1 */
    JSON_K_STRV,      /* char **: an array of strings */
    JSON_K_INTS,      /* VEC(int64_t): an array of whole numbers */
    JSON_K_MAP, /* char **: an object of strings as NAME=VALUE entries, sorted by name (names holding '=' are refused)
                 */
    JSON_K_SET, /* char **: the keys of an object whose values are ignored, written as {} (ExposedPorts, Volumes) */
    JSON_K_OBJECT,     /* the struct itself, inline; absent leaves it zeroed */
    JSON_K_OBJECT_PTR, /* struct pointer, NULL where absent */
    JSON_K_ARRAY,      /* VEC(struct): an array of objects */
    JSON_K_DICT, /* VEC(struct) of a type whose first field (JSON_K_STRING, name NULL) is the key: an object of objects
                  */
    JSON_K_RAW,  /* char *: any value, kept as compact JSON text and written back as it is */
    JSON_K_CUSTOM, /* a string converted by the type's functions: digests, times */
};

enum json_flags {
    JSON_REQUIRED = 1 << 0,   /* absent is an error */
    JSON_WRAPS = 1 << 2,      /* INT64, INT64_PTR: 2^64-1 is -1, as writers have it whose type has no sign */
    JSON_KEEP_EMPTY = 1 << 1, /* write 0, false, "", [] as well; by default empty values are left out */
};

struct json_type;

/* Converts one string value; `field` points at the member. */
struct json_conversion {
    int (*parse)(const char *text, void *field, struct err *err);
    char *(*format)(const void *field); /* NULL: nothing to write; else freed by the caller */
};

struct json_field {
    const char *name;
    enum json_kind kind;
    size_t offset;
    unsigned flags;
    const struct json_type *type;             /* OBJECT, OBJECT_PTR, ARRAY, DICT */
    const struct json_conversion *conversion; /* CUSTOM */
};

struct json_type {
    const char *name; /* for errors: "image manifest" */
    size_t size;
    const struct json_field *fields;
    size_t n_fields;
    bool strict; /* an unknown name is an error that names the nearest known one */
};

/* Table entries: JSON_FIELD(struct oci_manifest, "layers", JSON_K_ARRAY, layers, JSON_REQUIRED, &oci_descriptor_type).
 */
#define JSON_FIELD(s, json_name, k, member, ...)                                     \
    {                                                                                \
        .name = (json_name), .kind = (k), .offset = offsetof(s, member), __VA_ARGS__ \
    }

/* Parses `len` bytes that hold exactly one JSON object. ERR_INVALID with position or field path. On failure nothing is
 * owned by `out` (it is zeroed). */
int json_parse(const char *text, size_t len, const struct json_type *type, void *out, struct err *err);

/* Appends the document as compact JSON in the table's order (so equal structs give equal bytes), or indented. */
void json_dump(const struct json_type *type, const void *in, bool indent, struct buf *out);

/* Appends a document that was found valid with each value on a line of its own, `indent` a level; its names, values and
 * order stay (Go's json.Indent). At most 32 levels are indented. */
void json_indent(const char *text, size_t len, const char *indent, struct buf *out);

/* Copies the struct with all that it owns into `out`, by way of its document: what the table does not name stays
 * behind, and what is required has to be there. ERR_INVALID. The caller releases `out` after 0. */
int json_duplicate(const struct json_type *type, const void *in, void *out, struct err *err);

/* Releases what the struct owns and zeroes it. */
void json_free(const struct json_type *type, void *object);

/* Sets the member that `path` names, from the outermost object inwards (at most 8 names, ended by NULL), to `value`,
 * which is JSON itself, or with NULL removes it; objects on the way to it are made. Everything else in the document
 * stays byte for byte what it was. An empty text is taken for an empty object. `text` has no limit, and is changed
 * after 0 alone; ERR_INVALID for what is no JSON, or no object on the way. The caller has capped its nesting by reading
 * it with json_parse(). */
int json_edit(struct buf *text, const char *const *path, const char *value, struct err *err);

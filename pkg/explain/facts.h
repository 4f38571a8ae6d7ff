/* Statements about a container, each with where it was read: what `cbox explain` prints, as lines and as JSON.
 *
 * A wall is a fact with facts below it. Facts are added while the kernel's files are read; nothing here reads anything.
 */
#pragma once

#include "base/buf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct explain_fact;
typedef struct explain_facts {
    struct explain_fact *v;
    size_t n, cap;
} explain_facts;

struct explain_fact {
    char *name;   /* among its neighbours: "pid", "CAP_CHOWN", "/proc"; what scripts look for, and always the same */
    char *text;   /* what people read: one line, without its newline and without a full stop */
    char *value;  /* the same for programs, as JSON; NULL where the text says it all */
    char *source; /* the file, or the query of the kernel, that it was read from; NULL: as of the fact above */
    bool weak;    /* less than a container has that was run without options */
    explain_facts below;
};

/* Adds one; the strings are copied, `format` is printf's. The fact stays the list's, and is valid until the next one is
 * added to the same list. */
struct explain_fact *explain_add(explain_facts *to, const char *name, const char *source, const char *format, ...)
    _printf_(4, 5);

/* The one that lies below. */
struct explain_fact *explain_below(struct explain_fact *above, const char *name, const char *source, const char *format,
                                   ...) _printf_(4, 5);

/* Sets the value: a whole number, a string, a list of strings. */
void explain_number(struct explain_fact *fact, int64_t value);
void explain_string(struct explain_fact *fact, const char *value);
void explain_strings(struct explain_fact *fact, char *const *values);

void explain_facts_release(explain_facts *facts);
#define _cleanup_explain_facts_ _cleanup_(explain_facts_release)

/* Appends the lines, indented by what lies below what, texts broken at `width` columns (0: never) and beginning in one
 * column; with `sources` each line says where it was read. What a container named itself is made printable. */
void explain_print(const explain_facts *facts, int width, bool sources, struct buf *out);

/* Statements about a container, each with where it was read: what `cbox explain` prints, as lines and as JSON.
 *
 * A wall is a fact with facts below it. Facts are added while the kernel's files are read; nothing here reads anything.
 */
#pragma once

#include "base/vec.h"
#include "cli/value.h"

#include <stdbool.h>
#include <stdint.h>

struct explain_fact;
typedef struct explain_facts {
    struct explain_fact *v;
    size_t n, cap;
} explain_facts;

struct explain_fact {
    char *name; /* among its neighbours: "pid", "CAP_CHOWN", "/proc"; what scripts look for, always the same */
    char *text; /* what people read: one line, without its newline and without a full stop */
    struct cli_value value; /* the same for programs; CLI_NULL where the text says it all */
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

/* Puts one under a key of a value that is a map, and makes it one; `value` is taken over. */
void explain_put(struct explain_fact *fact, const char *key, struct cli_value value);

/* The fact of this name in the list, or NULL. */
const struct explain_fact *explain_find(const explain_facts *facts, const char *name);

void explain_facts_release(explain_facts *facts);
#define _cleanup_explain_facts_ _cleanup_(explain_facts_release)

/* The facts as a list of maps: Name, Text, and where there are any Value, Source, Weak, Facts. What is not said of a
 * fact itself has the source of the one above. */
struct cli_value explain_facts_value(const explain_facts *facts);

/* Appends the lines, indented by `indent` columns and what lies below another by two more, names in a column of their
 * own, texts broken at `width` columns (0: never); with `sources` each says where it was read, below it. What a
 * container named itself is made printable. */
struct explain_print {
    size_t indent, width;
    bool sources;
};
void explain_print(const explain_facts *facts, const struct explain_print *how, struct buf *out);

/* Appends a text at `indent`, broken at blanks so that no line is longer than `width` unless a single word is. The
 * first line begins where `out` is. */
void explain_print_text(const char *text, size_t indent, size_t width, struct buf *out);

/* Values of any shape: what a command shows, as its --format sees it.
 *
 * A value is null, a boolean, a number, a string, a list or a map; maps keep the order in which their keys were added.
 * A container owns what is added to it.
 */
#pragma once

#include "base/buf.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

enum cli_value_kind {
    CLI_NULL,
    CLI_BOOL,
    CLI_NUMBER, /* whole */
    CLI_FRACTION,
    CLI_TEXT,
    CLI_SEQUENCE,
    CLI_MAP,
};

struct cli_value {
    enum cli_value_kind kind;
    bool hidden; /* for templates that ask for it by name, and no part of what JSON shows */
    union {
        bool truth;
        int64_t number;
        double fraction;
        char *text;
        struct {
            struct cli_value *items;
            char **keys; /* of a map: one an item */
            size_t n, cap;
            bool absent; /* an empty one that JSON has as null: Go's nil */
            bool fixed;  /* a map whose keys are all there are, as a struct of Go's: asking for others is an error */
        };
    };
};
#define CLI_FIELDS ((struct cli_value){.kind = CLI_MAP, .fixed = true})

struct cli_value cli_value_text(const char *text); /* copied; NULL gives "" */
struct cli_value cli_value_number(int64_t number);
struct cli_value cli_value_truth(bool truth);
struct cli_value cli_value_list(char *const *texts);
struct cli_value cli_value_copy(const struct cli_value *v);
void cli_value_release(struct cli_value *v);
#define _cleanup_value_ _cleanup_(cli_value_release)

/* Appends to a list, or puts under a key of a map (a key that is there already gets the new value); `item` is taken
 * over. The list or map was zeroed but for its kind. The address is good until the next addition. */
struct cli_value *cli_value_append(struct cli_value *list, struct cli_value item);
struct cli_value *cli_value_put(struct cli_value *map, const char *key, struct cli_value item);

/* Short for putting one that is hidden. */
void cli_value_put_hidden(struct cli_value *map, const char *key, struct cli_value item);

/* Short for putting a text. */
void cli_value_put_text(struct cli_value *map, const char *key, const char *text);

/* Short for putting each of the NAME=VALUE entries. */
void cli_value_put_entries(struct cli_value *map, char *const *entries);

/* What a map has under a key, or NULL; also for a value that is no map. */
const struct cli_value *cli_value_get(const struct cli_value *map, const char *key);

/* Whether an `if` takes it for true: anything but null, false, 0 and what is empty. */
bool cli_value_is_true(const struct cli_value *v);

/* As Go prints it with %v: text as it is, [a b], map[k:v], <no value>. */
void cli_value_print(const struct cli_value *v, struct buf *out);

/* As JSON, compact or indented by `indent` blanks a level; `sorted`: keys of maps in their order as text. */
void cli_value_json(const struct cli_value *v, int indent, bool sorted, struct buf *out);

/* The indexes of a map's keys in their order as text; the caller frees it. */
size_t *cli_value_order(const struct cli_value *map);

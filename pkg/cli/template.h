/* Templates for --format: Go's text/template as Docker's commands use it.
 *
 *     {{.Field}} {{.Map.Key}} {{$}}      pipelines: {{.Names | upper}}, {{json .}}, {{index .List 0}}
 *     {{if}} {{else if}} {{else}} {{range $i, $v := .List}} {{break}} {{continue}} {{with}} {{end}}
 *     {{$v := .Field}} {{$v = …}}        variables
 *     {{- -}}                            cut the blanks beside them
 *     {{/ * … * /}}                      comments
 *
 * Functions: Go's and or not eq ne lt le gt ge len index slice print printf println, Docker's json join lower pad split
 * title truncate upper. Templates that define and call each other are refused. A field that the data does not have is
 * an error which lists those it has; a key that is missing below is "<no value>", as in Go, unless
 * its map is fixed.
 *
 * Parsing and executing have no other effects than what they return; nesting is bounded.
 */
#pragma once

#include "cli/value.h"

struct cli_template;

/* ERR_INVALID with line and column. `\t` and `\n` written with a backslash outside of actions mean the characters, as
 * in Docker. The caller frees `*ret`. */
int cli_template_parse(const char *text, struct cli_template **ret, struct err *err);
void cli_template_free(struct cli_template *t);
MEM_DEFINE_CLEANUP(struct cli_template, cli_template_free);

enum cli_template_mode {
    CLI_TEMPLATE_DATA,
    CLI_TEMPLATE_HEADING, /* functions that change a text's form leave it: for the headings of a table */
};

/* Appends what the template makes of `data`. ERR_INVALID; what was appended before stays. */
int cli_template_execute(const struct cli_template *t, const struct cli_value *data, enum cli_template_mode mode,
                         struct buf *out, struct err *err);

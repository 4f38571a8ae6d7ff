/* The tree of a template, between its parser, its executor and its functions; not for use elsewhere. */
#pragma once

#include "base/vec.h"
#include "cli/template.h"

enum { CLI_TEMPLATE_DEPTH = 64 };

struct cli_pipe;

/* .A.B, $x.A, (pipe).A, 12, "text", a function's name. */
enum cli_operand_kind {
    CLI_OPERAND_DOT,
    CLI_OPERAND_VARIABLE,
    CLI_OPERAND_CONSTANT,
    CLI_OPERAND_PIPE,
    CLI_OPERAND_FUNCTION,
};

struct cli_operand {
    enum cli_operand_kind kind;
    char *name; /* of a variable, "$" and what follows, or of a function */
    char **fields;
    struct cli_value constant;
    struct cli_pipe *pipe;
    size_t position; /* in the template's text */
};

typedef VEC(struct cli_operand) cli_operands;

/* a | b c: the value of each command is the last argument of the next. */
struct cli_pipe {
    char *variables[2]; /* $i, $v :=; NULL where there is none */
    bool assigns;       /* "=" in place of ":=" */
    VEC(cli_operands) commands;
};

enum cli_node_kind {
    CLI_NODE_TEXT,
    CLI_NODE_ACTION,
    CLI_NODE_IF,
    CLI_NODE_WITH,
    CLI_NODE_RANGE,
    CLI_NODE_BREAK,
    CLI_NODE_CONTINUE,
};

struct cli_node;
typedef VEC(struct cli_node) cli_nodes;

struct cli_node {
    enum cli_node_kind kind;
    char *text;
    struct cli_pipe *pipe;
    cli_nodes body, otherwise;
};

struct cli_template {
    char *text;
    cli_nodes nodes;
};

void cli_operand_release(struct cli_operand *o);
void cli_operands_release(cli_operands *operands);

/* "2:5", for errors. */
enum { CLI_PLACE_MAX = 48 };
char *cli_template_place(const char *text, size_t position, char ret[CLI_PLACE_MAX]);

/* ---- functions ---- */

/* What a function works with: its arguments, and its result, which is owned by whoever called it. */
struct cli_call_of_function {
    const struct cli_value *const *args;
    size_t n;
    bool heading;
};

struct cli_function {
    const char *name;
    size_t min, max;
    int (*call)(const struct cli_call_of_function *call, struct cli_value *ret, struct err *err);
};

/* NULL where there is none of this name. */
const struct cli_function *cli_function_find(const char *name);

/* The nearest name, for errors; NULL where none is near. */
const char *cli_function_near(const char *name);

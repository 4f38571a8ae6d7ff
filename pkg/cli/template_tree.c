/* The tree of a template: places in its text, and releasing it. */
#include "cli/template_internal.h"

#include "base/strv.h"

#include <stdio.h>

char *cli_template_place(const char *text, size_t position, char ret[CLI_PLACE_MAX])
{
    size_t line = 1, start = 0;

    for (size_t i = 0; i < position && text[i]; i++) {
        if (text[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    snprintf(ret, CLI_PLACE_MAX, "%zu:%zu", line, position - start + 1);
    return ret;
}

static void pipe_free(struct cli_pipe *pipe);

void cli_operand_release(struct cli_operand *o)
{
    free(o->name);
    strv_free(o->fields);
    cli_value_release(&o->constant);
    pipe_free(o->pipe);
}

void cli_operands_release(cli_operands *operands)
{
    VEC_FOREACH (o, operands)
        cli_operand_release(o);
    free(operands->v);
    *operands = (cli_operands){0};
}

static void pipe_free(struct cli_pipe *pipe)
{
    if (!pipe)
        return;
    VEC_FOREACH (command, &pipe->commands)
        cli_operands_release(command);
    free(pipe->commands.v);
    free(pipe->variables[0]);
    free(pipe->variables[1]);
    free(pipe);
}

static void nodes_release(cli_nodes *nodes)
{
    VEC_FOREACH (node, nodes) {
        free(node->text);
        pipe_free(node->pipe);
        nodes_release(&node->body);
        nodes_release(&node->otherwise);
    }
    free(nodes->v);
}

void cli_template_free(struct cli_template *t)
{
    nodes_release(&t->nodes);
    free(t->text);
    free(t);
}

/* Tree and data to text. Values are borrowed from the data or the tree where they can be; what a function made lives
 * until the end of the execution. */
#include "cli/template_internal.h"

#include "base/strv.h"

struct variable {
    const char *name;
    const struct cli_value *value;
};

struct executor {
    const struct cli_template *t;
    const struct cli_value *data;
    enum cli_template_mode mode;
    struct buf *out;
    struct err *err;
    VEC(struct variable) variables;
    VEC(struct cli_value *) made;
};

/* What a list of nodes ended with; failures are negative. */
enum flow {
    FLOW_ON,
    FLOW_BREAK,
    FLOW_CONTINUE,
};

static const struct cli_value nothing = {.kind = CLI_NULL};

static const struct cli_value *keep(struct executor *x, struct cli_value v)
{
    struct cli_value *kept = mem_dup(&v, sizeof(v));

    *VEC_PUSH(&x->made) = kept;
    return kept;
}

static int fail(struct executor *x, size_t position, const char *what)
{
    char place[CLI_PLACE_MAX];

    return err_set(x->err, ERR_INVALID, "template: %s: %s", cli_template_place(x->t->text, position, place), what);
}

/* ---- operands ---- */

/* At the top a field is one of those that the command shows; below, keys come and go unless they are fixed. What is
 * hidden and not there has no fields, as Go's nil. */
static bool may_lack(const struct executor *x, const struct cli_value *v)
{
    return v->kind == CLI_MAP ? v != x->data && !v->fixed : v->kind == CLI_NULL && !v->hidden;
}

static int no_such_field(struct executor *x, const struct cli_operand *o, const struct cli_value *v, const char *field)
{
    _cleanup_free_ char *known = NULL, *what = NULL;

    if (v->kind == CLI_MAP) {
        char **names = NULL;

        for (size_t i = 0; i < v->n; i++)
            strv_add(&names, v->keys[i]);
        known = strv_join(names, ", ");
        strv_free(names);
        what = str_printf("no field .%s; there are %s", field, known);
    } else {
        what = str_printf("can't evaluate field %s: what comes before it has no fields", field);
    }
    return fail(x, o->position, what);
}

static int walk(struct executor *x, const struct cli_operand *o, const struct cli_value **v)
{
    STRV_FOREACH (field, o->fields) {
        const struct cli_value *found = cli_value_get(*v, *field);

        if (!found && !may_lack(x, *v))
            return no_such_field(x, o, *v, *field);
        *v = found ? found : &nothing;
    }
    return 0;
}

static int evaluate_pipe(struct executor *x, const struct cli_value *dot, const struct cli_pipe *pipe,
                         const struct cli_value **ret);

static const struct cli_value *variable_value(const struct executor *x, const char *name)
{
    for (size_t i = x->variables.n; i > 0; i--)
        if (str_eq(x->variables.v[i - 1].name, name))
            return x->variables.v[i - 1].value;
    return x->data; /* "$" */
}

static int call(struct executor *x, const struct cli_operand *o, const struct cli_value *const *args, size_t n,
                const struct cli_value **ret)
{
    const struct cli_function *f = cli_function_find(o->name);
    struct cli_call_of_function how = {args, n, x->mode == CLI_TEMPLATE_HEADING};
    struct cli_value v = {0};
    struct err why = ERR_INIT;
    _cleanup_free_ char *what = NULL;

    if (n < f->min || n > f->max) {
        what = str_printf("wrong number of args for %s: %s%zu wanted, %zu given", f->name,
                          f->min == f->max ? ""
                          : n < f->min     ? "at least "
                                           : "at most ",
                          n < f->min ? f->min : f->max, n);
        return fail(x, o->position, what);
    }
    if (f->call(&how, &v, &why) == 0) {
        *ret = keep(x, v);
        return 0;
    }
    cli_value_release(&v);
    what = str_printf("error calling %s: %s", f->name, why.text);
    return fail(x, o->position, what);
}

static int evaluate_operand(struct executor *x, const struct cli_value *dot, const struct cli_operand *o,
                            const struct cli_value **ret)
{
    switch (o->kind) {
    case CLI_OPERAND_CONSTANT:
        *ret = &o->constant;
        return 0;
    case CLI_OPERAND_FUNCTION:
        return call(x, o, NULL, 0, ret);
    case CLI_OPERAND_DOT:
        *ret = dot;
        break;
    case CLI_OPERAND_VARIABLE:
        *ret = variable_value(x, o->name);
        break;
    case CLI_OPERAND_PIPE:
        if (evaluate_pipe(x, dot, o->pipe, ret) < 0)
            return ERR_INVALID;
        break;
    }
    return walk(x, o, ret);
}

/* ---- commands and pipelines ---- */

/* Whether the value settles an `and` or an `or`. */
static bool is_settled(const char *name, const struct cli_value *v)
{
    return (str_eq(name, "and") && !cli_value_is_true(v)) || (str_eq(name, "or") && cli_value_is_true(v));
}

/* "com.example.some-name" -> "some name": Docker's heading for {{.Label "…"}}. */
static struct cli_value heading_of(const char *key)
{
    const char *dot = strrchr(key, '.');
    struct cli_value v = cli_value_text(dot ? dot + 1 : key);

    for (char *p = v.text; *p; p++)
        *p = (char)(*p == '-' || *p == '_' ? ' ' : *p);
    return v;
}

/* A field with an argument is a look into the map that it is ({{.Label "name"}}). */
static int look_up(struct executor *x, const struct cli_operand *o, const struct cli_value *const *args, size_t n,
                   const struct cli_value **v)
{
    static const struct cli_value empty = {.kind = CLI_TEXT, .text = (char *)""};
    const struct cli_value *found;

    if (n == 1 && args[0]->kind == CLI_TEXT && x->mode == CLI_TEMPLATE_HEADING) {
        *v = keep(x, heading_of(args[0]->text));
        return 0;
    }
    if (n != 1 || (*v)->kind != CLI_MAP || args[0]->kind != CLI_TEXT)
        return fail(x, o->position, "can't give arguments to what is no function");
    found = cli_value_get(*v, args[0]->text);
    *v = found ? found : &empty;
    return 0;
}

/* `piped`: the value of the command before, or NULL. */
static int evaluate_command(struct executor *x, const struct cli_value *dot, const cli_operands *command,
                            const struct cli_value *piped, const struct cli_value **ret)
{
    const struct cli_operand *first = &command->v[0];
    _cleanup_free_ const struct cli_value **args = mem_zalloc(command->n + 1, sizeof(*args));
    size_t n = 0;

    for (size_t i = 1; i < command->n; i++) {
        if (evaluate_operand(x, dot, &command->v[i], &args[n]) < 0)
            return ERR_INVALID;
        n++;
        if (first->kind == CLI_OPERAND_FUNCTION && is_settled(first->name, args[n - 1])) {
            *ret = args[n - 1];
            return 0;
        }
    }
    if (piped)
        args[n++] = piped;
    if (first->kind == CLI_OPERAND_FUNCTION)
        return call(x, first, args, n, ret);
    if (evaluate_operand(x, dot, first, ret) < 0)
        return ERR_INVALID;
    return n ? look_up(x, first, args, n, ret) : 0;
}

static int evaluate_pipe(struct executor *x, const struct cli_value *dot, const struct cli_pipe *pipe,
                         const struct cli_value **ret)
{
    const struct cli_value *piped = NULL;

    VEC_FOREACH (command, &pipe->commands) {
        if (evaluate_command(x, dot, command, piped, &piped) < 0)
            return ERR_INVALID;
    }
    *ret = piped;
    return 0;
}

static void set_variable(struct executor *x, const char *name, bool assigns, const struct cli_value *value)
{
    for (size_t i = x->variables.n; assigns && i > 0; i--) {
        if (str_eq(x->variables.v[i - 1].name, name)) {
            x->variables.v[i - 1].value = value;
            return;
        }
    }
    *VEC_PUSH(&x->variables) = (struct variable){name, value};
}

/* ---- nodes ---- */

static int execute_nodes(struct executor *x, const struct cli_value *dot, const cli_nodes *nodes);

static int execute_action(struct executor *x, const struct cli_value *dot, const struct cli_pipe *pipe)
{
    const struct cli_value *v;

    if (evaluate_pipe(x, dot, pipe, &v) < 0)
        return ERR_INVALID;
    if (pipe->variables[0])
        set_variable(x, pipe->variables[0], pipe->assigns, v);
    else
        cli_value_print(v, x->out);
    return FLOW_ON;
}

static int execute_branch(struct executor *x, const struct cli_value *dot, const struct cli_node *node)
{
    const struct cli_value *v;

    if (evaluate_pipe(x, dot, node->pipe, &v) < 0)
        return ERR_INVALID;
    if (node->pipe->variables[0])
        set_variable(x, node->pipe->variables[0], node->pipe->assigns, v);
    if (cli_value_is_true(v))
        return execute_nodes(x, node->kind == CLI_NODE_WITH ? v : dot, &node->body);
    return execute_nodes(x, dot, &node->otherwise);
}

/* One turn: $v, or $i and $v. */
static int execute_turn(struct executor *x, const struct cli_node *node, const struct cli_value *key,
                        const struct cli_value *item)
{
    const struct cli_pipe *pipe = node->pipe;
    size_t in_sight = x->variables.n;
    int r;

    if (pipe->variables[0])
        set_variable(x, pipe->variables[0], pipe->assigns, pipe->variables[1] ? key : item);
    if (pipe->variables[1])
        set_variable(x, pipe->variables[1], pipe->assigns, item);
    r = execute_nodes(x, item, &node->body);
    x->variables.n = in_sight;
    return r;
}

static int execute_range(struct executor *x, const struct cli_value *dot, const struct cli_node *node)
{
    _cleanup_free_ size_t *order = NULL;
    const struct cli_value *v;

    if (evaluate_pipe(x, dot, node->pipe, &v) < 0)
        return ERR_INVALID;
    if (v->kind != CLI_SEQUENCE && v->kind != CLI_MAP && v->kind != CLI_NULL)
        return fail(x, node->pipe->commands.v[0].v[0].position, "range can't iterate over what is no list and no map");
    if (!cli_value_is_true(v))
        return execute_nodes(x, dot, &node->otherwise);
    if (v->kind == CLI_MAP)
        order = cli_value_order(v);
    for (size_t i = 0; i < v->n; i++) {
        size_t at = order ? order[i] : i;
        const struct cli_value *key = keep(x, order ? cli_value_text(v->keys[at]) : cli_value_number((int64_t)at));
        int r = execute_turn(x, node, key, &v->items[at]);

        if (r < 0 || r == FLOW_BREAK)
            return MIN_OF(r, FLOW_ON);
    }
    return FLOW_ON;
}

static int execute_node(struct executor *x, const struct cli_value *dot, const struct cli_node *node)
{
    switch (node->kind) {
    case CLI_NODE_TEXT:
        buf_adds(x->out, node->text);
        break;
    case CLI_NODE_ACTION:
        return execute_action(x, dot, node->pipe);
    case CLI_NODE_IF:
    case CLI_NODE_WITH:
        return execute_branch(x, dot, node);
    case CLI_NODE_RANGE:
        return execute_range(x, dot, node);
    case CLI_NODE_BREAK:
        return FLOW_BREAK;
    case CLI_NODE_CONTINUE:
        return FLOW_CONTINUE;
    }
    return FLOW_ON;
}

static int execute_nodes(struct executor *x, const struct cli_value *dot, const cli_nodes *nodes)
{
    size_t in_sight = x->variables.n;
    int r = FLOW_ON;

    for (size_t i = 0; i < nodes->n && r == FLOW_ON; i++)
        r = execute_node(x, dot, &nodes->v[i]);
    x->variables.n = in_sight;
    return r;
}

int cli_template_execute(const struct cli_template *t, const struct cli_value *data, enum cli_template_mode mode,
                         struct buf *out, struct err *err)
{
    struct err own = ERR_INIT;
    struct executor x = {.t = t, .data = data, .mode = mode, .out = out, .err = &own};
    int r = execute_nodes(&x, data, &t->nodes);

    VEC_FOREACH (made, &x.made) {
        cli_value_release(*made);
        free(*made);
    }
    free(x.made.v);
    free(x.variables.v);
    if (r < 0 && err)
        *err = own;
    return MIN_OF(r, 0);
}

/* Text to tree. text/template/parse is the model; where Go has an error, so have we. */
#include "cli/template_internal.h"

#include "base/strv.h"

#include <stdio.h>

struct parser {
    const char *text;
    const char *p;
    bool trim;              /* the last action said to cut the blanks behind it */
    int depth;              /* of nodes and parentheses */
    int loops;              /* ranges around */
    cli_operands variables; /* names in sight, the innermost last */
    struct err *err;
};

/* What ended a list of nodes. */
enum ending {
    ENDING_TEXT,
    ENDING_END,
    ENDING_ELSE,
};

static int fail(struct parser *ps, const char *at, const char *fmt, ...) _printf_(3, 4);
static int fail(struct parser *ps, const char *at, const char *fmt, ...)
{
    char place[CLI_PLACE_MAX];
    va_list ap;
    _cleanup_free_ char *what = NULL;

    va_start(ap, fmt);
    what = str_vprintf(fmt, ap);
    va_end(ap);
    return err_set(ps->err, ERR_INVALID, "template: %s: %s",
                   cli_template_place(ps->text, (size_t)(at - ps->text), place), what);
}

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t word_length(const char *p)
{
    size_t n = 0;

    while (is_letter(p[n]) || (n && is_digit(p[n])))
        n++;
    return n;
}

static void skip_blanks(struct parser *ps)
{
    while (is_blank(*ps->p))
        ps->p++;
}

/* Behind the word if it comes next. */
static bool take_word(struct parser *ps, const char *word)
{
    size_t n = strlen(word);

    if (word_length(ps->p) != n || strncmp(ps->p, word, n) != 0)
        return false;
    ps->p += n;
    return true;
}

/* "}}", or " -}}" which cuts the blanks behind it. */
static size_t closing(const struct parser *ps)
{
    if (str_after(ps->p, "}}"))
        return 2;
    return str_after(ps->p, "-}}") && ps->p > ps->text && is_blank(ps->p[-1]) ? 3 : 0;
}

static int close_action(struct parser *ps)
{
    size_t n;

    skip_blanks(ps);
    n = closing(ps);
    if (!n)
        return *ps->p ? fail(ps, ps->p, "unexpected '%c' in an action", *ps->p) : fail(ps, ps->p, "unclosed action");
    ps->p += n;
    ps->trim = n == 3;
    return 0;
}

/* ---- operands ---- */

static int parse_escape(struct parser *ps, struct buf *out)
{
    static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
    const char *found = *ps->p ? strchr(from, *ps->p) : NULL;

    if (!found)
        return fail(ps, ps->p, "unknown escape in a string");
    buf_addc(out, to[found - from]);
    ps->p++;
    return 0;
}

static int parse_text(struct parser *ps, struct cli_operand *o)
{
    _cleanup_buf_ struct buf b = BUF_INIT;
    const char *start = ps->p;
    char quote = *ps->p++;

    while (*ps->p != quote) {
        if (!*ps->p || (*ps->p == '\n' && quote == '"'))
            return fail(ps, start, "unterminated quoted string");
        if (*ps->p == '\\' && quote == '"') {
            ps->p++;
            if (parse_escape(ps, &b) < 0)
                return ERR_INVALID;
        } else {
            buf_addc(&b, *ps->p++);
        }
    }
    ps->p++;
    o->kind = CLI_OPERAND_CONSTANT;
    o->constant = cli_value_text(buf_str(&b));
    return 0;
}

static int parse_number(struct parser *ps, struct cli_operand *o)
{
    size_t n = strcspn(ps->p, " \t\r\n|)}");
    _cleanup_free_ char *text = str_ndup(ps->p, n);
    char *end;

    o->kind = CLI_OPERAND_CONSTANT;
    errno = 0;
    o->constant = cli_value_number(strtoll(text, &end, 0));
    if (*end || errno) {
        o->constant = (struct cli_value){.kind = CLI_FRACTION, .fraction = strtod(text, &end)};
        if (*end)
            return fail(ps, ps->p, "bad number '%s'", text);
    }
    ps->p += n;
    return 0;
}

static int parse_word(struct parser *ps, struct cli_operand *o)
{
    size_t n = word_length(ps->p);
    const char *near;

    o->name = str_ndup(ps->p, n);
    o->kind = CLI_OPERAND_CONSTANT;
    if (str_eq(o->name, "true") || str_eq(o->name, "false"))
        o->constant = cli_value_truth(*o->name == 't');
    else if (!str_eq(o->name, "nil"))
        o->kind = CLI_OPERAND_FUNCTION;
    if (o->kind == CLI_OPERAND_FUNCTION && !cli_function_find(o->name)) {
        near = cli_function_near(o->name);
        return near ? fail(ps, ps->p, "function \"%s\" not defined; did you mean %s?", o->name, near)
                    : fail(ps, ps->p, "function \"%s\" not defined", o->name);
    }
    ps->p += n;
    return 0;
}

static int parse_variable(struct parser *ps, struct cli_operand *o)
{
    size_t n = 1 + word_length(ps->p + 1);

    o->kind = CLI_OPERAND_VARIABLE;
    o->name = str_ndup(ps->p, n);
    if (n > 1) {
        bool known = false;

        VEC_FOREACH (v, &ps->variables)
            known |= str_eq(v->name, o->name);
        if (!known)
            return fail(ps, ps->p, "undefined variable \"%s\"", o->name);
    }
    ps->p += n;
    return 0;
}

static int parse_pipe(struct parser *ps, struct cli_pipe **ret);

static int parse_parenthesis(struct parser *ps, struct cli_operand *o)
{
    const char *start = ps->p++;

    o->kind = CLI_OPERAND_PIPE;
    if (++ps->depth > CLI_TEMPLATE_DEPTH)
        return fail(ps, start, "nested too deeply");
    if (parse_pipe(ps, &o->pipe) < 0)
        return ERR_INVALID;
    ps->depth--;
    if (*ps->p != ')')
        return fail(ps, start, "unclosed left paren");
    ps->p++;
    return 0;
}

static void parse_fields(struct parser *ps, struct cli_operand *o)
{
    size_t n;

    while (*ps->p == '.' && (n = word_length(ps->p + 1))) {
        strv_take(&o->fields, str_ndup(ps->p + 1, n));
        ps->p += 1 + n;
    }
}

static int parse_operand(struct parser *ps, struct cli_operand *o)
{
    int r = 0;

    o->position = (size_t)(ps->p - ps->text);
    if (*ps->p == '.' && !is_digit(ps->p[1])) {
        o->kind = CLI_OPERAND_DOT;
        if (!word_length(ps->p + 1))
            ps->p++;
    } else if (*ps->p == '$') {
        r = parse_variable(ps, o);
    } else if (*ps->p == '"' || *ps->p == '`') {
        r = parse_text(ps, o);
    } else if (*ps->p == '(') {
        r = parse_parenthesis(ps, o);
    } else if (is_digit(*ps->p) || *ps->p == '-' || *ps->p == '+' || *ps->p == '.') {
        r = parse_number(ps, o);
    } else if (is_letter(*ps->p)) {
        r = parse_word(ps, o);
    } else {
        return *ps->p ? fail(ps, ps->p, "unexpected '%c' in an action", *ps->p) : fail(ps, ps->p, "unclosed action");
    }
    if (r == 0 && o->kind != CLI_OPERAND_CONSTANT && o->kind != CLI_OPERAND_FUNCTION)
        parse_fields(ps, o);
    if (r == 0 && *ps->p && !is_blank(*ps->p) && !strchr("|)=:,", *ps->p) && !closing(ps))
        return fail(ps, ps->p, "unexpected '%c' behind an operand", *ps->p);
    return r;
}

/* ---- pipelines ---- */

static bool at_end_of_pipe(const struct parser *ps)
{
    return closing(ps) || *ps->p == ')' || !*ps->p;
}

static int parse_command(struct parser *ps, cli_operands *command)
{
    for (;;) {
        skip_blanks(ps);
        if (*ps->p == '|' || at_end_of_pipe(ps))
            break;
        if (parse_operand(ps, VEC_PUSH(command)) < 0)
            return ERR_INVALID;
    }
    if (!command->n)
        return fail(ps, ps->p, *ps->p ? "missing value for command" : "unclosed action");
    if (command->v[0].kind == CLI_OPERAND_CONSTANT && command->n > 1)
        return fail(ps, ps->text + command->v[0].position, "can't give arguments to what is no function");
    return 0;
}

/* "$i, $v :=" and "$v =". Nothing is taken where none comes. */
static int parse_declaration(struct parser *ps, struct cli_pipe *pipe)
{
    const char *p = ps->p;
    char *names[2] = {NULL, NULL};
    size_t n = 0;

    while (n < 2 && *p == '$') {
        size_t len = 1 + word_length(p + 1);

        names[n++] = str_ndup(p, len);
        p += len;
        while (is_blank(*p))
            p++;
        if (*p != ',')
            break;
        for (p++; is_blank(*p); p++)
            ;
    }
    if (n && (str_after(p, ":=") || (*p == '=' && p[1] != '='))) {
        pipe->variables[0] = names[0];
        pipe->variables[1] = names[1];
        pipe->assigns = *p == '=';
        ps->p = p + (pipe->assigns ? 1 : 2);
        return (int)n;
    }
    free(names[0]);
    free(names[1]);
    return 0;
}

static int declare(struct parser *ps, const struct cli_pipe *pipe)
{
    for (size_t i = 0; i < 2 && pipe->variables[i]; i++) {
        bool known = false;

        if (!pipe->assigns) {
            VEC_PUSH(&ps->variables)->name = str_dup(pipe->variables[i]);
            continue;
        }
        VEC_FOREACH (v, &ps->variables)
            known |= str_eq(v->name, pipe->variables[i]);
        if (!known)
            return fail(ps, ps->p, "undefined variable \"%s\"", pipe->variables[i]);
    }
    return 0;
}

static int parse_pipe(struct parser *ps, struct cli_pipe **ret)
{
    struct cli_pipe *pipe = *ret = mem_zalloc(1, sizeof(*pipe));

    skip_blanks(ps);
    parse_declaration(ps, pipe);
    for (;;) {
        if (parse_command(ps, VEC_PUSH(&pipe->commands)) < 0)
            return ERR_INVALID;
        if (pipe->commands.n > 1) {
            const struct cli_operand *first = &pipe->commands.v[pipe->commands.n - 1].v[0];

            if (first->kind == CLI_OPERAND_CONSTANT)
                return fail(ps, ps->text + first->position, "a value can't be a later stage of a pipeline");
        }
        if (at_end_of_pipe(ps))
            return declare(ps, pipe);
        ps->p++; /* | */
    }
}

/* ---- nodes ---- */

/* Text with Docker's \t and \n for the characters. */
static char *unescape(const char *from, const char *to)
{
    struct buf b = BUF_INIT;

    for (; from < to; from++) {
        if (*from == '\\' && from + 1 < to && (from[1] == 't' || from[1] == 'n'))
            buf_addc(&b, *++from == 't' ? '\t' : '\n');
        else
            buf_addc(&b, *from);
    }
    return buf_steal(&b);
}

/* Up to the next action; false at the end of the template. */
static bool parse_plain(struct parser *ps, cli_nodes *nodes)
{
    const char *open = strstr(ps->p, "{{"), *from = ps->p, *to = open ? open : ps->p + strlen(ps->p);

    if (ps->trim)
        while (from < to && is_blank(*from))
            from++;
    ps->trim = false;
    if (open) {
        ps->p = open + 2;
        if (*ps->p == '-' && is_blank(ps->p[1])) {
            ps->p++;
            while (to > from && is_blank(to[-1]))
                to--;
        }
    } else {
        ps->p = to;
    }
    if (from < to)
        *VEC_PUSH(nodes) = (struct cli_node){.kind = CLI_NODE_TEXT, .text = unescape(from, to)};
    return open != NULL;
}

static int parse_comment(struct parser *ps)
{
    const char *end = strstr(ps->p, "*/");

    if (!end)
        return fail(ps, ps->p, "unclosed comment");
    ps->p = end + 2;
    return close_action(ps);
}

static int parse_nodes(struct parser *ps, cli_nodes *nodes, enum ending *ret);

/* if, with, range: what follows the word. `else if` is an `if` in the other branch that shares the `end`. */
static int parse_control(struct parser *ps, enum cli_node_kind kind, struct cli_node *node)
{
    const char *start = ps->p;
    size_t in_sight = ps->variables.n;
    enum ending ending;

    node->kind = kind;
    if (++ps->depth > CLI_TEMPLATE_DEPTH)
        return fail(ps, start, "nested too deeply");
    if (parse_pipe(ps, &node->pipe) < 0 || close_action(ps) < 0)
        return ERR_INVALID;
    if (node->pipe->variables[1] && kind != CLI_NODE_RANGE)
        return fail(ps, start, "too many declarations");
    ps->loops += kind == CLI_NODE_RANGE;
    if (parse_nodes(ps, &node->body, &ending) < 0)
        return ERR_INVALID;
    ps->loops -= kind == CLI_NODE_RANGE;
    if (ending == ENDING_ELSE) {
        skip_blanks(ps);
        kind = take_word(ps, "if") ? CLI_NODE_IF : take_word(ps, "with") ? CLI_NODE_WITH : CLI_NODE_TEXT;
        if (kind != CLI_NODE_TEXT) {
            if (parse_control(ps, kind, VEC_PUSH(&node->otherwise)) < 0)
                return ERR_INVALID;
            ending = ENDING_END;
        } else if (close_action(ps) < 0 || parse_nodes(ps, &node->otherwise, &ending) < 0) {
            return ERR_INVALID;
        }
    }
    if (ending != ENDING_END)
        return fail(ps, start,
                    ending == ENDING_ELSE ? "expected end; found else" : "unexpected EOF: an end is missing");
    while (ps->variables.n > in_sight)
        cli_operand_release(&ps->variables.v[--ps->variables.n]);
    ps->depth--;
    return 0;
}

static int parse_action(struct parser *ps, cli_nodes *nodes, enum ending *ret)
{
    static const struct {
        const char *word;
        enum cli_node_kind kind;
    } controls[] = {{"if", CLI_NODE_IF}, {"with", CLI_NODE_WITH}, {"range", CLI_NODE_RANGE}},
      jumps[] = {{"break", CLI_NODE_BREAK}, {"continue", CLI_NODE_CONTINUE}};
    static const char *const refused[] = {"define", "template", "block"};

    skip_blanks(ps);
    if (str_after(ps->p, "/*"))
        return parse_comment(ps);
    if (take_word(ps, "end")) {
        *ret = ENDING_END;
        return close_action(ps);
    }
    if (take_word(ps, "else")) {
        *ret = ENDING_ELSE;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        if (take_word(ps, refused[i]))
            return fail(ps, ps->p - strlen(refused[i]), "{{%s}} is not supported: a format is one template",
                        refused[i]);
    for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
        if (take_word(ps, controls[i].word))
            return parse_control(ps, controls[i].kind, VEC_PUSH(nodes));
    for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
        if (!take_word(ps, jumps[i].word))
            continue;
        if (!ps->loops)
            return fail(ps, ps->p, "{{%s}} outside {{range}}", jumps[i].word);
        VEC_PUSH(nodes)->kind = jumps[i].kind;
        return close_action(ps);
    }
    *VEC_PUSH(nodes) = (struct cli_node){.kind = CLI_NODE_ACTION};
    if (parse_pipe(ps, &nodes->v[nodes->n - 1].pipe) < 0)
        return ERR_INVALID;
    return close_action(ps);
}

static int parse_nodes(struct parser *ps, cli_nodes *nodes, enum ending *ret)
{
    *ret = ENDING_TEXT;
    while (*ret == ENDING_TEXT && parse_plain(ps, nodes))
        if (parse_action(ps, nodes, ret) < 0)
            return ERR_INVALID;
    return 0;
}

int cli_template_parse(const char *text, struct cli_template **ret, struct err *err)
{
    _cleanup_(cli_template_free_cleanup) struct cli_template *t = mem_zalloc(1, sizeof(*t));
    struct err own = ERR_INIT;
    struct parser ps = {.err = &own};
    enum ending ending = ENDING_TEXT;
    int r;

    t->text = str_dup(text);
    ps.text = ps.p = t->text;
    r = parse_nodes(&ps, &t->nodes, &ending);
    if (r == 0 && ending != ENDING_TEXT)
        r = fail(&ps, ps.p, "unexpected {{%s}}", ending == ENDING_END ? "end" : "else");
    cli_operands_release(&ps.variables);
    if (r < 0) {
        if (err)
            *err = own;
        return r;
    }
    *ret = steal_ptr(&t);
    return 0;
}

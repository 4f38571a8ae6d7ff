#include "cli/generate.h"

#include "cli/help.h"

/* What the commands' functions call for names that only the program knows. */
static const char helpers[] = "__@_names() {\n"
                              "    local -a names\n"
                              "    names=(${(f)\"$(@ __complete $1 2>/dev/null)\"})\n"
                              "    compadd -a names\n"
                              "}\n"
                              "__@_image() { __@_names image }\n"
                              "__@_container() { __@_names container }\n"
                              "__@_network() { __@_names network }\n"
                              "__@_volume() { __@_names volume }\n";

/* "_cbox_image_ls" */
static char *function_name(const char *path)
{
    char *name = str_printf("_%s", path);

    for (char *p = name; *p; p++)
        if (*p == ' ' || *p == '-')
            *p = '_';
    return name;
}

/* The action of _arguments that completes `values`; the caller frees it. */
static char *action(enum cli_values values, const char *const *words, const char *program)
{
    _cleanup_free_ char *all = words ? strv_join((char *const *)words, " ") : NULL;

    switch (values) {
    case CLI_VALUES_NONE:
        return str_dup(" ");
    case CLI_VALUES_FILE:
        return str_dup("_files");
    case CLI_VALUES_DIRECTORY:
        return str_dup("_files -/");
    case CLI_VALUES_WORDS:
        return str_printf("(%s)", all);
    case CLI_VALUES_IMAGE:
    case CLI_VALUES_CONTAINER:
    case CLI_VALUES_VOLUME:
    case CLI_VALUES_NETWORK:
    case CLI_VALUES_COMMAND:
        break;
    }
    return str_printf("__%s_%s", program, cli_values_word(values));
}

/* Appends `text` for use within [...] or between colons of an argument of _arguments. */
static void add_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text))
            buf_addc(out, '\\');
        buf_addc(out, *text);
    }
}

static void add_argument(struct buf *out, const struct buf *argument)
{
    buf_adds(out, " \\\n        ");
    cli_add_shell_word(out, buf_str(argument));
}

/* One spelling of an option: '(-m --memory)-m+[Memory limit]:bytes: ' */
static void add_spelling(struct buf *out, const struct cli_option *o, const char *spelling, const char *program)
{
    _cleanup_free_ char *values = action(o->values, o->words, program);
    _cleanup_buf_ struct buf a = BUF_INIT;

    if (o->kind == CLI_K_LIST)
        buf_addc(&a, '*');
    else if (o->letter)
        buf_addf(&a, "(-%c --%s)", o->letter, o->name);
    buf_addf(&a, "%s[", spelling);
    add_text(&a, o->help);
    buf_addc(&a, ']');
    if (o->kind != CLI_K_FLAG) {
        buf_addc(&a, ':');
        add_text(&a, cli_option_word(o));
        buf_addf(&a, ":%s", values);
    }
    add_argument(out, &a);
}

static void add_options(struct buf *out, const struct cli_command *c, const char *program)
{
    for (size_t i = 0; i < c->n_options; i++) {
        const struct cli_option *o = &c->options[i];
        bool flag = o->kind == CLI_K_FLAG;
        char letter[] = {'-', o->letter, flag ? 0 : '+', 0};
        _cleanup_free_ char *name = str_printf("--%s%s", o->name, flag ? "" : "=");

        if (o->hidden)
            continue;
        if (o->letter)
            add_spelling(out, o, letter, program);
        add_spelling(out, o, name, program);
    }
    buf_adds(out, " \\\n        '(- *)--help[Print usage]'");
}

static void add_operands(struct buf *out, const struct cli_command *c, const char *program)
{
    int min, max;

    cli_count_operands(c->operands, &min, &max);
    for (int i = 0; i < MIN_OF(max, 2); i++) {
        _cleanup_free_ char *values = action(c->values[i], NULL, program);
        _cleanup_buf_ struct buf a = BUF_INIT;
        /* One word that repeats is first and others at once. */
        bool repeated = max == CLI_ANY && (i == 1 || !strchr(c->operands, ' '));

        buf_addf(&a, "%s:%s:%s", repeated ? "*" : "", "argument", values);
        add_argument(out, &a);
        if (repeated)
            break;
    }
}

static void add_group(struct buf *out, const struct cli_command *c, const char *function)
{
    buf_adds(out, " \\\n        ': :->command' '*:: :->arguments'\n    case $state in\n    command)\n"
                  "        local -a commands\n        commands=(\n");
    for (size_t i = 0; i < c->n_entries; i++) {
        _cleanup_buf_ struct buf word = BUF_INIT;

        if (c->entries[i].section == CLI_HIDDEN)
            continue;
        buf_addf(&word, "%s:%s", c->entries[i].name, c->entries[i].command->summary);
        buf_adds(out, "            ");
        cli_add_shell_word(out, buf_str(&word));
        buf_addc(out, '\n');
    }
    buf_adds(out, "        )\n        _describe -t commands command commands\n        ;;\n    arguments)\n"
                  "        case $words[1] in\n");
    for (size_t i = 0; i < c->n_entries; i++) {
        const struct cli_entry *e = &c->entries[i];

        if (e->section != CLI_HIDDEN)
            buf_addf(out, "        %s%s%s) %s_%s ;;\n", e->name, e->alias ? " | " : "", e->alias ? e->alias : "",
                     function, e->name);
    }
    buf_adds(out, "        esac\n        ;;\n    esac\n");
}

struct zsh {
    struct buf *out;
    const char *program;
};

static void add_command(const struct cli_command *c, const char *path, const char *alias, void *data)
{
    struct zsh *z = data;
    _cleanup_free_ char *function = function_name(path);

    (void)alias;
    buf_addf(z->out, "\n%s() {\n", function);
    if (c->entries)
        buf_adds(z->out, "    local curcontext=$curcontext state line\n    typeset -A opt_args\n");
    buf_addf(z->out, "    _arguments -s -S%s :", c->entries || c->stop_at_first ? " -A '-*'" : "");
    add_options(z->out, c, z->program);
    if (c->entries) {
        add_group(z->out, c, function);
    } else {
        add_operands(z->out, c, z->program);
        buf_addc(z->out, '\n');
    }
    buf_adds(z->out, "}\n");
}

void cli_generate_zsh(const struct cli_command *root, const char *program, struct buf *out)
{
    struct zsh z = {out, program};

    buf_addf(
        out,
        "#compdef %s\n# zsh completion for %s. Written by \"make generate\" from the command tables: do not edit.\n\n",
        program, program);
    cli_add_template(out, helpers, program);
    buf_addf(out, "__%s_command() { compadd --", program);
    for (size_t i = 0; i < root->n_entries; i++)
        if (root->entries[i].section != CLI_HIDDEN)
            buf_addf(out, " %s", root->entries[i].name);
    buf_addc(out, ' ');
    cli_add_topics(out, root);
    buf_adds(out, " }\n");
    cli_visit(root, program, add_command, &z);
    buf_addf(out, "\n_%s \"$@\"\n", program);
}

#include "cli/generate.h"

/* The condition of every line: the words before the cursor name one of these commands ("" is the program alone). */
static const char condition[] =
    "function __@_at --description 'Whether the words before the cursor name one of these commands'\n"
    "    set -l path\n"
    "    set -l skip 0\n"
    "    for word in (commandline -opc)[2..]\n"
    "        if test $skip = 1\n"
    "            set skip 0\n"
    "        else if contains -- $word $__@_with_argument\n"
    "            set skip 1\n"
    "        else if not string match -q -- '-*' $word\n"
    "            set -l next (string join ' ' $path $word)\n"
    "            contains -- $next $__@_commands; or break\n"
    "            set path $next\n"
    "        end\n"
    "    end\n"
    "    contains -- \"$path\" $argv\n"
    "end\n\n"
    "complete -c @ -f\n";

/* Appends `text` as one word: fish escapes a quote, and a backslash, within single quotes. */
static void add_word(struct buf *out, const char *text)
{
    buf_addc(out, '\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            buf_addc(out, '\\');
        buf_addc(out, *text);
    }
    buf_addc(out, '\'');
}

struct fish {
    struct buf *out;
    const char *program;
};

/* "complete -c cbox -n "__cbox_at 'image ls' 'image list'"" */
static void begin_line(struct fish *f, const char *path, const char *alias)
{
    size_t skip = strlen(f->program);

    path += path[skip] ? skip + 1 : skip;
    buf_addf(f->out, "complete -c %s -n \"__%s_at '%s'", f->program, f->program, path);
    if (alias)
        buf_addf(f->out, " '%s'", alias + skip + 1);
    buf_adds(f->out, "\"");
}

/* " -x -a '…'": what the argument may be. */
static void add_values(struct fish *f, enum cli_values values, const char *const *words)
{
    _cleanup_free_ char *all = words ? strv_join((char *const *)words, " ") : NULL;
    _cleanup_free_ char *call = NULL;

    switch (values) {
    case CLI_VALUES_NONE:
        break;
    case CLI_VALUES_FILE:
        buf_adds(f->out, " -F");
        break;
    case CLI_VALUES_DIRECTORY:
        buf_adds(f->out, " -a '(__fish_complete_directories)'");
        break;
    case CLI_VALUES_WORDS:
        buf_adds(f->out, " -a ");
        add_word(f->out, all);
        break;
    case CLI_VALUES_IMAGE:
    case CLI_VALUES_CONTAINER:
    case CLI_VALUES_VOLUME:
    case CLI_VALUES_NETWORK:
        call = str_printf("(%s __complete %s 2>/dev/null)", f->program, cli_values_word(values));
        buf_adds(f->out, " -a ");
        add_word(f->out, call);
        break;
    case CLI_VALUES_COMMAND:
        buf_addf(f->out, " -a \"$__%s_commands $__%s_topics\"", f->program, f->program);
        break;
    }
}

static void add_option(struct fish *f, const struct cli_option *o, const char *path, const char *alias)
{
    begin_line(f, path, alias);
    if (o->letter)
        buf_addf(f->out, " -s %c", o->letter);
    buf_addf(f->out, " -l %s", o->name);
    if (o->kind != CLI_K_FLAG) {
        buf_adds(f->out, o->values == CLI_VALUES_FILE ? " -r" : " -x");
        add_values(f, o->values, o->words);
    }
    buf_adds(f->out, " -d ");
    add_word(f->out, o->help);
    buf_addc(f->out, '\n');
}

static void add_command(const struct cli_command *c, const char *path, const char *alias, void *data)
{
    struct fish *f = data;

    if (c->n_entries || c->n_options || c->values[0] != CLI_VALUES_NONE)
        buf_addc(f->out, '\n');
    for (size_t i = 0; i < c->n_entries; i++) {
        const struct cli_entry *e = &c->entries[i];

        if (e->section == CLI_HIDDEN)
            continue;
        begin_line(f, path, alias);
        buf_addf(f->out, " -a %s -d ", e->name);
        add_word(f->out, e->command->summary);
        buf_addc(f->out, '\n');
    }
    for (size_t i = 0; i < c->n_options; i++)
        if (!c->options[i].hidden)
            add_option(f, &c->options[i], path, alias);
    if (c->operands && c->values[0] != CLI_VALUES_NONE) {
        begin_line(f, path, alias);
        add_values(f, c->values[0], NULL);
        buf_addc(f->out, '\n');
    }
}

static void add_path(const struct cli_command *c, const char *path, const char *alias, void *data)
{
    struct fish *f = data;
    size_t skip = strlen(f->program) + 1;

    (void)c;
    if (!path[skip - 1])
        return;
    buf_addc(f->out, ' ');
    add_word(f->out, path + skip);
    if (alias) {
        buf_addc(f->out, ' ');
        add_word(f->out, alias + skip);
    }
}

void cli_generate_fish(const struct cli_command *root, const char *program, struct buf *out)
{
    struct fish f = {out, program};

    buf_addf(out, "# fish completion for %s. Written by \"make generate\" from the command tables: do not edit.\n\n",
             program);
    buf_addf(out, "set -g __%s_commands", program);
    cli_visit(root, program, add_path, &f);
    buf_addf(out, "\nset -g __%s_topics ", program);
    cli_add_topics(out, root);
    buf_addf(out, "\n# what stands before the command and takes the next word\nset -g __%s_with_argument", program);
    for (size_t i = 0; i < root->n_options; i++)
        if (root->options[i].kind != CLI_K_FLAG)
            buf_addf(out, " --%s", root->options[i].name);
    buf_adds(out, "\n\n");
    cli_add_template(out, condition, program);
    cli_visit(root, program, add_command, &f);
}

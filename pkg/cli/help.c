#include "cli/help.h"

#include <stdio.h>

enum {
    NAME_WIDTH = 11, /* of command names, at least */
    TEXT_WIDTH_MIN = 24,
    TEXT_COLUMN_NARROW = 10, /* where texts start on a line of their own, when the screen is too narrow */
};

static void add_spaces(struct buf *out, size_t n)
{
    buf_addf(out, "%*s", (int)n, "");
}

/* Appends `text` broken at spaces into lines of `width`; further lines start at `column`. */
static void add_wrapped(struct buf *out, const char *text, size_t column, size_t width)
{
    size_t used = 0;

    while (*text) {
        size_t len = strcspn(text, " \n");

        if (used && used + 1 + len > width) {
            buf_addc(out, '\n');
            add_spaces(out, column);
            used = 0;
        }
        if (used)
            buf_addc(out, ' ');
        buf_add(out, text, len);
        used += len + (used ? 1 : 0);
        text += len;
        text += *text ? 1 : 0;
    }
    buf_addc(out, '\n');
}

const char *cli_option_word(const struct cli_option *option)
{
    static const char *const words[] = {
        [CLI_K_FLAG] = "",      [CLI_K_STRING] = "string", [CLI_K_LIST] = "list",     [CLI_K_INT] = "int",
        [CLI_K_SIZE] = "bytes", [CLI_K_NANO] = "decimal",  [CLI_K_CUSTOM] = "string",
    };

    return option->word ? option->word : words[option->kind];
}

/* "  -m, --memory bytes", "      --read-only" */
static char *option_head(const struct cli_option *o)
{
    const char *word = cli_option_word(o);
    char letter[] = {'-', o->letter, ',', 0};

    return str_printf("  %-3s --%s%s%s", o->letter ? letter : "", o->name, *word ? " " : "", word);
}

static void add_options(const struct cli_command *c, const char *title, unsigned columns, struct buf *out)
{
    size_t column = 0, width;
    bool narrow;

    for (size_t i = 0; i < c->n_options; i++) {
        _cleanup_free_ char *head = option_head(&c->options[i]);

        if (!c->options[i].hidden)
            column = MAX_OF(column, strlen(head) + 3);
    }
    if (!column)
        return;
    narrow = column + TEXT_WIDTH_MIN + 1 > columns;
    if (narrow)
        column = TEXT_COLUMN_NARROW;
    width = MAX_OF(columns, column + 2) - 1 - column;

    buf_addf(out, "\n%s:\n", title);
    for (size_t i = 0; i < c->n_options; i++) {
        const struct cli_option *o = &c->options[i];
        _cleanup_free_ char *head = option_head(o), *text = NULL;

        if (o->hidden)
            continue;
        text = o->shown_default ? str_printf("%s (default %s)", o->help, o->shown_default) : str_dup(o->help);
        buf_adds(out, head);
        if (narrow)
            buf_addc(out, '\n');
        add_spaces(out, narrow ? column : column - strlen(head));
        add_wrapped(out, text, column, width);
    }
}

static void add_section(const struct cli_command *group, enum cli_section section, const char *title, struct buf *out)
{
    size_t width = NAME_WIDTH;
    bool any = false;

    for (size_t i = 0; i < group->n_entries; i++)
        if (group->entries[i].section != CLI_HIDDEN)
            width = MAX_OF(width, strlen(group->entries[i].name));
    for (size_t i = 0; i < group->n_entries; i++) {
        const struct cli_entry *e = &group->entries[i];

        if (e->section != section)
            continue;
        if (!any)
            buf_addf(out, "\n%s:\n", title);
        any = true;
        buf_addf(out, "  %-*s %s\n", (int)width, e->name, e->command->summary);
    }
}

void cli_usage_line(const struct cli_command *command, const char *path, struct buf *out)
{
    buf_adds(out, path);
    if (command->n_options)
        buf_adds(out, " [OPTIONS]");
    if (command->entries)
        buf_adds(out, " COMMAND");
    if (command->operands)
        buf_addf(out, " %s", command->operands);
}

static void add_paths(const struct cli_command *group, const char *path, const struct cli_command *command, char ***out)
{
    /* Groups first, as Docker lists "docker image ls" before "docker images". */
    for (size_t i = 0; i < group->n_entries; i++) {
        const struct cli_entry *e = &group->entries[i];
        _cleanup_free_ char *below = str_printf("%s %s", path, e->name);

        if (e->command->entries && e->section != CLI_HIDDEN)
            add_paths(e->command, below, command, out);
    }
    for (size_t i = 0; i < group->n_entries; i++) {
        const struct cli_entry *e = &group->entries[i];

        if (e->command != command || e->section == CLI_HIDDEN)
            continue;
        strv_addf(out, "%s %s", path, e->name);
        if (e->alias)
            strv_addf(out, "%s %s", path, e->alias);
    }
}

char **cli_command_paths(const struct cli_command *root, const char *program, const struct cli_command *command)
{
    char **paths = NULL;

    add_paths(root, program, command, &paths);
    return paths;
}

static void add_topics(const struct cli_command *command, const char *program, struct buf *out)
{
    size_t width = NAME_WIDTH;

    if (!command->topics)
        return;
    for (const struct cli_topic *t = command->topics; t->name; t++)
        width = MAX_OF(width, strlen(t->name));
    buf_addf(out, "\nTopics, see '%s help TOPIC':\n", program);
    for (const struct cli_topic *t = command->topics; t->name; t++)
        buf_addf(out, "  %-*s %.*s\n", (int)width, t->name, (int)strcspn(t->text, "\n"), t->text);
}

void cli_help(const struct cli_command *root, const char *program, const struct cli_command *command, const char *path,
              unsigned columns, struct buf *out)
{
    _cleanup_strv_ char **paths = cli_command_paths(root, program, command);

    buf_adds(out, "Usage:  ");
    cli_usage_line(command, path, out);
    buf_addf(out, "\n\n%s\n", command->summary);
    if (strv_len(paths) > 1) {
        _cleanup_free_ char *all = strv_join(paths, ", ");

        buf_addf(out, "\nAliases:\n  %s\n", all);
    }
    add_section(command, CLI_COMMON, "Common Commands", out);
    add_section(command, CLI_MANAGEMENT, "Management Commands", out);
    add_section(command, CLI_OTHER, "Commands", out);
    add_options(command, command == root ? "Global Options" : "Options", columns, out);
    if (command->entries)
        buf_addf(out, "\nRun '%s COMMAND --help' for more information on a command.\n", path);
    add_topics(command, program, out);
}

const struct cli_topic *cli_find_topic(const struct cli_command *root, const char *name)
{
    for (const struct cli_topic *t = root->topics; t && t->name; t++)
        if (str_eq(t->name, name))
            return t;
    return NULL;
}

void cli_help_topic(const struct cli_topic *topic, bool bold, struct buf *out)
{
    _cleanup_strv_ char **lines = strv_split(topic->text, '\n');

    buf_addf(out, "%s: ", topic->name);
    STRV_FOREACH (line, lines) {
        const char *heading = str_after(*line, "# ");

        if (heading)
            buf_addf(out, bold ? "\033[1m%s\033[m\n" : "%s\n", heading);
        else if (line[1] || **line)
            buf_addf(out, "%s\n", *line);
    }
}

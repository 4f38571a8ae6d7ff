/* What the generators share, and the smallest of them. */
#include "cli/generate.h"

#include "cli/help.h"

static void visit_below(const struct cli_command *group, const char *path, cli_visitor visit, void *data)
{
    for (size_t i = 0; i < group->n_entries; i++) {
        const struct cli_entry *e = &group->entries[i];
        _cleanup_free_ char *below = str_printf("%s %s", path, e->name);
        _cleanup_free_ char *alias = e->alias ? str_printf("%s %s", path, e->alias) : NULL;

        if (e->section == CLI_HIDDEN)
            continue;
        visit(e->command, below, alias, data);
        visit_below(e->command, below, visit, data);
    }
}

void cli_visit(const struct cli_command *root, const char *program, cli_visitor visit, void *data)
{
    visit(root, program, NULL, data);
    visit_below(root, program, visit, data);
}

void cli_add_shell_word(struct buf *out, const char *text)
{
    buf_addc(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_adds(out, "'\\''");
        else
            buf_addc(out, *text);
    }
    buf_addc(out, '\'');
}

void cli_add_template(struct buf *out, const char *text, const char *program)
{
    for (; *text; text++) {
        if (*text == '@')
            buf_adds(out, program);
        else
            buf_addc(out, *text);
    }
}

const char *cli_values_word(enum cli_values values)
{
    static const char *const words[] = {
        [CLI_VALUES_NONE] = "none",           [CLI_VALUES_FILE] = "file",     [CLI_VALUES_DIRECTORY] = "directory",
        [CLI_VALUES_IMAGE] = "image",         [CLI_VALUES_WORDS] = "words",   [CLI_VALUES_COMMAND] = "command",
        [CLI_VALUES_CONTAINER] = "container", [CLI_VALUES_VOLUME] = "volume", [CLI_VALUES_NETWORK] = "network",
    };

    return words[values];
}

/* A bar would end the cell, within code as well. */
static void add_cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_addc(out, '\\');
        buf_addc(out, *text);
    }
}

void cli_generate_markdown(const struct cli_command *root, const char *program, struct buf *out)
{
    buf_adds(out, "| command | |\n|---|---|\n");
    for (size_t i = 0; i < root->n_entries; i++) {
        const struct cli_entry *e = &root->entries[i];

        if (e->section == CLI_HIDDEN)
            continue;
        buf_addf(out, "| `%s %s", program, e->name);
        for (size_t j = 0; j < e->command->n_entries; j++)
            buf_addf(out, "%s%s", j ? "\\|" : " ", e->command->entries[j].name);
        if (e->command->operands) {
            buf_addc(out, ' ');
            add_cell(out, e->command->operands);
        }
        buf_adds(out, "` | ");
        add_cell(out, e->command->summary);
        buf_adds(out, " |\n");
    }
}

void cli_add_topics(struct buf *out, const struct cli_command *root)
{
    for (const struct cli_topic *t = root->topics; t && t->name; t++)
        buf_addf(out, "%s%s", t == root->topics ? "" : " ", t->name);
}

#include "cli/cli.h"

static size_t kind_size(enum cli_kind kind)
{
    switch (kind) {
    case CLI_K_FLAG:
        return sizeof(bool);
    case CLI_K_STRING:
    case CLI_K_LIST:
        return sizeof(char *);
    case CLI_K_INT:
    case CLI_K_SIZE:
    case CLI_K_NANO:
        return sizeof(int64_t);
    case CLI_K_CUSTOM:
        return 1;
    }
    return SIZE_MAX;
}

/* What is wrong with the texts that help shows; NULL: nothing. */
static const char *wrong_text(const char *text)
{
    if (str_empty(text))
        return "has no help";
    if (strpbrk(text, "\t\r\n"))
        return "has a line break in its help";
    if (text[0] == ' ' || str_ends(text, " ") || (str_ends(text, ".") && !str_ends(text, "...")))
        return "has a space or full stop around its help";
    return NULL;
}

static const char *wrong_option(const struct cli_command *c, const struct cli_option *o)
{
    if (str_empty(o->name) || o->name[0] == '-' || strpbrk(o->name, "= ") || strcmp(o->name, "help") == 0)
        return "has a name that cannot be used";
    if (o->offset > c->options_size || kind_size(o->kind) > c->options_size - o->offset)
        return "lies outside its struct";
    if (o->kind == CLI_K_CUSTOM ? !o->parse : o->parse != NULL)
        return "has a parser without being custom, or none";
    if (o->kind != CLI_K_INT && (o->min || o->max))
        return "has bounds without being a number";
    if (o->min > o->max)
        return "has its bounds the wrong way round";
    if ((o->values == CLI_VALUES_WORDS) != (o->words != NULL))
        return "has words without being completed from words, or none";
    if (o->env && o->kind != CLI_K_STRING)
        return "has a variable without being a string";
    if (o->kind == CLI_K_FLAG && (o->word || o->values != CLI_VALUES_NONE))
        return "takes no argument and describes one";
    return wrong_text(o->help);
}

static int check_options(const struct cli_command *c, const char *path, struct err *err)
{
    for (size_t i = 0; i < c->n_options; i++) {
        const struct cli_option *o = &c->options[i];
        const char *wrong = wrong_option(c, o);

        if (wrong)
            return err_set(err, ERR_INTERNAL, "%s: option --%s %s", path, o->name ? o->name : "", wrong);
        if (i && strcmp(o[-1].name, o->name) >= 0)
            return err_set(err, ERR_INTERNAL, "%s: option --%s stands behind --%s", path, o->name, o[-1].name);
        for (size_t j = 0; j < i; j++)
            if (o->letter && c->options[j].letter == o->letter)
                return err_set(err, ERR_INTERNAL, "%s: options --%s and --%s share the letter %c", path,
                               c->options[j].name, o->name, o->letter);
    }
    return 0;
}

/* Required operands first, "[...]" behind them, only the last one repeated. */
static bool operands_are_sound(const char *usage)
{
    bool optional = false, repeated = false;

    while (usage && *usage) {
        size_t len = strcspn(usage, " ");
        bool in_brackets = *usage == '[';

        if (!len || repeated || (optional && !in_brackets) || (in_brackets && usage[len - 1] != ']'))
            return false;
        optional = in_brackets;
        repeated = memmem(usage, len, "...", 3) != NULL;
        usage += len + (usage[len] == ' ' && usage[len + 1]);
    }
    return true;
}

static const char *wrong_command(const struct cli_command *c, size_t globals_size)
{
    bool group = c->entries != NULL;

    if (!group == !c->run)
        return "is neither a command nor a group, or both";
    if (group && c->operands)
        return "is a group and takes operands";
    if (group && c->n_options && c->options_size != globals_size)
        return "is a group whose options are not those of the program";
    if (!operands_are_sound(c->operands))
        return "has a usage that is not \"REQUIRED [OPTIONAL] [REPEATED...]\"";
    if (!c->n_options != !c->options_size || !c->n_options != !c->options)
        return "has options without a struct or the other way round";
    if (c->failure < 0 || c->failure > 255)
        return "fails with an impossible exit code";
    return wrong_text(c->summary);
}

static int check_command(const struct cli_command *c, const char *path, size_t globals_size, struct err *err);

static int check_entries(const struct cli_command *group, const char *path, size_t globals_size, struct err *err)
{
    for (size_t i = 0; i < group->n_entries; i++) {
        const struct cli_entry *e = &group->entries[i];
        _cleanup_free_ char *below = str_printf("%s %s", path, e->name);
        int r;

        for (size_t j = 0; j < i; j++) {
            const struct cli_entry *before = &group->entries[j];

            if (strcmp(before->name, e->name) == 0 || str_eq(before->alias, e->name) ||
                (e->alias && (strcmp(before->name, e->alias) == 0 || str_eq(before->alias, e->alias))))
                return err_set(err, ERR_INTERNAL, "%s: a name is taken already", below);
            /* The common commands stand in the order in which people meet them. */
            if (before->section == e->section && e->section != CLI_COMMON && strcmp(before->name, e->name) > 0)
                return err_set(err, ERR_INTERNAL, "%s: stands behind %s", below, before->name);
        }
        r = check_command(e->command, below, globals_size, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_command(const struct cli_command *c, const char *path, size_t globals_size, struct err *err)
{
    const char *wrong = wrong_command(c, globals_size);
    int r;

    if (wrong)
        return err_set(err, ERR_INTERNAL, "%s: %s", path, wrong);
    r = check_options(c, path, err);
    return r < 0 ? r : check_entries(c, path, globals_size, err);
}

int cli_check(const struct cli_command *root, struct err *err)
{
    return check_command(root, "root", root->options_size, err);
}

#include "cli/generate.h"

#include "cli/help.h"

static void add_char(struct buf *out, char c)
{
    if (c == '-')
        buf_adds(out, "\\-");
    else if (c == '\\')
        buf_adds(out, "\\e");
    else
        buf_addc(out, c);
}

/* Appends `text` so that troff shows it as it is. */
static void add_text(struct buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_adds(out, "\\&");
    for (; *text; text++)
        add_char(out, *text);
}

/* A description: lines as they are, an empty one begins a paragraph, "# " a section, those indented by two are shown
 * verbatim. */
static void add_paragraphs(struct buf *out, const char *text)
{
    _cleanup_strv_ char **lines = strv_split(text, '\n');
    bool verbatim = false;

    STRV_FOREACH (line, lines) {
        bool indented = **line == ' ';
        const char *heading = str_after(*line, "# ");

        if (!**line && !verbatim) {
            buf_adds(out, ".PP\n");
            continue;
        }
        if (indented != verbatim && **line)
            buf_adds(out, indented ? ".RS 4\n.nf\n" : ".fi\n.RE\n.PP\n");
        verbatim = **line ? indented : verbatim;
        if (heading)
            buf_adds(out, ".SH ");
        add_text(out, heading ? heading : indented ? *line + MIN_OF(strspn(*line, " "), 2u) : *line);
        buf_addc(out, '\n');
    }
    if (verbatim)
        buf_adds(out, ".fi\n.RE\n");
}

static void add_options(struct buf *out, const struct cli_command *c)
{
    if (!c->n_options)
        return;
    buf_adds(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < c->n_options; i++) {
        const struct cli_option *o = &c->options[i];
        const char *word = cli_option_word(o);

        if (o->hidden)
            continue;
        buf_adds(out, ".TP\n");
        if (o->letter)
            buf_addf(out, "\\fB\\-%c\\fR, ", o->letter);
        buf_adds(out, "\\fB\\-\\-");
        add_text(out, o->name);
        buf_addf(out, "\\fR%s", *word ? " \\fI" : "");
        add_text(out, word);
        buf_addf(out, "%s\n", *word ? "\\fR" : "");
        add_text(out, o->help);
        if (o->words) {
            _cleanup_free_ char *all = strv_join((char *const *)o->words, ", ");

            buf_adds(out, ": ");
            add_text(out, all);
        }
        if (o->shown_default) {
            buf_adds(out, " (default ");
            add_text(out, o->shown_default);
            buf_addc(out, ')');
        }
        if (o->env) {
            buf_adds(out, "; environment: ");
            add_text(out, o->env);
        }
        if (o->kind == CLI_K_LIST)
            buf_adds(out, "; may be given several times");
        buf_adds(out, ".\n");
    }
}

/* "cbox-image-ls" */
static char *page_name(const char *path)
{
    char *name = str_dup(path);

    for (char *p = name; *p; p++)
        if (*p == ' ')
            *p = '-';
    return name;
}

static size_t count_words(const char *path)
{
    size_t n = 1;

    for (; *path; path++)
        n += *path == ' ';
    return n;
}

/* The path under which the command has its page: the first of the shortest ones; the caller frees
 * it. */
static char *page_path(const struct cli_command *root, const char *program, const struct cli_command *command)
{
    _cleanup_strv_ char **paths = cli_command_paths(root, program, command);
    const char *best = NULL;

    STRV_FOREACH (path, paths)
        if (!best || count_words(*path) < count_words(best))
            best = *path;
    return str_dup(best ? best : program);
}

static void add_commands(struct buf *out, const struct cli_command *root, const char *program,
                         const struct cli_command *group)
{
    if (!group->entries)
        return;
    buf_adds(out, ".SH COMMANDS\n");
    for (size_t i = 0; i < group->n_entries; i++) {
        const struct cli_entry *e = &group->entries[i];
        _cleanup_free_ char *path = page_path(root, program, e->command), *page = page_name(path);

        if (e->section == CLI_HIDDEN)
            continue;
        buf_adds(out, ".TP\n\\fB");
        add_text(out, e->name);
        buf_adds(out, "\\fR\n");
        add_text(out, e->command->summary);
        buf_adds(out, "; see\n.BR ");
        add_text(out, page);
        buf_adds(out, " (1).\n");
    }
}

static void add_exit_codes(struct buf *out, const struct cli_command *c)
{
    static const struct {
        const char *code, *meaning;
        bool of_containers;
    } codes[] = {
        {"0", "Success.", false},
        {"1", "The command failed, or its operands are wrong.", false},
        {"125", "An option is wrong.", false},
        {"0 to 255", "What the program in the container ended with; 128 and the number where a signal ended it.", true},
        {"125", "The container could not be started, or an option is wrong.", true},
        {"126", "The program cannot be executed.", true},
        {"127", "The program was not found.", true},
        {"130", "The command was interrupted.", false},
    };
    bool of_containers = c->failure == 125;

    buf_adds(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i].of_containers == of_containers)
            buf_addf(out, ".TP\n%s\n%s\n", codes[i].code, codes[i].meaning);
}

static void add_examples(struct buf *out, const struct cli_command *c)
{
    if (!c->examples)
        return;
    buf_adds(out, ".SH EXAMPLES\n");
    for (const struct cli_example *e = c->examples; e->line; e++) {
        add_text(out, e->what);
        buf_adds(out, ":\n.PP\n.RS 4\n.nf\n");
        add_text(out, e->line);
        buf_adds(out, "\n.fi\n.RE\n.PP\n");
    }
}

static void add_title(struct buf *out, const char *program, const char *page, int section, const char *manual,
                      const char *summary)
{
    buf_addf(out, ".TH ");
    for (const char *p = page; *p; p++)
        add_char(out, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
    buf_addf(out, " %d \"\" %s \"%s\"\n.SH NAME\n", section, program, manual);
    add_text(out, page);
    buf_adds(out, " \\- ");
    add_text(out, summary);
    buf_addc(out, '\n');
}

static void add_see_also(struct buf *out, const char *program, const char *page, const char *path)
{
    const char *last = strrchr(path, ' ');

    if (!last)
        return;
    buf_adds(out, ".SH SEE ALSO\n.BR ");
    add_text(out, program);
    buf_adds(out, " (1)");
    if (memchr(path, ' ', (size_t)(last - path))) {
        _cleanup_free_ char *group = str_ndup(page, (size_t)(last - path));

        buf_adds(out, ",\n.BR ");
        add_text(out, group);
        buf_adds(out, " (1)");
    }
    buf_addc(out, '\n');
}

void cli_generate_man(const struct cli_command *root, const char *program, const struct cli_command *command,
                      const char *path, struct buf *out)
{
    _cleanup_free_ char *main_path = page_path(root, program, command);
    _cleanup_free_ char *page = page_name(main_path);
    _cleanup_buf_ struct buf usage = BUF_INIT;

    if (strcmp(main_path, path) != 0) {
        buf_addf(out, ".so man1/%s.1\n", page);
        return;
    }
    buf_adds(out, ".\\\" Written by \"make generate\" from the command tables: do not edit.\n");
    add_title(out, program, page, 1, "User Commands", command->summary);
    buf_adds(out, ".SH SYNOPSIS\n");
    cli_usage_line(command, path, &usage);
    add_text(out, buf_str(&usage));
    buf_adds(out, "\n.SH DESCRIPTION\n");
    if (command->description) {
        add_paragraphs(out, command->description);
    } else {
        add_text(out, command->summary);
        buf_adds(out, ".\n");
    }
    add_options(out, command);
    add_commands(out, root, program, command);
    if (!command->entries || command == root)
        add_exit_codes(out, command);
    add_examples(out, command);
    add_see_also(out, program, page, path);
}

void cli_generate_man_topic(const char *program, const struct cli_topic *topic, struct buf *out)
{
    _cleanup_free_ char *page = str_printf("%s-%s", program, topic->name);
    size_t first = strcspn(topic->text, "\n");
    _cleanup_free_ char *summary = str_ndup(topic->text, first);

    buf_adds(out, ".\\\" Written by \"make generate\" from docs/topics: do not edit.\n");
    add_title(out, program, page, 7, "Miscellanea", summary);
    add_paragraphs(out, topic->text + first + strspn(topic->text + first, "\n"));
    buf_adds(out, ".SH SEE ALSO\n.BR ");
    add_text(out, program);
    buf_adds(out, " (1)\n");
}

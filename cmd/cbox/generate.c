/* The hidden command behind contrib/generate. */
#include "cbox.h"
#include "commands.h"

#include "cli/generate.h"
#include "cli/help.h"

#include <stdio.h>

static void add_page(const struct cli_command *command, const char *path, const char *alias, void *data)
{
    (void)command, (void)alias;
    buf_addf(data, "%s\n", path);
}

static void list_pages(const struct cli_command *root, const char *program, struct buf *out)
{
    cli_visit(root, program, add_page, out);
}

static int man_page(char **words, struct buf *out, struct err *err)
{
    _cleanup_free_ char *path = NULL;
    const struct cli_command *command = cli_find(&cbox_root, CBOX_PROGRAM, words, &path);

    if (!command)
        return err_set(err, ERR_INVALID, "there is no such command");
    cli_generate_man(&cbox_root, CBOX_PROGRAM, command, path, out);
    return 0;
}

static void list_topics(const struct cli_command *root, const char *program _unused_, struct buf *out)
{
    for (const struct cli_topic *t = root->topics; t->name; t++)
        buf_addf(out, "%s\n", t->name);
}

static int topic_page(char **words, struct buf *out, struct err *err)
{
    const struct cli_topic *topic = words[0] ? cli_find_topic(&cbox_root, words[0]) : NULL;

    if (!topic)
        return err_set(err, ERR_INVALID, "there is no such topic");
    cli_generate_man_topic(CBOX_PROGRAM, topic, out);
    return 0;
}

static int run_generate(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    static const struct {
        const char *name;
        void (*generate)(const struct cli_command *root, const char *program, struct buf *out);
    } kinds[] = {
        {"bash", cli_generate_bash}, {"zsh", cli_generate_zsh},         {"fish", cli_generate_fish},
        {"pages", list_pages},       {"readme", cli_generate_markdown}, {"topics", list_topics},
    };
    static const struct {
        const char *name;
        int (*generate)(char **words, struct buf *out, struct err *err);
    } pages[] = {{"man", man_page}, {"topic", topic_page}};
    _cleanup_buf_ struct buf out = BUF_INIT;
    bool known = false;
    int r = 0;

    (void)ctx, (void)opts;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(operands[0], kinds[i].name) == 0) {
            kinds[i].generate(&cbox_root, CBOX_PROGRAM, &out);
            known = true;
        }
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
        if (strcmp(operands[0], pages[i].name) == 0) {
            r = pages[i].generate(operands + 1, &out, err);
            known = true;
        }
    if (!known)
        return err_set(err, ERR_INVALID, "%s: one of bash, zsh, fish, man, pages, readme, topic, topics", operands[0]);
    if (r == 0)
        fputs(buf_str(&out), stdout);
    return r;
}

const struct cli_command cmd_generate = {
    .summary = "Print what is generated from the command tables",
    .operands = "KIND [COMMAND...]",
    .standalone = true,
    .run = run_generate,
};

#include "cli/cli.h"

#include "base/buf.h"
#include "base/near.h"
#include "base/num.h"

enum { EXIT_USAGE = 125 }; /* Docker's for a wrong option; wrong operands and unknown commands are 1 */

/* One pass over the options of one command. */
struct scan {
    const struct cli_command *command;
    struct cli_call *call;
    void *options;
    char **next; /* the first argument not yet looked at */
};

static int usage_error(struct scan *scan, int exit_code, struct err *err)
{
    scan->call->failure = scan->command->one_failure ? cli_exit_code(scan->command, ERR_INVALID) : exit_code;
    err_hint(err, "see '%s --help'", scan->call->path);
    return ERR_INVALID;
}

/* Go's strconv.ParseBool */
static int parse_bool(const char *text, bool *ret, struct err *err)
{
    static const char *const words[2][6] = {
        {"0", "f", "F", "false", "FALSE", "False"},
        {"1", "t", "T", "true", "TRUE", "True"},
    };

    for (int value = 0; value < 2; value++)
        for (size_t i = 0; i < ARRAY_SIZE(words[0]); i++)
            if (strcmp(text, words[value][i]) == 0) {
                *ret = value;
                return 0;
            }
    return err_set(err, ERR_INVALID, "\"%s\" is not true or false", text);
}

static int check_word(const struct cli_option *o, const char *text, struct err *err)
{
    _cleanup_free_ char *known = NULL;

    if (!o->words || !*text || strv_contains((char *const *)o->words, text))
        return 0;
    known = strv_join((char *const *)o->words, ", ");
    return err_set(err, ERR_INVALID, "use one of %s", known);
}

static int store_value(const struct cli_option *o, const char *text, void *options, struct err *err)
{
    void *field = (char *)options + o->offset;
    int r = check_word(o, text, err);

    if (r == 0 && o->check)
        r = o->check(text, err);
    if (r < 0)
        return r;
    switch (o->kind) {
    case CLI_K_FLAG:
        return parse_bool(text, field, err);
    case CLI_K_STRING:
        *(const char **)field = text;
        return 0;
    case CLI_K_LIST:
        strv_add(field, text);
        return 0;
    case CLI_K_INT:
        return num_parse_i64(text, o->min || o->max ? o->min : INT64_MIN, o->min || o->max ? o->max : INT64_MAX, field,
                             err);
    case CLI_K_SIZE:
        return num_parse_size(text, field, err);
    case CLI_K_NANO:
        return num_parse_nano(text, field, err);
    case CLI_K_CUSTOM:
        return o->parse(text, field, err);
    }
    return err_set(err, ERR_INTERNAL, "option --%s is of no kind", o->name);
}

static int set_option(struct scan *scan, const struct cli_option *o, const char *text, struct err *err)
{
    char letter[] = {'-', o->letter, ',', ' ', 0};

    if (store_value(o, text, scan->options, err) == 0)
        return 0;
    err_wrap(err, "invalid argument \"%s\" for \"%s--%s\" flag", text, o->letter ? letter : "", o->name);
    return usage_error(scan, EXIT_USAGE, err);
}

static const struct cli_option *find_long(const struct cli_command *c, const char *name, size_t len)
{
    for (size_t i = 0; i < c->n_options; i++)
        if (strncmp(c->options[i].name, name, len) == 0 && !c->options[i].name[len])
            return &c->options[i];
    return NULL;
}

static const struct cli_option *find_letter(const struct cli_command *c, char letter)
{
    for (size_t i = 0; i < c->n_options; i++)
        if (c->options[i].letter == letter)
            return &c->options[i];
    return NULL;
}

static int unknown_long(struct scan *scan, const char *name, size_t len, struct err *err)
{
    _cleanup_free_ char *word = str_ndup(name, len);
    struct near near = near_to(word);

    for (size_t i = 0; i < scan->command->n_options; i++)
        if (!scan->command->options[i].hidden)
            near_offer(&near, scan->command->options[i].name);
    near_offer(&near, "help");
    err_set(err, ERR_INVALID, "unknown flag: --%s", word);
    if (near.best)
        err_hint(err, "did you mean --%s? See '%s --help'", near.best, scan->call->path);
    return usage_error(scan, EXIT_USAGE, err);
}

/* `arg` is --name or --name=value. */
static int scan_long(struct scan *scan, const char *arg, struct err *err)
{
    const char *name = arg + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] ? name + len + 1 : NULL;
    const struct cli_option *o;

    if (!len) {
        err_set(err, ERR_INVALID, "bad flag syntax: %s", arg);
        return usage_error(scan, EXIT_USAGE, err);
    }
    o = find_long(scan->command, name, len);
    if (!o && len == 4 && memcmp(name, "help", 4) == 0 && !value) {
        scan->call->help = true;
        return 0;
    }
    if (!o)
        return unknown_long(scan, name, len, err);
    if (!value && o->kind == CLI_K_FLAG)
        value = "true";
    if (!value)
        value = *scan->next ? *scan->next++ : NULL;
    if (!value) {
        err_set(err, ERR_INVALID, "flag needs an argument: --%s", o->name);
        return usage_error(scan, EXIT_USAGE, err);
    }
    return set_option(scan, o, value, err);
}

/* `arg` is a dash and at least one letter. */
static int scan_letters(struct scan *scan, const char *arg, struct err *err)
{
    for (const char *p = arg + 1; *p; p++) {
        const struct cli_option *o = find_letter(scan->command, *p);
        const char *value = NULL;
        int r;

        if (!o && *p == 'h') {
            scan->call->help = true;
            return 0;
        }
        if (!o) {
            err_set(err, ERR_INVALID, "unknown shorthand flag: '%c' in %s", *p, arg);
            return usage_error(scan, EXIT_USAGE, err);
        }
        if (p[1] == '=')
            value = p + 2;
        else if (o->kind == CLI_K_FLAG)
            value = "true";
        else
            value = p[1] ? p + 1 : *scan->next ? *scan->next++ : NULL;
        if (!value) {
            err_set(err, ERR_INVALID, "flag needs an argument: '%c' in %s", *p, arg);
            return usage_error(scan, EXIT_USAGE, err);
        }
        r = set_option(scan, o, value, err);
        if (r < 0)
            return r;
        if (p[1] == '=' || o->kind != CLI_K_FLAG)
            return 0;
    }
    return 0;
}

/* Takes the options at scan->next and those behind it; the operands move to the front of what was looked at. A group's
 * operands are the command and what belongs to that, so they end its options. */
static int scan_options(struct scan *scan, char ***ret_operands, struct err *err)
{
    char **operands = scan->next, **end = operands;
    bool stop = scan->command->stop_at_first || scan->command->entries;

    *ret_operands = operands;
    while (*scan->next && !scan->call->help) {
        char *arg = *scan->next;
        int r = 0;

        if (arg[0] != '-' || !arg[1]) {
            if (stop)
                break;
            scan->next++;
            *end++ = arg;
            continue;
        }
        scan->next++;
        if (strcmp(arg, "--") == 0)
            break;
        r = arg[1] == '-' ? scan_long(scan, arg, err) : scan_letters(scan, arg, err);
        if (r < 0)
            return r;
    }
    while (*scan->next)
        *end++ = *scan->next++;
    *end = NULL;
    return 0;
}

static int apply_environment(struct scan *scan, struct err *err)
{
    for (size_t i = 0; i < scan->command->n_options; i++) {
        const struct cli_option *o = &scan->command->options[i];
        const char *value = o->env ? getenv(o->env) : NULL;

        if (str_empty(value) || *(const char **)((char *)scan->options + o->offset))
            continue;
        if (store_value(o, value, scan->options, err) < 0) {
            err_wrap(err, "environment variable %s", o->env);
            return usage_error(scan, EXIT_USAGE, err);
        }
    }
    return 0;
}

void cli_count_operands(const char *usage, int *ret_min, int *ret_max)
{
    *ret_min = *ret_max = 0;
    while (usage && *usage) {
        size_t len = strcspn(usage, " ");

        if (len) {
            if (*usage != '[')
                ++*ret_min;
            if (memmem(usage, len, "...", 3))
                *ret_max = CLI_ANY;
            else if (*ret_max < CLI_ANY)
                ++*ret_max;
        }
        usage += len + (usage[len] == ' ');
    }
}

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

static int check_operands(struct scan *scan, struct err *err)
{
    int min, max, n = (int)strv_len(scan->call->operands);
    const char *path = scan->call->path, *usage = scan->command->operands;

    cli_count_operands(usage, &min, &max);
    if (n >= min && n <= max)
        return 0;
    if (max == 0)
        err_set(err, ERR_INVALID, "'%s' accepts no arguments", path);
    else if (min == max)
        err_set(err, ERR_INVALID, "'%s' requires %d argument%s", path, min, plural(min));
    else if (n < min)
        err_set(err, ERR_INVALID, "'%s' requires at least %d argument%s", path, min, plural(min));
    else
        err_set(err, ERR_INVALID, "'%s' requires at most %d argument%s", path, max, plural(max));
    err_hint(err, "usage: %s%s%s%s; see '%s --help'", path, scan->command->n_options ? " [OPTIONS]" : "",
             usage ? " " : "", usage ? usage : "", path);
    return usage_error(scan, 1, err);
}

static const struct cli_entry *find_entry(const struct cli_command *group, const char *name)
{
    for (size_t i = 0; i < group->n_entries; i++)
        if (strcmp(group->entries[i].name, name) == 0 || str_eq(group->entries[i].alias, name))
            return &group->entries[i];
    return NULL;
}

static int unknown_command(struct scan *scan, const char *name, struct err *err)
{
    struct near near = near_to(name);

    for (size_t i = 0; i < scan->command->n_entries; i++)
        if (scan->command->entries[i].section != CLI_HIDDEN)
            near_offer(&near, scan->command->entries[i].name);
    err_set(err, ERR_INVALID, "'%s' is not a %s command", name, scan->call->path);
    if (near.best)
        err_hint(err, "did you mean '%s'? See '%s --help'", near.best, scan->call->path);
    return usage_error(scan, 1, err);
}

static void *new_options(const struct cli_command *c)
{
    if (!c->options_size)
        return NULL;
    return c->defaults ? mem_dup(c->defaults, c->options_size) : mem_zalloc(1, c->options_size);
}

int cli_parse(const struct cli_command *root, const char *program, void *globals, char **argv, struct cli_call *ret,
              struct err *err)
{
    struct scan scan = {.command = root, .call = ret, .options = globals, .next = *argv ? argv + 1 : argv};

    *ret = (struct cli_call){.command = root, .path = str_dup(program)};
    for (;;) {
        const struct cli_entry *entry;
        int r = scan_options(&scan, &ret->operands, err);

        if (r < 0)
            return r;
        r = apply_environment(&scan, err);
        if (r < 0 || ret->help)
            return r;
        if (!scan.command->entries)
            return check_operands(&scan, err);
        if (!*ret->operands) {
            ret->help = true;
            return 0;
        }
        entry = find_entry(scan.command, *ret->operands);
        if (!entry)
            return unknown_command(&scan, *ret->operands, err);
        str_replace(&ret->path, str_printf("%s %s", ret->path, entry->name));
        ret->command = scan.command = entry->command;
        if (!scan.command->entries)
            ret->options = scan.options = new_options(scan.command);
        scan.next = ret->operands + 1;
    }
}

void cli_call_release(struct cli_call *call)
{
    for (size_t i = 0; call->options && i < call->command->n_options; i++) {
        const struct cli_option *o = &call->command->options[i];

        if (o->kind == CLI_K_LIST)
            strv_free(steal_ptr((char ***)((char *)call->options + o->offset))); /* two options may share one */
    }
    free(call->options);
    free(call->path);
    *call = (struct cli_call){0};
}

int cli_exit_code(const struct cli_command *command, int kind)
{
    static const struct {
        int kind, code;
    } fixed[] = {{ERR_NO_EXEC, 126}, {ERR_NO_COMMAND, 127}, {ERR_INTERRUPTED, 130}};

    for (size_t i = 0; i < ARRAY_SIZE(fixed) && !command->one_failure; i++)
        if (fixed[i].kind == kind)
            return fixed[i].code;
    return command->failure ? command->failure : 1;
}

const struct cli_command *cli_find(const struct cli_command *root, const char *program, char *const *words,
                                   char **ret_path)
{
    _cleanup_free_ char *path = str_dup(program);

    STRV_FOREACH (word, words) {
        const struct cli_entry *entry = root->entries ? find_entry(root, *word) : NULL;

        if (!entry)
            return NULL;
        str_replace(&path, str_printf("%s %s", path, entry->name));
        root = entry->command;
    }
    if (ret_path)
        *ret_path = steal_ptr(&path);
    return root;
}

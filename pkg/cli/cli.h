/* The command line as tables.
 *
 * A command is one constant `struct cli_command`: what it takes, what it says about itself and the function that runs
 * it. An option is one line of its table, with an offset into the command's options struct. Parsing, help, completion,
 * manual pages and the README's table all read the same tables, and cli_check() finds a table that contradicts itself.
 *
 *     struct tag_options { bool force; const char *note; };
 *
 *     static const struct cli_option options[] = {
 *         CLI_FLAG(struct tag_options, 'f', "force", force, "Replace an existing tag"),
 *         CLI_STRING(struct tag_options, 0, "note", note, "Text kept with the tag"),
 *     };
 *
 *     static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
 *     {
 *         const struct tag_options *o = opts;
 *         ...
 *     }
 *
 *     const struct cli_command cmd_tag = {
 *         .summary = "Give an image another name",
 *         .operands = "SOURCE_IMAGE TARGET_IMAGE",
 *         .values = {CLI_VALUES_IMAGE, CLI_VALUES_IMAGE},
 *         CLI_OPTIONS(struct tag_options, options),
 *         .run = run,
 *     };
 *
 * Nothing here prints or exits. A command has no name of its own: the entry that puts it into a group has it, so one
 * command serves as `images` and as `image ls`.
 */
#pragma once

#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an option's argument becomes in the options struct. Strings are borrowed from the argument vector. */
enum cli_kind {
    CLI_K_FLAG,   /* bool; --x, --x=false; takes no argument */
    CLI_K_STRING, /* const char *; NULL while not given */
    CLI_K_LIST,   /* char **: every use adds a string; the parser owns and frees it */
    CLI_K_INT,    /* int64_t within [min, max] */
    CLI_K_SIZE,   /* int64_t, bytes: 512m (num_parse_size()) */
    CLI_K_NANO,   /* int64_t, billionths: 1.5 (num_parse_nano()) */
    CLI_K_CUSTOM, /* whatever `parse` makes of it */
};

/* What may stand in an argument, for completion. */
enum cli_values {
    CLI_VALUES_NONE,
    CLI_VALUES_FILE,
    CLI_VALUES_DIRECTORY,
    CLI_VALUES_IMAGE,
    CLI_VALUES_CONTAINER,
    CLI_VALUES_VOLUME,
    CLI_VALUES_NETWORK,
    CLI_VALUES_WORDS,   /* one of the option's `words` */
    CLI_VALUES_COMMAND, /* one of cbox's commands */
};

/* Every start relocates all tables, so an option is kept small. */
struct cli_option {
    char letter; /* 0: none */
    bool hidden;
    enum cli_kind kind : 8;
    enum cli_values values : 8;
    uint32_t offset;
    const char *name;          /* without dashes; options are sorted by it */
    const char *help;          /* one sentence without a full stop, as Docker words it where it has the option */
    const char *word;          /* how help calls the argument; NULL: the kind's own word ("string", "list", "bytes") */
    const char *shown_default; /* "(default …)" behind the help; NULL: nothing worth showing */
    const char *env;           /* the variable that stands in while the option is not given; NULL: none */
    int64_t min, max;          /* CLI_K_INT; both 0: any */
    const char *const *words;  /* CLI_VALUES_WORDS: NULL-terminated; other words are refused, but not the empty one */
    /* CLI_K_CUSTOM: fills `*field`, called once for each use. The text is good until the command returns. */
    int (*parse)(const char *text, void *field, struct err *err);
    /* Any kind: what is wrong with the text, before it becomes anything; NULL: nothing to look for. */
    int (*check)(const char *text, struct err *err);
};

/* One line of an option table; further members may be set behind the help. The member's type is checked against the
 * kind when this is compiled. */
#define CLI_FLAG(s, letter, name, member, help, ...) CLI_OPTION_(s, letter, name, FLAG, bool, member, help, __VA_ARGS__)
#define CLI_STRING(s, letter, name, member, help, ...) \
    CLI_OPTION_(s, letter, name, STRING, const char *, member, help, __VA_ARGS__)
#define CLI_LIST(s, letter, name, member, help, ...) \
    CLI_OPTION_(s, letter, name, LIST, char **, member, help, __VA_ARGS__)
#define CLI_INT(s, letter, name, member, help, ...) \
    CLI_OPTION_(s, letter, name, INT, int64_t, member, help, __VA_ARGS__)
#define CLI_SIZE(s, letter, name, member, help, ...) \
    CLI_OPTION_(s, letter, name, SIZE, int64_t, member, help, __VA_ARGS__)
#define CLI_NANO(s, letter, name, member, help, ...) \
    CLI_OPTION_(s, letter, name, NANO, int64_t, member, help, __VA_ARGS__)
#define CLI_CUSTOM(s, letter, name, member, parser, help, ...) \
    CLI_OPTION_(s, letter, name, CUSTOM, __typeof__(((s *)0)->member), member, help, .parse = (parser), __VA_ARGS__)

/* clang-format off */
#define CLI_OPTION_(s, l, n, k, type, member, h, ...) \
    { .letter = (l), .name = (n), .kind = CLI_K_##k, \
      .offset = offsetof(s, member) + CLI_SAME_TYPE_(type, ((s *)0)->member), .help = (h), __VA_ARGS__ }
/* clang-format on */
#define CLI_SAME_TYPE_(type, expr) (sizeof(char[__builtin_types_compatible_p(type, __typeof__(expr)) ? 1 : -1]) - 1)

/* The program's own: handed to the command, never looked into here. */
struct cli_context;

enum cli_section {
    CLI_COMMON,     /* "Common Commands" */
    CLI_MANAGEMENT, /* "Management Commands" */
    CLI_OTHER,      /* "Commands" */
    CLI_HIDDEN,
};

/* A command's place in a group, under a name. */
struct cli_entry {
    const char *name;
    const struct cli_command *command;
    enum cli_section section;
    const char *alias; /* another name that is understood, as `list` for `ls`; NULL: none */
};

struct cli_example {
    const char *what; /* "Limit memory and remove the container when it ends" */
    const char *line; /* "cbox run --rm --memory 256m alpine sort big.txt" */
};

/* What `help NAME` shows that is about no single command. The first line says what it is about; paragraphs follow,
 * headings behind "# ", and lines indented by two that stay as they are. */
struct cli_topic {
    const char *name, *text;
};

struct cli_command {
    const char *summary;     /* one line, as Docker words it */
    const char *description; /* for the manual page: paragraphs separated by an empty line; NULL: the summary is all */

    /* A group has entries, and neither operands nor run. Its options stand before the name of the command that
     * follows, and go to the struct of the root's. */
    const struct cli_entry *entries;
    size_t n_entries;

    const struct cli_topic *topics; /* of the root; ended by {NULL} */

    /* "IMAGE [COMMAND] [ARG...]": required words, then those in brackets; "..." repeats. How many operands are taken
     * follows from it. NULL: none. */
    const char *operands;
    enum cli_values values[2]; /* of the first operand; of the others */
    bool stop_at_first;        /* options end at the first operand: what follows belongs to another program */

    const struct cli_option *options;
    size_t n_options;
    size_t options_size;
    const void *defaults; /* an options struct to start from; NULL: zeroes. Its lists are NULL. */

    int failure;                        /* exit code where run() fails, 0: 1 */
    bool one_failure;                   /* it is that of a wrong command line, too, and of every kind of error */
    bool standalone;                    /* needs no configuration: works where that is broken */
    const struct cli_example *examples; /* ended by {NULL} */

    /* Does the work; gives the process's exit code (0 to 255), or an error that main() prints. `operands` ends with
     * NULL. */
    int (*run)(struct cli_context *ctx, const void *opts, char **operands, struct err *err);
};

#define CLI_OPTIONS(s, table) .options = (table), .n_options = ARRAY_SIZE(table), .options_size = sizeof(s)
#define CLI_ENTRIES(table)    .entries = (table), .n_entries = ARRAY_SIZE(table)

/* A command line, understood. */
struct cli_call {
    const struct cli_command *command;
    char *path; /* "cbox image ls" */
    void *options;
    char **operands; /* inside the argument vector */
    bool help;       /* --help was given, or a group without a command */
    int failure;     /* where parsing failed: the exit code, Docker's */
};

/* Understands `argv` (ended by NULL; argv[0] is not looked at, the program is called `program`) as a call of a command
 * below `root`. Options of `root` itself stand before the command's name and go to `globals`, as do those of groups
 * below it; the caller has initialised it with root->defaults or zeroes, and it is filled even where the rest fails.
 * The strings of `argv` are borrowed, its order is changed.
 *
 * Options follow pflag, as Docker's do: --name value, --name=value, -n value, -nvalue, -n=value, bundled flags (-it),
 * `--` ends them; a flag takes a value only behind "=". -h is --help where no option has that letter.
 *
 * ERR_INVALID for an unknown command or option (with the nearest one as hint), a bad argument, a wrong number of
 * operands. The caller releases `ret` in any case. */
int cli_parse(const struct cli_command *root, const char *program, void *globals, char **argv, struct cli_call *ret,
              struct err *err);
void cli_call_release(struct cli_call *call);

/* The exit code that stands for an error of a command: 126 and 127 for what could not be executed or found, 130 where a
 * signal asked for the end, else the command's own. */
int cli_exit_code(const struct cli_command *command, int kind);

/* How many operands a usage such as "IMAGE [ARG...]" allows; `*ret_max` is CLI_ANY without an upper bound. */
enum { CLI_ANY = 1 << 16 };
void cli_count_operands(const char *usage, int *ret_min, int *ret_max);

/* Looks for mistakes in the tables below `root`: order, duplicate names or letters, missing texts, offsets beyond the
 * struct, members that the kind does not know. ERR_INTERNAL names the first. For the unit tests. */
int cli_check(const struct cli_command *root, struct err *err);

/* The command with this path ("image ls" as {"image", "ls"}), or NULL; `*ret_path`, where wanted, becomes
 * "cbox image ls" in the words of the table (freed by the caller). */
const struct cli_command *cli_find(const struct cli_command *root, const char *program, char *const *words,
                                   char **ret_path);

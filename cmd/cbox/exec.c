#include "container/exec.h"
#include "attach.h"
#include "base/buf.h"
#include "cbox.h"
#include "commands.h"
#include "env_file.h"
#include "exec_keeper.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <unistd.h>

struct exec_options {
    bool detach, interactive, privileged, tty;
    const char *detach_keys, *user, *workdir;
    char **env, **env_files;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct exec_options, 'd', "detach", detach, "Detached mode: run command in the background"),
    CLI_STRING(struct exec_options, 0, "detach-keys", detach_keys,
               "Override the key sequence for detaching a container"),
    CLI_LIST(struct exec_options, 'e', "env", env, "Set environment variables"),
    CLI_LIST(struct exec_options, 0, "env-file", env_files, "Read in a file of environment variables",
             .values = CLI_VALUES_FILE),
    CLI_FLAG(struct exec_options, 'i', "interactive", interactive, "Keep STDIN open even if not attached"),
    CLI_FLAG(struct exec_options, 0, "privileged", privileged, "Give extended privileges to the command"),
    CLI_FLAG(struct exec_options, 't', "tty", tty, "Allocate a pseudo-TTY"),
    CLI_STRING(struct exec_options, 'u', "user", user, "Username or UID (format: \"<name|uid>[:<group|gid>]\")"),
    CLI_STRING(struct exec_options, 'w', "workdir", workdir, "Working directory inside the container"),
};

/* ---- environment ---- */

/* A name without a value has that of ours, or is left out. */
static int read_env(const struct exec_options *o, char ***ret, struct err *err)
{
    _cleanup_strv_ char **entries = NULL;
    int r = 0;

    STRV_FOREACH (file, o->env_files)
        r = r < 0 ? r : env_file_read(*file, &entries, err);
    if (r < 0)
        return r;
    strv_extend(&entries, o->env);
    STRV_FOREACH (entry, entries) {
        const char *value = strchr(*entry, '=') ? NULL : getenv(*entry);

        if (!*entry || **entry == '=')
            return err_set(err, ERR_INVALID, "invalid environment variable: %s", *entry);
        if (strchr(*entry, '='))
            strv_add(ret, *entry);
        else if (value)
            strv_addf(ret, "%s=%s", *entry, value);
    }
    return 0;
}

/* ---- running ---- */

/* Docker's exit code for what keeps a program from starting; it tells nothing apart where it does not wait. */
static int fail(const struct container_exec *how, const struct err *err)
{
    cbox_print_error(err);
    if (how->detached)
        return 1;
    return err->kind == ERR_NO_COMMAND ? 127 : 126;
}

/* It is a child of ours, or of a keeper: a terminal must not hang up when we are gone. */
static int start(struct store *s, const struct container_view *v, const struct container_exec *how,
                 struct container_execed *ret, int *ret_keeper, struct err *err)
{
    if (how->terminal || how->detached)
        return exec_keeper_start(s, v, how, ret, ret_keeper, err);
    return container_exec(s, v, how, ret, err);
}

static int run_program(struct store *s, const struct container_view *v, const struct container_exec *how,
                       struct attach_options *attach, struct err *err)
{
    _cleanup_execed_ struct container_execed e = CONTAINER_EXECED_NONE;
    _cleanup_fd_ int keeper = -1;
    struct err why = ERR_INIT;
    bool detached = false;
    int code;

    if (!how->detached)
        attach_block_signals();
    if (start(s, v, how, &e, &keeper, &why) < 0)
        return fail(how, &why);
    if (how->detached)
        return 0;
    code = attach_program(&e.process.pidfd, &e.process.terminal, e.streams, keeper, attach, &detached, err);
    if (detached) {
        container_exec_tell_detach(s, v, e.id);
        return err_set(err, ERR_INVALID, "read escape sequence");
    }
    if (code >= 0 && keeper < 0)
        container_exec_tell_end(s, v, e.id, code);
    return code;
}

static int exec(struct store *s, const struct container_view *v, const struct exec_options *o, char **args,
                struct err *err)
{
    struct attach_options attach = {.input = o->interactive};
    struct tty_size size = o->tty ? attach_terminal_size() : (struct tty_size){0};
    _cleanup_strv_ char **env = NULL;
    struct container_exec how = {
        .args = args,
        .user = str_given(o->user),
        .workdir = str_given(o->workdir),
        .terminal = o->tty,
        .privileged = o->privileged,
        .size = {.height = size.rows, .width = size.columns},
        .input = o->interactive,
        .detached = o->detach,
    };
    int r = container_exec_check(v, err);

    if (r == 0)
        r = read_env(o, &env, err);
    if (r == 0)
        r = detach_keys_parse(o->detach_keys, &attach.detach, err);
    if (r < 0)
        return r;
    how.env = env;
    return run_program(s, v, &how, &attach, err);
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct exec_options *o = opts;
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0)
        r = s ? container_view_process(s, operands[0], &v, err) : cbox_no_container(operands[0], err);
    if (r == 0 && o->tty && o->interactive && !o->detach && !isatty(STDIN_FILENO))
        r = err_set(err, ERR_INVALID, "the input device is not a TTY");
    return r < 0 ? r : exec(s, &v, o, operands + 1, err);
}

static const struct cli_example examples[] = {
    {"A shell in a container that runs", "cbox exec -it web sh"},
    {"As another user, with a variable more", "cbox exec -u 1000 -e DEBUG=1 web env"},
    {"In the background", "cbox exec -d web touch /tmp/ready"},
    {NULL, NULL},
};

const struct cli_command cmd_exec = {
    .summary = "Execute a command in a running container",
    .description =
        "The program has what the container's own has: user, environment, capabilities, limits; options change\n"
        "that. Its exit code becomes this command's: 126 where it cannot be started, 127 where it was not\n"
        "found. It ends with the container, and goes on when this command is ended by force.",
    .operands = "CONTAINER COMMAND [ARG...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_NONE},
    .stop_at_first = true,
    CLI_OPTIONS(struct exec_options, options),
    .examples = examples,
    .run = run,
};

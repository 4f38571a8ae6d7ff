/* create, and run, which is create, start, and the wait for the end. */
#include "attach.h"
#include "runtime.h"
#include "sys/proc.h"

#include <signal.h>
#include <stdio.h>

struct create_options {
    const char *bundle, *console_socket, *pid_file;
    int64_t preserve_fds;
    bool no_new_keyring, no_pivot;
    /* of run */
    bool detach, keep, no_subreaper;
};

#define BUNDLE                                                                                              \
    CLI_STRING(struct create_options, 'b', "bundle", bundle, "Directory of the bundle (default: this one)", \
               .word = "dir", .values = CLI_VALUES_DIRECTORY)
#define CONSOLE_SOCKET                                                     \
    CLI_STRING(struct create_options, 0, "console-socket", console_socket, \
               "Socket that is sent the terminal's master", .word = "path", .values = CLI_VALUES_FILE)
#define NO_NEW_KEYRING \
    CLI_FLAG(struct create_options, 0, "no-new-keyring", no_new_keyring, "Keep the caller's session keyring")
#define NO_PIVOT \
    CLI_FLAG(struct create_options, 0, "no-pivot", no_pivot, "Change the root without pivot_root, as on a ramdisk")
#define PID_FILE                                                                                                  \
    CLI_STRING(struct create_options, 0, "pid-file", pid_file, "File to write the process id to", .word = "file", \
               .values = CLI_VALUES_FILE)
#define PRESERVE_FDS                                                                                                  \
    CLI_INT(struct create_options, 0, "preserve-fds", preserve_fds, "Hand on so many descriptors besides 0, 1 and 2", \
            .word = "n", .min = 0, .max = 1024)

static const struct cli_option create_options[] = {
    BUNDLE, CONSOLE_SOCKET, NO_NEW_KEYRING, NO_PIVOT, PID_FILE, PRESERVE_FDS,
};

static const struct cli_option run_options[] = {
    BUNDLE,
    CONSOLE_SOCKET,
    CLI_FLAG(struct create_options, 'd', "detach", detach, "Leave it running"),
    CLI_FLAG(struct create_options, 0, "keep", keep, "Do not delete it when it ends"),
    NO_NEW_KEYRING,
    NO_PIVOT,
    CLI_FLAG(struct create_options, 0, "no-subreaper", no_subreaper, "Accepted: this command never is a subreaper"),
    PID_FILE,
    PRESERVE_FDS,
};

static int create(struct cli_context *ctx, const struct create_options *o, const char *id, bool detached,
                  struct runtime_instance *ret, struct runtime_process *ret_process, struct err *err)
{
    _cleanup_free_ char *root = cbox_runtime_root(ctx);
    struct runtime_create how = {
        .root = root,
        .id = id,
        .bundle = o->bundle ? o->bundle : ".",
        .pid_file = str_given(o->pid_file),
        .console_socket = str_given(o->console_socket),
        .listen_fds = cbox_runtime_listen_fds(),
        .systemd = ctx->globals.runtime.systemd_cgroup,
        .detached = detached,
        .no_pivot = o->no_pivot,
        .no_keyring = o->no_new_keyring,
    };
    int r = cbox_runtime_preserve(o->preserve_fds, &how.preserve_fds, err);

    return r < 0 ? r : runtime_create(&how, ret, ret_process, err);
}

static int run_create(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    _cleanup_process_ struct runtime_process process = RUNTIME_PROCESS_INIT;

    return create(ctx, opts, operands[0], true, &inst, &process, err);
}

static int run_run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct create_options *o = opts;
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    _cleanup_process_ struct runtime_process process = RUNTIME_PROCESS_INIT;
    struct err why = ERR_INIT;
    int code, r;

    if (!o->detach)
        attach_block_signals();
    r = create(ctx, o, operands[0], o->detach, &inst, &process, err);
    if (r < 0)
        return r;
    /* Before the program is there to ask for it. */
    if (process.terminal >= 0)
        attach_set_size(process.terminal);
    r = runtime_instance_pass(&inst, err);
    if (r < 0) {
        runtime_instance_delete(&inst, true, &why);
        return r;
    }
    if (o->detach)
        return 0;
    code = attach_child(&process.pidfd, &process.terminal, err);
    if (o->keep)
        return code;
    r = runtime_instance_delete(&inst, true, &why);
    if (code < 0 || r == 0 || r == ERR_NOT_FOUND) /* somebody else may have been faster */
        return code;
    *err = why;
    return r;
}

static const struct cli_example create_examples[] = {
    {"A container that waits to be started", "cbox runtime create --bundle /srv/box --pid-file /run/box.pid box"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_create = {
    .summary = "Create a container",
    .description = "The container's process is there and everything around it, but its program does not run before\n"
                   "'cbox runtime start'.",
    .operands = "CONTAINER",
    .standalone = true,
    .one_failure = true,
    CLI_OPTIONS(struct create_options, create_options),
    .examples = create_examples,
    .run = run_create,
};

static const struct cli_example run_examples[] = {
    {"In the foreground, from the bundle in this directory", "cbox runtime run box"},
    {"In the background", "cbox runtime run -d --bundle /srv/box box"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_run = {
    .summary = "Create and start a container",
    .description =
        "In the foreground the program has this command's input and output, or a terminal; signals are passed\n"
        "on to it, and its exit code becomes this command's.",
    .operands = "CONTAINER",
    .standalone = true,
    .one_failure = true,
    CLI_OPTIONS(struct create_options, run_options),
    .examples = run_examples,
    .run = run_run,
};

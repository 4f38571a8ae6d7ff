#include "attach.h"
#include "base/num.h"
#include "runtime.h"
#include "sys/fd.h"

#include <stdio.h>

struct exec_options {
    const char *apparmor, *console_socket, *cwd, *pid_file, *process, *process_label, *user;
    char **additional_gids, **caps, **cgroups, **env;
    int64_t preserve_fds;
    bool detach, ignore_paused, no_new_privs, tty;
};

static const struct cli_option options[] = {
    CLI_LIST(struct exec_options, 'g', "additional-gids", additional_gids, "Further groups", .word = "gid"),
    CLI_STRING(struct exec_options, 0, "apparmor", apparmor, "AppArmor profile of the process", .word = "profile"),
    CLI_LIST(struct exec_options, 'c', "cap", caps, "Add a capability", .word = "capability"),
    CLI_LIST(struct exec_options, 0, "cgroup", cgroups, "Run it in a cgroup below the container's",
             .word = "[controller:]path"),
    CLI_STRING(struct exec_options, 0, "console-socket", console_socket, "Socket that is sent the terminal's master",
               .word = "path", .values = CLI_VALUES_FILE),
    CLI_STRING(struct exec_options, 0, "cwd", cwd, "Working directory", .word = "dir"),
    CLI_FLAG(struct exec_options, 'd', "detach", detach, "Leave it running"),
    CLI_LIST(struct exec_options, 'e', "env", env, "Set environment variables", .word = "NAME=VALUE"),
    CLI_FLAG(struct exec_options, 0, "ignore-paused", ignore_paused, "Also where the container is paused"),
    CLI_FLAG(struct exec_options, 0, "no-new-privs", no_new_privs, "Never gain privileges by execve"),
    CLI_STRING(struct exec_options, 0, "pid-file", pid_file, "File to write the process id to", .word = "file",
               .values = CLI_VALUES_FILE),
    CLI_INT(struct exec_options, 0, "preserve-fds", preserve_fds, "Hand on so many descriptors besides 0, 1 and 2",
            .word = "n", .min = 0, .max = 1024),
    CLI_STRING(struct exec_options, 'p', "process", process,
               "File with a process as in config.json; no command is given then", .word = "file",
               .values = CLI_VALUES_FILE),
    CLI_STRING(struct exec_options, 0, "process-label", process_label, "SELinux label of the process", .word = "label"),
    CLI_FLAG(struct exec_options, 't', "tty", tty, "Allocate a pseudo-TTY"),
    CLI_STRING(struct exec_options, 'u', "user", user, "User and group: ids, or names of the container",
               .word = "user[:group]"),
};

static void add_missing(char ***v, char *const *more)
{
    STRV_FOREACH (s, more)
        if (!strv_contains(*v, *s))
            strv_add(v, *s);
}

static int take_user(const char *text, struct oci_user *user, struct err *err)
{
    _cleanup_strv_ char **parts = strv_split(text, ':');
    int64_t uid, gid;

    if (num_parse_i64(parts[0], 0, UINT32_MAX - 1, &uid, NULL) < 0 ||
        (parts[1] && num_parse_i64(parts[1], 0, UINT32_MAX - 1, &gid, NULL) < 0)) {
        str_replace(&user->username, str_dup(text));
        return 0;
    }
    if (parts[1] && parts[2])
        return err_set(err, ERR_INVALID, "--user: \"%s\" is not USER[:GROUP]", text);
    user->uid = uid;
    if (parts[1])
        user->gid = gid;
    return 0;
}

/* The container's own process with what the options change. */
static int describe(const struct exec_options *o, char **args, struct oci_process *p, struct err *err)
{
    struct oci_capabilities *c = &p->capabilities;
    char ***const sets[] = {&c->bounding, &c->effective, &c->permitted};
    int r = o->user ? take_user(o->user, &p->user, err) : 0;

    STRV_FOREACH (text, o->additional_gids) {
        int64_t gid;

        if (r == 0)
            r = num_parse_i64(*text, 0, UINT32_MAX - 1, &gid, err);
        if (r < 0)
            return err_wrap(err, "--additional-gids");
        *VEC_PUSH(&p->user.additional_gids) = gid;
    }
    if (r < 0)
        return r;
    strv_free(p->args);
    p->args = strv_copy(args);
    STRV_FOREACH (assignment, o->env)
        strv_env_set(&p->env, *assignment);
    if (o->cwd)
        str_replace(&p->cwd, str_dup(o->cwd));
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        add_missing(sets[i], o->caps);
    if (o->apparmor)
        str_replace(&p->apparmor_profile, str_dup(o->apparmor));
    if (o->process_label)
        str_replace(&p->selinux_label, str_dup(o->process_label));
    p->no_new_privileges |= o->no_new_privs;
    p->terminal = o->tty;
    return 0;
}

static int read_process(const char *file, struct oci_process *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_SPEC_MAX);
    int r = fd_read_user_file(file, &text, err);

    if (r == 0) {
        r = json_parse(buf_str(&text), text.len, &oci_process_type, ret, err);
        if (r < 0)
            return err_wrap(err, "%s", file);
    }
    return r;
}

/* The caller's terminal is as large, unless the document knows better. */
static void describe_size(struct oci_process *p)
{
    struct tty_size size = p->terminal ? attach_terminal_size() : (struct tty_size){0};

    if (p->console_size.height || p->console_size.width)
        return;
    p->console_size.height = size.rows;
    p->console_size.width = size.columns;
}

static int exec(const struct runtime_instance *inst, const struct exec_options *o, char **args, struct err *err)
{
    _cleanup_process_ struct runtime_process process = RUNTIME_PROCESS_INIT;
    _cleanup_spec_ struct oci_spec spec = {0};
    struct runtime_exec how = {
        .process = &spec.process,
        .pid_file = str_given(o->pid_file),
        .console_socket = str_given(o->console_socket),
        .cgroups = o->cgroups,
        .detached = o->detach,
        .ignore_paused = o->ignore_paused,
    };
    int r = runtime_instance_spec(inst, &spec, err);

    if (r == 0 && o->process) {
        json_free(&oci_process_type, &spec.process);
        r = read_process(o->process, &spec.process, err);
    } else if (r == 0) {
        r = describe(o, args, &spec.process, err);
    }
    if (!o->detach)
        describe_size(&spec.process);
    if (r == 0)
        r = cbox_runtime_preserve(o->preserve_fds, &how.preserve_fds, err);
    if (r < 0)
        return r;
    if (!o->detach)
        attach_block_signals();
    r = runtime_instance_exec(inst, &how, &process, err);
    if (r < 0 || o->detach)
        return r;
    return attach_child(&process.pidfd, &process.terminal, err);
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct exec_options *o = opts;
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    int r;

    if (!o->process && !operands[1])
        return err_set(err, ERR_INVALID, "no arguments to execute: a command or --process is needed");
    r = cbox_runtime_load(ctx, operands[0], false, &inst, err);
    return r < 0 ? r : exec(&inst, o, operands + 1, err);
}

static const struct cli_example examples[] = {
    {"A shell in a container", "cbox runtime exec -t box sh"},
    {"What a file describes, in the background", "cbox runtime exec -d --process ps.json --pid-file /run/ps.pid box"},
    {NULL, NULL},
};

const struct cli_command cmd_runtime_exec = {
    .summary = "Run another program in a container",
    .description =
        "The program gets what the container's own process has: user, environment, capabilities, limits; options\n"
        "change that, or --process describes all of it. It dies with the container.",
    .operands = "CONTAINER [COMMAND] [ARG...]",
    .stop_at_first = true,
    .standalone = true,
    .one_failure = true,
    .failure = 255,
    CLI_OPTIONS(struct exec_options, options),
    .examples = examples,
    .run = run,
};

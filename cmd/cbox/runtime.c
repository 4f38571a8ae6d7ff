/* `cbox runtime`: the OCI runtime by itself, with runc's command line. */
#include "runtime.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/num.h"
#include "base/time.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 1024 };

char *cbox_runtime_root(const struct cli_context *ctx)
{
    const char *state = ctx->globals.state, *xdg = getenv("XDG_RUNTIME_DIR");

    if (!str_empty(ctx->globals.runtime.root))
        return str_dup(ctx->globals.runtime.root);
    if (!str_empty(state))
        return str_printf("%s/runtime", state);
    if (geteuid() != 0 && !str_empty(xdg))
        return str_printf("%s/cbox/runtime", xdg);
    return str_dup("/run/cbox/runtime");
}

int cbox_runtime_load(const struct cli_context *ctx, const char *id, bool lock, struct runtime_instance *ret,
                      struct err *err)
{
    _cleanup_free_ char *root = cbox_runtime_root(ctx);

    return runtime_instance_load(root, id, lock, ret, err);
}

static struct {
    int fd;
    bool json;
} journal = {.fd = -1};

static void add_entry(const char *level, const char *text)
{
    _cleanup_buf_ struct buf line = BUF_INIT;
    char now[TIME_TEXT_MAX];

    time_format(time_now(), now);
    if (journal.json)
        buf_addf(&line, "{\"level\":\"%s\",\"msg\":", level);
    else
        buf_addf(&line, "time=\"%s\" level=%s msg=", now, level);
    buf_add_json(&line, text);
    if (journal.json)
        buf_addf(&line, ",\"time\":\"%s\"}", now);
    buf_addc(&line, '\n');
    fd_write_all(journal.fd, line.p, line.len);
}

static void add_debug(const char *line)
{
    add_entry("debug", line);
}

int cbox_runtime_log_open(const struct cbox_runtime_globals *g, struct err *err)
{
    journal.json = str_eq(g->log_format, "json");
    journal.fd = open(g->log, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_CLOEXEC, 0644);
    if (journal.fd < 0)
        return err_errno(err, errno, "--log: %s", g->log);
    if (g->debug)
        log_set_sink(add_debug);
    return 0;
}

void cbox_runtime_log_error(const struct err *err)
{
    if (journal.fd >= 0)
        add_entry("error", err->text);
}

unsigned cbox_runtime_listen_fds(void)
{
    const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    int64_t n = 0, owner;

    if (!fds || !pid || num_parse_i64(pid, 1, INT32_MAX, &owner, NULL) < 0 || owner != getpid() ||
        num_parse_i64(fds, 1, DESCRIPTORS_MAX, &n, NULL) < 0)
        return 0;
    return (unsigned)n;
}

/* What came with an execve(2) cannot be one that closes at the next. A descriptor that does is ours, as that of the
 * log, in the place of one that is missing. */
static bool is_callers(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    return flags >= 0 && !(flags & FD_CLOEXEC);
}

int cbox_runtime_preserve(int64_t n, unsigned *ret, struct err *err)
{
    n += cbox_runtime_listen_fds();
    for (int64_t fd = 3; fd < 3 + n; fd++)
        if (!is_callers((int)fd))
            return err_set(err, ERR_INVALID, "--preserve-fds: descriptor %lld is not open", (long long)fd);
    *ret = (unsigned)n;
    return 0;
}

static const char *const log_formats[] = {"text", "json", NULL};

static const struct cli_option options[] = {
    CLI_FLAG(struct cbox_globals, 0, "debug", runtime.debug, "Say on standard error what is being done"),
    CLI_STRING(struct cbox_globals, 0, "log", runtime.log, "File that errors are added to", .word = "file",
               .values = CLI_VALUES_FILE),
    CLI_STRING(struct cbox_globals, 0, "log-format", runtime.log_format, "Form of what is added to the log",
               .word = "text|json", .values = CLI_VALUES_WORDS, .words = log_formats),
    CLI_STRING(struct cbox_globals, 0, "root", runtime.root, "Directory of what is known of containers", .word = "dir",
               .values = CLI_VALUES_DIRECTORY),
    CLI_STRING(struct cbox_globals, 0, "rootless", runtime.rootless,
               "Accepted; what may be done is asked of the kernel", .word = "true|false|auto"),
    CLI_FLAG(struct cbox_globals, 0, "systemd-cgroup", runtime.systemd_cgroup,
             "Let systemd make cgroups; cgroupsPath is slice:prefix:name then"),
    CLI_FLAG(struct cbox_globals, 'v', "version", runtime.version, "Print version information and quit"),
};

static const struct cli_entry commands[] = {
    {"create", &cmd_runtime_create, CLI_OTHER},
    {"delete", &cmd_runtime_delete, CLI_OTHER},
    {"events", &cmd_runtime_events, CLI_OTHER},
    {"exec", &cmd_runtime_exec, CLI_OTHER},
    {"features", &cmd_runtime_features, CLI_OTHER},
    {"kill", &cmd_runtime_kill, CLI_OTHER},
    {"list", &cmd_runtime_list, CLI_OTHER},
    {"pause", &cmd_runtime_pause, CLI_OTHER},
    {"ps", &cmd_runtime_ps, CLI_OTHER},
    {"resume", &cmd_runtime_resume, CLI_OTHER},
    {"run", &cmd_runtime_run, CLI_OTHER},
    {"spec", &cmd_runtime_spec, CLI_OTHER},
    {"start", &cmd_runtime_start, CLI_OTHER},
    {"state", &cmd_runtime_state, CLI_OTHER},
    {"update", &cmd_runtime_update, CLI_OTHER},
};

const struct cli_command group_runtime = {
    .summary = "Run containers from OCI bundles",
    .description =
        "An OCI runtime with runc's command line, for programs that look after containers themselves: podman,\n"
        "containerd, dockerd and what is built on them. It knows bundles, a directory with a config.json and a\n"
        "root file system, and neither images nor the containers of cbox's other commands.\n"
        "\n"
        "A program that is started under the name cbox-runtime or runc is this command.",
    .one_failure = true,
    CLI_ENTRIES(commands),
    CLI_OPTIONS(struct cbox_globals, options),
};

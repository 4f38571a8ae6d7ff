#include "container_options.h"

#include "attach.h"
#include "bundle/mounts.h"
#include "runtime/cgroup.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <strings.h>

enum { ENV_FILE_MAX = 1 << 20 };

const char *const container_networks[] = {"default", "host", "none", NULL};

void creation_release(struct creation *c)
{
    engine_options_release(&c->options);
    oci_platform_release(&c->wanted);
}

/* NAME alone takes its value from our own environment; where that has none, it takes the image's away. */
static void add_variable(char ***env, const char *entry)
{
    const char *value = strchr(entry, '=') ? NULL : getenv(entry);

    if (value)
        strv_addf(env, "%s=%s", entry, value);
    else
        strv_add(env, entry);
}

static int read_env_file(const char *path, char ***env, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(ENV_FILE_MAX);
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    _cleanup_strv_ char **lines = NULL;
    int r = fd < 0 ? err_errno(err, errno, "%s", path) : fd_read_rest(fd, path, &text, err);

    if (r < 0)
        return r;
    if (bundle_parse_env_file(buf_str(&text), &lines, err) < 0)
        return err_wrap(err, "%s", path);
    STRV_FOREACH (line, lines)
        add_variable(env, *line);
    return 0;
}

static int read_env(const struct container_flags *f, struct engine_options *o, struct err *err)
{
    char ***env = &o->config.config.env;

    STRV_FOREACH (file, f->env_files) {
        int r = read_env_file(*file, env, err);

        if (r < 0)
            return r;
    }
    STRV_FOREACH (entry, f->env)
        add_variable(env, *entry);
    return 0;
}

static int read_mounts(const struct container_flags *f, struct engine_options *o, struct err *err)
{
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    int r = 0;

    STRV_FOREACH (text, f->volumes)
        r = r < 0 ? r : bundle_take_volume(*text, cwd, &o->host.binds, &o->config.config.volumes, err);
    STRV_FOREACH (text, f->mounts) {
        r = r < 0 ? r : bundle_parse_mount(*text, cwd, VEC_PUSH(&o->host.mounts), err);
        if (r < 0)
            return err_wrap(err, "invalid argument \"%s\" for \"--mount\" flag", *text);
    }
    STRV_FOREACH (text, f->tmpfs)
        r = r < 0 ? r : bundle_take_tmpfs(*text, &o->host.tmpfs, err);
    o->host.volumes_from = strv_copy(f->volumes_from);
    o->host.volume_driver = str_dup(str_given(f->volume_driver));
    return r;
}

static int read_limits(const struct container_flags *f, struct engine_options *o, struct err *err)
{
    int64_t quota, period;
    int r = 0;

    if (f->memory && f->memory < CGROUP_MEMORY_MIN)
        return err_set(err, ERR_INVALID, "--memory: minimum memory limit allowed is 6MB");
    if (f->cpus)
        r = cgroup_quota_of_cpus(f->cpus, (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &quota, &period, err);
    o->host.memory = f->memory;
    o->host.nano_cpus = f->cpus;
    if (f->pids_limit)
        o->host.pids_limit = mem_dup(&f->pids_limit, sizeof(f->pids_limit));
    return r < 0 ? err_wrap(err, "--cpus") : 0;
}

/* A profile is brought along as text, as Docker does. */
static int read_security(const struct container_flags *f, struct engine_options *o, struct err *err)
{
    struct bundle_security s;
    int r = bundle_parse_security(f->security, &s, err);

    STRV_FOREACH (option, f->security) {
        _cleanup_buf_ struct buf profile = BUF_INIT_MAX(BUNDLE_SECCOMP_MAX);
        struct bundle_security one;
        char *own[] = {*option, NULL};

        r = r < 0 ? r : bundle_parse_security(own, &one, err);
        if (r < 0)
            return r;
        if (!one.seccomp || str_eq(one.seccomp, "unconfined")) {
            strv_add(&o->host.security_opt, *option);
            continue;
        }
        r = fd_read_user_file(one.seccomp, &profile, err);
        if (r < 0)
            return err_wrap(err, "opening seccomp profile (%s) failed", one.seccomp);
        strv_addf(&o->host.security_opt, "seccomp=%s", buf_str(&profile));
    }
    return r;
}

static int read_labels(const struct container_flags *f, struct engine_options *o, struct err *err)
{
    STRV_FOREACH (label, f->labels) {
        _cleanup_free_ char *entry = strchr(*label, '=') ? str_dup(*label) : str_printf("%s=", *label);

        if (bundle_check_label(*label, err) < 0)
            return err_wrap(err, "invalid argument \"%s\" for \"-l, --label\" flag", *label);
        strv_env_set(&o->config.config.labels, entry);
    }
    return 0;
}

/* Values that are empty count as none, here and below, as in Docker. */
static int read_platform(const struct container_flags *f, struct creation *c, struct err *err)
{
    int r;

    c->platform = str_given(f->platform);
    r = c->platform ? oci_platform_parse(c->platform, &c->wanted, err) : 0;
    return r < 0 ? err_wrap(err, "error parsing specified platform") : 0;
}

static void read_console(const struct container_flags *f, struct engine_options *o)
{
    struct tty_size size = f->tty ? attach_terminal_size() : (struct tty_size){0};

    if (!f->tty)
        return;
    *VEC_PUSH(&o->host.console_size) = size.rows;
    *VEC_PUSH(&o->host.console_size) = size.columns;
}

/* The streams of -a; without it output and errors, and the input with -i. */
static int read_attach(const struct container_flags *f, struct engine_config *c, struct err *err)
{
    STRV_FOREACH (name, f->attach) {
        bool *stream = strcasecmp(*name, "stdin") == 0    ? &c->attach_stdin
                       : strcasecmp(*name, "stdout") == 0 ? &c->attach_stdout
                       : strcasecmp(*name, "stderr") == 0 ? &c->attach_stderr
                                                          : NULL;

        if (!stream)
            return err_set(
                err, ERR_INVALID,
                "invalid argument \"%s\" for \"-a, --attach\" flag: valid streams are STDIN, STDOUT and STDERR", *name);
        *stream = true;
    }
    if (!f->attach) {
        c->attach_stdout = c->attach_stderr = true;
        c->attach_stdin = f->interactive;
    }
    c->open_stdin = f->interactive;
    c->stdin_once = c->open_stdin && c->attach_stdin;
    return 0;
}

static void read_simple(const struct container_flags *f, char **operands, struct engine_options *o)
{
    struct oci_container_config *config = &o->config.config;

    o->config.image = str_dup(operands[0]);
    o->config.hostname = str_dup(str_given(f->hostname));
    o->config.tty = f->tty;
    config->user = str_dup(str_given(f->user));
    config->working_dir = str_dup(str_given(f->workdir));
    config->cmd = strv_copy(operands + 1);
    if (f->entrypoint)
        strv_add(&config->entrypoint, f->entrypoint);
    if (!str_empty(f->network) && !str_eq(f->network, "default"))
        o->host.network_mode = str_dup(f->network);
    o->host.auto_remove = f->rm;
    o->host.readonly_rootfs = f->readonly;
    if (f->init)
        o->host.init = mem_dup(&f->init, sizeof(f->init));
}

int creation_read(const struct container_flags *f, char **operands, struct creation *c, struct err *err)
{
    struct engine_options *o = &c->options;
    int r;

    *c = (struct creation){.name = str_given(f->name)};
    r = read_platform(f, c, err);
    if (r == 0)
        r = read_labels(f, o, err);
    if (r == 0)
        r = read_env(f, o, err);
    if (r == 0)
        r = read_mounts(f, o, err);
    if (r == 0)
        r = read_limits(f, o, err);
    if (r == 0)
        r = read_security(f, o, err);
    if (r == 0)
        r = read_attach(f, &o->config, err);
    if (r < 0)
        return r;
    read_simple(f, operands, o);
    read_console(f, o);
    return 0;
}

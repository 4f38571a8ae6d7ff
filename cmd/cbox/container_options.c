#include "container_options.h"

#include "attach.h"
#include "bundle/mounts.h"
#include "bundle/parse.h"
#include "env_file.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <strings.h>

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

static int read_env(const struct container_flags *f, struct engine_options *o, struct err *err)
{
    _cleanup_strv_ char **all = NULL;

    STRV_FOREACH (file, f->env_files) {
        int r = env_file_read(*file, &all, err);

        if (r < 0)
            return r;
    }
    strv_extend(&all, f->env);
    STRV_FOREACH (entry, all)
        add_variable(&o->config.config.env, *entry);
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

int creation_read_security(char *const *given, char ***ret, struct err *err)
{
    struct bundle_security s;
    int r = bundle_parse_security(given, &s, err);

    STRV_FOREACH (option, given) {
        _cleanup_buf_ struct buf profile = BUF_INIT_MAX(BUNDLE_SECCOMP_MAX);
        struct bundle_security one;
        char *own[] = {*option, NULL};

        r = r < 0 ? r : bundle_parse_security(own, &one, err);
        if (r < 0)
            return r;
        if (!one.seccomp || str_eq(one.seccomp, "unconfined")) {
            strv_add(ret, *option);
            continue;
        }
        r = fd_read_user_file(one.seccomp, &profile, err);
        if (r < 0)
            return err_wrap(err, "opening seccomp profile (%s) failed", one.seccomp);
        strv_addf(ret, "seccomp=%s", buf_str(&profile));
    }
    return r;
}

static int read_labels(const struct container_flags *f, struct engine_options *o, struct err *err)
{
    _cleanup_strv_ char **all = NULL;

    STRV_FOREACH (file, f->label_files) {
        int r = env_file_read(*file, &all, err);

        if (r < 0)
            return r;
    }
    strv_extend(&all, f->labels);
    STRV_FOREACH (label, all) {
        _cleanup_free_ char *entry = strchr(*label, '=') ? str_dup(*label) : str_printf("%s=", *label);

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
static void read_attach(const struct container_flags *f, struct engine_config *c)
{
    STRV_FOREACH (name, f->attach) {
        c->attach_stdin = c->attach_stdin || strcasecmp(*name, "stdin") == 0;
        c->attach_stdout = c->attach_stdout || strcasecmp(*name, "stdout") == 0;
        c->attach_stderr = c->attach_stderr || strcasecmp(*name, "stderr") == 0;
    }
    if (!f->attach) {
        c->attach_stdout = c->attach_stderr = true;
        c->attach_stdin = f->interactive;
    }
    c->open_stdin = f->interactive;
    c->stdin_once = c->open_stdin && c->attach_stdin;
}

static int read_health(const struct container_flags *f, struct oci_container_config *c, struct err *err)
{
    const struct oci_healthcheck *h = &f->health;
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"interval", h->interval},
                   {"timeout", h->timeout},
                   {"retries", h->retries},
                   {"start-period", h->start_period},
                   {"start-interval", h->start_interval}};
    bool any = !str_empty(f->health_cmd);

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        any = any || numbers[i].value;
        if (numbers[i].value < 0)
            return err_set(err, ERR_INVALID, "--health-%s cannot be negative", numbers[i].name);
    }
    if (f->no_healthcheck && any)
        return err_set(err, ERR_INVALID, "--no-healthcheck conflicts with --health-* options");
    if (!any && !f->no_healthcheck)
        return 0;
    c->healthcheck = mem_dup(h, sizeof(*h));
    if (f->no_healthcheck || !str_empty(f->health_cmd))
        strv_add(&c->healthcheck->test, f->no_healthcheck ? "NONE" : "CMD-SHELL");
    if (!str_empty(f->health_cmd))
        strv_add(&c->healthcheck->test, f->health_cmd);
    return 0;
}

static int read_logging(const struct container_flags *f, struct engine_log_config *log, struct err *err)
{
    if (str_eq(f->log_driver, "none") && strv_len(f->log_opts))
        return err_set(err, ERR_INVALID, "invalid logging opts for driver %s", f->log_driver);
    STRV_FOREACH (option, f->log_opts) {
        _cleanup_free_ char *entry = strchr(*option, '=') ? str_dup(*option) : str_printf("%s=", *option);

        strv_env_set(&log->config, entry);
    }
    return 0;
}

static int read_modes(const struct container_flags *f, struct engine_host_config *h, struct err *err)
{
    int r = bundle_check_pid(f->pid, err);

    if (r == 0)
        r = bundle_check_uts(f->uts, err);
    if (r == 0)
        r = bundle_check_userns(f->userns, err);
    if (r == 0)
        r = bundle_check_cgroupns(f->cgroupns, err);
    if (r == 0)
        r = bundle_parse_restart(f->restart ? f->restart : "no", &h->restart_policy, err);
    return r;
}

/* Texts that stay what they are; an empty one is none. */
#define GOES(from, to)                                                              \
    {                                                                               \
        offsetof(struct container_flags, from), offsetof(struct engine_options, to) \
    }
static const struct {
    size_t from, to;
} texts[] = {
    GOES(cgroup_parent, host.cgroup_parent),
    GOES(cgroupns, host.cgroupns_mode),
    GOES(cidfile, host.container_id_file),
    GOES(domainname, config.domainname),
    GOES(hostname, config.hostname),
    GOES(ipc, host.ipc_mode),
    GOES(isolation, host.isolation),
    GOES(log_driver, host.log_config.type),
    GOES(pid, host.pid_mode),
    GOES(runtime, host.runtime),
    GOES(stop_signal, config.config.stop_signal),
    GOES(user, config.config.user),
    GOES(userns, host.userns_mode),
    GOES(uts, host.uts_mode),
    GOES(workdir, config.config.working_dir),
};

/* And lists. */
static const struct {
    size_t from, to;
} lists[] = {
    GOES(annotations, host.annotations), GOES(cap_add, host.cap_add),
    GOES(cap_drop, host.cap_drop),       GOES(dns, host.dns),
    GOES(dns_options, host.dns_options), GOES(dns_search, host.dns_search),
    GOES(group_add, host.group_add),     GOES(sysctls, host.sysctls),
};

static void read_simple(const struct container_flags *f, char **operands, struct engine_options *o)
{
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        const char *text = *(const char *const *)((const char *)f + texts[i].from);

        *(char **)((char *)o + texts[i].to) = str_dup(str_given(text));
    }
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        char *const *list = *(char **const *)((const char *)f + lists[i].from);

        *(char ***)((char *)o + lists[i].to) = strv_copy(list);
    }
    o->config.image = str_dup(operands[0]);
    o->config.tty = f->tty;
    o->config.config.cmd = strv_copy(operands + 1);
    if (f->entrypoint)
        strv_add(&o->config.config.entrypoint, f->entrypoint);
    if (f->stop_timeout != INT64_MIN)
        o->config.stop_timeout = mem_dup(&f->stop_timeout, sizeof(f->stop_timeout));
    if (f->init)
        o->host.init = mem_dup(&f->init, sizeof(f->init));
    STRV_FOREACH (host, f->add_hosts)
        bundle_parse_host(*host, &o->host.extra_hosts, NULL); /* it was checked */
}

static void read_pull(const struct container_flags *f, struct creation *c)
{
    c->quiet = f->quiet;
    c->pull = str_eq(f->pull, "always") ? PULL_ALWAYS : str_eq(f->pull, "never") ? PULL_NEVER : PULL_MISSING;
}

int creation_read(const struct container_flags *f, char **operands, struct creation *c, struct err *err)
{
    struct engine_options *o = &c->options;
    int r;

    *c = (struct creation){.name = str_given(f->name), .options.host = f->host};
    read_simple(f, operands, o);
    read_console(f, o);
    read_attach(f, &o->config);
    read_pull(f, c);
    r = read_platform(f, c, err);
    if (r == 0)
        r = creation_read_networks(f, o, err);
    if (r == 0)
        r = creation_read_limits(f, &o->host, err);
    if (r == 0)
        r = read_mounts(f, o, err);
    if (r == 0)
        r = read_env(f, o, err);
    if (r == 0)
        r = read_labels(f, o, err);
    if (r == 0)
        r = read_modes(f, &o->host, err);
    if (r == 0)
        r = read_logging(f, &o->host.log_config, err);
    if (r == 0)
        r = creation_read_security(f->security, &o->host.security_opt, err);
    return r < 0 ? r : read_health(f, &o->config.config, err);
}

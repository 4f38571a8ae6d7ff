#include "attach.h"
#include "cbox.h"
#include "commands.h"
#include "container/container.h"
#include "monitor/monitor.h"
#include "pull.h"
#include "runtime/cgroup.h"
#include "sys/fd.h"
#include "sys/tty.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>

enum { ENV_FILE_MAX = 1 << 20 };

struct run_options {
    bool detach, interactive, readonly, rm, sig_proxy, tty;
    char **attach;
    const char *detach_keys;
    const char *entrypoint, *hostname, *name, *network, *platform, *user, *workdir;
    bool init;
    char **env, **env_files, **labels, **security, **volumes;
    int64_t cpus, memory, pids_limit;
};

static const struct run_options defaults = {.sig_proxy = true};

static const char *const networks[] = {"default", "host", "none", NULL};

static const struct cli_option options[] = {
    CLI_LIST(struct run_options, 'a', "attach", attach, "Attach to STDIN, STDOUT or STDERR"),
    CLI_NANO(struct run_options, 0, "cpus", cpus, "Number of CPUs"),
    CLI_FLAG(struct run_options, 'd', "detach", detach, "Run container in background and print container ID"),
    CLI_STRING(struct run_options, 0, "detach-keys", detach_keys,
               "Override the key sequence for detaching a container"),
    CLI_STRING(struct run_options, 0, "entrypoint", entrypoint, "Overwrite the default ENTRYPOINT of the image"),
    CLI_LIST(struct run_options, 'e', "env", env, "Set environment variables"),
    CLI_LIST(struct run_options, 0, "env-file", env_files, "Read in a file of environment variables",
             .values = CLI_VALUES_FILE),
    CLI_STRING(struct run_options, 'h', "hostname", hostname, "Container host name"),
    CLI_FLAG(struct run_options, 0, "init", init,
             "Run an init inside the container that forwards signals and reaps processes"),
    CLI_FLAG(struct run_options, 'i', "interactive", interactive, "Keep STDIN open even if not attached"),
    CLI_LIST(struct run_options, 'l', "label", labels, "Set meta data on a container"),
    CLI_SIZE(struct run_options, 'm', "memory", memory, "Memory limit"),
    CLI_STRING(struct run_options, 0, "name", name, "Assign a name to the container"),
    CLI_STRING(struct run_options, 0, "net", network, "Connect a container to a network", .word = "network",
               .values = CLI_VALUES_WORDS, .words = networks, .hidden = true),
    CLI_STRING(struct run_options, 0, "network", network, "Connect a container to a network", .word = "network",
               .shown_default = "none", .values = CLI_VALUES_WORDS, .words = networks),
    CLI_INT(struct run_options, 0, "pids-limit", pids_limit, "Tune container pids limit (set -1 for unlimited)",
            .min = INT64_MIN, .max = INT32_MAX),
    CLI_STRING(struct run_options, 0, "platform", platform, "Platform of the image if it has to be pulled",
               .word = "os/arch"),
    CLI_FLAG(struct run_options, 0, "read-only", readonly, "Mount the container's root filesystem as read only"),
    CLI_FLAG(struct run_options, 0, "rm", rm,
             "Automatically remove the container and its anonymous volumes when it exits"),
    CLI_LIST(struct run_options, 0, "security-opt", security, "Security Options"),
    CLI_FLAG(struct run_options, 0, "sig-proxy", sig_proxy, "Proxy received signals to the process",
             .shown_default = "true"),
    CLI_FLAG(struct run_options, 't', "tty", tty, "Allocate a pseudo-TTY"),
    CLI_STRING(struct run_options, 'u', "user", user, "Username or UID (format: <name|uid>[:<group|gid>])"),
    CLI_LIST(struct run_options, 'v', "volume", volumes, "Bind mount a volume", .values = CLI_VALUES_FILE),
    CLI_STRING(struct run_options, 'w', "workdir", workdir, "Working directory inside the container"),
};

/* What has to be released beside the options. */
struct request {
    struct container_options options;
    struct bundle_volume *volumes;
    char **env;
    struct buf profile;               /* of system calls */
    char hostname[HOST_NAME_MAX + 1]; /* the host's */
    const char *platform;             /* as it was written, or NULL */
    struct oci_platform wanted;       /* the same */
};

static void request_release(struct request *q)
{
    for (size_t i = 0; i < q->options.bundle.n_volumes; i++)
        bundle_volume_release(&q->volumes[i]);
    free(q->volumes);
    strv_free(q->env);
    buf_free(&q->profile);
    oci_platform_release(&q->wanted);
}

static int read_env(const struct run_options *o, char ***env, struct err *err)
{
    STRV_FOREACH (file, o->env_files) {
        _cleanup_buf_ struct buf text = BUF_INIT_MAX(ENV_FILE_MAX);
        _cleanup_fd_ int fd = open(*file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        int r = fd < 0 ? err_errno(err, errno, "%s", *file) : fd_read_rest(fd, *file, &text, err);

        if (r == 0) {
            r = bundle_parse_env_file(buf_str(&text), env, err);
            if (r < 0)
                err_wrap(err, "%s", *file);
        }
        if (r < 0)
            return r;
    }
    strv_extend(env, o->env);
    return 0;
}

static int read_volumes(const struct run_options *o, struct request *q, struct err *err)
{
    _cleanup_free_ char *cwd = getcwd(NULL, 0);

    q->volumes = mem_zalloc(strv_len(o->volumes), sizeof(*q->volumes));
    STRV_FOREACH (text, o->volumes) {
        int r = bundle_parse_volume(*text, cwd, &q->volumes[q->options.bundle.n_volumes], err);

        if (r < 0)
            return r;
        q->options.bundle.n_volumes++;
    }
    q->options.bundle.volumes = q->volumes;
    return 0;
}

static int read_limits(const struct run_options *o, struct bundle_options *b, struct err *err)
{
    int r = 0;

    if (o->memory && o->memory < CGROUP_MEMORY_MIN)
        return err_set(err, ERR_INVALID, "--memory: minimum memory limit allowed is 6MB");
    b->memory = o->memory;
    b->pids_limit = MAX_OF(o->pids_limit, -1);
    if (o->cpus)
        r = cgroup_quota_of_cpus(o->cpus, (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &b->cpu_quota, &b->cpu_period, err);
    return r < 0 ? err_wrap(err, "--cpus") : 0;
}

static int read_network(const struct run_options *o, struct request *q, struct err *err)
{
    struct bundle_options *b = &q->options.bundle;
    const char *network = str_given(o->network);

    q->options.network = network && !str_eq(network, "default") ? network : "none";
    b->host_network = str_eq(q->options.network, "host");
    b->hostname = str_given(o->hostname);
    if (!b->host_network || b->hostname)
        return 0;
    if (gethostname(q->hostname, sizeof(q->hostname)) < 0)
        return err_errno(err, errno, "the host's name");
    b->hostname = q->hostname;
    return 0;
}

static int read_security(const struct run_options *o, struct request *q, struct err *err)
{
    struct bundle_security *s = &q->options.bundle.security;
    int r = bundle_parse_security(o->security, s, err);

    if (r < 0 || !s->seccomp || str_eq(s->seccomp, "unconfined"))
        return r;
    q->profile = BUF_INIT_MAX(BUNDLE_SECCOMP_MAX);
    r = fd_read_user_file(s->seccomp, &q->profile, err);
    if (r < 0)
        return err_wrap(err, "opening seccomp profile (%s) failed", s->seccomp);
    s->profile = buf_str(&q->profile);
    s->profile_len = q->profile.len;
    return 0;
}

static int check_labels(const struct run_options *o, struct err *err)
{
    STRV_FOREACH (label, o->labels)
        if (bundle_check_label(*label, err) < 0)
            return err_wrap(err, "invalid argument \"%s\" for \"-l, --label\" flag", *label);
    return 0;
}

/* Values that are empty count as none, here and below, as in Docker. */
static int read_platform(const struct run_options *o, struct request *q, struct err *err)
{
    int r;

    q->platform = str_given(o->platform);
    r = q->platform ? oci_platform_parse(q->platform, &q->wanted, err) : 0;
    return r < 0 ? err_wrap(err, "error parsing specified platform") : 0;
}

static int make_request(const struct run_options *o, char **operands, struct request *q, struct err *err)
{
    struct bundle_options *b = &q->options.bundle;
    struct tty_size size = o->tty ? attach_terminal_size() : (struct tty_size){0};
    int r = read_platform(o, q, err);

    if (r == 0)
        r = check_labels(o, err);
    if (r == 0)
        r = read_env(o, &q->env, err);
    if (r == 0)
        r = read_volumes(o, q, err);
    if (r == 0)
        r = read_limits(o, b, err);
    if (r == 0)
        r = read_network(o, q, err);
    if (r == 0)
        r = read_security(o, q, err);
    if (r < 0)
        return r;
    q->options.image = operands[0];
    q->options.name = str_given(o->name);
    q->options.remove = o->rm;
    q->options.labels = o->labels;
    b->entrypoint = o->entrypoint;
    b->args = operands + 1;
    b->env = q->env;
    b->host_env = environ;
    b->workdir = str_given(o->workdir);
    b->user = str_given(o->user);
    b->terminal = o->tty;
    b->rows = size.rows;
    b->columns = size.columns;
    b->readonly = o->readonly;
    b->init = o->init;
    return 0;
}

/* Opens the image, if it is for the platform that was asked for. The caller releases `ret` after 0. */
static int open_for_platform(struct store *s, const struct request *q, struct image *ret, struct err *err)
{
    int r = image_open(s, q->options.image, ret, err);

    if (r < 0 || !q->platform || oci_platform_distance(&q->wanted, &ret->config.platform) >= 0)
        return r;
    image_release(ret);
    return err_set(err, ERR_NOT_FOUND,
                   "image with reference %s was found but does not provide the specified platform (%s)",
                   q->options.image, q->platform);
}

/* Opens the image, once more after pulling it where it is not there. The lock keeps its layers. */
static int open_image(struct cli_context *ctx, struct store *s, const struct request *q, struct image *ret,
                      int *ret_lock, struct err *err)
{
    struct err why = ERR_INIT;
    int r;

    for (int tries = 0; tries < 2; tries++) {
        r = store_lock(s, LOCK_SHARED, LOCK_WAIT, ret_lock, err);
        if (r < 0)
            return r;
        why = ERR_INIT;
        r = open_for_platform(s, q, ret, &why);
        if (r != ERR_NOT_FOUND || tries)
            break;
        *ret_lock = fd_close(*ret_lock);
        r = cbox_pull_in_child(ctx, q->options.image, q->platform, err);
        if (r < 0)
            return r;
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

/* Makes and starts the container; `*ret_socket` is its monitor's, attached to the streams of `attach`. */
static int start(struct cli_context *ctx, struct store *s, const struct run_options *o, const struct request *q,
                 unsigned attach, int *ret_socket, char ret_id[ID_LEN + 1], struct err *err)
{
    struct image image = {0};
    struct container c = {0};
    _cleanup_fd_ int lock = -1;
    int r = open_image(ctx, s, q, &image, &lock, err);

    if (r < 0)
        return r;
    r = container_create(s, &image, &q->options, &c, err);
    lock = fd_close(lock); /* the record keeps the layers now */
    image_release(&image);
    if (r < 0)
        return r;
    memcpy(ret_id, store_container_id(c.dir), ID_LEN + 1);
    c.options.config.open_stdin = o->interactive;
    c.options.config.stdin_once = attach & 1 << MONITOR_INPUT;
    if (attach && o->sig_proxy)
        attach_block_signals();
    r = container_start(&c, attach, ret_socket, err);
    if (r < 0)
        container_destroy(&c, NULL);
    container_release(&c);
    return r;
}

/* Which streams to follow: those of -a; else all, of the input only with -i. */
static int read_attach(const struct run_options *o, unsigned *ret, struct err *err)
{
    static const char *const names[] = {
        [MONITOR_INPUT] = "stdin", [MONITOR_OUTPUT] = "stdout", [MONITOR_ERRORS] = "stderr"};

    *ret = 0;
    STRV_FOREACH (name, o->attach) {
        size_t i = 0;

        while (i < ARRAY_SIZE(names) && strcasecmp(*name, names[i]) != 0)
            i++;
        if (i == ARRAY_SIZE(names))
            return err_set(
                err, ERR_INVALID,
                "invalid argument \"%s\" for \"-a, --attach\" flag: valid streams are STDIN, STDOUT and STDERR", *name);
        *ret |= 1U << i;
    }
    if (o->detach && o->attach)
        return err_set(err, ERR_INVALID, "conflicting options: cannot specify both --attach and --detach");
    if (!o->detach && !o->attach)
        *ret = MONITOR_ALL_OUTPUT | (o->interactive ? 1U << MONITOR_INPUT : 0);
    return 0;
}

static int follow(int socket, const struct run_options *o, struct attach_options *attach, const char *id,
                  struct err *err)
{
    bool detached;
    int r;

    if (!o->detach)
        return attach_follow(socket, attach, &detached, err);
    r = container_await_start(socket, err);
    if (r == 0)
        puts(id);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct run_options *o = opts;
    _cleanup_(request_release) struct request q = {0};
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_fd_ int socket = -1;
    struct attach_options attach = {.own_signals = !o->sig_proxy};
    char id[ID_LEN + 1];
    unsigned streams;
    int r = read_attach(o, &streams, err);

    if (r == 0)
        r = detach_keys_parse(o->detach_keys, &attach.detach, err);
    if (r < 0)
        return r;
    attach.input = streams & 1U << MONITOR_INPUT;
    if (o->tty && attach.input && !isatty(STDIN_FILENO)) {
        /* Docker's exit code for it: nothing was tried yet. */
        err_set(err, ERR_INVALID, "the input device is not a TTY");
        cbox_print_error(err);
        return 1;
    }
    r = make_request(o, operands, &q, err);
    if (r == 0)
        r = store_open(ctx->root, ctx->state, &s, err);
    if (r == 0)
        r = start(ctx, s, o, &q, streams, &socket, id, err);
    return r < 0 ? r : follow(socket, o, &attach, id, err);
}

static const struct cli_example examples[] = {
    {"A shell in a container that is gone afterwards", "cbox run --rm -it alpine sh"},
    {"Limit memory and CPUs", "cbox run --rm --memory 256m --cpus 1.5 alpine sort big.txt"},
    {"A service in the background", "cbox run -d --name web alpine httpd -f"},
    {"Work on files of the host, as another user", "cbox run --rm -v \"$PWD\":/src -w /src -u 1000:1000 alpine make"},
    {NULL, NULL},
};

const struct cli_command cmd_run = {
    .summary = "Create and run a new container from an image",
    .description = "The image is pulled when it is not there. Without -d the container runs in the foreground: its\n"
                   "output is this command's, signals are passed on to it, and its exit code becomes this command's:\n"
                   "125 where cbox itself failed, 126 where the program cannot be executed, 127 where it was not\n"
                   "found, and 128 and the number of the signal that ended it. Ctrl-P and Ctrl-Q, typed one after\n"
                   "the other into its terminal, leave it running in the background.",
    .operands = "IMAGE [COMMAND] [ARG...]",
    .values = {CLI_VALUES_IMAGE, CLI_VALUES_NONE},
    .stop_at_first = true,
    .failure = 125,
    CLI_OPTIONS(struct run_options, options),
    .defaults = &defaults,
    .examples = examples,
    .run = run,
};

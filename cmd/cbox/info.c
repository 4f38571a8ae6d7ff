#include "cbox.h"
#include "cli/format.h"
#include "commands.h"

#include "base/num.h"
#include "cli/term.h"
#include "network/firewall.h"
#include "runtime/cgroup.h"
#include "store/tag.h"
#include "store/uses.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

enum { FILE_MAX = 64 << 10 };

struct info_options {
    const char *format;
};

static const struct cli_option options[] = {
    CLI_STRING(struct info_options, 'f', "format", format, "Format output: 'json' or a Go template"),
};

/* What is shown: a line each, and the name that a template has for it, which is Docker's where Docker has it. */
static const struct {
    const char *label, *key;
} shown[] = {
    {"Version", "ServerVersion"},
    {"Containers", "Containers"},
    {"Images", "Images"},
    {"Storage Driver", "Driver"},
    {"Logging Driver", "LoggingDriver"},
    {"Root Dir", "DockerRootDir"},
    {"State Dir", "StateDir"},
    {"Cgroup Version", "CgroupVersion"},
    {"Cgroup Controllers", "CgroupControllers"},
    {"Kernel Version", "KernelVersion"},
    {"Operating System", "OperatingSystem"},
    {"OSType", "OSType"},
    {"Architecture", "Architecture"},
    {"IPv4 Forwarding", "IPv4Forwarding"},
    {"IPv6 Forwarding", "IPv6Forwarding"},
    {"Firewall", "Firewall"},
    {"CPUs", "NCPU"},
    {"Total Memory", "MemTotal"},
    {"Name", "Name"},
};

static int read_lines(const char *path, char ***ret)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(FILE_MAX);
    struct err ignored = ERR_INIT;
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fd_read_rest(fd, path, &text, &ignored) < 0)
        return -1;
    *ret = strv_split(buf_str(&text), '\n');
    return 0;
}

/* PRETTY_NAME of os-release(5), or "Linux". */
static char *operating_system(void)
{
    static const char *const places[] = {"/etc/os-release", "/usr/lib/os-release"};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        _cleanup_strv_ char **lines = NULL;
        const char *name;
        size_t n;

        if (read_lines(places[i], &lines) < 0)
            continue;
        name = strv_env_get(lines, "PRETTY_NAME");
        if (!name)
            continue;
        n = strlen(name);
        return n > 1 && *name == '"' ? str_ndup(name + 1, n - 2) : str_dup(name);
    }
    return str_dup("Linux");
}

/* Sorted, as they are called on this host's versions. */
static char *cgroup_controllers(const struct cgroup_host *host)
{
    _cleanup_strv_ char **all = NULL;

    VEC_FOREACH (h, &host->hierarchies)
        for (int c = 0; c < CGROUP_CONTROLLERS; c++)
            if (h->controllers >> c & 1)
                strv_add(&all, cgroup_controller_name((enum cgroup_controller)c, h->version));
    strv_sort(all);
    return strv_join(all, " ");
}

static void add_cgroups(struct cli_value *info)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_free_ char *controllers = NULL;
    struct err err = ERR_INIT;
    const char *mode;

    if (cgroup_host_detect(&host, &err) < 0) {
        cli_value_put_text(info, "CgroupVersion", err.text);
        return;
    }
    controllers = cgroup_controllers(&host);
    mode = cgroup_host_mode(&host);
    cli_value_put_text(info, "CgroupVersion", str_eq(mode, "hybrid") ? "1 (hybrid)" : *mode == 'v' ? mode + 1 : mode);
    cli_value_put_text(info, "CgroupControllers", controllers);
}

static void add_network(const struct cli_context *ctx, struct cli_value *info)
{
    static const struct {
        const char *key, *path;
    } settings[] = {{"IPv4Forwarding", "/proc/sys/net/ipv4/ip_forward"},
                    {"IPv6Forwarding", "/proc/sys/net/ipv6/conf/all/forwarding"}};
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    _cleanup_free_ char *firewall = NULL;
    struct err ignored = ERR_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        _cleanup_strv_ char **lines = NULL;

        if (read_lines(settings[i].path, &lines) == 0)
            cli_value_put(info, settings[i].key, cli_value_truth(*lines[0] != '0'));
    }
    if (cbox_open_existing_store(ctx, &store, &ignored) < 0 || !store)
        return;
    firewall = firewall_describe(store);
    cli_value_put_text(info, "Firewall", firewall);
}

static void add_host(struct cli_value *info)
{
    _cleanup_free_ char *system = operating_system();
    struct utsname host = {0};
    struct sysinfo memory = {0};

    uname(&host);
    sysinfo(&memory);
    add_cgroups(info);
    cli_value_put_text(info, "KernelVersion", host.release);
    cli_value_put_text(info, "OperatingSystem", system);
    cli_value_put_text(info, "OSType", "linux");
    cli_value_put_text(info, "Architecture", host.machine);
    cli_value_put(info, "NCPU", cli_value_number(sysconf(_SC_NPROCESSORS_ONLN)));
    cli_value_put(info, "MemTotal", cli_value_number((int64_t)memory.totalram * memory.mem_unit));
    cli_value_put_text(info, "Name", host.nodename);
}

static int count_container(const struct store_use *use, void *data, struct err *err)
{
    (void)use, (void)err;
    ++*(size_t *)data;
    return 0;
}

/* Images by ID: one that has two names is one. */
static size_t count_images(const struct store_tag_list *tags)
{
    size_t n = 0;

    for (size_t i = 0; i < tags->n; i++) {
        bool again = false;

        for (size_t j = 0; j < i && !again; j++)
            again = digest_equal(&tags->v[i].id, &tags->v[j].id);
        n += !again;
    }
    return n;
}

/* What somebody may not look at is left out. */
static void add_store(const struct cli_context *ctx, struct cli_value *info)
{
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    struct store_tag_list tags = {0};
    struct err ignored = ERR_INIT;
    size_t containers = 0;

    if (cbox_open_existing_store(ctx, &store, &ignored) < 0)
        return;
    if (!store || store_each_use(store, count_container, &containers, &ignored) == 0)
        cli_value_put(info, "Containers", cli_value_number((int64_t)containers));
    if (!store || store_tag_list(store, &tags, &ignored) == 0)
        cli_value_put(info, "Images", cli_value_number((int64_t)count_images(&tags)));
    store_tag_list_release(&tags);
}

static void print_lines(const struct cli_value *info)
{
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        const struct cli_value *v = cli_value_get(info, shown[i].key);
        _cleanup_buf_ struct buf plain = BUF_INIT, text = BUF_INIT;
        char size[NUM_TEXT_MAX];

        if (!v)
            continue;
        if (str_eq(shown[i].key, "MemTotal"))
            buf_adds(&plain, num_format_size_iec(v->number, size));
        else
            cli_value_print(v, &plain);
        cli_add_printable(&text, buf_str(&plain)); /* what the host calls itself may be anything */
        printf("%s: %s\n", shown[i].label, buf_str(&text));
    }
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct info_options *o = opts;
    _cleanup_value_ struct cli_value info = {.kind = CLI_MAP};

    cli_value_put_text(&info, "ServerVersion", cbox_version);
    add_store(ctx, &info);
    cli_value_put_text(&info, "Driver", "overlayfs");
    cli_value_put_text(&info, "LoggingDriver", config_log_driver(&ctx->config));
    cli_value_put_text(&info, "DockerRootDir", ctx->root);
    cli_value_put_text(&info, "StateDir", ctx->state);
    add_host(&info);
    add_network(ctx, &info);
    if (o->format)
        return cli_format_object(o->format, &info, err);
    print_lines(&info);
    return 0;
}

static const struct cli_example examples[] = {
    {"Where images and containers lie", "cbox info -f {{.DockerRootDir}}"},
    {NULL, NULL},
};

const struct cli_command cmd_info = {
    .summary = "Display system-wide information",
    CLI_OPTIONS(struct info_options, options),
    .examples = examples,
    .run = run,
};

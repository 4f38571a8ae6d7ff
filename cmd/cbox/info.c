#include "cbox.h"
#include "commands.h"

#include "base/num.h"
#include "cli/term.h"
#include "runtime/cgroup.h"
#include "store/tag.h"
#include "store/uses.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

enum { FILE_MAX = 64 << 10 };

/* One line of the list; what the host calls itself may be anything. */
static void print(const char *key, const char *value)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    cli_add_printable(&text, value);
    printf("%s: %s\n", key, buf_str(&text));
}

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

static void print_cgroups(void)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_free_ char *controllers = NULL;
    struct err err = ERR_INIT;
    const char *mode;

    if (cgroup_host_detect(&host, &err) < 0) {
        print("Cgroup Version", err.text);
        return;
    }
    controllers = cgroup_controllers(&host);
    mode = cgroup_host_mode(&host);
    print("Cgroup Version", str_eq(mode, "hybrid") ? "1 (hybrid)" : *mode == 'v' ? mode + 1 : mode);
    print("Cgroup Controllers", controllers);
}

static void print_host(void)
{
    _cleanup_free_ char *system = operating_system();
    char memory[NUM_TEXT_MAX], cpus[NUM_TEXT_MAX];
    struct utsname host = {0};
    struct sysinfo info = {0};

    uname(&host);
    sysinfo(&info);
    snprintf(cpus, sizeof(cpus), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    print_cgroups();
    print("Kernel Version", host.release);
    print("Operating System", system);
    print("OSType", "linux");
    print("Architecture", host.machine);
    print("CPUs", cpus);
    print("Total Memory", num_format_size_iec((int64_t)info.totalram * info.mem_unit, memory));
    print("Name", host.nodename);
}

static int count_container(const struct store_use *use, void *data, struct err *err)
{
    (void)use, (void)err;
    ++*(size_t *)data;
    return 0;
}

static void print_number(const char *key, size_t n)
{
    char text[NUM_TEXT_MAX];

    snprintf(text, sizeof(text), "%zu", n);
    print(key, text);
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
static void print_store(const struct cli_context *ctx)
{
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    struct store_tag_list tags = {0};
    struct err ignored = ERR_INIT;
    size_t containers = 0;

    if (cbox_open_existing_store(ctx, &store, &ignored) < 0)
        return;
    if (!store || store_each_use(store, count_container, &containers, &ignored) == 0)
        print_number("Containers", containers);
    if (!store || store_tag_list(store, &tags, &ignored) == 0)
        print_number("Images", count_images(&tags));
    store_tag_list_release(&tags);
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    (void)opts, (void)operands, (void)err;
    print("Version", cbox_version);
    print_store(ctx);
    print("Storage Driver", "overlayfs");
    print("Root Dir", ctx->root);
    print("State Dir", ctx->state);
    print_host();
    return 0;
}

const struct cli_command cmd_info = {
    .summary = "Display system-wide information",
    .run = run,
};

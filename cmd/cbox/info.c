#include "cbox.h"
#include "commands.h"

#include "base/num.h"
#include "cli/term.h"
#include "store/tag.h"
#include "store/uses.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

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

static bool is_cgroup2(const char *path)
{
    struct statfs fs;

    return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* The controllers that this process is in: of each hierarchy on cgroup v1, those of the root on v2. cgroups(7). */
static char *cgroup_controllers(bool unified)
{
    _cleanup_strv_ char **lines = NULL, **all = NULL;

    if (read_lines(unified ? "/sys/fs/cgroup/cgroup.controllers" : "/proc/self/cgroup", &lines) < 0)
        return str_dup("");
    if (unified)
        return str_dup(lines[0]);
    STRV_FOREACH (line, lines) {
        _cleanup_strv_ char **part = strv_split(*line, ':');

        if (strv_len(part) >= 3 && *part[1] && !str_after(part[1], "name=")) {
            _cleanup_strv_ char **names = strv_split(part[1], ',');

            strv_extend(&all, names);
        }
    }
    strv_sort(all);
    return strv_join(all, " ");
}

static void print_host(void)
{
    bool unified = is_cgroup2("/sys/fs/cgroup"), hybrid = is_cgroup2("/sys/fs/cgroup/unified");
    _cleanup_free_ char *system = operating_system(), *controllers = cgroup_controllers(unified);
    char memory[NUM_TEXT_MAX], cpus[NUM_TEXT_MAX];
    struct utsname host = {0};
    struct sysinfo info = {0};

    uname(&host);
    sysinfo(&info);
    snprintf(cpus, sizeof(cpus), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    print("Cgroup Version", unified ? "2" : hybrid ? "1 (hybrid)" : "1");
    print("Cgroup Controllers", controllers);
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

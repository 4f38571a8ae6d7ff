#include "bundle/bundle.h"

#include "base/strv.h"

#include "sys/path.h"

/* Docker's default set: what a program that runs as root commonly needs, and nothing that reaches the host. */
static const char *const default_capabilities[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE",
};

/* What /proc and /sys tell of the host, or let it be harmed by. */
static const char *const masked_paths[] = {
    "/proc/asound",      "/proc/acpi",          "/proc/interrupts", "/proc/kcore",
    "/proc/keys",        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
    "/proc/sched_debug", "/proc/scsi",          "/sys/firmware",    "/sys/devices/virtual/powercap",
};

static const char *const readonly_paths[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

/* Everybody may ping and serve a low port: where the network is the container's alone, that takes nothing from the
 * host.
 */
static const char *const network_sysctls[] = {
    "net.ipv4.ip_unprivileged_port_start=0",
    "net.ipv4.ping_group_range=0 2147483647",
};

static const struct default_mount {
    const char *destination, *type, *options;
} default_mounts[] = {
    {"/proc", "proc", "nosuid,noexec,nodev"},
    {"/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
    {"/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
    {"/sys", "sysfs", "nosuid,noexec,nodev,ro"},
    {"/sys/fs/cgroup", "cgroup", "ro,nosuid,noexec,nodev"},
    {"/dev/mqueue", "mqueue", "nosuid,noexec,nodev"},
    {"/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777,size=65536k"},
};

static void add_all(char ***v, const char *const *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        strv_add(v, from[i]);
}

static int make_args(const struct oci_container_config *image, const struct bundle_options *o, char ***args,
                     struct err *err)
{
    if (!o->entrypoint)
        strv_extend(args, image->entrypoint);
    else if (*o->entrypoint)
        strv_add(args, o->entrypoint);
    if (strv_len(o->args))
        strv_extend(args, o->args);
    else if (!o->entrypoint)
        strv_extend(args, image->cmd);
    if (!strv_len(*args)) {
        err_set(err, ERR_INVALID, "no command specified");
        return err_hint(err, "the image has none: name one behind it");
    }
    return 0;
}

static void env_unset(char **env, const char *name)
{
    size_t n = strlen(name), kept = 0;

    for (size_t i = 0; env && env[i]; i++) {
        if (strncmp(env[i], name, n) == 0 && env[i][n] == '=')
            free(env[i]);
        else
            env[kept++] = env[i];
    }
    if (env)
        env[kept] = NULL;
}

static int make_env(const struct oci_container_config *image, const struct bundle_options *o, const char *hostname,
                    char ***env, struct err *err)
{
    _cleanup_free_ char *host = str_printf("HOSTNAME=%s", hostname);

    strv_add(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    strv_env_set(env, host);
    if (o->terminal)
        strv_env_set(env, "TERM=xterm");
    STRV_FOREACH (e, image->env)
        strv_env_set(env, *e);
    STRV_FOREACH (e, o->env) {
        if (**e == '=' || !**e)
            return err_set(err, ERR_INVALID, "invalid environment variable: %s", *e);
        if (strchr(*e, '=')) {
            strv_env_set(env, *e);
        } else {
            const char *value = strv_env_get(o->host_env, *e);
            _cleanup_free_ char *assignment = str_printf("%s=%s", *e, value ? value : "");

            if (value)
                strv_env_set(env, assignment);
            else
                env_unset(*env, *e);
        }
    }
    /* The runtime knows the user's own, and that is better than none. */
    if (str_eq(strv_env_get(*env, "HOME"), ""))
        env_unset(*env, "HOME");
    return 0;
}

static int make_cwd(const struct oci_container_config *image, const struct bundle_options *o, char **cwd,
                    struct err *err)
{
    const char *dir = o->workdir ? o->workdir : str_empty(image->working_dir) ? "/" : image->working_dir;

    if (*dir != '/')
        return err_set(err, ERR_INVALID, "the working directory '%s' is invalid, it needs to be an absolute path", dir);
    *cwd = path_clean(dir);
    return 0;
}

static int make_process(const struct oci_container_config *image, const struct bundle_options *o, const char *hostname,
                        struct oci_process *p, struct err *err)
{
    struct oci_capabilities *caps = &p->capabilities;
    const char *user = o->user ? o->user : image->user;
    int r = make_args(image, o, &p->args, err);

    if (r == 0)
        r = make_env(image, o, hostname, &p->env, err);
    if (r == 0)
        r = make_cwd(image, o, &p->cwd, err);
    if (r < 0)
        return r;
    p->terminal = o->terminal;
    p->console_size.height = o->rows;
    p->console_size.width = o->columns;
    p->user.username = str_dup(user ? user : "");
    /* A user other than root has them in the bounding set alone, so that only set-user-ID programs bring them back:
     * the runtime empties the other sets when the identity changes. */
    add_all(&caps->bounding, default_capabilities, ARRAY_SIZE(default_capabilities));
    add_all(&caps->permitted, default_capabilities, ARRAY_SIZE(default_capabilities));
    add_all(&caps->effective, default_capabilities, ARRAY_SIZE(default_capabilities));
    *VEC_PUSH(&p->rlimits) = (struct oci_rlimit){str_dup("RLIMIT_NOFILE"), 1024, 524288};
    return 0;
}

static void add_mount(struct oci_spec *spec, const char *destination, const char *type, const char *source,
                      const char *options)
{
    *VEC_PUSH(&spec->mounts) = (struct oci_mount){
        .destination = str_dup(destination),
        .type = str_dup(type),
        .source = str_dup(source),
        .options = strv_split(options, ','),
    };
}

/* Whether `path` is `dir` or lies below it; both are clean. */
static bool lies_in(const char *path, const char *dir)
{
    const char *rest = str_after(path, dir);

    return rest && (!*rest || *rest == '/');
}

/* Whether nobody would see what is mounted there. */
static bool hidden_by_volume(const struct bundle_options *o, const char *destination)
{
    for (size_t i = 0; i < o->n_volumes; i++)
        if (lies_in(destination, o->volumes[i].destination))
            return true;
    return false;
}

static bool is_volume(const struct bundle_options *o, const char *destination)
{
    for (size_t i = 0; i < o->n_volumes; i++)
        if (str_eq(destination, o->volumes[i].destination))
            return true;
    return false;
}

static int check_volumes(const struct bundle_options *o, struct err *err)
{
    for (size_t i = 0; i < o->n_volumes; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(o->volumes[i].destination, o->volumes[j].destination))
                return err_set(err, ERR_INVALID, "Duplicate mount point: %s", o->volumes[i].destination);
    return 0;
}

static size_t depth(const struct oci_mount *m)
{
    size_t n = 0;

    for (const char *p = m->destination; *p; p++)
        n += *p == '/';
    return n;
}

/* The outer ones first, or they would hide the inner ones; else in the order in which they were named. */
static void sort_mounts(struct oci_mount *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct oci_mount m = v[i];
        size_t at = i;

        for (; at && depth(&v[at - 1]) > depth(&m); at--)
            v[at] = v[at - 1];
        v[at] = m;
    }
}

/* A volume takes the place of what would be mounted there otherwise. */
static void make_mounts(const struct bundle_options *o, struct oci_spec *spec)
{
    static const char *const files[] = {"resolv.conf", "hostname", "hosts"};
    size_t n_default;

    for (size_t i = 0; i < ARRAY_SIZE(default_mounts); i++)
        if (!hidden_by_volume(o, default_mounts[i].destination))
            add_mount(spec, default_mounts[i].destination, default_mounts[i].type, default_mounts[i].type,
                      default_mounts[i].options);
    n_default = spec->mounts.n;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        _cleanup_free_ char *source = path_join(o->files, files[i]), *destination = path_join("/etc", files[i]);

        if (!is_volume(o, destination))
            add_mount(spec, destination, "bind", source, o->readonly ? "rbind,rprivate,ro" : "rbind,rprivate");
    }
    for (size_t i = 0; i < o->n_volumes; i++) {
        const struct bundle_volume *v = &o->volumes[i];
        /* Read-only with what is mounted below, where the kernel can, as in Docker since 25. */
        _cleanup_free_ char *options =
            str_printf("rbind,%s%s", v->propagation ? v->propagation : "rprivate", v->readonly ? ",rro" : "");

        add_mount(spec, v->destination, "bind", v->source, options);
        /* What is not shared with the host when the container's mounts are copied cannot be afterwards. */
        if (v->propagation && str_ends(v->propagation, "shared"))
            str_replace(&spec->platform.rootfs_propagation, str_dup("shared"));
    }
    sort_mounts(spec->mounts.v + n_default, spec->mounts.n - n_default);
}

static void make_walls(const struct bundle_options *o, struct oci_linux *l)
{
    static const char *const namespaces[] = {"mount", "uts", "ipc", "pid", "cgroup", "network"};

    for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
        if (!o->host_network || !str_eq(namespaces[i], "network"))
            VEC_PUSH(&l->namespaces)->type = str_dup(namespaces[i]);
    l->cgroups_path = str_printf("/cbox/%s", o->id);
    add_all(&l->masked_paths, masked_paths, ARRAY_SIZE(masked_paths));
    add_all(&l->readonly_paths, readonly_paths, ARRAY_SIZE(readonly_paths));
    if (!o->host_network)
        add_all(&l->sysctl, network_sysctls, ARRAY_SIZE(network_sysctls));
    l->resources.memory.limit = o->memory;
    /* As Docker: as much swap as memory. */
    if (o->memory > 0 && o->memory <= INT64_MAX / 2)
        l->resources.memory.swap = 2 * o->memory;
    l->resources.cpu.quota = o->cpu_quota;
    l->resources.cpu.period = o->cpu_period;
    if (o->pids_limit) {
        l->resources.pids.limit = mem_zalloc(1, sizeof(int64_t));
        *l->resources.pids.limit = o->pids_limit;
    }
    /* Nothing, and then what the runtime lets every container have. */
    *VEC_PUSH(&l->resources.devices) = (struct oci_device_rule){.type = str_dup("a"), .access = str_dup("rwm")};
}

int bundle_make(const struct oci_image_config *image, const struct bundle_options *o, struct oci_spec *ret,
                struct err *err)
{
    struct oci_spec spec = {.version = str_dup("1.2.0")};
    int r;

    spec.hostname = o->hostname ? str_dup(o->hostname) : str_ndup(o->id, 12);
    spec.root.path = str_dup(o->rootfs);
    spec.root.readonly = o->readonly;
    r = check_volumes(o, err);
    if (r == 0)
        r = make_process(&image->config, o, spec.hostname, &spec.process, err);
    if (r == 0) {
        make_mounts(o, &spec);
        make_walls(o, &spec.platform);
        r = bundle_apply_security(&o->security, &spec, err);
    }
    if (r < 0) {
        oci_spec_release(&spec);
        return r;
    }
    if (o->init)
        strv_add(&spec.annotations, OCI_SPEC_INIT);
    *ret = spec;
    return 0;
}

char *bundle_hosts(const char *hostname, const char *address)
{
    return str_printf("127.0.0.1\tlocalhost\n"
                      "::1\tlocalhost ip6-localhost ip6-loopback\n"
                      "fe00::0\tip6-localnet\n"
                      "ff00::0\tip6-mcastprefix\n"
                      "ff02::1\tip6-allnodes\n"
                      "ff02::2\tip6-allrouters\n"
                      "%s%s%s%s",
                      address ? address : "", address ? "\t" : "", address ? hostname : "", address ? "\n" : "");
}

#include "bundle/bundle.h"

#include "bundle/mounts.h"
#include "sys/path.h"

/* Docker's default set: what a program that runs as root commonly needs, and nothing that reaches the host. */
static const char *const default_capabilities[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE",
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

static void make_env(const struct engine_options *o, char ***env)
{
    _cleanup_free_ char *host = str_printf("HOSTNAME=%s", o->config.hostname);

    strv_add(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    strv_env_set(env, host);
    if (o->config.tty)
        strv_env_set(env, "TERM=xterm");
    STRV_FOREACH (e, o->config.config.env) {
        if (strchr(*e, '='))
            strv_env_set(env, *e);
        else
            env_unset(*env, *e);
    }
    /* The runtime knows the user's own, and that is better than none. */
    if (str_eq(strv_env_get(*env, "HOME"), ""))
        env_unset(*env, "HOME");
}

static void make_process(const struct engine_options *o, struct oci_process *p)
{
    const struct oci_container_config *config = &o->config.config;
    struct oci_capabilities *caps = &p->capabilities;

    p->args = strv_copy(o->entrypoint_and_args);
    make_env(o, &p->env);
    p->cwd = str_dup(str_empty(config->working_dir) ? "/" : config->working_dir);
    p->terminal = o->config.tty;
    if (o->host.console_size.n == 2) {
        p->console_size.height = o->host.console_size.v[0];
        p->console_size.width = o->host.console_size.v[1];
    }
    p->user.username = str_dup(config->user ? config->user : "");
    /* A user other than root has them in the bounding set alone, so that only set-user-ID programs bring them back:
     * the runtime empties the other sets when the identity changes. */
    add_all(&caps->bounding, default_capabilities, ARRAY_SIZE(default_capabilities));
    add_all(&caps->permitted, default_capabilities, ARRAY_SIZE(default_capabilities));
    add_all(&caps->effective, default_capabilities, ARRAY_SIZE(default_capabilities));
    *VEC_PUSH(&p->rlimits) = (struct oci_rlimit){str_dup("RLIMIT_NOFILE"), 1024, 524288};
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

/* A mount that the user asked for takes the place of what would be there otherwise; our files lie on top of one that
 * is above them. */
static int make_mounts(const struct engine_options *o, const struct bundle_place *place, struct oci_spec *spec,
                       struct err *err)
{
    static const char *const files[] = {"resolv.conf", "hostname", "hosts"};
    int r;

    for (size_t i = 0; i < ARRAY_SIZE(default_mounts); i++)
        if (!bundle_mounts_hide(o, default_mounts[i].destination))
            add_mount(spec, default_mounts[i].destination, default_mounts[i].type, default_mounts[i].type,
                      default_mounts[i].options);
    r = bundle_mounts(o, spec, err);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++) {
        _cleanup_free_ char *source = path_join(place->files, files[i]), *destination = path_join("/etc", files[i]);

        if (!bundle_mounts_at(o, destination))
            add_mount(spec, destination, "bind", source,
                      o->host.readonly_rootfs ? "rbind,rprivate,ro" : "rbind,rprivate");
    }
    return r;
}

static void make_walls(const struct engine_options *o, const struct bundle_place *place, struct oci_linux *l)
{
    static const char *const namespaces[] = {"mount", "uts", "ipc", "pid", "cgroup", "network"};
    bool host_network = bundle_host_network(o);

    for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
        if (!host_network || !str_eq(namespaces[i], "network"))
            VEC_PUSH(&l->namespaces)->type = str_dup(namespaces[i]);
    l->cgroups_path = str_printf("/cbox/%s", place->id);
    l->masked_paths = strv_copy(o->host.masked_paths);
    l->readonly_paths = strv_copy(o->host.readonly_paths);
    if (!host_network)
        add_all(&l->sysctl, network_sysctls, ARRAY_SIZE(network_sysctls));
    bundle_limits(&o->host, &l->resources);
    /* Nothing, and then what the runtime lets every container have. */
    *VEC_PUSH(&l->resources.devices) = (struct oci_device_rule){.type = str_dup("a"), .access = str_dup("rwm")};
}

int bundle_make(const struct engine_options *o, const struct bundle_place *place, struct oci_spec *ret, struct err *err)
{
    struct oci_spec spec = {.version = str_dup("1.2.0")};
    struct bundle_security security;
    int r;

    spec.hostname = str_dup(o->config.hostname);
    spec.root.path = str_dup(place->rootfs);
    spec.root.readonly = o->host.readonly_rootfs;
    make_process(o, &spec.process);
    make_walls(o, place, &spec.platform);
    r = make_mounts(o, place, &spec, err);
    if (r == 0)
        r = bundle_parse_security(o->host.security_opt, &security, err);
    if (r == 0)
        r = bundle_apply_security(&security, &spec, err);
    if (r < 0) {
        oci_spec_release(&spec);
        return r;
    }
    if (o->host.init && *o->host.init)
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

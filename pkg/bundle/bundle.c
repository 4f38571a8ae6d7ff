#include "bundle/bundle.h"

#include "bundle/mounts.h"
#include "bundle/parse.h"
#include "sys/path.h"

#include <ctype.h>

/* Everybody may ping and serve a low port: where the network is the container's alone, that takes nothing from the
 * host.
 */
static const char *const network_sysctls[] = {
    "net.ipv4.ip_unprivileged_port_start=0",
    "net.ipv4.ping_group_range=0 2147483647",
};

static const struct default_mount {
    const char *destination, *type, *options;
    bool closed; /* read-only without --privileged */
} default_mounts[] = {
    {"/proc", "proc", "nosuid,noexec,nodev"},
    {"/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
    {"/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
    {"/sys", "sysfs", "nosuid,noexec,nodev", true},
    {"/sys/fs/cgroup", "cgroup", "nosuid,noexec,nodev", true},
    {"/dev/mqueue", "mqueue", "nosuid,noexec,nodev"},
    {"/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777"},
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

static void make_rlimits(const struct engine_host_config *h, struct oci_process *p)
{
    bool files = false;

    VEC_FOREACH (u, &h->ulimits) {
        struct oci_rlimit *limit = VEC_PUSH(&p->rlimits);

        files = files || str_eq(u->name, "nofile");
        *limit = (struct oci_rlimit){str_printf("RLIMIT_%s", u->name), (uint64_t)u->soft, (uint64_t)u->hard};
        for (char *c = limit->type; *c; c++)
            *c = (char)toupper((unsigned char)*c);
    }
    if (!files)
        *VEC_PUSH(&p->rlimits) = (struct oci_rlimit){str_dup("RLIMIT_NOFILE"), 1024, 524288};
}

static void make_process(const struct engine_options *o, struct oci_process *p)
{
    const struct oci_container_config *config = &o->config.config;

    p->args = strv_copy(o->entrypoint_and_args);
    make_env(o, &p->env);
    p->cwd = str_dup(str_empty(config->working_dir) ? "/" : config->working_dir);
    p->terminal = o->config.tty;
    if (o->host.console_size.n == 2) {
        p->console_size.height = o->host.console_size.v[0];
        p->console_size.width = o->host.console_size.v[1];
    }
    p->user.username = str_dup(config->user ? config->user : "");
    p->user.groups = strv_copy(o->host.group_add);
    /* A user other than root has them in the bounding set alone, so that only set-user-ID programs bring them back:
     * the runtime empties the other sets when the identity changes. */
    p->capabilities.bounding = bundle_capabilities(&o->host);
    p->capabilities.permitted = strv_copy(p->capabilities.bounding);
    p->capabilities.effective = strv_copy(p->capabilities.bounding);
    make_rlimits(&o->host, p);
    if (o->host.oom_score_adj)
        p->oom_score_adj = mem_dup(&o->host.oom_score_adj, sizeof(*p->oom_score_adj));
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

/* Read-only or not, how large, or the host's own. */
static void add_default_mount(const struct engine_host_config *h, const struct default_mount *m, struct oci_spec *spec)
{
    _cleanup_free_ char *options = str_dup(m->options);
    bool shm = str_eq(m->destination, "/dev/shm");

    if (shm && str_eq(h->ipc_mode, "none"))
        return;
    if (shm && bundle_mode_container(h->ipc_mode)) {
        add_mount(spec, m->destination, "bind", BUNDLE_NOT_JOINED, "bind,rprivate,nosuid,noexec,nodev");
        return;
    }
    if (shm && str_eq(h->ipc_mode, "host")) { /* the queues follow the namespace by themselves */
        add_mount(spec, m->destination, "bind", m->destination, "rbind,rprivate,nosuid,noexec,nodev");
        return;
    }
    if (shm)
        str_replace(&options, str_printf("%s,size=%lld", m->options, (long long)h->shm_size));
    else if (m->closed && !h->privileged)
        str_replace(&options, str_printf("%s,ro", m->options));
    add_mount(spec, m->destination, m->type, m->type, options);
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
            add_default_mount(&o->host, &default_mounts[i], spec);
    r = bundle_mounts(o, spec, err);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++) {
        _cleanup_free_ char *source = path_join(place->files, files[i]), *destination = path_join("/etc", files[i]);

        if (!bundle_mounts_at(o, destination))
            add_mount(spec, destination, "bind", source,
                      o->host.readonly_rootfs ? "rbind,rprivate,ro" : "rbind,rprivate");
    }
    return r;
}

/* One of its own, none for the host's, or another container's, whose path bundle_join() fills in. */
static void add_namespace(struct oci_linux *l, const char *type, const char *mode)
{
    struct oci_namespace *ns;

    if (str_eq(mode, "host"))
        return;
    ns = VEC_PUSH(&l->namespaces);
    ns->type = str_dup(type);
    ns->path = bundle_mode_container(mode) ? str_dup(BUNDLE_NOT_JOINED) : NULL;
}

static void make_sysctls(const struct engine_options *o, char ***sysctls)
{
    if (!bundle_host_network(o) && !bundle_mode_container(o->host.network_mode))
        add_all(sysctls, network_sysctls, ARRAY_SIZE(network_sysctls));
    STRV_FOREACH (setting, o->host.sysctls)
        strv_env_set(sysctls, *setting);
}

static int make_device_rules(const struct engine_host_config *h, struct oci_resources *r, struct err *err)
{
    /* Nothing, and then what the runtime lets every container have; or all. */
    *VEC_PUSH(&r->devices) =
        (struct oci_device_rule){.allow = h->privileged, .type = str_dup("a"), .access = str_dup("rwm")};
    STRV_FOREACH (rule, h->device_cgroup_rules) {
        int bad = bundle_parse_device_rule(*rule, VEC_PUSH(&r->devices), err);

        if (bad < 0)
            return bad;
    }
    return 0;
}

static char *cgroup_path(const struct engine_host_config *h, const char *id)
{
    _cleanup_free_ char *parent = path_join("/", str_empty(h->cgroup_parent) ? "cbox" : h->cgroup_parent);

    return path_join(parent, id);
}

static int make_walls(const struct engine_options *o, const struct bundle_place *place, struct oci_linux *l,
                      struct err *err)
{
    const struct engine_host_config *h = &o->host;

    add_namespace(l, "mount", NULL);
    add_namespace(l, "uts", h->uts_mode);
    add_namespace(l, "ipc", h->ipc_mode);
    add_namespace(l, "pid", h->pid_mode);
    add_namespace(l, "cgroup", h->cgroupns_mode);
    add_namespace(l, "network", h->network_mode);
    l->cgroups_path = cgroup_path(h, place->id);
    l->masked_paths = strv_copy(h->masked_paths);
    l->readonly_paths = strv_copy(h->readonly_paths);
    make_sysctls(o, &l->sysctl);
    bundle_limits(h, &l->resources);
    return make_device_rules(h, &l->resources, err);
}

/* What belongs to an IPC namespace is not in it, but a file system beside it. */
static void join_shm(struct oci_spec *spec, int64_t pid)
{
    VEC_FOREACH (m, &spec->mounts)
        if (str_eq(m->destination, "/dev/shm") && str_after(m->source, "/proc/"))
            str_replace(&m->source, str_printf("/proc/%lld/root/dev/shm", (long long)pid));
}

int bundle_join(struct oci_spec *spec, const char *type, int64_t pid)
{
    static const char *const files[][2] = {{"network", "net"}, {"ipc", "ipc"}, {"pid", "pid"}};

    VEC_FOREACH (ns, &spec->platform.namespaces)
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
            if (str_eq(ns->type, type) && str_eq(files[i][0], type)) {
                str_replace(&ns->path, str_printf("/proc/%lld/ns/%s", (long long)pid, files[i][1]));
                if (str_eq(type, "ipc"))
                    join_shm(spec, pid);
                return 0;
            }
    return ERR_NOT_FOUND;
}

int bundle_make(const struct engine_options *o, const struct bundle_place *place, struct oci_spec *ret, struct err *err)
{
    struct oci_spec spec = {.version = str_dup("1.2.0")};
    struct bundle_security security;
    int r;

    if (!str_eq(o->host.uts_mode, "host")) {
        spec.hostname = str_dup(o->config.hostname);
        spec.domainname = str_dup(str_given(o->config.domainname));
    }
    spec.annotations = strv_copy(o->host.annotations);
    spec.root.path = str_dup(place->rootfs);
    spec.root.readonly = o->host.readonly_rootfs;
    make_process(o, &spec.process);
    r = make_walls(o, place, &spec.platform, err);
    if (r == 0)
        r = make_mounts(o, place, &spec, err);
    if (r == 0)
        r = bundle_parse_security(o->host.security_opt, &security, err);
    if (r == 0 && o->host.privileged)
        bundle_privileged_security(&security);
    if (r == 0)
        r = bundle_apply_security(&security, place, &spec, err);
    if (r < 0) {
        oci_spec_release(&spec);
        return r;
    }
    if (o->host.init && *o->host.init)
        strv_add(&spec.annotations, OCI_SPEC_INIT);
    *ret = spec;
    return 0;
}

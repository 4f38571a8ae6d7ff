#include "monitor/names.h"

#include "base/log.h"
#include "bundle/bundle.h"
#include "bundle/etc.h"
#include "sys/fd.h"

#include <fcntl.h>

enum { FILE_MAX = 256 << 10 };
#define OURS "127.0.0.11"

/* ---- the files ---- */

/* In its place, since it is a mount; never empty meanwhile, for somebody may read it. */
static int write_file(int dir, const char *name, const char *text, struct err *err)
{
    size_t len = strlen(text);
    _cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    int r = fd < 0 ? -errno : fd_write_all(fd, text, len);

    if (r == 0 && ftruncate(fd, (off_t)len) < 0)
        r = -errno;
    return r < 0 ? err_errno(err, -r, "writing %s of the container", name) : 0;
}

/* A file that is not there is an empty one. */
static int read_host_file(const char *path, struct buf *text, struct err *err)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    return fd < 0 ? 0 : fd_read_rest(fd, path, text, err);
}

/* ---- what the networks say ---- */

struct facts {
    char **users;     /* ids of the networks that the user made: they have names */
    char **addresses; /* of the container */
    char **gateways;  /* the host's own addresses, as it sees them */
    bool ipv6;
    bool outside; /* one of them leads there */
};

static void facts_release(struct facts *f)
{
    strv_free(f->users);
    strv_free(f->addresses);
    strv_free(f->gateways);
}

static void add_address(char ***list, const struct ip *a)
{
    char text[IP_TEXT_MAX];

    if (ip_is_set(a))
        strv_add(list, ip_format(a, text));
}

/* Those of a bridge are the host's. */
static void add_gateways(struct facts *f, const struct attachment *a)
{
    struct ip gateway;

    VEC_FOREACH (s, &a->network->subnets)
        if (!str_empty(s->gateway) && ip_parse(s->gateway, &gateway, NULL) == 0 &&
            ip_is_set(gateway.family == AF_INET ? &a->endpoint->ip4 : &a->endpoint->ip6))
            add_address(&f->gateways, &gateway);
}

static struct facts look_at(const struct monitor_job *job, const struct attachment *a, size_t n)
{
    struct facts f = {0};

    for (size_t i = 0; i < n; i++) {
        if (!str_eq(a[i].network->name, STORE_NETWORK_DEFAULT))
            strv_add(&f.users, a[i].network->id);
        add_address(&f.addresses, &a[i].endpoint->ip4);
        add_address(&f.addresses, &a[i].endpoint->ip6);
        f.ipv6 |= ip_is_set(&a[i].endpoint->ip6);
        f.outside |= !a[i].network->internal;
        if (!strv_len(f.gateways) && str_eq(a[i].network->driver, "bridge"))
            add_gateways(&f, &a[i]);
    }
    if (bundle_host_network(job->options))
        strv_add(&f.gateways, "127.0.0.1");
    return f;
}

/* ---- hosts ---- */

static int write_hosts(struct names *n, const struct facts *f, struct err *err)
{
    const struct engine_options *o = n->job->options;
    _cleanup_buf_ struct buf host = BUF_INIT_MAX(FILE_MAX);
    int r = bundle_host_network(o) ? read_host_file("/etc/hosts", &host, err) : 0;
    _cleanup_free_ char *text = NULL;

    if (r < 0)
        return r;
    strv_free(n->hosts);
    n->hosts = bundle_hosts_own(o, f->addresses);
    text = bundle_hosts(o, bundle_host_network(o) ? buf_str(&host) : NULL, f->gateways, n->hosts);
    return write_file(store_container_fd(n->job->dir), "hosts", text, err);
}

/* One that the container made too long for us stays as it is. */
static int change_hosts(struct names *n, const struct facts *f, struct err *err)
{
    int dir = store_container_fd(n->job->dir);
    _cleanup_buf_ struct buf old = BUF_INIT_MAX(FILE_MAX);
    _cleanup_strv_ char **own = bundle_hosts_own(n->job->options, f->addresses);
    _cleanup_free_ char *text = NULL;
    struct err why = ERR_INIT;
    int r;

    if (fd_read_file(dir, "hosts", &old, &why) < 0) {
        log_debug("hosts of the container stays as it is: %s", why.text);
        return 0;
    }
    text = bundle_hosts_change(buf_str(&old), n->hosts, own);
    r = write_file(dir, "hosts", text, err);
    if (r == 0) {
        strv_free(n->hosts);
        n->hosts = steal_ptr(&own);
    }
    return r;
}

/* ---- resolv.conf ---- */

/* What the container is told: servers that it reaches itself, or ours. */
struct plan {
    struct resolv_conf host;
    char **servers;
    bool ours;
};

static void plan_release(struct plan *p)
{
    resolv_conf_release(&p->host);
    strv_free(p->servers);
}

/* On networks of the user's own cbox answers. On the default bridge the container asks the host's servers itself, those
 * behind systemd-resolved where the host asks that; where there are none that it reaches, cbox asks them from where
 * they are reached, rather than somebody whom the user did not choose. */
static int make_plan(const struct names *n, const struct facts *f, struct plan *ret, struct err *err)
{
    const struct engine_host_config *h = &n->job->options->host;
    int r = resolv_conf_read(RESOLV_CONF, &ret->host, err);

    ret->ours = strv_len(f->users) || n->dns;
    if (r == 0 && !ret->ours)
        ret->servers = bundle_servers(h, &ret->host, f->ipv6 || n->ns < 0);
    if (r == 0 && !ret->ours && !strv_len(ret->servers)) {
        _cleanup_resolv_conf_ struct resolv_conf behind = {0};

        r = resolv_conf_read(RESOLV_CONF_BEHIND_SYSTEMD, &behind, err);
        ret->servers = bundle_servers(h, &behind, f->ipv6);
    }
    ret->ours |= r == 0 && n->ns >= 0 && f->outside && !strv_len(ret->servers);
    if (ret->ours) {
        strv_free(ret->servers);
        ret->servers = NULL;
        strv_add(&ret->servers, OURS);
    }
    return r;
}

static int keep_resolv_conf(struct names *n, char *text, struct err *err)
{
    str_replace(&n->resolv_conf, text);
    return write_file(store_container_fd(n->job->dir), "resolv.conf", text, err);
}

/* Whether it is as we left it. */
static bool is_untouched(const struct names *n)
{
    _cleanup_buf_ struct buf now = BUF_INIT_MAX(FILE_MAX);

    return fd_read_file(store_container_fd(n->job->dir), "resolv.conf", &now, NULL) == 0 &&
           str_eq(buf_str(&now), n->resolv_conf);
}

static int write_host_resolv_conf(struct names *n, struct err *err)
{
    _cleanup_buf_ struct buf host = BUF_INIT_MAX(FILE_MAX);
    int r = read_host_file(RESOLV_CONF, &host, err);

    return r < 0 ? r : keep_resolv_conf(n, bundle_resolv_conf_host(&n->job->options->host, buf_str(&host)), err);
}

/* ---- the whole ---- */

static int answer(struct names *n, const struct facts *f, struct err *err)
{
    const struct dns_job job = {.loop = n->loop,
                                .store = n->job->store,
                                .ns = n->ns,
                                .networks = f->users,
                                .servers = n->job->options->host.dns,
                                .forward = f->outside};

    return n->dns ? dns_networks(n->dns, f->users, f->outside, err) : dns_begin(&job, &n->dns, err);
}

static int see_to_names(struct names *n, const struct facts *f, bool anew, struct err *err)
{
    const struct engine_host_config *h = &n->job->options->host;
    _cleanup_(plan_release) struct plan p = {0};
    int r = make_plan(n, f, &p, err);

    if (r == 0 && p.ours)
        r = answer(n, f, err);
    if (r == 0 && (anew || is_untouched(n)))
        r = keep_resolv_conf(n, bundle_resolv_conf(h, &p.host, p.servers, p.ours), err);
    return r;
}

int names_begin(struct names *n, const struct monitor_job *job, struct loop *loop, int ns, const struct attachment *a,
                size_t count, struct err *err)
{
    _cleanup_(facts_release) struct facts f = look_at(job, a, count);
    int r;

    *n = (struct names){.job = job, .loop = loop, .ns = ns};
    r = write_hosts(n, &f, err);
    if (r == 0)
        r = bundle_host_network(job->options) ? write_host_resolv_conf(n, err) : see_to_names(n, &f, true, err);
    if (r < 0)
        names_end(n);
    return r;
}

int names_change(struct names *n, const struct attachment *a, size_t count, struct err *err)
{
    _cleanup_(facts_release) struct facts f = {0};
    int r;

    if (!n->job || n->ns < 0)
        return 0;
    f = look_at(n->job, a, count);
    r = change_hosts(n, &f, err);
    return r < 0 ? r : see_to_names(n, &f, false, err);
}

void names_end(struct names *n)
{
    if (n->dns)
        dns_end(n->dns);
    strv_free(n->hosts);
    free(n->resolv_conf);
    *n = NAMES_NONE;
}

#include "container/etc.h"

#include "bundle/bundle.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { HOST_FILE_MAX = 256 << 10 };

int container_write_file(int dir, const char *name, mode_t mode, const char *text, size_t len, struct err *err)
{
    _cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    int r = fd < 0 ? -errno : fd_write_all(fd, text, len);

    if (r == 0 && fchmod(fd, mode) < 0)
        r = -errno;
    return r < 0 ? err_errno(err, -r, "writing %s", name) : 0;
}

/* The host's; one that is not there is an empty one. */
static int read_host_file(const char *path, struct buf *text, struct err *err)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    return fd < 0 ? 0 : fd_read_rest(fd, path, text, err);
}

/* The host's lines that begin with `word`, unless something was asked for in their place. */
static void add_lines(struct buf *out, const char *word, const char *host, char *const *asked)
{
    _cleanup_strv_ char **lines = strv_len(asked) ? NULL : strv_split(host, '\n');

    STRV_FOREACH (line, lines) {
        const char *rest = str_after(*line, word);

        if (rest && (*rest == ' ' || *rest == '\t'))
            buf_addf(out, "%s\n", *line);
    }
}

char *container_resolv_conf(const struct engine_host_config *h, const char *host)
{
    struct buf out = BUF_INIT;
    _cleanup_free_ char *search = strv_join(h->dns_search, " "), *options = strv_join(h->dns_options, " ");

    if (!strv_len(h->dns) && !strv_len(h->dns_search) && !strv_len(h->dns_options))
        return str_dup(host);
    STRV_FOREACH (server, h->dns)
        buf_addf(&out, "nameserver %s\n", *server);
    add_lines(&out, "nameserver", host, h->dns);
    if (strv_len(h->dns_search) && !str_eq(search, "."))
        buf_addf(&out, "search %s\n", search);
    add_lines(&out, "search", host, h->dns_search);
    if (strv_len(h->dns_options))
        buf_addf(&out, "options %s\n", options);
    add_lines(&out, "options", host, h->dns_options);
    buf_adds(&out, "");
    return buf_steal(&out);
}

static int write_resolv_conf(int dir, const struct engine_options *o, struct err *err)
{
    _cleanup_buf_ struct buf host = BUF_INIT_MAX(HOST_FILE_MAX);
    int r = read_host_file("/etc/resolv.conf", &host, err);
    _cleanup_free_ char *text = r < 0 ? NULL : container_resolv_conf(&o->host, buf_str(&host));

    return r < 0 ? r : container_write_file(dir, "resolv.conf", 0644, text, strlen(text), err);
}

static int write_hosts(int dir, const struct engine_options *o, struct err *err)
{
    _cleanup_buf_ struct buf host = BUF_INIT_MAX(HOST_FILE_MAX);
    _cleanup_free_ char *own = bundle_hosts(o->config.hostname, NULL);
    bool hosts_own = bundle_host_network(o);
    int r = hosts_own ? read_host_file("/etc/hosts", &host, err) : 0;
    struct buf text = BUF_INIT;

    if (r < 0)
        return r;
    buf_adds(&text, hosts_own ? buf_str(&host) : own);
    STRV_FOREACH (entry, o->host.extra_hosts) {
        size_t n = strcspn(*entry, ":");

        buf_addf(&text, "%s\t%.*s\n", *entry + n + 1, (int)n, *entry);
    }
    r = container_write_file(dir, "hosts", 0644, buf_str(&text), text.len, err);
    buf_free(&text);
    return r;
}

int container_write_etc(int dir, const struct engine_options *o, struct err *err)
{
    _cleanup_free_ char *hostname = str_printf("%s\n", o->config.hostname);
    int r = container_write_file(dir, "hostname", 0644, hostname, strlen(hostname), err);

    if (r == 0)
        r = write_resolv_conf(dir, o, err);
    return r < 0 ? r : write_hosts(dir, o, err);
}

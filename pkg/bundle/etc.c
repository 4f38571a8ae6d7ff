#include "bundle/etc.h"

/* ---- hosts ---- */

static const char every_machine[] = "127.0.0.1\tlocalhost\n"
                                    "::1\tlocalhost ip6-localhost ip6-loopback\n"
                                    "fe00::\tip6-localnet\n"
                                    "ff00::\tip6-mcastprefix\n"
                                    "ff02::1\tip6-allnodes\n"
                                    "ff02::2\tip6-allrouters\n";

char **bundle_hosts_own(const struct engine_options *o, char *const *addresses)
{
    const char *name = o->config.hostname, *domain = str_given(o->config.domainname);
    char **lines = NULL;

    STRV_FOREACH (address, addresses)
        if (domain)
            strv_addf(&lines, "%s\t%s.%s %s", *address, name, domain, name);
        else
            strv_addf(&lines, "%s\t%s", *address, name);
    return lines;
}

/* NAME:ADDRESS */
static void add_asked(struct buf *text, const char *entry, char *const *gateways)
{
    int n = (int)strcspn(entry, ":");
    const char *address = entry + n + 1;

    if (!str_eq(address, BUNDLE_HOST_GATEWAY)) {
        buf_addf(text, "%s\t%.*s\n", address, n, entry);
        return;
    }
    STRV_FOREACH (gateway, gateways)
        buf_addf(text, "%s\t%.*s\n", *gateway, n, entry);
    if (!strv_len(gateways))
        buf_addf(text, "# %.*s: no network of this container leads to the host\n", n, entry);
}

static void add_line_end(struct buf *text)
{
    if (text->len && text->p[text->len - 1] != '\n')
        buf_addc(text, '\n');
}

char *bundle_hosts(const struct engine_options *o, const char *host, char *const *gateways, char *const *own)
{
    struct buf text = BUF_INIT;

    buf_adds(&text, host ? host : every_machine);
    add_line_end(&text);
    STRV_FOREACH (entry, o->host.extra_hosts)
        add_asked(&text, *entry, gateways);
    STRV_FOREACH (line, own)
        buf_addf(&text, "%s\n", *line);
    return buf_steal(&text);
}

char *bundle_hosts_change(const char *text, char *const *old, char *const *new)
{
    struct buf out = BUF_INIT;

    while (*text) {
        size_t n = strcspn(text, "\n");
        _cleanup_free_ char *line = str_ndup(text, n);

        n += text[n] == '\n';
        if (!strv_contains(old, line))
            buf_add(&out, text, n);
        text += n;
    }
    add_line_end(&out);
    STRV_FOREACH (line, new)
        buf_addf(&out, "%s\n", *line);
    buf_adds(&out, "");
    return buf_steal(&out);
}

/* ---- resolv.conf ---- */

char **bundle_servers(const struct engine_host_config *h, const struct resolv_conf *host, bool ipv6)
{
    char **servers = NULL;

    if (strv_len(h->dns))
        return strv_copy(h->dns);
    STRV_FOREACH (server, host->servers)
        if (!resolv_conf_is_loopback(*server) && !strchr(*server, '%') && (ipv6 || !strchr(*server, ':')))
            strv_add(&servers, *server);
    return servers;
}

static bool says_ndots(char *const *options)
{
    STRV_FOREACH (option, options)
        if (str_after(*option, "ndots:"))
            return true;
    return false;
}

static void add_words(struct buf *text, const char *word, char *const *words)
{
    _cleanup_free_ char *joined = strv_join(words, " ");

    if (strv_len(words))
        buf_addf(text, "%s %s\n", word, joined);
}

char *bundle_resolv_conf(const struct engine_host_config *h, const struct resolv_conf *host, char *const *servers,
                         bool ours)
{
    struct buf text = BUF_INIT;
    char *const *search = strv_len(h->dns_search) ? h->dns_search : host->search;
    _cleanup_strv_ char **options = strv_copy(strv_len(h->dns_options) ? h->dns_options : host->options);

    STRV_FOREACH (server, servers)
        buf_addf(&text, "nameserver %s\n", *server);
    if (!strv_len(servers))
        buf_adds(&text, "# No name server of the host can be reached from here.\n");
    if (!strv_contains(search, ".")) /* Docker's word for none at all */
        add_words(&text, "search", search);
    if (ours && !says_ndots(options))
        strv_add(&options, "ndots:0");
    add_words(&text, "options", options);
    buf_adds(&text, "");
    return buf_steal(&text);
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

char *bundle_resolv_conf_host(const struct engine_host_config *h, const char *host)
{
    struct buf out = BUF_INIT;

    if (!strv_len(h->dns) && !strv_len(h->dns_search) && !strv_len(h->dns_options))
        return str_dup(host);
    STRV_FOREACH (server, h->dns)
        buf_addf(&out, "nameserver %s\n", *server);
    add_lines(&out, "nameserver", host, h->dns);
    if (!strv_contains(h->dns_search, "."))
        add_words(&out, "search", h->dns_search);
    add_lines(&out, "search", host, h->dns_search);
    add_words(&out, "options", h->dns_options);
    add_lines(&out, "options", host, h->dns_options);
    buf_adds(&out, "");
    return buf_steal(&out);
}

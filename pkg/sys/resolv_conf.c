#include "sys/resolv_conf.h"

#include "base/ip.h"
#include "sys/fd.h"

#include <fcntl.h>

void resolv_conf_release(struct resolv_conf *c)
{
    strv_free(c->servers);
    strv_free(c->search);
    strv_free(c->options);
    *c = (struct resolv_conf){0};
}

/* Its address without the zone. */
static int address_of(const char *server, struct ip *ret)
{
    _cleanup_free_ char *address = str_ndup(server, strcspn(server, "%"));

    return ip_parse(address, ret, NULL);
}

bool resolv_conf_is_loopback(const char *server)
{
    struct ip address;

    return address_of(server, &address) == 0 && (ip_is_loopback(&address) || ip_is_any(&address));
}

static void add_words(const char *rest, char ***list)
{
    static const char blank[] = " \t\r";

    for (rest += strspn(rest, blank); *rest; rest += strspn(rest, blank)) {
        size_t n = strcspn(rest, blank);

        strv_take(list, str_ndup(rest, n));
        rest += n;
    }
}

static void read_server(struct resolv_conf *c, char *const *words)
{
    struct ip address;

    if (strv_len(words) && address_of(words[0], &address) == 0)
        strv_add(&c->servers, words[0]);
}

static void read_line(struct resolv_conf *c, const char *line)
{
    static const char blank[] = " \t";
    size_t key = strcspn(line, blank);
    _cleanup_strv_ char **words = NULL;

    if (*line == '#' || *line == ';' || !line[key])
        return;
    add_words(line + key, &words);
    if (key == strlen("nameserver") && str_after(line, "nameserver"))
        read_server(c, words);
    else if (key == strlen("options") && str_after(line, "options"))
        strv_extend(&c->options, words);
    else if (words && (key == strlen("search") || key == strlen("domain")) &&
             (str_after(line, "search") || str_after(line, "domain"))) {
        strv_free(c->search);
        c->search = steal_ptr(&words);
    }
}

void resolv_conf_parse(const char *text, struct resolv_conf *ret)
{
    _cleanup_strv_ char **lines = strv_split(text, '\n');

    *ret = (struct resolv_conf){0};
    STRV_FOREACH (line, lines)
        read_line(ret, *line);
}

int resolv_conf_read(const char *path, struct resolv_conf *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(RESOLV_CONF_MAX);
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int r = fd < 0 ? 0 : fd_read_rest(fd, path, &text, err);

    *ret = (struct resolv_conf){0};
    if (r == 0)
        resolv_conf_parse(buf_str(&text), ret);
    return r;
}

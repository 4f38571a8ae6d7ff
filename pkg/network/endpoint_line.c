/* The table's text. */
#include "base/buf.h"
#include "base/id.h"
#include "base/strv.h"
#include "network/endpoint_internal.h"

#include <stdio.h>

enum { CONTAINER, ID, NAME, ALIASES, IP4, IP6, MAC, LINK, IN_USE };

int endpoint_line_split(const char *line, size_t len, struct endpoint_field ret[ENDPOINT_FIELDS])
{
    const char *p = line, *end = line + len;

    for (int i = 0; i < ENDPOINT_FIELDS; i++) {
        const char *space = i < ENDPOINT_FIELDS - 1 ? memchr(p, ' ', (size_t)(end - p)) : end;

        if (!space || space == p)
            return ERR_CORRUPT;
        ret[i] = (struct endpoint_field){p, (size_t)(space - p)};
        p = space + 1;
    }
    return ret[CONTAINER].len == ID_LEN && ret[ID].len == ID_LEN && ret[IN_USE].len == 1 ? 0 : ERR_CORRUPT;
}

static bool is_there(const struct endpoint_field *f)
{
    return f->len != 1 || *f->p != '-';
}

/* What is not there is "". */
static char *text_of(const struct endpoint_field *f)
{
    return is_there(f) ? str_ndup(f->p, f->len) : str_dup("");
}

static int address_of(const struct endpoint_field *f, uint16_t family, struct ip *ret)
{
    char text[IP_TEXT_MAX];

    if (!is_there(f))
        return 0;
    if (f->len >= sizeof(text))
        return ERR_CORRUPT;
    memcpy(text, f->p, f->len);
    text[f->len] = 0;
    return ip_parse(text, ret, NULL) < 0 || ret->family != family ? ERR_CORRUPT : 0;
}

int endpoint_line_addresses(const char *line, size_t len, struct ip *ret_ip4, struct ip *ret_ip6, struct err *err)
{
    struct endpoint_field f[ENDPOINT_FIELDS];

    if (endpoint_line_split(line, len, f) < 0 || address_of(&f[IP4], AF_INET, ret_ip4) < 0 ||
        address_of(&f[IP6], AF_INET6, ret_ip6) < 0)
        return err_set(err, ERR_CORRUPT, "\"%.*s\" is no endpoint", (int)MIN_OF(len, (size_t)80), line);
    return 0;
}

static bool is_digits(const char *text)
{
    return !text[strspn(text, "0123456789abcdef")];
}

int endpoint_line_parse(const char *line, size_t len, struct endpoint *ret, struct err *err)
{
    _cleanup_free_ char *aliases = NULL, *mac = NULL;
    struct endpoint_field f[ENDPOINT_FIELDS];
    struct endpoint e = {0};
    int r = memchr(line, 0, len) ? ERR_CORRUPT : endpoint_line_split(line, len, f);

    if (r == 0) {
        e = (struct endpoint){.container = text_of(&f[CONTAINER]),
                              .id = text_of(&f[ID]),
                              .name = text_of(&f[NAME]),
                              .link = text_of(&f[LINK]),
                              .in_use = *f[IN_USE].p == '1'};
        aliases = text_of(&f[ALIASES]);
        mac = text_of(&f[MAC]);
        e.aliases = *aliases ? strv_split(aliases, ',') : NULL;
        r = is_digits(e.container) && is_digits(e.id) ? 0 : ERR_CORRUPT;
    }
    if (r == 0)
        r = address_of(&f[IP4], AF_INET, &e.ip4);
    if (r == 0)
        r = address_of(&f[IP6], AF_INET6, &e.ip6);
    if (r == 0)
        r = ip_mac_parse(mac, e.mac, NULL);
    if (r < 0) {
        endpoint_release(&e);
        return err_set(err, ERR_CORRUPT, "\"%.*s\" is no endpoint", (int)MIN_OF(len, (size_t)80), line);
    }
    *ret = e;
    return 0;
}

static const char *or_dash(const char *text)
{
    return str_empty(text) ? "-" : text;
}

void endpoint_line_write(const struct endpoint *e, struct buf *out)
{
    char ip4[IP_TEXT_MAX], ip6[IP_TEXT_MAX], mac[IP_MAC_TEXT_MAX];
    _cleanup_free_ char *aliases = strv_join(e->aliases, ",");

    buf_addf(out, "%s %s %s %s ", e->container, e->id, or_dash(e->name), or_dash(aliases));
    buf_addf(out, "%s %s ", or_dash(ip_format(&e->ip4, ip4)), or_dash(ip_format(&e->ip6, ip6)));
    buf_addf(out, "%s %s %d\n", ip_mac_format(e->mac, mac), or_dash(e->link), e->in_use);
}

void endpoint_release(struct endpoint *e)
{
    free(e->container);
    free(e->id);
    free(e->name);
    strv_free(e->aliases);
    free(e->link);
    *e = (struct endpoint){0};
}

void endpoints_release(endpoints *e)
{
    VEC_FOREACH (one, e)
        endpoint_release(one);
    free(e->v);
    *e = (endpoints){0};
}

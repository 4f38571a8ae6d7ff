#include "monitor/rules.h"

#include "base/log.h"
#include "netlink/nft.h"
#include "network/firewall.h"
#include "sys/fd.h"

static void table_went(struct loop_watch *w, uint32_t events _unused_)
{
    struct rules *r = w->data;
    struct err err = ERR_INIT;

    nft_drain(w->fd);
    if (firewall_ensure(r->store, &err) < 0)
        log_debug("putting rules back: %s", err.text);
}

void rules_begin(struct rules *r, struct loop *loop, struct store *s)
{
    int fd = r->watch.fd < 0 ? nft_watch() : -1;

    if (fd < 0) {
        log_debug("watching rules: %s", r->watch.fd < 0 ? strerror(-fd) : "they are watched already");
        return;
    }
    *r = (struct rules){loop, s, {.fd = fd, .ready = table_went, .data = r}};
    loop_watch(loop, &r->watch, EPOLLIN);
}

void rules_end(struct rules *r)
{
    if (r->watch.fd < 0)
        return;
    loop_watch(r->loop, &r->watch, 0);
    r->watch.fd = fd_close(r->watch.fd);
}

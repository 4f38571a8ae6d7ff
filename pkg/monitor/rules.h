/* A monitor whose container publishes ports puts the rules back when another program has flushed them, and sleeps until
 * that happens. */
#pragma once

#include "store/store.h"
#include "sys/loop.h"

struct rules {
    struct loop *loop;
    struct store *store;
    struct loop_watch watch;
};
#define RULES_NONE ((struct rules){.watch.fd = -1})

/* Begins to look after them, in the host's network namespace; again is no error. Where the kernel tells nobody of its
 * rules, commands alone put them back (firewall_ensure()). */
void rules_begin(struct rules *r, struct loop *loop, struct store *s);
void rules_end(struct rules *r);

/* The table of claimed ports, for who holds <state>/networks/lock: ports.c and firewall.c alone. */
#pragma once

#include "network/ports.h"

struct ports_table {
    port_claims claims;
    uint16_t last; /* the port that was chosen last: the next search begins behind it */
    bool stale;    /* the rules have what is not here any more: they are to be made anew */
};
void ports_table_release(struct ports_table *t);
#define _cleanup_ports_table_ _cleanup_(ports_table_release)

/* <state>/networks/, made where it is missing; the caller's. With `ret_lock`, where that is not NULL, the lock. */
int ports_dir(struct store *s, int *ret_dir, int *ret_lock, struct err *err);

/* A line that cannot be understood is passed over. */
int ports_table_read(int dir, struct ports_table *ret, struct err *err);
int ports_table_write(int dir, const struct ports_table *t, struct err *err);

/* Takes out those of a container; where the rules still have them, the table is stale. */
void ports_table_remove(struct ports_table *t, const char *container);

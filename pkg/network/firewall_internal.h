/* What firewall.c and firewall_note.c share. */
#pragma once

#include "network/firewall.h"

enum { FIREWALL_TABLE_MAX = 32 };

struct firewall_look {
    char table[FIREWALL_TABLE_MAX];
    size_t networks;
    bool whole; /* as it was made */
};

/* How the table is; false where no network was used yet, and nothing but its name is known. */
bool firewall_look(struct store *s, struct firewall_look *ret);

/* What a container knows of names while it runs: its /etc/hosts and /etc/resolv.conf, which are written at each start
 * and kept current while networks come and go, and answers to questions (network/dns.h) where it is on a network that
 * the user made, or where the host's own name servers listen on its loopback alone.
 *
 * The files are in the container's directory and mounted one by one, so they are changed in place. What the container
 * wrote there itself stays until its next start, as with Docker: of hosts only our own lines are replaced, and a
 * resolv.conf that is not as we left it is left alone.
 */
#pragma once

#include "monitor/monitor.h"
#include "network/attach.h"
#include "network/dns.h"

struct names {
    const struct monitor_job *job;
    struct loop *loop;
    int ns;
    struct dns *dns;   /* NULL: nobody answers */
    char **hosts;      /* our lines of hosts that name the container */
    char *resolv_conf; /* as we wrote it */
};
#define NAMES_NONE ((struct names){.ns = -1})

/* Before the program, when its networks are there. `ns` (borrowed until the end) is -1 and `n` 0 with the host's
 * network and with none; not for who shares another container's, whose files it has. The attachments are borrowed for
 * the call; the one whose gateway is the default route comes first. */
int names_begin(struct names *n, const struct monitor_job *job, struct loop *loop, int ns, const struct attachment *a,
                size_t count, struct err *err);

/* The networks, or the container's name, are others now. */
int names_change(struct names *n, const struct attachment *a, size_t count, struct err *err);

/* The end of a run. */
void names_end(struct names *n);

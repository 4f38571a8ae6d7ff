/* The networks of a container, as its monitor sees to them.
 *
 * Before each start it takes, in this order, addresses, ports and a namespace, and puts that on the networks; at the
 * end it gives back what it took. What failed halfway is given back as well. If the monitor is killed, all of it counts
 * as free (network/endpoint.h, network/ports.h), and whoever looks at the container next tidies up: networks_tidy().
 */
#pragma once

#include "monitor/names.h"
#include "monitor/port_relay.h"
#include "monitor/rules.h"
#include "network/ports.h"

struct networks_member {
    struct store_network network;
    struct endpoint endpoint;
    char *interface;  /* inside */
    char **sysctls;   /* of it, NAME=VALUE */
    char **addresses; /* link-local ones */
    int64_t priority;
    bool leaving; /* it is being taken out */
};

struct networks {
    VEC(struct networks_member) members; /* in the order in which they were asked for */
    int ns;                              /* the container's network namespace, or -1: it has none of ours */
    char **settings;                     /* of its interfaces, which the program's own process makes when it starts */
    bool attached;                       /* it is there, and it was told */
    bool claimed, published;             /* its ports */
    port_ranges ports;                   /* with the host's as they were chosen */
    port_ranges taken;                   /* of the host, for them */
    struct port_ways ways;               /* where they lead */
    struct names names;
    struct port_relay *relay; /* of published ports */
    struct rules rules;       /* and who puts theirs back */
    struct loop *loop;
};
#define NETWORKS_NONE ((struct networks){.ns = -1, .names = NAMES_NONE, .rules = RULES_NONE})

/* Before a start; `job` is looked at until the end. With "none", "host" and "container:…" there are no networks, but
 * perhaps names. After a failure networks_end() is due. */
int networks_begin(struct networks *n, struct loop *loop, const struct monitor_job *job, struct err *err);

/* Puts the namespace, and what is to be set in it, into the specification that the runtime gets; with `ns` -1 it makes
 * one itself. */
void networks_join(const struct networks *n, struct oci_spec *spec);

/* Between two runs: the namespace goes, addresses and ports stay. */
void networks_pause(struct networks *n, const struct monitor_job *job);

/* The end. With --rm the network forgets that there was such a container. */
void networks_end(struct networks *n, const struct monitor_job *job);

/* Of a container that runs (its first process is `pid`): one more, one less. The options are the caller's to change. */
int networks_connect(struct networks *n, const struct monitor_job *job, pid_t pid, const struct engine_endpoint *wanted,
                     struct err *err);
int networks_disconnect(struct networks *n, const struct monitor_job *job, const char *network, struct err *err);

/* What a monitor that was killed left; for the holder of the container's lock. `forget`: the container does not come
 * again. */
void networks_tidy(struct store *s, const char *container, bool forget);

/* The same of all containers whose lock nobody has, and of those that are gone altogether. */
void networks_sweep(struct store *s);

/* The container has another name. */
void networks_rename(struct networks *n, const struct monitor_job *job);

/* Which of the members is the way out for a family (AF_INET, AF_INET6): the one of the highest priority, then the first
 * by name; NULL where none is. */
const struct networks_member *networks_gateway(const struct networks *n, uint16_t family);

/* What is to be published, with -P also what is exposed. Where no address was asked for it is those of `usual`; of
 * them, or where there is none (every address), by the first alone where the port is to be chosen. Pure data, for
 * tests. */
void networks_ports(const struct engine_options *o, const struct ip *usual, size_t n_usual, port_ranges *ret);

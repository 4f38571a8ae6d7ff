/* Networks that a container gets, or loses, while it runs. */
#include "monitor/networks_internal.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>

/* A container that was started without a network has a namespace of the runtime's making. */
static int open_namespace(struct networks *n, pid_t pid, struct err *err)
{
    char path[32];

    if (n->ns >= 0)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    n->ns = n->names.ns = open(path, O_RDONLY | O_CLOEXEC);
    return n->ns < 0 ? err_errno(err, errno, "the container's network namespace") : 0;
}

static struct networks_member *find(const struct networks *n, const char *network)
{
    VEC_FOREACH (m, &n->members)
        if (str_eq(m->network.name, network))
            return m;
    return NULL;
}

/* Ports lead to where the way out is now, and names are those of the networks that there are. */
static int follow(struct networks *n, const struct monitor_job *job, struct err *err)
{
    attachments list;
    int r = networks_claim(n, job, err);

    if (r == 0)
        r = networks_publish(n, job, err);
    networks_attachments(n, &list);
    if (r == 0)
        r = names_change(&n->names, list.v, list.n, err);
    free(list.v);
    return r;
}

int networks_connect(struct networks *n, const struct monitor_job *job, pid_t pid, const struct engine_endpoint *wanted,
                     struct err *err)
{
    struct networks_member *m;
    struct attachment a;
    int r = find(n, wanted->network) ? err_set(err, ERR_EXISTS, "endpoint with name %s already exists in network %s",
                                               job->record->name, wanted->network)
                                     : networks_add(n, job, wanted, err);

    if (r < 0)
        return r;
    m = &n->members.v[n->members.n - 1];
    a = networks_attachment(n, m);
    r = open_namespace(n, pid, err);
    if (r == 0) /* first: the container runs, and would use what is not guarded */
        r = networks_guard(job, m, err);
    if (r == 0)
        r = network_attach(job->store, n->ns, &a, 1, err);
    if (r < 0) {
        networks_drop(n, job, m);
        return r;
    }
    n->attached = true;
    networks_tell(job, m, true);
    return follow(n, job, err);
}

int networks_disconnect(struct networks *n, const struct monitor_job *job, const char *network, struct err *err)
{
    struct networks_member *m = find(n, network);
    const struct networks_member *way4, *way6;
    struct attachment a, default4 = {0}, default6 = {0};
    int r;

    if (!n->attached) { /* between two runs */
        if (m)
            networks_drop(n, job, m);
        return 0;
    }
    if (!m && str_eq(network, "none") && engine_is_on_none(job->options))
        return 0;
    if (!m)
        return err_set(err, ERR_INVALID, "container %s is not connected to network %s", job->record->name, network);
    a = networks_attachment(n, m);
    m->leaving = true;
    way4 = networks_gateway(n, AF_INET);
    way6 = networks_gateway(n, AF_INET6);
    if (way4)
        default4 = networks_attachment(n, way4);
    if (way6)
        default6 = networks_attachment(n, way6);
    r = network_detach(job->store, n->ns, &a, way4 ? &default4 : NULL, way6 ? &default6 : NULL, err);
    if (r < 0) {
        m->leaving = false;
        return r;
    }
    r = follow(n, job, err);
    networks_tell(job, m, false);
    networks_drop(n, job, m);
    return r;
}

void networks_rename(struct networks *n, const struct monitor_job *job)
{
    attachments list;

    VEC_FOREACH (m, &n->members)
        endpoint_rename(job->store, m->network.id, job->record->id, job->record->name, NULL, NULL);
    networks_attachments(n, &list);
    names_change(&n->names, list.v, list.n, NULL);
    free(list.v);
}

/* The table in the kernel, and what was written down of it:
 *
 *     <state>/networks/firewall     NAMESPACE GENERATION FINGERPRINT CLOSED, then the id of each network in the table,
 * a line each
 *
 * Generation and fingerprint (netlink/nft.h) are those of the table as it was made last. While the kernel's generation
 * is the same nobody has changed any rule; while the fingerprint is, nobody has changed our chains and rules. What is
 * in sets and maps is counted then (firewall_check.c). CLOSED: the families of firewall_text().
 */
#include "network/firewall_internal.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "base/strv.h"
#include "netlink/host_ports.h"
#include "netlink/nft.h"
#include "network/bridge.h"
#include "network/ports_table.h"
#include "store/container.h"
#include "sys/atomic.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#define NOTE "firewall"
enum { NOTE_MAX = 16 << 20 };

/* ---- what was written down ---- */

struct note {
    uint64_t namespace; /* of the network, in which the table is */
    uint32_t generation;
    uint64_t fingerprint;
    unsigned closed;
    char **networks; /* ids */
};

static void note_release(struct note *n)
{
    strv_free(n->networks);
}
#define _cleanup_note_ _cleanup_(note_release)

/* Another namespace has other rules, and numbers that may be the same. */
static uint64_t our_namespace(void)
{
    struct stat st;

    return stat("/proc/thread-self/ns/net", &st) == 0 ? st.st_ino : 0;
}

/* Without one nothing is known: `ret` is empty. */
static void note_read(int dir, struct note *ret)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(NOTE_MAX);
    _cleanup_strv_ char **lines = NULL;
    struct err ignored = ERR_INIT;
    size_t n = 0;

    *ret = (struct note){0};
    if (fd_read_file(dir, NOTE, &text, &ignored) < 0)
        return;
    lines = strv_split(buf_str(&text), '\n');
    if (sscanf(*lines, "%" SCNu64 " %" SCNu32 " %" SCNu64 " %u", &ret->namespace, &ret->generation, &ret->fingerprint,
               &ret->closed) != 4) {
        *ret = (struct note){0};
        return;
    }
    for (char **line = lines + 1; *line; line++)
        if (strlen(*line) == ID_LEN)
            strv_take_at(&ret->networks, n++, str_dup(*line));
}

static int note_write(int dir, const struct note *n, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    buf_addf(&text, "%" PRIu64 " %" PRIu32 " %" PRIu64 " %u\n", n->namespace, n->generation, n->fingerprint, n->closed);
    STRV_FOREACH (id, n->networks)
        buf_addf(&text, "%s\n", *id);
    return atomic_write(dir, NOTE, text.p, text.len, 0644, ATOMIC_VOLATILE, err);
}

/* ---- the table ---- */

/* "cbox", or for a state directory that is not the usual one a name of its own: two of them may share a namespace. */
static void table_name(struct store *s, char ret[FIREWALL_TABLE_MAX])
{
    const char *path = store_state_path(s);
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

    for (const char *c = path; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 0x100000001b3;
    if (str_eq(path, "/run/cbox"))
        snprintf(ret, FIREWALL_TABLE_MAX, "cbox");
    else
        snprintf(ret, FIREWALL_TABLE_MAX, "cbox_%08" PRIx32, (uint32_t)(hash ^ hash >> 32));
}

/* Takes out what belongs to containers that are gone. */
static void drop_gone(struct store *s, struct ports_table *t)
{
    for (size_t i = 0; i < t->claims.n;) {
        _cleanup_free_ char *id = str_dup(t->claims.v[i].container);

        if (!store_container_is_locked(s, id))
            ports_table_remove(t, id);
        else
            while (i < t->claims.n && str_eq(t->claims.v[i].container, id))
                i++;
    }
}

static void warn(const char *what, const struct err *why)
{
    log_warning("%s has no part in the rules: %s", what, why->text);
}

/* Everything that the table is made of. */
struct whole {
    firewall_records known;
    firewall_networks networks; /* of them */
    port_claims published;      /* borrowed */
};
static void whole_release(struct whole *w)
{
    firewall_records_release(&w->known);
    free(w->networks.v);
    free(w->published.v);
}
#define _cleanup_whole_ _cleanup_(whole_release)

static void gather(struct store *s, struct note *note, const struct ports_table *ports, firewall_left_out say,
                   struct whole *ret)
{
    firewall_networks_find(s, &note->networks, say, &ret->known);
    VEC_FOREACH (n, &ret->known)
        firewall_networks_add(n, say, &ret->networks);
    VEC_FOREACH (c, &ports->claims)
        if (c->published)
            *VEC_PUSH(&ret->published) = *c;
}

static char *text_of(const char *table, const struct note *note, const struct whole *w)
{
    return firewall_text(table, &w->networks, &w->published, note->closed);
}

/* Whether the table is as it was made. Where somebody has changed other rules, `n` knows of that afterwards. */
static bool is_whole(struct store *s, struct note *n, const struct ports_table *ports)
{
    _cleanup_whole_ struct whole w = {0};
    _cleanup_free_ char *text = NULL;
    char table[FIREWALL_TABLE_MAX];
    uint32_t generation = 0;
    uint64_t fingerprint = 0;

    if (!n->fingerprint || n->namespace != our_namespace() || nft_generation(&generation) < 0)
        return false;
    if (generation == n->generation)
        return true;
    table_name(s, table);
    if (nft_fingerprint(table, &fingerprint) < 0 || fingerprint != n->fingerprint)
        return false;
    gather(s, n, ports, NULL, &w);
    text = text_of(table, n, &w);
    if (!firewall_is_complete(table, text))
        return false;
    n->generation = generation; /* asked for first: what came after it will be looked at the next time */
    return true;
}

/* All of it anew, as one transaction: the networks that it had, and one `more`, which may be NULL; the claims that are
 * published. */
static int make(struct store *s, int dir, struct note *note, struct ports_table *ports,
                const struct store_network *more, struct err *err)
{
    _cleanup_whole_ struct whole w = {0};
    _cleanup_free_ char *text = NULL;
    char table[FIREWALL_TABLE_MAX];
    int r;

    if (more && !strv_contains(note->networks, more->id))
        strv_add(&note->networks, more->id);
    drop_gone(s, ports);
    note->closed = network_forwards(s);
    gather(s, note, ports, warn, &w);
    table_name(s, table);
    text = text_of(table, note, &w);
    r = nft_run(text, err);
    if (r < 0)
        return r;
    firewall_loopback(&w.networks, &w.published);
    note->namespace = our_namespace();
    r = nft_generation(&note->generation);
    if (r == 0)
        r = nft_fingerprint(table, &note->fingerprint);
    if (r < 0)
        return err_errno(err, -r, "nftables");
    ports->stale = false;
    r = ports_table_write(dir, ports, err);
    return r < 0 ? r : note_write(dir, note, err);
}

/* ---- changing it ---- */

/* Both tables, with the lock, for who changes something. */
struct changing {
    struct store *store;
    int dir, lock;
    bool whole; /* nothing is missing in the kernel's */
    struct note note;
    struct ports_table ports;
};
#define CHANGING_NONE ((struct changing){.dir = -1, .lock = -1})

static void changing_release(struct changing *c)
{
    note_release(&c->note);
    ports_table_release(&c->ports);
    c->dir = fd_close(c->dir);
    c->lock = fd_close(c->lock);
}
#define _cleanup_changing_ _cleanup_(changing_release)

static int begin(struct store *s, struct changing *c, struct err *err)
{
    int r = ports_dir(s, &c->dir, &c->lock, err);

    c->store = s;
    if (r == 0)
        r = ports_table_read(c->dir, &c->ports, err);
    if (r == 0) {
        note_read(c->dir, &c->note);
        c->whole = !c->ports.stale && is_whole(s, &c->note, &c->ports);
    }
    return r;
}

/* What comes, or goes: those of networks are text, those of ports are quick. */
struct elements {
    const char *text;
    const nft_elements *ports;
    bool add;
};

static int change_elements(const char *table, const struct elements *e, struct err *err)
{
    int r = e->ports ? nft_change(table, e->add, e->ports) : -EMSGSIZE;

    if (r == -EMSGSIZE)
        return nft_run(e->text, err);
    return r < 0 ? err_errno(err, -r, "nftables") : 0;
}

/* Elements come or go, or, where the table is not what it should be, all is made anew. */
static int change(struct changing *c, const struct elements *elements, const struct store_network *more,
                  struct err *err)
{
    uint32_t generation = 0;
    char table[FIREWALL_TABLE_MAX];
    struct err why = ERR_INIT;
    int r;

    if (!c->whole)
        return make(c->store, c->dir, &c->note, &c->ports, more, err);
    table_name(c->store, table);
    r = change_elements(table, elements, &why);
    if (r == ERR_NOT_FOUND || r == ERR_EXISTS) {
        log_debug("%s: made anew", why.text);
        return make(c->store, c->dir, &c->note, &c->ports, more, err);
    }
    if (r < 0) {
        *err = why;
        return r;
    }
    /* One transaction counts one. More are others' as well: the next command looks. */
    if (nft_generation(&generation) == 0 && generation == c->note.generation + 1)
        c->note.generation = generation;
    if (more)
        strv_add(&c->note.networks, more->id);
    r = ports_table_write(c->dir, &c->ports, err);
    return r < 0 ? r : note_write(c->dir, &c->note, err);
}

/* What was written down, without the lock; false where no network was used yet. */
static bool glance(struct store *s, struct note *ret)
{
    _cleanup_fd_ int dir = -1;
    struct err ignored = ERR_INIT;
    int state;

    *ret = (struct note){0};
    if (store_dir(s, STORE_STATE, &state, &ignored) < 0)
        return false;
    dir = openat(state, "networks", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return false;
    note_read(dir, ret);
    return ret->fingerprint != 0;
}

bool firewall_look(struct store *s, struct firewall_look *ret)
{
    _cleanup_ports_table_ struct ports_table ports = {0};
    _cleanup_note_ struct note n = {0};
    _cleanup_fd_ int dir = -1;

    *ret = (struct firewall_look){0};
    table_name(s, ret->table);
    if (!glance(s, &n) || n.namespace != our_namespace())
        return false;
    ret->whole =
        ports_dir(s, &dir, NULL, NULL) == 0 && ports_table_read(dir, &ports, NULL) == 0 && is_whole(s, &n, &ports);
    ret->networks = strv_len(n.networks);
    ret->closed = n.closed;
    return true;
}

static bool nobody_changed(const struct note *n)
{
    uint32_t generation;

    return n->fingerprint && n->namespace == our_namespace() && nft_generation(&generation) == 0 &&
           generation == n->generation;
}

int firewall_ensure(struct store *s, struct err *err)
{
    _cleanup_changing_ struct changing c = CHANGING_NONE;
    _cleanup_note_ struct note n = {0};
    int r;

    if (!glance(s, &n) || n.namespace != our_namespace() || nobody_changed(&n))
        return 0;
    r = begin(s, &c, err);
    if (r < 0)
        return r;
    if (c.whole)
        return note_write(c.dir, &c.note, err);
    log_debug("the rules of networks were changed or removed: made anew");
    return make(s, c.dir, &c.note, &c.ports, NULL, err);
}

int firewall_add_network(struct store *s, const struct store_network *n, struct err *err)
{
    _cleanup_changing_ struct changing c = CHANGING_NONE;
    _cleanup_note_ struct note known = {0};
    _cleanup_free_ char *own = NULL, *closing = NULL, *text = NULL;
    unsigned closed = network_forwards(s);
    struct firewall_network one;
    char table[FIREWALL_TABLE_MAX];
    int r = firewall_network_describe(n, &one, err);

    if (r <= 0)
        return r;
    if (glance(s, &known) && nobody_changed(&known) && known.closed == closed && strv_contains(known.networks, n->id))
        return 0;
    r = begin(s, &c, err);
    if (r < 0)
        return r;
    table_name(s, table);
    if (!strv_contains(c.note.networks, n->id))
        own = firewall_text_network(table, "add", &one);
    closing = firewall_text_closed(table, closed & ~c.note.closed);
    text = str_printf("%s%s", own ? own : "", closing);
    c.note.closed |= closed;
    r = change(&c, &(struct elements){.text = text}, own ? n : NULL, err);
    return r < 0 ? err_wrap(err, "network %s", n->name) : 0;
}

int firewall_remove_network(struct store *s, const struct store_network *n, struct err *err)
{
    _cleanup_changing_ struct changing c = CHANGING_NONE;
    _cleanup_note_ struct note known = {0};
    _cleanup_free_ char *text = NULL;
    struct firewall_network one;
    char table[FIREWALL_TABLE_MAX], **kept = NULL;
    int is_known = firewall_network_describe(n, &one, NULL), r;

    if (is_known == 0 || !glance(s, &known) || !strv_contains(known.networks, n->id))
        return 0;
    r = begin(s, &c, err);
    if (r < 0)
        return r;
    STRV_FOREACH (id, c.note.networks)
        if (!str_eq(*id, n->id))
            strv_add(&kept, *id);
    strv_free(c.note.networks);
    c.note.networks = kept;
    table_name(s, table);
    if (is_known > 0)
        text = firewall_text_network(table, "delete", &one);
    else
        c.whole = false; /* what it has in the table is not known: all is made without it */
    r = change(&c, &(struct elements){.text = text}, NULL, err);
    return r < 0 ? err_wrap(err, "network %s", n->name) : 0;
}

/* ---- ports ---- */

/* Those of a container, borrowed, that are (not) published; they are marked as the opposite. */
static port_claims turn(struct ports_table *t, const char *container, bool published)
{
    port_claims found = {0};

    VEC_FOREACH (c, &t->claims)
        if (str_eq(c->container, container) && c->published == published) {
            c->published = !published;
            *VEC_PUSH(&found) = *c;
        }
    return found;
}

/* What was remembered of a port of UDP goes to the host, or to a container that is gone, for as long as it is used. */
static void forget_connections(const port_claims *claims)
{
    VEC_FOREACH (c, claims) {
        const struct port_range *r = &c->range;
        int e = r->protocol != IPPROTO_UDP || r->routed
                    ? 0
                    : conntrack_forget(r->protocol, &r->host, r->host_first, (uint16_t)(r->host_first + r->count - 1));

        if (e < 0)
            log_debug("connections to port %u: %s", r->host_first, strerror(-e));
    }
}

static int turn_ports(struct store *s, const char *container, bool published, struct err *err)
{
    _cleanup_changing_ struct changing c = CHANGING_NONE;
    _cleanup_free_ char *text = NULL;
    char table[FIREWALL_TABLE_MAX];
    nft_elements elements = {0};
    port_claims claims;
    int r = begin(s, &c, err);

    if (r < 0)
        return r;
    claims = turn(&c.ports, container, published);
    table_name(s, table);
    text = firewall_text_claims(table, published ? "delete" : "add", &claims);
    firewall_elements(&claims, &elements);
    if (claims.n)
        r = change(&c, &(struct elements){text, &elements, !published}, NULL, err);
    if (r == 0)
        forget_connections(&claims);
    if (r == 0)
        firewall_loopback_of(s, c.note.networks, &claims, &c.ports.claims);
    free(elements.v);
    free(claims.v);
    return r < 0 ? err_wrap(err, "published ports") : 0;
}

int firewall_publish(struct store *s, const char *container, struct err *err)
{
    return turn_ports(s, container, false, err);
}

int firewall_unpublish(struct store *s, const char *container, struct err *err)
{
    return turn_ports(s, container, true, err);
}

int firewall_sweep(struct store *s, struct err *err)
{
    _cleanup_changing_ struct changing c = CHANGING_NONE;
    _cleanup_note_ struct note n = {0};
    size_t before;
    int r;

    if (!glance(s, &n))
        return 0;
    r = begin(s, &c, err);
    if (r < 0)
        return r;
    before = c.ports.claims.n;
    drop_gone(s, &c.ports);
    if (c.ports.stale || c.ports.claims.n != before)
        return make(s, c.dir, &c.note, &c.ports, NULL, err);
    return 0;
}

#include "network/endpoint.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/strv.h"
#include "network/endpoint_internal.h"
#include "store/container.h"
#include "sys/atomic.h"
#include "sys/dir.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "sys/path.h"

#include <fcntl.h>
#include <stdio.h>

#define TABLE "endpoints"

char *endpoint_path(const char *network, const char *file)
{
    return str_printf("networks/%s%s%s", network, file ? "/" : "", file ? file : "");
}

/* ---- the table ---- */

int endpoint_lock(struct store *s, const char *network, bool make, int *ret_fd, struct err *err)
{
    _cleanup_free_ char *dir = endpoint_path(network, NULL), *lock = endpoint_path(network, "lock");
    int state, r = store_dir(s, STORE_STATE, &state, err);

    if (r < 0)
        return r;
    if (faccessat(state, dir, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
        if (!make)
            return err_set(err, ERR_NOT_FOUND, "%s has no endpoints", dir);
        r = path_mkdirs(state, dir, 0700);
        if (r < 0)
            return err_errno(err, -r, "making %s/%s", store_state_path(s), dir);
    }
    r = lock_take(state, lock, LOCK_EXCLUSIVE, LOCK_WAIT, ret_fd, err);
    return r < 0 ? err_wrap(err, "%s", store_state_path(s)) : 0;
}

void endpoint_forget_network(struct store *s, const char *network)
{
    _cleanup_free_ char *dir = endpoint_path(network, NULL);
    int state;

    if (store_dir(s, STORE_STATE, &state, NULL) == 0)
        path_remove_tree(state, dir, NULL);
}

static int read_text(struct store *s, const char *network, struct buf *ret, struct err *err)
{
    _cleanup_free_ char *path = endpoint_path(network, TABLE);
    struct err why = ERR_INIT;
    int state, r = store_dir(s, STORE_STATE, &state, err);

    if (r < 0)
        return r;
    r = fd_read_file(state, path, ret, &why);
    if (r == 0 || r == ERR_NOT_FOUND)
        return 0;
    if (err)
        *err = why;
    return err_wrap(err, "%s", store_state_path(s));
}

/* A line of the table where it lies: most of a large one is only carried over. */
struct row {
    const char *p;
    size_t len;
    struct ip ip4, ip6; /* for who takes one */
};
typedef VEC(struct row) row_list;

struct table {
    struct buf text;
    row_list rows;
};
#define TABLE_INIT ((struct table){.text = BUF_INIT_MAX(ENDPOINT_TABLE_MAX)})
static void table_release(struct table *t)
{
    buf_free(&t->text);
    free(t->rows.v);
}
#define _cleanup_table_ _cleanup_(table_release)

static int corrupt(struct store *s, const char *network, struct err *err)
{
    err_wrap(err, "%s/networks/%s/" TABLE, store_state_path(s), network);
    return ERR_CORRUPT;
}

/* All lines of it; the rest of each is looked at by who parses it. */
static int read_table(struct store *s, const char *network, struct table *ret, struct err *err)
{
    int r = read_text(s, network, &ret->text, err);
    const char *end;

    ret->text.max = 0; /* it may become longer */
    if (ret->text.len && ret->text.p[ret->text.len - 1] != '\n')
        buf_addc(&ret->text, '\n');
    for (const char *p = ret->text.p, *last = p + ret->text.len; r == 0 && p < last; p = end + 1) {
        end = memchr(p, '\n', (size_t)(last - p));
        *VEC_PUSH(&ret->rows) = (struct row){.p = p, .len = (size_t)(end - p)};
        if (end - p <= 2 * ID_LEN) {
            err_set(err, ERR_CORRUPT, "\"%.*s\" is no endpoint", (int)MIN_OF(end - p, (ptrdiff_t)80), p);
            return corrupt(s, network, err);
        }
    }
    return r;
}

/* Closes the gaps that rows left which were dropped: the rest of a large table stays where it is. */
static void close_up(struct table *t)
{
    char *to = t->text.p;

    VEC_FOREACH (row, &t->rows) {
        if (row->p != to)
            memmove(to, row->p, row->len + 1);
        to += row->len + 1;
    }
    t->text.len = to ? (size_t)(to - t->text.p) : 0;
}

/* The table, whose rows are no more afterwards, with `added` (may be NULL) at the end. */
static int write_table(struct store *s, const char *network, struct table *t, const struct endpoint *added,
                       struct err *err)
{
    _cleanup_free_ char *path = endpoint_path(network, TABLE);
    int state, r = store_dir(s, STORE_STATE, &state, err);

    close_up(t);
    t->rows.n = 0;
    if (added)
        endpoint_line_write(added, &t->text);
    if (r == 0)
        r = atomic_write(state, path, buf_str(&t->text), t->text.len, 0600, ATOMIC_VOLATILE, err);
    failpoint("container-endpoints");
    return r;
}

/* The line begins with the container's id. */
static struct row *of_container(const row_list *rows, const char *container)
{
    size_t len = strlen(container);

    VEC_FOREACH (row, rows)
        if (len == ID_LEN && memcmp(row->p, container, ID_LEN) == 0)
            return row;
    return NULL;
}

static void drop(row_list *rows, struct row *one)
{
    memmove(one, one + 1, (size_t)(rows->v + rows->n - one - 1) * sizeof(*one));
    rows->n--;
}

static int parse_row(struct store *s, const char *network, const struct row *row, struct endpoint *ret, struct err *err)
{
    return endpoint_line_parse(row->p, row->len, ret, err) < 0 ? corrupt(s, network, err) : 0;
}

/* Whatever is written: one whose container nobody holds is free. */
static bool is_used(struct store *s, const struct row *row)
{
    char container[ID_LEN + 1] = "";

    memcpy(container, row->p, ID_LEN);
    return row->p[row->len - 1] == '1' && !strchr(container, '/') && store_container_is_locked(s, container);
}

/* ---- taking ---- */

struct taking {
    struct store *store;
    const struct store_network *network;
    const struct endpoint_request *request;
    struct table *table;
    row_list *others;      /* its rows, without the container's own */
    struct endpoint *mine; /* that it had before, or without anything */
};

static int check_aliases(char *const *aliases, struct err *err)
{
    STRV_FOREACH (alias, aliases)
        for (const char *c = *alias;; c++) {
            if (!**alias || strlen(*alias) > 255 || str_eq(*alias, "-") || *c == ',' || *c == 0x7f ||
                (*c && (unsigned char)*c <= ' '))
                return err_set(err, ERR_INVALID, "invalid network alias \"%.100s\"", *alias);
            if (!*c)
                break;
        }
    return 0;
}

static bool is_gone(struct store *s, const struct row *row)
{
    char container[ID_LEN + 1] = "";
    int containers;

    memcpy(container, row->p, ID_LEN);
    return store_dir(s, STORE_CONTAINERS, &containers, NULL) == 0 &&
           faccessat(containers, container, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

static struct ip *address_of(struct endpoint *e, uint16_t family)
{
    return family == AF_INET ? &e->ip4 : &e->ip6;
}

static const struct ip *row_address(const struct row *row, uint16_t family)
{
    return family == AF_INET ? &row->ip4 : &row->ip6;
}

/* Where all addresses are given away: those of containers that are gone are free, and if there are none, the first that
 * is kept for one that does not run. */
static bool make_room(struct taking *t, uint16_t family)
{
    row_list *others = t->others;
    size_t before = others->n;

    for (size_t i = others->n; i-- > 0;)
        if (is_gone(t->store, &others->v[i]))
            drop(others, &others->v[i]);
    for (size_t i = 0; others->n == before && i < others->n; i++)
        if (ip_is_set(row_address(&others->v[i], family)) && !is_used(t->store, &others->v[i]))
            drop(others, &others->v[i]);
    return others->n < before;
}

static int take_wanted(struct taking *t, const struct endpoint_space *space, const struct ip *wanted, struct err *err)
{
    char text[IP_TEXT_MAX];
    int r = endpoint_space_check(space, wanted, err);

    if (r < 0)
        return err_wrap(err, "network %s", t->network->name);
    VEC_FOREACH (other, t->others) {
        _cleanup_endpoint_ struct endpoint who = {0};

        if (!ip_equal(row_address(other, wanted->family), wanted))
            continue;
        if (!is_used(t->store, other)) {
            drop(t->others, other);
            return 0;
        }
        r = parse_row(t->store, t->network->id, other, &who, err);
        return r < 0 ? r
                     : err_set(err, ERR_EXISTS, "address %s of network %s is already in use by container %s",
                               ip_format(wanted, text), t->network->name, who.name);
    }
    return 0;
}

static int take_any(struct taking *t, const struct endpoint_space *space, struct ip *ret, struct err *err)
{
    uint16_t family = space->subnet.address.family;
    ips taken = {0};
    int r;

    do {
        taken.n = 0;
        VEC_FOREACH (other, t->others)
            *VEC_PUSH(&taken) = *row_address(other, family);
        r = endpoint_space_lowest(space, &taken, ret);
    } while (r < 0 && make_room(t, family));
    free(taken.v);
    return r < 0 ? err_set(err, ERR_NO_SPACE, "no available IPv%d addresses on this network's address pools: %s (%s)",
                           family == AF_INET ? 4 : 6, t->network->name, t->network->id)
                 : 0;
}

static int take_address(struct taking *t, uint16_t family, struct err *err)
{
    const struct ip *wanted = family == AF_INET ? &t->request->ip4 : &t->request->ip6;
    _cleanup_space_ struct endpoint_space space = {0};
    struct ip *mine = address_of(t->mine, family);
    int r = endpoint_space_of(t->network, family, &space, err);

    if (r < 0)
        return r;
    if (ip_is_set(wanted)) {
        *mine = *wanted;
        return take_wanted(t, &space, wanted, err);
    }
    if (!ip_is_set(&space.subnet.address)) {
        *mine = IP_NONE;
        return 0;
    }
    if (ip_is_set(mine) && endpoint_space_check(&space, mine, NULL) == 0)
        return 0;
    return take_any(t, &space, mine, err);
}

static void describe(struct taking *t)
{
    const struct endpoint_request *q = t->request;
    struct endpoint *e = t->mine;
    char id[ID_LEN + 1];

    id_generate(id);
    str_replace(&e->container, str_dup(q->container));
    str_replace(&e->id, str_dup(id));
    str_replace(&e->name, str_dup(q->name));
    str_replace(&e->link, str_eq(t->network->driver, "bridge") ? str_printf("cb%.11s", id) : str_dup(""));
    strv_free(e->aliases);
    e->aliases = strv_copy(q->aliases);
    e->in_use = true;
    if (q->mac)
        memcpy(e->mac, q->mac, IP_MAC_LEN);
    else
        endpoint_mac_of(&e->ip4, &e->ip6, e->mac);
}

/* With the lease lock. */
static int take(struct taking *t, struct err *err)
{
    const char *network = t->network->id;
    struct row *had = of_container(t->others, t->request->container);
    int r = 0;

    if (had) {
        r = parse_row(t->store, network, had, t->mine, err);
        drop(t->others, had);
    }
    VEC_FOREACH (other, t->others)
        if (r == 0 && endpoint_line_addresses(other->p, other->len, &other->ip4, &other->ip6, err) < 0)
            r = corrupt(t->store, network, err);
    if (r == 0)
        r = take_address(t, AF_INET, err);
    if (r == 0)
        r = take_address(t, AF_INET6, err);
    if (r < 0)
        return r;
    describe(t);
    return write_table(t->store, network, t->table, t->mine, err);
}

int endpoint_take(struct store *s, const struct store_network *n, const struct endpoint_request *request,
                  struct endpoint *ret, struct err *err)
{
    _cleanup_table_ struct table table = TABLE_INIT;
    struct taking t = {
        .store = s, .network = n, .request = request, .table = &table, .others = &table.rows, .mine = ret};
    _cleanup_fd_ int lock = -1;
    int r = check_aliases(request->aliases, err);

    *ret = (struct endpoint){0};
    if (r == 0)
        r = endpoint_lock(s, n->id, true, &lock, err);
    if (r < 0)
        return r;
    r = store_network_check(s, n, err); /* who removes it holds this lock too */
    if (r == ERR_NOT_FOUND)
        endpoint_forget_network(s, n->id);
    if (r == 0)
        r = read_table(s, n->id, &table, err);
    if (r == 0)
        r = take(&t, err);
    if (r < 0)
        endpoint_release(ret);
    return r;
}

/* ---- giving back, changing ---- */

/* Changes a container's line, if there is one, by `fn`, which gives what becomes of it. */
enum outcome { SAME, CHANGED, REMOVED };
static int change(struct store *s, const char *network, const char *container,
                  enum outcome (*fn)(struct endpoint *one, const void *data), const void *data, struct err *err)
{
    _cleanup_endpoint_ struct endpoint e = {0};
    _cleanup_table_ struct table t = TABLE_INIT;
    _cleanup_fd_ int lock = -1;
    struct err why = ERR_INIT;
    enum outcome outcome;
    struct row *row;
    int r = endpoint_lock(s, network, false, &lock, &why);

    if (r == ERR_NOT_FOUND)
        return 0;
    if (r == 0)
        r = read_table(s, network, &t, &why);
    row = r == 0 ? of_container(&t.rows, container) : NULL;
    if (row)
        r = parse_row(s, network, row, &e, &why);
    if (r < 0 && err)
        *err = why;
    if (r < 0 || !row)
        return r;
    outcome = fn(&e, data);
    if (outcome == SAME)
        return 0;
    drop(&t.rows, row);
    return write_table(s, network, &t, outcome == CHANGED ? &e : NULL, err);
}

static enum outcome give_back(struct endpoint *one, const void *forget)
{
    bool was_used = one->in_use;

    one->in_use = false;
    return *(const bool *)forget ? REMOVED : was_used ? CHANGED : SAME;
}

int endpoint_give_back(struct store *s, const char *network, const char *container, bool forget, struct err *err)
{
    return change(s, network, container, give_back, &forget, err);
}

struct name_change {
    const char *name;
    char *const *aliases;
};

static enum outcome rename_one(struct endpoint *one, const void *data)
{
    const struct name_change *to = data;

    if (to->name)
        str_replace(&one->name, str_dup(to->name));
    if (to->aliases) {
        strv_free(one->aliases);
        one->aliases = strv_copy(to->aliases);
    }
    return CHANGED;
}

int endpoint_rename(struct store *s, const char *network, const char *container, const char *name, char *const *aliases,
                    struct err *err)
{
    struct name_change to = {name, aliases};
    int r = check_aliases(aliases, err);

    return r < 0 ? r : change(s, network, container, rename_one, &to, err);
}

/* Whether the container is in the table, as far as one sees without the lock. */
static bool may_be_in(struct store *s, const char *network, const char *container)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(ENDPOINT_TABLE_MAX);

    return read_text(s, network, &text, NULL) < 0 || strstr(buf_str(&text), container);
}

int endpoint_give_back_all(struct store *s, const char *container, bool forget, struct err *err)
{
    _cleanup_dir_ DIR *d = NULL;
    const struct dirent *entry;
    int state, r = store_dir(s, STORE_STATE, &state, err);

    if (r < 0)
        return r;
    d = dir_open(state, "networks");
    if (!d)
        return errno == ENOENT ? 0 : err_errno(err, errno, "reading %s/networks", store_state_path(s));
    while ((entry = readdir(d))) {
        struct err *first = r < 0 ? NULL : err; /* one that is damaged does not keep the others */
        int failed;

        if (strlen(entry->d_name) != ID_LEN || !may_be_in(s, entry->d_name, container))
            continue;
        failed = endpoint_give_back(s, entry->d_name, container, forget, first);
        r = r < 0 ? r : failed;
    }
    return r;
}

/* ---- looking ---- */

int endpoint_list(struct store *s, const char *network, bool in_use, endpoints *ret, struct err *err)
{
    _cleanup_table_ struct table t = TABLE_INIT;
    int r = read_table(s, network, &t, err);

    *ret = (endpoints){0};
    VEC_FOREACH (row, &t.rows)
        if (r == 0 && (!in_use || is_used(s, row)))
            r = parse_row(s, network, row, VEC_PUSH(ret), err);
    if (r < 0)
        endpoints_release(ret);
    return r;
}

int endpoint_find(struct store *s, const char *network, const char *container, struct endpoint *ret, struct err *err)
{
    _cleanup_table_ struct table t = TABLE_INIT;
    struct row *row;
    int r = read_table(s, network, &t, err);

    if (r < 0)
        return r;
    row = of_container(&t.rows, container);
    return row ? parse_row(s, network, row, ret, err)
               : err_set(err, ERR_NOT_FOUND, "container %.12s is not on network %.12s", container, network);
}

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

static int read_table(struct store *s, const char *network, endpoints *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(ENDPOINT_TABLE_MAX);
    int r = read_text(s, network, &text, err);

    for (const char *p = buf_str(&text), *end; r == 0 && *p; p = end + (*end == '\n')) {
        end = strchrnul(p, '\n');
        r = endpoint_line_parse(p, (size_t)(end - p), VEC_PUSH(ret), err);
        if (r < 0)
            err_wrap(err, "%s/networks/%s/" TABLE, store_state_path(s), network);
    }
    if (r < 0)
        endpoints_release(ret);
    return r;
}

static int write_table(struct store *s, const char *network, const endpoints *e, struct err *err)
{
    _cleanup_free_ char *path = endpoint_path(network, TABLE);
    _cleanup_buf_ struct buf text = BUF_INIT;
    int state, r = store_dir(s, STORE_STATE, &state, err);

    VEC_FOREACH (one, e)
        endpoint_line_write(one, &text);
    if (r == 0)
        r = atomic_write(state, path, buf_str(&text), text.len, 0600, ATOMIC_VOLATILE, err);
    failpoint("container-endpoints");
    return r;
}

static struct endpoint *of_container(const endpoints *e, const char *container)
{
    VEC_FOREACH (one, e)
        if (str_eq(one->container, container))
            return one;
    return NULL;
}

static void drop(endpoints *e, struct endpoint *one)
{
    endpoint_release(one);
    memmove(one, one + 1, (size_t)(e->v + e->n - one - 1) * sizeof(*one));
    e->n--;
}

/* Whatever is written: one whose container nobody holds is free. */
static bool is_used(struct store *s, const struct endpoint *e)
{
    return e->in_use && store_container_is_locked(s, e->container);
}

/* ---- taking ---- */

struct taking {
    struct store *store;
    const struct store_network *network;
    const struct endpoint_request *request;
    endpoints others;      /* without the container's own */
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

static bool is_gone(struct store *s, const char *container)
{
    int containers;

    return store_dir(s, STORE_CONTAINERS, &containers, NULL) == 0 &&
           faccessat(containers, container, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

static struct ip *address_of(struct endpoint *e, uint16_t family)
{
    return family == AF_INET ? &e->ip4 : &e->ip6;
}

/* Where all addresses are given away: those of containers that are gone are free, and if there are none, the first that
 * is kept for one that does not run. */
static bool make_room(struct taking *t, uint16_t family)
{
    size_t before = t->others.n;

    for (size_t i = t->others.n; i-- > 0;)
        if (is_gone(t->store, t->others.v[i].container))
            drop(&t->others, &t->others.v[i]);
    for (size_t i = 0; t->others.n == before && i < t->others.n; i++)
        if (ip_is_set(address_of(&t->others.v[i], family)) && !is_used(t->store, &t->others.v[i]))
            drop(&t->others, &t->others.v[i]);
    return t->others.n < before;
}

static int take_wanted(struct taking *t, const struct endpoint_space *space, const struct ip *wanted, struct err *err)
{
    char text[IP_TEXT_MAX];
    int r = endpoint_space_check(space, wanted, err);

    if (r < 0)
        return err_wrap(err, "network %s", t->network->name);
    VEC_FOREACH (other, &t->others) {
        if (!ip_equal(address_of(other, wanted->family), wanted))
            continue;
        if (is_used(t->store, other))
            return err_set(err, ERR_EXISTS, "address %s of network %s is already in use by container %s",
                           ip_format(wanted, text), t->network->name, other->name);
        drop(&t->others, other);
        return 0;
    }
    return 0;
}

static int take_any(struct taking *t, const struct endpoint_space *space, struct ip *ret, struct err *err)
{
    uint16_t family = space->subnet.address.family;

    while (endpoint_space_lowest(space, &t->others, ret) < 0)
        if (!make_room(t, family))
            return err_set(err, ERR_NO_SPACE, "no available IPv%d addresses on this network's address pools: %s (%s)",
                           family == AF_INET ? 4 : 6, t->network->name, t->network->id);
    return 0;
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

static void copy_endpoint(const struct endpoint *from, struct endpoint *to)
{
    *to = *from;
    to->container = str_dup(from->container);
    to->id = str_dup(from->id);
    to->name = str_dup(from->name);
    to->aliases = strv_copy(from->aliases);
    to->link = str_dup(from->link);
}

/* With the lease lock. */
static int take(struct taking *t, struct err *err)
{
    struct endpoint *had;
    int r = read_table(t->store, t->network->id, &t->others, err);

    if (r < 0)
        return r;
    had = of_container(&t->others, t->request->container);
    if (had) {
        *t->mine = *had;
        *had = (struct endpoint){0};
        drop(&t->others, had);
    }
    r = take_address(t, AF_INET, err);
    if (r == 0)
        r = take_address(t, AF_INET6, err);
    if (r < 0)
        return r;
    describe(t);
    copy_endpoint(t->mine, VEC_PUSH(&t->others));
    return write_table(t->store, t->network->id, &t->others, err);
}

int endpoint_take(struct store *s, const struct store_network *n, const struct endpoint_request *request,
                  struct endpoint *ret, struct err *err)
{
    struct taking t = {.store = s, .network = n, .request = request, .mine = ret};
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
        r = take(&t, err);
    endpoints_release(&t.others);
    if (r < 0)
        endpoint_release(ret);
    return r;
}

/* ---- giving back, changing ---- */

/* Changes a container's line, if there is one, by `change`, which says whether the table has to be written. */
static int change(struct store *s, const char *network, const char *container,
                  bool (*fn)(endpoints *e, struct endpoint *one, const void *data), const void *data, struct err *err)
{
    _cleanup_endpoints_ endpoints e = {0};
    _cleanup_fd_ int lock = -1;
    struct err why = ERR_INIT;
    struct endpoint *one;
    int r = endpoint_lock(s, network, false, &lock, &why);

    if (r == ERR_NOT_FOUND)
        return 0;
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    r = read_table(s, network, &e, err);
    one = r == 0 ? of_container(&e, container) : NULL;
    return one && fn(&e, one, data) ? write_table(s, network, &e, err) : r;
}

static bool give_back(endpoints *e, struct endpoint *one, const void *forget)
{
    bool changes = one->in_use;

    if (*(const bool *)forget) {
        drop(e, one);
        return true;
    }
    one->in_use = false;
    return changes;
}

int endpoint_give_back(struct store *s, const char *network, const char *container, bool forget, struct err *err)
{
    return change(s, network, container, give_back, &forget, err);
}

struct name_change {
    const char *name;
    char *const *aliases;
};

static bool rename_one(endpoints *e _unused_, struct endpoint *one, const void *data)
{
    const struct name_change *to = data;

    if (to->name)
        str_replace(&one->name, str_dup(to->name));
    if (to->aliases) {
        strv_free(one->aliases);
        one->aliases = strv_copy(to->aliases);
    }
    return true;
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
    int r;

    *ret = (endpoints){0};
    r = read_table(s, network, ret, err);
    for (size_t i = ret->n; in_use && i-- > 0;)
        if (!is_used(s, &ret->v[i]))
            drop(ret, &ret->v[i]);
    return r;
}

int endpoint_find(struct store *s, const char *network, const char *container, struct endpoint *ret, struct err *err)
{
    _cleanup_endpoints_ endpoints e = {0};
    struct endpoint *one;
    int r = read_table(s, network, &e, err);

    if (r < 0)
        return r;
    one = of_container(&e, container);
    if (!one)
        return err_set(err, ERR_NOT_FOUND, "container %.12s is not on network %.12s", container, network);
    *ret = *one;
    *one = (struct endpoint){0};
    return 0;
}

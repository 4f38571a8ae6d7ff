#include "store/network.h"

#include "base/buf.h"
#include "base/strv.h"
#include "store/internal.h"
#include "sys/atomic.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "json/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define RECORD "network.json"
enum { RECORD_MAX = 1 << 20, NAME_LONGEST = 255 };

static const struct json_field subnet_fields[] = {
    JSON_FIELD(struct store_network_subnet, "subnet", JSON_K_STRING, subnet, .flags = JSON_REQUIRED),
    JSON_FIELD(struct store_network_subnet, "ip_range", JSON_K_STRING, ip_range),
    JSON_FIELD(struct store_network_subnet, "gateway", JSON_K_STRING, gateway),
    JSON_FIELD(struct store_network_subnet, "aux_addresses", JSON_K_MAP, aux_addresses),
    JSON_FIELD(struct store_network_subnet, "chosen", JSON_K_BOOL, chosen),
};
static const struct json_type subnet_type = {
    .name = "subnet",
    .size = sizeof(struct store_network_subnet),
    .fields = subnet_fields,
    .n_fields = ARRAY_SIZE(subnet_fields),
};

static const struct json_field fields[] = {
    JSON_FIELD(struct store_network, "id", JSON_K_STRING, id, .flags = JSON_REQUIRED),
    JSON_FIELD(struct store_network, "name", JSON_K_STRING, name, .flags = JSON_REQUIRED),
    JSON_FIELD(struct store_network, "driver", JSON_K_STRING, driver, .flags = JSON_REQUIRED),
    JSON_FIELD(struct store_network, "created", JSON_K_INT64, created),
    JSON_FIELD(struct store_network, "ipv6", JSON_K_BOOL, ipv6),
    JSON_FIELD(struct store_network, "no_ipv4", JSON_K_BOOL, no_ipv4),
    JSON_FIELD(struct store_network, "internal", JSON_K_BOOL, internal),
    JSON_FIELD(struct store_network, "attachable", JSON_K_BOOL, attachable),
    JSON_FIELD(struct store_network, "options", JSON_K_MAP, options),
    JSON_FIELD(struct store_network, "labels", JSON_K_MAP, labels),
    JSON_FIELD(struct store_network, "subnets", JSON_K_ARRAY, subnets, .type = &subnet_type),
    JSON_FIELD(struct store_network, "bridge", JSON_K_STRING, bridge),
};
const struct json_type store_network_type = {
    .name = "network",
    .size = sizeof(struct store_network),
    .fields = fields,
    .n_fields = ARRAY_SIZE(fields),
};

void store_network_release(struct store_network *n)
{
    json_free(&store_network_type, n);
}

int store_network_check_name(const char *name, struct err *err)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    if (!*name || !strchr(first, *name) || name[strspn(name, others)])
        return err_set(err, ERR_INVALID,
                       "invalid network name \"%.200s\": only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed", name);
    if (strlen(name) > NAME_LONGEST)
        return err_set(err, ERR_INVALID, "invalid network name \"%.200s…\": it is longer than %d characters", name,
                       NAME_LONGEST);
    return 0;
}

/* ---- those that are always there ---- */

static const struct {
    const char *name, *driver;
} predefined[] = {{STORE_NETWORK_DEFAULT, "bridge"}, {"host", "host"}, {"none", "null"}};

bool store_network_is_predefined(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(predefined); i++)
        if (str_eq(name, predefined[i].name))
            return true;
    return false;
}

/* An id that is the store's own and always the same, without a file: a hash (FNV-1a) of the store's place and the name,
 * drawn out. Nothing rests on it but that two stores of a machine have different ones. */
static char *derive_id(struct store *s, const char *name)
{
    const char *parts[] = {store_root_path(s), "\n", name};
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    char id[ID_LEN + 1];

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        for (const char *c = parts[i]; *c; c++)
            h = (h ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    for (unsigned i = 0; i < ID_LEN / 16; i++) {
        /* splitmix64's last step, which spreads the few bits that differ over all of them */
        uint64_t z = h + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        snprintf(id + i * 16, sizeof(id) - i * 16, "%016llx", (unsigned long long)(z ^ z >> 31));
    }
    return str_dup(id);
}

/* They are as old as the store. */
static int64_t store_age(struct store *s)
{
    struct stat st;
    int root;

    if (store_dir(s, STORE_ROOT, &root, NULL) < 0 || fstatat(root, "format", &st, 0) < 0)
        return 0;
    return st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
}

static int make_predefined(struct store *s, const char *name, struct store_network *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(predefined); i++)
        if (str_eq(name, predefined[i].name)) {
            *ret = (struct store_network){
                .id = derive_id(s, name),
                .name = str_dup(name),
                .driver = str_dup(predefined[i].driver),
                .created = store_age(s),
            };
            return 0;
        }
    return ERR_NOT_FOUND;
}

/* ---- making ---- */

static int write_record(int dir, const struct store_network *n, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    json_dump(&store_network_type, n, true, &text);
    buf_addc(&text, '\n');
    return atomic_write(dir, RECORD, text.p, text.len, 0600, 0, err);
}

int store_network_create(struct store *s, const struct store_network *n, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    char unnamed[40] = "network-";
    int tmp, networks, r = store_network_check_name(n->name, err);

    id_hex(unnamed + strlen(unnamed), 24);
    if (r == 0)
        r = store_dir(s, STORE_TMP, &tmp, err);
    if (r == 0)
        r = store_dir(s, STORE_NETWORKS, &networks, err);
    if (r == 0)
        r = lock_make_dir(tmp, unnamed, 0700, &fd, err);
    if (r < 0)
        return r;
    r = write_record(fd, n, err);
    failpoint("network-made");
    if (r == 0 && renameat2(tmp, unnamed, networks, n->name, RENAME_NOREPLACE) < 0)
        r = errno == EEXIST ? err_set(err, ERR_EXISTS, "network with name %s already exists", n->name)
                            : err_errno(err, errno, "giving it its name");
    if (r == 0)
        return atomic_sync_dir(networks, ".", err);
    path_remove_tree(tmp, unnamed, NULL);
    return r == ERR_EXISTS ? r : err_wrap(err, "creating network %s", n->name);
}

/* ---- finding ---- */

static int not_there(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "network %.200s not found", name);
}

/* What can be no name is none: it never leads elsewhere. */
static int open_networks(struct store *s, const char *name, int *ret, struct err *err)
{
    return store_network_check_name(name, NULL) < 0 ? not_there(name, err) : store_dir(s, STORE_NETWORKS, ret, err);
}

static bool is_id(const char *text)
{
    return strlen(text) == ID_LEN && text[strspn(text, "0123456789abcdef")] == 0;
}

/* By name, from the disk. */
static int read_named(struct store *s, const char *name, struct store_network *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(RECORD_MAX);
    _cleanup_free_ char *file = str_printf("%s/" RECORD, name);
    struct err why = ERR_INIT;
    int networks, r = open_networks(s, name, &networks, err);

    if (r < 0)
        return r;
    r = fd_read_file(networks, file, &text, &why);
    if (r == ERR_NOT_FOUND && faccessat(networks, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return not_there(name, err);
    if (r == 0)
        r = json_parse(buf_str(&text), text.len, &store_network_type, ret, &why);
    if (r == 0 && !is_id(ret->id)) { /* it is a part of paths */
        r = err_set(&why, ERR_CORRUPT, "\"%.80s\" is not an id", ret->id);
        store_network_release(ret);
    }
    if (r < 0) {
        if (err)
            *err = why;
        err_wrap(err, "networks/%s", file);
        return err ? err->kind = ERR_CORRUPT : ERR_CORRUPT;
    }
    str_replace(&ret->name, str_dup(name)); /* the directory's is the true one */
    return 0;
}

static int read_any(struct store *s, const char *name, struct store_network *ret, struct err *err)
{
    struct err why = ERR_INIT;
    int r = read_named(s, name, ret, &why);

    if (r == ERR_NOT_FOUND)
        r = make_predefined(s, name, ret);
    if (r < 0 && err)
        *err = why;
    return r;
}

static int find_by_id(struct store *s, const char *text, struct store_network *ret, struct err *err)
{
    _cleanup_strv_ char **names = NULL;
    unsigned found = 0;
    int r = *text && !text[strspn(text, "0123456789abcdef")] ? store_network_list(s, &names, err) : 0;

    STRV_FOREACH (name, names) {
        struct store_network n = {0};

        if (r < 0 || read_any(s, *name, &n, NULL) < 0) /* removed meanwhile, or damaged: it is found by its name */
            continue;
        if (str_after(n.id, text) && found++ == 0)
            *ret = n;
        else
            store_network_release(&n);
    }
    if (r == 0 && found == 1)
        return 0;
    if (found)
        store_network_release(ret);
    if (r < 0)
        return r;
    return found
               ? err_set(err, ERR_INVALID, "network %s is ambiguous (%u matches found based on ID prefix)", text, found)
               : not_there(text, err);
}

int store_network_find(struct store *s, const char *text, struct store_network *ret, struct err *err)
{
    struct err why = ERR_INIT;
    int r = read_any(s, text, ret, &why);

    if (r == ERR_NOT_FOUND)
        return find_by_id(s, text, ret, err);
    if (r < 0 && err)
        *err = why;
    return r;
}

int store_network_check(struct store *s, const struct store_network *n, struct err *err)
{
    _cleanup_network_ struct store_network now = {0};
    int r = read_any(s, n->name, &now, err);

    return r == 0 && !str_eq(now.id, n->id) ? not_there(n->name, err) : r;
}

static int add_name(int dir _unused_, const char *name, void *data, struct err *err _unused_)
{
    if (store_network_check_name(name, NULL) == 0 && !store_network_is_predefined(name))
        strv_add(data, name);
    return 0;
}

int store_network_list(struct store *s, char ***ret, struct err *err)
{
    int root, r = store_dir(s, STORE_ROOT, &root, err);

    *ret = NULL;
    if (r == 0)
        r = store_each_name(root, "networks", add_name, ret, err);
    if (r < 0) {
        strv_free(*ret);
        *ret = NULL;
        return r;
    }
    for (size_t i = 0; i < ARRAY_SIZE(predefined); i++)
        strv_add(ret, predefined[i].name);
    strv_sort(*ret);
    return 0;
}

/* ---- locks, removing ---- */

int store_network_lock(struct store *s, const char *name, int *ret_fd, struct err *err)
{
    struct err why = ERR_INIT;
    int networks, r = open_networks(s, name, &networks, err);

    if (r < 0)
        return r;
    r = lock_dir(networks, name, LOCK_WAIT, ret_fd, &why);
    if (r == ERR_NOT_FOUND)
        return not_there(name, err);
    if (r < 0 && err)
        *err = why;
    return r;
}

int store_network_lock_all(struct store *s, int *ret_fd, struct err *err)
{
    int root = -1, networks, r = store_dir(s, STORE_NETWORKS, &networks, err); /* is made where it is missing */

    if (r == 0)
        r = store_dir(s, STORE_ROOT, &root, err);
    return r < 0 ? r : lock_dir(root, "networks", LOCK_WAIT, ret_fd, err);
}

int store_network_remove(struct store *s, const char *name, struct err *err)
{
    char trashed[STORE_TRASH_NAME_MAX];
    int r = store_trash_put(s, STORE_NETWORKS, name, trashed, err);

    failpoint("network-removed");
    if (r == 0)
        r = store_trash_delete_held(s, trashed, err);
    return r < 0 ? err_wrap(err, "removing network %s", name) : 0;
}

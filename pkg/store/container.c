#include "store/container.h"

#include "oci/descriptor.h"
#include "store/internal.h"
#include "sys/atomic.h"
#include "sys/failpoint.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define RECORD_FILE "record.json"
enum { RECORD_MAX = 1 << 20, GLANCE = 4096 };

struct store_container {
    char id[ID_LEN + 1];
    char trashed[STORE_TRASH_NAME_MAX]; /* its name in the trash, once it was removed */
    int fd;
};

static const char *const status_names[] = {
    [STORE_CONTAINER_CREATED] = "created", [STORE_CONTAINER_RUNNING] = "running",
    [STORE_CONTAINER_PAUSED] = "paused",   [STORE_CONTAINER_RESTARTING] = "restarting",
    [STORE_CONTAINER_EXITED] = "exited",
};

const char *store_container_status_name(enum store_container_status status)
{
    return status_names[status];
}

static int parse_status(const char *text, void *field, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(status_names); i++)
        if (str_eq(text, status_names[i])) {
            *(enum store_container_status *)field = (enum store_container_status)i;
            return 0;
        }
    return err_set(err, ERR_INVALID, "\"%s\" is no state of a container", text);
}

static char *format_status(const void *field)
{
    return str_dup(store_container_status_name(*(const enum store_container_status *)field));
}

static const struct json_conversion status_conversion = {parse_status, format_status};

static const struct json_field fields[] = {
    JSON_FIELD(struct store_container_record, "id", JSON_K_STRING, id, .flags = JSON_REQUIRED),
    JSON_FIELD(struct store_container_record, "name", JSON_K_STRING, name),
    JSON_FIELD(struct store_container_record, "image", JSON_K_STRING, image),
    JSON_FIELD(struct store_container_record, "imageID", JSON_K_CUSTOM, image_id, .conversion = &oci_digest_conversion),
    JSON_FIELD(struct store_container_record, "manifest", JSON_K_CUSTOM, manifest,
               .conversion = &oci_digest_conversion),
    JSON_FIELD(struct store_container_record, "layers", JSON_K_STRV, layers),
    JSON_FIELD(struct store_container_record, "mounted", JSON_K_STRV, mounted),
    JSON_FIELD(struct store_container_record, "command", JSON_K_STRV, command),
    JSON_FIELD(struct store_container_record, "labels", JSON_K_MAP, labels),
    JSON_FIELD(struct store_container_record, "network", JSON_K_STRING, network),
    JSON_FIELD(struct store_container_record, "exposed", JSON_K_STRV, exposed),
    JSON_FIELD(struct store_container_record, "cgroup", JSON_K_STRING, cgroup),
    JSON_FIELD(struct store_container_record, "created", JSON_K_INT64, created),
    JSON_FIELD(struct store_container_record, "started", JSON_K_INT64, started),
    JSON_FIELD(struct store_container_record, "finished", JSON_K_INT64, finished),
    JSON_FIELD(struct store_container_record, "status", JSON_K_CUSTOM, status, .conversion = &status_conversion),
    JSON_FIELD(struct store_container_record, "pid", JSON_K_INT64, pid),
    JSON_FIELD(struct store_container_record, "pidStart", JSON_K_UINT64, pid_start),
    JSON_FIELD(struct store_container_record, "bootID", JSON_K_STRING, boot_id),
    JSON_FIELD(struct store_container_record, "exitCode", JSON_K_INT64, exit_code, .flags = JSON_KEEP_EMPTY),
    JSON_FIELD(struct store_container_record, "oomKilled", JSON_K_BOOL, oom_killed),
    JSON_FIELD(struct store_container_record, "restarts", JSON_K_INT64, restarts),
    JSON_FIELD(struct store_container_record, "stopped", JSON_K_BOOL, stopped),
    JSON_FIELD(struct store_container_record, "health", JSON_K_STRING, health),
    JSON_FIELD(struct store_container_record, "remove", JSON_K_BOOL, remove),
    JSON_FIELD(struct store_container_record, "build", JSON_K_BOOL, build),
    JSON_FIELD(struct store_container_record, "error", JSON_K_STRING, error),
};

const struct json_type store_container_type = {
    .name = "container record",
    .size = sizeof(struct store_container_record),
    .fields = fields,
    .n_fields = ARRAY_SIZE(fields),
};

void store_container_record_release(struct store_container_record *record)
{
    json_free(&store_container_type, record);
}

static struct store_container *container_new(const char *id, int fd)
{
    struct store_container *c = mem_zalloc(1, sizeof(*c));

    snprintf(c->id, sizeof(c->id), "%s", id);
    c->fd = fd;
    return c;
}

int store_container_create(struct store *s, const char *id, struct store_container **ret, struct err *err)
{
    /* Locked before it has its name: a sweep never sees it without its lock. */
    _cleanup_free_ char *unnamed = str_printf("container-%s", id);
    _cleanup_fd_ int fd = -1;
    int tmp, dir, r = store_dir(s, STORE_CONTAINERS, &dir, err);

    if (r == 0)
        r = store_dir(s, STORE_TMP, &tmp, err);
    if (r == 0)
        r = lock_make_dir(tmp, unnamed, 0711, &fd, err);
    if (r < 0)
        return r;
    failpoint("container-made");
    if (renameat2(tmp, unnamed, dir, id, RENAME_NOREPLACE) < 0) {
        r = err_errno(err, errno, "making the container's directory %s", id);
        unlinkat(tmp, unnamed, AT_REMOVEDIR);
        return r;
    }
    *ret = container_new(id, steal_fd(&fd));
    return 0;
}

int store_container_open(struct store *s, const char *id, struct store_container **ret, struct err *err)
{
    int dir, fd, r = store_dir(s, STORE_CONTAINERS, &dir, err);

    if (r < 0)
        return r;
    fd = openat(dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "no such container: %s", id);
    if (fd < 0)
        return err_errno(err, errno, "containers/%s", id);
    *ret = container_new(id, fd);
    return 0;
}

void store_container_free(struct store_container *c)
{
    if (!c)
        return;
    fd_close(c->fd);
    free(c);
}

int store_container_lock(struct store_container *c, enum lock_wait wait, struct err *err)
{
    struct stat st;

    while (flock(c->fd, LOCK_EX | (wait == LOCK_TRY ? LOCK_NB : 0)) < 0) {
        if (errno == EWOULDBLOCK)
            return err_set(err, ERR_BUSY, "container %.12s is in use", c->id);
        if (errno != EINTR)
            return err_errno(err, errno, "locking container %.12s", c->id);
    }
    if (fstat(c->fd, &st) < 0 || st.st_nlink == 0)
        return err_set(err, ERR_NOT_FOUND, "no such container: %.12s", c->id);
    return 0;
}

void store_container_unlock(const struct store_container *c)
{
    flock(c->fd, LOCK_UN);
}

int store_container_fd(const struct store_container *c)
{
    return c->fd;
}

const char *store_container_id(const struct store_container *c)
{
    return c->id;
}

static int parse_record(const char *id, const struct buf *text, struct store_container_record *ret, struct err *err)
{
    int r = json_parse(buf_str(text), text->len, &store_container_type, ret, err);

    if (r < 0 && err)
        err->kind = r = ERR_CORRUPT;
    return r < 0 ? err_wrap(err, "container %.12s", id), r : 0;
}

int store_container_read(const struct store_container *c, struct store_container_record *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(RECORD_MAX);
    int r = fd_read_file(c->fd, RECORD_FILE, &text, err);

    return r < 0 ? err_wrap(err, "container %.12s", c->id), r : parse_record(c->id, &text, ret, err);
}

/* As store_container_write() has it: no value can hold this, since it begins a line. */
static bool is_at_rest(const char *text)
{
    static const char key[] = "\n  \"status\": \"";
    const char *status = strstr(text, key);
    enum store_container_status at_rest[] = {STORE_CONTAINER_CREATED, STORE_CONTAINER_EXITED};

    for (size_t i = 0; status && i < ARRAY_SIZE(at_rest); i++) {
        const char *end = str_after(status + sizeof(key) - 1, status_names[at_rest[i]]);

        if (end && *end == '"')
            return true;
    }
    return false;
}

/* In as few calls as can be: a file of ours that gives less than it could has no more. */
static int read_glance(int dir, const char *path, struct buf *text, struct err *err)
{
    _cleanup_fd_ int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : read(fd, buf_reserve(text, GLANCE), GLANCE);

    if (n < 0)
        return err_errno(err, errno, "containers/%s", path);
    buf_grown(text, (size_t)n);
    return n < GLANCE ? 0 : fd_read_rest(fd, path, text, err);
}

int store_container_glance(struct store *s, const char *id, bool alive_only, struct store_container_record *ret,
                           bool *ret_passed, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(RECORD_MAX);
    char path[ID_LEN + sizeof("/" RECORD_FILE)];
    int dir, r = store_dir(s, STORE_CONTAINERS, &dir, err);

    if (r < 0)
        return r;
    snprintf(path, sizeof(path), "%s/" RECORD_FILE, id);
    r = read_glance(dir, path, &text, err);
    if (r < 0)
        return r;
    *ret_passed = alive_only && is_at_rest(buf_str(&text));
    return *ret_passed ? 0 : parse_record(id, &text, ret, err);
}

bool store_container_is_locked(struct store *s, const char *id)
{
    _cleanup_fd_ int fd = -1;
    int dir;

    if (store_dir(s, STORE_CONTAINERS, &dir, NULL) < 0)
        return false;
    fd = openat(dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int store_container_write(const struct store_container *c, const struct store_container_record *record, bool durable,
                          struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    int r;

    json_dump(&store_container_type, record, true, &text);
    buf_addc(&text, '\n');
    r = atomic_write(c->fd, RECORD_FILE, text.p, text.len, 0600, durable ? 0 : ATOMIC_VOLATILE, err);
    return r < 0 ? err_wrap(err, "container %.12s", c->id) : 0;
}

/* Who has the name: its link's content, "" (and errno) where nobody has. */
static void name_owner(int dir, const char *link, char ret[ID_LEN + 1])
{
    ssize_t n = readlinkat(dir, link, ret, ID_LEN);

    ret[n > 0 ? n : 0] = 0;
}

/* Takes a name away from an owner that is gone. Others may be at it as well, and the first of them have made the name
 * their own: looking and unlinking are one step under a lock, the names' directory's own. Nobody else needs it: making
 * a link replaces none, and an owner that is there has its name to itself. */
static int drop_stale(struct store *s, int dir, const char *name, const char *owner, struct err *err)
{
    _cleanup_fd_ int lock = -1;
    int r = lock_dir(dir, ".", LOCK_WAIT, &lock, err);

    if (r == 0)
        store_container_name_drop(s, name, owner);
    return r;
}

int store_container_name_take(struct store *s, const char *name, const char *id, char ret_owner[ID_LEN + 1],
                              struct err *err)
{
    _cleanup_free_ char *link = str_printf("@%s", name);
    char owner[ID_LEN + 1];
    int dir, r = store_dir(s, STORE_CONTAINERS, &dir, err);

    if (r < 0)
        return r;
    while (symlinkat(id, dir, link) < 0) {
        if (errno != EEXIST)
            return err_errno(err, errno, "taking the name %s", name);
        name_owner(dir, link, owner);
        if (!*owner && errno == ENOENT) /* given back at this moment */
            continue;
        if (!*owner)
            return err_errno(err, errno, "containers/%s", link);
        if (faccessat(dir, owner, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            if (ret_owner)
                memcpy(ret_owner, owner, sizeof(owner));
            err_set(err, ERR_EXISTS, "the container name \"/%s\" is already in use by container \"%s\"", name, owner);
            return err_hint(err, "remove or rename that container, or choose another name");
        }
        r = drop_stale(s, dir, name, owner, err);
        if (r < 0)
            return err_wrap(err, "taking the name %s", name);
    }
    return 0;
}

void store_container_name_drop(struct store *s, const char *name, const char *id)
{
    _cleanup_free_ char *link = str_printf("@%s", name);
    char owner[ID_LEN + 1];
    int dir;

    if (store_dir(s, STORE_CONTAINERS, &dir, NULL) < 0)
        return;
    name_owner(dir, link, owner);
    if (*owner && str_eq(owner, id))
        unlinkat(dir, link, 0);
}

struct listing {
    char **ids;
};

static int add_id(int dir _unused_, const char *name, void *data, struct err *err _unused_)
{
    struct listing *l = data;

    if (strlen(name) == ID_LEN && strspn(name, "0123456789abcdef") == ID_LEN)
        strv_add(&l->ids, name);
    return 0;
}

int store_container_list(struct store *s, char ***ret, struct err *err)
{
    struct listing l = {0};
    int root, r = store_dir(s, STORE_ROOT, &root, err);

    if (r == 0)
        r = store_each_name(root, "containers", add_id, &l, err);
    if (r < 0) {
        strv_free(l.ids);
        return r;
    }
    *ret = l.ids;
    return 0;
}

static int drop_if_stale(int dir, const char *link, void *data, struct err *err _unused_)
{
    char owner[ID_LEN + 1];

    if (*link != '@')
        return 0;
    name_owner(dir, link, owner);
    if (*owner && faccessat(dir, owner, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        drop_stale(data, dir, link + 1, owner, NULL);
    return 0;
}

int store_container_names_sweep(struct store *s, struct err *err)
{
    int root, r = store_dir(s, STORE_ROOT, &root, err);

    return r < 0 ? r : store_each_name(root, "containers", drop_if_stale, s, err);
}

int store_container_find(struct store *s, const char *text, char ret[ID_LEN + 1], struct err *err)
{
    _cleanup_free_ char *link = str_printf("@%s", text);
    _cleanup_strv_ char **ids = NULL;
    const char *found = NULL;
    int dir, r = store_dir(s, STORE_CONTAINERS, &dir, err);

    if (r < 0)
        return r;
    name_owner(dir, link, ret);
    if (strlen(ret) == ID_LEN && faccessat(dir, ret, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    r = store_container_list(s, &ids, err);
    if (r < 0)
        return r;
    STRV_FOREACH (id, ids) {
        if (!*text || !str_after(*id, text))
            continue;
        if (found)
            return err_set(err, ERR_INVALID, "several containers begin with %s: %.12s and %.12s", text, found, *id);
        found = *id;
    }
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "no such container: %s", text);
    memcpy(ret, found, ID_LEN + 1);
    return 0;
}

int store_container_remove(struct store *s, struct store_container *c, const struct store_container_record *record,
                           bool delete_now, struct err *err)
{
    int dir, r = store_trash_put(s, STORE_CONTAINERS, c->id, c->trashed, err);

    /* A container whose name went first would be one without a name if this were killed here. */
    if (r == 0 && record && record->name && store_dir(s, STORE_CONTAINERS, &dir, NULL) == 0)
        r = drop_stale(s, dir, record->name, c->id, err);
    if (r < 0)
        return err_wrap(err, "removing container %.12s", c->id);
    return delete_now ? store_container_delete(s, c, err) : 0;
}

int store_container_delete(struct store *s, struct store_container *c, struct err *err)
{
    int r = store_trash_delete_held(s, c->trashed, err);

    return r < 0 ? err_wrap(err, "deleting container %.12s", c->id) : 0;
}

#include "store/volume.h"

#include "base/buf.h"
#include "base/id.h"
#include "base/strv.h"
#include "store/internal.h"
#include "sys/atomic.h"
#include "sys/dir.h"
#include "sys/failpoint.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "json/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define DATA    "_data"
#define RECORD  "volume.json"
#define FILLING ".filling"
enum { RECORD_MAX = 1 << 20 };

static const struct json_field fields[] = {
    JSON_FIELD(struct store_volume, "name", JSON_K_STRING, name, .flags = JSON_REQUIRED),
    JSON_FIELD(struct store_volume, "created", JSON_K_INT64, created),
    JSON_FIELD(struct store_volume, "labels", JSON_K_MAP, labels),
    JSON_FIELD(struct store_volume, "options", JSON_K_MAP, options),
};

static const struct json_type volume_type = {
    .name = "volume",
    .size = sizeof(struct store_volume),
    .fields = fields,
    .n_fields = ARRAY_SIZE(fields),
};

void store_volume_release(struct store_volume *v)
{
    json_free(&volume_type, v);
}

bool store_volume_anonymous(const struct store_volume *v)
{
    return strv_env_get(v->labels, STORE_VOLUME_ANONYMOUS) != NULL;
}

/* ---- what may be asked for ---- */

int store_volume_check_name(const char *name, struct err *err)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    if (strlen(name) == 1)
        return err_set(err, ERR_INVALID,
                       "create %s: volume name is too short, names should be at least two alphanumeric characters",
                       name);
    if (!*name || !strchr(first, *name) || name[strspn(name, others)]) {
        err_set(err, ERR_INVALID,
                "create %.200s: \"%.200s\" includes invalid characters for a local volume name, only "
                "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed",
                name, name);
        return err_hint(err, "if you intended to pass a host directory, use absolute path");
    }
    if (strlen(name) > STORE_VOLUME_NAME_MAX)
        return err_set(err, ERR_INVALID, "create %.200s…: the name is longer than %d characters", name,
                       STORE_VOLUME_NAME_MAX);
    return 0;
}

int store_volume_check_options(char *const *options, struct err *err)
{
    static const char *const known[] = {"type", "device", "o", "size"};
    static const struct {
        const char *option, *needs;
    } together[] = {{"device", "type"}, {"type", "device"}, {"o", "device"}, {"o", "type"}};

    STRV_FOREACH (option, options) {
        size_t n = strcspn(*option, "=");
        bool good = false;

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
            good = good || (strlen(known[i]) == n && strncmp(*option, known[i], n) == 0);
        if (!good)
            return err_set(err, ERR_INVALID, "invalid option: \"%.*s\"", (int)n, *option);
    }
    if (strv_env_get(options, "size"))
        return err_set(err, ERR_UNSUPPORTED, "quota size requested but no quota support");
    for (size_t i = 0; i < ARRAY_SIZE(together); i++)
        if (strv_env_get(options, together[i].option) && !strv_env_get(options, together[i].needs))
            return err_set(err, ERR_INVALID, "missing required option: \"%s\"", together[i].needs);
    return 0;
}

/* ---- making and reading ---- */

static int write_record(int dir, const struct store_volume *v, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    json_dump(&volume_type, v, true, &text);
    buf_addc(&text, '\n');
    return atomic_write(dir, RECORD, text.p, text.len, 0600, 0, err);
}

/* Containers' users pass through the directory to what is mounted, and nobody reads it. */
static int fill_directory(int dir, const struct store_volume *v, struct err *err)
{
    if (mkdirat(dir, DATA, 0755) < 0 || fchmodat(dir, DATA, 0755, 0) < 0)
        return err_errno(err, errno, "making " DATA);
    return write_record(dir, v, err);
}

int store_volume_create(struct store *s, const struct store_volume *v, struct err *err)
{
    _cleanup_fd_ int fd = -1;
    char unnamed[40] = "volume-";
    int tmp, volumes, r = store_volume_check_name(v->name, err);

    id_hex(unnamed + strlen(unnamed), 24);
    if (r == 0)
        r = store_dir(s, STORE_TMP, &tmp, err);
    if (r == 0)
        r = store_dir(s, STORE_VOLUMES, &volumes, err);
    if (r == 0)
        r = lock_make_dir(tmp, unnamed, 0701, &fd, err);
    if (r < 0)
        return r;
    r = fchmod(fd, 0701) < 0 ? err_errno(err, errno, "making it") : fill_directory(fd, v, err);
    failpoint("volume-made");
    if (r == 0 && renameat2(tmp, unnamed, volumes, v->name, RENAME_NOREPLACE) < 0)
        r = errno == EEXIST ? err_set(err, ERR_EXISTS, "there is a volume %s already", v->name)
                            : err_errno(err, errno, "giving it its name");
    if (r == 0)
        return atomic_sync_dir(volumes, ".", err);
    path_remove_tree(tmp, unnamed, NULL);
    return r == ERR_EXISTS ? r : err_wrap(err, "creating volume %s", v->name);
}

static int not_there(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "get %.200s: no such volume", name);
}

/* What can be no name is none: it never leads elsewhere. */
static int open_volumes(struct store *s, const char *name, int *ret, struct err *err)
{
    return store_volume_check_name(name, NULL) < 0 ? not_there(name, err) : store_dir(s, STORE_VOLUMES, ret, err);
}

int store_volume_read(struct store *s, const char *name, struct store_volume *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(RECORD_MAX);
    _cleanup_free_ char *file = str_printf("%s/" RECORD, name);
    struct err why = ERR_INIT;
    int volumes, r = open_volumes(s, name, &volumes, err);

    if (r < 0)
        return r;
    r = fd_read_file(volumes, file, &text, &why);
    if (r == ERR_NOT_FOUND && faccessat(volumes, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return not_there(name, err);
    if (r == 0)
        r = json_parse(buf_str(&text), text.len, &volume_type, ret, &why);
    if (r < 0) {
        if (err)
            *err = why;
        err_wrap(err, "volumes/%s", file);
        return err ? err->kind = ERR_CORRUPT : ERR_CORRUPT;
    }
    str_replace(&ret->name, str_dup(name)); /* the directory's is the true one */
    return 0;
}

int store_volume_lock(struct store *s, const char *name, int *ret_fd, struct err *err)
{
    struct err why = ERR_INIT;
    int volumes, r = open_volumes(s, name, &volumes, err);

    if (r < 0)
        return r;
    r = lock_dir(volumes, name, LOCK_WAIT, ret_fd, &why);
    if (r == ERR_NOT_FOUND)
        return not_there(name, err);
    if (r < 0 && err)
        *err = why;
    return r;
}

static int add_name(int dir _unused_, const char *name, void *data, struct err *err _unused_)
{
    if (store_volume_check_name(name, NULL) == 0)
        strv_add(data, name);
    return 0;
}

int store_volume_list(struct store *s, char ***ret, struct err *err)
{
    int root, r = store_dir(s, STORE_ROOT, &root, err);

    *ret = NULL;
    if (r == 0)
        r = store_each_name(root, "volumes", add_name, ret, err);
    if (r < 0) {
        strv_free(*ret);
        *ret = NULL;
        return r;
    }
    strv_sort(*ret);
    return 0;
}

int store_volume_remove(struct store *s, const char *name, struct err *err)
{
    char trashed[STORE_TRASH_NAME_MAX];
    int r = store_trash_put(s, STORE_VOLUMES, name, trashed, err);

    failpoint("volume-removed");
    if (r == 0)
        r = store_trash_delete_held(s, trashed, err);
    return r < 0 ? err_wrap(err, "removing volume %s", name) : 0;
}

char *store_volume_path(struct store *s, const char *name)
{
    return str_printf("%s/volumes/%s/" DATA, store_root_path(s), name);
}

/* ---- filling ---- */

/* 1 or 0. */
static int is_empty(int dir, struct err *err)
{
    _cleanup_dir_ DIR *d = dir_open(dir, DATA);
    const struct dirent *e;

    if (!d)
        return err_errno(err, errno, "reading " DATA);
    while ((e = readdir(d)))
        if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
            return 0;
    return 1;
}

int store_volume_settle(int dir, struct err *err)
{
    int r;

    if (faccessat(dir, FILLING, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    r = path_remove_tree(dir, DATA, err);
    if (r == 0 && (mkdirat(dir, DATA, 0755) < 0 || fchmodat(dir, DATA, 0755, 0) < 0))
        r = err_errno(err, errno, "making " DATA);
    return r < 0 ? r : store_volume_fill_end(dir, err);
}

int store_volume_fill_begin(int dir, int *ret_data, struct err *err)
{
    _cleanup_fd_ int mark = -1;
    int empty = is_empty(dir, err), r;

    *ret_data = -1;
    if (empty <= 0)
        return empty;
    mark = openat(dir, FILLING, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (mark < 0)
        return err_errno(err, errno, "writing " FILLING);
    r = atomic_sync_dir(dir, ".", err);
    if (r < 0)
        return r;
    *ret_data = openat(dir, DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *ret_data < 0 ? err_errno(err, errno, "opening " DATA) : 0;
}

int store_volume_fill_end(int dir, struct err *err)
{
    if (unlinkat(dir, FILLING, 0) < 0)
        return err_errno(err, errno, "removing " FILLING);
    return atomic_sync_dir(dir, ".", err);
}

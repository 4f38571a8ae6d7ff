#include "runtime/instance_internal.h"

#include "sys/atomic.h"
#include "sys/fd.h"
#include "sys/lock.h"
#include "sys/path.h"
#include "sys/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { RECORD_MAX = 4 << 20 };

static const struct json_field record_fields[] = {
    JSON_FIELD(struct runtime_record, "ociVersion", JSON_K_STRING, version),
    JSON_FIELD(struct runtime_record, "bundle", JSON_K_STRING, bundle),
    JSON_FIELD(struct runtime_record, "rootfs", JSON_K_STRING, rootfs),
    JSON_FIELD(struct runtime_record, "cgroup", JSON_K_STRING, cgroup),
    JSON_FIELD(struct runtime_record, "systemdUnit", JSON_K_STRING, unit),
    JSON_FIELD(struct runtime_record, "created", JSON_K_STRING, created),
    JSON_FIELD(struct runtime_record, "owner", JSON_K_INT64, owner),
    JSON_FIELD(struct runtime_record, "annotations", JSON_K_MAP, annotations),
    JSON_FIELD(struct runtime_record, "hooks", JSON_K_OBJECT, hooks, 0, &oci_hooks_type),
    JSON_FIELD(struct runtime_record, "intelRdt", JSON_K_OBJECT_PTR, intel_rdt, 0, &oci_intel_rdt_type),
    JSON_FIELD(struct runtime_record, "pid", JSON_K_INT64, pid),
    JSON_FIELD(struct runtime_record, "pidStart", JSON_K_UINT64, pid_start),
    JSON_FIELD(struct runtime_record, "bootId", JSON_K_STRING, boot_id),
};
static const struct json_type record_type = {.name = "record of the container",
                                             .size = sizeof(struct runtime_record),
                                             .fields = record_fields,
                                             .n_fields = ARRAY_SIZE(record_fields)};

static const char *const words[] = {"creating", "created", "running", "paused", "stopped"};

const char *runtime_status_word(enum runtime_status status)
{
    return words[status];
}

/* runc's rule: it becomes the name of a directory. */
static int check_id(const char *id, struct err *err)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";

    if (!*id || id[strspn(id, known)] || str_eq(id, ".") || str_eq(id, ".."))
        return err_set(err, ERR_INVALID,
                       "invalid container ID \"%.200s\": letters, digits and _+-. make one, but no dot or two alone",
                       id);
    if (strlen(id) > NAME_MAX)
        return err_set(err, ERR_INVALID, "invalid container ID \"%.40s…\": longer than %d characters", id, NAME_MAX);
    return 0;
}

static int open_root(const char *root, int *ret, struct err *err)
{
    *ret = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret < 0 && errno != ENOENT)
        return err_errno(err, errno, "%s", root);
    return 0;
}

static int fail_missing(const char *id, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "container does not exist: %s", id);
}

int runtime_instance_new(const char *root, const char *id, struct runtime_instance *ret, struct err *err)
{
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    _cleanup_fd_ int parent = -1;
    struct err why = ERR_INIT;
    int r = check_id(id, err);

    if (r < 0)
        return r;
    r = path_mkdirs(AT_FDCWD, root, 0700);
    if (r < 0)
        return err_errno(err, -r, "%s", root);
    r = open_root(root, &parent, err);
    if (r < 0)
        return r;
    r = lock_make_dir(parent, id, 0700, &inst.dir, &why);
    if (r == ERR_EXISTS)
        return err_set(err, ERR_EXISTS, "container with given ID already exists: %s", id);
    if (r < 0) {
        if (err)
            *err = why;
        return r;
    }
    inst.root = str_dup(root);
    inst.id = str_dup(id);
    *ret = inst;
    inst = RUNTIME_INSTANCE_INIT;
    return 0;
}

/* There is none where its maker was killed at once, or its remover at last; there may be nothing in it after a power
 * cut, which left nothing of the container either. */
static int read_record(struct runtime_instance *inst, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(RECORD_MAX);
    struct err why = ERR_INIT;
    int r = fd_read_file(inst->dir, RUNTIME_RECORD_FILE, &text, &why);

    if (r == ERR_NOT_FOUND || (r == 0 && !text.len))
        return 0;
    if (r == 0)
        r = json_parse(buf_str(&text), text.len, &record_type, &inst->record, &why);
    if (r < 0 && err)
        *err = why;
    return r < 0 ? err_wrap(err, "%s/%s/" RUNTIME_RECORD_FILE, inst->root, inst->id) : 0;
}

int runtime_instance_load(const char *root, const char *id, bool lock, struct runtime_instance *ret, struct err *err)
{
    _cleanup_instance_ struct runtime_instance inst = RUNTIME_INSTANCE_INIT;
    _cleanup_fd_ int parent = -1;
    int r = check_id(id, err);

    if (r == 0)
        r = open_root(root, &parent, err);
    if (r < 0)
        return r;
    if (parent < 0)
        return fail_missing(id, err);
    inst.dir = openat(parent, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inst.dir < 0 && errno == ENOENT)
        return fail_missing(id, err);
    if (inst.dir < 0)
        return err_errno(err, errno, "%s/%s", root, id);
    inst.root = str_dup(root);
    inst.id = str_dup(id);
    r = lock ? runtime_instance_lock(&inst, err) : 0;
    if (r == 0)
        r = read_record(&inst, err);
    if (r < 0)
        return r;
    *ret = inst;
    inst = RUNTIME_INSTANCE_INIT;
    return 0;
}

int runtime_instance_lock(const struct runtime_instance *inst, struct err *err)
{
    struct stat st;

    if (flock(inst->dir, LOCK_EX) < 0 || fstat(inst->dir, &st) < 0)
        return err_errno(err, errno, "locking container %s", inst->id);
    return st.st_nlink ? 0 : fail_missing(inst->id, err);
}

void runtime_instance_unlock(const struct runtime_instance *inst)
{
    flock(inst->dir, LOCK_UN);
}

void runtime_instance_release(struct runtime_instance *inst)
{
    inst->dir = fd_close(inst->dir);
    free(inst->root);
    free(inst->id);
    json_free(&record_type, &inst->record);
    cgroup_host_release(&inst->host);
    *inst = RUNTIME_INSTANCE_INIT;
}

int runtime_instance_write(const struct runtime_instance *inst, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    json_dump(&record_type, &inst->record, true, &text);
    buf_addc(&text, '\n');
    return atomic_write(inst->dir, RUNTIME_RECORD_FILE, text.p, text.len, 0600, ATOMIC_VOLATILE | ATOMIC_FLEETING, err);
}

int runtime_instance_forget(const struct runtime_instance *inst, struct err *err)
{
    _cleanup_fd_ int parent = -1;
    int r = open_root(inst->root, &parent, err);

    if (r < 0 || parent < 0)
        return r;
    gate_remove(inst->dir);
    unlinkat(inst->dir, RUNTIME_CONFIG_FILE, 0);
    unlinkat(inst->dir, RUNTIME_RECORD_FILE, 0);
    if (unlinkat(parent, inst->id, AT_REMOVEDIR) == 0)
        return 0;
    return path_remove_tree(parent, inst->id, err); /* with what a killed writer left */
}

int runtime_instance_list(const char *root, char ***ret, struct err *err)
{
    _cleanup_strv_ char **ids = NULL;
    DIR *dir = opendir(root);
    struct dirent *e;

    if (!dir && errno != ENOENT)
        return err_errno(err, errno, "%s", root);
    while (dir && (e = readdir(dir)))
        if (e->d_name[0] != '.' && (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN))
            strv_add(&ids, e->d_name);
    if (dir)
        closedir(dir);
    strv_sort(ids);
    *ret = steal_ptr(&ids);
    return 0;
}

/* ---- what is true ---- */

int runtime_instance_process(const struct runtime_instance *inst)
{
    _cleanup_fd_ int fd = proc_open_known((pid_t)inst->record.pid, inst->record.pid_start, inst->record.boot_id);
    struct pollfd ended = {.fd = fd, .events = POLLIN};

    if (fd < 0)
        return fd;
    return poll(&ended, 1, 0) > 0 ? -ESRCH : steal_fd(&fd);
}

/* Whether somebody is at work on it: asked by another description of the directory than ours. */
static bool is_locked(const struct runtime_instance *inst)
{
    _cleanup_fd_ int fd = openat(inst->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static bool is_frozen(const struct runtime_instance *inst)
{
    _cleanup_cgroup_host_ struct cgroup_host host = {0};
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    struct err why = ERR_INIT;
    bool frozen = false;

    return runtime_instance_cgroup(inst, &host, &cg, &why) == 0 && cgroup_is_frozen(cg, &frozen, &why) == 0 && frozen;
}

enum runtime_status runtime_instance_status(const struct runtime_instance *inst)
{
    _cleanup_fd_ int fd = -1;
    bool ready;

    if (inst->record.pid == 0)
        return is_locked(inst) ? RUNTIME_CREATING : RUNTIME_STOPPED;
    fd = runtime_instance_process(inst);
    if (fd < 0)
        return RUNTIME_STOPPED;
    if (is_frozen(inst))
        return RUNTIME_PAUSED;
    if (!gate_is_closed(inst->dir, &ready))
        return RUNTIME_RUNNING;
    return ready ? RUNTIME_CREATED : RUNTIME_CREATING;
}

int runtime_instance_spec(const struct runtime_instance *inst, struct oci_spec *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_SPEC_MAX);
    int r = fd_read_file(inst->dir, RUNTIME_CONFIG_FILE, &text, err);

    if (r == 0)
        r = oci_spec_parse(buf_str(&text), text.len, ret, err);
    return r < 0 ? err_wrap(err, "%s/%s/" RUNTIME_CONFIG_FILE, inst->root, inst->id) : 0;
}

int runtime_instance_cgroup_on(const struct runtime_instance *inst, const struct cgroup_host *host, struct cgroup **ret,
                               struct err *err)
{
    if (str_empty(inst->record.cgroup))
        return err_set(err, ERR_NOT_FOUND, "container %s has no cgroup", inst->id);
    return cgroup_open(ret, host, inst->record.cgroup, err);
}

int runtime_instance_cgroup(const struct runtime_instance *inst, struct cgroup_host *ret_host, struct cgroup **ret,
                            struct err *err)
{
    int r = cgroup_host_detect(ret_host, err);

    if (r < 0)
        return r;
    r = runtime_instance_cgroup_on(inst, ret_host, ret, err);
    if (r < 0)
        cgroup_host_release(ret_host);
    return r;
}

void runtime_instance_state(const struct runtime_instance *inst, enum runtime_status status, struct oci_state *ret)
{
    const struct runtime_record *record = &inst->record;

    *ret = (struct oci_state){
        .version = str_dup(record->version ? record->version : OCI_SPEC_VERSION),
        .id = str_dup(inst->id),
        .pid = status == RUNTIME_STOPPED ? 0 : record->pid,
        .status = str_dup(runtime_status_word(status)),
        .bundle = str_dup(record->bundle),
        .rootfs = str_dup(record->rootfs),
        .created = str_dup(record->created),
        .annotations = strv_copy(record->annotations),
        .owner = str_dup(""),
    };
}

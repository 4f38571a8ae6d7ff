/* Devices by names that files of the host explain: the Container Device Interface. */
#include "bundle/parse.h"
#include "container/host.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "json/json.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { CDI_FILE_MAX = 4 << 20, CDI_FILES_MAX = 256 };

/* What is to be changed in a container for a device; the parts that a specification of this runtime can say. */
struct node {
    char *path, *host_path, *permissions, *type;
    int64_t *major, *minor, *mode, *uid, *gid;
};

struct mount {
    char *host_path, *container_path;
    char **options;
    char *type;
};

struct hook {
    char *name, *path;
    char **args, **env;
    int64_t *timeout;
};

struct edits {
    char **env;
    VEC(struct node) nodes;
    VEC(struct mount) mounts;
    VEC(struct hook) hooks;
    VEC(int64_t) groups;
};

struct device {
    char *name;
    struct edits edits;
};

struct cdi {
    char *version, *kind; /* "vendor.com/class" */
    VEC(struct device) devices;
    struct edits edits; /* for any of them */
};

#define TYPE(variable, text, s, table)         \
    static const struct json_type variable = { \
        .name = (text), .size = sizeof(s), .fields = (table), .n_fields = ARRAY_SIZE(table)}

static const struct json_field node_fields[] = {
    JSON_FIELD(struct node, "path", JSON_K_STRING, path, JSON_REQUIRED),
    JSON_FIELD(struct node, "hostPath", JSON_K_STRING, host_path),
    JSON_FIELD(struct node, "permissions", JSON_K_STRING, permissions),
    JSON_FIELD(struct node, "type", JSON_K_STRING, type),
    JSON_FIELD(struct node, "major", JSON_K_INT64_PTR, major),
    JSON_FIELD(struct node, "minor", JSON_K_INT64_PTR, minor),
    JSON_FIELD(struct node, "fileMode", JSON_K_INT64_PTR, mode),
    JSON_FIELD(struct node, "uid", JSON_K_INT64_PTR, uid),
    JSON_FIELD(struct node, "gid", JSON_K_INT64_PTR, gid),
};
TYPE(node_type, "deviceNodes", struct node, node_fields);

static const struct json_field mount_fields[] = {
    JSON_FIELD(struct mount, "hostPath", JSON_K_STRING, host_path, JSON_REQUIRED),
    JSON_FIELD(struct mount, "containerPath", JSON_K_STRING, container_path, JSON_REQUIRED),
    JSON_FIELD(struct mount, "options", JSON_K_STRV, options),
    JSON_FIELD(struct mount, "type", JSON_K_STRING, type),
};
TYPE(mount_type, "mounts", struct mount, mount_fields);

static const struct json_field hook_fields[] = {
    JSON_FIELD(struct hook, "hookName", JSON_K_STRING, name, JSON_REQUIRED),
    JSON_FIELD(struct hook, "path", JSON_K_STRING, path, JSON_REQUIRED),
    JSON_FIELD(struct hook, "args", JSON_K_STRV, args),
    JSON_FIELD(struct hook, "env", JSON_K_STRV, env),
    JSON_FIELD(struct hook, "timeout", JSON_K_INT64_PTR, timeout),
};
TYPE(hook_type, "hooks", struct hook, hook_fields);

static const struct json_field edits_fields[] = {
    JSON_FIELD(struct edits, "env", JSON_K_STRV, env),
    JSON_FIELD(struct edits, "deviceNodes", JSON_K_ARRAY, nodes, 0, &node_type),
    JSON_FIELD(struct edits, "mounts", JSON_K_ARRAY, mounts, 0, &mount_type),
    JSON_FIELD(struct edits, "hooks", JSON_K_ARRAY, hooks, 0, &hook_type),
    JSON_FIELD(struct edits, "additionalGids", JSON_K_INTS, groups),
};
TYPE(edits_type, "containerEdits", struct edits, edits_fields);

static const struct json_field device_fields[] = {
    JSON_FIELD(struct device, "name", JSON_K_STRING, name, JSON_REQUIRED),
    JSON_FIELD(struct device, "containerEdits", JSON_K_OBJECT, edits, 0, &edits_type),
};
TYPE(device_type, "devices", struct device, device_fields);

static const struct json_field cdi_fields[] = {
    JSON_FIELD(struct cdi, "cdiVersion", JSON_K_STRING, version, JSON_REQUIRED),
    JSON_FIELD(struct cdi, "kind", JSON_K_STRING, kind, JSON_REQUIRED),
    JSON_FIELD(struct cdi, "devices", JSON_K_ARRAY, devices, 0, &device_type),
    JSON_FIELD(struct cdi, "containerEdits", JSON_K_OBJECT, edits, 0, &edits_type),
};
TYPE(cdi_type, "CDI specification", struct cdi, cdi_fields);

/* ---- the files ---- */

struct known {
    VEC(struct cdi) files;
    bool yaml; /* there are some that are not read */
};

static void known_release(struct known *k)
{
    VEC_FOREACH (file, &k->files)
        json_free(&cdi_type, file);
    free(k->files.v);
}

static int read_file(const char *path, struct known *k, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(CDI_FILE_MAX);
    struct cdi cdi;
    int r = fd_read_user_file(path, &text, err);

    if (r == 0)
        r = json_parse(buf_str(&text), text.len, &cdi_type, &cdi, err);
    if (r < 0)
        return err_wrap(err, "%s", path);
    *VEC_PUSH(&k->files) = cdi;
    return 0;
}

/* A later directory's files win over those of an earlier one. */
static int read_files(const char *directory, struct known *k, struct err *err)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    int r = 0;

    while (r == 0 && dir && k->files.n < CDI_FILES_MAX && (entry = readdir(dir))) {
        _cleanup_free_ char *path = path_join(directory, entry->d_name);

        k->yaml = k->yaml || str_ends(path, ".yaml") || str_ends(path, ".yml");
        if (str_ends(path, ".json"))
            r = read_file(path, k, err);
    }
    if (dir)
        closedir(dir);
    return r;
}

static const struct device *find(const struct known *k, const char *name, const struct cdi **ret_file)
{
    const char *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : 0;
    const struct device *found = NULL;

    VEC_FOREACH (file, &k->files)
        VEC_FOREACH (d, &file->devices)
            if (n && strlen(file->kind) == n && memcmp(file->kind, name, n) == 0 && str_eq(d->name, equals + 1)) {
                found = d;
                *ret_file = file;
            }
    return found;
}

/* ---- edits ---- */

static int apply_node(const struct node *n, struct oci_spec *spec, struct err *err)
{
    struct engine_device d = {.path_on_host = n->host_path ? n->host_path : n->path,
                              .path_in_container = n->path,
                              .cgroup_permissions = n->permissions ? n->permissions : (char *)"rwm"};
    struct oci_device *made;
    int r = container_add_device(&d, spec, err);

    if (r < 0)
        return r;
    made = &spec->platform.devices.v[spec->platform.devices.n - 1];
    if (n->mode)
        *made->mode = *n->mode;
    made->uid = n->uid ? *n->uid : made->uid;
    made->gid = n->gid ? *n->gid : made->gid;
    return 0;
}

static int apply_hook(const struct hook *h, struct oci_spec *spec, struct err *err)
{
    const struct {
        const char *name;
        oci_hook_list *list;
    } lists[] = {
        {"prestart", &spec->hooks.prestart},
        {"createRuntime", &spec->hooks.create_runtime},
        {"createContainer", &spec->hooks.create_container},
        {"startContainer", &spec->hooks.start_container},
        {"poststart", &spec->hooks.poststart},
        {"poststop", &spec->hooks.poststop},
    };

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (str_eq(lists[i].name, h->name)) {
            *VEC_PUSH(lists[i].list) = (struct oci_hook){
                .path = str_dup(h->path),
                .args = strv_copy(h->args),
                .env = strv_copy(h->env),
                .timeout = h->timeout ? mem_dup(h->timeout, sizeof(*h->timeout)) : NULL,
            };
            return 0;
        }
    return err_set(err, ERR_INVALID, "no such hook: %s", h->name);
}

static int apply(const struct edits *e, struct oci_spec *spec, struct err *err)
{
    int r = 0;

    STRV_FOREACH (variable, e->env)
        strv_env_set(&spec->process.env, *variable);
    VEC_FOREACH (n, &e->nodes)
        r = r < 0 ? r : apply_node(n, spec, err);
    VEC_FOREACH (m, &e->mounts)
        *VEC_PUSH(&spec->mounts) = (struct oci_mount){
            .destination = str_dup(m->container_path),
            .type = str_dup(m->type ? m->type : "bind"),
            .source = str_dup(m->host_path),
            .options = strv_copy(m->options),
        };
    VEC_FOREACH (h, &e->hooks)
        r = r < 0 ? r : apply_hook(h, spec, err);
    VEC_FOREACH (gid, &e->groups)
        strv_addf(&spec->process.user.groups, "%lld", (long long)*gid);
    return r;
}

static int inject(const struct known *k, char *const *names, struct oci_spec *spec, struct err *err)
{
    _cleanup_strv_ char **done = NULL; /* kinds whose edits for all are in */

    STRV_FOREACH (name, names) {
        const struct cdi *file = NULL;
        const struct device *d = find(k, *name, &file);
        int r;

        if (!d) {
            err_set(err, ERR_NOT_FOUND, "CDI device injection failed: unresolvable CDI devices %s", *name);
            return k->yaml ? err_hint(err, "CDI files are read as JSON: 'nvidia-ctk cdi generate --format=json'")
                           : ERR_NOT_FOUND;
        }
        r = strv_contains(done, file->kind) ? 0 : apply(&file->edits, spec, err);
        if (r == 0)
            r = apply(&d->edits, spec, err);
        if (r < 0)
            return err_wrap(err, "CDI device %s", *name);
        strv_add(&done, file->kind);
    }
    return 0;
}

/* ---- requests ---- */

/* What a request means as names of devices: --gpus is about those of the one vendor that has files for them. */
static void add_names(const struct known *k, const struct engine_device_request *q, char ***names)
{
    const char *kind = "nvidia.com/gpu";

    if (str_eq(q->driver, "cdi")) {
        strv_extend(names, q->device_ids);
        return;
    }
    VEC_FOREACH (file, &k->files)
        if (str_ends(file->kind, "/gpu"))
            kind = file->kind;
    STRV_FOREACH (id, q->device_ids)
        strv_addf(names, "%s=%s", kind, *id);
    if (q->count < 0)
        strv_addf(names, "%s=all", kind);
    for (int64_t i = 0; i < q->count; i++)
        strv_addf(names, "%s=%lld", kind, (long long)i);
}

int container_cdi(const struct engine_host_config *h, struct oci_spec *spec, struct err *err)
{
    static const char *const directories[] = {"/etc/cdi", "/var/run/cdi"};
    _cleanup_(known_release) struct known k = {0};
    _cleanup_strv_ char **names = NULL;
    int r = 0;

    if (!h->device_requests.n)
        return 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(directories); i++)
        r = read_files(directories[i], &k, err);
    if (r < 0)
        return r;
    VEC_FOREACH (q, &h->device_requests) {
        if (!str_empty(q->driver) && !str_eq(q->driver, "cdi") && !str_eq(q->driver, "nvidia"))
            return err_set(err, ERR_NOT_FOUND, "could not select device driver \"%s\" with capabilities: %s", q->driver,
                           q->capabilities ? q->capabilities : "[]");
        add_names(&k, q, &names);
    }
    return inject(&k, names, spec, err);
}

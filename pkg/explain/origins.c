#include "explain/origins.h"

#include "base/num.h"
#include "sys/path.h"

#include <inttypes.h>
#include <stdio.h>

/* File systems that show the kernel itself. */
static const struct {
    const char *type, *words;
} kernels[] = {
    {"proc", "the kernel's list of processes, and of its own settings"},
    {"sysfs", "the kernel's view of devices and drivers"},
    {"cgroup", "control groups: what it may use"},
    {"cgroup2", "control groups: what it may use"},
    {"devpts", "terminals"},
    {"mqueue", "message queues"},
    {"devtmpfs", "the host's device nodes"},
    {"securityfs", "the kernel's security modules"},
    {"debugfs", "the kernel's debugging, which gives the host away"},
    {"tracefs", "the kernel's tracing, which gives the host away"},
    {"bpf", "programs and maps of bpf(2)"},
    {"pstore", "what the kernel left when it crashed"},
    {"efivarfs", "variables of the firmware"},
    {"configfs", "objects of the kernel to be configured"},
    {"fusectl", "the kernel's list of FUSE connections"},
    {"binfmt_misc", "which programs the kernel starts for which files, on the whole host"},
    {"hugetlbfs", "memory in large pages"},
    {"nsfs", "a namespace that is kept"},
};

static const char *kernel_words(const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(kernels); i++)
        if (str_eq(kernels[i].type, type))
            return kernels[i].words;
    return NULL;
}

/* ---- origins ---- */

static const char *const kind_names[] = {
    [EXPLAIN_ORIGIN_ROOT] = "layers", [EXPLAIN_ORIGIN_KERNEL] = "kernel", [EXPLAIN_ORIGIN_TMPFS] = "tmpfs",
    [EXPLAIN_ORIGIN_OWN] = "cbox",    [EXPLAIN_ORIGIN_VOLUME] = "volume", [EXPLAIN_ORIGIN_IMAGE] = "image",
    [EXPLAIN_ORIGIN_LAYER] = "layer", [EXPLAIN_ORIGIN_BIND] = "bind",     [EXPLAIN_ORIGIN_OTHER] = "other",
    [EXPLAIN_ORIGIN_JOINED] = "cbox",
};

const char *explain_origin_kind_name(enum explain_origin_kind kind)
{
    return kind_names[kind];
}

void explain_origin_release(struct explain_origin *o)
{
    free(o->name);
    free(o->path);
    *o = (struct explain_origin){0};
}

static const struct engine_mount_point *point_at(const struct engine_options *o, const char *destination)
{
    if (o)
        VEC_FOREACH (p, &o->mounts)
            if (str_eq(p->destination, destination))
                return p;
    return NULL;
}

/* The path behind a folder of the store, or NULL. */
static const char *in_store(const struct explain_origin_view *v, const char *folder, const char *path)
{
    _cleanup_free_ char *dir = str_printf("%s/%s/", v->store_root, folder);

    return str_after(path, dir);
}

/* What who joins a container's network has from that one: the other's id, or NULL. */
static char *owner_of(const char *own)
{
    static const char *const files[] = {"hosts", "hostname", "resolv.conf"};
    const char *end = strchr(own, '/');

    for (size_t i = 0; end && i < ARRAY_SIZE(files); i++)
        if (str_eq(end + 1, files[i]))
            return str_ndup(own, (size_t)(end - own));
    return NULL;
}

/* What the host has at `o->path`. */
static void judge_path(const struct explain_origin_view *v, struct explain_origin *o)
{
    const char *volume = in_store(v, "volumes", o->path), *own = in_store(v, "containers", o->path);
    const char *end = volume ? strchr(volume, '/') : NULL;

    o->kind = EXPLAIN_ORIGIN_BIND;
    if (end && explain_path_within(end, "/_data")) {
        o->kind = EXPLAIN_ORIGIN_VOLUME;
        o->name = str_ndup(volume, (size_t)(end - volume));
    } else if (own && str_after(own, v->id)) {
        o->kind = EXPLAIN_ORIGIN_OWN;
    } else if (own && (o->name = owner_of(own))) {
        o->kind = EXPLAIN_ORIGIN_JOINED;
    } else if (in_store(v, "layers", o->path) || in_store(v, "build-cache", o->path)) {
        o->kind = EXPLAIN_ORIGIN_LAYER;
    }
}

void explain_origin_of(const struct explain_origin_view *v, const struct explain_mount *m, struct explain_origin *ret)
{
    const struct engine_mount_point *p = point_at(v->options, m->target);
    struct explain_origin o = {.path = str_dup(m->origin)};
    bool bound = p && str_eq(p->type, "bind");

    if (p && p->anonymous && str_eq(v->id, CONTAINER_ID_IMAGINED)) { /* the name was made up just now */
        o.kind = EXPLAIN_ORIGIN_VOLUME;
        str_replace(&o.path, NULL);
    } else if (str_eq(m->target, "/")) {
        o.kind = EXPLAIN_ORIGIN_ROOT;
        str_replace(&o.path, NULL);
    } else if (kernel_words(m->type) && !bound) {
        o.kind = EXPLAIN_ORIGIN_KERNEL;
        str_replace(&o.path, NULL);
    } else if (o.path) {
        judge_path(v, &o);
    } else if (p && (str_eq(p->type, "volume") || str_eq(p->type, "image"))) {
        o.kind = str_eq(p->type, "volume") ? EXPLAIN_ORIGIN_VOLUME : EXPLAIN_ORIGIN_IMAGE;
        o.name = str_dup(p->name);
    } else {
        o.kind = str_eq(m->type, "tmpfs") ? EXPLAIN_ORIGIN_TMPFS : EXPLAIN_ORIGIN_OTHER;
    }
    *ret = o;
}

/* ---- words ---- */

const char *explain_mount_option(char *const *options, const char *name)
{
    return strv_env_get(options, name);
}

bool explain_mount_is_readonly(const struct explain_mount *m)
{
    return strv_contains(m->options, "ro") || strv_contains(m->options, "rro") || strv_contains(m->super, "ro");
}

/* "65536k", or a number of bytes; else as it is. */
static void add_size(struct buf *text, const struct explain_mount *m)
{
    const char *size = explain_mount_option(m->super, "size");
    char shown[NUM_TEXT_MAX];
    int64_t bytes;

    if (!size)
        size = explain_mount_option(m->options, "size"); /* as it is planned */
    if (!size)
        buf_adds(text, ", at most half of the host's memory");
    else if (num_parse_size(size, &bytes, NULL) == 0)
        buf_addf(text, ", at most %s", num_format_size_iec(bytes, shown));
    else
        buf_addf(text, ", at most %s", size);
}

static const struct {
    const char *before, *behind;
    bool path; /* and not its name */
} origin_words[] = {
    [EXPLAIN_ORIGIN_ROOT] = {"the layers of the image, and what the container wrote on top"},
    [EXPLAIN_ORIGIN_TMPFS] = {"tmpfs: memory, gone when the container ends"},
    [EXPLAIN_ORIGIN_OWN] = {"written by cbox for this container: ", .path = true},
    [EXPLAIN_ORIGIN_JOINED] = {"written by cbox for the container whose network it has: ", .path = true},
    [EXPLAIN_ORIGIN_VOLUME] = {"volume "},
    [EXPLAIN_ORIGIN_IMAGE] = {"the layers of the image "},
    [EXPLAIN_ORIGIN_LAYER] = {"a layer of the store: ", .path = true},
    [EXPLAIN_ORIGIN_BIND] = {"", " of the host", .path = true},
    [EXPLAIN_ORIGIN_OTHER] = {""},
};

char *explain_origin_words(const struct explain_origin *o, const struct explain_mount *m)
{
    const char *what = origin_words[o->kind].path ? o->path : o->name;
    struct buf text = BUF_INIT;

    if (o->kind == EXPLAIN_ORIGIN_KERNEL) {
        buf_addf(&text, "%s of the kernel: %s", m->type, kernel_words(m->type));
        return buf_steal(&text);
    }
    if (o->kind == EXPLAIN_ORIGIN_OTHER) {
        buf_addf(&text, "%s (%s), of which the host sees nothing", m->type, m->source);
        return buf_steal(&text);
    }
    if (o->kind == EXPLAIN_ORIGIN_VOLUME && !o->name) {
        buf_adds(&text, "a new volume, with what the image has there");
        return buf_steal(&text);
    }
    buf_addf(&text, "%s%s", origin_words[o->kind].before, what ? what : "");
    if (origin_words[o->kind].behind)
        buf_adds(&text, origin_words[o->kind].behind);
    if (o->kind == EXPLAIN_ORIGIN_VOLUME && o->path)
        buf_addf(&text, ": %s", o->path);
    if (o->kind == EXPLAIN_ORIGIN_TMPFS)
        add_size(&text, m);
    return buf_steal(&text);
}

/* What an option forbids. */
static const struct {
    const char *option, *words;
} option_words[] = {
    {"nosuid", "set-user-ID"},
    {"nodev", "devices"},
    {"noexec", "programs"},
};

static void add_forbidden(struct buf *text, const struct explain_mount *m)
{
    _cleanup_strv_ char **words = NULL, **names = NULL;
    _cleanup_free_ char *what = NULL, *which = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(option_words); i++)
        if (strv_contains(m->options, option_words[i].option)) {
            strv_add(&words, option_words[i].words);
            strv_add(&names, option_words[i].option);
        }
    if (!words)
        return;
    what = strv_join(words, ", ");
    which = strv_join(names, ", ");
    buf_addf(text, ", closed to %s (%s)", what, which);
}

/* Mounts that came along with a bind: those below it that are not mounts of their own. */
static size_t count_below(const struct explain_origin_view *v, const struct explain_mount *m)
{
    size_t n = 0;

    VEC_FOREACH (below, v->mounts)
        if (below->parent == m->id && below->id != m->id && !str_eq(below->target, m->target) &&
            !point_at(v->options, below->target))
            n++;
    return n;
}

/* What the host mounts in it appears here; of one that does not run it is asked for. */
static bool from_host(const struct explain_mount *m)
{
    STRV_FOREACH (field, m->fields)
        if (str_after(*field, "master:"))
            return true;
    return strv_contains(m->options, "slave") || strv_contains(m->options, "rslave");
}

static void add_propagation(struct buf *text, const struct explain_mount *m)
{
    if (m->to_host)
        buf_adds(text, "; shared: what is mounted in it here appears on the host, and the other way round");
    else if (from_host(m))
        buf_adds(text, "; slave: what the host mounts in it appears here");
}

char *explain_mount_words(const struct explain_origin_view *v, const struct explain_mount *m)
{
    struct buf text = BUF_INIT;
    size_t below = m->origin ? count_below(v, m) : 0;

    buf_adds(&text, explain_mount_is_readonly(m) ? "read-only" : "writable");
    add_forbidden(&text, m);
    if (below)
        buf_addf(&text, "; recursive: with %zu mount%s below it", below, below > 1 ? "s" : "");
    add_propagation(&text, m);
    return buf_steal(&text);
}

/* ---- facts ---- */

/* What of the host can be changed, or is mounted along. */
static bool is_weak(const struct explain_origin *o, const struct explain_mount *m)
{
    return m->to_host || from_host(m) || (o->kind == EXPLAIN_ORIGIN_BIND && !explain_mount_is_readonly(m));
}

static void describe(const struct explain_origin_view *v, const struct explain_mount *m, explain_facts *ret)
{
    _cleanup_explain_origin_ struct explain_origin o = {0};
    _cleanup_free_ char *origin = NULL, *how = NULL;
    struct explain_fact *fact;

    explain_origin_of(v, m, &o);
    origin = explain_origin_words(&o, m);
    how = explain_mount_words(v, m);
    fact = explain_add(ret, m->target, v->source, "%s; %s", origin, how);
    explain_put(fact, "Origin", cli_value_text(explain_origin_kind_name(o.kind)));
    explain_put(fact, "Type", cli_value_text(m->type));
    if (o.name)
        explain_put(fact, "Name", cli_value_text(o.name));
    if (o.path)
        explain_put(fact, "Path", cli_value_text(o.path));
    explain_put(fact, "ReadOnly", cli_value_truth(explain_mount_is_readonly(m)));
    explain_put(fact, "Options", cli_value_list(m->options));
    explain_put(fact, "Propagation", cli_value_list(m->fields));
    fact->weak = is_weak(&o, m);
}

/* Below /proc and /sys; those themselves belong here. */
static bool is_kernels(const char *target)
{
    return (explain_path_within(target, "/proc") && !str_eq(target, "/proc")) ||
           (explain_path_within(target, "/sys") && !str_eq(target, "/sys"));
}

/* More than anybody would read, and what a container could make of it with the right to mount. */
enum { MOUNTS_MAX = 500 };

void explain_origins_describe(const struct explain_origin_view *v, explain_facts *ret)
{
    size_t told = 0, left = 0;

    VEC_FOREACH (m, v->mounts) {
        if (is_kernels(m->target) || str_eq(m->target, "/"))
            continue;
        if (told++ < MOUNTS_MAX)
            describe(v, m, ret);
        else
            left++;
    }
    if (left)
        explain_number(explain_add(ret, "more", v->source, "%zu more mounts", left), (int64_t)left);
}

struct explain_origin_view explain_origin_view(const struct explain_subject *subject, const explain_mounts *mounts,
                                               const char *source)
{
    return (struct explain_origin_view){
        .mounts = mounts,
        .options = subject->options,
        .store_root = store_root_path(subject->store),
        .id = subject->id ? subject->id : CONTAINER_ID_IMAGINED,
        .source = source,
    };
}

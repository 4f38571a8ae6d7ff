#include "bundle/mounts.h"

#include "sys/path.h"

/* ---- the words of a mode ---- */

/* At most one of a kind. Labels for SELinux and how a virtual machine keeps files consistent are taken, and without
 * effect here. */
enum mode_kind { ACCESS, PROPAGATION, LABEL, COPY, CONSISTENCY, N_MODE_KINDS };

static const struct {
    const char *word;
    enum mode_kind kind;
} modes[] = {
    {"ro", ACCESS},
    {"rw", ACCESS},
    {"private", PROPAGATION},
    {"rprivate", PROPAGATION},
    {"slave", PROPAGATION},
    {"rslave", PROPAGATION},
    {"shared", PROPAGATION},
    {"rshared", PROPAGATION},
    {"z", LABEL},
    {"Z", LABEL},
    {"nocopy", COPY},
    {"cached", CONSISTENCY},
    {"delegated", CONSISTENCY},
    {"consistent", CONSISTENCY},
};

/* Takes one word; false where there is no such, or its kind was there already. */
static bool take_mode(const char *word, bool *seen, struct bundle_mode *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        if (!str_eq(word, modes[i].word))
            continue;
        if (seen[modes[i].kind])
            return false;
        seen[modes[i].kind] = true;
        m->read_only = m->read_only || str_eq(word, "ro");
        m->no_copy = m->no_copy || modes[i].kind == COPY;
        if (modes[i].kind == PROPAGATION)
            m->propagation = str_dup(word);
        return true;
    }
    return false;
}

int bundle_parse_mode(const char *mode, struct bundle_mode *ret, struct err *err)
{
    _cleanup_strv_ char **words = *mode ? strv_split(mode, ',') : NULL;
    bool seen[N_MODE_KINDS] = {false};
    struct bundle_mode m = {0};

    STRV_FOREACH (word, words)
        if (!take_mode(*word, seen, &m)) {
            free(m.propagation);
            return err_set(err, ERR_INVALID, "invalid mode: %s", mode);
        }
    *ret = m;
    return 0;
}

/* ---- what must hold ---- */

static bool is_mode(const char *text)
{
    struct bundle_mode m = {0};
    bool good = bundle_parse_mode(text, &m, NULL) == 0;

    free(m.propagation);
    return good;
}

static int check_target(const char *target, struct err *err)
{
    _cleanup_free_ char *clean = path_clean(target ? target : "");

    if (str_empty(target))
        return err_set(err, ERR_INVALID, "field Target must not be empty");
    if (*target != '/')
        return err_set(err, ERR_INVALID, "invalid mount path: '%s' mount path must be absolute", target);
    if (str_eq(clean, "/"))
        return err_set(err, ERR_INVALID, "invalid specification: destination can't be '/'");
    return 0;
}

static bool is_propagation(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (modes[i].kind == PROPAGATION && str_eq(modes[i].word, word))
            return true;
    return false;
}

/* A path below something else, which never leaves it; symbolic links are the runtime's to watch. */
static int check_subpath(const char *path, struct err *err)
{
    _cleanup_free_ char *clean = path_clean(path ? path : "");

    if (!str_empty(path) && (*path == '/' || str_eq(clean, "..") || str_after(clean, "../")))
        return err_set(err, ERR_INVALID, "subpath must be a relative path within the volume");
    return 0;
}

static int check_bind(const struct engine_mount *m, struct err *err)
{
    const struct engine_bind_options *b = m->bind_options;

    if (str_empty(m->source))
        return err_set(err, ERR_INVALID, "field Source must not be empty");
    if (*m->source != '/')
        return err_set(err, ERR_INVALID, "invalid mount path: '%s' mount path must be absolute", m->source);
    if (m->volume_options)
        return err_set(err, ERR_INVALID, "field VolumeOptions must not be specified");
    if (b && b->propagation && !is_propagation(b->propagation))
        return err_set(err, ERR_INVALID, "invalid propagation mode: %s", b->propagation);
    return 0;
}

static int check_volume(const struct engine_mount *m, struct err *err)
{
    const struct engine_volume_options *v = m->volume_options;

    if (m->bind_options)
        return err_set(err, ERR_INVALID, "field BindOptions must not be specified");
    if (str_empty(m->source) && m->read_only)
        return err_set(err, ERR_INVALID, "must not set ReadOnly mode when using anonymous volumes");
    if (str_empty(m->source) && v && !str_empty(v->subpath))
        return err_set(err, ERR_INVALID, "must not set Subpath when using anonymous volumes");
    return v ? check_subpath(v->subpath, err) : 0;
}

static int check_tmpfs(const struct engine_mount *m, struct err *err)
{
    return str_empty(m->source) ? 0 : err_set(err, ERR_INVALID, "field Source must not be specified");
}

static int check_image(const struct engine_mount *m, struct err *err)
{
    if (str_empty(m->source))
        return err_set(err, ERR_INVALID, "field Source must not be empty");
    return m->image_options ? check_subpath(m->image_options->subpath, err) : 0;
}

static const struct {
    const char *type;
    int (*check)(const struct engine_mount *m, struct err *err);
} types[] = {{"bind", check_bind}, {"volume", check_volume}, {"tmpfs", check_tmpfs}, {"image", check_image}};

static int check_mount(const struct engine_mount *m, struct err *err)
{
    int r = check_target(m->target, err);

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(types); i++)
        if (str_eq(types[i].type, m->type))
            return types[i].check(m, err);
    return r < 0 ? r : err_set(err, ERR_INVALID, "mount type unknown");
}

int bundle_check_mount(const struct engine_mount *m, struct err *err)
{
    return check_mount(m, err) < 0 ? err_wrap(err, "invalid mount config for type \"%s\"", m->type) : 0;
}

/* ---- one of host.binds ---- */

static int fill_bind(char *const *parts, struct engine_mount *m, struct err *err)
{
    struct bundle_mode mode = {0};
    int r = bundle_parse_mode(parts[2] ? parts[2] : "", &mode, err);

    if (r < 0)
        return r;
    m->type = str_dup(*parts[0] == '/' ? "bind" : "volume");
    m->source = *parts[0] == '/' ? path_clean(parts[0]) : str_dup(parts[0]);
    m->target = str_dup(parts[1]);
    m->read_only = mode.read_only;
    if (mode.no_copy && *parts[0] != '/') {
        m->volume_options = mem_zalloc(1, sizeof(*m->volume_options));
        m->volume_options->no_copy = true;
    }
    if (mode.propagation) {
        m->bind_options = mem_zalloc(1, sizeof(*m->bind_options));
        m->bind_options->propagation = mode.propagation;
    }
    return bundle_check_mount(m, err);
}

int bundle_read_bind(const char *bind, struct engine_mount *ret, char **ret_mode, struct err *err)
{
    _cleanup_strv_ char **parts = strv_split(bind, ':');
    size_t n = strv_len(parts);
    int r;

    *ret_mode = NULL;
    if (n < 2 || n > 3 || !*parts[0] || !*parts[1] || (n == 2 && is_mode(parts[1])))
        return err_set(err, ERR_INVALID, "invalid volume specification: '%s'", bind);
    r = fill_bind(parts, ret, err);
    if (r < 0)
        return err_wrap(err, "invalid volume specification: '%s'", bind);
    *ret_mode = str_dup(parts[2] ? parts[2] : "");
    return 0;
}

/* ---- tmpfs ---- */

/* Docker's: of words that contradict each other the last one counts. */
static const char *const contrary[][2] = {{"exec", "noexec"},         {"suid", "nosuid"},
                                          {"dev", "nodev"},           {"rw", "ro"},
                                          {"sync", "async"},          {"mand", "nomand"},
                                          {"atime", "noatime"},       {"diratime", "nodiratime"},
                                          {"relatime", "norelatime"}, {"strictatime", "nostrictatime"}};
static const char *const valued[] = {"size=", "mode=", "uid=", "gid=", "nr_inodes=", "nr_blocks=", "mpol=", "huge="};

static void drop_word(char **list, const char *word)
{
    size_t kept = 0;

    for (size_t i = 0; list && list[i]; i++) {
        if (str_eq(list[i], word))
            free(list[i]);
        else
            list[kept++] = list[i];
    }
    if (list)
        list[kept] = NULL;
}

static bool is_tmpfs_option(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(valued); i++)
        if (str_after(word, valued[i]))
            return true;
    return is_propagation(word) || str_eq(word, "defaults");
}

int bundle_tmpfs_options(const char *options, char ***ret, struct err *err)
{
    _cleanup_free_ char *all = str_printf("noexec,nosuid,nodev,rprivate%s%s", *options ? "," : "", options);
    _cleanup_strv_ char **words = strv_split(all, ','), **list = NULL;

    STRV_FOREACH (word, words) {
        bool known = is_tmpfs_option(*word);

        for (size_t i = 0; i < ARRAY_SIZE(contrary); i++)
            for (size_t k = 0; k < 2; k++)
                if (str_eq(*word, contrary[i][k])) {
                    drop_word(list, contrary[i][!k]);
                    drop_word(list, *word);
                    known = true;
                }
        if (!known)
            return err_set(err, ERR_INVALID, "invalid tmpfs option \"%s\"", *word);
        if (!str_eq(*word, "defaults"))
            strv_add(&list, *word);
    }
    *ret = steal_ptr(&list);
    return 0;
}

/* ---- the specification's ---- */

static size_t depth(const struct oci_mount *m)
{
    size_t n = 0;

    for (const char *p = m->destination; *p; p++)
        n += *p == '/';
    return n;
}

/* The outer ones first, or they would hide the inner ones; else in the order in which they were named. */
static void sort_mounts(struct oci_mount *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct oci_mount m = v[i];
        size_t at = i;

        for (; at && depth(&v[at - 1]) > depth(&m); at--)
            v[at] = v[at - 1];
        v[at] = m;
    }
}

/* What is not shared with the host when the container's mounts are copied cannot be afterwards. */
static void propagate_root(struct oci_spec *spec, const char *propagation)
{
    char **root = &spec->platform.rootfs_propagation;

    if (str_empty(propagation) || str_ends(propagation, "private") || str_eq(*root, "shared"))
        return;
    str_replace(root, str_dup(str_ends(propagation, "shared") ? "shared" : "slave"));
}

/* Where one of host.tmpfs, "PATH=OPTIONS", lies. */
static char *tmpfs_path(const char *entry)
{
    return str_ndup(entry, strcspn(entry, "="));
}

static int add_tmpfs(const char *entry, struct oci_spec *spec, struct err *err)
{
    char **options = NULL;
    const char *equals = strchr(entry, '=');
    int r = bundle_tmpfs_options(equals ? equals + 1 : "", &options, err);

    if (r == 0)
        *VEC_PUSH(&spec->mounts) = (struct oci_mount){
            .destination = tmpfs_path(entry), .type = str_dup("tmpfs"), .source = str_dup("tmpfs"), .options = options};
    return r;
}

int bundle_mounts(const struct engine_options *o, struct oci_spec *spec, struct err *err)
{
    size_t before = spec->mounts.n;
    int r = 0;

    VEC_FOREACH (p, &o->mounts) {
        *VEC_PUSH(&spec->mounts) = (struct oci_mount){
            .destination = str_dup(p->destination),
            .type = str_dup(p->mount_type),
            .source = str_dup(p->mount_source),
            .options = strv_copy(p->mount_options),
        };
        propagate_root(spec, p->propagation);
    }
    STRV_FOREACH (entry, o->host.tmpfs)
        r = r < 0 ? r : add_tmpfs(*entry, spec, err);
    if (spec->mounts.n > before)
        sort_mounts(spec->mounts.v + before, spec->mounts.n - before);
    return r;
}

/* Whether `path` is `dir` or, unless `exactly`, lies below it; both are clean. */
static bool lies_at(const char *path, const char *dir, bool exactly)
{
    const char *rest = str_after(path, dir);

    return rest && (!*rest || (!exactly && *rest == '/'));
}

static bool any_at(const struct engine_options *o, const char *destination, bool exactly)
{
    VEC_FOREACH (p, &o->mounts)
        if (lies_at(destination, p->destination, exactly))
            return true;
    STRV_FOREACH (entry, o->host.tmpfs) {
        _cleanup_free_ char *path = tmpfs_path(*entry);

        if (lies_at(destination, path, exactly))
            return true;
    }
    return false;
}

bool bundle_mounts_at(const struct engine_options *o, const char *destination)
{
    return any_at(o, destination, true);
}

bool bundle_mounts_hide(const struct engine_options *o, const char *destination)
{
    return any_at(o, destination, false);
}

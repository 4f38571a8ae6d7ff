/* One --mount, one -v, one --tmpfs as the command line has them. */
#include "bundle/mounts.h"

#include "base/num.h"
#include "bundle/parse.h"
#include "sys/path.h"

#include <ctype.h>
#include <strings.h>

/* ---- comma-separated values, RFC 4180, as Go reads them ---- */

/* A quoted field; `*p` stands behind its opening quote, and then behind the closing one. */
static int read_quoted(const char **p, struct buf *out, struct err *err)
{
    for (;; (*p)++) {
        if (!**p)
            return err_set(err, ERR_INVALID, "extraneous or missing \" in quoted-field");
        if (**p == '"' && (*p)[1] != '"')
            break;
        *p += **p == '"';
        buf_addc(out, **p);
    }
    (*p)++;
    return **p && **p != ',' ? err_set(err, ERR_INVALID, "extraneous or missing \" in quoted-field") : 0;
}

int bundle_split_fields(const char *text, char ***ret, struct err *err)
{
    for (const char *p = text;; p++) {
        _cleanup_buf_ struct buf field = BUF_INIT;
        int r = 0;

        if (*p == '"') {
            p++;
            r = read_quoted(&p, &field, err);
        } else {
            size_t n = strcspn(p, ",");

            if (memchr(p, '"', n))
                r = err_set(err, ERR_INVALID, "bare \" in non-quoted field");
            buf_add(&field, p, n);
            p += n;
        }
        if (r < 0)
            return r;
        strv_add(ret, buf_str(&field));
        if (!*p)
            return 0;
    }
}

/* ---- --mount ---- */

static struct engine_bind_options *bind_of(struct engine_mount *m)
{
    if (!m->bind_options)
        m->bind_options = mem_zalloc(1, sizeof(*m->bind_options));
    return m->bind_options;
}

static struct engine_volume_options *volume_of(struct engine_mount *m)
{
    if (!m->volume_options)
        m->volume_options = mem_zalloc(1, sizeof(*m->volume_options));
    return m->volume_options;
}

static struct engine_image_options *image_of(struct engine_mount *m)
{
    if (!m->image_options)
        m->image_options = mem_zalloc(1, sizeof(*m->image_options));
    return m->image_options;
}

static struct engine_tmpfs_options *tmpfs_of(struct engine_mount *m)
{
    if (!m->tmpfs_options)
        m->tmpfs_options = mem_zalloc(1, sizeof(*m->tmpfs_options));
    return m->tmpfs_options;
}

struct taking {
    struct engine_mount *mount;
    const char *cwd;
    const char *key, *value; /* NULL: there is no "=" */
};

static int bad_value(const struct taking *t, struct err *err)
{
    return err_set(err, ERR_INVALID, "invalid value for %s: %s", t->key, t->value);
}

/* Go's ParseBool; a key alone is true. */
static int take_truth(const struct taking *t, bool *ret, struct err *err)
{
    static const char *const words[2][6] = {{"0", "f", "F", "FALSE", "false", "False"},
                                            {"1", "t", "T", "TRUE", "true", "True"}};

    *ret = true;
    for (size_t i = 0; t->value && i < 12; i++)
        if (str_eq(t->value, words[i / 6][i % 6])) {
            *ret = i / 6;
            return 0;
        }
    return t->value ? bad_value(t, err) : 0;
}

static void take_small(char **to, const char *text)
{
    str_replace(to, str_dup(text));
    for (char *p = *to; *p; p++)
        *p = (char)tolower((unsigned char)*p);
}

static int take_type(const struct taking *t, struct err *err _unused_)
{
    take_small(&t->mount->type, t->value);
    return 0;
}

static int take_source(const struct taking *t, struct err *err _unused_)
{
    bool below = t->cwd && (str_eq(t->value, ".") || str_after(t->value, "./"));

    str_replace(&t->mount->source, below ? path_join(t->cwd, t->value) : str_dup(t->value));
    return 0;
}

static int take_target(const struct taking *t, struct err *err _unused_)
{
    str_replace(&t->mount->target, str_dup(t->value));
    return 0;
}

static int take_readonly(const struct taking *t, struct err *err)
{
    return take_truth(t, &t->mount->read_only, err);
}

static int take_consistency(const struct taking *t, struct err *err _unused_)
{
    take_small(&t->mount->consistency, t->value);
    return 0;
}

static int take_propagation(const struct taking *t, struct err *err _unused_)
{
    take_small(&bind_of(t->mount)->propagation, t->value);
    return 0;
}

static int take_nonrecursive(const struct taking *t, struct err *err)
{
    return take_truth(t, &bind_of(t->mount)->non_recursive, err);
}

static int take_recursive(const struct taking *t, struct err *err)
{
    struct engine_bind_options *b = bind_of(t->mount);

    if (str_eq(t->value, "disabled"))
        b->non_recursive = true;
    else if (str_eq(t->value, "writable"))
        b->read_only_non_recursive = true;
    else if (str_eq(t->value, "readonly"))
        b->read_only_force_recursive = true;
    else if (!str_eq(t->value, "enabled"))
        return err_set(err, ERR_INVALID,
                       "invalid value for %s: %s (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")",
                       t->key, t->value);
    return 0;
}

static int take_nocopy(const struct taking *t, struct err *err)
{
    return take_truth(t, &volume_of(t->mount)->no_copy, err);
}

static int take_volume_subpath(const struct taking *t, struct err *err _unused_)
{
    str_replace(&volume_of(t->mount)->subpath, str_dup(t->value));
    return 0;
}

static int take_image_subpath(const struct taking *t, struct err *err _unused_)
{
    str_replace(&image_of(t->mount)->subpath, str_dup(t->value));
    return 0;
}

static void set_entry(char ***map, const char *text)
{
    _cleanup_free_ char *entry = strchr(text, '=') ? str_dup(text) : str_printf("%s=", text);

    strv_env_set(map, entry);
}

static int take_label(const struct taking *t, struct err *err _unused_)
{
    set_entry(&volume_of(t->mount)->labels, t->value);
    return 0;
}

static int take_driver(const struct taking *t, struct err *err _unused_)
{
    str_replace(&volume_of(t->mount)->driver, str_dup(t->value));
    return 0;
}

static int take_driver_option(const struct taking *t, struct err *err _unused_)
{
    set_entry(&volume_of(t->mount)->driver_options, t->value);
    return 0;
}

static int take_tmpfs_size(const struct taking *t, struct err *err)
{
    return num_parse_size(t->value, &tmpfs_of(t->mount)->size_bytes, NULL) < 0 ? bad_value(t, err) : 0;
}

static int take_tmpfs_mode(const struct taking *t, struct err *err)
{
    char *end;
    unsigned long mode = strtoul(t->value, &end, 8);

    if (!isdigit((unsigned char)*t->value) || *end || mode > UINT32_MAX)
        return bad_value(t, err);
    tmpfs_of(t->mount)->mode = (int64_t)mode;
    return 0;
}

static const struct {
    const char *key;
    int (*take)(const struct taking *t, struct err *err);
    bool alone; /* may stand without a value */
} keys[] = {
    {"type", take_type, false},
    {"source", take_source, false},
    {"src", take_source, false},
    {"target", take_target, false},
    {"dst", take_target, false},
    {"destination", take_target, false},
    {"readonly", take_readonly, true},
    {"ro", take_readonly, true},
    {"consistency", take_consistency, false},
    {"bind-propagation", take_propagation, false},
    {"bind-nonrecursive", take_nonrecursive, true},
    {"bind-recursive", take_recursive, false},
    {"volume-nocopy", take_nocopy, true},
    {"volume-subpath", take_volume_subpath, false},
    {"volume-label", take_label, false},
    {"volume-driver", take_driver, false},
    {"volume-opt", take_driver_option, false},
    {"image-subpath", take_image_subpath, false},
    {"tmpfs-size", take_tmpfs_size, false},
    {"tmpfs-mode", take_tmpfs_mode, false},
};

static int take_field(struct taking *t, char *field, struct err *err)
{
    _cleanup_free_ char *whole = str_dup(field);
    char *equals = strchr(field, '=');

    if (equals)
        *equals++ = 0;
    t->key = field;
    t->value = equals;
    for (char *p = field; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (str_eq(keys[i].key, field) && (equals || keys[i].alone))
            return keys[i].take(t, err);
    if (!equals)
        return err_set(err, ERR_INVALID, "invalid field '%s' must be a key=value pair", whole);
    return err_set(err, ERR_INVALID, "unexpected key '%s' in '%s'", field, whole);
}

static int check_together(const struct engine_mount *m, struct err *err)
{
    const struct {
        const void *options;
        const char *type;
    } groups[] = {{m->volume_options, "volume"},
                  {m->image_options, "image"},
                  {m->bind_options, "bind"},
                  {m->tmpfs_options, "tmpfs"}};
    const struct engine_bind_options *b = m->bind_options;

    if (str_empty(m->type))
        return err_set(err, ERR_INVALID, "type is required");
    if (str_empty(m->target))
        return err_set(err, ERR_INVALID, "target is required");
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
        if (groups[i].options && !str_eq(groups[i].type, m->type))
            return err_set(err, ERR_INVALID, "cannot mix '%s-*' options with mount type '%s'", groups[i].type, m->type);
    if (b && (b->read_only_non_recursive || b->read_only_force_recursive) && !m->read_only)
        return err_set(err, ERR_INVALID,
                       "option 'bind-recursive=%s' requires 'readonly' to be specified in conjunction",
                       b->read_only_non_recursive ? "writable" : "readonly");
    if (b && b->read_only_force_recursive && !str_eq(b->propagation, "rprivate"))
        return err_set(err, ERR_INVALID,
                       "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in "
                       "conjunction");
    return 0;
}

int bundle_parse_mount(const char *text, const char *cwd, struct engine_mount *ret, struct err *err)
{
    _cleanup_strv_ char **fields = NULL;
    struct taking t = {.mount = ret, .cwd = cwd};
    int r = bundle_split_fields(text, &fields, err);

    ret->type = str_dup("volume");
    STRV_FOREACH (field, fields)
        r = r < 0 ? r : take_field(&t, *field, err);
    return r < 0 ? r : check_together(ret, err);
}

/* ---- -v and --tmpfs ---- */

static int check_anonymous(const char *text, struct err *err)
{
    _cleanup_free_ char *clean = path_clean(text);

    if (*text != '/')
        return err_set(err, ERR_INVALID,
                       "invalid volume specification: '%s': invalid mount path: '%s' mount path must be absolute", text,
                       text);
    if (str_eq(clean, "/"))
        return err_set(err, ERR_INVALID,
                       "invalid volume specification: '%s': invalid specification: destination can't be '/'", text);
    return 0;
}

int bundle_take_volume(const char *text, const char *cwd, char ***binds, char ***volumes, struct err *err)
{
    const char *colon = strchr(text, ':');
    _cleanup_free_ char *source = colon ? str_ndup(text, (size_t)(colon - text)) : NULL, *bind = NULL, *mode = NULL;
    struct engine_mount m = {0};
    int r;

    if (!*text)
        return err_set(err, ERR_INVALID, "invalid empty volume spec");
    if (!colon) {
        _cleanup_free_ char *clean = path_clean(text);

        r = check_anonymous(text, err);
        if (r == 0 && !strv_contains(*volumes, clean))
            strv_add(volumes, clean);
        return r;
    }
    if (!*source || str_ends(text, ":") || strstr(text, "::"))
        return err_set(err, ERR_INVALID, "invalid spec: %s: empty section between colons", text);
    if (*source == '.' && cwd)
        str_replace(&source, path_join(cwd, source));
    bind = str_printf("%s%s", source, colon);
    r = bundle_read_bind(bind, &m, &mode, err);
    json_free(&engine_mount_type, &m);
    if (r == 0)
        strv_take(binds, steal_ptr(&bind));
    return r;
}

int bundle_take_tmpfs(const char *text, char ***tmpfs, struct err *err)
{
    size_t n = strcspn(text, ":");
    _cleanup_free_ char *path = str_ndup(text, n), *clean = path_clean(path), *entry = NULL;
    _cleanup_strv_ char **options = NULL;
    const char *said = text[n] ? text + n + 1 : "";

    if (*path != '/')
        return err_set(err, ERR_INVALID, "invalid mount path: '%s' mount path must be absolute", path);
    if (str_eq(clean, "/"))
        return err_set(err, ERR_INVALID, "invalid specification: destination can't be '/'");
    entry = str_printf("%s=%s", clean, said);
    strv_env_set(tmpfs, entry);
    return bundle_tmpfs_options(said, &options, err);
}

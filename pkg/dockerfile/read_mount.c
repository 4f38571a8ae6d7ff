/* RUN --mount: NAME=VALUE with commas between them, in quotes where a comma belongs to one. */
#include "base/num.h"
#include "dockerfile/internal.h"

#include <ctype.h>
#include <strings.h>

static const char *const type_names[] = {"bind", "cache", "tmpfs", "secret", "ssh"};
static const char *const sharing_names[] = {"shared", "private", "locked"};
static const char *const key_names[] = {
    "type", "from", "source", "target", "readonly",    "id", "sharing", "required",  "size", "mode",
    "uid",  "gid",  "src",    "dst",    "destination", "ro", "rw",      "readwrite", "env",
};

void mount_release(struct dockerfile_mount *m)
{
    free(m->target);
    free(m->source);
    free(m->from);
    free(m->id);
    free(m->env);
    free(m->sharing);
    *m = (struct dockerfile_mount){0};
}

/* ---- fields ---- */

/* One record of RFC 4180. */
static int split_fields(const char *s, char ***ret, struct err *err)
{
    size_t n = 0;

    for (;; s++) {
        _cleanup_buf_ struct buf field = BUF_INIT;
        bool in_quotes = *s == '"';

        if (in_quotes) {
            for (s++; *s && (*s != '"' || s[1] == '"'); s++)
                buf_addc(&field, *s == '"' ? *s++ : *s);
            if (*s++ != '"' || (*s && *s != ','))
                return err_set(err, ERR_INVALID, "failed to parse csv mounts: a quote without its end");
        } else {
            for (; *s && *s != ','; s++) {
                if (*s == '"')
                    return err_set(err, ERR_INVALID, "failed to parse csv mounts: a quote inside a field");
                buf_addc(&field, *s);
            }
        }
        strv_take_at(ret, n++, str_dup(buf_str(&field)));
        if (!*s)
            return 0;
    }
}

struct reading {
    struct dockerfile_mount *mount;
    const struct words *how; /* NULL: what needs variables is looked at later */
    bool read_only_given;
    const char *field;
};

/* Go's strconv.ParseBool. */
static bool parse_bool(const char *value, bool *ret)
{
    static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        if (!str_eq(value, yes[i]) && !str_eq(value, no[i]))
            continue;
        *ret = str_eq(value, yes[i]);
        return true;
    }
    return false;
}

static int refuse_value(const char *key, const char *value, struct err *err)
{
    return err_set(err, ERR_INVALID, "invalid value for %s: %s", key, value);
}

static int refuse_key(const struct reading *r, const char *key, struct err *err)
{
    return err_set(err, ERR_INVALID, "unexpected key '%s' for mount type '%s'", key, type_names[r->mount->type]);
}

static int set_type(struct reading *r, const char *key, const char *value, struct err *err)
{
    char text[QUOTED_MAX], hint[80];

    (void)key;
    for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
        if (strcasecmp(value, type_names[i]) != 0)
            continue;
        r->mount->type = (enum dockerfile_mount_type)i;
        return 0;
    }
    return err_set(err, ERR_INVALID, "unsupported mount type %s%s", quoted(value, text),
                   did_you_mean(value, type_names, ARRAY_SIZE(type_names), hint));
}

static int set_sharing(struct reading *r, const char *key, const char *value, struct err *err)
{
    char text[QUOTED_MAX], hint[80];

    (void)key;
    for (size_t i = 0; i < ARRAY_SIZE(sharing_names); i++) {
        if (strcasecmp(value, sharing_names[i]) != 0)
            continue;
        str_replace(&r->mount->sharing, str_dup(sharing_names[i]));
        return 0;
    }
    return err_set(err, ERR_INVALID, "unsupported sharing value %s%s", quoted(value, text),
                   did_you_mean(value, sharing_names, ARRAY_SIZE(sharing_names), hint));
}

static int set_text(char **to, const char *value)
{
    str_replace(to, str_dup(str_given(value)));
    return 0;
}

static int set_from(struct reading *r, const char *key, const char *value, struct err *err)
{
    (void)key;
    (void)err;
    return set_text(&r->mount->from, value);
}

static int set_source(struct reading *r, const char *key, const char *value, struct err *err)
{
    (void)key;
    (void)err;
    return set_text(&r->mount->source, value);
}

static int set_target(struct reading *r, const char *key, const char *value, struct err *err)
{
    (void)key;
    (void)err;
    return set_text(&r->mount->target, value);
}

static int set_id(struct reading *r, const char *key, const char *value, struct err *err)
{
    (void)key;
    (void)err;
    return set_text(&r->mount->id, value);
}

static int set_env(struct reading *r, const char *key, const char *value, struct err *err)
{
    (void)key;
    (void)err;
    str_replace(&r->mount->env, str_dup(value)); /* empty: the default name */
    return 0;
}

static int set_access(struct reading *r, const char *key, const char *value, struct err *err)
{
    bool yes;

    if (!parse_bool(value, &yes))
        return refuse_value(key, value, err);
    r->mount->read_only = str_eq(key, "rw") || str_eq(key, "readwrite") ? !yes : yes;
    r->read_only_given = true;
    return 0;
}

static int set_required(struct reading *r, const char *key, const char *value, struct err *err)
{
    if (r->mount->type != DOCKERFILE_MOUNT_SECRET && r->mount->type != DOCKERFILE_MOUNT_SSH)
        return refuse_key(r, key, err);
    return parse_bool(value, &r->mount->required) ? 0 : refuse_value(key, value, err);
}

static int set_size(struct reading *r, const char *key, const char *value, struct err *err)
{
    if (r->mount->type != DOCKERFILE_MOUNT_TMPFS)
        return refuse_key(r, key, err);
    return num_parse_size(value, &r->mount->size, NULL) == 0 ? 0 : refuse_value(key, value, err);
}

static int set_mode(struct reading *r, const char *key, const char *value, struct err *err)
{
    size_t n = strspn(value, "01234567");

    (void)key;
    if (n == 0 || n > 10 || value[n])
        return err_set(err, ERR_INVALID, "invalid value %s for mode", value);
    r->mount->mode = (mode_t)strtoul(value, NULL, 8);
    r->mount->has_mode = true;
    return 0;
}

static int set_owner(struct reading *r, const char *key, const char *value, struct err *err)
{
    int64_t id;

    if (num_parse_i64(value, 0, UINT32_MAX, &id, NULL) < 0)
        return err_set(err, ERR_INVALID, "invalid value %s for %s", value, key);
    if (*key == 'u') {
        r->mount->uid = (uid_t)id;
        r->mount->has_uid = true;
    } else {
        r->mount->gid = (gid_t)id;
        r->mount->has_gid = true;
    }
    return 0;
}

static const struct {
    const char *key;
    int (*set)(struct reading *r, const char *key, const char *value, struct err *err);
    bool alone; /* means "true" without a value */
} keys[] = {
    {"type", set_type, false},
    {"from", set_from, false},
    {"source", set_source, false},
    {"src", set_source, false},
    {"target", set_target, false},
    {"dst", set_target, false},
    {"destination", set_target, false},
    {"readonly", set_access, true},
    {"ro", set_access, true},
    {"readwrite", set_access, true},
    {"rw", set_access, true},
    {"required", set_required, true},
    {"size", set_size, false},
    {"id", set_id, false},
    {"sharing", set_sharing, false},
    {"mode", set_mode, false},
    {"uid", set_owner, false},
    {"gid", set_owner, false},
    {"env", set_env, false},
};

static int set_key(struct reading *r, const char *key, const char *value, struct err *err)
{
    char hint[80];

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!str_eq(key, keys[i].key))
            continue;
        if (!value && !keys[i].alone)
            return err_set(err, ERR_INVALID, "invalid field '%s' must be a key=value pair", r->field);
        return keys[i].set(r, key, value ? value : "true", err);
    }
    if (!value)
        return err_set(err, ERR_INVALID, "invalid field '%s' must be a key=value pair", r->field);
    return err_set(err, ERR_INVALID, "unexpected key '%s' in '%s'%s", key, r->field,
                   did_you_mean(key, key_names, ARRAY_SIZE(key_names), hint));
}

static int read_field(struct reading *r, struct err *err)
{
    const char *equals = strchr(r->field, '='), *value = equals ? equals + 1 : NULL;
    _cleanup_free_ char *key = str_ndup(r->field, equals ? (size_t)(equals - r->field) : strlen(r->field));
    _cleanup_free_ char *expanded = NULL;
    int failed;

    for (char *p = key; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    if (!r->how) {
        const char *dollar = value && str_eq(key, "from") ? strchr(value, '$') : NULL;

        if (dollar && dollar[1])
            return err_set(err, ERR_INVALID, "'%s' doesn't support variable expansion, define alias stage instead",
                           key);
        return 0;
    }
    failed = value ? words_expand(value, r->how, &expanded, err) : 0;
    return failed < 0 ? failed : set_key(r, key, expanded, err);
}

/* ---- what belongs together ---- */

static int check_secret(const struct dockerfile_mount *m, struct err *err)
{
    if (m->from)
        return err_set(err, ERR_INVALID, "secret mount should not have a from");
    if (m->sharing)
        return err_set(err, ERR_INVALID, "secret mount should not define sharing");
    if (!m->source && !m->target && !m->id)
        return err_set(err, ERR_INVALID, "invalid secret mount. one of source, target required");
    if (m->source && m->id)
        return err_set(err, ERR_INVALID, "both source and id can't be set");
    return 0;
}

static int check_whole(struct reading *r, struct err *err)
{
    struct dockerfile_mount *m = r->mount;
    const char *file_only = m->has_mode ? "mode" : m->has_uid ? "uid" : m->has_gid ? "gid" : NULL;
    bool plain = m->type == DOCKERFILE_MOUNT_BIND || m->type == DOCKERFILE_MOUNT_TMPFS;

    if (plain && file_only)
        return err_set(err, ERR_INVALID, "%s not allowed for \"%s\" type mounts", file_only, type_names[m->type]);
    if (!r->read_only_given)
        m->read_only = m->type != DOCKERFILE_MOUNT_CACHE && m->type != DOCKERFILE_MOUNT_TMPFS;
    if (m->type == DOCKERFILE_MOUNT_SECRET) {
        int failed = check_secret(m, err);

        if (failed < 0)
            return failed;
    }
    if (m->sharing && m->type != DOCKERFILE_MOUNT_CACHE)
        return err_set(err, ERR_INVALID, "invalid cache sharing set for %s mount", type_names[m->type]);
    return 0;
}

int mount_read(const char *text, const struct words *how, struct dockerfile_mount *ret, struct err *err)
{
    struct reading reading = {.mount = ret, .how = how};
    _cleanup_strv_ char **fields = NULL;
    int r = split_fields(text ? text : "", &fields, err);

    *ret = (struct dockerfile_mount){0};
    for (char **field = fields; r == 0 && *field; field++) {
        reading.field = *field;
        r = read_field(&reading, err);
    }
    if (r == 0 && how)
        r = check_whole(&reading, err);
    if (r < 0)
        mount_release(ret);
    return r;
}

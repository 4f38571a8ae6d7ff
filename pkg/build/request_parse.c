#include "build/request_parse.h"

#include "build/layout.h"
#include "build/request_parse_internal.h"
#include "bundle/parse.h"
#include "oci/platform.h"
#include "oci/reference.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- fields ---- */

/* Without the blanks around it. */
static char *small(const char *key, size_t n)
{
    char *ret;

    for (; n && isspace((unsigned char)*key); n--)
        key++;
    while (n && isspace((unsigned char)key[n - 1]))
        n--;
    ret = str_ndup(key, n);

    for (char *p = ret; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return ret;
}

static int take_field(const char *text, const struct request_key *keys, size_t n_keys, void *to, struct err *err)
{
    const char *equals = strchr(text, '=');
    _cleanup_free_ char *key = NULL;

    if (!equals)
        return err_set(err, ERR_INVALID, "invalid field '%.200s' must be a key=value pair", text);
    key = small(text, (size_t)(equals - text));
    for (size_t i = 0; i < n_keys; i++) {
        if (!str_eq(keys[i].name, key))
            continue;
        if (keys[i].take)
            return keys[i].take(to, equals + 1, err);
        str_replace((char **)((char *)to + keys[i].offset), str_dup(str_given(equals + 1)));
        return 0;
    }
    return err_set(err, ERR_INVALID, "unexpected key '%.100s' in '%.200s'", key, text);
}

int request_take_fields(char *const *fields, const struct request_key *keys, size_t n_keys, void *to, struct err *err)
{
    int r = 0;

    STRV_FOREACH (field, fields)
        r = r < 0 ? r : take_field(*field, keys, n_keys, to, err);
    return r;
}

int request_ignore(void *to _unused_, const char *value _unused_, struct err *err _unused_)
{
    return 0;
}

int request_truth(const char *value, bool *ret, struct err *err)
{
    static const char *const words[2][6] = {{"0", "f", "F", "FALSE", "false", "False"},
                                            {"1", "t", "T", "TRUE", "true", "True"}};

    for (size_t i = 0; i < 12; i++)
        if (str_eq(value, words[i / 6][i % 6])) {
            *ret = i / 6;
            return 0;
        }
    return err_set(err, ERR_INVALID, "\"%.100s\" is neither true nor false", value);
}

/* ---- --secret ---- */

struct secret {
    struct build_secret s;
    bool env; /* type=env */
};

static int take_secret_type(void *to, const char *value, struct err *err)
{
    struct secret *s = to;

    s->env = str_eq(value, "env");
    if (s->env || str_eq(value, "file"))
        return 0;
    return err_set(err, ERR_UNSUPPORTED, "unsupported secret type \"%.100s\"", value);
}

static const struct request_key secret_keys[] = {
    {"type", .take = take_secret_type},       {"id", offsetof(struct secret, s.id)},
    {"src", offsetof(struct secret, s.path)}, {"source", offsetof(struct secret, s.path)},
    {"env", offsetof(struct secret, s.env)},
};

/* Where the value comes from, as BuildKit looks for it. */
static int find_source(struct secret *s, struct err *err)
{
    if (str_empty(s->s.id))
        return err_set(err, ERR_INVALID, "secret missing ID");
    if (s->env && !s->s.env)
        s->s.env = steal_ptr(&s->s.path);
    if (s->s.env && s->s.path)
        return err_set(err, ERR_INVALID, "secret %.100s: a file and a variable: one of them is enough", s->s.id);
    if (s->s.env || s->s.path)
        return 0;
    if (s->env || getenv(s->s.id))
        s->s.env = str_dup(s->s.id);
    else
        s->s.path = str_dup(s->s.id);
    return 0;
}

int build_secret_parse(const char *text, struct build_secret *ret, struct err *err)
{
    _cleanup_strv_ char **fields = NULL;
    struct secret s = {.env = false};
    int r = bundle_split_fields(text, &fields, err);

    if (r == 0)
        r = request_take_fields(fields, secret_keys, ARRAY_SIZE(secret_keys), &s, err);
    if (r == 0)
        r = find_source(&s, err);
    if (r < 0) {
        build_secret_release(&s.s);
        return r;
    }
    *ret = s.s;
    return 0;
}

void build_secret_release(struct build_secret *s)
{
    free(s->id);
    free(s->path);
    free(s->env);
    *s = (struct build_secret){0};
}

/* ---- --ssh ---- */

int build_ssh_parse(const char *text, struct build_ssh *ret, struct err *err)
{
    const char *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : strlen(text);

    if (n == 0)
        return err_set(err, ERR_INVALID, "invalid SSH value \"%.200s\": expected ID[=PATH…]", text);
    *ret = (struct build_ssh){.id = str_ndup(text, n)};
    if (equals && equals[1])
        ret->paths = strv_split(equals + 1, ',');
    return 0;
}

void build_ssh_release(struct build_ssh *s)
{
    free(s->id);
    strv_free(s->paths);
    *s = (struct build_ssh){0};
}

/* ---- are they there? ---- */

static int check_agent(const struct build_ssh *a, struct err *err)
{
    if (!a->paths && str_empty(getenv("SSH_AUTH_SOCK"))) {
        err_set(err, ERR_NOT_FOUND, "--ssh %.100s: there is no agent: SSH_AUTH_SOCK is not set", a->id);
        return err_hint(err, "start one, or give a socket or a key: --ssh %.100s=PATH", a->id);
    }
    STRV_FOREACH (path, a->paths)
        if (access(*path, F_OK) < 0)
            return err_errno(err, errno, "--ssh %.100s: %s", a->id, *path);
    return 0;
}

int build_sources_check(const struct build_request *q, struct err *err)
{
    VEC_FOREACH (s, &q->secrets)
        if (s->path && access(s->path, F_OK) < 0)
            return err_errno(err, errno, "--secret id=%.100s: %s", s->id, s->path);
    VEC_FOREACH (a, &q->ssh) {
        int r = check_agent(a, err);

        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- --build-context ---- */

int build_named_parse(const char *text, struct build_named_context *ret, struct err *err)
{
    const char *equals = strchr(text, '=');
    _cleanup_reference_ struct oci_reference ref = {0};
    _cleanup_free_ char *name = NULL;
    int r;

    if (!equals)
        return err_set(err, ERR_INVALID, "invalid context value: %.200s, expected key=value", text);
    name = str_ndup(text, (size_t)(equals - text));
    r = oci_reference_parse(name, &ref, err);
    if (r < 0)
        return err_wrap(err, "invalid context name %.200s", name);
    r = build_is_layout(equals + 1) ? build_layout_check(equals + 1, err) : 0;
    if (r < 0)
        return r;
    if (str_eq(ref.tag, "latest"))
        str_replace(&ref.tag, NULL);
    *ret = (struct build_named_context){oci_reference_familiar(&ref), str_dup(equals + 1)};
    return 0;
}

void build_named_release(struct build_named_context *c)
{
    free(c->name);
    free(c->what);
    *c = (struct build_named_context){0};
}

/* ---- --cache-from, --cache-to ---- */

struct place {
    struct build_cache_place p;
    bool to, typed;
    char *ref, *src, *dest;
};

static int take_place_type(void *to, const char *value, struct err *err)
{
    static const struct {
        const char *name;
        enum build_cache_type type;
    } types[] = {
        {"registry", BUILD_CACHE_REGISTRY},
        {"local", BUILD_CACHE_LOCAL},
        {"inline", BUILD_CACHE_INLINE},
    };
    struct place *p = to;

    p->typed = true;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (str_eq(types[i].name, value) && (p->to || types[i].type != BUILD_CACHE_INLINE)) {
            p->p.type = types[i].type;
            return 0;
        }
    return err_set(err, ERR_UNSUPPORTED, "unknown cache type \"%.100s\": there are registry, local%s", value,
                   p->to ? ", inline" : "");
}

static int take_mode(void *to, const char *value, struct err *err)
{
    struct place *p = to;

    p->p.all = str_eq(value, "max");
    if (p->to && (p->p.all || str_eq(value, "min")))
        return 0;
    return p->to ? err_set(err, ERR_INVALID, "mode is \"%.100s\" and may be min or max", value)
                 : err_set(err, ERR_INVALID, "mode is for --cache-to alone");
}

/* What there are no two of here: every layer is as it is, and every manifest OCI's. */
static const struct request_key place_keys[] = {
    {"type", .take = take_place_type},
    {"mode", .take = take_mode},
    {"ref", offsetof(struct place, ref)},
    {"src", offsetof(struct place, src)},
    {"dest", offsetof(struct place, dest)},
    {"tag", .take = request_ignore},
    {"digest", .take = request_ignore},
    {"compression", .take = request_ignore},
    {"compression-level", .take = request_ignore},
    {"force-compression", .take = request_ignore},
    {"image-manifest", .take = request_ignore},
    {"oci-mediatypes", .take = request_ignore},
    {"ignore-error", .take = request_ignore},
};

static int finish_place(struct place *p, const char *text, struct err *err)
{
    if (!p->typed)
        return err_set(err, ERR_INVALID, "type required for \"%.200s\"", text);
    if (p->p.type == BUILD_CACHE_REGISTRY)
        p->p.where = steal_ptr(&p->ref);
    else if (p->p.type == BUILD_CACHE_LOCAL)
        p->p.where = p->to ? steal_ptr(&p->dest) : steal_ptr(&p->src);
    if (p->p.type == BUILD_CACHE_INLINE && p->p.all)
        return err_set(err, ERR_INVALID, "the inline cache has mode=min alone: an image has no layers of other stages");
    if (p->p.where || p->p.type == BUILD_CACHE_INLINE)
        return 0;
    return err_set(err, ERR_INVALID, "%s is required for the %s cache %s",
                   p->p.type == BUILD_CACHE_REGISTRY ? "ref"
                   : p->to                           ? "dest"
                                                     : "src",
                   p->p.type == BUILD_CACHE_REGISTRY ? "registry" : "local", p->to ? "exporter" : "importer");
}

static int check_reference(const struct build_cache_place *p, struct err *err)
{
    _cleanup_reference_ struct oci_reference ref = {0};
    int r = p->type == BUILD_CACHE_REGISTRY ? oci_reference_parse(p->where, &ref, err) : 0;

    return r < 0 ? err_wrap(err, "cache \"%.200s\"", p->where) : 0;
}

int build_cache_place_parse(const char *text, bool to, struct build_cache_place *ret, struct err *err)
{
    _cleanup_strv_ char **fields = NULL;
    struct place p = {.to = to};
    int r = bundle_split_fields(text, &fields, err);

    if (r == 0 && strv_len(fields) == 1 && !strchr(fields[0], '=')) {
        p.typed = true;
        p.ref = str_dup(str_given(fields[0]));
    } else if (r == 0) {
        r = request_take_fields(fields, place_keys, ARRAY_SIZE(place_keys), &p, err);
    }
    if (r == 0)
        r = finish_place(&p, text, err);
    if (r == 0)
        r = check_reference(&p.p, err);
    if (r == 0)
        *ret = p.p;
    else
        build_cache_place_release(&p.p);
    free(p.ref);
    free(p.src);
    free(p.dest);
    return r;
}

void build_cache_place_release(struct build_cache_place *p)
{
    free(p->where);
    *p = (struct build_cache_place){0};
}

/* ---- --platform ---- */

static int add_platform(const char *text, char ***to, struct err *err)
{
    _cleanup_platform_ struct oci_platform platform = {0};
    _cleanup_free_ char *formatted = NULL;

    if (str_eq(text, "local"))
        oci_platform_host(&platform);
    else if (oci_platform_parse(text, &platform, err) < 0)
        return err_wrap(err, "invalid platform \"%.200s\"", text);
    formatted = oci_platform_format(&platform);
    if (!strv_contains(*to, formatted))
        strv_add(to, formatted);
    return 0;
}

int build_platforms_parse(char *const *given, char ***ret, struct err *err)
{
    int r = 0;

    *ret = NULL;
    STRV_FOREACH (list, given) {
        _cleanup_strv_ char **one = str_empty(*list) ? NULL : strv_split(*list, ',');

        STRV_FOREACH (text, one)
            r = r < 0 ? r : add_platform(*text, ret, err);
    }
    return r;
}

/* ---- all of a request ---- */

#define RELEASE_ALL(vec, release)  \
    do {                           \
        VEC_FOREACH (it, vec)      \
            release(it);           \
        free((vec)->v);            \
        (vec)->v = NULL;           \
        (vec)->n = (vec)->cap = 0; \
    } while (0)

void build_request_release(struct build_request *q)
{
    RELEASE_ALL(&q->secrets, build_secret_release);
    RELEASE_ALL(&q->ssh, build_ssh_release);
    RELEASE_ALL(&q->contexts, build_named_release);
    RELEASE_ALL(&q->outputs, build_output_release);
    RELEASE_ALL(&q->annotations, build_annotation_release);
    RELEASE_ALL(&q->cache_from, build_cache_place_release);
    RELEASE_ALL(&q->cache_to, build_cache_place_release);
}

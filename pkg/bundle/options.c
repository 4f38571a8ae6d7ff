/* What the command line says in one word: volumes and files of variables. */
#include "bundle/bundle.h"

#include "base/utf8.h"
#include "sys/path.h"

void bundle_volume_release(struct bundle_volume *v)
{
    free(v->source);
    free(v->destination);
    free(v->propagation);
    *v = (struct bundle_volume){0};
}

/* The words behind the destination, at most one of a kind. Labels for SELinux, the copying that bind mounts never do
 * and how a virtual machine keeps files consistent are taken, and without effect here. */
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
static bool take_mode(const char *word, bool *seen, struct bundle_volume *v)
{
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        if (!str_eq(word, modes[i].word))
            continue;
        if (seen[modes[i].kind])
            return false;
        seen[modes[i].kind] = true;
        if (modes[i].kind == ACCESS)
            v->readonly = str_eq(word, "ro");
        if (modes[i].kind == PROPAGATION)
            str_replace(&v->propagation, str_dup(word));
        return true;
    }
    return false;
}

static int parse_modes(const char *text, struct bundle_volume *v, struct err *err)
{
    _cleanup_strv_ char **words = strv_split(text, ',');
    bool seen[N_MODE_KINDS] = {false};

    STRV_FOREACH (word, words)
        if (!take_mode(*word, seen, v))
            return err_set(err, ERR_INVALID, "invalid mode: %s", text);
    return 0;
}

static int parse_volume(const char *text, const char *cwd, char *const *parts, struct bundle_volume *v, struct err *err)
{
    size_t n = strv_len(parts);
    bool relative = *parts[0] == '.' && cwd;
    int r;

    if (n < 2 || n > 3 || !*parts[0] || !*parts[1]) {
        err_set(err, n > 3 ? ERR_INVALID : ERR_UNSUPPORTED, "invalid volume \"%s\"", text);
        return err_hint(err, "use HOST_PATH:CONTAINER_PATH[:ro]");
    }
    if (*parts[0] != '/' && !relative) {
        err_set(err, ERR_UNSUPPORTED, "invalid volume \"%s\": \"%s\" is not an absolute path", text, parts[0]);
        return err_hint(err, "volumes by name do not exist here yet: use an absolute path of the host");
    }
    if (*parts[1] != '/')
        return err_set(err, ERR_INVALID, "invalid volume \"%s\": \"%s\" is not an absolute path", text, parts[1]);
    v->source = relative ? path_join(cwd, parts[0]) : path_clean(parts[0]);
    v->destination = path_clean(parts[1]);
    if (str_eq(v->destination, "/"))
        return err_set(err, ERR_INVALID, "invalid volume \"%s\": the destination cannot be \"/\"", text);
    r = n == 3 ? parse_modes(parts[2], v, err) : 0;
    return r < 0 ? err_wrap(err, "invalid volume \"%s\"", text) : 0;
}

int bundle_parse_volume(const char *text, const char *cwd, struct bundle_volume *ret, struct err *err)
{
    _cleanup_strv_ char **parts = strv_split(text, ':');
    struct bundle_volume v = {0};
    int r = parse_volume(text, cwd, parts, &v, err);

    if (r < 0) {
        bundle_volume_release(&v);
        return r;
    }
    *ret = v;
    return 0;
}

int bundle_check_label(const char *label, struct err *err)
{
    const char *name = label + strspn(label, " \t");
    size_t n = strcspn(name, "=");

    if (!n)
        return err_set(err, ERR_INVALID, "invalid label '%s': empty name", label);
    if (strcspn(name, " \t") < n)
        return err_set(err, ERR_INVALID, "label '%s' contains whitespaces", label);
    return 0;
}

static bool is_utf8(const char *s)
{
    while (*s) {
        size_t n = utf8_length(s);

        if (!n)
            return false;
        s += n;
    }
    return true;
}

int bundle_parse_env_file(const char *text, char ***env, struct err *err)
{
    _cleanup_strv_ char **lines = strv_split(text, '\n');
    size_t number = 0;

    STRV_FOREACH (line, lines) {
        const char *bom = number++ ? NULL : str_after(*line, "\xef\xbb\xbf");
        char *start = bom ? *line + 3 : *line, *s = start + strspn(start, " \t"), *end = s + strlen(s);
        size_t name;

        if (!is_utf8(s))
            return err_set(err, ERR_INVALID, "line %zu: invalid utf8 bytes", number);
        if (end > s && end[-1] == '\r')
            *--end = 0;
        if (!*s || *s == '#')
            continue;
        name = strcspn(s, "=");
        if (!name)
            return err_set(err, ERR_INVALID, "line %zu: no variable name", number);
        if (memchr(s, ' ', name) || memchr(s, '\t', name))
            return err_set(err, ERR_INVALID, "line %zu: variable '%.*s' contains whitespaces", number, (int)name, s);
        strv_add(env, s);
    }
    return 0;
}

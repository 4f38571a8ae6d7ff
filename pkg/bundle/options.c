/* What the command line says in one word: volumes and files of variables. */
#include "bundle/bundle.h"

#include "sys/path.h"

void bundle_volume_release(struct bundle_volume *v)
{
    free(v->source);
    free(v->destination);
    free(v->propagation);
    *v = (struct bundle_volume){0};
}

static int parse_mode(const char *mode, struct bundle_volume *v, const char *text, struct err *err)
{
    static const char *const propagations[] = {"private", "rprivate", "slave", "rslave", "shared", "rshared"};
    /* Labels for SELinux and the copying that bind mounts never do: taken, and without effect here. */
    static const char *const ignored[] = {"z", "Z", "nocopy", "rw"};

    if (str_eq(mode, "ro")) {
        v->readonly = true;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
        if (str_eq(mode, ignored[i]))
            return 0;
    for (size_t i = 0; i < ARRAY_SIZE(propagations); i++)
        if (str_eq(mode, propagations[i])) {
            str_replace(&v->propagation, str_dup(mode));
            return 0;
        }
    return err_set(err, ERR_INVALID, "invalid volume \"%s\": invalid mode: %s", text, mode);
}

static int parse_volume(const char *text, const char *cwd, char *const *parts, struct bundle_volume *v, struct err *err)
{
    size_t n = strv_len(parts);
    bool relative = *parts[0] == '.' && cwd;

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
    if (n == 3) {
        _cleanup_strv_ char **modes = strv_split(parts[2], ',');

        STRV_FOREACH (mode, modes) {
            int r = parse_mode(*mode, v, text, err);

            if (r < 0)
                return r;
        }
    }
    return 0;
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

int bundle_parse_env_file(const char *text, char ***env, struct err *err)
{
    _cleanup_strv_ char **lines = strv_split(text, '\n');
    size_t number = 0;

    STRV_FOREACH (line, lines) {
        char *s = *line + strspn(*line, " \t"), *end = s + strlen(s);
        size_t name;

        number++;
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

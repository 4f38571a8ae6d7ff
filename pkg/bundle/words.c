/* What the command line says in one word: labels, and files of variables. */
#include "bundle/bundle.h"

#include "base/utf8.h"

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

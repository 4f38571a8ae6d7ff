#include "volume.h"

#include <regex.h>

static bool parse_truth(const char *value, int *ret)
{
    static const char *const words[] = {"false", "0", "true", "1"};

    for (int i = 0; i < 4; i++)
        if (str_eq(value, words[i])) {
            *ret = i / 2;
            return true;
        }
    return false;
}

static int take(const char *name, const char *value, bool prune, struct volume_filter *f, struct err *err)
{
    const struct {
        const char *name;
        char ***list;
        bool prunes;
    } lists[] = {{"driver", &f->drivers, false},
                 {"label", &f->labels, true},
                 {"label!", &f->labels_without, true},
                 {"name", &f->names, false}};

    if (str_eq(name, "dangling") && !prune)
        return parse_truth(value, &f->dangling) ? 0 : err_set(err, ERR_INVALID, "invalid filter 'dangling=%s'", value);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (str_eq(name, lists[i].name) && (!prune || lists[i].prunes)) {
            strv_add(lists[i].list, value);
            return 0;
        }
    return err_set(err, ERR_INVALID, "invalid filter '%s'", name);
}

int volume_filter_parse(char *const *words, bool prune, struct volume_filter *ret, struct err *err)
{
    int r = 0;

    *ret = (struct volume_filter){.dangling = -1};
    STRV_FOREACH (word, words) {
        _cleanup_free_ char *name = str_dup(*word);
        char *equals = strchr(name, '=');

        if (!equals)
            return err_set(err, ERR_INVALID,
                           "invalid argument \"%s\" for \"--filter\" flag: bad format of filter "
                           "(expected name=value)",
                           *word);
        *equals = 0;
        r = r < 0 ? r : take(name, equals + 1, prune, ret, err);
    }
    return r;
}

void volume_filter_release(struct volume_filter *f)
{
    strv_free(f->drivers);
    strv_free(f->labels);
    strv_free(f->labels_without);
    strv_free(f->names);
}

/* A regular expression, found anywhere in the name; one that is none is a part of it. */
static bool name_matches(const char *pattern, const char *name)
{
    regex_t compiled;
    bool found;

    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return strstr(name, pattern) != NULL;
    found = regexec(&compiled, name, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

bool volume_filter_match(const struct volume_filter *f, const struct store_volume *v, bool used)
{
    bool named = f->names == NULL;

    if ((f->dangling >= 0 && used != !f->dangling) || (f->drivers && !strv_contains(f->drivers, "local")))
        return false;
    STRV_FOREACH (label, f->labels)
        if (!strv_env_has(v->labels, *label))
            return false;
    STRV_FOREACH (label, f->labels_without)
        if (strv_env_has(v->labels, *label))
            return false;
    STRV_FOREACH (name, f->names)
        named = named || name_matches(*name, v->name);
    return named;
}

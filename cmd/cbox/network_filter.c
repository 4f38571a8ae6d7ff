#include "base/time.h"
#include "network.h"

#include <regex.h>

static int take_truth(const char *value, int *ret)
{
    static const char *const words[] = {"false", "0", "true", "1"};

    for (int i = 0; i < 4; i++)
        if (str_eq(value, words[i])) {
            *ret = i / 2;
            return 0;
        }
    return ERR_INVALID;
}

static bool is_known_type(const char *value)
{
    return str_eq(value, "custom") || str_eq(value, "builtin");
}

static int take(const char *name, const char *value, bool prune, struct network_filter *f, struct err *err)
{
    enum { LISTS = 1, PRUNES = 2 };
    const struct {
        const char *name;
        char ***list;
        int when;
    } lists[] = {
        {"driver", &f->drivers, LISTS},
        {"id", &f->ids, LISTS},
        {"label", &f->labels, LISTS | PRUNES},
        {"label!", &f->labels_without, PRUNES},
        {"name", &f->names, LISTS},
        {"scope", &f->scopes, LISTS},
        {"type", &f->types, LISTS},
    };

    if (str_eq(name, "dangling") && !prune && take_truth(value, &f->dangling) == 0)
        return 0;
    if (str_eq(name, "until") && prune) {
        if (time_parse_point(value, time_now(), &f->until, err) < 0)
            return err_wrap(err, "filter until");
        f->until = f->until ? f->until : 1; /* 1970 is a time, too */
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (str_eq(name, lists[i].name) && lists[i].when & (prune ? PRUNES : LISTS) &&
            (!str_eq(name, "type") || is_known_type(value))) {
            strv_add(lists[i].list, value);
            return 0;
        }
    if (!prune && (str_eq(name, "type") || str_eq(name, "dangling")))
        return err_set(err, ERR_INVALID, "invalid filter '%s=%s'", name, value);
    return err_set(err, ERR_INVALID, "invalid filter '%s'", name);
}

int network_filter_parse(char *const *words, bool prune, struct network_filter *ret, struct err *err)
{
    int r = 0;

    *ret = (struct network_filter){.dangling = -1};
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

void network_filter_release(struct network_filter *f)
{
    char **lists[] = {f->drivers, f->ids, f->labels, f->labels_without, f->names, f->scopes, f->types};

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        strv_free(lists[i]);
}

/* A regular expression, found anywhere in the text; one that is none is a part of it. */
static bool is_found(const char *pattern, const char *text)
{
    regex_t compiled;
    bool found;

    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return strstr(text, pattern) != NULL;
    found = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

static bool any_found(char *const *patterns, const char *text)
{
    STRV_FOREACH (pattern, patterns)
        if (is_found(*pattern, text))
            return true;
    return !patterns;
}

static bool is_one_of(char *const *words, const char *text)
{
    return !words || strv_contains(words, text);
}

bool network_filter_match(const struct network_filter *f, const struct store_network *n, bool used)
{
    bool builtin = store_network_is_predefined(n->name);

    /* Those that are always there are no remains. */
    if (f->dangling >= 0 && (builtin || used != !f->dangling))
        return false;
    STRV_FOREACH (label, f->labels)
        if (!strv_env_has(n->labels, *label))
            return false;
    STRV_FOREACH (label, f->labels_without)
        if (strv_env_has(n->labels, *label))
            return false;
    return is_one_of(f->drivers, n->driver) && any_found(f->ids, n->id) && any_found(f->names, n->name) &&
           is_one_of(f->scopes, "local") && is_one_of(f->types, builtin ? "builtin" : "custom") &&
           (!f->until || n->created < f->until);
}

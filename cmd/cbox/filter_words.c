#include "filter_words.h"

#include "base/strv.h"

#include <regex.h>

int filter_words_each(char *const *words, int (*take)(void *data, const char *name, const char *value, struct err *err),
                      void *data, struct err *err)
{
    int r = 0;

    STRV_FOREACH (word, words) {
        _cleanup_free_ char *name = str_dup(*word);
        char *equals = strchr(name, '=');

        if (!equals)
            return err_set(err, ERR_INVALID,
                           "invalid argument \"%s\" for \"--filter\" flag: bad format of filter "
                           "(expected name=value)",
                           *word);
        *equals = 0;
        r = r < 0 ? r : take(data, name, equals + 1, err);
    }
    return r;
}

bool filter_words_truth(const char *value, int *ret)
{
    static const char *const words[] = {"false", "0", "true", "1"};

    for (int i = 0; i < 4; i++)
        if (str_eq(value, words[i])) {
            *ret = i / 2;
            return true;
        }
    return false;
}

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

bool filter_words_found(char *const *patterns, const char *text)
{
    STRV_FOREACH (pattern, patterns)
        if (is_found(*pattern, text))
            return true;
    return !patterns;
}

bool filter_words_labels(char *const *labels, char *const *with, char *const *without)
{
    STRV_FOREACH (label, with)
        if (!strv_env_has(labels, *label))
            return false;
    STRV_FOREACH (label, without)
        if (strv_env_has(labels, *label))
            return false;
    return true;
}

#include "base/time.h"
#include "filter_words.h"
#include "network.h"

/* What is read, and for which command. */
struct reading {
    struct network_filter *filter;
    bool prune;
};

static bool is_known_type(const char *value)
{
    return str_eq(value, "custom") || str_eq(value, "builtin");
}

static int take(void *data, const char *name, const char *value, struct err *err)
{
    const struct reading *reading = data;
    struct network_filter *f = reading->filter;
    bool prune = reading->prune;
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

    if (str_eq(name, "dangling") && !prune && filter_words_truth(value, &f->dangling))
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
    *ret = (struct network_filter){.dangling = -1};
    return filter_words_each(words, take, &(struct reading){ret, prune}, err);
}

void network_filter_release(struct network_filter *f)
{
    char **lists[] = {f->drivers, f->ids, f->labels, f->labels_without, f->names, f->scopes, f->types};

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        strv_free(lists[i]);
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
    return filter_words_labels(n->labels, f->labels, f->labels_without) && is_one_of(f->drivers, n->driver) &&
           filter_words_found(f->ids, n->id) && filter_words_found(f->names, n->name) &&
           is_one_of(f->scopes, "local") && is_one_of(f->types, builtin ? "builtin" : "custom") &&
           (!f->until || n->created < f->until);
}

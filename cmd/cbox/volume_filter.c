#include "filter_words.h"
#include "volume.h"

/* What is read, and for which command. */
struct reading {
    struct volume_filter *filter;
    bool prune;
};

static int take(void *data, const char *name, const char *value, struct err *err)
{
    const struct reading *reading = data;
    struct volume_filter *f = reading->filter;
    const struct {
        const char *name;
        char ***list;
        bool prunes;
    } lists[] = {{"driver", &f->drivers, false},
                 {"label", &f->labels, true},
                 {"label!", &f->labels_without, true},
                 {"name", &f->names, false}};

    if (str_eq(name, "dangling") && !reading->prune)
        return filter_words_truth(value, &f->dangling)
                   ? 0
                   : err_set(err, ERR_INVALID, "invalid filter 'dangling=%s'", value);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (str_eq(name, lists[i].name) && (!reading->prune || lists[i].prunes)) {
            strv_add(lists[i].list, value);
            return 0;
        }
    return err_set(err, ERR_INVALID, "invalid filter '%s'", name);
}

int volume_filter_parse(char *const *words, bool prune, struct volume_filter *ret, struct err *err)
{
    *ret = (struct volume_filter){.dangling = -1};
    return filter_words_each(words, take, &(struct reading){ret, prune}, err);
}

void volume_filter_release(struct volume_filter *f)
{
    strv_free(f->drivers);
    strv_free(f->labels);
    strv_free(f->labels_without);
    strv_free(f->names);
}

bool volume_filter_match(const struct volume_filter *f, const struct store_volume *v, bool used)
{
    if ((f->dangling >= 0 && used != !f->dangling) || (f->drivers && !strv_contains(f->drivers, "local")))
        return false;
    return filter_words_labels(v->labels, f->labels, f->labels_without) && filter_words_found(f->names, v->name);
}

#include "image/filter.h"

#include "base/time.h"
#include "image/internal.h"

#include <fnmatch.h>

/* ---- reading ---- */

static int parse_dangling(struct store *s _unused_, const char *value, struct image_filter *f, struct err *err)
{
    static const struct {
        const char *word;
        int truth;
    } words[] = {{"true", 1}, {"1", 1}, {"false", 0}, {"0", 0}};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq(value, words[i].word)) {
            f->dangling = words[i].truth;
            return 0;
        }
    return err_set(err, ERR_INVALID, "invalid filter 'dangling=%s'", value);
}

static int parse_label(struct store *s _unused_, const char *value, struct image_filter *f, struct err *err _unused_)
{
    strv_add(&f->labels, value);
    return 0;
}

static int parse_label_without(struct store *s _unused_, const char *value, struct image_filter *f,
                               struct err *err _unused_)
{
    strv_add(&f->labels_without, value);
    return 0;
}

static int parse_reference(struct store *s _unused_, const char *value, struct image_filter *f,
                           struct err *err _unused_)
{
    strv_add(&f->references, value);
    return 0;
}

static int created_of(struct store *s, const char *name, int64_t *ret, struct err *err)
{
    struct store_tag t;
    int r = s ? image_find(s, name, &t, err) : err_set(err, ERR_NOT_FOUND, "no such image: %s", name);

    if (r < 0)
        return r;
    *ret = t.created;
    store_tag_release(&t);
    return 0;
}

static int parse_before(struct store *s, const char *value, struct image_filter *f, struct err *err)
{
    return created_of(s, value, &f->before, err);
}

static int parse_since(struct store *s, const char *value, struct image_filter *f, struct err *err)
{
    return created_of(s, value, &f->since, err);
}

static int parse_until(struct store *s _unused_, const char *value, struct image_filter *f, struct err *err)
{
    int r = time_parse_point(value, time_now(), &f->until, err);

    return r < 0 ? err_wrap(err, "filter until") : 0;
}

static const struct {
    const char *name;
    int (*parse)(struct store *s, const char *value, struct image_filter *f, struct err *err);
    bool prunes;
} filters[] = {
    {"before", parse_before, false},       {"dangling", parse_dangling, true},    {"label", parse_label, true},
    {"label!", parse_label_without, true}, {"reference", parse_reference, false}, {"since", parse_since, false},
    {"until", parse_until, true},
};

static int parse_word(struct store *s, const char *word, enum image_filter_for what, struct image_filter *f,
                      struct err *err)
{
    const char *equals = strchr(word, '=');
    _cleanup_free_ char *name = equals ? str_ndup(word, (size_t)(equals - word)) : NULL;

    if (!equals)
        return err_set(err, ERR_INVALID, "invalid argument \"%s\" for a filter: it has the form NAME=VALUE", word);
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
        if (str_eq(name, filters[i].name) && (what == IMAGE_FILTER_LIST || filters[i].prunes))
            return filters[i].parse(s, equals + 1, f, err);
    return err_set(err, ERR_INVALID, "invalid filter '%s'", name);
}

int image_filter_parse(struct store *s, char *const *words, enum image_filter_for what, struct image_filter *ret,
                       struct err *err)
{
    int r = 0;

    *ret = (struct image_filter){.dangling = -1};
    STRV_FOREACH (word, words)
        r = r < 0 ? r : parse_word(s, *word, what, ret, err);
    return r;
}

void image_filter_release(struct image_filter *f)
{
    strv_free(f->labels);
    strv_free(f->labels_without);
    strv_free(f->references);
}

void image_filter_add_reference(struct image_filter *f, const char *pattern)
{
    _cleanup_reference_ struct oci_reference ref = {0};

    if (oci_reference_parse(pattern, &ref, NULL) == 0)
        strv_take(&f->references, oci_reference_familiar(&ref));
    else
        strv_add(&f->references, pattern);
}

/* ---- matching ---- */

bool image_is_dangling(const struct store_tag_list *tags, const struct store_tag *t)
{
    for (size_t i = 0; !t->name.tag && i < tags->n; i++)
        if (tags->v[i].name.tag && digest_equal(&tags->v[i].id, &t->id))
            return false;
    return !t->name.tag;
}

/* Docker's way: the pattern is held against "name" and "name:tag" in their short forms; slashes count. */
static bool is_referred(char *const *patterns, const struct store_tag *t)
{
    _cleanup_free_ char *name = NULL, *full = NULL;

    if (!patterns)
        return true;
    if (store_tag_nameless(t))
        return false;
    name = oci_reference_familiar_name(&t->name);
    full = oci_reference_familiar(&t->name);
    STRV_FOREACH (pattern, patterns)
        if (fnmatch(*pattern, name, FNM_PATHNAME) == 0 || fnmatch(*pattern, full, FNM_PATHNAME) == 0)
            return true;
    return false;
}

bool image_filter_labels(const struct image_filter *f, char *const *labels)
{
    STRV_FOREACH (label, f->labels)
        if (!strv_env_has(labels, *label))
            return false;
    STRV_FOREACH (label, f->labels_without)
        if (strv_env_has(labels, *label))
            return false;
    return true;
}

static int match_labels(struct store *s, const struct image_filter *f, const struct store_tag *t, struct err *err)
{
    _cleanup_image_config_ struct oci_image_config config = {0};
    int r;

    if (!f->labels && !f->labels_without)
        return 1;
    r = image_read_config(s, &t->id, &config, err);
    return r < 0 ? r : image_filter_labels(f, config.config.labels);
}

int image_filter_match(struct store *s, const struct image_filter *f, const struct store_tag_list *tags,
                       const struct store_tag *t, struct err *err)
{
    if (f->dangling >= 0 && image_is_dangling(tags, t) != (f->dangling == 1))
        return 0;
    if ((f->before && t->created >= f->before) || (f->until && t->created >= f->until) ||
        (f->since && t->created <= f->since))
        return 0;
    return is_referred(f->references, t) ? match_labels(s, f, t, err) : 0;
}

#include "event/filter.h"

#include "oci/reference.h"

#include <ctype.h>

/* ---- does one value fit? ---- */

static bool fits_type(const struct event *e, const char *value)
{
    return str_eq(e->type, value);
}

static bool fits_scope(const struct event *e _unused_, const char *value)
{
    return str_eq(value, "local");
}

static bool fits_event(const struct event *e, const char *value)
{
    return str_eq(e->action, value);
}

static bool begins_event(const struct event *e, const char *value)
{
    return str_after(e->action, value) != NULL;
}

static bool fits_object(const struct event *e, const char *value)
{
    const char *name = strv_env_get(e->attributes, "name");

    return str_after(e->actor, value) || str_after(name ? name : "", value);
}

static bool is_image(const char *text, const char *value)
{
    _cleanup_reference_ struct oci_reference ref = {0};
    _cleanup_free_ char *familiar = NULL;

    if (str_eq(text, value))
        return true;
    if (!text || oci_reference_parse(text, &ref, NULL) < 0)
        return false;
    familiar = oci_reference_familiar_name(&ref);
    return str_eq(familiar, value);
}

static bool fits_image(const struct event *e, const char *value)
{
    return is_image(e->actor, value) ||
           is_image(strv_env_get(e->attributes, str_eq(e->type, "image") ? "name" : "image"), value);
}

static bool fits_label(const struct event *e, const char *value)
{
    return strchr(value, '=') ? strv_contains(e->attributes, value) : strv_env_get(e->attributes, value) != NULL;
}

static const struct filter {
    const char *name;
    bool (*fits)(const struct event *e, const char *value);
    bool all; /* of its values, not one of them */
} filters[] = {
    {"config", fits_object}, {"container", fits_object},  {"daemon", fits_object},  {"event", fits_event},
    {"image", fits_image},   {"label", fits_label, true}, {"network", fits_object}, {"node", fits_object},
    {"plugin", fits_object}, {"scope", fits_scope},       {"secret", fits_object},  {"service", fits_object},
    {"type", fits_type},     {"volume", fits_object},
};

/* ---- reading ---- */

static int parse_word(const char *word, struct event_filter *f, struct err *err)
{
    const char *equals = strchr(word, '=');
    _cleanup_free_ char *name = equals ? str_ndup(word, (size_t)(equals - word)) : NULL;

    if (!equals)
        return err_set(err, ERR_INVALID, "invalid argument \"%s\" for a filter: it has the form NAME=VALUE", word);
    for (char *p = name; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
        if (str_eq(name, filters[i].name)) {
            strv_addf(&f->words, "%s%s", name, equals);
            return 0;
        }
    return err_set(err, ERR_INVALID, "invalid filter '%s'", name);
}

int event_filter_parse(char *const *words, struct event_filter *ret, struct err *err)
{
    int r = 0;

    *ret = (struct event_filter){0};
    STRV_FOREACH (word, words)
        r = r < 0 ? r : parse_word(*word, ret, err);
    return r;
}

void event_filter_release(struct event_filter *f)
{
    strv_free(f->words);
    f->words = NULL;
}

/* ---- matching ---- */

static const char *value_of(const char *word, const char *name)
{
    const char *rest = str_after(word, name);

    return rest && *rest == '=' ? rest + 1 : NULL;
}

/* With one of these, all values of `event` are beginnings. */
static bool wants_beginnings(const struct event_filter *f)
{
    return strv_contains(f->words, "event=health_status") || strv_contains(f->words, "event=exec_create") ||
           strv_contains(f->words, "event=exec_start");
}

static bool match(const struct event_filter *f, const struct filter *filter, const struct event *e)
{
    bool (*fits)(const struct event *, const char *) = filter->fits;
    size_t asked = 0, fitting = 0;

    if (fits == fits_event && wants_beginnings(f))
        fits = begins_event;
    STRV_FOREACH (word, f->words) {
        const char *value = value_of(*word, filter->name);

        if (!value)
            continue;
        asked++;
        fitting += fits(e, value);
    }
    return !asked || (filter->all ? fitting == asked : fitting > 0);
}

bool event_filter_match(const struct event_filter *f, const struct event *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
        if (!match(f, &filters[i], e))
            return false;
    return true;
}

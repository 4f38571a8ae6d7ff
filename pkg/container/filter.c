#include "container/filter.h"

#include "base/num.h"
#include "base/time.h"
#include "image/image.h"
#include "store/network.h"

#include <ctype.h>
#include <regex.h>

/* ---- reading ---- */

struct parsing {
    struct store *store;
    struct container_filter *filter;
};

static int invalid(const char *name, const char *value, struct err *err)
{
    return err_set(err, ERR_INVALID, "invalid filter '%s=%s'", name, value);
}

static int parse_word(const struct parsing *p, const char *name, const char *value, struct err *err _unused_)
{
    strv_addf(&p->filter->words, "%s=%s", name, value);
    return 0;
}

static int parse_label(const struct parsing *p, const char *name, const char *value, struct err *err _unused_)
{
    strv_add(str_ends(name, "!") ? &p->filter->labels_without : &p->filter->labels, value);
    return 0;
}

static int parse_one_of(const struct parsing *p, const char *name, const char *value, const char *const *known,
                        struct err *err)
{
    for (; *known; known++)
        if (str_eq(value, *known))
            return parse_word(p, name, value, err);
    return invalid(name, value, err);
}

static int parse_status(const struct parsing *p, const char *name, const char *value, struct err *err)
{
    static const char *const known[] = {"created",  "running", "paused", "restarting",
                                        "removing", "exited",  "dead",   NULL};

    return parse_one_of(p, name, value, known, err);
}

static int parse_health(const struct parsing *p, const char *name, const char *value, struct err *err)
{
    static const char *const known[] = {"none", "starting", "healthy", "unhealthy", NULL};

    return parse_one_of(p, name, value, known, err);
}

static int parse_exited(const struct parsing *p, const char *name, const char *value, struct err *err)
{
    int64_t code;

    if (num_parse_i64(value, INT32_MIN, INT32_MAX, &code, NULL) < 0)
        return invalid(name, value, err);
    *VEC_PUSH(&p->filter->codes) = code;
    return 0;
}

static int parse_task(const struct parsing *p, const char *name, const char *value, struct err *err)
{
    if (str_eq(value, "true") || str_eq(value, "1"))
        p->filter->tasks = true;
    else if (str_eq(value, "false") || str_eq(value, "0"))
        p->filter->no_tasks = true;
    else
        return invalid(name, value, err);
    return 0;
}

/* An image that is not there is nobody's ancestor, and no mistake. */
static int parse_ancestor(const struct parsing *p, const char *name _unused_, const char *value,
                          struct err *err _unused_)
{
    _cleanup_(store_tag_release) struct store_tag t = {0};

    p->filter->has_ancestor = true;
    if (p->store && image_find(p->store, value, &t, NULL) == 0)
        *VEC_PUSH(&p->filter->ancestors) = t.id;
    return 0;
}

static int parse_neighbour(const struct parsing *p, const char *name, const char *value, struct err *err)
{
    char id[ID_LEN + 1];
    int r = p->store ? store_container_find(p->store, *value == '/' ? value + 1 : value, id, err)
                     : err_set(err, ERR_NOT_FOUND, "no such container: %s", value);

    if (r == 0)
        str_replace(str_eq(name, "before") ? &p->filter->before : &p->filter->since, str_dup(id));
    return r;
}

/* By its name, whatever it was called by. */
static int parse_network(const struct parsing *p, const char *name, const char *value, struct err *err)
{
    struct store_network n = {0};
    int r;

    if (!p->store || store_network_find(p->store, value, &n, NULL) < 0)
        return parse_word(p, name, value, err);
    r = parse_word(p, name, n.name, err);
    store_network_release(&n);
    return r;
}

static int parse_until(const struct parsing *p, const char *name _unused_, const char *value, struct err *err)
{
    int r = time_parse_point(value, time_now(), &p->filter->until, err);

    if (r < 0)
        return err_wrap(err, "filter until");
    if (!p->filter->until) /* 1970 is a time, too */
        p->filter->until = 1;
    return 0;
}

static bool parse_number(const char *text, size_t len, int64_t *ret)
{
    _cleanup_free_ char *number = str_ndup(text, len);

    return num_parse_i64(number, 0, UINT16_MAX, ret, NULL) == 0;
}

/* PORT[-PORT][/PROTOCOL] */
static int parse_port(const struct parsing *p, const char *name, const char *value, struct err *err)
{
    static const char *const protocols[] = {"/tcp", "/udp", "/sctp"};
    const char *slash = strchr(value, '/'), *end = slash ? slash : value + strlen(value);
    const char *dash = memchr(value, '-', (size_t)(end - value)), *first_end = dash ? dash : end;
    struct container_filter_ports *ports;
    bool known = !slash;
    int64_t first, last;

    if (strchr(value, ':'))
        return err_set(err, ERR_INVALID, "filter for '%s' should not contain ':': %s", name, value);
    for (size_t i = 0; slash && i < ARRAY_SIZE(protocols); i++)
        known |= strcasecmp(slash, protocols[i]) == 0;
    if (!known || !parse_number(value, (size_t)(first_end - value), &first))
        first = -1;
    last = first;
    if (first < 0 || (dash && (!parse_number(dash + 1, (size_t)(end - dash - 1), &last) || last < first)))
        return err_set(err, ERR_INVALID, "error while looking up for %s %s: no range of ports", name, value);
    ports = VEC_PUSH(&p->filter->ports);
    *ports = (struct container_filter_ports){str_eq(name, "publish"), str_dup(slash ? slash + 1 : "tcp"), first, last};
    for (char *c = ports->protocol; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return 0;
}

static const struct {
    const char *name;
    int (*parse)(const struct parsing *p, const char *name, const char *value, struct err *err);
    bool lists, prunes;
} filters[] = {
    {"ancestor", parse_ancestor, true}, {"before", parse_neighbour, true},  {"exited", parse_exited, true},
    {"expose", parse_port, true},       {"health", parse_health, true},     {"id", parse_word, true},
    {"is-task", parse_task, true},      {"label", parse_label, true, true}, {"label!", parse_label, false, true},
    {"name", parse_word, true},         {"network", parse_network, true},   {"publish", parse_port, true},
    {"since", parse_neighbour, true},   {"status", parse_status, true},     {"until", parse_until, false, true},
    {"volume", parse_word, true},
};

static int parse(const struct parsing *p, const char *word, enum container_filter_for what, struct err *err)
{
    const char *equals = strchr(word, '=');
    _cleanup_free_ char *name = equals ? str_ndup(word, (size_t)(equals - word)) : NULL;

    if (!equals)
        return err_set(err, ERR_INVALID, "invalid argument \"%s\" for a filter: it has the form NAME=VALUE", word);
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
        if (str_eq(name, filters[i].name) && (what == CONTAINER_FILTER_LIST ? filters[i].lists : filters[i].prunes))
            return filters[i].parse(p, name, equals + 1, err);
    return err_set(err, ERR_INVALID, "invalid filter '%s'", name);
}

int container_filter_parse(struct store *s, char *const *words, enum container_filter_for what,
                           struct container_filter *ret, struct err *err)
{
    const struct parsing p = {s, ret};
    int r = 0;

    *ret = (struct container_filter){0};
    STRV_FOREACH (word, words)
        r = r < 0 ? r : parse(&p, *word, what, err);
    return r;
}

void container_filter_release(struct container_filter *f)
{
    strv_free(f->words);
    strv_free(f->labels);
    strv_free(f->labels_without);
    free(f->ancestors.v);
    free(f->codes.v);
    VEC_FOREACH (p, &f->ports)
        free(p->protocol);
    free(f->ports.v);
    free(f->before);
    free(f->since);
    *f = (struct container_filter){0};
}

/* ---- matching ---- */

static const char *value_of(const char *word, const char *name)
{
    const char *rest = str_after(word, name);

    return rest && *rest == '=' ? rest + 1 : NULL;
}

bool container_filter_has(const struct container_filter *f, const char *name)
{
    STRV_FOREACH (word, f->words)
        if (value_of(*word, name))
            return true;
    return false;
}

/* The name as it is, or with the slash that Docker has before it; what is no expression fits only as it is. */
static bool fits_name(const char *name, const char *value)
{
    _cleanup_free_ char *slashed = str_printf("/%s", name ? name : "");
    regex_t regex;
    bool fits;

    if (str_eq(slashed, value) || str_eq(name, value))
        return true;
    if (regcomp(&regex, value, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    fits = regexec(&regex, slashed, 0, NULL, 0) == 0 || regexec(&regex, slashed + 1, 0, NULL, 0) == 0;
    regfree(&regex);
    return fits;
}

static bool fits_volume(const struct engine_options *options, const char *value)
{
    if (options)
        VEC_FOREACH (m, &options->mounts)
            if (str_eq(m->destination, value) || str_eq(str_given(m->name) ? m->name : m->source, value))
                return true;
    return false;
}

static bool fits_network(const char *networks, const char *value)
{
    _cleanup_strv_ char **names = strv_split(networks ? networks : "", ',');

    return strv_contains(names, value);
}

static bool fits(const struct store_container_record *record, const struct engine_options *options, const char *name,
                 const char *value)
{
    if (str_eq(name, "id"))
        return str_after(record->id, value) != NULL;
    if (str_eq(name, "name"))
        return fits_name(record->name, value);
    if (str_eq(name, "status"))
        return str_eq(store_container_status_name(record->status), value);
    if (str_eq(name, "health"))
        return str_eq(record->health ? record->health : "none", value);
    if (str_eq(name, "network"))
        return fits_network(record->network, value);
    return fits_volume(options, value);
}

/* Of each name that was asked for, one value. */
static bool match_words(const struct container_filter *f, const struct store_container_record *record,
                        const struct engine_options *options)
{
    static const char *const names[] = {"id", "name", "status", "health", "network", "volume"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        bool asked = false, fitting = false;

        STRV_FOREACH (word, f->words) {
            const char *value = value_of(*word, names[i]);

            asked |= value != NULL;
            fitting |= value && fits(record, options, names[i], value);
        }
        if (asked && !fitting)
            return false;
    }
    return true;
}

static bool match_labels(const struct container_filter *f, char *const *labels)
{
    STRV_FOREACH (label, f->labels)
        if (!strv_env_has(labels, *label))
            return false;
    STRV_FOREACH (label, f->labels_without)
        if (strv_env_has(labels, *label))
            return false;
    return true;
}

static bool match_code(const struct container_filter *f, const struct store_container_record *record)
{
    VEC_FOREACH (code, &f->codes)
        if (*code == record->exit_code && record->started && !store_container_is_alive(record->status))
            return true;
    return !f->codes.n;
}

static bool match_ancestor(const struct container_filter *f, const struct store_container_record *record)
{
    VEC_FOREACH (id, &f->ancestors)
        if (digest_equal(id, &record->image_id))
            return true;
    return !f->has_ancestor;
}

static bool fits_port(const struct container_filter *f, const struct container_port *p)
{
    VEC_FOREACH (wanted, &f->ports) {
        int64_t port = wanted->outside ? p->outside : p->inside;

        if (port && port >= wanted->first && port <= wanted->last && str_eq(p->protocol, wanted->protocol))
            return true;
    }
    return false;
}

static bool match_ports(const struct container_filter *f, const container_ports *ports)
{
    if (!f->ports.n)
        return true;
    VEC_FOREACH (p, ports)
        if (fits_port(f, p))
            return true;
    return false;
}

bool container_filter_match(const struct container_filter *f, const struct store_container_record *record,
                            const struct engine_options *options, const container_ports *ports)
{
    /* There are no tasks. */
    if (!match_ports(f, ports) || f->tasks || (f->until && record->created >= f->until))
        return false;
    return match_labels(f, record->labels) && match_code(f, record) && match_words(f, record, options) &&
           match_ancestor(f, record);
}

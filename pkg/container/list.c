#include "container/list.h"

#include "container/container.h"

/* A record of one that is at rest is true as it is; where one is said to run, the lock says whether that is so. Most
 * containers cost one file, or one and a lock. */
static int look(struct store *s, const char *id, bool alive_only, struct store_container_record *ret, bool *ret_passed,
                struct err *err)
{
    struct err why = ERR_INIT;
    int r = store_container_glance(s, id, alive_only, ret, ret_passed, &why);

    if (r < 0)
        return container_look(s, id, ret, err); /* being made or removed, or broken: which it says */
    if (*ret_passed || (!store_container_is_alive(ret->status) && !ret->remove) || store_container_is_locked(s, id))
        return 0;
    store_container_record_release(ret);
    return container_look(s, id, ret, err);
}

static int newest_first(const void *va, const void *vb)
{
    const struct store_container_record *a = va, *b = vb;

    return (a->created < b->created) - (a->created > b->created);
}

static int collect(struct store *s, bool alive_only, void (*broken)(const struct err *why), struct container_list *ret,
                   struct err *err)
{
    _cleanup_strv_ char **ids = NULL;
    int r = store_container_list(s, &ids, err);

    if (r < 0)
        return r;
    STRV_FOREACH (id, ids) {
        struct store_container_record record = {0};
        struct err why = ERR_INIT;
        bool passed = false;

        r = look(s, *id, alive_only, &record, &passed, &why);
        if (r == 0 && record.build)
            store_container_record_release(&record);
        else if (r == 0 && !passed)
            *VEC_PUSH(ret) = record;
        else if (r < 0 && r != ERR_NOT_FOUND) /* removed meanwhile */
            broken(&why);
    }
    if (ret->n)
        qsort(ret->v, ret->n, sizeof(*ret->v), newest_first);
    return 0;
}

static bool match(struct store *s, const struct container_filter *f, const port_claims *claims,
                  const struct store_container_record *record)
{
    _cleanup_engine_options_ struct engine_options options = {0};
    container_ports ports = {0};
    bool fits;

    if (container_filter_has(f, "volume"))
        (void)container_read_options(s, record->id, &options, NULL);
    if (f->ports.n && store_container_is_alive(record->status))
        container_ports_list(claims, record->id, record->exposed, &ports);
    fits = container_filter_match(f, record, &options, &ports);
    free(ports.v);
    return fits;
}

/* Keeps what is meant; the places of before and since are those in the whole list. */
static void choose(struct store *s, const struct container_list_options *o, struct container_list *l)
{
    const struct container_filter none = {0}, *f = o->filter ? o->filter : &none;
    bool all = o->all || o->last > 0 || container_filter_has(f, "status");
    bool begun = !f->before, ended = false;
    port_claims claims = {0};
    size_t kept = 0;

    if (f->ports.n)
        (void)ports_list(s, NULL, &claims, NULL);
    for (size_t i = 0; i < l->n; i++) {
        struct store_container_record record = l->v[i];
        bool wanted = begun;

        begun |= str_eq(record.id, f->before);
        ended |= str_eq(record.id, f->since) || (o->last > 0 && kept == (size_t)o->last);
        wanted = wanted && !ended && (all || store_container_is_alive(record.status)) && match(s, f, &claims, &record);
        if (wanted)
            l->v[kept++] = record;
        else
            store_container_record_release(&record);
    }
    l->n = kept;
    port_claims_release(&claims);
}

int container_list(struct store *s, const struct container_list_options *o, void (*broken)(const struct err *why),
                   struct container_list *ret, struct err *err)
{
    const struct container_filter *f = o->filter;
    bool whole = o->all || o->last > 0 || (f && (f->before || f->since || container_filter_has(f, "status")));
    int r = collect(s, !whole, broken, ret, err);

    if (r == 0)
        choose(s, o, ret);
    return r;
}

void container_list_release(struct container_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        store_container_record_release(&l->v[i]);
    free(l->v);
    *l = (struct container_list){0};
}

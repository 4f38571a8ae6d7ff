#include "image/prune.h"

#include "base/vec.h"
#include "image/announce.h"
#include "image/internal.h"
#include "store/uses.h"
#include "sys/fd.h"

struct pruning {
    struct store *store;
    const struct image_filter *filter;
    const struct image_removal *how;
    bool all;
    struct store_tag_list tags;
    VEC(struct digest) used; /* manifests */
    VEC(struct digest) ids;  /* of images that go */
};

static void pruning_release(struct pruning *p)
{
    store_tag_list_release(&p->tags);
    free(p->used.v);
    free(p->ids.v);
}

static int add_use(const struct store_use *use, void *data, struct err *err)
{
    struct pruning *p = data;

    (void)err;
    if (use->manifest.algorithm != DIGEST_NONE)
        *VEC_PUSH(&p->used) = use->manifest;
    return 0;
}

static bool is_used(const struct pruning *p, const struct store_tag *t)
{
    for (size_t i = 0; i < p->tags.n; i++) {
        if (!digest_equal(&p->tags.v[i].id, &t->id))
            continue;
        VEC_FOREACH (used, &p->used)
            if (digest_equal(used, &p->tags.v[i].manifest))
                return true;
    }
    return false;
}

/* 1 where the record's image is to go. */
static int is_unwanted(const struct pruning *p, const struct store_tag *t, struct err *err)
{
    if ((!p->all && !image_is_dangling(&p->tags, t)) || is_used(p, t))
        return 0;
    return image_filter_match(p->store, p->filter, &p->tags, t, err);
}

static int untag(struct pruning *p, struct err *err)
{
    for (size_t i = 0; i < p->tags.n; i++) {
        const struct store_tag *t = &p->tags.v[i];
        struct err why = ERR_INIT;
        int r = is_unwanted(p, t, err);

        if (r < 0)
            return r;
        if (r == 0)
            continue;
        *VEC_PUSH(&p->ids) = t->id;
        r = store_tag_remove(p->store, &t->name, &why);
        if (r < 0 && r != ERR_NOT_FOUND) { /* somebody else's removal may be faster */
            *err = why;
            return r;
        }
        if (r < 0)
            continue;
        image_tell_untagged(p->how, t);
        if (!store_tag_nameless(t))
            image_announce(p->store, "untag", &t->id, NULL);
    }
    return 0;
}

int image_prune(struct store *s, const struct image_filter *filter, bool all, const struct image_removal *how,
                struct err *err)
{
    struct image_filter kept = *filter; /* borrowed */
    _cleanup_(pruning_release) struct pruning p = {.store = s, .filter = &kept, .how = how};
    _cleanup_fd_ int lock = -1;
    int r = store_tag_lock(s, &lock, err);

    if (r == 0)
        r = store_tag_list(s, &p.tags, err);
    p.all = all || filter->dangling == 0;
    kept.dangling = -1; /* said already */
    if (r == 0)
        r = store_each_use(s, add_use, &p, err);
    if (r == 0)
        r = untag(&p, err);
    lock = fd_close(lock);
    return r < 0 ? r : image_sweep(s, how, p.ids.v, p.ids.n, err);
}

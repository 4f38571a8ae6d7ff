#include "image/image.h"

#include "base/vec.h"
#include "image/announce.h"
#include "image/internal.h"
#include "store/gc.h"
#include "store/uses.h"
#include "sys/fd.h"

struct removal {
    struct store *store;
    const struct image_removal *how;
    struct image_match match;
    bool by_digest;             /* a repository and a digest were named */
    struct store_tag_list tags; /* all names of all images */
};

static void removal_release(struct removal *rm)
{
    store_tag_release(&rm->match.tag);
    store_tag_list_release(&rm->tags);
}

static bool same_image(const struct removal *rm, const struct store_tag *t)
{
    return digest_equal(&rm->match.tag.id, &t->id);
}

static bool same_repository(const struct store_tag *a, const struct store_tag *b)
{
    return str_eq(a->name.domain, b->name.domain) && str_eq(a->name.path, b->name.path);
}

/* Whether a name goes when the one that was meant goes: all of the image for an ID, all of its repository for a digest
 * there, the name itself otherwise, and with the last tag in a repository the digests under which that keeps the image.
 */
static bool goes(const struct removal *rm, const struct store_tag *t)
{
    const struct store_tag *meant = &rm->match.tag;

    if (!same_image(rm, t))
        return false;
    if (rm->match.by_id)
        return true;
    if (!same_repository(t, meant))
        return false;
    if (rm->by_digest)
        return true;
    if (str_eq(t->name.tag, meant->name.tag) && digest_equal(&t->name.digest, &meant->name.digest))
        return true;
    if (t->name.tag)
        return false;
    for (size_t i = 0; i < rm->tags.n; i++) {
        const struct store_tag *other = &rm->tags.v[i];

        if (other->name.tag && same_image(rm, other) && same_repository(other, meant) &&
            !str_eq(other->name.tag, meant->name.tag))
            return false;
    }
    return meant->name.tag != NULL;
}

static size_t count_staying(const struct removal *rm)
{
    size_t n = 0;

    for (size_t i = 0; i < rm->tags.n; i++)
        n += same_image(rm, &rm->tags.v[i]) && !goes(rm, &rm->tags.v[i]);
    return n;
}

static bool in_several_repositories(const struct removal *rm)
{
    for (size_t i = 0; i < rm->tags.n; i++)
        if (same_image(rm, &rm->tags.v[i]) && !same_repository(&rm->tags.v[i], &rm->match.tag))
            return true;
    return false;
}

/* ---- may it go? ---- */

static int refuse_use(const struct store_use *use, void *data, struct err *err)
{
    const struct removal *rm = data;

    for (size_t i = 0; i < rm->tags.n; i++) {
        if (!same_image(rm, &rm->tags.v[i]) || !digest_equal(&use->manifest, &rm->tags.v[i].manifest))
            continue;
        err_set(err, ERR_BUSY, "image %.12s is used by container %s (%.12s)", rm->match.tag.id.hex,
                use->name ? use->name : "without a name", use->id ? use->id : "?");
        return err_hint(err, "remove the container first, or take away the image's names alone with --force");
    }
    return 0;
}

static int check(struct removal *rm, struct err *err)
{
    if (rm->how->force)
        return 0;
    if (rm->match.by_id && in_several_repositories(rm)) {
        err_set(err, ERR_BUSY, "image %.12s has names in several repositories", rm->match.tag.id.hex);
        return err_hint(err, "remove them by name, or all at once with --force");
    }
    return count_staying(rm) > 0 ? 0 : store_each_use(rm->store, refuse_use, rm, err);
}

/* ---- going ---- */

void image_tell_untagged(const struct image_removal *how, const struct store_tag *t)
{
    _cleanup_free_ char *text = NULL;

    if (!how->untagged || store_tag_nameless(t))
        return;
    text = oci_reference_familiar(&t->name);
    how->untagged(text, how->data);
}

/* The digest that a registry knows the image by, once its last tag in the repository is gone. */
static void tell_digest(const struct removal *rm)
{
    struct store_tag by_digest = rm->match.tag; /* borrowed */

    if (rm->match.tag.local)
        return;
    for (size_t i = 0; i < rm->tags.n; i++) {
        const struct store_tag *t = &rm->tags.v[i];

        if (same_repository(t, &rm->match.tag) && digest_equal(&t->target, &rm->match.tag.target) &&
            (!goes(rm, t) || !t->name.tag))
            return;
    }
    by_digest.name.tag = NULL;
    by_digest.name.digest = by_digest.target;
    image_tell_untagged(rm->how, &by_digest);
}

static int untag(struct removal *rm, struct err *err)
{
    for (size_t i = 0; i < rm->tags.n; i++) {
        const struct store_tag *t = &rm->tags.v[i];
        int r;

        if (!goes(rm, t))
            continue;
        r = store_tag_remove(rm->store, &t->name, NULL);
        if (r < 0 && r != ERR_NOT_FOUND) /* somebody else's rmi may be faster */
            return store_tag_remove(rm->store, &t->name, err);
        image_tell_untagged(rm->how, t);
        if (r == 0 && !store_tag_nameless(t))
            image_announce(rm->store, "untag", &t->id, NULL);
    }
    tell_digest(rm);
    return 0;
}

/* ---- sweeping ---- */

struct sweep {
    const struct digest *ids;
    size_t n_ids;
    VEC(struct digest) images, layers; /* that were deleted */
};

static void on_removed(enum store_dir kind, const struct digest *d, void *data)
{
    struct sweep *sw = data;

    if (kind == STORE_LAYERS)
        *VEC_PUSH(&sw->layers) = *d;
    for (size_t i = 0; kind == STORE_BLOBS && i < sw->n_ids; i++)
        if (digest_equal(d, &sw->ids[i])) {
            *VEC_PUSH(&sw->images) = *d;
            break;
        }
}

int image_sweep(struct store *s, const struct image_removal *how, const struct digest *ids, size_t n_ids,
                struct err *err)
{
    struct sweep sw = {.ids = ids, .n_ids = n_ids};
    const struct store_gc_options options = {.removed = on_removed, .data = &sw, .downloads = how->downloads};
    int r = store_gc(s, &options, err);

    VEC_FOREACH (image, &sw.images) {
        if (how->deleted)
            how->deleted(STORE_ROOT, image, how->data);
        image_announce(s, "delete", image, NULL);
    }
    VEC_FOREACH (layer, &sw.layers)
        if (how->deleted)
            how->deleted(STORE_LAYERS, layer, how->data);
    free(sw.images.v);
    free(sw.layers.v);
    return r;
}

static bool has_digest(const struct store_tag *t, const struct digest *d)
{
    return digest_equal(&t->target, d) || digest_equal(&t->manifest, d);
}

/* With a digest alone all tags in the repository are meant that have it; with a tag beside it that one. */
static int find_meant(struct removal *rm, const char *name, struct err *err)
{
    _cleanup_(store_tag_release) struct store_tag tagged = {0};
    _cleanup_reference_ struct oci_reference ref = {0};
    struct digest digest;
    int r = image_resolve(rm->store, name, &rm->match, err);

    if (r < 0 || rm->match.by_id || oci_reference_parse(name, &ref, NULL) < 0 || ref.digest.algorithm == DIGEST_NONE)
        return r;
    rm->by_digest = !ref.tag;
    if (!ref.tag || !rm->match.tag.name.tag)
        return 0;
    digest = ref.digest;
    ref.digest = (struct digest){0};
    if (store_tag_get(rm->store, &ref, &tagged, NULL) < 0 || !has_digest(&tagged, &digest))
        return err_set(err, ERR_NOT_FOUND, "no such image: %s", name);
    store_tag_release(&rm->match.tag);
    rm->match.tag = tagged;
    tagged = (struct store_tag){0};
    return 0;
}

int image_remove(struct store *s, const char *name, const struct image_removal *how, struct err *err)
{
    _cleanup_(removal_release) struct removal rm = {.store = s, .how = how};
    _cleanup_fd_ int lock = -1;
    int r = store_tag_lock(s, &lock, err);

    if (r == 0)
        r = find_meant(&rm, name, err);
    if (r == 0)
        r = store_tag_list(s, &rm.tags, err);
    if (r == 0)
        r = check(&rm, err);
    if (r == 0)
        r = untag(&rm, err);
    lock = fd_close(lock);
    if (r < 0 || count_staying(&rm) > 0)
        return r;
    return image_sweep(s, how, &rm.match.tag.id, 1, err);
}

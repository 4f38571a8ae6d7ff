#include "image/name.h"

#include "base/time.h"
#include "image/announce.h"
#include "store/layer.h"
#include "sys/fd.h"

static bool has_name(const struct store_tag *t, const struct oci_reference *name)
{
    return str_eq(t->name.tag, name->tag) && digest_equal(&t->name.digest, &name->digest);
}

static int count_names(struct store *s, const struct digest *id, struct store_tag_list *ret, size_t *ret_n,
                       struct err *err)
{
    int r = store_tag_list(s, ret, err);

    *ret_n = 0;
    for (size_t i = 0; r == 0 && i < ret->n; i++)
        *ret_n += digest_equal(&ret->v[i].id, id);
    return r;
}

static int keep_nameless(struct store *s, const struct store_tag *t, struct err *err)
{
    struct store_tag kept = *t; /* borrowed, all of it */

    kept.name = (struct oci_reference){.domain = (char *)"", .path = (char *)"", .digest = t->manifest};
    kept.local = true;
    return store_tag_set(s, &kept, err);
}

/* The image from a registry whose last name goes to the image of `by`: under the digest it was pulled by, or under that
 * of its own manifest where the other one means another image of the same index. */
static int keep_by_digest(struct store *s, const struct store_tag_list *tags, const struct store_tag *old,
                          const struct store_tag *by, struct err *err)
{
    const struct store_tag *meant = store_tag_list_find(tags, &old->name, &old->target);
    struct store_tag kept = *old; /* borrowed, all of it */

    if (digest_equal(&old->target, &by->target) || (meant && !digest_equal(&meant->id, &old->id))) {
        kept.target = old->manifest;
        kept.complete = false;
    }
    kept.name.tag = NULL;
    kept.name.digest = kept.target;
    return store_tag_set(s, &kept, err);
}

static int keep_replaced(struct store *s, const struct store_tag *old, const struct store_tag *by, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    size_t names;
    int r = count_names(s, &old->id, &tags, &names, err);

    if (r < 0 || names > 1)
        return r;
    return old->local ? keep_nameless(s, old, err) : keep_by_digest(s, &tags, old, by, err);
}

/* A digest means the image that was pulled last under it: a record of another one under that digest goes. */
static int free_digest(struct store *s, const struct store_tag *by, struct err *err)
{
    _cleanup_(store_tag_release) struct store_tag old = {0};
    struct oci_reference name = by->name; /* borrowed */
    int r;

    name.tag = NULL;
    name.digest = by->target;
    if (store_tag_get(s, &name, &old, NULL) < 0 || !has_name(&old, &name) || digest_equal(&old.id, &by->id))
        return 0;
    r = keep_replaced(s, &old, by, err);
    return r < 0 ? r : store_tag_remove(s, &name, err);
}

static int layers_bytes(struct store *s, const struct oci_image_config *config, int64_t *ret, struct err *err)
{
    int64_t sum = 0;

    for (size_t i = 0; i < oci_image_config_layers(config); i++) {
        struct store_layer_info info;
        struct digest diff_id;
        int r;

        oci_image_config_diff_id(config, i, &diff_id);
        r = store_layer_read_info(s, &diff_id, &info, err);
        if (r < 0)
            return r;
        sum += info.bytes;
    }
    *ret = sum;
    return 0;
}

/* Puts the record in the place of whatever has its name, and removes the one without a name that the image had. */
static int set(struct store *s, const struct store_tag *t, const struct store_tag *old, struct err *err)
{
    struct oci_reference nameless = {.domain = (char *)"", .path = (char *)"", .digest = t->manifest};
    int r = t->name.tag ? free_digest(s, t, err) : 0;

    if (r == 0 && old && !digest_equal(&old->id, &t->id))
        r = keep_replaced(s, old, t, err);
    if (r == 0)
        r = store_tag_set(s, t, err);
    if (r < 0 || store_tag_nameless(t))
        return r;
    r = store_tag_remove(s, &nameless, NULL);
    return r == ERR_NOT_FOUND ? 0 : r;
}

/* The name as a record has it: a digest alone where one was written, else the tag. */
static void name_of(const struct oci_reference *written, const struct digest *manifest, struct oci_reference *ret)
{
    if (!written) {
        *ret = (struct oci_reference){.domain = str_dup(""), .path = str_dup(""), .digest = *manifest};
        return;
    }
    oci_reference_copy(written, ret);
    if (ret->digest.algorithm != DIGEST_NONE)
        str_replace(&ret->tag, NULL);
    else
        oci_reference_default_tag(ret);
}

static bool same_meaning(const struct store_tag *a, const struct store_tag *b)
{
    return digest_equal(&a->target, &b->target) && digest_equal(&a->manifest, &b->manifest) &&
           digest_equal(&a->id, &b->id) && a->complete == b->complete && a->local == b->local;
}

/* What the name means now, if it is taken: 1 and the record, or 0. */
static int find_old(struct store *s, const struct oci_reference *name, struct store_tag *ret, bool *ret_known)
{
    int r = store_tag_get(s, name, ret, NULL);

    *ret_known = r == 0;
    return r == 0 && has_name(ret, name);
}

/* What is known of an image once does not get lost: not that a registry has it, nor that it is there for every
 * platform. */
static void keep_known(struct store_tag *t, const struct store_tag *old)
{
    if (!digest_equal(&old->target, &t->target))
        return;
    t->local = t->local && old->local;
    t->complete = t->complete || old->complete;
}

int image_name_give(struct store *s, const struct oci_reference *name, const struct image_meaning *meaning,
                    bool *ret_newer, struct err *err)
{
    _cleanup_(store_tag_release) struct store_tag t = {.pulled = time_now()}, old = {0};
    _cleanup_fd_ int lock = -1;
    bool known, taken;
    int r = store_tag_lock(s, &lock, err);

    if (r < 0)
        return r;
    name_of(name, &meaning->manifest, &t.name);
    t.target = meaning->target;
    t.manifest = meaning->manifest;
    t.id = meaning->id;
    t.local = meaning->local;
    t.complete = meaning->complete;
    taken = find_old(s, &t.name, &old, &known);
    if (ret_newer)
        *ret_newer = !known || !digest_equal(&old.id, &t.id) || (t.complete && !old.complete);
    if (taken)
        keep_known(&t, &old);
    if (taken && same_meaning(&t, &old))
        return 0;
    r = layers_bytes(s, meaning->config, &t.bytes, err);
    if (r < 0)
        return r;
    t.platform = oci_platform_format(&meaning->config->platform);
    if (meaning->config->created)
        (void)time_parse(meaning->config->created, &t.created, NULL);
    return set(s, &t, taken ? &old : NULL, err);
}

int image_name_copy(struct store *s, const struct oci_reference *name, const struct store_tag *from, struct err *err)
{
    _cleanup_(store_tag_release) struct store_tag old = {0};
    _cleanup_reference_ struct oci_reference full = {0};
    struct store_tag t = *from; /* borrowed, but for the name */
    _cleanup_fd_ int lock = -1;
    bool known, taken;
    int r = store_tag_lock(s, &lock, err);

    if (r < 0)
        return r;
    name_of(name, &from->manifest, &full);
    t.name = full;
    t.local = true;
    t.pulled = time_now();
    taken = find_old(s, &full, &old, &known);
    if (taken)
        keep_known(&t, &old);
    r = taken && same_meaning(&t, &old) ? 0 : set(s, &t, taken ? &old : NULL, err);
    if (r == 0)
        image_announce(s, "tag", &t.id, &full);
    return r;
}

int image_name_take(struct store *s, const struct store_tag *t, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    _cleanup_fd_ int lock = -1;
    size_t names = 0;
    int r = store_tag_lock(s, &lock, err);

    if (r == 0)
        r = count_names(s, &t->id, &tags, &names, err);
    if (r == 0 && names <= 1)
        r = keep_nameless(s, t, err);
    if (r == 0)
        r = store_tag_remove(s, &t->name, err);
    if (r == 0)
        image_announce(s, "untag", &t->id, NULL);
    return r;
}

#include "image/internal.h"
#include "image/save_internal.h"
#include "store/blob.h"

/* The manifest of a platform, out of what the name was pulled from. */
static int choose_platform(struct planning *p, const struct store_tag *t, const char *shown, struct digest *ret,
                           struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    _cleanup_platform_ struct oci_platform wanted = {0}, has = {0};
    _cleanup_index_ struct oci_index index = {0};
    const struct oci_descriptor *selected;
    int r = oci_platform_parse(p->options->platform, &wanted, err);

    if (r < 0)
        return r;
    *ret = t->manifest;
    if (digest_equal(&t->target, &t->manifest)) {
        if (t->platform && oci_platform_parse(t->platform, &has, NULL) == 0 && oci_platform_distance(&wanted, &has) < 0)
            return err_set(err, ERR_NOT_FOUND, "image %s is not for the platform %s: it is for %s", shown,
                           p->options->platform, t->platform);
        return 0;
    }
    r = store_blob_read(p->store, &t->target, &text, err);
    if (r == 0)
        r = oci_index_parse(buf_str(&text), text.len, &index, err);
    if (r == 0)
        r = oci_index_select(&index, &wanted, &selected, err);
    if (r < 0)
        return err_wrap(err, "image %s", shown);
    *ret = selected->digest;
    if (store_blob_has(p->store, ret))
        return 0;
    err_set(err, ERR_NOT_FOUND, "image %s is not here for the platform %s", shown, p->options->platform);
    return err_hint(err, "cbox pull --platform %s %s", p->options->platform, shown);
}

static int choose(struct planning *p, const struct store_tag *t, struct saved *image, struct err *err)
{
    image->root = image->manifest = t->manifest;
    if (p->options->platform) {
        int r = choose_platform(p, t, image->shown, &image->manifest, err);

        image->root = image->manifest;
        return r;
    }
    if (!p->options->all_platforms || digest_equal(&t->target, &t->manifest))
        return 0;
    if (!t->complete) {
        err_set(err, ERR_NOT_FOUND, "image %s is not here for all of its platforms", image->shown);
        return err_hint(err, "cbox pull --all-platforms %s", image->shown);
    }
    image->root = t->target;
    return 0;
}

static int add_image(struct planning *p, const struct store_tag *t, const char *shown, bool named, struct err *err)
{
    struct saved chosen = {.shown = (char *)shown}, *image = NULL;
    int r = choose(p, t, &chosen, err);

    if (r < 0)
        return r;
    VEC_FOREACH (known, &p->images)
        if (digest_equal(&known->root, &chosen.root))
            image = known;
    if (!image) {
        image = VEC_PUSH(&p->images);
        *image = (struct saved){.shown = str_dup(shown), .root = chosen.root, .manifest = chosen.manifest};
    }
    if (!named || !t->name.tag)
        return 0;
    VEC_FOREACH (name, &image->names)
        if (str_eq(name->domain, t->name.domain) && str_eq(name->path, t->name.path) && str_eq(name->tag, t->name.tag))
            return 0;
    oci_reference_copy(&t->name, VEC_PUSH(&image->names));
    return 0;
}

/* All tags of a repository: 1, or 0 where it has none. */
static int add_repository(struct planning *p, const struct oci_reference *repository, struct err *err)
{
    int found = 0;

    for (size_t i = 0; i < p->tags.n; i++) {
        const struct store_tag *t = &p->tags.v[i];
        _cleanup_free_ char *shown = NULL;
        int r;

        if (!t->name.tag || !str_eq(t->name.domain, repository->domain) || !str_eq(t->name.path, repository->path))
            continue;
        shown = oci_reference_familiar(&t->name);
        r = add_image(p, t, shown, true, err);
        if (r < 0)
            return r;
        found = 1;
    }
    return found;
}

int save_choose(struct planning *p, const char *text, struct err *err)
{
    _cleanup_reference_ struct oci_reference ref = {0};
    struct image_match match;
    int r = 0;

    if (oci_reference_parse(text, &ref, NULL) == 0 && !ref.tag && ref.digest.algorithm == DIGEST_NONE)
        r = add_repository(p, &ref, err);
    if (r != 0)
        return MIN_OF(r, 0);
    r = image_resolve(p->store, text, &match, err);
    if (r < 0)
        return r;
    r = add_image(p, &match.tag, text, !match.by_id, err);
    store_tag_release(&match.tag);
    return r;
}

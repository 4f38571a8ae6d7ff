#include "image/image.h"

#include "image/internal.h"
#include "oci/manifest.h"
#include "store/blob.h"
#include "store/layer.h"

#include <ctype.h>

enum { ID_PREFIX_MIN = 3 };

/* The hexadecimal digits of an ID or of its start, or NULL where `text` is none. */
static const char *id_prefix(const char *text)
{
    const char *hex = str_after(text, "sha256:");
    size_t n = 0;

    if (!hex)
        hex = text;
    while (isdigit((unsigned char)hex[n]) || (hex[n] >= 'a' && hex[n] <= 'f'))
        n++;
    return hex[n] || n < ID_PREFIX_MIN || n > DIGEST_HEX_MAX ? NULL : hex;
}

static bool begins_id(const struct store_tag *t, const char *hex)
{
    return str_after(t->id.hex, hex) != NULL;
}

/* A build for several platforms has one digest, of its index, and says no other. */
static bool begins_digest(const struct store_tag *t, const char *hex)
{
    return str_after(t->target.hex, hex) || str_after(t->manifest.hex, hex);
}

/* Takes the record that is meant out of the list, if there is one. */
static int take_begun(struct store_tag_list *tags, bool (*begins)(const struct store_tag *t, const char *hex),
                      const char *hex, const char *name, struct image_match *ret, struct err *err)
{
    struct store_tag *found = NULL;

    for (size_t i = 0; i < tags->n; i++) {
        if (!begins(&tags->v[i], hex))
            continue;
        if (found && !digest_equal(&found->id, &tags->v[i].id))
            return err_set(err, ERR_INVALID, "%s begins the ID of several images", name);
        found = found ? found : &tags->v[i];
    }
    if (!found)
        return 0;
    ret->by_id = true;
    ret->tag = *found;
    *found = (struct store_tag){0};
    return 0;
}

int image_resolve(struct store *s, const char *name, struct image_match *ret, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    _cleanup_reference_ struct oci_reference ref = {0};
    struct err why = ERR_INIT;
    const char *hex = id_prefix(name);
    int r = oci_reference_parse(name, &ref, &why);

    *ret = (struct image_match){0};
    if (r == 0) {
        oci_reference_default_tag(&ref);
        r = store_tag_get(s, &ref, &ret->tag, &why);
    }
    if (r == 0 || (r != ERR_NOT_FOUND && r != ERR_INVALID) || !hex) {
        if (r < 0 && err)
            *err = why;
        return r;
    }
    r = store_tag_list(s, &tags, err);
    if (r < 0)
        return r;
    r = take_begun(&tags, begins_id, hex, name, ret, err);
    if (r == 0 && !ret->by_id)
        r = take_begun(&tags, begins_digest, hex, name, ret, err);
    if (r < 0)
        return r;
    return ret->by_id ? 0 : err_set(err, ERR_NOT_FOUND, "no such image: %s", name);
}

int image_find(struct store *s, const char *name, struct store_tag *ret, struct err *err)
{
    struct image_match match;
    int r = image_resolve(s, name, &match, err);

    if (r == 0)
        *ret = match.tag;
    return r;
}

int image_read_config(struct store *s, const struct digest *id, struct oci_image_config *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_CONFIG_MAX);
    int r = store_blob_read(s, id, &text, err);

    return r < 0 ? r : oci_image_config_parse(buf_str(&text), text.len, ret, err);
}

/* The layers in their order, each in its highest place. */
static int list_layers(struct store *s, struct image *image, struct err *err)
{
    size_t n = oci_image_config_layers(&image->config);
    char text[DIGEST_TEXT_MAX];

    image->layers = mem_zalloc(n, sizeof(*image->layers));
    for (size_t i = 0; i < n; i++) {
        struct digest *d = &image->layers[image->n_layers];
        bool again = false;

        oci_image_config_diff_id(&image->config, i, d);
        for (size_t k = i + 1; k < n && !again; k++) {
            struct digest higher;

            oci_image_config_diff_id(&image->config, k, &higher);
            again = digest_equal(d, &higher);
        }
        if (again)
            continue;
        if (!store_layer_has(s, d))
            return err_set(err, ERR_CORRUPT, "its layer %s is missing", digest_format(d, text));
        image->n_layers++;
    }
    return 0;
}

int image_open(struct store *s, const char *name, struct image *ret, struct err *err)
{
    struct err why = ERR_INIT;
    int r;

    *ret = (struct image){0};
    r = image_find(s, name, &ret->tag, err);
    if (r < 0)
        return r;
    r = image_read_config(s, &ret->tag.id, &ret->config, &why);
    if (r == 0)
        r = list_layers(s, ret, &why);
    if (r == 0)
        return 0;
    image_release(ret);
    if (err)
        *err = why;
    err_wrap(err, "image %s", name);
    return err_hint(err, "pull it again");
}

/* ---- one of several platforms ---- */

static int read_manifest(struct store *s, const struct digest *d, struct oci_manifest *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    int r = store_blob_read(s, d, &text, err);

    return r < 0 ? r : oci_manifest_parse(buf_str(&text), text.len, ret, err);
}

/* The image that the index names for the platform, in the place of the one that the name means here. */
static int take_other(struct store *s, const struct oci_platform *wanted, struct image *image, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    _cleanup_index_ struct oci_index index = {0};
    _cleanup_manifest_ struct oci_manifest manifest = {0};
    const struct oci_descriptor *selected;
    int r = store_blob_read(s, &image->tag.target, &text, err);

    if (r == 0)
        r = oci_index_parse(buf_str(&text), text.len, &index, err);
    if (r == 0)
        r = oci_index_select(&index, wanted, &selected, err);
    if (r == 0)
        r = read_manifest(s, &selected->digest, &manifest, err);
    if (r < 0)
        return r;
    oci_image_config_release(&image->config);
    free(image->layers);
    image->layers = NULL;
    image->n_layers = 0;
    image->config = (struct oci_image_config){0};
    image->tag.manifest = selected->digest;
    image->tag.id = manifest.config.digest;
    r = image_read_config(s, &image->tag.id, &image->config, err);
    return r < 0 ? r : list_layers(s, image, err);
}

int image_open_platform(struct store *s, const char *name, const struct oci_platform *wanted, struct image *ret,
                        struct err *err)
{
    _cleanup_free_ char *shown = NULL;
    int r = image_open(s, name, ret, err);

    if (r < 0 || oci_platform_distance(wanted, &ret->config.platform) >= 0)
        return r;
    if (ret->tag.complete && take_other(s, wanted, ret, NULL) == 0)
        return 0;
    image_release(ret);
    shown = oci_platform_format(wanted);
    return err_set(err, ERR_NOT_FOUND,
                   "image with reference %s was found but does not provide the specified platform (%s)", name, shown);
}

void image_release(struct image *image)
{
    store_tag_release(&image->tag);
    oci_image_config_release(&image->config);
    free(image->layers);
    *image = (struct image){0};
}

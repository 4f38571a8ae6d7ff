#include "build/output.h"

#include "base/strv.h"
#include "base/time.h"
#include "build/output_image.h"
#include "image/index.h"
#include "image/local.h"
#include "store/blob.h"

/* What `docker history` shows beside a step. */
#define COMMENT "cbox.dockerfile.v0"

/* ---- the config ---- */

static void date(const struct build_stage *stage, char text[TIME_TEXT_MAX])
{
    enum { SECOND = 1000000000 };

    time_format(MAX_OF(INT64_MIN / SECOND, MIN_OF(stage->epoch, INT64_MAX / SECOND)) * SECOND, text);
}

/* The stage's config, with what only this place knows: dates, and the word for who made it, in the steps above the base
 * image's. The stage's own history is lent meanwhile. */
static int make_config(const struct build_finished *f, struct image_document *ret, struct err *err)
{
    const struct oci_image_config *given = &f->stage->config;
    struct oci_image_config config = *given; /* borrowed, but for the history's entries */
    size_t below = f->base ? f->base->config.history.n : 0;
    struct oci_rootfs rootfs = {.type = (char *)"layers"};
    char created[TIME_TEXT_MAX], digest[DIGEST_TEXT_MAX];
    struct buf text = BUF_INIT;

    date(f->stage, created);
    config.created = created;
    config.build_cache = (char *)f->inline_cache;
    VEC_FOREACH (layer, &f->layers)
        strv_add(&rootfs.diff_ids, digest_format(layer, digest));
    config.rootfs = rootfs;
    config.history.v = mem_zalloc(given->history.n, sizeof(*config.history.v));
    for (size_t i = 0; i < given->history.n; i++) {
        struct oci_history *h = &config.history.v[i];

        *h = given->history.v[i];
        if (i < below)
            continue;
        h->created = created;
        if (!h->comment)
            h->comment = (char *)COMMENT;
    }
    oci_image_config_dump(&config, &text);
    strv_free(rootfs.diff_ids);
    free(config.history.v);
    return image_document_take(&text, ret, err);
}

/* ---- the manifest ---- */

static const struct build_layer *find_made(const struct build_finished *f, const struct digest *diff_id)
{
    for (size_t i = 0; i < f->n_made; i++)
        if (!f->made[i].empty && digest_equal(&f->made[i].diff_id, diff_id))
            return &f->made[i];
    return NULL;
}

static int read_base(struct store *s, const struct build_image *base, struct oci_manifest *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    int r = store_blob_read(s, &base->manifest, &text, err);

    if (r == 0)
        r = oci_manifest_parse(buf_str(&text), text.len, ret, err);
    if (r == 0 && ret->layers.n != oci_image_config_layers(&base->config))
        r = err_set(err, ERR_CORRUPT, "its manifest has %zu layers and its config names %zu", ret->layers.n,
                    oci_image_config_layers(&base->config));
    if (r == 0)
        return 0;
    err_wrap(err, "image %s", base->name);
    return err_hint(err, "pull it again");
}

int output_base_id(struct store *s, const struct build_image *base, struct digest *ret, struct err *err)
{
    _cleanup_manifest_ struct oci_manifest m = {0};
    int r = read_base(s, base, &m, err);

    if (r == 0)
        *ret = m.config.digest;
    return r;
}

/* The base's layers as its manifest has them, then those that were made. All in `ret` is borrowed. */
static int list_layers(const struct build_finished *f, const struct oci_manifest *base, output_descriptors *ret,
                       struct err *err)
{
    char text[DIGEST_TEXT_MAX];

    if (f->layers.n < base->layers.n)
        return err_set(err, ERR_INTERNAL, "fewer layers than the base image has");
    if (f->layers.n > OCI_LAYERS_MAX)
        return err_set(err, ERR_LIMIT, "the image would have %zu layers; at most %d are supported", f->layers.n,
                       OCI_LAYERS_MAX);
    VEC_FOREACH (layer, &base->layers)
        *VEC_PUSH(ret) = (struct oci_descriptor){
            .media_type = (char *)image_layer_oci_type(layer), .digest = layer->digest, .size = layer->size};
    for (size_t i = base->layers.n; i < f->layers.n; i++) {
        const struct build_layer *made = find_made(f, &f->layers.v[i]);

        if (!made)
            return err_set(err, ERR_INTERNAL, "layer %s was made by no step", digest_format(&f->layers.v[i], text));
        *VEC_PUSH(ret) = (struct oci_descriptor){
            .media_type = (char *)OCI_MEDIA_LAYER, .digest = made->diff_id, .size = made->tar_size};
    }
    return 0;
}

int build_output_documents(struct store *s, const struct build_finished *f, struct image_documents *ret,
                           struct err *err)
{
    _cleanup_manifest_ struct oci_manifest base = {0};
    output_descriptors layers = {0};
    int r = f->base ? read_base(s, f->base, &base, err) : 0;

    if (r == 0)
        r = list_layers(f, &base, &layers, err);
    if (r == 0)
        r = make_config(f, &ret->config, err);
    if (r == 0)
        r = image_documents_make(ret, layers.v, layers.n, f->annotations, err);
    free(layers.v);
    return r;
}

/* ---- several platforms ---- */

/* Which of them a name means on this host. */
static size_t choose(const build_finished_all *all)
{
    _cleanup_platform_ struct oci_platform host = {0};
    size_t best = 0;
    int least = -1;

    oci_platform_host(&host);
    for (size_t i = 0; i < all->n; i++) {
        int distance = oci_platform_distance(&host, &all->v[i].stage->config.platform);

        if (distance >= 0 && (least < 0 || distance < least)) {
            least = distance;
            best = i;
        }
    }
    return best;
}

/* What the index says: what was asked for, unless the image is another one. */
static const struct oci_platform *platform_of(const struct build_finished *f)
{
    const struct oci_platform *is = &f->stage->config.platform;

    return f->platform && oci_platform_distance(f->platform, is) >= 0 &&
                   str_eq(f->platform->architecture, is->architecture)
               ? f->platform
               : is;
}

static char **index_annotations(const struct build_request *q)
{
    char **ret = NULL;

    VEC_FOREACH (a, &q->annotations)
        if (a->index)
            strv_env_set(&ret, a->assignment);
    return ret;
}

/* The documents of an image, those of all platforms with an index that leads to them. `compression`: of layers that are
 * not compressed, into `spools`; NULL: they stay. */
static int make_documents(struct store *s, const build_finished_all *all, char *const *annotations,
                          const char *compression, struct image_documents *ret, output_spools *spools, struct err *err)
{
    struct image_index_entry *entries = mem_zalloc(all->n, sizeof(*entries));
    int r = 0;

    for (size_t i = 0; r == 0 && i < all->n; i++) {
        entries[i].platform = platform_of(&all->v[i]);
        r = build_output_documents(s, &all->v[i], &entries[i].documents, err);
        if (r == 0 && compression && !str_eq(compression, "uncompressed"))
            r = output_compress(s, compression, &entries[i].documents, spools, err);
    }
    if (r == 0)
        r = image_index_make(entries, all->n, choose(all), annotations, ret, err);
    for (size_t i = 0; i < all->n; i++)
        image_documents_release(&entries[i].documents);
    free(entries);
    return r;
}

/* ---- the image ---- */

static void names_release(output_names *n)
{
    VEC_FOREACH (name, n)
        oci_reference_release(name);
    free(n->v);
}

static int add_name(const char *text, output_names *ret, struct err *err)
{
    struct oci_reference name;
    int r = oci_reference_parse(text, &name, err);

    if (r < 0)
        return err_wrap(err, "invalid tag \"%.200s\"", text);
    oci_reference_default_tag(&name);
    *VEC_PUSH(ret) = name;
    return 0;
}

/* -t, and the names of an output. */
static int parse_names(const struct build_request *q, const struct build_output *o, output_names *ret, struct err *err)
{
    _cleanup_strv_ char **names = o->name ? strv_split(o->name, ',') : NULL;
    int r = 0;

    STRV_FOREACH (tag, ret->n ? NULL : q->tags)
        r = r < 0 ? r : add_name(*tag, ret, err);
    STRV_FOREACH (name, names)
        r = r < 0 ? r : add_name(*name, ret, err);
    return r;
}

/* Of all outputs that go into the store; whether there are any. */
static int image_names(const struct build_request *q, bool *ret_wanted, output_names *ret, struct err *err)
{
    const struct build_output plain = {.type = BUILD_OUTPUT_IMAGE};
    int r = 0;

    *ret_wanted = q->outputs.n == 0;
    if (*ret_wanted)
        return parse_names(q, &plain, ret, err);
    VEC_FOREACH (o, &q->outputs) {
        if (o->type != BUILD_OUTPUT_IMAGE)
            continue;
        *ret_wanted = true;
        r = r < 0 ? r : parse_names(q, o, ret, err);
    }
    return r;
}

int build_output_image(struct store *s, const struct build_request *q, const build_finished_all *all,
                       struct build_result *ret, struct err *err)
{
    _cleanup_(image_documents_release) struct image_documents documents = {0};
    _cleanup_(names_release) output_names names = {0};
    const struct digest_computed *top;
    _cleanup_strv_ char **annotations = index_annotations(q);
    bool wanted;
    int r = image_names(q, &wanted, &names, err);

    if (r == 0)
        r = make_documents(s, all, annotations, NULL, &documents, NULL, err);
    if (r == 0 && wanted)
        r = image_local_name(s, &documents, names.v, names.n, "build", err);
    if (r < 0)
        return r;
    ret->index = documents.index.digest.digest.algorithm != DIGEST_NONE;
    top = ret->index ? &documents.index.digest : &documents.manifest.digest;
    ret->id = documents.config.digest.digest;
    ret->manifest = top->digest;
    ret->manifest_size = top->size;
    return 0;
}

/* ---- archives ---- */

int output_archive(struct store *s, const struct build_request *q, const struct build_output *o,
                   const build_finished_all *all, struct err *err)
{
    _cleanup_(image_documents_release) struct image_documents documents = {0};
    _cleanup_(names_release) output_names names = {0};
    enum image_save_format format = o->type == BUILD_OUTPUT_DOCKER ? IMAGE_SAVE_DOCKER
                                    : o->directory                 ? IMAGE_SAVE_DIRECTORY
                                                                   : IMAGE_SAVE_OCI;
    _cleanup_(output_spools_release) output_spools spools = {0};
    _cleanup_strv_ char **annotations = index_annotations(q);
    struct image_made made = {.documents = &documents};
    int r = parse_names(q, o, &names, err);

    if (r == 0)
        r = make_documents(s, all, annotations, o->compression, &documents, &spools, err);
    made.blobs = spools.v;
    made.n_blobs = spools.n;
    made.names = names.v;
    made.n_names = names.n;
    return r < 0 ? r : image_save_made(s, &made, format, o->dest, err);
}

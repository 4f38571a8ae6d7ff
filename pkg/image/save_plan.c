#include "image/save_internal.h"

#include "image/internal.h"
#include "image/tree_blob.h"
#include "oci/manifest.h"
#include "store/blob.h"
#include "sys/fd.h"

#define ANNOTATION_NAME "io.containerd.image.name"
#define ANNOTATION_REF  "org.opencontainers.image.ref.name"

enum { NESTED_MAX = 4 };

static void planning_release(struct planning *p)
{
    store_tag_list_release(&p->tags);
    VEC_FOREACH (image, &p->images) {
        free(image->shown);
        VEC_FOREACH (name, &image->names)
            oci_reference_release(name);
        free(image->names.v);
    }
    free(p->images.v);
    VEC_FOREACH (b, &p->blobs) {
        free(b->name);
        buf_free(&b->bytes);
    }
    free(p->blobs.v);
    oci_index_release(&p->index);
    buf_free(&p->manifests);
    strv_free(p->legacy);
}

void save_plan_release(struct save_plan *p)
{
    VEC_FOREACH (part, &p->parts) {
        free(part->name);
        buf_free(&part->bytes);
    }
    free(p->parts.v);
    store_lease_free(p->lease);
    *p = (struct save_plan){0};
}

/* ---- documents, in the store or not ---- */

static const struct image_document *find_made(const struct planning *p, const struct digest *d)
{
    const struct image_documents *made = p->made ? p->made->documents : NULL;

    if (!made)
        return NULL;
    if (digest_equal(&made->index.digest.digest, d))
        return &made->index;
    if (digest_equal(&made->manifest.digest.digest, d))
        return &made->manifest;
    if (digest_equal(&made->config.digest.digest, d))
        return &made->config;
    VEC_FOREACH (other, &made->others)
        if (digest_equal(&other->digest.digest, d))
            return other;
    return NULL;
}

static const struct image_made_blob *find_made_blob(const struct planning *p, const struct digest *d)
{
    for (size_t i = 0; p->made && i < p->made->n_blobs; i++)
        if (digest_equal(&p->made->blobs[i].digest, d))
            return &p->made->blobs[i];
    return NULL;
}

static int read_text(struct planning *p, const struct digest *d, struct buf *ret, struct err *err)
{
    const struct image_document *made = find_made(p, d);

    if (!made)
        return store_blob_read(p->store, d, ret, err);
    buf_add(ret, made->bytes.p, made->bytes.len);
    return 0;
}

static int read_manifest(struct planning *p, const struct digest *d, struct oci_manifest *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    int r = read_text(p, d, &text, err);

    return r < 0 ? r : oci_manifest_parse(buf_str(&text), text.len, ret, err);
}

/* ---- what they consist of ---- */

/* The part for a blob, added once. */
static struct save_part *add_part_of(struct planning *p, const struct digest *d, int64_t size, bool tree)
{
    char path[STORE_DIGEST_PATH_MAX];
    struct save_part *part;

    VEC_FOREACH (known, &p->blobs)
        if (digest_equal(&known->digest, d))
            return known;
    part = VEC_PUSH(&p->blobs);
    *part = (struct save_part){
        .name = str_printf("blobs/%s", store_digest_path(d, path)), .digest = *d, .size = size, .tree = tree};
    return part;
}

/* Adds a blob that is in the store and as large as it should be (`size` < 0: however large). */
static int add_blob(struct planning *p, const struct digest *d, int64_t size, int64_t *ret_size, struct err *err)
{
    char text[DIGEST_TEXT_MAX];
    _cleanup_fd_ int fd = -1;
    int64_t has = 0;
    const struct image_document *made = find_made(p, d);

    if (made) {
        struct save_part *part = add_part_of(p, d, (int64_t)made->bytes.len, false);

        if (ret_size)
            *ret_size = part->size;
        if (part->bytes.len == 0)
            buf_add(&part->bytes, made->bytes.p, made->bytes.len);
        return 0;
    }
    if (store_blob_open(p->store, d, &fd, &has, NULL) < 0) {
        err_set(err, ERR_NOT_FOUND, "blob %s is missing", digest_format(d, text));
        return err_hint(err, "pull or load the image again");
    }
    if (size >= 0 && has != size) {
        err_set(err, ERR_CORRUPT, "blob %s has %lld bytes and should have %lld", digest_format(d, text), (long long)has,
                (long long)size);
        return err_hint(err, "pull or load the image again");
    }
    if (ret_size)
        *ret_size = has;
    add_part_of(p, d, has, false);
    return 0;
}

static int add_layer(struct planning *p, const struct oci_descriptor *layer, struct err *err)
{
    const struct image_made_blob *made = find_made_blob(p, &layer->digest);

    if (made) {
        add_part_of(p, &layer->digest, layer->size, false)->made = made;
        return 0;
    }
    if (store_blob_has(p->store, &layer->digest) || !image_blob_can_be_had(p->store, layer))
        return add_blob(p, &layer->digest, layer->size, NULL, err);
    add_part_of(p, &layer->digest, layer->size, true);
    return 0;
}

static int add_content(struct planning *p, const struct oci_manifest *manifest, struct err *err)
{
    int r = add_blob(p, &manifest->config.digest, manifest->config.size, NULL, err);

    VEC_FOREACH (layer, &manifest->layers)
        r = r < 0 ? r : add_layer(p, layer, err);
    return r;
}

/* A document and all that it names. `ret`: its descriptor, without annotations. */
static int add_document(struct planning *p, const struct digest *d, const char *media_type, int depth,
                        struct oci_descriptor *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    _cleanup_manifest_ struct oci_manifest manifest = {0};
    _cleanup_index_ struct oci_index index = {0};
    const char *type = NULL;
    enum oci_document what;
    int64_t size = 0;
    int r = add_blob(p, d, -1, &size, err);

    if (r == 0)
        r = read_text(p, d, &text, err);
    if (r == 0)
        r = oci_document_identify(media_type, buf_str(&text), text.len, &what, err);
    if (r < 0)
        return r;
    if (what == OCI_DOCUMENT_MANIFEST) {
        r = oci_manifest_parse_any(buf_str(&text), text.len, &manifest, err);
        if (r == 0)
            r = add_content(p, &manifest, err);
        type = r < 0 ? NULL : manifest.media_type ? manifest.media_type : OCI_MEDIA_MANIFEST;
    } else {
        r = depth > NESTED_MAX ? err_set(err, ERR_LIMIT, "indexes within indexes, more than %d deep", NESTED_MAX)
                               : oci_index_parse(buf_str(&text), text.len, &index, err);
        VEC_FOREACH (entry, &index.manifests)
            r = r < 0 ? r : add_document(p, &entry->digest, entry->media_type, depth + 1, NULL, err);
        type = r < 0 ? NULL : index.media_type ? index.media_type : OCI_MEDIA_INDEX;
    }
    if (r == 0 && ret)
        *ret = (struct oci_descriptor){.media_type = str_dup(type), .digest = *d, .size = size};
    return r;
}

/* ---- the documents ---- */

/* One entry of index.json a name, as containerd writes them, or one without any. */
static void add_to_index(struct planning *p, const struct saved *image, const struct oci_descriptor *root)
{
    size_t n = MAX_OF(image->names.n, (size_t)1);

    for (size_t i = 0; i < n; i++) {
        struct oci_descriptor *d = VEC_PUSH(&p->index.manifests);
        _cleanup_free_ char *full = NULL;

        oci_descriptor_copy(root, d);
        if (i == image->names.n)
            continue;
        full = oci_reference_format(&image->names.v[i]);
        strv_addf(&d->annotations, ANNOTATION_NAME "=%s", full);
        strv_addf(&d->annotations, ANNOTATION_REF "=%s", image->names.v[i].tag);
    }
}

static void add_path(struct buf *b, const struct digest *d)
{
    char path[STORE_DIGEST_PATH_MAX];

    buf_addf(b, "\"blobs/%s\"", store_digest_path(d, path));
}

static void add_tags(struct planning *p, const struct saved *image, const struct digest *top)
{
    buf_adds(&p->manifests, image->names.n ? ",\"RepoTags\":[" : ",\"RepoTags\":null");
    VEC_FOREACH (name, &image->names) {
        _cleanup_free_ char *familiar = oci_reference_familiar(name), *repository = oci_reference_familiar_name(name);

        buf_adds(&p->manifests, name == image->names.v ? "" : ",");
        buf_add_json(&p->manifests, familiar);
        if (top)
            strv_addf(&p->legacy, "%s\t%s\t%s", repository, name->tag, top->hex);
    }
    buf_adds(&p->manifests, image->names.n ? "]" : "");
}

/* manifest.json: of one platform, which is all that Docker knew. */
static int add_to_manifests(struct planning *p, const struct saved *image, struct err *err)
{
    _cleanup_manifest_ struct oci_manifest manifest = {0};
    int r = read_manifest(p, &image->manifest, &manifest, err);

    if (r < 0)
        return r;
    buf_adds(&p->manifests, p->manifests.len ? ",{\"Config\":" : "[{\"Config\":");
    add_path(&p->manifests, &manifest.config.digest);
    add_tags(p, image, manifest.layers.n ? &manifest.layers.v[manifest.layers.n - 1].digest : NULL);
    buf_adds(&p->manifests, ",\"Layers\":[");
    VEC_FOREACH (layer, &manifest.layers) {
        buf_adds(&p->manifests, layer == manifest.layers.v ? "" : ",");
        add_path(&p->manifests, &layer->digest);
    }
    buf_adds(&p->manifests, "]}");
    return 0;
}

/* The platform of a manifest, which helps a reader of the index to choose. */
static void set_platform(struct planning *p, const struct saved *image, struct oci_descriptor *d)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_CONFIG_MAX);
    _cleanup_image_config_ struct oci_image_config config = {0};
    _cleanup_manifest_ struct oci_manifest manifest = {0};

    if (read_manifest(p, &image->manifest, &manifest, NULL) < 0 ||
        read_text(p, &manifest.config.digest, &text, NULL) < 0 ||
        oci_image_config_parse(buf_str(&text), text.len, &config, NULL) < 0)
        return;
    d->platform = mem_alloc(sizeof(*d->platform));
    *d->platform = config.platform;
    config.platform = (struct oci_platform){0};
}

static int plan_image(struct planning *p, const struct saved *image, struct err *err)
{
    _cleanup_descriptor_ struct oci_descriptor root = {0};
    int r = add_document(p, &image->root, NULL, 0, &root, err);

    if (r == 0 && digest_equal(&image->root, &image->manifest))
        set_platform(p, image, &root);
    if (r == 0)
        r = add_to_manifests(p, image, err);
    if (r < 0)
        return err_wrap(err, "image %s", image->shown);
    add_to_index(p, image, &root);
    return 0;
}

static void add_part(struct save_plan *plan, const char *name, struct buf *bytes)
{
    *VEC_PUSH(&plan->parts) = (struct save_part){.name = str_dup(name), .bytes = *bytes, .size = (int64_t)bytes->len};
    *bytes = BUF_INIT;
}

/* {"alpine":{"latest":"HEX"}}: what Docker read before 1.10, and others still look at. The lines are sorted. */
static void format_repositories(char *const *lines, struct buf *out)
{
    _cleanup_free_ char *last = NULL;

    STRV_FOREACH (line, lines) {
        _cleanup_strv_ char **f = strv_split(*line, '\t');
        bool same = str_eq(last, f[0]);

        buf_adds(out, !last ? "{" : same ? "," : "},");
        if (!same) {
            buf_add_json(out, f[0]);
            buf_adds(out, ":{");
        }
        buf_add_json(out, f[1]);
        buf_addc(out, ':');
        buf_add_json(out, f[2]);
        str_replace(&last, str_dup(f[0]));
    }
    buf_adds(out, "}}\n");
}

static void add_documents(struct planning *p, struct save_plan *plan)
{
    struct buf text = BUF_INIT;

    buf_adds(&text, "{\"imageLayoutVersion\":\"1.0.0\"}");
    add_part(plan, "oci-layout", &text);
    p->index.schema_version = 2;
    p->index.media_type = str_dup(OCI_MEDIA_INDEX);
    json_dump(&oci_index_type, &p->index, false, &text);
    add_part(plan, "index.json", &text);
    if (p->options->format != IMAGE_SAVE_DOCKER)
        return;
    buf_adds(&p->manifests, "]\n");
    add_part(plan, "manifest.json", &p->manifests);
    if (!p->legacy)
        return;
    strv_sort(p->legacy);
    format_repositories(p->legacy, &text);
    add_part(plan, "repositories", &text);
}

static int lease_blobs(struct planning *p, struct save_plan *plan, struct err *err)
{
    _cleanup_needs_ struct store_needs needs = {0};

    VEC_FOREACH (b, &p->blobs)
        *(b->tree ? VEC_PUSH(&needs.layers) : VEC_PUSH(&needs.blobs)) = b->digest;
    return store_lease_take(p->store, needs.blobs.v, needs.blobs.n, needs.layers.v, needs.layers.n, &plan->lease, err);
}

static int finish_plan(struct planning *p, struct save_plan *ret, struct err *err)
{
    int r = 0;

    VEC_FOREACH (image, &p->images)
        r = r < 0 ? r : plan_image(p, image, err);
    if (r == 0)
        r = lease_blobs(p, ret, err);
    if (r < 0)
        return r;
    add_documents(p, ret);
    VEC_FOREACH (b, &p->blobs) {
        *VEC_PUSH(&ret->parts) = *b;
        *b = (struct save_part){0};
    }
    return 0;
}

int save_plan_make(struct store *s, char *const *names, const struct image_save_options *options, struct save_plan *ret,
                   struct err *err)
{
    _cleanup_(planning_release) struct planning p = {.store = s, .options = options};
    _cleanup_fd_ int lock = -1; /* until there is a lease */
    int r = store_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);

    *ret = (struct save_plan){0};
    if (r == 0)
        r = store_tag_list(s, &p.tags, err);
    STRV_FOREACH (name, names)
        r = r < 0 ? r : save_choose(&p, *name, err);
    return r < 0 ? r : finish_plan(&p, ret, err);
}

int save_plan_make_of(struct store *s, const struct image_made *made, const struct image_save_options *options,
                      struct save_plan *ret, struct err *err)
{
    _cleanup_(planning_release) struct planning p = {.store = s, .options = options, .made = made};
    _cleanup_fd_ int lock = -1;
    struct saved *image = VEC_PUSH(&p.images);
    int r = store_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);
    char text[DIGEST_TEXT_MAX];

    *ret = (struct save_plan){0};
    *image = (struct saved){.shown = str_dup(digest_format(&made->documents->config.digest.digest, text)),
                            .root = *image_documents_target(made->documents),
                            .manifest = made->documents->manifest.digest.digest};
    for (size_t i = 0; i < made->n_names; i++)
        oci_reference_copy(&made->names[i], VEC_PUSH(&image->names));
    return r < 0 ? r : finish_plan(&p, ret, err);
}

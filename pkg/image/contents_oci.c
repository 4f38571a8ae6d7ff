/* An OCI image layout: index.json leads to manifests and indexes, everything lies under its digest. */
#include "image/contents.h"
#include "image/load.h"
#include "image/signals.h"
#include "oci/reference.h"
#include "store/blob.h"

#define ANNOTATION_NAME "io.containerd.image.name"
#define ANNOTATION_REF  "org.opencontainers.image.ref.name"

enum {
    NESTED_MAX = 4,   /* indexes in indexes */
    INDEXES_MAX = 64, /* looked into for one image */
};

struct layout {
    char *version;
};

static const struct json_field layout_fields[] = {
    JSON_FIELD(struct layout, "imageLayoutVersion", JSON_K_STRING, version, .flags = JSON_REQUIRED),
};
static const struct json_type layout_type = {
    "oci-layout", sizeof(struct layout), layout_fields, ARRAY_SIZE(layout_fields), false,
};

static void layout_release(struct layout *l)
{
    json_free(&layout_type, l);
}

/* image-layout.md, "oci-layout file". */
static int check_layout(struct image_archive *a, struct err *err)
{
    _cleanup_(layout_release) struct layout layout = {0};
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(4096);
    int r = image_archive_read(a, "oci-layout", &text, err);

    if (r == 0)
        r = json_parse(buf_str(&text), text.len, &layout_type, &layout, err);
    if (r == 0 && !str_after(layout.version, "1."))
        r = err_set(err, ERR_UNSUPPORTED, "the OCI layout is of version %.100s, which is not supported",
                    layout.version);
    return r;
}

/* ---- blobs and documents ---- */

char *image_archive_blob_name(const struct digest *d)
{
    char path[STORE_DIGEST_PATH_MAX];

    return str_printf("blobs/%s", store_digest_path(d, path));
}

/* The document of a descriptor, found to be the right one. */
static int read_document(struct image_archive *a, const struct oci_descriptor *d, size_t max,
                         struct image_document *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(max);
    _cleanup_free_ char *name = image_archive_blob_name(&d->digest);
    int r = image_archive_read(a, name, &text, err);

    if (r == 0)
        r = digest_compute(d->digest.algorithm, buf_str(&text), text.len, &ret->digest, err);
    if (r == 0 && digest_verify(&d->digest, d->size, &ret->digest, err) < 0)
        r = err_wrap(err, "%s", name);
    if (r == 0) {
        ret->bytes = text;
        text = BUF_INIT;
    }
    return r;
}

static int identify(const struct oci_descriptor *d, const struct image_document *document, enum oci_document *ret,
                    struct err *err)
{
    return oci_document_identify(d->media_type, buf_str(&document->bytes), document->bytes.len, ret, err);
}

static void document_release(struct image_document *d)
{
    buf_free(&d->bytes);
}

/* ---- one image of an index ---- */

static bool names_index(const struct oci_descriptor *d)
{
    return str_eq(d->media_type, OCI_MEDIA_INDEX) || str_eq(d->media_type, OCI_MEDIA_DOCKER_INDEX);
}

struct selecting {
    struct image_archive *archive;
    const struct oci_platform *wanted;
    int left; /* of INDEXES_MAX */
};

static int select_manifest(struct selecting *sel, const struct image_document *index, struct image_document *ret,
                           struct err *err);

/* Some indexes name others for the platforms. */
static int select_nested(struct selecting *sel, const struct oci_index *index, struct image_document *ret)
{
    VEC_FOREACH (d, &index->manifests) {
        _cleanup_(document_release) struct image_document nested = {0};

        if (names_index(d) && sel->left-- > 0 && read_document(sel->archive, d, OCI_MANIFEST_MAX, &nested, NULL) == 0 &&
            select_manifest(sel, &nested, ret, NULL) == 0)
            return 0;
    }
    return ERR_NOT_FOUND;
}

static int select_manifest(struct selecting *sel, const struct image_document *index, struct image_document *ret,
                           struct err *err)
{
    _cleanup_index_ struct oci_index parsed = {0};
    const struct oci_descriptor *selected;
    struct err why = ERR_INIT;
    int r = oci_index_parse(buf_str(&index->bytes), index->bytes.len, &parsed, err);

    if (r < 0)
        return r;
    r = oci_index_select(&parsed, sel->wanted, &selected, &why);
    if (r == 0)
        return read_document(sel->archive, selected, OCI_MANIFEST_MAX, ret, err);
    if (select_nested(sel, &parsed, ret) == 0)
        return 0;
    if (err)
        *err = why;
    return r;
}

/* ---- all images of an index ---- */

/* Everything below an index, itself left out. */
static int add_all(struct image_archive *a, const struct image_document *index, int depth,
                   struct image_documents *documents, struct err *err)
{
    _cleanup_index_ struct oci_index parsed = {0};
    int r = oci_index_parse(buf_str(&index->bytes), index->bytes.len, &parsed, err);

    if (r == 0 && depth > NESTED_MAX)
        r = err_set(err, ERR_LIMIT, "indexes within indexes, more than %d deep", NESTED_MAX);
    if (r < 0)
        return r;
    VEC_FOREACH (d, &parsed.manifests) {
        struct image_document document = {0};
        bool is_index;

        if (digest_equal(&d->digest, &documents->manifest.digest.digest) || /* the chosen one */
            image_documents_have_other(documents, &d->digest))
            continue;
        r = read_document(a, d, OCI_MANIFEST_MAX, &document, err);
        if (r == 0)
            r = image_documents_add_other(documents, document, d->media_type, &is_index, err);
        if (r == 0 && is_index)
            r = add_all(a, &document, depth + 1, documents, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- the entries of index.json ---- */

/* The name that a tool left with the entry, in full, or NULL: containerd's is whole, the OCI one often a tag alone. */
static char *name_of(const struct oci_descriptor *d)
{
    static const char *const annotations[] = {ANNOTATION_NAME, ANNOTATION_REF};

    for (size_t i = 0; i < ARRAY_SIZE(annotations); i++) {
        const char *text = strv_env_get(d->annotations, annotations[i]);
        _cleanup_reference_ struct oci_reference ref = {0};

        if (!text || (i == 1 && !strpbrk(text, ":/")) || oci_reference_parse(text, &ref, NULL) < 0)
            continue;
        if (!ref.tag && ref.digest.algorithm != DIGEST_NONE)
            continue;
        ref.digest = (struct digest){0};
        oci_reference_default_tag(&ref);
        return oci_reference_format(&ref);
    }
    return NULL;
}

static int read_config(struct image_archive *a, const struct image_load_options *options, struct image_archived *image,
                       struct err *err)
{
    struct image_documents *d = &image->documents;
    _cleanup_manifest_ struct oci_manifest manifest = {0};
    int r = oci_manifest_parse(buf_str(&d->manifest.bytes), d->manifest.bytes.len, &manifest, err);

    if (r == 0)
        r = read_document(a, &manifest.config, OCI_CONFIG_MAX, &d->config, err);
    return r < 0 ? r : image_archived_check(image, options, err);
}

static int read_image(struct image_archive *a, const struct oci_descriptor *d, const char *name,
                      const struct oci_platform *wanted, const struct image_load_options *options,
                      struct image_contents *ret, struct err *err)
{
    _cleanup_(image_archived_release) struct image_archived image = {0};
    struct selecting selecting = {.archive = a, .wanted = wanted, .left = INDEXES_MAX};
    struct image_documents *documents = &image.documents;
    _cleanup_(document_release) struct image_document document = {0};
    enum oci_document what;
    int r = read_document(a, d, OCI_MANIFEST_MAX, &document, err);

    if (r == 0)
        r = identify(d, &document, &what, err);
    if (r < 0)
        return r;
    if (what == OCI_DOCUMENT_INDEX) {
        documents->index = document;
        document = (struct image_document){0};
        r = select_manifest(&selecting, &documents->index, &documents->manifest, err);
        if (r == 0 && options->all_platforms)
            r = add_all(a, &documents->index, 0, documents, err);
    } else {
        documents->manifest = document;
        document = (struct image_document){0};
    }
    if (r == 0)
        r = read_config(a, options, &image, err);
    if (r < 0)
        return r;
    if (name)
        strv_add(&image.names, name);
    return image_contents_add(ret, &image, err);
}

/* Which entry of those under one name is meant: an index, or the manifest of the platform. Entries without a name are
 * images of their own, but one for a machine that this is not has no business here. */
static int choose(const struct oci_index *index, size_t first, char *const *names, const struct oci_platform *wanted,
                  const struct oci_descriptor **ret, struct err *err)
{
    const struct oci_descriptor *d = &index->manifests.v[first];
    struct oci_index same = {0}; /* borrowed, but for the vector */
    int r = 0;

    *ret = d;
    if (!names[first]) {
        if (d->platform && index->manifests.n > 1 && oci_platform_distance(wanted, d->platform) < 0)
            *ret = NULL;
        return 0;
    }
    for (size_t i = first; i < index->manifests.n; i++)
        if (str_eq(names[i], names[first]))
            *VEC_PUSH(&same.manifests) = index->manifests.v[i];
    if (same.manifests.n > 1 && !names_index(d)) {
        const struct oci_descriptor *selected;

        r = oci_index_select(&same, wanted, &selected, err);
        for (size_t i = first; r == 0 && i < index->manifests.n; i++)
            if (str_eq(names[i], names[first]) && digest_equal(&index->manifests.v[i].digest, &selected->digest))
                *ret = &index->manifests.v[i];
    }
    free(same.manifests.v);
    return r;
}

static bool seen(char *const *names, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (names[i] && str_eq(names[k], names[i]))
            return true;
    return false;
}

static bool is_image(const struct oci_descriptor *d)
{
    return (names_index(d) || str_eq(d->media_type, OCI_MEDIA_MANIFEST) ||
            str_eq(d->media_type, OCI_MEDIA_DOCKER_MANIFEST)) &&
           !(d->platform && str_eq(d->platform->os, "unknown"));
}

static int read_images(struct image_archive *a, const struct oci_index *index, char *const *names,
                       const struct oci_platform *wanted, const struct image_load_options *options,
                       struct image_contents *ret, struct err *err)
{
    for (size_t i = 0; i < index->manifests.n; i++) {
        const struct oci_descriptor *d;
        int r;

        if (!is_image(&index->manifests.v[i]) || seen(names, i))
            continue;
        r = image_signals_check(err);
        if (r == 0)
            r = choose(index, i, names, wanted, &d, err);
        if (r == 0 && d)
            r = read_image(a, d, names[i], wanted, options, ret, err);
        if (r < 0)
            return names[i] && r != ERR_INTERRUPTED ? err_wrap(err, "%s", names[i]) : r;
    }
    return 0;
}

/* ---- the one that is meant ---- */

/* Those that the choice fits; without a digest and a `tag` all. */
static void list_meant(const struct oci_index *index, const struct digest *digest, const char *tag,
                       struct oci_index *ret)
{
    VEC_FOREACH (d, &index->manifests) {
        bool meant = digest->algorithm != DIGEST_NONE
                         ? digest_equal(&d->digest, digest)
                         : !tag || str_eq(strv_env_get(d->annotations, ANNOTATION_REF), tag);

        if (is_image(d) && meant)
            *VEC_PUSH(&ret->manifests) = *d;
    }
}

static int refuse_choice(const struct image_choice *c, bool several, struct err *err)
{
    char digest[DIGEST_TEXT_MAX];

    if (c->digest.algorithm != DIGEST_NONE)
        err_set(err, ERR_NOT_FOUND, "index.json names no image %s", digest_format(&c->digest, digest));
    else if (c->tag)
        err_set(err, several ? ERR_INVALID : ERR_NOT_FOUND, "index.json names %s with the tag \"%.128s\"",
                several ? "several images" : "no image", c->tag);
    else
        err_set(err, several ? ERR_INVALID : ERR_NOT_FOUND, "index.json names %s image",
                several ? "more than one" : "no");
    return err_hint(err, "say which is meant by one of its tags (:TAG) or digests (@sha256:…)");
}

/* Several under one tag are one image where each says for which platform it is. */
static int select_meant(const struct oci_index *meant, const struct image_choice *c, bool tagged,
                        const struct oci_platform *wanted, const struct oci_descriptor **ret, struct err *err)
{
    bool same = true, platforms = tagged;

    if (!meant->manifests.n)
        return refuse_choice(c, false, err);
    *ret = &meant->manifests.v[0];
    VEC_FOREACH (d, &meant->manifests) {
        same &= digest_equal(&d->digest, &(*ret)->digest);
        platforms &= d->platform && !names_index(d);
    }
    if (same)
        return 0;
    return platforms ? oci_index_select(meant, wanted, ret, err) : refuse_choice(c, true, err);
}

static int read_meant(struct image_archive *a, const struct oci_index *index, const struct oci_platform *wanted,
                      const struct image_load_options *options, struct image_contents *ret, struct err *err)
{
    const struct image_choice *c = options->choice;
    struct oci_index meant = {0}; /* borrowed, but for the vector */
    const struct oci_descriptor *d;
    bool tagged;
    int r;

    list_meant(index, &c->digest, c->tag ? c->tag : "latest", &meant);
    tagged = meant.manifests.n > 0;
    if (!tagged && !c->tag && c->digest.algorithm == DIGEST_NONE)
        list_meant(index, &c->digest, NULL, &meant);
    r = select_meant(&meant, c, tagged, wanted, &d, err);
    if (r == 0)
        r = read_image(a, d, NULL, wanted, options, ret, err);
    free(meant.manifests.v);
    return r;
}

int image_contents_read_oci(struct image_archive *a, const struct image_load_options *options,
                            struct image_contents *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX);
    _cleanup_platform_ struct oci_platform wanted = {0};
    _cleanup_index_ struct oci_index index = {0};
    const struct oci_descriptor *any;
    char **names = NULL;
    int r = check_layout(a, err);

    if (r == 0)
        r = image_archive_read(a, "index.json", &text, err);
    if (r == 0 && oci_index_parse(buf_str(&text), text.len, &index, err) < 0)
        r = err_wrap(err, "index.json");
    if (r == 0 && options->platform)
        r = oci_platform_parse(options->platform, &wanted, err);
    else if (r == 0)
        oci_platform_host(&wanted);
    if (r < 0)
        return r;
    if (options->choice)
        return read_meant(a, &index, &wanted, options, ret, err);
    names = mem_zalloc(index.manifests.n + 1, sizeof(*names));
    for (size_t i = 0; i < index.manifests.n; i++)
        names[i] = name_of(&index.manifests.v[i]);
    r = read_images(a, &index, names, &wanted, options, ret, err);
    if (r == 0 && index.manifests.n && !ret->images.n) /* says which platforms there are */
        r = oci_index_select(&index, &wanted, &any, err);
    for (size_t i = 0; i < index.manifests.n; i++)
        free(names[i]);
    free(names);
    return r;
}

/* Docker's manifest.json: configs and layers under any names, layers as tars or compressed. */
#include "image/contents.h"
#include "image/load.h"
#include "image/spool.h"
#include "oci/reference.h"
#include "sys/fd.h"
#include "sys/path.h"

struct listed {
    char *config;
    char **repo_tags;
    char **layers;
};

struct list {
    VEC(struct listed) images;
};

static const struct json_field listed_fields[] = {
    JSON_FIELD(struct listed, "Config", JSON_K_STRING, config, .flags = JSON_REQUIRED),
    JSON_FIELD(struct listed, "RepoTags", JSON_K_STRV, repo_tags),
    JSON_FIELD(struct listed, "Layers", JSON_K_STRV, layers),
};
static const struct json_type listed_type = {
    "image", sizeof(struct listed), listed_fields, ARRAY_SIZE(listed_fields), false,
};
static const struct json_field list_fields[] = {
    JSON_FIELD(struct list, "images", JSON_K_ARRAY, images, .flags = JSON_REQUIRED, .type = &listed_type),
};
static const struct json_type list_type = {
    "manifest.json", sizeof(struct list), list_fields, ARRAY_SIZE(list_fields), true,
};

static void list_release(struct list *l)
{
    json_free(&list_type, l);
}

/* The document is an array, and documents are objects here. */
static int read_list(struct image_archive *a, struct list *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_MANIFEST_MAX), object = BUF_INIT;
    int r = image_archive_read(a, "manifest.json", &text, err);

    if (r < 0)
        return r;
    buf_adds(&object, "{\"images\":");
    buf_add(&object, buf_str(&text), text.len);
    buf_addc(&object, '}');
    r = json_parse(buf_str(&object), object.len, &list_type, ret, err);
    if (r < 0)
        return r;
    if (ret->images.n > OCI_INDEX_ENTRIES_MAX)
        return err_set(err, ERR_LIMIT, "manifest.json: %zu images; at most %d are supported", ret->images.n,
                       OCI_INDEX_ENTRIES_MAX);
    return 0;
}

/* A name that says a digest has to be right: "HEX.json", "blobs/sha256/HEX". */
static int check_name(const char *name, const struct digest *d, struct err *err)
{
    const char *base = path_base(name);
    size_t n = strspn(base, "0123456789abcdef");

    if (n == 64 && (!base[n] || str_eq(base + n, ".json")) && strncmp(base, d->hex, n) != 0)
        return err_set(err, ERR_CORRUPT, "%.255s has the digest %s", name, d->hex);
    return 0;
}

static int read_config(struct image_archive *a, const char *name, struct image_documents *d, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_CONFIG_MAX);
    int r = image_archive_read(a, name, &text, err);

    if (r == 0)
        r = image_document_take(&text, &d->config, err);
    if (r == 0)
        r = check_name(name, &d->config.digest.digest, err);
    if (r == 0)
        r = oci_image_config_parse(buf_str(&d->config.bytes), d->config.bytes.len, &d->parsed_config, err);
    return r;
}

/* A plain layer has its diffID for a digest, which is found out when it comes in; of another one it is computed. */
static int describe_layer(const struct image_archive_file *file, const struct digest *diff_id,
                          struct oci_descriptor *ret, struct err *err)
{
    enum oci_compression packed;
    struct digest_computed computed = {.digest = *diff_id};
    int r = image_spool_identify(file->fd, file->offset, &packed, err);

    if (r == 0 && packed != OCI_COMPRESSION_NONE)
        r = image_spool_digest_range(file->fd, file->offset, file->size, &computed, err);
    if (r < 0)
        return r;
    ret->media_type = str_dup(image_layer_media_type(packed));
    ret->digest = computed.digest;
    ret->size = file->size;
    return 0;
}

static int add_layer(struct image_archive *a, const char *name, size_t i, struct oci_descriptor *d,
                     struct image_archived *image, struct err *err)
{
    struct image_archive_file file;
    struct digest diff_id;
    int r = image_archive_find(a, name, &file, err);

    if (r < 0)
        return r;
    oci_image_config_diff_id(&image->documents.parsed_config, i, &diff_id);
    r = describe_layer(&file, &diff_id, d, err);
    fd_close(file.fd);
    if (r < 0)
        return r == ERR_INTERRUPTED ? r : err_wrap(err, "%.255s", name);
    *VEC_PUSH(&image->layers) = (struct image_archive_layer){d->digest, str_dup(name)};
    return 0;
}

/* The manifest that a registry would have for it. */
static int make_manifest(struct image_archive *a, const struct listed *l, struct image_archived *image, struct err *err)
{
    size_t n = oci_image_config_layers(&image->documents.parsed_config);
    struct oci_descriptor *layers;
    int r = 0;

    if (strv_len(l->layers) != n)
        return err_set(err, ERR_CORRUPT, "manifest.json lists %zu layers and the config %zu", strv_len(l->layers), n);
    layers = mem_zalloc(n, sizeof(*layers));
    for (size_t i = 0; r == 0 && i < n; i++)
        r = add_layer(a, l->layers[i], i, &layers[i], image, err);
    if (r == 0)
        r = image_manifest_make(&image->documents.config, layers, n, NULL, &image->documents.manifest, err);
    for (size_t i = 0; i < n; i++)
        oci_descriptor_release(&layers[i]);
    free(layers);
    return r;
}

static int add_names(const struct listed *l, struct image_archived *image, struct err *err)
{
    STRV_FOREACH (text, l->repo_tags) {
        _cleanup_reference_ struct oci_reference ref = {0};
        int r = oci_reference_parse(*text, &ref, err);

        if (r == 0 && (!ref.tag || ref.digest.algorithm != DIGEST_NONE))
            r = err_set(err, ERR_INVALID, "not a name with a tag");
        if (r < 0)
            return err_wrap(err, "invalid tag \"%.255s\"", *text);
        strv_take(&image->names, oci_reference_format(&ref));
    }
    return 0;
}

static int read_image(struct image_archive *a, const struct listed *l, const struct image_load_options *options,
                      struct image_contents *ret, struct err *err)
{
    _cleanup_(image_archived_release) struct image_archived image = {0};
    int r = read_config(a, l->config, &image.documents, err);

    if (r == 0)
        r = make_manifest(a, l, &image, err);
    oci_image_config_release(&image.documents.parsed_config);
    if (r == 0)
        r = image_archived_check(&image, options, err);
    if (r == 0)
        r = add_names(l, &image, err);
    return r < 0 ? r : image_contents_add(ret, &image, err);
}

int image_contents_read_docker(struct image_archive *a, const struct image_load_options *options,
                               struct image_contents *ret, struct err *err)
{
    _cleanup_(list_release) struct list list = {0};
    int r = read_list(a, &list, err);

    for (size_t i = 0; r == 0 && i < list.images.n; i++)
        r = read_image(a, &list.images.v[i], options, ret, err);
    return r;
}

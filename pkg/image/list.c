#include "image/list.h"

#include "image/session.h"
#include "oci/image_config.h"

static int read_platform(struct registry *registry, const struct oci_reference *name, const struct oci_manifest *m,
                         struct oci_descriptor *ret, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(OCI_CONFIG_MAX);
    _cleanup_image_config_ struct oci_image_config config = {0};
    int r = registry_fetch_blob(registry, name, &m->config, &text, err);

    if (r == 0)
        r = oci_image_config_parse(buf_str(&text), text.len, &config, err);
    if (r < 0)
        return r;
    ret->platform = mem_dup(&config.platform, sizeof(config.platform));
    config.platform = (struct oci_platform){0};
    return 0;
}

static int read_manifest(struct registry *registry, const struct oci_reference *name,
                         const struct registry_manifest *fetched, struct oci_descriptor *ret, struct err *err)
{
    _cleanup_manifest_ struct oci_manifest m = {0};
    enum oci_document what;
    int r = oci_document_identify(fetched->media_type, buf_str(&fetched->bytes), fetched->bytes.len, &what, err);

    if (r == 0 && what == OCI_DOCUMENT_INDEX) {
        _cleanup_free_ char *familiar = oci_reference_familiar(name);

        return err_set(err, ERR_INVALID, "%s is a manifest list", familiar);
    }
    if (r == 0)
        r = oci_manifest_parse(buf_str(&fetched->bytes), fetched->bytes.len, &m, err);
    if (r < 0)
        return r;
    ret->media_type = str_dup(m.media_type ? m.media_type : OCI_MEDIA_MANIFEST);
    ret->digest = fetched->digest.digest;
    ret->size = fetched->digest.size;
    return read_platform(registry, name, &m, ret, err);
}

int image_list_resolve(struct registry *registry, const struct oci_reference *name, struct store_list_entry *ret,
                       struct err *err)
{
    _cleanup_registry_manifest_ struct registry_manifest fetched = {0};
    int r = registry_fetch_manifest(registry, name, NULL, &fetched, err);

    *ret = (struct store_list_entry){0};
    if (r == 0)
        r = read_manifest(registry, name, &fetched, &ret->descriptor, err);
    if (r < 0) {
        oci_descriptor_release(&ret->descriptor);
        return r;
    }
    ret->reference = oci_reference_format(name);
    return 0;
}

static void entry_release(struct store_list_entry *e)
{
    free(e->reference);
    oci_descriptor_release(&e->descriptor);
}

void image_list_add(struct store_list *l, struct store_list_entry *entry)
{
    struct store_list_entry *place = NULL;

    VEC_FOREACH (e, &l->entries)
        if (strcmp(e->reference, entry->reference) == 0)
            place = e;
    if (place)
        entry_release(place);
    else
        place = VEC_PUSH(&l->entries);
    *place = *entry;
    *entry = (struct store_list_entry){0};
}

struct store_list_entry *image_list_find(const struct store_list *l, const struct oci_reference *name)
{
    _cleanup_free_ char *text = oci_reference_format(name), *repository = oci_reference_name(name);

    VEC_FOREACH (e, &l->entries) {
        const char *rest = str_after(e->reference, repository);

        if (strcmp(e->reference, text) == 0)
            return e;
        if (rest && (*rest == ':' || *rest == '@') && name->digest.algorithm != DIGEST_NONE &&
            digest_equal(&e->descriptor.digest, &name->digest))
            return e;
    }
    return NULL;
}

void image_list_dump(const struct store_list *l, struct buf *out, const char **ret_media_type)
{
    struct oci_index index = {.schema_version = 2};
    _cleanup_buf_ struct buf text = BUF_INIT;
    bool docker = l->entries.n > 0;

    VEC_FOREACH (e, &l->entries) {
        docker = docker && strcmp(e->descriptor.media_type, OCI_MEDIA_DOCKER_MANIFEST) == 0;
        *VEC_PUSH(&index.manifests) = e->descriptor; /* borrowed */
    }
    index.media_type = (char *)(docker ? OCI_MEDIA_DOCKER_INDEX : OCI_MEDIA_INDEX);
    json_dump(&oci_index_type, &index, false, &text);
    json_indent(buf_str(&text), text.len, "   ", out);
    free(index.manifests.v);
    *ret_media_type = docker ? OCI_MEDIA_DOCKER_INDEX : OCI_MEDIA_INDEX;
}

/* ---- pushing ---- */

static int push_entries(struct store *s, struct registry *registry, int wake_fd, const struct oci_reference *name,
                        const struct store_list *l, const struct image_copy_options *options, struct err *err)
{
    for (size_t i = 0; i < l->entries.n; i++) {
        const struct store_list_entry *e = &l->entries.v[i];
        _cleanup_reference_ struct oci_reference from = {0};
        int r = oci_reference_parse(e->reference, &from, err);

        if (r == 0)
            r = image_copy_content(s, registry, wake_fd, &from, &e->descriptor.digest, name, options, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int push_list(struct store *s, struct registry *registry, int wake_fd, const struct oci_reference *name,
                     const struct store_list *l, const struct image_copy_options *options, struct image_pushed *ret,
                     struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;
    struct digest_computed computed;
    const char *media_type;
    int r = push_entries(s, registry, wake_fd, name, l, options, err);

    if (r < 0)
        return r;
    image_list_dump(l, &text, &media_type);
    r = registry_push_manifest(registry, name, false, text.p, text.len, media_type, &computed, err);
    *ret = (struct image_pushed){.target = computed.digest, .size = computed.size};
    return r;
}

int image_list_push(struct store *s, const struct config *config, const struct oci_reference *name,
                    const struct store_list *l, const struct image_copy_options *options, struct image_pushed *ret,
                    struct err *err)
{
    struct image_session session;
    int r = image_session_begin(s, config, options->insecure, &session, err);

    if (r < 0)
        return r;
    r = push_list(s, session.registry, session.signals.wake[0], name, l, options, ret, err);
    image_session_end(&session);
    return r;
}

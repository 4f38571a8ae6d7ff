/* What a registry sends: manifests, indexes, descriptors and image configs. Whatever parses is written and read again
 * to the same bytes. */
#include "oci/image_config.h"
#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* `object` was parsed; it is released here. */
static void round_trip(const struct json_type *type, void *object, void *again)
{
    _cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
    struct err err = ERR_INIT;

    json_dump(type, object, false, &first);
    if (json_parse(buf_str(&first), first.len, type, again, &err) < 0)
        abort();
    json_dump(type, again, false, &second);
    if (first.len != second.len || memcmp(first.p, second.p, first.len) != 0)
        abort();
    json_free(type, object);
    json_free(type, again);
}

static void check_index(const char *text, size_t size)
{
    _cleanup_platform_ struct oci_platform host = {0};
    const struct oci_descriptor *chosen;
    struct oci_index index, again;

    if (oci_index_parse(text, size, &index, NULL) < 0)
        return;
    oci_platform_host(&host);
    if (oci_index_select(&index, &host, &chosen, NULL) == 0 &&
        (chosen < index.manifests.v || chosen >= index.manifests.v + index.manifests.n || chosen->size < 0))
        abort();
    round_trip(&oci_index_type, &index, &again);
}

static void check_manifest(const char *text, size_t size)
{
    struct oci_manifest m, again;

    if (oci_manifest_parse(text, size, &m, NULL) < 0)
        return;
    if (m.layers.n > OCI_LAYERS_MAX || m.config.size < 0 || m.config.size > OCI_CONFIG_MAX)
        abort();
    VEC_FOREACH (layer, &m.layers)
        if (layer->size < 0 || layer->digest.algorithm == DIGEST_NONE)
            abort();
    round_trip(&oci_manifest_type, &m, &again);
}

static void check_config(const char *text, size_t size)
{
    struct oci_image_config c, again;

    if (oci_image_config_parse(text, size, &c, NULL) < 0)
        return;
    for (size_t i = 0; i < oci_image_config_layers(&c); i++) {
        struct digest id = {0};

        oci_image_config_diff_id(&c, i, &id);
        if (id.algorithm == DIGEST_NONE)
            abort();
    }
    round_trip(&oci_image_config_type, &c, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct err err = ERR_INIT;
    enum oci_document kind;
    struct oci_descriptor d, again;

    if (oci_document_identify(NULL, text, size, &kind, &err) < 0 && (!err.kind || !*err.text))
        abort();
    check_index(text, size);
    check_manifest(text, size);
    check_config(text, size);
    if (json_parse(text, size, &oci_descriptor_type, &d, NULL) == 0)
        round_trip(&oci_descriptor_type, &d, &again);
    return 0;
}

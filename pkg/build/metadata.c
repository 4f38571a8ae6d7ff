#include "build/request_parse.h"

#include "base/buf.h"
#include "oci/manifest.h"
#include "oci/reference.h"

/* All names, whole, with commas between them. */
static void add_names(char *const *names, struct buf *out)
{
    STRV_FOREACH (name, names) {
        _cleanup_reference_ struct oci_reference ref = {0};
        _cleanup_free_ char *full = NULL;

        if (oci_reference_parse(*name, &ref, NULL) < 0)
            continue;
        oci_reference_default_tag(&ref);
        full = oci_reference_format(&ref);
        buf_addf(out, "%s%s", out->len ? "," : "", full);
    }
}

static void add_image(const struct build_result *result, struct buf *out)
{
    char config[DIGEST_TEXT_MAX], manifest[DIGEST_TEXT_MAX];

    digest_format(&result->id, config);
    digest_format(&result->manifest, manifest);
    if (!result->index)
        buf_addf(out, "\n  \"containerimage.config.digest\": \"%s\",", config);
    buf_addf(out,
             "\n  \"containerimage.descriptor\": {\n"
             "    \"mediaType\": \"%s\",\n"
             "    \"digest\": \"%s\",\n"
             "    \"size\": %lld\n"
             "  },\n"
             "  \"containerimage.digest\": \"%s\"",
             result->index ? OCI_MEDIA_INDEX : OCI_MEDIA_MANIFEST, manifest, (long long)result->manifest_size,
             manifest);
}

void build_metadata(const struct build_request *q, const struct build_result *result, struct buf *out)
{
    _cleanup_buf_ struct buf names = BUF_INIT;

    add_names(q->tags, &names);
    VEC_FOREACH (o, &q->outputs) {
        _cleanup_strv_ char **more = o->name ? strv_split(o->name, ',') : NULL;

        add_names(more, &names);
    }
    buf_addc(out, '{');
    if (result->id.algorithm != DIGEST_NONE)
        add_image(result, out);
    if (result->id.algorithm != DIGEST_NONE && names.len) {
        buf_adds(out, ",\n  \"image.name\": ");
        buf_add_json(out, buf_str(&names));
    }
    buf_adds(out, result->id.algorithm != DIGEST_NONE ? "\n}\n" : "}\n");
}

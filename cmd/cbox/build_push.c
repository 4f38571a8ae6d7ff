#include "build_push.h"

#include "build/request_parse.h"
#include "image/push.h"

#include <stdio.h>
#include <unistd.h>

/* ---- before ---- */

static size_t count_images(const struct build_request *q)
{
    size_t n = 0;

    VEC_FOREACH (o, &q->outputs)
        n += o->type == BUILD_OUTPUT_IMAGE;
    return n;
}

static bool has_name(const struct build_request *q, const struct build_output *o)
{
    return o->name || (q->tags && q->tags[0]);
}

int build_outputs_complete(struct build_request *q, bool push, bool load, struct err *err)
{
    if (push && q->outputs.n > 0 && count_images(q) == 0)
        return err_set(err, ERR_INVALID, "--push is for an image, and no --output is one");
    if ((push && q->outputs.n == 0) || (load && q->outputs.n > 0 && count_images(q) == 0))
        *VEC_PUSH(&q->outputs) = (struct build_output){.type = BUILD_OUTPUT_IMAGE};
    VEC_FOREACH (o, &q->outputs) {
        o->push = o->push || (push && o->type == BUILD_OUTPUT_IMAGE);
        if (o->push && !has_name(q, o))
            return err_set(err, ERR_INVALID, "tag is needed when pushing to registry");
    }
    return build_outputs_check(q, isatty(STDOUT_FILENO), err);
}

/* ---- afterwards ---- */

static enum oci_compression compression_of(const struct build_output *o)
{
    if (str_eq(o->compression, "zstd"))
        return OCI_COMPRESSION_ZSTD;
    return str_eq(o->compression, "gzip") ? OCI_COMPRESSION_GZIP : OCI_COMPRESSION_NONE;
}

static int push_name(struct cli_context *ctx, struct store *s, const struct build_request *q,
                     const struct build_output *o, const char *text, bool quiet, struct err *err)
{
    const struct image_push_options how = {.compression = compression_of(o),
                                           .all_platforms = strv_len(q->platforms) > 1};
    _cleanup_reference_ struct oci_reference name = {0};
    _cleanup_free_ char *full = NULL;
    char digest[DIGEST_TEXT_MAX];
    struct image_pushed pushed;
    int r = oci_reference_parse(text, &name, err);

    if (r < 0)
        return r;
    oci_reference_default_tag(&name);
    full = oci_reference_format(&name);
    r = image_push(s, &ctx->config, &name, &how, &pushed, err);
    if (r < 0)
        return err_wrap(err, "pushing %s", full);
    if (!quiet)
        fprintf(stderr, "pushed %s@%s\n", full, digest_format(&pushed.target, digest));
    return 0;
}

static int push_output(struct cli_context *ctx, struct store *s, const struct build_request *q,
                       const struct build_output *o, bool quiet, struct err *err)
{
    _cleanup_strv_ char **names = o->name ? strv_split(o->name, ',') : NULL;
    int r = 0;

    STRV_FOREACH (tag, q->tags)
        r = r < 0 ? r : push_name(ctx, s, q, o, *tag, quiet, err);
    STRV_FOREACH (name, names)
        r = r < 0 ? r : push_name(ctx, s, q, o, *name, quiet, err);
    return r;
}

int build_push(struct cli_context *ctx, struct store *s, const struct build_request *q, bool quiet, struct err *err)
{
    int r = 0;

    VEC_FOREACH (o, &q->outputs)
        if (r == 0 && o->push)
            r = push_output(ctx, s, q, o, quiet, err);
    return r;
}

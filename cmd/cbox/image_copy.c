#include "cbox.h"
#include "commands.h"
#include "image/copy.h"
#include "push_view.h"

#include <stdio.h>

struct copy_options {
    const char *platform;
    bool quiet;
    bool tls_verify;
};

static const struct cli_option options[] = {
    CLI_STRING(struct copy_options, 0, "platform", platform,
               "Copy the image for this platform alone, as linux/arm64, in place of the index", .word = "os/arch"),
    CLI_FLAG(struct copy_options, 'q', "quiet", quiet, "Suppress verbose output"),
    CLI_FLAG(struct copy_options, 0, "tls-verify", tls_verify, "Require HTTPS and check the registries' certificates",
             .shown_default = "true"),
};

static const struct copy_options defaults = {.tls_verify = true};

static int parse_names(char **operands, struct oci_reference *from, struct oci_reference *to, struct err *err)
{
    int r = oci_reference_parse(operands[0], from, err);

    if (r == 0)
        r = oci_reference_parse(operands[1], to, err);
    if (r < 0)
        return r;
    if (to->digest.algorithm != DIGEST_NONE)
        return err_set(err, ERR_INVALID, "cannot copy to a digest reference: the digest stays what it is");
    oci_reference_default_tag(from);
    oci_reference_default_tag(to);
    return 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct copy_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    _cleanup_reference_ struct oci_reference from = {0}, to = {0};
    _cleanup_free_ char *full = NULL;
    struct push_view view;
    struct image_copy_options how = {
        .platform = o->platform,
        .insecure = !o->tls_verify,
        .event = o->quiet ? NULL : push_view_show,
        .data = &view,
    };
    struct image_pushed pushed;
    char text[DIGEST_TEXT_MAX];
    int r = parse_names(operands, &from, &to, err);

    if (r == 0)
        r = store_open(ctx->root, ctx->state, &store, err);
    if (r < 0)
        return r;
    push_view_begin(&view);
    r = image_copy(store, &ctx->config, &from, &to, &how, &pushed, err);
    push_view_end(&view);
    if (r < 0)
        return r;
    if (!o->quiet)
        printf("%s: digest: %s size: %lld\n", to.tag, digest_format(&pushed.target, text), (long long)pushed.size);
    full = oci_reference_format(&to);
    printf("%s\n", full);
    return 0;
}

static const struct cli_example examples[] = {
    {"Everything that a name leads to", "cbox image copy alpine:3.20 registry.example:5000/mirror/alpine:3.20"},
    {"One platform alone", "cbox image copy --platform linux/arm64 alpine registry.example:5000/mirror/alpine"},
    {NULL, NULL},
};

static const char description[] =
    "Copies from one registry to another without unpacking and past the store: manifests stay what they are, so the\n"
    "digest does too. What the source names is copied whole, an index with the images of all platforms, their\n"
    "attestations and whatever else it leads to, unless --platform chooses one. What the destination has is not sent\n"
    "again; in one registry blobs are mounted from repository to repository.\n"
    "\n"
    "A blob passes through a file without a name below the store's root, where it is verified before it is uploaded.";

const struct cli_command cmd_image_copy = {
    .summary = "Copy an image from one registry to another",
    .description = description,
    .operands = "SOURCE[:TAG|@DIGEST] DESTINATION[:TAG]",
    CLI_OPTIONS(struct copy_options, options),
    .defaults = &defaults,
    .examples = examples,
    .run = run,
};

#include "image/push.h"
#include "cbox.h"
#include "commands.h"
#include "push_view.h"
#include "store/tag.h"

#include <stdio.h>

struct push_options {
    bool all_platforms;
    bool all_tags;
    const char *compression;
    const char *platform;
    bool quiet;
    bool tls_verify;
};

static const char *const compressions[] = {"gzip", "zstd", NULL};

static const struct cli_option options[] = {
    CLI_FLAG(struct push_options, 0, "all-platforms", all_platforms,
             "Push the index with the images of all platforms, where pull --all-platforms or load brought them"),
    CLI_FLAG(struct push_options, 'a', "all-tags", all_tags, "Push all tags of an image to the repository"),
    CLI_STRING(struct push_options, 0, "compression", compression,
               "Compress layers that are packed otherwise anew, with gzip or zstd", .word = "format",
               .values = CLI_VALUES_WORDS, .words = compressions),
    CLI_STRING(struct push_options, 0, "platform", platform, "Push the image for this platform alone, as linux/arm64",
               .word = "os/arch"),
    CLI_FLAG(struct push_options, 'q', "quiet", quiet, "Suppress verbose output"),
    CLI_FLAG(struct push_options, 0, "tls-verify", tls_verify, "Require HTTPS and check the registry's certificate",
             .shown_default = "true"),
};

static const struct push_options defaults = {.tls_verify = true};

static enum oci_compression compression_of(const char *word)
{
    if (!word)
        return OCI_COMPRESSION_NONE;
    return strcmp(word, "zstd") == 0 ? OCI_COMPRESSION_ZSTD : OCI_COMPRESSION_GZIP;
}

static int push_one(struct cli_context *ctx, struct store *store, const struct oci_reference *name,
                    const struct push_options *o, struct err *err)
{
    struct push_view view;
    struct image_push_options how = {
        .platform = o->platform,
        .all_platforms = o->all_platforms,
        .compression = compression_of(str_given(o->compression)),
        .insecure = !o->tls_verify,
        .event = o->quiet ? NULL : push_view_show,
        .data = &view,
    };
    struct image_pushed pushed;
    char text[DIGEST_TEXT_MAX];
    int r;

    push_view_begin(&view);
    r = image_push(store, &ctx->config, name, &how, &pushed, err);
    push_view_end(&view);
    if (r == 0 && !o->quiet)
        printf("%s: digest: %s size: %lld\n", name->tag, digest_format(&pushed.target, text), (long long)pushed.size);
    return r;
}

/* Every tag that the repository has here. */
static int push_all_tags(struct cli_context *ctx, struct store *store, const struct oci_reference *name,
                         const struct push_options *o, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    _cleanup_free_ char *familiar = oci_reference_familiar_name(name);
    size_t n = 0;
    int r = store_tag_list(store, &tags, err);

    for (size_t i = 0; r == 0 && i < tags.n; i++) {
        const struct oci_reference *tag = &tags.v[i].name;

        if (!tag->tag || !str_eq(tag->domain, name->domain) || !str_eq(tag->path, name->path))
            continue;
        r = push_one(ctx, store, tag, o, err);
        n++;
    }
    if (r == 0 && !n)
        r = err_set(err, ERR_NOT_FOUND, "an image does not exist locally with the tag: %s", familiar);
    return r;
}

static int parse_name(const char *text, const struct push_options *o, struct oci_reference *ret, struct err *err)
{
    int r = oci_reference_parse(text, ret, err);

    if (r < 0)
        return r;
    if (ret->digest.algorithm != DIGEST_NONE)
        return err_set(err, ERR_INVALID, "cannot push a digest reference");
    if (o->all_tags && ret->tag)
        return err_set(err, ERR_INVALID, "tag can't be used with --all-tags/-a");
    if (!o->all_tags && !o->quiet && !ret->tag)
        printf("Using default tag: latest\n");
    if (!o->all_tags)
        oci_reference_default_tag(ret);
    return 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct push_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    _cleanup_reference_ struct oci_reference name = {0};
    _cleanup_free_ char *full = NULL, *repository = NULL;
    int r;

    if (o->all_platforms && o->platform)
        return err_set(err, ERR_INVALID, "--all-platforms and --platform exclude each other");
    r = parse_name(operands[0], o, &name, err);
    if (r == 0)
        r = store_open(ctx->root, ctx->state, &store, err);
    if (r < 0)
        return r;
    repository = oci_reference_name(&name);
    if (!o->quiet)
        printf("The push refers to repository [%s]\n", repository);
    r = o->all_tags ? push_all_tags(ctx, store, &name, o, err) : push_one(ctx, store, &name, o, err);
    if (r < 0)
        return r;
    if (o->quiet) {
        full = oci_reference_format(&name);
        printf("%s\n", full);
    }
    return 0;
}

static const struct cli_example examples[] = {
    {"To a registry that asks for a login", "cbox push registry.example:5000/team/app:2"},
    {"With every platform that was pulled", "cbox push --all-platforms registry.example:5000/team/app:2"},
    {"Layers packed with zstd", "cbox push --compression zstd registry.example:5000/team/app:2"},
    {NULL, NULL},
};

static const char description[] =
    "Uploads the image that has the name: its manifest, config and layers exactly as they are here, so that the "
    "digest\n"
    "stays what it was. What the registry has is not sent again, nor what it has in another repository from which an\n"
    "image is here: that is mounted. An upload that stops goes on where the registry lets it.\n"
    "\n"
    "Layers that are not compressed, as load and import bring them, are compressed with gzip, or as --compression "
    "says.\n"
    "The bytes depend neither on the machine nor on its load, so the same layer always gets the same digest. With\n"
    "--compression, layers that are packed otherwise are unpacked and compressed anew as well. Then the manifest is\n"
    "written anew, and its digest is another one; the image's ID stays. What came of it takes the place of what was "
    "here.";

const struct cli_command cmd_push = {
    .summary = "Upload an image to a registry",
    .description = description,
    .operands = "NAME[:TAG]",
    .values = {CLI_VALUES_IMAGE},
    CLI_OPTIONS(struct push_options, options),
    .defaults = &defaults,
    .examples = examples,
    .run = run,
};

/* Manifest lists: made here, pushed as an index. */
#include "cbox.h"
#include "commands.h"
#include "image/list.h"

#include <stdio.h>

/* The name of a list, which always has a tag. */
static int parse_list(const char *text, struct oci_reference *ret, struct err *err)
{
    int r = oci_reference_parse(text, ret, err);

    if (r == 0 && ret->digest.algorithm != DIGEST_NONE)
        return err_set(err, ERR_INVALID, "a manifest list is named by a tag, not by a digest: %s", text);
    oci_reference_default_tag(ret);
    return r;
}

static int parse_manifest(const char *text, struct oci_reference *ret, struct err *err)
{
    int r = oci_reference_parse(text, ret, err);

    oci_reference_default_tag(ret);
    return r;
}

/* ---- create ---- */

struct create_options {
    bool amend;
    bool insecure;
};

static const struct cli_option create_options[] = {
    CLI_FLAG(struct create_options, 'a', "amend", amend, "Amend an existing manifest list"),
    CLI_FLAG(struct create_options, 0, "insecure", insecure, "Allow communication with an insecure registry"),
};

static int start_list(struct store *s, const struct oci_reference *name, bool amend, struct store_list *ret,
                      struct err *err)
{
    struct err why = ERR_INIT;
    int r = store_list_get(s, name, ret, &why);

    if (r == ERR_NOT_FOUND)
        return 0;
    if (r == 0 && !amend)
        return err_set(err, ERR_EXISTS, "refusing to amend an existing manifest list with no --amend flag");
    if (r < 0)
        *err = why;
    return r;
}

static int add_manifest(struct registry *registry, const char *text, struct store_list *l, struct err *err)
{
    _cleanup_reference_ struct oci_reference name = {0};
    struct store_list_entry entry;
    int r = parse_manifest(text, &name, err);

    if (r == 0)
        r = image_list_resolve(registry, &name, &entry, err);
    if (r == 0)
        image_list_add(l, &entry);
    return r;
}

static int run_create(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct create_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    _cleanup_(registry_free_cleanup) struct registry *registry = NULL;
    _cleanup_reference_ struct oci_reference name = {0};
    _cleanup_store_list_ struct store_list list = {0};
    _cleanup_free_ char *full = NULL;
    int r = parse_list(operands[0], &name, err);

    if (r == 0)
        r = store_open(ctx->root, ctx->state, &store, err);
    if (r == 0)
        r = start_list(store, &name, o->amend, &list, err);
    if (r == 0)
        r = registry_new(&ctx->config, &(struct registry_options){.insecure = o->insecure}, &registry, err);
    for (char **m = operands + 1; r == 0 && *m; m++)
        r = add_manifest(registry, *m, &list, err);
    if (r == 0)
        r = store_list_set(store, &name, &list, err);
    if (r < 0)
        return r;
    full = oci_reference_format(&name);
    printf("Created manifest list %s\n", full);
    return 0;
}

static const struct cli_example create_examples[] = {
    {"One name for two images", "cbox manifest create registry.example:5000/app:2 registry.example:5000/app:2-amd64 "
                                "registry.example:5000/app:2-arm64"},
    {NULL, NULL},
};

static const char create_description[] = "Puts a list together from manifests that registries have, each with the "
                                         "platform that its config names, and keeps\n"
                                         "it here until it is pushed. Nothing is downloaded but manifests and configs.";

const struct cli_command cmd_manifest_create = {
    .summary = "Create a local manifest list to annotate and push",
    .description = create_description,
    .operands = "MANIFEST_LIST MANIFEST [MANIFEST...]",
    CLI_OPTIONS(struct create_options, create_options),
    .examples = create_examples,
    .run = run_create,
};

/* ---- annotate ---- */

struct annotate_options {
    const char *arch;
    const char *os;
    char **os_features;
    const char *os_version;
    const char *variant;
};

static const struct cli_option annotate_options[] = {
    CLI_STRING(struct annotate_options, 0, "arch", arch, "Set architecture"),
    CLI_STRING(struct annotate_options, 0, "os", os, "Set operating system"),
    CLI_LIST(struct annotate_options, 0, "os-features", os_features, "Set operating system feature"),
    CLI_STRING(struct annotate_options, 0, "os-version", os_version, "Set operating system version"),
    CLI_STRING(struct annotate_options, 0, "variant", variant, "Set architecture variant"),
};

static void set(char **field, const char *value)
{
    if (value)
        str_replace(field, str_dup(value));
}

static int run_annotate(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct annotate_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    _cleanup_reference_ struct oci_reference name = {0}, manifest = {0};
    _cleanup_store_list_ struct store_list list = {0};
    struct store_list_entry *entry;
    struct oci_platform *p;
    int r = parse_list(operands[0], &name, err);

    if (r == 0)
        r = parse_manifest(operands[1], &manifest, err);
    if (r == 0)
        r = store_open(ctx->root, ctx->state, &store, err);
    if (r == 0)
        r = store_list_get(store, &name, &list, err);
    if (r < 0)
        return r;
    entry = image_list_find(&list, &manifest);
    if (!entry)
        return err_set(err, ERR_NOT_FOUND, "manifest for image %s does not exist in %s", operands[1], operands[0]);
    if (!entry->descriptor.platform)
        entry->descriptor.platform = mem_zalloc(1, sizeof(*p));
    p = entry->descriptor.platform;
    set(&p->architecture, o->arch);
    set(&p->os, o->os);
    set(&p->os_version, o->os_version);
    set(&p->variant, o->variant);
    STRV_FOREACH (feature, o->os_features)
        if (!strv_contains(p->os_features, *feature))
            strv_add(&p->os_features, *feature);
    return store_list_set(store, &name, &list, err);
}

static const struct cli_example annotate_examples[] = {
    {"A variant that the image does not name",
     "cbox manifest annotate --variant v7 registry.example:5000/app:2 registry.example:5000/app:2-arm"},
    {NULL, NULL},
};

const struct cli_command cmd_manifest_annotate = {
    .summary = "Add additional information to a local image manifest",
    .operands = "MANIFEST_LIST MANIFEST",
    CLI_OPTIONS(struct annotate_options, annotate_options),
    .examples = annotate_examples,
    .run = run_annotate,
};

/* ---- push ---- */

struct push_list_options {
    bool insecure;
    bool purge;
};

static const struct cli_option push_options[] = {
    CLI_FLAG(struct push_list_options, 0, "insecure", insecure, "Allow push to an insecure registry"),
    CLI_FLAG(struct push_list_options, 'p', "purge", purge, "Remove the local manifest list after push"),
};

static int run_push(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct push_list_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    _cleanup_reference_ struct oci_reference name = {0};
    _cleanup_store_list_ struct store_list list = {0};
    struct image_copy_options how = {.insecure = o->insecure};
    struct image_pushed pushed;
    char text[DIGEST_TEXT_MAX];
    int r = parse_list(operands[0], &name, err);

    if (r == 0)
        r = store_open(ctx->root, ctx->state, &store, err);
    if (r == 0)
        r = store_list_get(store, &name, &list, err);
    if (r == 0)
        r = image_list_push(store, &ctx->config, &name, &list, &how, &pushed, err);
    if (r == 0 && o->purge)
        r = store_list_remove(store, &name, err);
    if (r < 0)
        return r;
    printf("%s\n", digest_format(&pushed.target, text));
    return 0;
}

static const struct cli_example push_examples[] = {
    {"And forget it here", "cbox manifest push --purge registry.example:5000/app:2"},
    {NULL, NULL},
};

static const char push_description[] =
    "Pushes the list as an index: in Docker's form where all of its manifests are Docker's, else in OCI's. What it "
    "names\n"
    "in other repositories is brought into its own first, mounted where they are in the same registry. Prints the\n"
    "digest of the index.";

const struct cli_command cmd_manifest_push = {
    .summary = "Push a manifest list to a repository",
    .description = push_description,
    .operands = "MANIFEST_LIST",
    CLI_OPTIONS(struct push_list_options, push_options),
    .examples = push_examples,
    .run = run_push,
};

/* ---- rm ---- */

static int remove_list(const char *operand, void *data, struct err *err)
{
    _cleanup_reference_ struct oci_reference name = {0};
    int r = parse_list(operand, &name, err);

    return r < 0 ? r : store_list_remove(data, &name, err);
}

static int run_rm(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    int r = store_open(ctx->root, ctx->state, &store, err);

    (void)opts;
    return r < 0 ? r : cbox_for_each(operands, false, remove_list, store);
}

static const struct cli_example rm_examples[] = {
    {"A list that was pushed is not needed here any more", "cbox manifest rm registry.example/app:1"},
    {NULL, NULL},
};

const struct cli_command cmd_manifest_rm = {
    .summary = "Delete one or more manifest lists from local storage",
    .operands = "MANIFEST_LIST [MANIFEST_LIST...]",
    .examples = rm_examples,
    .run = run_rm,
};

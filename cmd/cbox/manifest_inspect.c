#include "base/base64.h"
#include "cbox.h"
#include "commands.h"
#include "image/list.h"

#include <stdio.h>

struct inspect_options {
    bool insecure;
    bool verbose;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct inspect_options, 0, "insecure", insecure, "Allow communication with an insecure registry"),
    CLI_FLAG(struct inspect_options, 'v', "verbose", verbose, "Output additional info including layers and platform"),
};

enum { VERBOSE_MAX = 64 << 20 /* of all that an index names */ };

/* A document on its way to be shown. */
struct shown {
    struct registry *registry;
    const struct oci_reference *name;
    struct buf out; /* as JSON without blanks of our own */
};

static void print(const char *text, size_t len, const char *indent)
{
    _cleanup_buf_ struct buf out = BUF_INIT;

    json_indent(text, len, indent, &out);
    printf("%s\n", buf_str(&out));
}

/* ---- more than the document ---- */

/* What Docker calls the parsed manifest; empty for what it knows no name for. */
static const char *manifest_name(const char *media_type)
{
    if (str_eq(media_type, OCI_MEDIA_DOCKER_MANIFEST))
        return "SchemaV2Manifest";
    return str_eq(media_type, OCI_MEDIA_MANIFEST) ? "OCIManifest" : "";
}

static void add_verbose(struct shown *s, const struct oci_descriptor *d, const struct buf *raw, const char *reference)
{
    _cleanup_free_ char *base64 = base64_encode(buf_str(raw), raw->len);
    const char *name = manifest_name(d->media_type);

    buf_adds(&s->out, "{\"Ref\":");
    buf_add_json(&s->out, reference);
    buf_adds(&s->out, ",\"Descriptor\":");
    json_dump(&oci_descriptor_type, d, false, &s->out);
    buf_addf(&s->out, ",\"Raw\":\"%s\"", base64);
    if (*name) {
        buf_addf(&s->out, ",\"%s\":", name);
        buf_add(&s->out, buf_str(raw), raw->len);
    }
    buf_addc(&s->out, '}');
}

static int add_entry(struct shown *s, const struct oci_reference *from, const struct oci_descriptor *d, struct err *err)
{
    _cleanup_registry_manifest_ struct registry_manifest raw = {0};
    struct oci_reference named = *from; /* borrowed */
    _cleanup_free_ char *reference = NULL;
    struct err why = ERR_INIT;
    enum oci_document what;
    int r = registry_fetch_manifest(s->registry, from, &d->digest, &raw, err);

    if (r < 0)
        return r;
    /* Of what is fetched by digest only that was looked at, and it is going to be shown. */
    if (oci_document_identify(NULL, buf_str(&raw.bytes), raw.bytes.len, &what, &why) == ERR_INVALID) {
        *err = why;
        return ERR_INVALID;
    }
    if (s->out.len > VERBOSE_MAX)
        return err_set(err, ERR_LIMIT, "manifests of more than %d MiB", VERBOSE_MAX >> 20);
    named.digest = d->digest;
    reference = oci_reference_format(&named);
    add_verbose(s, d, &raw.bytes, reference);
    return 0;
}

static int add_index(struct shown *s, const struct registry_manifest *raw, struct err *err)
{
    _cleanup_index_ struct oci_index index = {0};
    int r = oci_index_parse(buf_str(&raw->bytes), raw->bytes.len, &index, err);

    buf_addc(&s->out, '[');
    for (size_t i = 0; r == 0 && i < index.manifests.n; i++) {
        if (i)
            buf_addc(&s->out, ',');
        r = add_entry(s, s->name, &index.manifests.v[i], err);
    }
    buf_addc(&s->out, ']');
    return r;
}

static int add_manifest(struct shown *s, const struct registry_manifest *raw, struct err *err)
{
    struct store_list_entry entry;
    int r = image_list_resolve(s->registry, s->name, &entry, err);

    if (r < 0)
        return r;
    add_verbose(s, &entry.descriptor, &raw->bytes, entry.reference);
    oci_descriptor_release(&entry.descriptor);
    free(entry.reference);
    return 0;
}

static int show_verbose(struct shown *s, const struct registry_manifest *raw, enum oci_document what, struct err *err)
{
    int r = what == OCI_DOCUMENT_INDEX ? add_index(s, raw, err) : add_manifest(s, raw, err);

    if (r == 0)
        print(buf_str(&s->out), s->out.len, "\t");
    return r;
}

/* ---- of a registry ---- */

static int no_manifest(const struct oci_reference *name, struct err *err)
{
    _cleanup_free_ char *text = oci_reference_familiar(name);

    return err_set(err, ERR_NOT_FOUND, "no such manifest: %s", text);
}

static int show_remote(struct shown *s, bool verbose, struct err *err)
{
    _cleanup_registry_manifest_ struct registry_manifest raw = {0};
    enum oci_document what;
    struct err why = ERR_INIT;
    int r = registry_fetch_manifest(s->registry, s->name, NULL, &raw, &why);

    if (r == ERR_NOT_FOUND)
        return no_manifest(s->name, err);
    if (r < 0)
        *err = why;
    if (r == 0)
        r = oci_document_identify(raw.media_type, buf_str(&raw.bytes), raw.bytes.len, &what, err);
    if (r < 0)
        return r;
    if (verbose)
        return show_verbose(s, &raw, what, err);
    print(buf_str(&raw.bytes), raw.bytes.len, what == OCI_DOCUMENT_INDEX ? "   " : "\t");
    return 0;
}

/* ---- of a list that is here ---- */

static int show_list(struct shown *s, const struct store_list *l, bool verbose, struct err *err)
{
    const char *media_type;
    int r = 0;

    if (!verbose) {
        image_list_dump(l, &s->out, &media_type);
        printf("%s\n", buf_str(&s->out));
        return 0;
    }
    buf_addc(&s->out, '[');
    for (size_t i = 0; r == 0 && i < l->entries.n; i++) {
        _cleanup_reference_ struct oci_reference from = {0};

        if (i)
            buf_addc(&s->out, ',');
        r = oci_reference_parse(l->entries.v[i].reference, &from, err);
        if (r == 0)
            r = add_entry(s, &from, &l->entries.v[i].descriptor, err);
    }
    buf_addc(&s->out, ']');
    if (r == 0)
        print(buf_str(&s->out), s->out.len, "\t");
    return r;
}

/* The list of this name, where there is one here. */
static int find_list(struct cli_context *ctx, const struct oci_reference *name, struct store_list *ret, bool *ret_found,
                     struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    struct err why = ERR_INIT;
    int r = cbox_open_existing_store(ctx, &store, err);

    *ret_found = false;
    if (r < 0 || !store || !name->tag)
        return r;
    r = store_list_get(store, name, ret, &why);
    *ret_found = r == 0;
    if (r < 0 && r != ERR_NOT_FOUND)
        *err = why;
    return r == ERR_NOT_FOUND ? 0 : r;
}

static int show_member(struct shown *s, const struct store_list *l, const char *list, const char *manifest,
                       struct err *err)
{
    struct store_list_entry *entry = image_list_find(l, s->name);
    _cleanup_registry_manifest_ struct registry_manifest raw = {0};
    _cleanup_reference_ struct oci_reference from = {0};
    int r;

    if (!entry)
        return err_set(err, ERR_NOT_FOUND, "manifest for image %s does not exist in %s", manifest, list);
    r = oci_reference_parse(entry->reference, &from, err);
    if (r == 0)
        r = registry_fetch_manifest(s->registry, &from, &entry->descriptor.digest, &raw, err);
    if (r < 0)
        return r;
    add_verbose(s, &entry->descriptor, &raw.bytes, entry->reference);
    print(buf_str(&s->out), s->out.len, "\t");
    return 0;
}

static int show(struct cli_context *ctx, struct shown *s, const struct inspect_options *o, char **operands,
                struct err *err)
{
    _cleanup_reference_ struct oci_reference list_name = {0};
    _cleanup_store_list_ struct store_list list = {0};
    bool found = false;
    int r = oci_reference_parse(operands[0], &list_name, err);

    oci_reference_default_tag(&list_name);
    if (r == 0)
        r = find_list(ctx, &list_name, &list, &found, err);
    if (r < 0)
        return r;
    if (operands[1] && !found)
        return err_set(err, ERR_NOT_FOUND, "no such manifest list: %s", operands[0]);
    if (operands[1])
        return show_member(s, &list, operands[0], operands[1], err);
    return found ? show_list(s, &list, o->verbose, err) : show_remote(s, o->verbose, err);
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct inspect_options *o = opts;
    _cleanup_(registry_free_cleanup) struct registry *registry = NULL;
    _cleanup_reference_ struct oci_reference name = {0};
    struct shown s = {.name = &name};
    int r = oci_reference_parse(operands[1] ? operands[1] : operands[0], &name, err);

    oci_reference_default_tag(&name);
    if (r == 0)
        r = registry_new(&ctx->config, &(struct registry_options){.insecure = o->insecure}, &registry, err);
    if (r < 0)
        return r;
    s.registry = registry;
    r = show(ctx, &s, o, operands, err);
    buf_free(&s.out);
    return r;
}

static const struct cli_example examples[] = {
    {"The platforms of an image, as the registry has it", "cbox manifest inspect alpine:3.20"},
    {NULL, NULL},
};

static const char description[] =
    "Shows what a registry has under the name, as it is but for its indentation: a manifest, or a list of them. A "
    "list\n"
    "that `manifest create` made comes first; of such a one, with two names, a manifest that it names.";

const struct cli_command cmd_manifest_inspect = {
    .summary = "Display an image manifest, or manifest list",
    .description = description,
    .operands = "MANIFEST|MANIFEST_LIST [MANIFEST]",
    CLI_OPTIONS(struct inspect_options, options),
    .examples = examples,
    .run = run,
};

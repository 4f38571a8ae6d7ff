/* An image as Docker's API describes it. */
#include "commands.h"
#include "image/image.h"
#include "inspect.h"
#include "store/layer.h"

#include "base/time.h"

struct inspect_options {
    const char *format;
};

static const struct cli_option options[] = {
    CLI_STRING(struct inspect_options, 'f', "format", format, "Format output: 'json' or a Go template"),
};

static struct cli_value nothing(void)
{
    return (struct cli_value){.kind = CLI_NULL};
}

/* Docker's difference between a list that the config does not have and an empty one. */
static struct cli_value list_or_null(char *const *strings)
{
    return strings ? cli_value_list(strings) : nothing();
}

static struct cli_value map_or_null(char *const *entries)
{
    struct cli_value map = {.kind = CLI_MAP};

    cli_value_put_entries(&map, entries);
    return entries ? map : nothing();
}

static struct cli_value set_of(char *const *names)
{
    struct cli_value map = {.kind = CLI_MAP};

    STRV_FOREACH (name, names)
        cli_value_put(&map, *name, (struct cli_value){.kind = CLI_MAP});
    return map;
}

static struct cli_value describe_healthcheck(const struct oci_healthcheck *h)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"Interval", h->interval},
                   {"Timeout", h->timeout},
                   {"StartPeriod", h->start_period},
                   {"StartInterval", h->start_interval},
                   {"Retries", h->retries}};
    struct cli_value v = CLI_FIELDS;

    cli_value_put(&v, "Test", cli_value_list(h->test));
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        cli_value_put(&v, numbers[i].name, cli_value_number(numbers[i].value))->hidden = !numbers[i].value;
    return v;
}

static struct cli_value describe_config(const struct oci_container_config *c)
{
    struct cli_value v = CLI_FIELDS;

    cli_value_put_text(&v, "User", c->user);
    cli_value_put(&v, "ExposedPorts", set_of(c->exposed_ports))->hidden = !c->exposed_ports;
    cli_value_put(&v, "Env", list_or_null(c->env));
    cli_value_put(&v, "Cmd", list_or_null(c->cmd));
    cli_value_put(&v, "Healthcheck", c->healthcheck ? describe_healthcheck(c->healthcheck) : nothing())->hidden =
        !c->healthcheck;
    cli_value_put(&v, "ArgsEscaped", cli_value_truth(c->args_escaped))->hidden = !c->args_escaped;
    cli_value_put(&v, "Volumes", c->volumes ? set_of(c->volumes) : nothing());
    cli_value_put_text(&v, "WorkingDir", c->working_dir);
    cli_value_put(&v, "Entrypoint", list_or_null(c->entrypoint));
    cli_value_put(&v, "OnBuild", list_or_null(c->on_build));
    cli_value_put(&v, "Labels", map_or_null(c->labels));
    cli_value_put(&v, "StopSignal", cli_value_text(c->stop_signal))->hidden = str_empty(c->stop_signal);
    cli_value_put(&v, "Shell", cli_value_list(c->shell))->hidden = !c->shell;
    return v;
}

/* All of its names, and the digests that registries know it by. */
static int add_names(struct store *s, const struct digest *id, struct cli_value *v, int64_t *ret_named, struct err *err)
{
    _cleanup_(store_tag_list_release) struct store_tag_list tags = {0};
    struct cli_value names = {.kind = CLI_SEQUENCE};
    char **digests = NULL;
    int r = store_tag_list(s, &tags, err);

    *ret_named = 0;
    for (size_t i = 0; i < tags.n; i++) {
        const struct store_tag *t = &tags.v[i];
        _cleanup_free_ char *repository = NULL, *known_by = NULL;
        char text[DIGEST_TEXT_MAX];

        if (!digest_equal(&t->id, id))
            continue;
        *ret_named = MAX_OF(*ret_named, t->pulled);
        if (t->name.tag)
            cli_value_append(&names, (struct cli_value){.kind = CLI_TEXT, .text = oci_reference_familiar(&t->name)});
        if (t->local)
            continue;
        repository = oci_reference_familiar_name(&t->name);
        known_by = str_printf("%s@%s", repository, digest_format(&t->target, text));
        if (!strv_contains(digests, known_by))
            strv_add(&digests, known_by);
    }
    cli_value_put(v, "RepoTags", names);
    cli_value_put(v, "RepoDigests", cli_value_list(digests));
    strv_free(digests);
    return r;
}

/* Where the layers lie, under the names that Docker gives them. */
static struct cli_value describe_driver(struct store *s, const struct image *image)
{
    struct cli_value v = {.kind = CLI_MAP}, data = {.kind = CLI_MAP};
    _cleanup_strv_ char **lower = NULL;
    _cleanup_free_ char *joined = NULL;

    for (size_t i = image->n_layers; i > 0; i--)
        strv_take(&lower, store_layer_tree_path(s, &image->layers[i - 1]));
    if (lower) {
        joined = strv_join(lower + 1, ":");
        if (*joined)
            cli_value_put_text(&data, "LowerDir", joined);
        cli_value_put_text(&data, "UpperDir", lower[0]);
    }
    cli_value_put(&v, "Data", data);
    cli_value_put_text(&v, "Name", "overlayfs");
    return v;
}

static int describe(struct store *s, const struct image *image, struct cli_value *ret, struct err *err)
{
    const struct oci_image_config *c = &image->config;
    struct cli_value v = CLI_FIELDS, rootfs = CLI_FIELDS, metadata = CLI_FIELDS;
    char id[DIGEST_TEXT_MAX], named[TIME_TEXT_MAX];
    int64_t when;
    int r;

    cli_value_put_text(&v, "Id", digest_format(&image->tag.id, id));
    r = add_names(s, &image->tag.id, &v, &when, err);
    cli_value_put_text(&v, "Parent", "");
    cli_value_put_text(&v, "Comment", c->history.n ? c->history.v[c->history.n - 1].comment : "");
    if (c->created)
        cli_value_put_text(&v, "Created", c->created);
    cli_value_put_text(&v, "Author", c->author);
    cli_value_put(&v, "Config", describe_config(&c->config));
    cli_value_put_text(&v, "Architecture", c->platform.architecture);
    cli_value_put(&v, "Variant", cli_value_text(c->platform.variant))->hidden = str_empty(c->platform.variant);
    cli_value_put_text(&v, "Os", c->platform.os);
    cli_value_put(&v, "Size", cli_value_number(image->tag.bytes));
    cli_value_put(&v, "GraphDriver", describe_driver(s, image));
    cli_value_put_text(&rootfs, "Type", "layers");
    cli_value_put(&rootfs, "Layers", cli_value_list(c->rootfs.diff_ids));
    cli_value_put(&v, "RootFS", rootfs);
    cli_value_put_text(&metadata, "LastTagTime", time_format(when, named));
    cli_value_put(&v, "Metadata", metadata);
    if (r < 0)
        cli_value_release(&v);
    else
        *ret = v;
    return r;
}

int inspect_image(struct store *s, const char *name, bool size _unused_, struct cli_value *ret, struct err *err)
{
    _cleanup_(image_release) struct image image = {0};
    int r = s ? image_open(s, name, &image, err) : err_set(err, ERR_NOT_FOUND, "no such image: %s", name);

    return r < 0 ? r : describe(s, &image, ret, err);
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct inspect_options *o = opts;

    return inspect_print(ctx, operands, inspect_image, o->format, false, err);
}

static const struct cli_example examples[] = {
    {"Everything", "cbox image inspect alpine"},
    {"The variables of its environment", "cbox image inspect -f '{{json .Config.Env}}' alpine"},
    {NULL, NULL},
};

const struct cli_command cmd_image_inspect = {
    .summary = "Display detailed information on one or more images",
    .operands = "IMAGE [IMAGE...]",
    .values = {CLI_VALUES_IMAGE, CLI_VALUES_IMAGE},
    CLI_OPTIONS(struct inspect_options, options),
    .examples = examples,
    .run = run,
};

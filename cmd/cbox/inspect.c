#include "inspect.h"

#include "cli/format.h"
#include "commands.h"

#include <stdio.h>

struct inspection {
    struct store *store; /* NULL: there is none */
    inspect_fn describe;
    const char *format;
    bool size;
    struct cli_value all; /* without a format: everything in one document */
};

static int inspect_one(const char *name, void *data, struct err *err)
{
    struct inspection *in = data;
    _cleanup_value_ struct cli_value v = {0};
    int r = in->describe(in->store, name, in->size, &v, err);

    if (r < 0)
        return r;
    if (in->format)
        return cli_format_object(in->format, &v, err);
    cli_value_append(&in->all, v);
    v = (struct cli_value){0};
    return 0;
}

static int check_format(const char *format, struct err *err)
{
    _cleanup_(cli_template_free_cleanup) struct cli_template *t = NULL;

    return !format || str_eq(format, "json") ? 0 : cli_template_parse(format, &t, err);
}

int inspect_print(const struct cli_context *ctx, char **names, inspect_fn describe, const char *format, bool size,
                  struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct inspection in = {
        .describe = describe, .format = str_given(format), .size = size, .all = {.kind = CLI_SEQUENCE}};
    int r = check_format(in.format, err);

    if (r < 0) { /* Docker's exit code for it */
        cbox_print_error(err);
        return 64;
    }
    r = cbox_open_existing_store(ctx, &s, err);
    if (r < 0)
        return r;
    in.store = s;
    r = cbox_for_each(names, false, inspect_one, &in);
    if (!in.format) {
        cli_value_json(&in.all, 4, false, &out);
        printf("%s\n", buf_str(&out));
    }
    cli_value_release(&in.all);
    return r;
}

/* ---- inspect, container inspect ---- */

struct inspect_options {
    const char *format, *type;
    bool size;
};

static const char *const types[] = {"container", "image", "network", "volume", NULL};
static const inspect_fn functions[] = {inspect_container, inspect_image, inspect_network, inspect_volume};

#define FORMAT_OPTION \
    CLI_STRING(struct inspect_options, 'f', "format", format, "Format output: 'json' or a Go template")

static const struct cli_option container_options[] = {
    FORMAT_OPTION,
    CLI_FLAG(struct inspect_options, 's', "size", size, "Display total file sizes"),
};

static const struct cli_option any_options[] = {
    FORMAT_OPTION,
    CLI_FLAG(struct inspect_options, 's', "size", size, "Display total file sizes if the type is container"),
    CLI_STRING(struct inspect_options, 0, "type", type, "Only inspect objects of the given type",
               .word = "container|image|network|volume"),
};

/* The first kind that has one of this name, as Docker looks for them. */
static int inspect_any(struct store *s, const char *name, bool size, struct cli_value *ret, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
        struct err why = ERR_INIT;
        int r = functions[i](s, name, size, ret, &why);

        /* What is no name for one kind may be one for the next. */
        if (r < 0 && (r == ERR_NOT_FOUND || (i && r == ERR_INVALID)))
            continue;
        if (r < 0 && err)
            *err = why;
        return r;
    }
    return err_set(err, ERR_NOT_FOUND, "No such object: %s", name);
}

static int run_any(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct inspect_options *o = opts;
    inspect_fn describe = str_empty(o->type) ? inspect_any : NULL;

    for (size_t i = 0; types[i]; i++)
        if (str_eq(types[i], o->type))
            describe = functions[i];
    if (!describe)
        return err_set(err, ERR_INVALID,
                       "unknown type: \"%s\": must be one of \"container\", \"image\", \"network\", \"volume\"",
                       o->type);
    return inspect_print(ctx, operands, describe, o->format, o->size, err);
}

static int run_container(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct inspect_options *o = opts;

    return inspect_print(ctx, operands, inspect_container, o->format, o->size, err);
}

static const struct cli_example container_examples[] = {
    {"How it ended", "cbox container inspect -f '{{.State.Status}} {{.State.ExitCode}}' web"},
    {NULL, NULL},
};

const struct cli_command cmd_container_inspect = {
    .summary = "Display detailed information on one or more containers",
    .operands = "CONTAINER [CONTAINER...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct inspect_options, container_options),
    .examples = container_examples,
    .run = run_container,
};

static const struct cli_example any_examples[] = {
    {"What an image runs", "cbox inspect --type image -f '{{.Config.Cmd}}' alpine"},
    {"What a container may use", "cbox inspect -f '{{.HostConfig.Memory}}' web"},
    {NULL, NULL},
};

const struct cli_command cmd_inspect = {
    .summary = "Return low-level information on objects",
    .description = "A name is looked for among containers, images, networks and volumes, in this order.",
    .operands = "NAME|ID [NAME|ID...]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct inspect_options, any_options),
    .examples = any_examples,
    .run = run_any,
};

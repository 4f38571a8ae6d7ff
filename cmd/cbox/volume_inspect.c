#include "cli/format.h"
#include "commands.h"
#include "show.h"
#include "volume.h"

#include <stdio.h>

struct inspect_options {
    const char *format;
};

static const struct cli_option options[] = {
    CLI_STRING(struct inspect_options, 'f', "format", format, "Format output: 'json' or a Go template"),
};

static struct cli_value map_or_null(char *const *entries)
{
    struct cli_value map = {.kind = CLI_MAP};

    cli_value_put_entries(&map, entries);
    return entries ? map : (struct cli_value){.kind = CLI_NULL};
}

struct inspection {
    struct store *store; /* NULL: there is none */
    const char *format;
    struct cli_value all; /* without a format: everything in one document */
};

static struct cli_value describe(struct store *s, const struct store_volume *v)
{
    _cleanup_free_ char *path = store_volume_path(s, v->name), *created = show_time_rfc3339(v->created);
    struct cli_value d = {.kind = CLI_MAP};

    cli_value_put_text(&d, "CreatedAt", created);
    cli_value_put_text(&d, "Driver", "local");
    cli_value_put(&d, "Labels", map_or_null(v->labels));
    cli_value_put_text(&d, "Mountpoint", path);
    cli_value_put_text(&d, "Name", v->name);
    cli_value_put(&d, "Options", map_or_null(v->options));
    cli_value_put_text(&d, "Scope", "local");
    return d;
}

static int inspect_one(const char *name, void *data, struct err *err)
{
    struct inspection *in = data;
    _cleanup_volume_ struct store_volume v = {0};
    _cleanup_value_ struct cli_value d = {0};
    int r = in->store ? store_volume_read(in->store, name, &v, err)
                      : err_set(err, ERR_NOT_FOUND, "get %s: no such volume", name);

    if (r < 0)
        return r;
    d = describe(in->store, &v);
    if (in->format)
        return cli_format_object(in->format, &d, err);
    cli_value_append(&in->all, cli_value_copy(&d));
    return 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct inspect_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_buf_ struct buf out = BUF_INIT;
    struct inspection in = {.format = str_given(o->format), .all = {.kind = CLI_SEQUENCE}};
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r < 0)
        return r;
    in.store = s;
    r = cbox_for_each(operands, false, inspect_one, &in);
    if (!in.format) {
        cli_value_json(&in.all, 4, false, &out);
        printf("%s\n", buf_str(&out));
    }
    cli_value_release(&in.all);
    return r;
}

static const struct cli_example examples[] = {
    {"Where its files lie", "cbox volume inspect -f '{{.Mountpoint}}' data"},
    {NULL, NULL},
};

const struct cli_command cmd_volume_inspect = {
    .summary = "Display detailed information on one or more volumes",
    .operands = "VOLUME [VOLUME...]",
    CLI_OPTIONS(struct inspect_options, options),
    .examples = examples,
    .run = run,
};

#include "commands.h"
#include "inspect.h"
#include "show.h"
#include "volume.h"

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
    map.absent = !entries;
    return map;
}

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

int inspect_volume(struct store *s, const char *name, bool size _unused_, struct cli_value *ret, struct err *err)
{
    _cleanup_volume_ struct store_volume v = {0};
    int r = s ? store_volume_read(s, name, &v, err) : err_set(err, ERR_NOT_FOUND, "get %s: no such volume", name);

    if (r == 0)
        *ret = describe(s, &v);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct inspect_options *o = opts;

    return inspect_print(ctx, operands, inspect_volume, o->format, false, err);
}

static const struct cli_example examples[] = {
    {"Where its files lie", "cbox volume inspect -f '{{.Mountpoint}}' data"},
    {NULL, NULL},
};

const struct cli_command cmd_volume_inspect = {
    .summary = "Display detailed information on one or more volumes",
    .operands = "VOLUME [VOLUME...]",
    .values = {CLI_VALUES_VOLUME, CLI_VALUES_VOLUME},
    CLI_OPTIONS(struct inspect_options, options),
    .examples = examples,
    .run = run,
};

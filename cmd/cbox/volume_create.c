#include "base/id.h"
#include "base/time.h"
#include "bundle/bundle.h"
#include "commands.h"
#include "event/event.h"
#include "volume.h"

#include <stdio.h>

struct create_options {
    const char *driver;
    char **labels, **options;
};

static const struct create_options defaults = {.driver = "local"};

static const struct cli_option options[] = {
    CLI_STRING(struct create_options, 'd', "driver", driver, "Specify volume driver name",
               .shown_default = "\"local\""),
    CLI_LIST(struct create_options, 0, "label", labels, "Set metadata for a volume"),
    CLI_LIST(struct create_options, 'o', "opt", options, "Set driver specific options", .word = "map"),
};

static void add_entries(char ***to, char *const *from)
{
    STRV_FOREACH (entry, from) {
        _cleanup_free_ char *whole = strchr(*entry, '=') ? str_dup(*entry) : str_printf("%s=", *entry);

        strv_env_set(to, whole);
    }
    strv_sort(*to);
}

static int fill(const struct create_options *o, const char *name, struct store_volume *v, struct err *err)
{
    char made_up[ID_LEN + 1];

    id_generate(made_up);
    v->name = str_dup(name ? name : made_up);
    v->created = time_now();
    if (!str_empty(o->driver) && !str_eq(o->driver, "local"))
        return err_set(err, ERR_INVALID, "create %s: error looking up volume plugin %s: plugin \"%s\" not found",
                       v->name, o->driver, o->driver);
    STRV_FOREACH (label, o->labels)
        if (bundle_check_label(*label, err) < 0)
            return err_wrap(err, "invalid argument \"%s\" for \"--label\" flag", *label);
    add_entries(&v->labels, o->labels);
    add_entries(&v->options, o->options);
    if (!name)
        strv_env_set(&v->labels, STORE_VOLUME_ANONYMOUS "=");
    return store_volume_check_options(v->options, err) < 0 ? err_wrap(err, "create %s", v->name) : 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_volume_ struct store_volume v = {0};
    struct err why = ERR_INIT;
    int r = fill(opts, str_given(operands[0]), &v, err);

    if (r == 0)
        r = store_open(ctx->root, ctx->state, &s, err);
    if (r < 0)
        return r;
    r = store_volume_create(s, &v, &why);
    if (r < 0 && r != ERR_EXISTS) {
        *err = why;
        return r;
    }
    if (r == 0)
        event_emit(ctx->state, "volume", "create", v.name, NULL, "driver", "local", NULL);
    puts(v.name);
    return 0;
}

static const struct cli_example examples[] = {
    {"A volume, to be used with -v data:/var/lib/data", "cbox volume create data"},
    {"One that lies in memory", "cbox volume create -o type=tmpfs -o device=tmpfs -o o=size=64m,uid=1000 scratch"},
    {NULL, NULL},
};

const struct cli_command cmd_volume_create = {
    .summary = "Create a volume",
    .description = "One that exists already is left as it is. The driver is always local; its options are those of\n"
                   "mount(8): with type, device and o the volume is what they mount, in each container by itself.",
    .operands = "[VOLUME]",
    .defaults = &defaults,
    CLI_OPTIONS(struct create_options, options),
    .examples = examples,
    .run = run,
};

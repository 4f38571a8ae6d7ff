#include "explain/explain.h"

#include "cbox.h"
#include "cli/format.h"
#include "cli/term.h"
#include "commands.h"
#include "container_options.h"
#include "sys/fd.h"
#include "sys/proc.h"

#include <stdio.h>

/* A container that ends while it is looked at is looked at once more, as one that does not run; one that begins and
 * ends all the time, not for ever. */
enum { TRIES = 5 };

struct explain_options {
    const char *format, *image, *file;
    bool sources;
};

static const struct cli_option options[] = {
    CLI_STRING(struct explain_options, 0, "file", file,
               "Say which layer, volume or mount supplies this path, and nothing else", .word = "path"),
    CLI_STRING(struct explain_options, 'f', "format", format, "Format output: 'json' or a Go template"),
    CLI_STRING(struct explain_options, 0, "image", image, "Explain what a run of this image would get", .word = "image",
               .values = CLI_VALUES_IMAGE),
    CLI_FLAG(struct explain_options, 0, "sources", sources, "Say of each line where it was read"),
};

static int print(const struct explain_subject *subject, const explain_facts *walls, const struct explain_options *o,
                 struct err *err)
{
    const struct explain_print how = {.width = cli_columns(STDOUT_FILENO), .sources = o->sources};
    _cleanup_buf_ struct buf out = BUF_INIT;
    _cleanup_value_ struct cli_value document = {0};

    if (!str_empty(o->format)) {
        document = explain_document(subject, walls);
        return cli_format_object(o->format, &document, err);
    }
    explain_print_walls(subject, walls, &how, cli_wants_color(STDOUT_FILENO), &out);
    fwrite(out.p, 1, out.len, stdout);
    return 0;
}

static int print_file(const struct explain_subject *subject, const explain_facts *facts,
                      const struct explain_options *o, struct err *err)
{
    const struct explain_print how = {.width = cli_columns(STDOUT_FILENO), .sources = o->sources};
    _cleanup_value_ struct cli_value document = {.kind = CLI_MAP};
    _cleanup_buf_ struct buf out = BUF_INIT;

    cli_value_put_text(&document, "Name", subject->name);
    cli_value_put_text(&document, "File", o->file);
    cli_value_put(&document, "Facts", explain_facts_value(facts));
    if (!str_empty(o->format))
        return cli_format_object(o->format, &document, err);
    explain_print(facts, &how, &out);
    fwrite(out.p, 1, out.len, stdout);
    return 0;
}

static int explain(const struct explain_subject *subject, const struct explain_options *o, struct err *err)
{
    _cleanup_explain_facts_ explain_facts walls = {0};
    int r = o->file ? explain_file(subject, o->file, &walls, err) : explain_walls(subject, &walls, err);

    if (r == 0 && o->file)
        return print_file(subject, &walls, o, err);
    return r < 0 ? r : print(subject, &walls, o, err);
}

/* ---- a container ---- */

/* `*ret_ended`: it ran when this began, and does no more. */
static int explain_container(struct cli_context *ctx, struct store *s, const char *name,
                             const struct explain_options *o, bool *ret_ended, struct err *err)
{
    _cleanup_container_view_ struct container_view v = CONTAINER_VIEW_NONE;
    _cleanup_engine_options_ struct engine_options wanted = {0};
    _cleanup_spec_ struct oci_spec spec = {0};
    _cleanup_strv_ char **lower = NULL;
    int r = container_view_process(s, name, &v, err);

    *ret_ended = false;
    if (r == 0)
        r = container_read_options(s, v.id, &wanted, err);
    if (r == 0)
        r = container_read_spec(s, v.id, &spec, err);
    if (r == 0)
        r = container_read_layers(s, v.id, &lower, err);
    if (r < 0)
        return r;
    r = explain(
        &(struct explain_subject){
            .store = s,
            .config = &ctx->config,
            .name = v.record.name,
            .id = v.id,
            .record = &v.record,
            .options = &wanted,
            .spec = &spec,
            .lower = lower,
            .pid = v.pidfd < 0 ? 0 : (pid_t)v.record.pid,
            .pidfd = v.pidfd,
        },
        o, err);
    *ret_ended = r == ERR_NOT_FOUND && v.pidfd >= 0 && proc_signal(v.pidfd, 0) < 0;
    return r;
}

static int explain_named(struct cli_context *ctx, const char *name, const struct explain_options *o, struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    bool ended = true;
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0 && !s)
        r = cbox_no_container(name, err);
    for (int tries = 0; s && ended && tries < TRIES; tries++) {
        struct err why = ERR_INIT;

        r = explain_container(ctx, s, name, o, &ended, &why);
        if (r < 0)
            *err = why;
    }
    return r;
}

/* ---- an image ---- */

static int explain_image(struct cli_context *ctx, const struct explain_options *o, struct err *err)
{
    static const struct container_flags defaults = CONTAINER_FLAGS_DEFAULT;
    char *operands[] = {(char *)o->image, NULL, NULL};
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_creation_ struct creation creation = {0};
    _cleanup_one_container_ struct container c = {0};
    _cleanup_(image_release) struct image image = {0};
    struct explain_subject subject;
    _cleanup_fd_ int lock = -1;
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0 && !s)
        r = err_set(err, ERR_NOT_FOUND, "no such image: %s", o->image);
    if (r == 0)
        r = store_lock(s, LOCK_SHARED, LOCK_WAIT, &lock, err);
    if (r == 0)
        r = image_open(s, o->image, &image, err);
    /* One without a command is run with one. */
    if (r == 0 && !strv_len(image.config.config.entrypoint) && !strv_len(image.config.config.cmd))
        operands[1] = (char *)"the command of the run";
    if (r == 0)
        r = creation_read(&defaults, operands, &creation, err);
    if (r == 0)
        r = container_imagine(s, &image, &creation.options, &c, err);
    if (r < 0)
        return r;
    subject = (struct explain_subject){
        .store = s,
        .config = &ctx->config,
        .name = o->image,
        .options = &c.options,
        .spec = &c.spec,
        .lower = c.lower,
        .pidfd = -1,
    };
    return explain(&subject, o, err);
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct explain_options *o = opts;

    if (operands[0] && o->image)
        return err_set(err, ERR_INVALID, "conflicting options: either a container or --image can be explained");
    if (o->file && !*o->file)
        return err_set(err, ERR_INVALID, "--file: a path is missing");
    if (!operands[0] && str_empty(o->image))
        return err_set(err, ERR_INVALID, "what is to be explained: a container, or --image and an image");
    return o->image ? explain_image(ctx, o, err) : explain_named(ctx, operands[0], o, err);
}

static const struct cli_example examples[] = {
    {"What separates a container from the host", "cbox explain web"},
    {"The same, and where each line was read", "cbox explain --sources web"},
    {"What a run of an image would get", "cbox explain --image alpine"},
    {"Which layer, volume or mount a file comes from", "cbox explain --file /etc/passwd web"},
    {"Everything, for a program", "cbox explain --format json web"},
    {NULL, NULL},
};

const struct cli_command cmd_explain = {
    .summary = "Explain what separates a container from the host and from others",
    .description =
        "Goes through the walls of a container, one by one: what each is for, what it consists of, and first of all\n"
        "what an option took away from it. Of a container that runs everything is read from the kernel; of one that\n"
        "does not, and of an image, it follows from the specification that a start would use. A line that begins with\n"
        "an exclamation mark is less than a container has that was run without options.",
    .operands = "[CONTAINER]",
    .values = {CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct explain_options, options),
    .examples = examples,
    .run = run,
};

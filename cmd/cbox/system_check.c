#include "cbox.h"
#include "cli/progress.h"
#include "commands.h"
#include "image/check.h"

#include <stdio.h>
#include <unistd.h>

struct check_options {
    bool deep;
    bool quiet;
    bool repair;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct check_options, 0, "deep", deep, "Compare the contents of all files as well"),
    CLI_FLAG(struct check_options, 'q', "quiet", quiet, "Only print what is wrong"),
    CLI_FLAG(struct check_options, 0, "repair", repair, "Fetch or unpack again what is broken"),
};

static void print_fault(const struct image_fault *f)
{
    printf("%s: %s", f->subject, f->what);
    if (!str_empty(f->needed_by) && f->kind != IMAGE_FAULT_IMAGE)
        printf(" (%s)", f->needed_by);
    if (f->remedy)
        printf(": %s", f->remedy);
    else if (f->hint)
        printf("; %s", f->hint);
    printf("\n");
}

static void print_faults(const struct image_check *c, bool open)
{
    VEC_FOREACH (f, &c->faults)
        if (!open || !f->remedy)
            print_fault(f);
}

static void print_summary(const struct image_check *c)
{
    printf("%zu names of images, %zu blobs, %zu layers, %zu containers: ", c->images, c->blobs, c->layers,
           c->containers);
    if (image_check_open_faults(c) == 0)
        printf("all whole\n");
    else
        printf("%zu faults\n", image_check_open_faults(c));
    if (c->orphans > 0)
        printf("%zu blobs and layers that nothing needs, which cbox system prune removes\n", c->orphans);
}

static void show_progress(size_t now, size_t total, void *data)
{
    cli_progress_bar(data, 0, "Checking", (int64_t)now, (int64_t)total);
}

static int check(struct store *s, const struct check_options *o, struct image_check *ret, struct err *err)
{
    struct image_check_options how = {.deep = o->deep};
    int r;

    if (!o->quiet && isatty(STDOUT_FILENO)) {
        how.data = cli_progress_new(STDOUT_FILENO);
        how.progress = show_progress;
        cli_progress_add(how.data, "store");
    }
    r = image_check(s, &how, ret, err);
    if (how.data)
        cli_progress_end(how.data);
    return r;
}

/* Repairs, says what that did, and looks anew: a repair may bring to light what could not be seen before. */
static int repair(struct cli_context *ctx, struct store *s, const struct check_options *o, struct image_check *c,
                  struct err *err)
{
    const struct image_check_options how = {.deep = o->deep};
    struct image_check after;
    int r = image_repair(s, &ctx->config, &how, c, err);

    print_faults(c, false);
    if (r < 0)
        return r;
    r = check(s, o, &after, err);
    for (size_t i = 0; r == 0 && i < after.faults.n; i++) {
        bool told = false;

        VEC_FOREACH (f, &c->faults)
            told = told || (!f->remedy && str_eq(f->subject, after.faults.v[i].subject));
        if (!told)
            print_fault(&after.faults.v[i]);
    }
    image_check_release(c);
    *c = after;
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands _unused_, struct err *err)
{
    const struct check_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_check_ struct image_check c = {0};
    size_t faults;
    int r = cbox_open_existing_store(ctx, &s, err);

    if (r == 0 && s)
        r = check(s, o, &c, err);
    if (r == 0 && s && o->repair && c.faults.n > 0)
        r = repair(ctx, s, o, &c, err);
    else
        print_faults(&c, true);
    if (r < 0)
        return r;
    if (!o->quiet)
        print_summary(&c);
    faults = image_check_open_faults(&c);
    if (faults == 0)
        return 0;
    err_set(err, ERR_CORRUPT, "the store %s has %zu fault%s", ctx->root, faults, faults == 1 ? "" : "s");
    return o->repair ? ERR_CORRUPT : err_hint(err, "cbox system check --repair mends what can be mended");
}

static const struct cli_example examples[] = {
    {"Whether everything is there and whole", "cbox system check"},
    {"Every byte, and mend what is not", "cbox system check --deep --repair"},
    {NULL, NULL},
};

const struct cli_command cmd_system_check = {
    .summary = "Check that the store is whole",
    .description =
        "Digests every blob, compares every layer with the list of its files made when it was unpacked, reads every\n"
        "record, and looks for everything that images and containers stand on. --deep reads the contents of the\n"
        "layers' files too.\n"
        "\n"
        "A repair unpacks damaged layers again from their blobs, asks the registry only for blobs that are missing or\n"
        "damaged, throws away damaged things that nothing needs, and says what it did. The exit code is 0 when there\n"
        "is no fault, or none is left.",
    CLI_OPTIONS(struct check_options, options),
    .examples = examples,
    .run = run,
};

#include "image/load.h"
#include "cbox.h"
#include "commands.h"
#include "layers_view.h"

#include <stdio.h>
#include <unistd.h>

struct load_options {
    const char *input;
    bool quiet, all_platforms;
    const char *platform;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct load_options, 0, "all-platforms", all_platforms, "Load the image for every platform"),
    CLI_STRING(struct load_options, 'i', "input", input, "Read from tar archive file, instead of STDIN", .word = "file",
               .values = CLI_VALUES_FILE),
    CLI_STRING(struct load_options, 0, "platform", platform, "Load the image for this platform, as linux/arm64",
               .word = "os/arch"),
    CLI_FLAG(struct load_options, 'q', "quiet", quiet, "Suppress the load output"),
};

struct view {
    struct cli_progress *progress; /* of the image that is being loaded */
};

static void end_progress(struct view *v)
{
    cli_progress_end(v->progress);
    v->progress = NULL;
}

static const struct layers_view_state states[] = {
    [IMAGE_EXISTS] = {"Already exists", LAYERS_VIEW_DONE},
    [IMAGE_WAITING] = {"Waiting for another pull", LAYERS_VIEW_SAY},
    [IMAGE_DOWNLOADING] = {"Reading", LAYERS_VIEW_SAY},
    [IMAGE_DOWNLOADED] = {"Reading", LAYERS_VIEW_SAY},
    [IMAGE_EXTRACTING] = {"Loading layer", LAYERS_VIEW_BAR},
    [IMAGE_COMPLETE] = {"Loaded", LAYERS_VIEW_DONE},
};

static void show(const struct image_event *e, void *data)
{
    struct view *v = data;

    if (e->kind != IMAGE_PULLING) {
        layers_view_show(v->progress, states, e);
        return;
    }
    end_progress(v);
    v->progress = cli_progress_new(STDOUT_FILENO);
}

static void print_loaded(const struct image_loaded *l, void *data)
{
    char text[DIGEST_TEXT_MAX];

    end_progress(data);
    if (l->replaced)
        printf("The image %s already exists, renaming the old one with ID %s to empty string\n", l->name,
               digest_format(l->replaced, text));
    if (l->name)
        printf("Loaded image: %s\n", l->name);
    else
        printf("Loaded image ID: %s\n", digest_format(&l->id, text));
    fflush(stdout); /* done, whatever becomes of those that follow */
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct load_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    struct view view = {0};
    const struct image_load_options how = {
        .platform = o->platform,
        .all_platforms = o->all_platforms,
        .event = o->quiet || !isatty(STDOUT_FILENO) ? NULL : show,
        .loaded = print_loaded,
        .data = &view,
    };
    int r;

    (void)operands;
    if (!o->input && isatty(STDIN_FILENO))
        return err_set(err, ERR_INVALID, "requested load from stdin, but stdin is empty");
    r = store_open(ctx->root, ctx->state, &store, err);
    if (r == 0)
        r = image_load(store, o->input, &how, err);
    end_progress(&view);
    return r;
}

static const char description[] =
    "Brings the images of an archive into the store. What kind of archive it is shows in its content: what docker "
    "save\n"
    "writes, old and new, an OCI archive or an OCI directory; a file may be compressed with gzip or zstd. Blobs are\n"
    "checked by their digests and layers by those that the image's config names, before anything of them can be seen.\n"
    "\n"
    "An image gets the names that the archive has for it. Where it has none, its ID is printed.";

static const struct cli_example examples[] = {
    {"Load what another host saved", "cbox load -i images.tar"},
    {"An OCI layout, with the image of every platform", "cbox load --all-platforms -i layout/"},
    {NULL, NULL},
};

const struct cli_command cmd_load = {
    .summary = "Load an image from a tar archive or STDIN",
    .description = description,
    CLI_OPTIONS(struct load_options, options),
    .examples = examples,
    .run = run,
};

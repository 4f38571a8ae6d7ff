#include "image/save.h"
#include "cbox.h"
#include "commands.h"

#include <unistd.h>

struct save_options {
    const char *output;
    const char *format;
    const char *platform;
    bool all_platforms;
};

static const char *const formats[] = {
    [IMAGE_SAVE_DOCKER] = "docker-archive", [IMAGE_SAVE_OCI] = "oci-archive", [IMAGE_SAVE_DIRECTORY] = "oci-dir", NULL};

static const struct cli_option options[] = {
    CLI_FLAG(struct save_options, 0, "all-platforms", all_platforms, "Save the image for every platform"),
    CLI_STRING(struct save_options, 0, "format", format,
               "What to write: an archive for Docker and others, an OCI archive, or an OCI directory", .word = "format",
               .shown_default = "docker-archive", .values = CLI_VALUES_WORDS, .words = formats),
    CLI_STRING(struct save_options, 'o', "output", output, "Write to a file, instead of STDOUT", .word = "file",
               .values = CLI_VALUES_FILE),
    CLI_STRING(struct save_options, 0, "platform", platform, "Save the image for this platform, as linux/arm64",
               .word = "os/arch"),
};

static int check(const struct save_options *o, enum image_save_format format, struct err *err)
{
    if (o->platform && o->all_platforms)
        return err_set(err, ERR_INVALID, "--platform and --all-platforms exclude each other");
    if (format == IMAGE_SAVE_DIRECTORY && !o->output)
        return err_set(err, ERR_INVALID, "oci-dir needs the directory to write: -o DIR");
    if (!o->output && isatty(STDOUT_FILENO))
        return err_set(err, ERR_INVALID, "cowardly refusing to save to a terminal. Use the -o flag or redirect");
    return 0;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct save_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    struct image_save_options how = {.platform = o->platform, .all_platforms = o->all_platforms};
    int r;

    for (size_t i = 0; o->format && formats[i]; i++)
        if (str_eq(o->format, formats[i]))
            how.format = (enum image_save_format)i;
    r = check(o, how.format, err);
    if (r == 0)
        r = cbox_open_existing_store(ctx, &store, err);
    if (r < 0)
        return r;
    return store ? image_save(store, operands, &how, o->output, err)
                 : err_set(err, ERR_NOT_FOUND, "no such image: %s", operands[0]);
}

static const char description[] =
    "Writes images to standard output, or with -o to a file, as docker load, podman load, skopeo and cbox load read\n"
    "them: an OCI layout, and what older versions of Docker look for beside it. Layers stay as they were pulled,\n"
    "compressed, so that all digests stay.\n"
    "\n"
    "A name without a tag means all tags of the repository. The file appears when it is complete.";

static const struct cli_example examples[] = {
    {"Carry an image to another host", "cbox save -o alpine.tar alpine:3.20"},
    {"An OCI layout in a directory", "cbox save --format oci-dir -o layout alpine:3.20"},
    {NULL, NULL},
};

const struct cli_command cmd_save = {
    .summary = "Save one or more images to a tar archive",
    .description = description,
    .operands = "IMAGE [IMAGE...]",
    .values = {CLI_VALUES_IMAGE, CLI_VALUES_IMAGE},
    CLI_OPTIONS(struct save_options, options),
    .examples = examples,
    .run = run,
};

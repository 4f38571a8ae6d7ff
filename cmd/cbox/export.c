#include "cbox.h"
#include "commands.h"
#include "container/files.h"
#include "event/event.h"
#include "layer/pack.h"
#include "sys/output.h"

#include <unistd.h>

struct export_options {
    const char *output;
};

static const struct cli_option options[] = {
    CLI_STRING(struct export_options, 'o', "output", output, "Write to a file, instead of STDOUT",
               .values = CLI_VALUES_FILE),
};

static int pack(struct store *s, const char *name, int fd, struct err *err)
{
    _cleanup_container_files_ struct container_files files = {.view = CONTAINER_VIEW_NONE, .upper = -1, .root = -1};
    _cleanup_(layer_pack_free_cleanup) struct layer_pack *p = layer_pack_new(fd, false, NULL);
    int r = container_files_open(s, name, CONTAINER_FILES_ROOT, &files, err);

    if (r == 0)
        r = layer_pack_add_contents(p, files.root, "", false, err);
    if (r == 0)
        r = layer_pack_finish(p, err);
    if (r == 0)
        event_emit(store_state_path(s), "container", "export", files.view.id, files.view.record.labels, "image",
                   files.view.record.image, "name", files.view.record.name, NULL);
    return r;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct export_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_output_ struct output output = OUTPUT_NONE;
    const char *path = str_given(o->output);
    int r = 0;

    if (!path && isatty(STDOUT_FILENO))
        return err_set(err, ERR_INVALID, "cowardly refusing to save to a terminal. Use the -o flag or redirect");
    r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && !s)
        r = cbox_no_container(operands[0], err);
    if (r == 0 && path)
        r = output_begin(path, 0600, &output, err);
    if (r == 0)
        r = pack(s, operands[0], path ? output.fd : STDOUT_FILENO, err);
    return r == 0 && path ? output_finish(&output, err) : r;
}

static const struct cli_example examples[] = {
    {"All files of a container", "cbox export -o files.tar web"},
    {NULL, NULL},
};

const struct cli_command cmd_export = {
    .summary = "Export a container's filesystem as a tar archive",
    .description = "The root file system as the container sees it, without volumes and other mounts. 'cbox import'\n"
                   "makes an image of it.",
    .operands = "CONTAINER",
    .values = {CLI_VALUES_CONTAINER},
    CLI_OPTIONS(struct export_options, options),
    .examples = examples,
    .run = run,
};

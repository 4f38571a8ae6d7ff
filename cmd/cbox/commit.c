#include "container/commit.h"
#include "base/num.h"
#include "base/time.h"
#include "cbox.h"
#include "commands.h"
#include "new_image.h"

#include <stdio.h>

struct commit_options {
    const char *author, *message;
    char **change;
    bool pause;
};

static const struct commit_options defaults = {.pause = true};

static const struct cli_option options[] = {
    CLI_STRING(struct commit_options, 'a', "author", author,
               "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")"),
    CLI_LIST(struct commit_options, 'c', "change", change, "Apply Dockerfile instruction to the created image"),
    CLI_STRING(struct commit_options, 'm', "message", message, "Commit message"),
    CLI_FLAG(struct commit_options, 'p', "pause", pause, "Pause container during commit", .shown_default = "true"),
};

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct commit_options *o = opts;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_reference_ struct oci_reference name = {0};
    struct container_commit how = {.author = o->author, .message = o->message, .changes = o->change, .pause = o->pause};
    char text[DIGEST_TEXT_MAX];
    struct digest id = {0};
    int r = new_image_time(&how.created, err);

    if (r == 0 && str_given(operands[1])) {
        r = new_image_name(operands[1], "cannot commit to digest reference", &name, err);
        how.name = &name;
    }
    if (r == 0)
        r = cbox_open_existing_store(ctx, &s, err);
    if (r == 0 && !s)
        r = cbox_no_container(operands[0], err);
    if (r == 0)
        r = container_commit(s, operands[0], &how, &id, err);
    if (r == 0)
        printf("%s\n", digest_format(&id, text));
    return r;
}

static const struct cli_example examples[] = {
    {"What was installed by hand, as an image", "cbox commit -m Curl web mine:curl"},
    {"Without stopping it meanwhile", "cbox commit -p=false -a Me web mine:2"},
    {NULL, NULL},
};

const struct cli_command cmd_commit = {
    .summary = "Create a new image from a container's changes",
    .description =
        "The image has the layers of the container's image and one with what the container changed; volumes\n"
        "and other mounts are no part of it. It says what the container was started with; --change takes\n"
        "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR as\n"
        "a Dockerfile has them. The time of creation is now, or SOURCE_DATE_EPOCH.",
    .operands = "CONTAINER [REPOSITORY[:TAG]]",
    .values = {CLI_VALUES_CONTAINER, CLI_VALUES_IMAGE},
    .defaults = &defaults,
    CLI_OPTIONS(struct commit_options, options),
    .examples = examples,
    .run = run,
};

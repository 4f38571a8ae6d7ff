#include "cbox.h"
#include "cli/term.h"
#include "commands.h"
#include "registry/listing.h"

#include <stdio.h>

struct tags_options {
    int64_t limit;
    bool tls_verify;
};

static const struct tags_options defaults = {.tls_verify = true};

static const struct cli_option options[] = {
    CLI_INT(struct tags_options, 0, "limit", limit, "Max number of tags (0: all)", .max = 100000),
    CLI_FLAG(struct tags_options, 0, "tls-verify", tls_verify, CBOX_TLS_VERIFY_HELP, .shown_default = "true"),
};

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct tags_options *o = opts;
    const struct registry_options how = {.insecure = !o->tls_verify};
    _cleanup_(registry_free_cleanup) struct registry *registry = NULL;
    _cleanup_reference_ struct oci_reference ref = {0};
    _cleanup_strv_ char **tags = NULL;
    _cleanup_buf_ struct buf out = BUF_INIT;
    int r = oci_reference_parse(operands[0], &ref, err);

    if (r < 0)
        return r;
    if (ref.tag || ref.digest.algorithm)
        return err_set(err, ERR_INVALID, "\"%s\": a repository has tags; name it without tag and digest", operands[0]);
    r = registry_new(&ctx->config, &how, &registry, err);
    if (r == 0)
        r = registry_list_tags(registry, &ref, (size_t)o->limit, &tags, err);
    if (r < 0)
        return r;
    STRV_FOREACH (tag, tags) {
        cli_add_printable(&out, *tag);
        buf_addc(&out, '\n');
    }
    fwrite(buf_str(&out), 1, out.len, stdout);
    return 0;
}

static const struct cli_example examples[] = {
    {"What there is of an official image", "cbox image tags alpine"},
    {"The first ten of another registry's", "cbox image tags --limit 10 registry.example:5000/team/app"},
    {NULL, NULL},
};

const struct cli_command cmd_image_tags = {
    .summary = "List the tags of a repository in its registry",
    .description = "One tag a line, in the order in which the registry gives them.",
    .operands = "NAME",
    .values = {CLI_VALUES_IMAGE},
    .defaults = &defaults,
    CLI_OPTIONS(struct tags_options, options),
    .examples = examples,
    .run = run,
};

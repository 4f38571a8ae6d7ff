#include "pull.h"
#include "commands.h"
#include "layers_view.h"
#include "registry/listing.h"
#include "sys/aside.h"

#include <signal.h>
#include <stdio.h>

struct pull_options {
    bool all_platforms;
    bool all_tags;
    bool quiet;
    bool tls_verify;
    const char *platform;
};

static const struct pull_options defaults = {.tls_verify = true};

static const struct cli_option options[] = {
    CLI_FLAG(struct pull_options, 0, "all-platforms", all_platforms,
             "Keep the image of every other platform as well, for save and push"),
    CLI_FLAG(struct pull_options, 'a', "all-tags", all_tags, "Download all tagged images in the repository"),
    CLI_STRING(struct pull_options, 0, "platform", platform, "Pull the image for this platform, as linux/arm64",
               .word = "os/arch"),
    CLI_FLAG(struct pull_options, 'q', "quiet", quiet, "Suppress verbose output"),
    CLI_FLAG(struct pull_options, 0, "tls-verify", tls_verify, CBOX_TLS_VERIFY_HELP, .shown_default = "true"),
};

/* ---- what a pull shows ---- */

struct view {
    FILE *out;
    const struct oci_reference *name;
    struct cli_progress *progress;
};

static const struct layers_view_state states[] = {
    [IMAGE_EXISTS] = {"Already exists", LAYERS_VIEW_DONE},
    [IMAGE_WAITING] = {"Waiting for another pull", LAYERS_VIEW_SAY},
    [IMAGE_DOWNLOADING] = {"Downloading", LAYERS_VIEW_BAR},
    [IMAGE_DOWNLOADED] = {"Download complete", LAYERS_VIEW_SAY},
    [IMAGE_EXTRACTING] = {"Extracting", LAYERS_VIEW_BAR},
    [IMAGE_COMPLETE] = {"Pull complete", LAYERS_VIEW_DONE},
};

static void show(const struct image_event *e, void *data)
{
    struct view *v = data;
    char text[DIGEST_TEXT_MAX];

    if (e->kind != IMAGE_PULLING) {
        layers_view_show(v->progress, states, e);
        return;
    }
    fprintf(v->out, "%s: Pulling from %s\n", v->name->tag ? v->name->tag : digest_format(&v->name->digest, text),
            v->name->path);
    fflush(v->out);
    v->progress = cli_progress_new(fileno(v->out));
}

/* Pulls, and says so on `out`; the last line of a pull by name is left to the caller. */
static int pull(struct cli_context *ctx, const struct oci_reference *name, const struct pull_options *o, FILE *out,
                struct err *err)
{
    _cleanup_(store_free_cleanup) struct store *store = NULL;
    struct view view = {.out = out, .name = name};
    struct image_pull_options how = {
        .platform = o->platform,
        .all_platforms = o->all_platforms,
        .event = o->quiet ? NULL : show,
        .data = &view,
        .insecure = !o->tls_verify,
    };
    struct image_pulled pulled;
    char text[DIGEST_TEXT_MAX];
    int r = store_open(ctx->root, ctx->state, &store, err);

    if (r == 0)
        r = image_pull(store, &ctx->config, name, &how, &pulled, err);
    cli_progress_end(view.progress);
    if (r == 0 && !o->quiet) {
        _cleanup_free_ char *familiar = oci_reference_familiar(name);

        fprintf(out, "Digest: %s\n", digest_format(&pulled.target, text));
        fprintf(out, "Status: %s for %s\n", pulled.newer ? "Downloaded newer image" : "Image is up to date", familiar);
    }
    return r;
}

/* ---- all tags ---- */

struct all_tags {
    struct cli_context *ctx;
    const struct pull_options *options;
    const struct oci_reference *repository;
};

static int pull_tag(const char *tag, void *data, struct err *err)
{
    const struct all_tags *all = data;
    struct oci_reference name = *all->repository; /* borrowed */

    name.tag = (char *)tag;
    return pull(all->ctx, &name, all->options, stdout, err);
}

/* Every tag of the repository. One that cannot be pulled is said, and keeps no other one away. */
static int pull_all_tags(struct cli_context *ctx, const struct oci_reference *repository, const struct pull_options *o,
                         struct err *err)
{
    const struct registry_options how = {.insecure = !o->tls_verify};
    struct all_tags all = {ctx, o, repository};
    struct registry *registry;
    _cleanup_strv_ char **tags = NULL;
    int r = registry_new(&ctx->config, &how, &registry, err);

    if (r < 0)
        return r;
    r = registry_list_tags(registry, repository, 0, &tags, err);
    registry_free(registry);
    return r < 0 ? r : cbox_for_each(tags, false, pull_tag, &all);
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct pull_options *o = opts;
    _cleanup_reference_ struct oci_reference name = {0};
    _cleanup_free_ char *full = NULL;
    bool bare;
    int r = oci_reference_parse(operands[0], &name, err);

    if (r < 0)
        return r;
    bare = !name.tag && name.digest.algorithm == DIGEST_NONE;
    if (o->all_tags && !bare)
        return err_set(err, ERR_INVALID, "tag can't be used with --all-tags/-a: %s", operands[0]);
    if (!o->quiet && bare && !o->all_tags)
        printf("Using default tag: latest\n");
    if (!o->all_tags)
        oci_reference_default_tag(&name);
    r = o->all_tags ? pull_all_tags(ctx, &name, o, err) : pull(ctx, &name, o, stdout, err);
    if (r < 0)
        return r;
    full = oci_reference_format(&name);
    printf("%s\n", full);
    return r;
}

static const struct cli_example examples[] = {
    {"An official image from Docker Hub", "cbox pull alpine"},
    {"A tag of another registry, for another platform",
     "cbox pull --platform linux/arm64 registry.example:5000/team/app:2"},
    {"All that a repository has", "cbox pull -a registry.example:5000/team/app"},
    {"With everything that it is for other platforms", "cbox pull --all-platforms alpine"},
    {NULL, NULL},
};

const struct cli_command cmd_pull = {
    .summary = "Download an image from a registry",
    .operands = "NAME[:TAG|@DIGEST]",
    .values = {CLI_VALUES_IMAGE},
    .defaults = &defaults,
    CLI_OPTIONS(struct pull_options, options),
    .examples = examples,
    .run = run,
};

/* ---- for other commands ---- */

/* The handler can reach nothing else. */
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

struct pulling {
    struct cli_context *ctx;
    struct oci_reference name;
    const struct cbox_pull *how;
};

static int pull_work(void *data, int socket _unused_, struct err *err)
{
    const struct pulling *p = data;
    const struct pull_options o = {.platform = p->how->platform, .quiet = p->how->quiet, .tls_verify = true};
    int r = pull(p->ctx, &p->name, &o, stderr, err);

    fflush(stderr);
    return r;
}

static int pull_aside(struct pulling *p, struct err *err)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction old[ARRAY_SIZE(signals)];
    int r;

    stop = 0;
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        sigaction(signals[i], &action, &old[i]);
    r = aside(&(struct aside){.work = pull_work, .data = p, .stop = &stop}, err);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        sigaction(signals[i], &old[i], NULL);
    return r;
}

int cbox_pull_in_child(struct cli_context *ctx, const char *reference, const struct cbox_pull *how, struct err *err)
{
    struct pulling p = {.ctx = ctx, .how = how};
    int r = oci_reference_parse(reference, &p.name, err);

    if (r == 0) {
        _cleanup_free_ char *familiar = NULL;

        oci_reference_default_tag(&p.name);
        familiar = oci_reference_familiar(&p.name);
        if (how->missing)
            fprintf(stderr, "Unable to find image '%s' locally\n", familiar);
        r = pull_aside(&p, err);
    }
    oci_reference_release(&p.name);
    return r;
}

#include "base/num.h"
#include "build/request_parse.h"
#include "build_checks.h"
#include "build_outline.h"
#include "build_push.h"
#include "build_view.h"
#include "bundle/bundle.h"
#include "bundle/parse.h"
#include "commands.h"
#include "container_checks.h"
#include "container_options.h"
#include "pull.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct build_options {
    struct engine_host_config host; /* numbers alone */
    const char *cgroup_parent, *cpuset_cpus, *cpuset_mems, *file, *iidfile, *isolation, *metadata_file, *network;
    const char *builder, *call, *progress, *provenance, *sbom, *target;
    char **add_hosts, **allow, **annotations, **attestations, **build_args, **build_contexts, **cache_from, **cache_to,
        **labels, **no_cache_filter;
    char **outputs, **platforms, **secrets, **security, **ssh, **tags, **ulimits;
    bool check, debug, explain, harmless, load, no_cache, pull, push, quiet, squash;
};

static const struct build_options defaults = {.harmless = true};

#define FLAG(letter, name, member, help, ...) CLI_FLAG(struct build_options, letter, name, member, help, __VA_ARGS__)
#define TEXT(letter, name, member, help, ...) CLI_STRING(struct build_options, letter, name, member, help, __VA_ARGS__)
#define LIST(letter, name, member, help, ...) CLI_LIST(struct build_options, letter, name, member, help, __VA_ARGS__)
#define INT(letter, name, member, help, ...)  CLI_INT(struct build_options, letter, name, member, help, __VA_ARGS__)
#define SIZE(letter, name, member, help, ...) CLI_SIZE(struct build_options, letter, name, member, help, __VA_ARGS__)

static const struct cli_option options[] = {
    LIST(0, "add-host", add_hosts, "Add a custom host-to-IP mapping (\"host:ip\")", .check = check_host),
    LIST(0, "allow", allow, "Allow extra privileged entitlement (\"network.host\", \"security.insecure\")",
         .check = check_entitlement),
    LIST(0, "annotation", annotations, "Add annotation to the image (format: \"[manifest,index:]key=value\")",
         .check = check_image_annotation),
    LIST(0, "attest", attestations, "Attestation parameters (format: \"type=sbom,disabled=true\")", .hidden = true,
         .check = check_attestation),
    LIST(0, "build-arg", build_args, "Set build-time variables", .check = bundle_check_env),
    LIST(0, "build-context", build_contexts, "Additional build contexts (e.g., name=path)",
         .check = check_named_context),
    TEXT(0, "builder", builder, "Override the configured builder instance", .hidden = true, .check = check_builder),
    LIST(0, "cache-from", cache_from,
         "External cache sources (e.g., \"user/app:cache\", \"type=local,src=path/to/dir\")",
         .check = check_cache_from),
    LIST(0, "cache-to", cache_to,
         "Cache export destinations (e.g., \"user/app:cache\", \"type=local,dest=path/to/dir\")",
         .check = check_cache_to),
    TEXT(0, "call", call, "Set method for evaluating build (\"check\", \"outline\", \"targets\")",
         .shown_default = "build", .check = check_call),
    TEXT(0, "cgroup-parent", cgroup_parent, "Set the parent cgroup for the \"RUN\" instructions during build"),
    FLAG(0, "check", check, "Shorthand for \"--call=check\""),
    FLAG(0, "compress", harmless, "Compress the build context using gzip", .hidden = true),
    INT(0, "cpu-period", host.cpu_period, "Limit the CPU CFS (Completely Fair Scheduler) period"),
    INT(0, "cpu-quota", host.cpu_quota, "Limit the CPU CFS (Completely Fair Scheduler) quota"),
    INT('c', "cpu-shares", host.cpu_shares, "CPU shares (relative weight)"),
    TEXT(0, "cpuset-cpus", cpuset_cpus, "CPUs in which to allow execution (0-3, 0,1)"),
    TEXT(0, "cpuset-mems", cpuset_mems, "MEMs in which to allow execution (0-3, 0,1)"),
    FLAG('D', "debug", debug, "Keep the files of a failed step for a shell"),
    FLAG(0, "disable-content-trust", harmless, "Skip image verification", .hidden = true),
    FLAG(0, "explain", explain, "Say of every step whether it was in the cache, and what differs if not"),
    TEXT('f', "file", file, "Name of the Dockerfile (Default is \"PATH/Dockerfile\")", .values = CLI_VALUES_FILE),
    FLAG(0, "force-rm", harmless, "Always remove intermediate containers", .hidden = true),
    TEXT(0, "iidfile", iidfile, "Write the image ID to the file", .values = CLI_VALUES_FILE),
    TEXT(0, "isolation", isolation, "Container isolation technology", .hidden = true, .check = check_isolation),
    LIST(0, "label", labels, "Set metadata for an image", .check = bundle_check_label),
    FLAG(0, "load", load, "Shorthand for \"--output=type=docker\"", .hidden = true),
    SIZE('m', "memory", host.memory, "Memory limit"),
    CLI_CUSTOM(struct build_options, 0, "memory-swap", host.memory_swap, parse_bytes_or_none,
               "Swap limit equal to memory plus swap: -1 to enable unlimited swap", .word = "bytes"),
    TEXT(0, "metadata-file", metadata_file, "Write build result metadata to a file", .values = CLI_VALUES_FILE),
    TEXT(0, "network", network, "Set the networking mode for the RUN instructions during build",
         .shown_default = "default", .values = CLI_VALUES_NETWORK),
    FLAG(0, "no-cache", no_cache, "Do not use cache when building the image"),
    LIST(0, "no-cache-filter", no_cache_filter, "Do not cache specified stages"),
    LIST('o', "output", outputs, "Output destination (format: \"type=local,dest=path\")", .check = check_output),
    LIST(0, "platform", platforms, "Set target platform for build (several: \"linux/amd64,linux/arm64\")",
         .word = "platform", .check = check_platforms),
    TEXT(0, "progress", progress, "Set type of progress output (\"auto\", \"json\", \"plain\", \"quiet\", \"tty\")",
         .shown_default = "auto", .values = CLI_VALUES_WORDS, .words = build_view_words),
    TEXT(0, "provenance", provenance, "Shorthand for \"--attest=type=provenance\"", .hidden = true,
         .check = check_no_attestation),
    FLAG(0, "pull", pull, "Always attempt to pull a newer version of the image"),
    FLAG(0, "push", push, "Shorthand for \"--output=type=registry\""),
    FLAG('q', "quiet", quiet, "Suppress the build output and print image ID on success"),
    FLAG(0, "rm", harmless, "Remove intermediate containers after a successful build", .hidden = true),
    TEXT(0, "sbom", sbom, "Shorthand for \"--attest=type=sbom\"", .hidden = true, .check = check_no_attestation),
    LIST(0, "secret", secrets, "Secret to expose to the build (format: \"id=mysecret[,src=/local/secret]\")",
         .check = check_secret),
    LIST(0, "security-opt", security, "Security options"),
    SIZE(0, "shm-size", host.shm_size, "Size of \"/dev/shm\""),
    FLAG(0, "squash", squash, "Squash newly built layers into a single new layer"),
    LIST(0, "ssh", ssh, "SSH agent socket or keys to expose to the build (format: \"default|<id>[=<socket>]\")",
         .check = check_ssh),
    LIST('t', "tag", tags, "Name and optionally a tag in the \"name:tag\" format", .check = check_tag),
    TEXT(0, "target", target, "Set the target build stage to build"),
    LIST(0, "ulimit", ulimits, "Ulimit options", .word = "ulimit", .check = check_ulimit),
};

/* What is asked for: it was checked when it was read. */
static struct build_call call_of(const struct build_options *o)
{
    struct build_call call = {.method = BUILD_CALL_CHECK};

    if (!o->check)
        (void)read_call(o->call, &call, NULL);
    return call;
}

static bool builds(const struct build_options *o)
{
    return call_of(o).method == BUILD_CALL_BUILD;
}

/* ---- from options to a request ---- */

/* NAME alone takes the caller's value; nothing where there is none. */
static char **read_build_args(char *const *given)
{
    char **args = NULL;

    STRV_FOREACH (arg, given) {
        const char *value = strchr(*arg, '=') ? NULL : getenv(*arg);

        if (strchr(*arg, '='))
            strv_add(&args, *arg);
        else if (value)
            strv_addf(&args, "%s=%s", *arg, value);
    }
    return args;
}

#define READ_ALL(texts, parse, to) \
    STRV_FOREACH (text, texts)     \
        r = r < 0 ? r : parse(*text, VEC_PUSH(to), err);

static int read_limits(const struct build_options *o, struct engine_host_config *host, struct err *err)
{
    int r;

    *host = o->host;
    host->cgroup_parent = str_dup(str_given(o->cgroup_parent));
    host->cpuset_cpus = str_dup(str_given(o->cpuset_cpus));
    host->cpuset_mems = str_dup(str_given(o->cpuset_mems));
    r = creation_read_security(o->security, &host->security_opt, err);
    READ_ALL(o->ulimits, bundle_parse_ulimit, &host->ulimits)
    STRV_FOREACH (text, o->add_hosts)
        r = r < 0 ? r : bundle_parse_host(*text, &host->extra_hosts, err);
    return r;
}

static int read_epoch(char *const *build_args, struct build_request *q, struct err *err)
{
    const char *given = strv_env_get(build_args, "SOURCE_DATE_EPOCH");

    if (!given)
        given = getenv("SOURCE_DATE_EPOCH");
    if (str_empty(given))
        return 0;
    q->has_epoch = true;
    if (num_parse_i64(given, 0, INT64_MAX / 1000000000, &q->epoch, err) < 0)
        return err_wrap(err, "SOURCE_DATE_EPOCH");
    return 0;
}

static int read_places(const struct build_options *o, struct build_request *q, struct err *err)
{
    int r = 0;

    STRV_FOREACH (text, o->cache_from)
        r = r < 0 ? r : build_cache_place_parse(*text, false, VEC_PUSH(&q->cache_from), err);
    STRV_FOREACH (text, o->cache_to)
        r = r < 0 ? r : build_cache_place_parse(*text, true, VEC_PUSH(&q->cache_to), err);
    READ_ALL(o->outputs, build_output_parse, &q->outputs)
    READ_ALL(o->annotations, build_annotation_parse, &q->annotations)
    if (r == 0)
        r = build_annotations_check(q, err);
    if (r == 0)
        r = build_outputs_complete(q, o->push, o->load, err);
    if (r == 0 && o->iidfile && !build_makes_image(q))
        r = err_set(err, ERR_INVALID, "local and tar exporters are incompatible with image ID file: --iidfile %s",
                    o->iidfile);
    return r;
}

static int read_request(const struct build_options *o, const char *context, char *const *build_args,
                        char *const *platforms, struct build_request *q, struct err *err)
{
    int r;

    q->context = context;
    q->file = o->file;
    q->build_args = build_args;
    q->labels = o->labels;
    q->tags = o->tags;
    q->target = o->target;
    q->platforms = platforms;
    q->network = o->network ? o->network : "default";
    q->no_cache = o->no_cache;
    q->no_cache_filter = o->no_cache_filter;
    q->pull = o->pull;
    q->squash = o->squash;
    q->debug = o->debug;
    q->explain = o->explain;
    q->insecure = strv_contains(o->allow, "security.insecure");
    q->host_network = strv_contains(o->allow, "network.host") || str_eq(q->network, "host");
    r = read_places(o, q, err);
    READ_ALL(o->secrets, build_secret_parse, &q->secrets)
    READ_ALL(o->ssh, build_ssh_parse, &q->ssh)
    READ_ALL(o->build_contexts, build_named_parse, &q->contexts)
    if (r == 0)
        r = build_sources_check(q, err);
    return r < 0 ? r : read_epoch(build_args, q, err);
}

/* -q is --progress quiet, and nothing else beside it. */
static int read_view(const struct build_options *o, enum build_view_mode *ret, struct err *err)
{
    int r = build_view_parse(o->progress, ret, err);

    if (r < 0)
        return r;
    if (o->quiet && !str_empty(o->progress) && !str_eq(o->progress, "auto") && *ret != BUILD_VIEW_QUIET)
        return err_set(err, ERR_INVALID, "progress=%s and quiet cannot be used together", o->progress);
    if (o->quiet)
        *ret = BUILD_VIEW_QUIET;
    else if (!builds(o) && *ret == BUILD_VIEW_TTY)
        *ret = BUILD_VIEW_PLAIN; /* there are no steps to draw */
    return 0;
}

/* ---- building ---- */

struct puller {
    struct cli_context *ctx;
    bool quiet;
};

static int pull_image(void *data, const char *name, const char *platform, bool missing, struct err *err)
{
    const struct puller *p = data;
    const struct cbox_pull how = {.platform = platform, .missing = missing && !p->quiet, .quiet = p->quiet};

    return cbox_pull_in_child(p->ctx, name, &how, err);
}

static int write_file(const char *path, const char *text, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

    fd_close(fd);
    return r < 0 ? err_errno(err, -r, "%s", path) : 0;
}

static int write_metadata(const struct build_options *o, const struct build_request *q,
                          const struct build_result *result, struct err *err)
{
    _cleanup_buf_ struct buf text = BUF_INIT;

    build_metadata(q, result, &text);
    return write_file(o->metadata_file, buf_str(&text), err);
}

static int tell_result(const struct build_options *o, const struct build_request *q, enum build_view_mode mode,
                       const struct build_result *result, struct err *err)
{
    char id[DIGEST_TEXT_MAX];
    int r = 0;

    if (result->id.algorithm != DIGEST_NONE) {
        digest_format(result->index ? &result->manifest : &result->id, id);
        if (o->iidfile)
            r = write_file(o->iidfile, id, err);
        if (mode == BUILD_VIEW_QUIET)
            puts(id);
        else if (mode == BUILD_VIEW_PLAIN || mode == BUILD_VIEW_TTY)
            fprintf(stderr, "%s\n", id);
    }
    STRV_FOREACH (tag, q->tags)
        if (mode != BUILD_VIEW_JSON && mode != BUILD_VIEW_QUIET)
            fprintf(stderr, "named %s\n", *tag);
    if (r == 0 && o->metadata_file)
        r = write_metadata(o, q, result, err);
    return r;
}

static int build_it(struct cli_context *ctx, const struct build_options *o, const struct build_request *q,
                    struct store *s, enum build_view_mode mode, struct err *err)
{
    _cleanup_(build_view_free_cleanup) struct build_view *view = build_view_new(mode, STDERR_FILENO);
    const struct build_watcher watcher = build_view_watcher(view);
    struct build_result result = {0};
    _cleanup_build_outline_ struct build_outline outline = {0};
    struct build_call call = call_of(o);
    struct err why = ERR_INIT;
    int r;

    if (call.method == BUILD_CALL_OUTLINE)
        r = build_outline(s, &ctx->config, q, &watcher, &outline, &result, &why);
    else if (call.method == BUILD_CALL_TARGETS)
        r = build_targets(s, &ctx->config, q, &watcher, &outline, &result, &why);
    else
        r = (builds(o) ? build : build_check)(s, &ctx->config, q, &watcher, &result, &why);
    build_view_end(view, &result, r < 0 ? &why : NULL);
    if (r == 0 && call.method == BUILD_CALL_OUTLINE)
        print_outline(&outline, call.json);
    if (r == 0 && call.method == BUILD_CALL_TARGETS)
        print_targets(&outline, call.json);
    if (r == 0 && call.method == BUILD_CALL_CHECK && mode == BUILD_VIEW_PLAIN && !build_view_warnings(view))
        puts("Check complete, no warnings found.");
    if (r == 0 && builds(o))
        r = build_push(ctx, s, q, mode == BUILD_VIEW_QUIET, &why);
    if (r == 0 && builds(o))
        r = tell_result(o, q, mode, &result, &why);
    if (r < 0 && err)
        *err = why;
    build_result_release(&result);
    return r;
}

/* The file of an earlier build does not stand for one that failed. */
static int remove_old_id(const char *path, struct err *err)
{
    struct stat st;

    /* A device, a pipe or a link such as /dev/stdout is a way to the reader, not an ID of another build. */
    if (!path || (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)))
        return 0;
    return unlink(path) == 0 || errno == ENOENT ? 0 : err_errno(err, errno, "removing %s", path);
}

/* What makes no sense on the command line has Docker's exit code for that; a file or a network that is not there is a
 * failure like others. */
static int fail(int r, struct err *err)
{
    if (r != ERR_INVALID && r != ERR_UNSUPPORTED)
        return r;
    cbox_print_error(err);
    return 125;
}

static int run(struct cli_context *ctx, const void *opts, char **operands, struct err *err)
{
    const struct build_options *o = opts;
    _cleanup_strv_ char **build_args = read_build_args(o->build_args), **platforms = NULL;
    _cleanup_(store_free_cleanup) struct store *s = NULL;
    _cleanup_engine_options_ struct engine_options limits = {0};
    struct puller puller = {.ctx = ctx};
    _cleanup_build_request_ struct build_request q = {
        .limits = &limits.host, .pull_image = pull_image, .pull_data = &puller};
    enum build_view_mode mode = BUILD_VIEW_PLAIN;
    int r = read_limits(o, &limits.host, err);

    if (r == 0)
        r = build_platforms_parse(o->platforms, &platforms, err);
    if (r == 0)
        r = read_request(o, operands[0], build_args, platforms, &q, err);
    if (r == 0)
        r = read_view(o, &mode, err);
    if (r < 0)
        return fail(r, err);
    puller.quiet = mode == BUILD_VIEW_QUIET;
    r = store_open(ctx->root, ctx->state, &s, err);
    if (r < 0)
        return r;
    r = build_check_request(s, &q, err);
    if (r < 0)
        return fail(r, err);
    r = remove_old_id(o->iidfile, err);
    if (r == 0)
        r = build_it(ctx, o, &q, s, mode, err);
    if (r == ERR_NOT_FOUND && str_eq(operands[0], "prune"))
        err_hint(err, "what builds keep is removed by 'cbox builder prune'");
    return r;
}

static const struct cli_example examples[] = {
    {"An image of the Dockerfile here", "cbox build -t app ."},
    {"Another file, another stage, with an argument",
     "cbox build -f docker/Dockerfile --target test --build-arg V=2 ."},
    {"Why was this step done again?", "cbox build --explain -t app ."},
    {"Files of the last stage, without an image", "cbox build -o out ."},
    {NULL, NULL},
};

const struct cli_command cmd_build = {
    .summary = "Build an image from a Dockerfile",
    .description =
        "The context is a directory, the URL of an archive or a repository, or `-`: a tar or a Dockerfile on standard\n"
        "input. All of Docker's instructions are understood; stages that the result does not need are not built, and\n"
        "those that do not wait for each other are built at the same time.\n"
        "\n"
        "A step whose inputs did not change is not done again, whatever Dockerfile it stands in; --explain says which\n"
        "input differs. The same inputs give the same image on every machine: what a build writes is dated\n"
        "SOURCE_DATE_EPOCH, or when the base image was made, and RUN sees that variable.",
    .operands = "PATH|URL|-",
    .values = {CLI_VALUES_DIRECTORY},
    .defaults = &defaults,
    CLI_OPTIONS(struct build_options, options),
    .examples = examples,
    .run = run,
};
